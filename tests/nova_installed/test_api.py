"""Our API in nova's own router, whichever release: for a nova that has our package installed (make test-releases).

The compute host is a stand-in; everything from the URL to its RPC call is nova's and ours.
"""

import webob

import nova.context
from nova import exception
from nova import objects
from nova.compute import api as compute_api
from nova.tests.unit.api.openstack import fakes

from light_snapshot.nova import counters
from light_snapshot.nova import places
from light_snapshot.nova import releases
from light_snapshot.nova import summary
from light_snapshot.nova import views

from api_case import FOREIGN, PROJECT, UUID, ApiCase, linked


class ApiTest(ApiCase):
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
        shown = {'light_snapshot': linked()}
        code, answer = self.ask('GET', '/light-snapshots')
        self.assertEqual((200, [linked()], True), (code, answer['light_snapshots'], answer['store']))
        self.assertEqual((200, shown), self.ask('GET', '/light-snapshots/3'))
        self.assertEqual(404, self.ask('GET', '/light-snapshots/4')[0])
        self.assertEqual((200, shown), self.ask('PUT', '/light-snapshots/3', {'light_snapshot': {'name': 'm'}}))
        self.assertEqual([('describe', 3, 'm', None)], self.host.asked)
        self.assertEqual(400, self.ask('PUT', '/light-snapshots/3', {'light_snapshot': {}})[0])

    def test_what_is_not_offered(self):
        self.assertIn(self.ask('POST', '/light-snapshots/3', {'light_snapshot': {}})[0], (404, 405))
        self.assertIn(self.ask('PUT', '/light-snapshots', {'light_snapshot': {}})[0], (404, 405))
        self.assertIn(self.ask('DELETE', '/light-snapshots')[0], (404, 405))
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

    def test_nova_s_own_schemas_of_servers_know_what_we_add(self):
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
            for name in views.SCHEMAS:
                self.assertEqual(views.SCHEMAS[name], schema['properties'][name])

    def test_what_we_add_is_in_an_answer_and_nowhere_else(self):
        builder = places.find('server_views')
        self.replace(views, '_add', lambda bodies, instances: [body.update(added=True) for body in bodies])
        for environ, expected in (({views._ROUTED: ((), {})}, {'id': UUID, 'added': True}), ({}, {'id': UUID})):
            request = webob.Request.blank('/', environ=environ)
            wrapped = views._wrap_show(lambda _self, _request, instance: {'server': {'id': instance}})
            self.assertEqual({'server': expected}, wrapped(builder, request, UUID))
            listed = views._wrap_detail(lambda _self, request, uuids: {'servers': [
                wrapped(builder, request, uuid)['server'] for uuid in uuids]})
            self.assertEqual({'servers': [expected]}, listed(builder, request, [UUID]))

    def test_what_is_added_to_the_bodies_of_servers(self):
        context, other, asked = nova.context.RequestContext('fake', PROJECT), nova.context.RequestContext('fake', PROJECT), []
        context.db_connection, other.db_connection = 'one cell', 'a cell that is down'
        servers = [objects.Instance(context, uuid=UUID[:-1] + digit, host='h') for digit in '123']
        servers += [objects.Instance(other, uuid=UUID[:-1] + '4', host='h')]
        known = {UUID: {'light_snapshot_enable': True, 'snapshot_store': True, 'snapshot_daily': False, 'count': 5,
                        'last_at': '2026-01-02T03:04:05Z', 'kept_bytes': 2 ** 40},
                 UUID[:-1] + '2': dict(counters.NONE, light_snapshot_enable=False)}

        def of(context, uuids):
            asked.append(list(uuids))
            if context is other:
                raise IOError('the cell is down')
            return known
        self.replace(summary, 'of', of)
        bodies = [{'id': server.uuid} for server in servers]
        views._add(bodies, servers)
        self.assertEqual([3, 1], [len(uuids) for uuids in asked])       # one query a cell
        self.assertEqual({'id': UUID, 'light_snapshot_enabled': True, 'snapshot_store': True, 'snapshot_daily': False,
                          'light_snapshot_count': 5, 'light_snapshot_last_at': '2026-01-02T03:04:05Z',
                          'light_snapshot_kept_bytes': 2 ** 40}, bodies[0])
        for body, count in zip(bodies[1:], (0, None, None)):
            self.assertEqual((False, False, False, count, None, count), tuple(
                body[name] for name in ('light_snapshot_enabled', 'snapshot_store', 'snapshot_daily', 'light_snapshot_count',
                                        'light_snapshot_last_at', 'light_snapshot_kept_bytes')))
        self.assertEqual(set(views.SCHEMAS) | set(['id']), set(bodies[1]))
