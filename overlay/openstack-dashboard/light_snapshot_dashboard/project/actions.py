"""Actions on the rows of Horizon's instances tables."""

from horizon import tables

from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import links


class _ServerAction(tables.LinkAction):
    """A link to one of our forms, shown while it can be of use."""

    name = 'light_snapshot'
    verbose_name = _('Light Snapshots')
    classes = ('ajax-modal',)
    verb = None
    form = None

    def allowed(self, request, instance=None):
        return instance is not None and rights.can(request, self.verb,
                                                   instance)

    def get_link_url(self, datum=None):
        return links.form(self.form, datum.id,
                          back=self.table.get_absolute_url())


class Enable(_ServerAction):
    """Enable light snapshots."""

    name = 'light_snapshot_enable'
    verbose_name = _('Enable Light Snapshots')
    icon = 'history'
    verb = rights.ENABLE
    form = 'enable'


class Take(_ServerAction):
    """Take a light snapshot."""

    name = 'light_snapshot_take'
    verbose_name = _('Take Light Snapshot')
    icon = 'camera'
    verb = rights.TAKE
    form = 'take'


class Recover(_ServerAction):
    """Go back to a restore point."""

    name = 'light_snapshot_recover'
    verbose_name = _('Recover from Light Snapshot')
    icon = 'undo'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.RECOVER
    form = 'recover'


class Disable(_ServerAction):
    """Disable light snapshots."""

    name = 'light_snapshot_disable'
    verbose_name = _('Disable Light Snapshots')
    icon = 'ban'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.DISABLE
    form = 'disable'


ROW_ACTIONS = (Enable, Take, Recover, Disable)
