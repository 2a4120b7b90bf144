"""The table of restore points on the instance page."""

from django.template.defaultfilters import filesizeformat
from django.utils import html

from horizon import tables

from light_snapshot_dashboard import compat
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links


class _TableAction(tables.LinkAction):
    """A link to a form about the server whose page this is."""

    name = 'table_action'
    verbose_name = _('Light Snapshots')
    classes = ('ajax-modal',)
    verb = None
    form = None
    needs_layers = False

    def allowed(self, request, datum=None):
        return (rights.can(request, self.verb, self.table.instance) and
                not (self.needs_layers and self.table.committed))

    def get_link_url(self, datum=None):
        return links.form(self.form, self.table.instance.id,
                          index=None if datum is None else datum.index,
                          back=links.tab(self.table.get_absolute_url()))


class Take(_TableAction):
    """Take a light snapshot."""

    name = 'take'
    verbose_name = _('Take Light Snapshot')
    icon = 'camera'
    verb = rights.TAKE
    form = 'take'
    needs_layers = True


class Enable(_TableAction):
    """Enable light snapshots."""

    name = 'enable'
    verbose_name = _('Enable Light Snapshots')
    icon = 'history'
    verb = rights.ENABLE
    form = 'enable'


class Settings(_TableAction):
    """Switch keeping of layers and the daily snapshot on and off."""

    name = 'settings'
    verbose_name = _('Settings')
    icon = 'cog'
    verb = rights.STORE
    form = 'settings'

    def allowed(self, request, datum=None):
        instance = self.table.instance
        return (rights.can(request, rights.STORE, instance) or
                rights.can(request, rights.DAILY, instance))


class Disable(_TableAction):
    """Disable light snapshots."""

    name = 'disable'
    verbose_name = _('Disable Light Snapshots')
    icon = 'ban'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.DISABLE
    form = 'disable'


class Recover(_TableAction):
    """Go back to this restore point."""

    name = 'recover'
    verbose_name = _('Recover')
    icon = 'undo'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.RECOVER
    form = 'recover_to'
    needs_layers = True


class Rename(_TableAction):
    """Change the name and the description."""

    name = 'rename'
    verbose_name = _('Edit')
    icon = 'pencil'
    verb = rights.RENAME
    form = 'rename'

    def allowed(self, request, datum=None):
        # Touches no disk, so the server may be busy.
        return rights.permitted(request, self.verb, self.table.instance)


def _name(point):
    # One who takes no name still has to tell the rows apart: the number
    # stands in the next column.
    name = point.name or _('(no name)')
    if not point.current:
        return name
    return html.format_html(
        u'{} <span class="label label-info light-snapshot-here">{}</span>',
        name, _('You are here'))


def _index(point):
    return u'#%s' % point.index


def _parent(point):
    return None if point.parent is None else u'#%s' % point.parent


class Column(tables.Column):
    """A column whose header is in the language of each reader.

    Horizon's own has it in the language of the moment at which the table was
    defined.
    """

    def __init__(self, transform, verbose_name=None, **kwargs):
        super(Column, self).__init__(transform, verbose_name, **kwargs)
        self.header = verbose_name

    def __str__(self):
        return str(self.header)

    def __unicode__(self):
        return compat.text_type(self.header)


class RestorePointsTable(tables.DataTable):
    """The restore points of one server, oldest first."""

    # Whether all layers are in the root disk; the tab knows.
    committed = False

    name = Column(_name, verbose_name=_('Name'))
    index = Column(_index, verbose_name=_('Index'))
    state = Column('state', verbose_name=_('State'),
                   display_choices=labels.STATES)
    parent = Column(_parent, verbose_name=_('Parent'))
    created = Column('taken', verbose_name=_('Created At'))
    size = Column('size', verbose_name=_('Size'),
                  filters=(filesizeformat,),
                  attrs={'data-type': 'size'})
    consistency = Column('consistency', verbose_name=_('Consistency'),
                         display_choices=labels.CONSISTENCIES)
    description = Column('description', verbose_name=_('Description'))

    class Meta(object):
        name = 'restore_points'
        verbose_name = _('Restore Points')
        column_class = Column
        no_data_message = _('There is no restore point yet.')
        multi_select = False
        table_actions = (Take, Enable, Settings, Disable)
        row_actions = (Recover, Rename)

    @property
    def instance(self):
        """The server whose page this is."""
        return self.kwargs['instance']

    def get_object_display(self, datum):
        return labels.point(datum)
