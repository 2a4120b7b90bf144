"""Actions on the rows of Horizon's instances tables, one and several."""

from django import shortcuts

from horizon import tables

from light_snapshot_dashboard import compat
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import links


class ServerLink(tables.LinkAction):
    """A link to one of our forms about the server of the row."""

    name = 'light_snapshot'
    verbose_name = _('Light Snapshots')
    classes = ('ajax-modal',)
    verb = None
    form = None

    def allowed(self, request, datum=None):
        return datum is not None and rights.offered(request, self.verb, datum)

    def get_link_url(self, datum=None):
        return links.form(self.form, datum.id,
                          back=self.table.get_absolute_url())


class _ServerAction(ServerLink):
    """Without a link, and with the reason, while something is in the way."""

    hindered = False

    def update(self, request, instance):
        why = rights.hindrance(request, instance)
        if why is None:
            return
        # Of this row alone: Horizon has made a copy.
        self.hindered = True
        self.verbose_name = compat.gettext('%(action)s (%(why)s)') % {
            'action': self.verbose_name, 'why': why}
        self.classes = ('disabled',)
        self.attrs.update({'aria-disabled': 'true', 'tabindex': '-1'})

    def get_link_url(self, datum=None):
        if self.hindered:
            return '#'
        return super(_ServerAction, self).get_link_url(datum)


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


class Check(ServerLink):
    """Look for what is wrong with the server's light snapshots."""

    name = 'check'
    verbose_name = _('Check')
    verb = rights.CHECK

    def get_link_url(self, datum=None):
        return links.batch('check', [datum.id],
                           self.table.get_absolute_url())


ROW_ACTIONS = (Enable, Take, Recover, Disable)


class _BatchAction(tables.Action):
    """Leads to the page that says what it does to each server that is ticked,
    and asks.

    So it is no action of Horizon's that asks by itself, nor in the colour of
    those.
    """

    name = 'light_snapshot_batch'
    verbose_name = _('Light Snapshots')
    verb = None
    form = None
    # The servers need not be read for this.
    preempt = True

    def allowed(self, request, datum=None):
        return any(rights.offered(request, self.verb, each)
                   for each in self.table.data or ())

    def handle(self, table, request, object_ids):
        """Sends the user to that page."""
        return shortcuts.redirect(links.batch(
            self.form, object_ids, table.get_absolute_url()))


class EnableSeveral(_BatchAction):
    """Enable light snapshots of several servers."""

    name = 'light_snapshot_batch_enable'
    verbose_name = verbose_name_plural = _('Enable Light Snapshots')
    icon = 'history'
    verb = rights.ENABLE
    form = 'enable'


class TakeSeveral(_BatchAction):
    """Take a light snapshot of several servers."""

    name = 'light_snapshot_batch_take'
    verbose_name = verbose_name_plural = _('Take Light Snapshots')
    icon = 'camera'
    verb = rights.TAKE
    form = 'take'


class RecoverSeveral(_BatchAction):
    """Go back to the last snapshot of several servers."""

    name = 'light_snapshot_batch_recover'
    verbose_name = verbose_name_plural = _('Recover from Light Snapshots')
    icon = 'undo'
    verb = rights.RECOVER
    form = 'recover'


class DisableSeveral(_BatchAction):
    """Disable light snapshots of several servers."""

    name = 'light_snapshot_batch_disable'
    verbose_name = verbose_name_plural = _('Disable Light Snapshots')
    icon = 'ban'
    verb = rights.DISABLE
    form = 'disable'


class CheckSeveral(_BatchAction):
    """Look for what is wrong with several servers."""

    name = 'light_snapshot_batch_check'
    verbose_name = verbose_name_plural = _('Check')
    icon = 'stethoscope'
    verb = rights.CHECK
    form = 'check'


BATCH_ACTIONS = (EnableSeveral, TakeSeveral, RecoverSeveral, DisableSeveral)
