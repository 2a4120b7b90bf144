"""What nova keeps of an operation that went wrong, and of a rebuild: in its own objects and tables."""

import json
import os
import shutil

import fixtures
import oslo_messaging as messaging

from nova import exception
from nova import objects
from nova.virt.libvirt import driver as nova_driver     # noqa: F401  nova 12 registers its options with it

from light_snapshot.engine import engine as engines
from light_snapshot.engine import errors
from light_snapshot.nova import driver as glue
from light_snapshot.nova import manager
from light_snapshot.nova import names
from light_snapshot.nova import settling
from light_snapshot.nova import state
from light_snapshot.nova import together
from light_snapshot.nova import turns

from database_case import DatabaseCase

CREATING = names.TASK_STATES['snapshot']
WORDS = 'libvirt gives an error. Look at the server, then try again.'


class NoGuest(object):
    """A driver whose libvirt knows no guest, and the manager it belongs to."""

    host = 'h'
    driver = _host = property(lambda self: self)

    def get_guest(self, instance):
        raise exception.InstanceNotFound(instance_id=instance.uuid)


class OutcomesTest(DatabaseCase):
    def setUp(self):
        super(OutcomesTest, self).setUp()
        self.flags(instances_path=self.useFixture(fixtures.TempDir()).path)
        self.manager, self.later = NoGuest(), []
        self.replace(manager, 'PAUSES', (0, 0, 0))
        self.replace(manager.hooks, 'problems', [])
        self.replace(manager.notifications.Notices, '_tell', lambda *_args: None)

    def replace(self, where, name, value):
        self.useFixture(fixtures.MonkeyPatch('%s.%s' % (
            '%s.%s' % (where.__module__, where.__name__) if isinstance(where, type) else where.__name__, name), value))

    def enabled(self, task_state=None):
        """A server with a record on this host, and its directory."""
        made = self.server(1, task_state=task_state)
        directory = os.path.join(glue.CONF.instances_path, made.uuid)
        os.mkdir(directory)
        with open(os.path.join(directory, 'light-snapshot.json'), 'w') as handle:
            json.dump({'version': 2, 'root': {'file': 'disk', 'index': 1, 'on': None, 'dirty': False},
                       'disks': [{'name': 'disk', 'target': 'vda', 'format': 'raw', 'size': 1}]}, handle)
        glue.save_columns(self.cell, made, glue.record_of(made.uuid))
        return made, directory

    def now(self, instance):
        return objects.Instance.get_by_uuid(self.cell, instance.uuid, expected_attrs=['system_metadata'])

    def columns(self, instance):
        return state.read(self.cell, [instance.uuid])[instance.uuid]

    def outcome(self, instance):
        """(action, event, result, the words that users are shown where the release has them) of the only one."""
        action, = objects.InstanceActionList.get_by_instance_uuid(self.cell, instance.uuid)
        event, = objects.InstanceActionEventList.get_by_action(self.cell, action.id)
        return action.action, event.event, event.result, getattr(event, 'details', None)

    def check_failed(self, instance, operation, words):
        action, event, result, details = self.outcome(instance)
        self.assertEqual((names.ACTIONS[operation], 'compute_' + names.ACTIONS[operation], 'Error'), (action, event, result))
        if 'details' in objects.InstanceActionEvent.fields:
            self.assertEqual(words[:255], details)

    def check_fault(self, instance, words):
        fault, = objects.InstanceFaultList.get_by_instance_uuids(self.cell, [instance.uuid])
        self.assertEqual((500, words[:255]), (fault.code, fault.message))

    # ---- an operation

    def test_a_failure_after_the_answer_is_a_fault_and_its_event_s_in_words(self):
        def commit_all(_engine):
            raise errors.EngineError(WORDS)
        instance, _directory = self.enabled(names.TASK_STATES['commit'])
        self.replace(engines.Engine, 'commit_all', commit_all)
        objects.InstanceAction.action_start(self.cell, instance.uuid, names.ACTIONS['commit'], want_result=False)
        work = manager.Work(self.manager, self.cell, instance, 'commit', {})
        work.run()
        self.assertEqual(({}, None), (work.answer, self.now(instance).task_state))
        self.check_failed(instance, 'commit', WORDS)
        self.check_fault(instance, WORDS)

    def test_a_refusal_is_its_event_s_in_words_and_no_fault(self):
        instance = self.server(1, task_state=names.TASK_STATES['commit'])
        objects.InstanceAction.action_start(self.cell, instance.uuid, names.ACTIONS['commit'], want_result=False)
        work = manager.Work(self.manager, self.cell, instance, 'commit', {})
        work.run()
        self.assertEqual((409, None), (work.answer['code'], self.now(instance).task_state))
        self.check_failed(instance, 'commit', work.answer['message'])
        self.assertEqual([], list(objects.InstanceFaultList.get_by_instance_uuids(self.cell, [instance.uuid])))

    # ---- the daily ones

    def test_when_they_were_switched_on_goes_with_the_server(self):
        instance, _directory = self.enabled()
        self.assertEqual(0, state.daily_since(self.now(instance)))
        state.switch_daily(self.cell, instance.uuid, True, 100)
        found = self.now(instance)
        self.assertEqual((100, 'x', True), (
            state.daily_since(found), found.system_metadata['other'], self.columns(instance)['snapshot_daily']))
        found.system_metadata['another'] = 'y'      # nova writes all of it
        found.save()
        glue.save_columns(self.cell, found, glue.record_of(instance.uuid))
        state.switch_daily(self.cell, instance.uuid, True, 200)         # which they are
        self.assertEqual((100, 'y'), (state.daily_since(self.now(instance)), self.now(instance).system_metadata['another']))
        state.switch_daily(self.cell, instance.uuid, False, 300)
        self.assertFalse(self.columns(instance)['snapshot_daily'])
        state.switch_daily(self.cell, instance.uuid, True, 400)
        self.assertEqual(400, state.daily_since(self.now(instance)))

    # ---- the service starts, and stops

    def test_what_cannot_be_finished_at_the_start(self):
        def settle(_engine):
            raise errors.EngineError(WORDS)
        instance, _directory = self.enabled(CREATING)
        self.replace(engines.Engine, 'settle', settle)
        self.replace(settling.nova.context, 'get_admin_context', lambda: self.cell)
        settling.settle_all(self.manager, [instance])
        self.assertIsNone(self.now(instance).task_state)
        words = objects.InstanceFaultList.get_by_instance_uuids(self.cell, [instance.uuid])[0].message
        self.assertIn('tried again before the next operation', words)
        self.check_failed(instance, 'snapshot', words)

    def test_who_waited_when_the_service_stops(self):
        instance, _directory = self.enabled()
        waiting = together.Together(self.manager, 0)
        waiting.add(self.cell, [instance.uuid], {})
        waiting.stop()
        action, _event, result, details = self.outcome(instance)
        self.assertEqual((names.ACTIONS['snapshot'], 'Error'), (action, result))
        if details is not None:
            self.assertIn('was stopped before its turn came', details)

    # ---- a snapshot of the host's own

    def claim(self, instance, save):
        """A claim in which Instance.save is another one, given the right one."""
        original = objects.Instance.save
        with fixtures.MonkeyPatch('nova.objects.Instance.save', lambda one, **kwargs: save(original, one, **kwargs)):
            with fixtures.MonkeyPatch('light_snapshot.nova.manager.in_background', lambda *call: self.later.append(call)):
                return turns._claim(self.manager, self.cell, instance.uuid)

    def look(self, between=lambda: None):
        """What was left for later; `between` is done in the first pause."""
        (function, arguments), self.later = (self.later[0][0], self.later[0][1:]), []
        pauses = []

        class Time(object):
            @staticmethod
            def sleep(seconds):
                if not pauses:
                    between()
                pauses.append(seconds)
        with fixtures.MonkeyPatch('light_snapshot.nova.turns.time', Time):
            function(*arguments)
        return len(pauses)

    @staticmethod
    def done_too_late(original, instance, **kwargs):
        original(instance, **kwargs)
        raise messaging.MessagingTimeout()

    @staticmethod
    def not_done(_original, _instance, **_kwargs):
        raise messaging.MessagingTimeout()

    def test_a_claim_that_holds_though_it_failed_is_given_back(self):
        instance, _directory = self.enabled()
        before = self.now(instance).system_metadata
        self.assertRaises(messaging.MessagingTimeout, self.claim, instance, self.done_too_late)
        self.assertEqual(CREATING, self.now(instance).task_state)
        self.assertEqual(1, self.look())
        self.assertEqual((None, before), (self.now(instance).task_state, self.now(instance).system_metadata))

    def test_a_claim_that_is_written_later_yet(self):
        instance, _directory = self.enabled()
        saves = []
        self.assertRaises(messaging.MessagingTimeout, self.claim, instance, lambda original, one, **kwargs: (
            saves.append(lambda: original(one, **kwargs)), self.not_done(original, one)))
        self.assertEqual(1, self.look(saves[0]))
        self.assertIsNone(self.now(instance).task_state)

    def test_nobody_else_s_task_state_is_given_back(self):
        instance, _directory = self.enabled()
        self.assertRaises(messaging.MessagingTimeout, self.claim, instance, self.not_done)
        instance.task_state = CREATING
        self.assertEqual(len(manager.PAUSES), self.look(instance.save))
        self.assertEqual(CREATING, self.now(instance).task_state)

    def test_neither_is_that_of_another_claim(self):
        instance, _directory = self.enabled()
        self.assertRaises(messaging.MessagingTimeout, self.claim, instance, self.not_done)
        self.look(lambda: turns._claim(self.manager, self.cell, instance.uuid))
        self.assertEqual(CREATING, self.now(instance).task_state)

    def test_a_claim_that_comes_too_late_leaves_nothing(self):
        instance, _directory = self.enabled()
        before = self.now(instance).system_metadata

        def busy(original, one, **kwargs):
            instance.task_state = 'rebooting'
            original(instance)
            original(one, **kwargs)
        self.assertRaises(turns.NotNow, self.claim, instance, busy)
        self.assertEqual(('rebooting', before, []), (
            self.now(instance).task_state, self.now(instance).system_metadata, self.later))

    def test_a_claim_goes_with_the_task_state(self):
        instance, _directory = self.enabled()
        before = self.now(instance).system_metadata
        self.assertIsNone(turns.take(self.manager, self.cell, instance.uuid, lambda claimed: self.assertEqual(
            (CREATING, True), (claimed.task_state, glue.CLAIM in self.now(instance).system_metadata))))
        self.assertEqual((None, before), (self.now(instance).task_state, self.now(instance).system_metadata))

    # ---- rebuild

    def rebuild(self, instance, original, **kwargs):
        def rebuild_instance(_self, _context, given, evacuate=False):
            return original(given)
        return manager.rebuild_instance(rebuild_instance, self.manager, self.cell, instance, **kwargs)

    def test_a_rebuild_that_fails_behind_the_disk_leaves_a_plain_server(self):
        instance, directory = self.enabled()

        def original(given):
            given.save()
            shutil.rmtree(directory)
            raise ValueError('no space')
        self.assertRaises(ValueError, self.rebuild, instance, original)
        self.assertFalse(self.columns(instance)['light_snapshot_enable'])
        self.assertEqual({'other': 'x'}, self.now(instance).system_metadata)

    def test_one_that_fails_before_it_changes_nothing_of_ours(self):
        instance, _directory = self.enabled()
        before = self.now(instance).system_metadata, self.columns(instance)

        def original(given):
            given.save()
            given.task_state = 'rebuilding'         # unsaved: somebody deletes the server
            raise ValueError('no image')
        self.assertRaises(ValueError, self.rebuild, instance, original)
        self.assertEqual(before, (self.now(instance).system_metadata, self.columns(instance)))
        self.assertIsNone(self.now(instance).task_state)

    def test_one_that_ends_well(self):
        instance, directory = self.enabled()

        def original(given):
            given.save()
            shutil.rmtree(directory)
            return 'nova\'s answer'
        self.assertEqual('nova\'s answer', self.rebuild(instance, original))
        self.assertFalse(self.columns(instance)['light_snapshot_enable'])
        self.assertEqual({'other': 'x'}, self.now(instance).system_metadata)

    def cut_off(self):
        """A server whose rebuild was killed with nova-compute, behind its disk's end: as nova reads it again."""
        instance, directory = self.enabled()

        def original(given):
            given.save()
            shutil.rmtree(directory)
            raise ValueError('killed')
        with fixtures.MonkeyPatch('light_snapshot.nova.driver.save_what_is', lambda *_args: None):
            self.assertRaises(ValueError, self.rebuild, instance, original)
        self.assertTrue(self.columns(instance)['light_snapshot_enable'])
        return self.now(instance)

    def check_plain(self, instance):
        self.assertFalse(self.columns(instance)['light_snapshot_enable'])
        self.assertEqual({'other': 'x'}, self.now(instance).system_metadata)

    def started(self, *instances):
        """The instances that nova-compute's start notes among these."""
        host = NoGuest()
        for instance in instances:
            self.assertEqual('nova\'s answer', manager.init_instance(lambda *_args: 'nova\'s answer', host, self.cell, instance))
        return host.__dict__.get(manager._UNSETTLED, [])

    def test_the_start_sees_to_one_that_was_cut_off(self):
        instance = self.cut_off()
        instance.host = 'h'
        self.assertEqual([instance], self.started(instance))
        # What nova reads at its start has no system metadata in most releases; a state of nova's says where to look.
        bare = objects.Instance.get_by_uuid(self.cell, instance.uuid, expected_attrs=['info_cache', 'metadata'])
        self.assertFalse(bare.obj_attr_is_set('system_metadata'))
        bare.host = 'h'
        self.assertEqual([], self.started(bare))
        bare.task_state = 'rebuild_spawning'
        self.assertEqual([bare], self.started(bare))
        self.replace(settling.nova.context, 'get_admin_context', lambda: self.cell)
        settling.settle_all(self.manager, [instance])
        self.check_plain(instance)
        self.assertEqual([], self.started(self.now(instance)))

    def test_so_does_the_next_rebuild(self):
        instance = self.cut_off()
        self.assertEqual(3, self.rebuild(instance, lambda _given: 3))
        self.check_plain(instance)

    def test_the_start_leaves_a_marked_server_whose_directory_is_not_there(self):
        """What it lies on may not be mounted yet."""
        instance, directory = self.enabled()
        shutil.rmtree(directory)
        instance.host = 'h'
        self.assertEqual([], self.started(instance))

    def test_an_evacuation_keeps_them_on(self):
        instance, directory = self.enabled()
        self.rebuild(instance, lambda _given: shutil.rmtree(directory), evacuate=True)
        self.assertTrue(self.columns(instance)['light_snapshot_enable'])
        self.assertTrue(glue.is_marked(self.now(instance)))

    def test_what_the_database_does_not_take_hides_no_failure(self):
        instance, directory = self.enabled()

        def away(*_args):
            raise RuntimeError('the database is away')
        self.replace(glue, 'save_columns', away)
        self.assertRaises(ValueError, self.rebuild, instance, lambda _given: int('no image'))
        self.assertEqual(3, self.rebuild(self.now(instance), lambda _given: 3))
