"""GET /os-light-snapshots: the servers of a project, or of all, that use light snapshots, from the database alone."""

from __future__ import absolute_import

from nova.api.openstack import common
from nova.api.openstack import wsgi

from light_snapshot.nova import links
from light_snapshot.nova import pages
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import queries
from light_snapshot.nova import quota
from light_snapshot.nova import schemas
from light_snapshot.nova import summary

expected_errors = places.find('expected_errors')

#: What only who may see all projects can ask for.
_OF_ALL = ('host', 'project_id')


class SummaryController(wsgi.Controller):
    """/os-light-snapshots"""

    def __init__(self):
        super(SummaryController, self).__init__()
        self._links = links.Links()

    @expected_errors((400, 403))
    @queries.checked(schemas.SUMMARY_QUERY)
    def index(self, req):
        context = req.environ['nova.context']
        query = dict((name, said[-1]) for name, said in req.GET.dict_of_lists().items())
        everyone = query.get('all_projects') in pages.TRUE or any(name in query for name in _OF_ALL)
        policy.authorize_project(context, 'summary_all' if everyone else 'summary')
        project = query.get('project_id') if everyone else context.project_id
        limit = common.get_limit_and_marker(req)[0]
        # One more than are shown tells whether there are more.
        found, complete = summary.page(context, limit + 1, query.get('marker'), project, query.get('host'))
        shown = found[:limit]
        body = {'servers': [self._server(req, server, everyone) for server in shown], 'complete': complete,
                'quota': quota.of_project(context, project) if project is not None else None}
        if 0 < limit < len(found):
            body['servers_links'] = self._links.following(req, '', 'os-light-snapshots', shown[-1]['id'])
        return body

    def _server(self, req, server, everyone):
        body = dict((name, server[name]) for name in ('id', 'name', 'project_id', 'count', 'last_at', 'kept_bytes'))
        body.update(store=server['snapshot_store'], daily=server['snapshot_daily'], committed=server['snapshot_committed'],
                    links=self._links.server(req, server['id']))
        if everyone:
            body['host'] = server['host']
        return body
