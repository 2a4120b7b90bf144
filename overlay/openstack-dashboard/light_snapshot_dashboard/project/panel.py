"""The panel that the plugin's forms belong to."""

import horizon

from light_snapshot_dashboard.compat import gettext_lazy as _


class LightSnapshots(horizon.Panel):
    """Gives the forms their addresses.

    It has no page of its own yet, so it is not in the navigation.
    """

    name = _('Light Snapshots')
    slug = 'light_snapshots'
    permissions = ('openstack.services.compute',)
    nav = False
