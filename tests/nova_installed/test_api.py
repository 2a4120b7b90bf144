"""Our API in nova's own router, whichever release: for a nova that has our package installed (make test-releases).

The compute host is a stand-in; everything from the URL to its RPC call is nova's and ours.
"""

import oslo_messaging as messaging
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
        self.assertEqual(([(UUID, 'light_snapshot_daily')], [('api_light_snapshot_daily', None)]), (self.actions, self.events))
        self.assertEqual([('compute.instance.light_snapshot_daily.' + suffix, 'api', 'daily', None, None, True)
                          for suffix in ('start', 'end')], self.told())

    def test_no_daily_one_any_more_can_be_said_in_any_state(self):
        for self.vm_state in ('paused', 'suspended', 'error', 'active'):
            self.assertEqual(202, self.act({'dailySnapshot': {'enable': False}})[0], self.vm_state)
            self.assertEqual({'snapshot_daily': False}, self.written.pop())
            code, answer = self.act({'dailySnapshot': {'enable': True}})
            self.assertEqual(202 if self.vm_state == 'active' else 409, code, self.vm_state)
        self.task_state = 'rebooting'
        self.assertEqual(409, self.act({'dailySnapshot': {'enable': False}})[0])

    def test_what_enabling_switches_on_beside_it_is_told_as_well(self):
        """As an event of the one action, since nova finds an action's events by its request."""
        self.columns['light_snapshot_enable'] = False
        self.assertEqual(202, self.act({'enableSnapshot': {'daily': True}})[0])
        self.assertEqual({'snapshot_daily': True}, self.written.pop())
        self.assertEqual(([(UUID, 'light_snapshot_enable')], ('api_light_snapshot_daily', None)), (self.actions, self.events.pop()))
        self.assertEqual(['compute.instance.light_snapshot_daily.start', 'compute.instance.light_snapshot_daily.end'],
                         [one[0] for one in self.told()])
        for options, written in ((None, []), ({'daily': False}, [{'snapshot_daily': False}])):
            self.assertEqual(202, self.act({'enableSnapshot': options})[0])
            self.assertEqual((written, [], []), (self.written, self.events, self.told()))

    def test_a_plain_server_is_not_even_given_a_task_state(self):
        self.columns['light_snapshot_enable'] = False
        for body in ({'disableSnapshot': None}, {'createSnapshot': None}, {'recoverInstance': None}, {'previewInstance': None},
                     {'keepPreview': None}, {'undoPreview': None}, {'commitSnapshot': None}, {'storeSnapshot': {'enable': True}},
                     {'dailySnapshot': {'enable': False}}, {'retainSnapshots': {'count': 1}}):
            code, answer = self.act(body)
            self.assertEqual(409, code, body)
            for words in ('not enabled', 'nothing was changed', 'Enable them first', 'checkSnapshots'):
                self.assertIn(words, answer['conflictingRequest']['message'])
        for method, path, body in (('POST', '', {'light_snapshot': {}}), ('PUT', '/3', {'light_snapshot': {'name': 'm'}}),
                                   ('DELETE', '/3', None)):
            self.assertEqual(409, self.ask(method, '/light-snapshots' + path, body)[0], method)
        self.assertEqual(([], [], [], [], []), (self.host.asked, self.saved, self.written, self.actions, self.events))
        # The disk wins over the column: what brings the two together goes on.
        self.as_admin()
        self.host.answer = {'findings': []}
        for body, status in (({'checkSnapshots': {'repair': True}}, 202), ({'checkSnapshots': None}, 200),
                             ({'enableSnapshot': None}, 202)):
            self.assertEqual(status, self.act(body)[0], body)

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
        """Who comes second leaves no action, which would read as a success."""
        asked = []
        for raised, status in ((exception.UnexpectedTaskStateError(instance_uuid=UUID, expected={}, actual={}), 409),
                               (exception.InstanceUpdateConflict(instance_uuid=UUID, expected={}, actual={}), 409),
                               (exception.InstanceNotFound(instance_id=UUID), 404)):
            def save(_instance, **expected):
                asked.append(expected)
                raise raised
            self.replace(objects.Instance, 'save', save)
            code, answer = self.act({'createSnapshot': None})
            self.assertEqual((status, True), (code, bool(list(answer.values())[0]['message'])))
        self.assertEqual(([], [], []), (self.host.asked, self.actions, self.events))
        self.assertEqual([{'expected_vm_state': ['active', 'stopped'], 'expected_task_state': [None]}] * 3, asked)

    def test_an_action_that_cannot_be_written_down_gives_the_task_state_back(self):
        def action_start(*_args, **_kwargs):
            raise RuntimeError('the database is away')
        self.replace(objects.InstanceAction, 'action_start', classmethod(action_start))
        self.replace(objects.Instance, 'refresh', lambda _instance: None)
        self.assertEqual(500, self.act({'createSnapshot': None})[0])
        self.assertEqual(([], ['light_snapshot_creating', None]), (self.host.asked, self.saved))

    def test_a_host_that_fails_is_told_of_in_words(self):
        """Which nova would replace by its own of an error in itself. What an error says is an administrator's."""
        def operate(*_args, **_kwargs):
            raise messaging.RemoteError('KeyError', 'a secret')
        for self.host.operate in (lambda *_args, **_kwargs: {'code': 500, 'message': 'KeyError: a secret'}, operate):
            for admin in (False, True):
                (self.as_admin if admin else self.as_somebody)(*([] if admin else ['member', 'reader']))
                code, answer = self.act({'createSnapshot': None})
                said = answer['computeFault']['message']
                self.assertEqual((500, admin), (code, 'a secret' in said))
                for words in ('compute host h failed', 'KeyError', 'events', 'log of nova-compute'):
                    self.assertIn(words, said)

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
        self.assertEqual(([(UUID, 'light_snapshot_update')], [('api_light_snapshot_update', None)]), (self.actions, self.events))
        self.assertEqual([('compute.instance.light_snapshot_update.' + suffix, 'api', 'update', 3, 'm', None)
                          for suffix in ('start', 'end')], self.told())
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
        def wrapped():
            return [places.find('server_views').show] + [getattr(compute_api.API, name) for name in ('shelve', 'snapshot', 'backup')]
        before = wrapped()
        fakes.wsgi_app_v21()
        self.assertEqual(before, wrapped())

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
