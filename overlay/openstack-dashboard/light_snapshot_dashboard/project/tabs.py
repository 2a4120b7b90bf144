"""The tab on the instance page, and what of it is looked at again."""

from django import http
from django import shortcuts
from django.views import generic

from horizon import conf
from horizon import tabs
from horizon.utils.functions import get_page_size

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import api
from light_snapshot_dashboard import points
from light_snapshot_dashboard import rights
from light_snapshot_dashboard import tree
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import pager
from light_snapshot_dashboard.project import tables
from light_snapshot_dashboard.project import when
from light_snapshot_dashboard.project import who


class Usage(object):
    """What the history and the live layers take, and their shares of a bar."""

    def __init__(self, listing):
        self.kept, self.live = listing.kept_bytes, listing.live_bytes
        self.total = self.kept + self.live
        self.count = len(listing.points)
        self.kept_percent = 100 * self.kept // self.total if self.total else 0
        self.live_percent = 100 - self.kept_percent if self.total else 0


class LightSnapshotsTab(tabs.TableTab):
    """The restore points of the server, and what can be done with them."""

    name = _('Light Snapshots')
    slug = links.TAB
    table_classes = (tables.RestorePointsTable,)
    template_name = 'light_snapshot_dashboard/tab.html'
    preload = False

    def allowed(self, request):
        return rights.permitted(request, rights.LOOK,
                                self.tab_group.kwargs.get('instance'))

    def get_restore_points_data(self):
        """The rows; also fetches what the lines above the table say."""
        self.listing = points.Listing({})
        self.problem, self.page = None, tree.Page([], None, 1)
        try:
            self.listing = api.listing(self.request,
                                       self.tab_group.kwargs['instance'].id)
        except Exception as error:
            failures.log_in_again(self.request, error)
            self.problem = failures.sentence(
                _('The restore points could not be read.'), error)
        # Horizon's rows are what a long page costs.
        self.page = tree.Page(
            tree.ordered(self.listing.points),
            self.request.GET.get(links.PART), get_page_size(self.request))
        table, = self._tables.values()
        table.listing, table.page = self.listing, self.page
        when.tell(self.request, self.page.points)
        who.tell(self.request, self.page.points)
        for point in self.page.points:
            point.previewed = point.index == self.listing.preview
        return self.page.points

    def _pager(self, path):
        """What leads to the pages that are not shown."""
        page = self.page
        if page.count == 1:
            return None
        words = {'first': page.first, 'last': page.last, 'total': page.total}
        if page.whole:
            return pager.pager(
                gettext('All %(total)s restore points.') % words, None, 1, None,
                [(links.tab(path), gettext('Show in Pages'))])
        more = [(links.tab(path, tree.ALL), gettext('Show All'))]
        if page.number != page.stands:
            more.insert(0, (links.tab(path), gettext('You are here')))
        return pager.pager(
            gettext('Restore points %(first)s to %(last)s of %(total)s, in the '
                    'order of the tree.') % words,
            page.number, page.count,
            lambda number: links.tab(path, number), more)

    def get_context_data(self, request, **kwargs):
        context = super(LightSnapshotsTab, self).get_context_data(
            request, **kwargs)
        instance = self.tab_group.kwargs['instance']
        listing = self.listing
        context.update(status(request, instance, listing), **{
            'instance': instance,
            'server': rights.ServerState(instance),
            'listing': listing,
            'problem': self.problem,
            'usage': Usage(listing),
            'previewed': listing.by_index(listing.preview),
            'hindrance': rights.hindrance(request, instance),
            'here': links.tab(request.path, self.page.asked),
            'status_url': links.form('status', instance.id),
            'script_url': links.script(),
            'delete_url': links.form('delete_several', instance.id),
            'pager': self._pager(request.path),
            'interval': conf.HORIZON_CONFIG.get('ajax_poll_interval', 2500),
        })
        return context


def status(request, instance, listing):
    """What the lines about the task under way say."""
    state = rights.ServerState(instance)
    progress = listing.progress or {}
    return {
        'task': labels.task(state.task) if state.task else None,
        'busy': bool(state.task or progress),
        'progress': progress,
        'percent': progress.get('percent'),
    }


class StatusView(generic.View):
    """The lines about the task under way alone, for the script to show."""

    def get(self, request, *args, **kwargs):
        """The lines; any refusal is an empty answer with its code."""
        try:
            instance = dashboard_api.nova.server_get(request,
                                                     kwargs['instance_id'])
            listing = api.listing(request, instance.id)
        except Exception as error:
            failures.log_in_again(request, error)
            return http.HttpResponse(status=failures.code(error) or 502)
        return shortcuts.render(
            request, 'light_snapshot_dashboard/_status.html',
            dict(status(request, instance, listing), here=links.tab(
                links.instance(instance.id))))


class ScriptView(generic.View):
    """Our script.

    From here, and not among Horizon's scripts: those are packed together when
    Horizon is installed, and one more would stop it until that is done anew.
    """

    def get(self, request, *args, **kwargs):
        """The script, for the browser to keep for an hour."""
        answer = shortcuts.render(
            request, 'light_snapshot_dashboard/script.js',
            content_type='application/javascript')
        answer['Cache-Control'] = 'private, max-age=3600'
        return answer
