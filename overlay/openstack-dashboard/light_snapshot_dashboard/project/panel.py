"""The panel of the project."""

import horizon

from light_snapshot_dashboard.compat import gettext_lazy as _


class LightSnapshots(horizon.Panel):
    """Lists what uses light snapshots; gives our dialogs their addresses."""

    name = _('Light Snapshots')
    slug = 'light_snapshots'
    permissions = ('openstack.services.compute',)
