"""The tab on the instance page."""

from horizon import tabs

from light_snapshot_dashboard import api
from light_snapshot_dashboard import points
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import tables
from light_snapshot_dashboard.project import when


class LightSnapshotsTab(tabs.TableTab):
    """The restore points of the server, and what can be done with them."""

    name = _('Light Snapshots')
    slug = links.TAB
    table_classes = (tables.RestorePointsTable,)
    template_name = 'light_snapshot_dashboard/tab.html'
    preload = False

    def get_restore_points_data(self):
        """The rows; also fetches what the lines above the table say."""
        self.listing = points.Listing({})
        self.problem = None
        try:
            self.listing = api.listing(self.request,
                                       self.tab_group.kwargs['instance'].id)
            when.tell(self.request, self.listing.points)
            table, = self._tables.values()
            table.committed = self.listing.committed
        except Exception as error:
            failures.log_in_again(self.request, error)
            self.problem = failures.sentence(
                _('The restore points could not be read.'), error)
        return self.listing.points

    def get_context_data(self, request, **kwargs):
        context = super(LightSnapshotsTab, self).get_context_data(
            request, **kwargs)
        instance = self.tab_group.kwargs['instance']
        server = rights.ServerState(instance)
        context.update({
            'instance': instance,
            'server': server,
            'task': labels.task(server.task) if server.task else None,
            'listing': self.listing,
            'problem': self.problem,
            'here': links.tab(request.path),
        })
        return context
