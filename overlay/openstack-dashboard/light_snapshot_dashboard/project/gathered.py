"""The page with the restore points of all servers of the project."""

from django import shortcuts
from django.template.defaultfilters import filesizeformat
from django.utils import html
from django.utils import safestring

from horizon import messages
from horizon import tables

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat
from light_snapshot_dashboard import gathering
from light_snapshot_dashboard import overview
from light_snapshot_dashboard import points
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import actions
from light_snapshot_dashboard.project import chart
from light_snapshot_dashboard.project import columns
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import overview as project_overview
from light_snapshot_dashboard.project import pager
from light_snapshot_dashboard.project import tables as project_tables
from light_snapshot_dashboard.project import when
from light_snapshot_dashboard.project import who

_KINDS = ((gathering.ALL, _('All kinds')),) + labels.STATES + (
    (points.DAILY, _('Daily')), (gathering.SAFETY, _('Safety')),
) + labels.CONSISTENCIES


# A server's state is not known here: the API refuses in words what it forbids.
class _PointLink(actions.ServerLink):
    """A link to a form about the restore point of the row."""

    def allowed(self, request, datum=None):
        return datum is not None and rights.offered(request, self.verb,
                                                    datum.owner)

    def get_link_url(self, datum=None):
        return links.form(self.form, datum.owner.id, index=datum.index,
                          back=self.table.request.get_full_path())


class Recover(_PointLink):
    """Go back to this restore point."""

    name = 'recover'
    verbose_name = _('Recover')
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.RECOVER
    form = 'recover_to'


class Preview(_PointLink):
    """Have the server run on this restore point, to look at it."""

    name = 'preview'
    verbose_name = _('Preview')
    verb = rights.PREVIEW
    form = 'preview'


class Rename(_PointLink):
    """Change the name and the description."""

    name = 'rename'
    verbose_name = _('Edit')
    verb = rights.RENAME
    form = 'rename'


class Delete(_PointLink):
    """Delete this restore point."""

    name = 'delete'
    verbose_name = _('Delete')
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.DELETE
    form = 'delete'


class DeleteSeveral(tables.Action):
    """Leads to the page that says what the deletion of those that are ticked
    loses, and asks."""

    name = 'delete_several'
    verbose_name = verbose_name_plural = _('Delete Restore Points')
    icon = 'trash'
    # They need not be read for this.
    preempt = True

    def allowed(self, request, datum=None):
        return any(rights.offered(request, rights.DELETE, each.owner)
                   for each in self.table.data or ())

    def handle(self, table, request, object_ids):
        """Sends the user to that page."""
        ticked = [each.partition('_') for each in object_ids]
        return shortcuts.redirect(links.points_deletion(
            gathering.told((server_id, index)
                           for index, _mark, server_id in ticked),
            request.get_full_path()))


def _name(point):
    # Small screens have no room for columns of these two. Behind the name,
    # which the rows are sorted by.
    return safestring.mark_safe(
        project_tables.named(point) + html.format_html(
            u'<span class="visible-xs light-snapshot-of">#{}, {}</span>',
            point.index, point.owner.name))


def _server(point):
    return point.owner.name


def _tab(point):
    return links.tab(links.instance(point.owner.id))


class GatheredTable(project_tables.ChoiceTable):
    """The restore points of several servers."""

    name = columns.Column(_name, verbose_name=_('Name'))
    server = columns.Column(_server, verbose_name=_('Instance Name'),
                            link=_tab, classes=('hidden-xs',))
    index = columns.Column(project_tables.index_of, verbose_name=_('Index'),
                           classes=('hidden-xs',))
    state = columns.Column('state', verbose_name=_('State'),
                           classes=('hidden-xs', 'hidden-sm'),
                           display_choices=labels.STATES)
    created = columns.Column('taken', verbose_name=_('Created At'))
    taker = columns.Column('taker', verbose_name=_('Taken By'),
                           classes=('hidden-xs', 'hidden-sm'))
    size = columns.Column('size', verbose_name=_('Size'),
                          classes=('hidden-xs',), filters=(filesizeformat,),
                          attrs={'data-type': 'size'})
    frees = columns.Column(project_tables.frees_of,
                           verbose_name=_('Deletion Frees'),
                           classes=('hidden-xs', 'hidden-sm'),
                           empty_value=_('not known'),
                           attrs={'data-type': 'size'})

    class Meta(object):
        name = 'all_restore_points'
        verbose_name = _('Restore Points')
        column_class = columns.Column
        cell_class = project_tables.Cell
        multi_select = True
        no_data_message = _('There is no such restore point.')
        table_actions = (DeleteSeveral,)
        row_actions = (Recover, Preview, Rename, Delete)

    # The actions of a row that stands for all; what is in its place.
    _drawn = None
    _any_server = 'any-light-snapshot-server'
    _any_index = 987654321

    def render_row_actions(self, datum, *args, **kwargs):
        """Horizon's, drawn once: all servers are of one project, so rows
        differ in two words alone. This is most of a long table's cost."""
        here = self.request.get_full_path()
        while str(self._any_index) in here or self._any_server in here:
            self._any_index += 1
            self._any_server += '-'
        if self._drawn is None:
            some = points.RestorePoint({'index': self._any_index})
            some.owner = overview.Owner({
                'id': self._any_server, 'project_id': datum.owner.tenant_id})
            some.id = row_id(some)
            self._drawn = super(GatheredTable, self).render_row_actions(
                some, *args, **kwargs)
        return safestring.mark_safe(
            self._drawn.replace(str(self._any_index), str(datum.index))
            .replace(self._any_server, datum.owner.id))

    def has_choice(self):
        return bool(self.data) and bool(self.get_table_actions())

    def get_object_display(self, datum):
        return u'%s, %s' % (labels.point(datum), datum.owner.name)


def row_id(point):
    """What a row is called in a page: an index and a server's id."""
    return '%s_%s' % (point.index, point.owner.id)


class GatheredView(tables.DataTableView):
    """The page."""

    table_class = GatheredTable
    template_name = 'light_snapshot_dashboard/points.html'
    page_title = _('Light Snapshots')

    def get_data(self):
        """The rows, the newest first: the list of servers, and one request
        for each of the servers on the page."""
        self.wanted = gathering.Wanted(self.request.GET)
        self.pages, self.found, self.servers = 1, [], []
        self.overview, self.problem = project_overview.read(self.request)
        if self.problem:
            return []
        self.servers, self.pages = self.wanted.servers(self.overview.servers)
        silent = []
        for owner in self.servers:
            try:
                self.found.extend(self._of(owner))
            except Exception as error:
                failures.log_in_again(self.request, error)
                silent.append(gettext('"%(name)s" (%(why)s)') % {
                    'name': owner.name, 'why': api.words(error).rstrip('.')})
        if silent:
            messages.warning(self.request, gettext(
                'The restore points of %s could not be read.')
                % u', '.join(silent))
        when.tell(self.request, self.found)
        who.tell(self.request, self.found)
        return sorted(self.wanted.points(self.found),
                      key=lambda each: (each.created_at or '', each.index),
                      reverse=True)

    def _of(self, owner):
        listing = api.listing(self.request, owner.id)
        for point in listing.points:
            point.owner = owner
            point.id = row_id(point)
            point.previewed = point.index == listing.preview
        return listing.points

    def _address(self, page):
        query = compat.urlencode(self.wanted.query(page))
        return self.request.path + ('?' + query if query else '')

    def _pager(self):
        if self.pages == 1:
            return None
        here = self.wanted.page
        return pager.pager(
            gettext('Page %(page_number)s of %(page_count)s: the restore '
                    'points of %(servers_shown)s instances, by the '
                    "instances' names.") % {
                        'page_number': here, 'page_count': self.pages,
                        'servers_shown': len(self.servers)},
            here, self.pages, self._address)

    def get_context_data(self, **kwargs):
        context = super(GatheredView, self).get_context_data(**kwargs)
        context.update(project_overview.usage(self.overview), **{
            'problem': self.problem,
            'pages': project_overview.pages(self.request, 'points'),
            'wanted': self.wanted,
            'kinds': _KINDS,
            'chart': chart.of(self.request, self.found),
            'pager': self._pager(),
            'all': self.request.path,
        })
        return context
