"""snapshotAll in nova's own router: see test_api.py. What is said of each server: tests/nova/test_everywhere.py."""

import json

import webob

import nova.context
from nova import objects
from nova.tests.unit.api.openstack import fakes

from light_snapshot.nova import places
from light_snapshot.nova import state

from api_case import PROJECT, UUID, ApiCase

SERVER = {'id': UUID, 'name': 'web', 'host': 'h', 'vm_state': 'active'}


class EverywhereTest(ApiCase):
    def setUp(self):
        super(EverywhereTest, self).setUp()
        self.host.snapshot_all = self._snapshot_all
        self.looked = []
        self.replace(places, 'in_each_cell', lambda context, function: ([function(context)], []))
        self.replace(state, 'enabled', lambda _context, daily: self.looked.append(daily) or [dict(SERVER)])
        self.replace(objects.ServiceList, 'get_all', classmethod(
            lambda *_args, **_kwargs: [objects.Service(host='h', binary='nova-compute')]))

    def _snapshot_all(self, context, host, uuids, args):
        self.assertTrue(context.is_admin)
        self.host.asked.append((host, uuids, args))
        return {'accepted': uuids}

    def post(self, body, method='POST'):
        request = webob.Request.blank('/v2.1/%s/os-light-snapshots' % PROJECT, method=method)
        request.body = json.dumps(body).encode('utf-8')
        request.content_type = 'application/json'
        answer = request.get_response(self.app)
        text = answer.body.decode('utf-8')
        return answer.status_int, json.loads(text) if text and answer.content_type == 'application/json' else text

    def as_admin(self):
        self.app = fakes.wsgi_app_v21(fake_auth_context=nova.context.RequestContext(
            'fake', PROJECT, is_admin=True, auth_token=True))

    def test_an_administrator_s_request_reaches_the_hosts(self):
        self.as_admin()
        nothing = {'name': '', 'description': '', 'quiesce': False}
        for options, daily, args in ((None, False, nothing), ({}, False, nothing), ({'daily': True}, True, nothing),
                                     ({'name': 'n', 'description': 'd', 'quiesce': True, 'daily': False}, False,
                                      {'name': 'n', 'description': 'd', 'quiesce': True})):
            code, answer = self.post({'snapshotAll': options})
            self.assertEqual(202, code)
            self.assertEqual([{'id': UUID, 'name': 'web', 'host': 'h', 'status': 'accepted', 'reason': None}],
                             answer['light_snapshot_all']['servers'])
            self.assertTrue(answer['light_snapshot_all']['request_id'].startswith('req-'))
            self.assertEqual((('h', [UUID], args), daily), (self.host.asked.pop(), self.looked.pop()))

    def test_nobody_else_s(self):
        self.assertEqual(403, self.post({'snapshotAll': None})[0])
        self.assertEqual(([], []), (self.host.asked, self.looked))

    def test_bad_input_is_a_400_and_reaches_nobody(self):
        self.as_admin()
        for body in ({}, {'snapshotAll': True}, {'snapshotAll': {'daily': 'yes'}}, {'snapshotAll': {'weekly': True}},
                     {'snapshotAll': {'name': 'x' * 256}}, {'snapshotAll': None, 'more': 1}):
            code, answer = self.post(body)
            self.assertEqual((400, True), (code, bool(answer['badRequest']['message'])), body)
        self.assertIn(self.post({}, 'PUT')[0], (404, 405))
        self.assertEqual(([], []), (self.host.asked, self.looked))
