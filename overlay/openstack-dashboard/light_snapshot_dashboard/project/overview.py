"""The panel: the servers of the project that use light snapshots."""

from horizon import tables

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat
from light_snapshot_dashboard import overview
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import actions
from light_snapshot_dashboard.project import columns
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import tables as project_tables
from light_snapshot_dashboard.project import when


# A server's state is not known here: the API refuses in words what it forbids.
class Take(actions.ServerLink):
    """Take a light snapshot."""

    name = 'take'
    verbose_name = _('Take Light Snapshot')
    verb = rights.TAKE
    form = 'take'


class Recover(actions.ServerLink):
    """Go back to a restore point."""

    name = 'recover'
    verbose_name = _('Recover from Light Snapshot')
    classes = ('ajax-modal', 'btn-danger')
    action_type = 'danger'
    verb = rights.RECOVER
    form = 'recover'


class Filter(tables.FilterAction):
    """Finds servers by what stands in their rows, in the browser."""

    name = 'filter'

    def filter(self, table, data, filter_string):
        """Without a script: by the name."""
        wanted = filter_string.lower()
        return [each for each in data if wanted in each.name.lower()]


def _tab(owner):
    return links.tab(links.instance(owner.id))


def flags_of(owner):
    """How light snapshots are on for this server."""
    return columns.flags(owner.store, owner.daily)


def kept_of(owner):
    """What its history takes, in words."""
    return labels.amount(owner.kept_bytes)


class OwnersTable(project_tables.ChoiceTable):
    """The servers that use light snapshots."""

    name = columns.Column('name', verbose_name=_('Instance Name'), link=_tab)
    state = columns.Column(flags_of, verbose_name=_('Light Snapshots'),
                           classes=('hidden-xs',))
    count = columns.Column('count', verbose_name=_('Restore Points'),
                           empty_value=_('not known'))
    last = columns.Column('taken', verbose_name=_('Last Taken'),
                          classes=('hidden-xs',))
    kept = columns.Column(kept_of, verbose_name=_('Size of History'),
                          classes=('hidden-xs',),
                          empty_value=_('not known'),
                          attrs={'data-type': 'size'})

    class Meta(object):
        name = 'light_snapshots'
        verbose_name = _('Light Snapshots')
        column_class = columns.Column
        cell_class = project_tables.Cell
        multi_select = True
        no_data_message = _('No instance uses light snapshots.')
        table_actions = (Filter,)
        table_actions_menu = (actions.TakeSeveral, actions.RecoverSeveral,
                              actions.CheckSeveral, actions.DisableSeveral)
        row_actions = (Take, Recover, actions.Check)

    def has_choice(self):
        return any(action.name != Filter.name
                   for action in self.get_table_actions())


class Page(object):
    """One of the pages of a panel, which are shown as tabs."""

    def __init__(self, name, url, active):
        self.name, self.url, self.active = name, url, active


def pages(request, active):
    """The pages of the project's panel, by the names of their addresses."""
    found = [('index', _('Instances'))]
    if rights.permitted(request, rights.LOOK, request.user):
        found.append(('points', _('Restore Points')))
    return [Page(words, compat.reverse(
        'horizon:project:light_snapshots:' + name), name == active)
        for name, words in found]


def read(request, all_projects=False):
    """(the servers as an overview.Overview, what went wrong in words or
    None)"""
    try:
        return api.overview(request, all_projects), None
    except Exception as error:
        failures.log_in_again(request, error)
        if failures.code(error) == 404:
            problem = gettext(
                'This cloud\'s compute API has no list of all light '
                'snapshots. Each instance has a tab with its own.')
        else:
            problem = failures.sentence(
                _('The light snapshots could not be read.'), error)
    return overview.Overview(), problem


def usage(found):
    """What the lines about the quota say."""
    return {'overview': found,
            'kept_used': labels.amount(found.kept_used),
            'kept_limit': labels.amount(found.kept_limit)}


class IndexView(tables.DataTableView):
    """The panel's page."""

    table_class = OwnersTable
    template_name = 'light_snapshot_dashboard/overview.html'
    page_title = _('Light Snapshots')
    all_projects = False

    def get_data(self):
        """The rows; what the API does not have or refuses is told in words."""
        self.overview, self.problem = read(self.request, self.all_projects)
        when.tell(self.request, self.overview.servers)
        return self.overview.servers

    def get_pages(self):
        """The pages of the panel."""
        return pages(self.request, 'index')

    def get_context_data(self, **kwargs):
        context = super(IndexView, self).get_context_data(**kwargs)
        context.update(usage(self.overview), **{
            'problem': self.problem,
            'pages': self.get_pages(),
        })
        return context
