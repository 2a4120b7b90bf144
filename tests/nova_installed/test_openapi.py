"""Generated requests to our API in nova's own router: no answer that docs/openapi.yaml does not tell of. See test_api.py."""

import os
import sys

import webob

from light_snapshot.nova import everywhere
from light_snapshot.nova import hosts
from light_snapshot.nova import places
from light_snapshot.nova import summary
from light_snapshot.nova import views

from api_case import FOREIGN, PROJECT, UUID, ApiCase

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'openapi'))
import contract  # noqa: E402

COUNT = 150     # of each operation
POINT = {'index': 3, 'parent': 2, 'name': 'n', 'description': '', 'created_at': '2026-01-02T03:04:05Z', 'state': 'last', 'size': 1,
         'current': True, 'kept': False, 'consistency': 'stopped', 'frees': None, 'safety': False, 'daily': None, 'children': 0}
PLACES = {'server_id': [UUID] * 12 + [FOREIGN, UUID[:-1] + '9', u'x', u'\u00e9', u'x' * 300, u'1', u' ', u"'"],
          'index': ['3'] * 6 + [u'0', u'4', u'99999999999', u'-1', u'x', u'\u00b3', u'\u0663', u'3.0', u' 3', u'null']}


class ContractTest(ApiCase):
    def setUp(self):
        super(ContractTest, self).setUp()
        self.api = contract.Contract()
        self.host.answer = {'index': 3, 'findings': []}
        self.host.more = {'points': [dict(POINT, index=index, parent=index - 1 if index else None) for index in range(5)]}
        self.columns.update((name, bool(self.columns[name])) for name in summary.COLUMNS)      # as they are read
        self.page = [dict(self.columns, id=UUID, name='n', project_id=PROJECT, host='h', **self.counters)]
        self.replace(everywhere.EverywhereController, 'take', lambda *_args: {
            'request_id': 'req-1', 'cells_left_out': [],
            'servers': [{'id': UUID, 'name': 'n', 'host': 'h', 'status': 'host_down', 'reason': 'The compute host h is down.'}]})
        self.replace(hosts.HostsController, 'told', lambda *_args: {
            'api': {'version': '1.0', 'on_disk': None, 'problems': []}, 'cells_left_out': [],
            'hosts': [{'host': 'h', 'status': 'answered', 'reason': None, 'version': '1.0', 'on_disk': '1.0', 'problems': ['p']}]})
        self.replace(summary, 'page', lambda _context, limit, *_args: ((self.page * 9)[:limit], True))

    def faults(self, request):
        """What is wrong with the answer to a request; ApiCase stands for everything behind nova-api."""
        made = webob.Request.blank('/v2.1/%s%s%s' % (PROJECT, request.path, '?' + request.query if request.query else ''),
                                   method=request.method)
        if request.body is not None:
            made.body, made.content_type = request.body, 'application/json'
        answer = made.get_response(self.app)
        return answer.status_int, self.api.faults(request, answer.status_int, answer.body.decode('utf-8'))

    def run_all(self, seed):
        statuses, faults = set(), []
        for request in self.api.requests(seed, COUNT, **PLACES):
            status, found = self.faults(request)
            statuses.add((request.operation['operationId'], status))
            faults += ['%s: %d, %s' % (request[1:], status, fault) for fault in found]
        self.assertEqual([], faults[:9])
        return statuses

    def test_an_owner(self):
        seen = self.run_all('owner')
        # What no request was generated for was not tried.
        for method, _path, operation in self.api.operations:
            name = operation['operationId']
            good = [403] if name in ('snapshotAll', 'hosts') else [200, 202]      # which is no owner's
            self.assertTrue(set(good) & set(status for one, status in seen if one == name), name)
        for name, status in (('takePoint', 400), ('takePoint', 403), ('takePoint', 404), ('listPoints', 400), ('act', 200),
                             ('act', 400), ('updatePoint', 404), ('deletePoint', 404), ('summary', 400), ('summary', 403)):
            self.assertIn((name, status), seen)

    def test_an_administrator(self):
        self.as_admin()
        seen = self.run_all('administrator')
        for name, status in (('summary', 200), ('hosts', 200), ('snapshotAll', 202), ('snapshotAll', 400)):
            self.assertIn((name, status), seen)

    def test_a_server_that_is_busy_and_a_host_that_refuses(self):
        self.task_state = 'light_snapshot_creating'
        self.assertIn(('takePoint', 409), self.run_all('busy'))
        self.task_state, self.host.answer = None, {'code': 404, 'message': 'There is no restore point 9'}
        self.assertIn(('act', 404), self.run_all('refused'))

    def test_a_host_that_fails_is_told_as_documented(self):
        self.host.answer = {'code': 500, 'message': 'KeyError: a secret'}
        (operation,) = [one for _method, path, one in self.api.operations if path.endswith('/action')]
        request = contract.Request(operation, 'POST', '/servers/%s/action' % UUID, '', b'{"commitSnapshot": null}', True)
        status, faults = self.faults(request)
        self.assertEqual((500, ['the status 500, for a request']), (status, faults))
        code, body = self.act({'commitSnapshot': None})
        schema = self.api.schema(self.api.resolve(operation['responses']['500'])['content']['application/json']['schema'])
        self.assertEqual((500, []), (code, list(contract.jsonschema.Draft4Validator(schema).iter_errors(body))))

    def test_what_is_added_to_servers_is_documented(self):
        written = self.api.schema({'$ref': '#/components/schemas/ServerAdditions'})
        self.assertEqual(views.SCHEMAS, written['properties'])
        self.assertEqual(sorted(views.SCHEMAS), sorted(written['required']))
        self.assertTrue(places.find('server_views'))
