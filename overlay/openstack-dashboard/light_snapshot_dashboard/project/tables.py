"""The table of restore points on the instance page."""

from django.template.defaultfilters import filesizeformat
from django.utils import html
from django.utils import safestring

from horizon import tables

from light_snapshot_dashboard import compat
from light_snapshot_dashboard import points
from light_snapshot_dashboard import rights
from light_snapshot_dashboard import tree
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import columns
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import rows


class _TableAction(tables.LinkAction):
    """A link to a form about the server whose page this is."""

    name = 'table_action'
    verbose_name = _('Light Snapshots')
    classes = ('ajax-modal',)
    verb = None
    form = None
    needs_layers = False
    # A preview stands in the way of everything but its two ends.
    ends_preview = False

    def allowed(self, request, datum=None):
        listing = self.table.listing
        return (rights.can(request, self.verb, self.table.instance) and
                self.fits(listing))

    def fits(self, listing):
        """True if this is possible as the layers are."""
        return ((listing.preview is not None) == self.ends_preview and
                not (self.needs_layers and listing.committed))

    def get_link_url(self, datum=None):
        return links.form(self.form, self.table.instance.id,
                          index=None if datum is None else datum.index,
                          back=self.table.here)


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
    form = 'settings'

    def allowed(self, request, datum=None):
        instance = self.table.instance
        return self.fits(self.table.listing) and any(
            rights.can(request, verb, instance)
            for verb in (rights.STORE, rights.DAILY))


class Limits(_TableAction):
    """How many kept restore points there are, and for how long."""

    name = 'limits'
    verbose_name = _('Limits')
    icon = 'hourglass-half'
    verb = rights.RETAIN
    form = 'limits'


class Check(_TableAction):
    """Look for what is wrong with the layers."""

    name = 'check'
    verbose_name = _('Check')
    icon = 'stethoscope'
    verb = rights.CHECK

    def allowed(self, request, datum=None):
        # A look: the server may be busy.
        return (rights.offered(request, self.verb, self.table.instance) and
                self.fits(self.table.listing))

    def get_link_url(self, datum=None):
        return links.batch('check', [self.table.instance.id],
                           self.table.here)


class Commit(_TableAction):
    """Commit all layers to the root disk."""

    name = 'commit'
    verbose_name = _('Commit Layers')
    icon = 'compress'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.COMMIT
    form = 'commit'
    needs_layers = True


class Disable(_TableAction):
    """Disable light snapshots."""

    name = 'disable'
    verbose_name = _('Disable Light Snapshots')
    icon = 'ban'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.DISABLE
    form = 'disable'


class Keep(_TableAction):
    """Stay on what is previewed."""

    name = 'keep'
    verbose_name = _('Keep Preview')
    icon = 'check'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.KEEP
    form = 'keep'
    ends_preview = True


class Undo(_TableAction):
    """Go back to what was before the preview."""

    name = 'undo'
    verbose_name = _('Undo Preview')
    icon = 'undo'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.UNDO
    form = 'undo'
    ends_preview = True


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


class Preview(_TableAction):
    """Have the server run on this restore point, to look at it."""

    name = 'preview'
    verbose_name = _('Preview')
    icon = 'eye'
    verb = rights.PREVIEW
    form = 'preview'
    needs_layers = True


class Rename(_TableAction):
    """Change the name and the description."""

    name = 'rename'
    verbose_name = _('Edit')
    icon = 'pencil'
    verb = rights.RENAME
    form = 'rename'

    def allowed(self, request, datum=None):
        # Touches no disk, so the server may be neither active nor shut off.
        instance = self.table.instance
        return (rights.offered(request, self.verb, instance) and
                rights.occupied(request, instance) is None and
                self.fits(self.table.listing))


class Delete(_TableAction):
    """Delete this restore point."""

    name = 'delete'
    verbose_name = _('Delete')
    icon = 'trash'
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.DELETE
    form = 'delete'


class DeleteSeveral(tables.Action):
    """Sends the rows that are ticked to the form that deletes them.

    The button of a form around the table (see the template), which asks for a
    page and changes nothing: the instance page takes no actions of tables in
    tabs.
    """

    name = 'delete_several'
    verbose_name = _('Delete Restore Points')
    verbose_name_plural = verbose_name
    icon = 'trash'

    # Not in the colour of danger: Horizon would ask before the page that asks.

    def allowed(self, request, datum=None):
        return self.table.has_choice()

    def handle(self, table, request, object_ids):
        """Never asked: the button belongs to a form of its own."""


def name_of(point):
    """The name, its place in the tree, and what kind it is."""
    # One who takes no name still has to tell the rows apart: the number
    # stands in the next column, which small screens have no room for.
    said = [html.format_html(
        u'<span class="light-snapshot-tree text-muted" aria-hidden="true" '
        u'style="font-family: monospace; white-space: pre">{}</span>',
        point.branch)] if point.branch else []
    said.append(html.format_html(
        u'<span class="visible-xs-inline">#{}&#32;</span>', point.index))
    return safestring.mark_safe(u''.join(said) + named(point))


def named(point):
    """The name, and what kind it is."""
    return html.format_html(
        u'<span class="light-snapshot-name">{}</span>',
        point.name or _('(no name)')) + safestring.mark_safe(u''.join(
            labels.BLANK + each for each in _badges(point)))


def _badges(point):
    if point.previewed:
        yield labels.badge('warning', 'previewed', _('Previewed'))
    elif point.current:
        yield labels.badge('info', 'here', _('You are here'))
    if point.safety:
        yield labels.badge('default', 'safety', _('Safety'),
                           _('What the disks held before a recovery.'))
    if point.daily:
        yield labels.badge('default', 'daily', _('Daily'), point.daily)


def index_of(point):
    """The number as it is read."""
    return u'#%s' % point.index


def _parent(point):
    return None if point.parent is None else u'#%s' % point.parent


def _consistency(point):
    words = dict(labels.CONSISTENCIES).get(point.consistency)
    if words is None:
        return point.consistency
    return labels.badge(
        'default' if point.consistency == 'crash-consistent' else 'success',
        'consistency', words, labels.CONSISTENCY_MEANS[point.consistency])


def frees_of(point):
    """What its deletion gives back, in words."""
    return labels.amount(point.frees)


class Cell(rows.Cell):
    """A cell whose box to tick has a name that can be read out."""

    def get_data(self, datum, column, row):
        if (column.auto != 'multi_select' or datum is rows.STAND_IN or
                not row.can_be_selected(datum)):
            return super(Cell, self).get_data(datum, column, row)
        table = row.table
        data = table.render_choice(datum)
        table._data_cache[column][table.get_object_id(datum)] = data
        return data


class ChoiceTable(tables.DataTable):
    """A table whose rows can be ticked, which Horizon allows where one of its
    own actions for several rows is there."""

    def has_choice(self):
        """True if there is something to tick rows for."""
        return bool(self.get_table_actions())

    def set_multiselect_column_visibility(self, visible=True):
        """Horizon goes by its own actions."""
        super(ChoiceTable, self).set_multiselect_column_visibility(
            self.has_choice())

    def render_row_actions(self, datum, *args, **kwargs):
        """Horizon's, whose arrow that opens a row's menu has no name."""
        drawn = super(ChoiceTable, self).render_row_actions(
            datum, *args, **kwargs)
        return safestring.mark_safe(drawn.replace(
            u'dropdown-toggle"', html.format_html(
                u'dropdown-toggle" role="button" aria-label="{}"',
                compat.gettext('More Actions'))))

    def render_choice(self, datum):
        """The box that ticks a row."""
        return html.format_html(
            u'<div class="themable-checkbox"><input type="checkbox" '
            u'name="object_ids" value="{0}" class="table-row-multi-select" '
            u'id="light_snapshot_choose_{0}" aria-label="{1}">'
            u'<label for="light_snapshot_choose_{0}"></label></div>',
            self.get_object_id(datum),
            compat.gettext('Choose %s') % self.get_object_display(datum))


class RestorePointsTable(ChoiceTable, rows.QuickTable):
    """The restore points of one server."""

    # What the API tells; the tab has it before the table is drawn.
    listing = points.Listing({})
    page = tree.Page([], None, 1)

    name = columns.Column(name_of, verbose_name=_('Name'))
    index = columns.Column(index_of, verbose_name=_('Index'),
                           classes=('hidden-xs',))
    state = columns.Column('state', verbose_name=_('State'),
                           classes=('hidden-xs',),
                           display_choices=labels.STATES)
    parent = columns.Column(_parent, verbose_name=_('Parent'),
                            classes=('hidden-xs', 'hidden-sm'))
    created = columns.Column('taken', verbose_name=_('Created At'))
    size = columns.Column('size', verbose_name=_('Size'),
                          classes=('hidden-xs',), filters=(filesizeformat,),
                          attrs={'data-type': 'size'})
    frees = columns.Column(frees_of, verbose_name=_('Deletion Frees'),
                           classes=('hidden-xs', 'hidden-sm'),
                           empty_value=_('not known'),
                           attrs={'data-type': 'size'})
    consistency = columns.Column(_consistency, verbose_name=_('Consistency'),
                                 classes=('hidden-xs',))
    taker = columns.Column('taker', verbose_name=_('Taken By'),
                           classes=('hidden-xs', 'hidden-sm'))
    description = columns.Column('description',
                                 verbose_name=_('Description'),
                                 classes=('hidden-xs', 'hidden-sm'))

    class Meta(object):
        name = 'restore_points'
        verbose_name = _('Restore Points')
        column_class = columns.Column
        cell_class = Cell
        no_data_message = _('There is no restore point yet.')
        multi_select = True
        table_actions = (Keep, Undo, Take, Enable, Settings, Limits,
                         DeleteSeveral)
        table_actions_menu = (Check, Commit, Disable)
        row_actions = (Recover, Preview, Rename, Delete)

    # The template puts a form around the table that asks for a page.
    needs_form_wrapper = False

    @property
    def instance(self):
        """The server whose page this is."""
        return self.kwargs['instance']

    @property
    def here(self):
        """The address of this page of the table."""
        return links.tab(self.get_absolute_url(), self.page.asked)

    def render_row_actions(self, datum, *args, **kwargs):
        """Horizon's; of the row that stands for all those of a number of
        which nothing else is: what is offered depends on the server alone."""
        draw = super(RestorePointsTable, self).render_row_actions
        if datum is not rows.STAND_IN:
            return draw(datum, *args, **kwargs)
        number = 987654321
        while str(number) in self.request.get_full_path():
            number += 1
        return safestring.mark_safe(
            draw(points.RestorePoint({'index': number}), *args, **kwargs)
            .replace(str(number), datum.id))

    def has_choice(self):
        """True if there is something to tick rows for."""
        return (bool(self.data) and self.listing.preview is None and
                rights.can(self.request, rights.DELETE, self.instance))

    def get_object_display(self, datum):
        return datum.display if datum is rows.STAND_IN else labels.point(datum)
