"""The panel of the administrator."""

import horizon

from light_snapshot_dashboard.compat import gettext_lazy as _


class LightSnapshots(horizon.Panel):
    """Lists what uses light snapshots on every host and in every project."""

    name = _('Light Snapshots')
    slug = 'light_snapshots'
    permissions = ('openstack.services.compute',)
