"""The actions and the method that came with version 1.1 of our RPC, in nova's own router: see test_api.py."""

import oslo_messaging as messaging

from nova import objects

from api_case import FOREIGN, UUID, ApiCase, linked

FINDING = {'code': 'orphan', 'severity': 'warning', 'file': 'disk.light-9', 'message': 'm', 'repaired': False}


class OperationsTest(ApiCase):
    # ---- actions

    def test_each_action_reaches_the_host(self):
        for body, asked, task in (
                ({'recoverInstance': {'safety': True}}, ('recover', {'index': None, 'use_root': False, 'safety': True}),
                 'light_snapshot_recovering'),
                ({'recoverInstance': {'snap_index': 3, 'safety': False}},
                 ('recover', {'index': 3, 'use_root': False, 'safety': False}), 'light_snapshot_recovering'),
                ({'previewInstance': {'snap_index': 3, 'use_root': False}},
                 ('preview', {'index': 3, 'use_root': False}), 'light_snapshot_previewing'),
                ({'previewInstance': {'use_root': True, 'snap_index': None}},
                 ('preview', {'index': None, 'use_root': True}), 'light_snapshot_previewing'),
                ({'previewInstance': None}, ('preview', {'index': None, 'use_root': False}),
                 'light_snapshot_previewing'),
                ({'keepPreview': None}, ('keep_preview', {}), 'light_snapshot_keeping'),
                ({'undoPreview': None}, ('undo_preview', {}), 'light_snapshot_undoing'),
                ({'retainSnapshots': {'count': 5, 'days': None}}, ('retain', {'count': 5, 'days': None}),
                 'light_snapshot_retaining'),
                ({'retainSnapshots': {'days': 7}}, ('retain', {'days': 7}), 'light_snapshot_retaining')):
            self.assertEqual((202, ''), self.act(body), body)
            self.assertEqual((asked, task), (self.host.asked.pop(), self.saved.pop()))
        self.assertEqual(([], []), (self.host.asked, self.saved))

    def test_bad_input_is_a_400_and_reaches_nobody(self):
        for body in ({'recoverInstance': {'safety': 'yes'}}, {'recoverInstance': {'safety': None}},
                     {'previewInstance': {'snap_index': 1, 'use_root': True}}, {'previewInstance': {'snap_index': -1}},
                     {'previewInstance': {'safety': True}}, {'keepPreview': {}}, {'undoPreview': True},
                     {'retainSnapshots': None}, {'retainSnapshots': {}}, {'retainSnapshots': {'count': 0}},
                     {'retainSnapshots': {'count': '5'}}, {'retainSnapshots': {'days': 1.5}},
                     {'retainSnapshots': {'days': 36501}}, {'retainSnapshots': {'weeks': 1}},
                     {'retainSnapshots': {'count': True}}, {'checkSnapshots': {'repair': 1}}, {'checkSnapshots': []}):
            code, answer = self.act(body)
            self.assertEqual((400, True), (code, bool(answer['badRequest']['message'])), body)
        self.assertEqual(([], []), (self.host.asked, self.saved))

    def test_a_state_that_forbids_is_a_409(self):
        self.vm_state = 'error'
        for body in ({'previewInstance': None}, {'keepPreview': None}, {'undoPreview': None},
                     {'retainSnapshots': {'count': 1}}):
            code, answer = self.act(body)
            self.assertEqual(409, code)
            self.assertIn('it is error, and has to be active or stopped', answer['conflictingRequest']['message'])
        self.assertEqual(409, self.ask('DELETE', '/light-snapshots/3')[0])
        self.vm_state, self.task_state = 'active', 'light_snapshot_deleting'
        self.assertEqual(409, self.ask('DELETE', '/light-snapshots/3')[0])
        self.assertEqual(([], []), (self.host.asked, self.saved))

    def test_somebody_else_s_server(self):
        for body in ({'previewInstance': None}, {'keepPreview': None}, {'undoPreview': None},
                     {'retainSnapshots': {'count': 1}}, {'checkSnapshots': None}, {'checkSnapshots': {'repair': True}}):
            self.assertEqual(403, self.act(body, uuid=FOREIGN)[0], body)
        self.assertEqual(403, self.ask('DELETE', '/light-snapshots/3', uuid=FOREIGN)[0])
        self.assertEqual([], self.host.asked)

    # ---- an older host

    def test_an_older_host_is_a_409_with_words_and_the_task_state_given_back(self):
        def operate(_context, _instance, **_kwargs):
            raise messaging.RemoteError('UnsupportedVersion', 'Endpoint does not support RPC version 1.1')
        self.host.operate = self.host.check = operate
        self.replace(objects.Instance, 'refresh', lambda _instance: None)
        for body in ({'previewInstance': None}, {'recoverInstance': {'safety': True}}):
            code, answer = self.act(body)
            self.assertEqual(409, code)
            self.assertIn('host h has an older light-snapshot', answer['conflictingRequest']['message'])
            self.assertEqual(None, self.saved.pop())
            self.saved.pop()
            # Its action would read as a success if nothing of it said otherwise.
            event, why = self.events.pop()
            self.assertEqual('api_' + self.actions.pop()[1], event)
            self.assertIn('host h has an older light-snapshot', why)
        code, answer = self.act({'checkSnapshots': None})
        self.assertEqual(409, code)
        self.assertIn('host h has an older light-snapshot', answer['conflictingRequest']['message'])
        code, answer = self.act({'recoverInstance': None})
        self.assertIn('light-snapshot is not installed on the compute host h',
                      answer['conflictingRequest']['message'])

    def test_a_host_that_no_message_reaches_is_a_409_with_words_and_the_task_state_given_back(self):
        def operate(*_args, **_kwargs):
            raise messaging.MessageDeliveryFailure('[Errno 111] ECONNREFUSED')
        self.host.operate = self.host.check = operate
        self.replace(objects.Instance, 'refresh', lambda _instance: None)
        for body in ({'recoverInstance': None}, {'checkSnapshots': None}):
            code, answer = self.act(body)
            self.assertEqual(409, code)
            self.assertIn('message queue took no message. Nothing was changed', answer['conflictingRequest']['message'])
        self.assertEqual(['light_snapshot_recovering', None], self.saved)
        self.assertIn('message queue', self.events.pop()[1])

    # ---- check

    def test_a_check_is_read_only_in_any_state(self):
        self.host.answer = {'findings': [FINDING]}
        for self.vm_state, self.task_state in (('active', None), ('error', 'light_snapshot_creating'),
                                               ('paused', 'rebooting')):
            for body in ({'checkSnapshots': None}, {'checkSnapshots': {}}, {'checkSnapshots': {'repair': False}}):
                self.assertEqual((200, {'findings': [FINDING]}), self.act(body))
                self.assertEqual('check', self.host.asked.pop())
        self.assertEqual(([], []), (self.host.asked, self.saved))

    def test_a_repair_is_an_administrator_s_and_an_operation(self):
        self.assertEqual(403, self.act({'checkSnapshots': {'repair': True}})[0])
        self.as_admin()
        self.host.answer = {'findings': [dict(FINDING, repaired=True)]}
        for self.vm_state in ('active', 'error'):
            self.assertEqual((202, self.host.answer), self.act({'checkSnapshots': {'repair': True}}))
            self.assertEqual((('repair', {}), 'light_snapshot_repairing'), (self.host.asked.pop(), self.saved.pop()))
        self.vm_state = 'paused'
        self.assertEqual(409, self.act({'checkSnapshots': {'repair': True}})[0])
        self.assertEqual(([], []), (self.host.asked, self.saved))

    def test_what_the_host_says_of_a_check(self):
        self.host.answer = {'code': 409, 'message': 'Something else is under way'}
        code, answer = self.act({'checkSnapshots': None})
        self.assertEqual((409, 'Something else is under way'), (code, answer['conflictingRequest']['message']))

    # ---- the resource

    def test_delete(self):
        self.assertEqual((202, ''), self.ask('DELETE', '/light-snapshots/3'))
        self.assertEqual((('delete', {'index': 3}), 'light_snapshot_deleting'),
                         (self.host.asked.pop(), self.saved.pop()))
        for index in ('x', '-1', '1.0', '99999999999'):
            self.assertEqual(404, self.ask('DELETE', '/light-snapshots/' + index)[0], index)
        self.assertEqual(404, self.ask('DELETE', '/light-snapshots/3', uuid=UUID[:-1] + '9')[0])
        self.assertEqual(([], []), (self.host.asked, self.saved))
        self.host.answer = {'code': 404, 'message': 'There is no restore point 9'}
        code, answer = self.ask('DELETE', '/light-snapshots/9')
        self.assertEqual((404, 'There is no restore point 9'), (code, answer['itemNotFound']['message']))

    def test_the_list_says_how_things_stand(self):
        _code, answer = self.ask('GET', '/light-snapshots')
        # What a host with an older package does not tell.
        self.assertEqual((None, None, {'count': None, 'days': None}),
                         (answer['progress'], answer['preview'], answer['retention']))
        self.host.more = {'progress': {'operation': 'commit', 'done': 1, 'total': 4, 'percent': 25}, 'preview': 3,
                          'retention': {'count': 5, 'days': None}}
        _code, answer = self.ask('GET', '/light-snapshots')
        self.assertEqual(self.host.more, dict((key, answer[key]) for key in self.host.more))
        self.assertEqual([linked()], answer['light_snapshots'])
        self.columns['light_snapshot_enable'] = False
        _code, answer = self.ask('GET', '/light-snapshots')
        self.assertEqual((False, None, None, {'count': None, 'days': None}), (
            answer['enabled'], answer['progress'], answer['preview'], answer['retention']))
