"""Our API in nova's own router, whichever release: for a nova that has our package installed (make test-releases).

The compute host is a stand-in; everything from the URL to its RPC call is nova's and ours.
"""

import json
import os

import fixtures
from oslo_policy import policy
import webob

import nova.context
import nova.policy
from nova import exception
from nova import objects
from nova import servicegroup
from nova import test
from nova.api.openstack import common
from nova.compute import api as compute_api
from nova.tests.unit.api.openstack import fakes

from light_snapshot.nova import places
from light_snapshot.nova import releases
from light_snapshot.nova import rpcapi
from light_snapshot.nova import state
from light_snapshot.nova import views

RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'overlay', 'etc', 'nova', 'policy.d',
                     'light-snapshot.json')
UUID = '6f70656e-7374-4163-8b00-000000000001'
FOREIGN = '6f70656e-7374-4163-8b00-000000000002'
PROJECT = 'fade'       # from some release on the URL takes hexadecimal digits alone
POINT = {'index': 3, 'parent': 2, 'name': 'n', 'description': '', 'state': 'last', 'size': 1, 'current': True}


class Host(object):
    """What the compute host is asked, and what it answers."""

    def __init__(self):
        self.asked, self.answer = [], {}

    def operate(self, _context, _instance, operation, args):
        self.asked.append((operation, args))
        return self.answer

    def points(self, _context, _instance):
        return {'points': [POINT], 'enabled': True, 'committed': False, 'store': True, 'size': 1, 'disks': ['vda'],
                'disks_left_out': []}

    def describe(self, _context, _instance, index, name, description):
        self.asked.append(('describe', index, name, description))
        return {}


class ApiTest(test.NoDBTestCase):
    def setUp(self):
        # In its clean-up nova takes every attribute away, of which pytest has one and wants it back. What is said first
        # is done last.
        pytest_s = dict((name, value) for name, value in self.__dict__.items() if name == self._testMethodName)
        self.addCleanup(self.__dict__.update, pytest_s)
        super(ApiTest, self).setUp()
        self.host, self.written, self.saved = Host(), [], []
        self.columns = dict(state.OFF, light_snapshot_enable=True, snapshot_store=True)
        replace = self.replace
        replace(rpcapi, 'ComputeAPI', lambda: self.host)
        replace(common, 'get_instance', self._get)
        replace(state, 'read', lambda _context, uuids: dict((uuid, self.columns) for uuid in uuids))
        replace(state, 'write', lambda _context, uuid, values: self.written.append(values))
        replace(places, 'is_volume_backed', lambda *_args: self.volume_backed)
        replace(objects.InstanceAction, 'action_start', classmethod(lambda *_args, **_kwargs: None))
        replace(objects.Service, 'get_by_compute_host', classmethod(lambda *_args, **_kwargs: objects.Service()))
        replace(servicegroup.API, 'service_is_up', lambda *_args: True)
        replace(objects.Instance, 'save', lambda instance, **_kwargs: self.saved.append(instance.task_state))
        self.vm_state, self.volume_backed = 'active', False
        if places.find('policies_in_code') is None:
            self._rules_from_file()
        self.app = fakes.wsgi_app_v21(fake_auth_context=nova.context.RequestContext('fake', PROJECT, auth_token=True))

    @staticmethod
    def _rules_from_file():
        """nova 12 and 13: what the installer puts into policy.d."""
        nova.policy.init()
        nova.policy._ENFORCER.load_rules()
        with open(RULES) as handle:
            nova.policy._ENFORCER.set_rules(policy.Rules.load_json(handle.read()), overwrite=False, use_conf=True)

    def replace(self, where, name, value):
        place = '%s.%s' % (where.__module__, where.__name__) if isinstance(where, type) else where.__name__
        self.useFixture(fixtures.MonkeyPatch('%s.%s' % (place, name), value))

    def _get(self, _api, context, uuid, expected_attrs=None, **_kwargs):
        if uuid not in (UUID, FOREIGN):
            raise webob.exc.HTTPNotFound(explanation='Instance could not be found')
        return objects.Instance(context, uuid=uuid, host='h', vm_state=self.vm_state, task_state=None, locked=False,
                                locked_by=None, project_id=PROJECT if uuid == UUID else 'another', user_id='fake')

    def ask(self, method, path, body=None, uuid=UUID):
        request = webob.Request.blank('/v2.1/%s/servers/%s%s' % (PROJECT, uuid, path), method=method)
        if body is not None:
            request.body = json.dumps(body).encode('utf-8')
            request.content_type = 'application/json'
        answer = request.get_response(self.app)
        text = answer.body.decode('utf-8')
        # What no route takes is answered by webob, in words alone.
        return answer.status_int, json.loads(text) if text and answer.content_type == 'application/json' else text

    def act(self, body, **more):
        return self.ask('POST', '/action', body, **more)

    # ---- actions

    def test_each_action_reaches_the_host(self):
        self.host.answer = {'index': 3}
        for body, asked in (
                ({'enableSnapshot': {'store': True}}, ('enable', {'store': True})),
                ({'enableSnapshot': None}, ('enable', {'store': False})),
                ({'disableSnapshot': None}, ('disable', {})),
                ({'createSnapshot': {'name': 'n', 'quiesce': True}},
                 ('snapshot', {'name': 'n', 'description': '', 'quiesce': True})),
                ({'recoverInstance': {'snap_index': 3}}, ('recover', {'index': 3, 'use_root': False})),
                ({'recoverInstance': {}}, ('recover', {'index': None, 'use_root': False})),
                ({'commitSnapshot': None}, ('commit', {})),
                ({'storeSnapshot': {'enable': False}}, ('store', {'enable': False}))):
            self.assertEqual(202, self.act(body)[0], body)
            self.assertEqual(asked, self.host.asked.pop())
        self.assertEqual(8, len(self.saved))

    def test_a_snapshot_is_answered_with_its_index(self):
        self.host.answer = {'index': 3}
        self.assertEqual((202, {'light_snapshot': {'index': 3, 'name': 'n', 'description': ''}}),
                         self.act({'createSnapshot': {'name': 'n'}}))

    def test_daily_is_a_matter_of_the_database(self):
        self.assertEqual(202, self.act({'dailySnapshot': {'enable': True}})[0])
        self.assertEqual([{'snapshot_daily': True}], self.written)

    def test_bad_input_is_a_400_and_reaches_nobody(self):
        for body in ({'enableSnapshot': {'store': 'yes'}}, {'disableSnapshot': {}}, {'createSnapshot': {'nome': 'x'}},
                     {'createSnapshot': {'name': 'x' * 256}}, {'recoverInstance': {'snap_index': -1}},
                     {'recoverInstance': {'snap_index': 1, 'use_root': True}}, {'storeSnapshot': None},
                     {'dailySnapshot': {'enable': None}}, {'noSuchSnapshot': None}):
            code, answer = self.act(body)
            self.assertEqual((400, True), (code, bool(answer['badRequest']['message'])), body)
        self.assertEqual(([], [], []), (self.host.asked, self.saved, self.written))

    def test_a_state_that_forbids_is_a_409_with_words(self):
        self.vm_state = 'paused'
        code, answer = self.act({'createSnapshot': None})
        self.assertEqual(409, code)
        self.assertIn('it is paused', answer['conflictingRequest']['message'])
        self.vm_state, self.volume_backed = 'active', True
        self.assertIn('volume', self.act({'createSnapshot': None})[1]['conflictingRequest']['message'])
        self.assertEqual(([], []), (self.host.asked, self.saved))

    def test_the_host_s_own_refusal_comes_through(self):
        self.host.answer = {'code': 404, 'message': 'There is no restore point 9'}
        code, answer = self.act({'recoverInstance': {'snap_index': 9}})
        self.assertEqual((404, 'There is no restore point 9'), (code, answer['itemNotFound']['message']))

    def test_two_at_once(self):
        def save(_instance, **_kwargs):
            raise exception.UnexpectedTaskStateError(instance_uuid=UUID, expected={}, actual={})
        self.replace(objects.Instance, 'save', save)
        self.assertEqual(409, self.act({'createSnapshot': None})[0])
        self.assertEqual([], self.host.asked)

    def test_somebody_else_s_server_and_none(self):
        self.assertEqual(403, self.act({'createSnapshot': None}, uuid=FOREIGN)[0])
        self.assertEqual(403, self.ask('GET', '/light-snapshots', uuid=FOREIGN)[0])
        self.assertEqual(404, self.act({'createSnapshot': None}, uuid=UUID[:-1] + '9')[0])
        self.assertEqual([], self.host.asked)

    # ---- the resource

    def test_list_show_and_rename(self):
        code, answer = self.ask('GET', '/light-snapshots')
        self.assertEqual((200, [POINT], True), (code, answer['light_snapshots'], answer['store']))
        self.assertEqual((200, {'light_snapshot': POINT}), self.ask('GET', '/light-snapshots/3'))
        self.assertEqual(404, self.ask('GET', '/light-snapshots/4')[0])
        self.assertEqual((200, {'light_snapshot': POINT}),
                         self.ask('PUT', '/light-snapshots/3', {'light_snapshot': {'name': 'm'}}))
        self.assertEqual([('describe', 3, 'm', None)], self.host.asked)
        self.assertEqual(400, self.ask('PUT', '/light-snapshots/3', {'light_snapshot': {}})[0])

    def test_what_is_not_offered(self):
        self.assertIn(self.ask('POST', '/light-snapshots', {'light_snapshot': {}})[0], (404, 405))
        self.assertIn(self.ask('DELETE', '/light-snapshots/3')[0], (404, 405))
        self.assertEqual([], self.host.asked)

    def test_nova_s_own_routes_are_still_there(self):
        self.assertEqual(400, self.act({'reboot': {'type': 'SOMEHOW'}})[0])
        request = webob.Request.blank('/v2.1/%s/extensions' % PROJECT)
        self.assertEqual(200, request.get_response(self.app).status_int)

    def test_a_second_router_adds_nothing_twice(self):
        before = places.find('server_views').show, compute_api.API.shelve
        fakes.wsgi_app_v21()
        self.assertEqual(before, (places.find('server_views').show, compute_api.API.shelve))

    # ---- servers' bodies

    def test_nova_s_own_schemas_of_servers_know_our_booleans(self):
        def servers(schema):
            if isinstance(schema, dict):
                if 'hostId' in (schema.get('properties') or {}):
                    yield schema
                schema = list(schema.values())
            for part in schema if isinstance(schema, list) else ():
                for found in servers(part):
                    yield found
        found = list(servers(list(vars(places.find('server_schemas')).values())))
        # 33 is the first release that holds its answers against them.
        self.assertTrue(found or releases.current() < 33)
        for schema in found:
            self.assertEqual({'type': 'boolean'}, schema['properties']['light_snapshot_enabled'])

    def test_the_booleans_are_in_an_answer_and_nowhere_else(self):
        builder = places.find('server_views')
        self.replace(views, '_add', lambda bodies, instances: [body.update(added=True) for body in bodies])
        for environ, expected in (({views._ROUTED: ((), {})}, {'id': UUID, 'added': True}), ({}, {'id': UUID})):
            request = webob.Request.blank('/', environ=environ)
            wrapped = views._wrap_show(lambda _self, _request, instance: {'server': {'id': instance}})
            self.assertEqual({'server': expected}, wrapped(builder, request, UUID))
            listed = views._wrap_detail(lambda _self, request, uuids: {'servers': [
                wrapped(builder, request, uuid)['server'] for uuid in uuids]})
            self.assertEqual({'servers': [expected]}, listed(builder, request, [UUID]))
