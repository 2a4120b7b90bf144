"""What an owner reads in a server's actions, in nova's own tables: see test_round_trips.py."""

import contextlib

from webob import exc

import nova.context
from nova import objects
from nova import servicegroup

from light_snapshot.nova import asking
from light_snapshot.nova import names
from light_snapshot.nova import places
from light_snapshot.nova import state

from database_case import PROJECT, DatabaseCase


class Controller(asking.Controller):
    """In front of a host; `answer` is what it gives or raises. Who asks, and for what, is sure."""

    def __init__(self, context):
        super(Controller, self).__init__()
        self.context, self.answer = context, {}

    def find(self, _req, server_id, *_verbs):
        return self.context, objects.Instance.get_by_uuid(self.context, server_id)

    def call(self, *_args, **_kwargs):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class ActionsTest(DatabaseCase):
    def setUp(self):
        super(ActionsTest, self).setUp()
        for where, name, value in (
                (places, 'is_volume_backed', lambda *_args: False), (places, 'notifiers', lambda *_teller: []),
                (objects.Service, 'get_by_compute_host', classmethod(lambda *_args, **_kwargs: objects.Service())),
                (servicegroup.API, 'service_is_up', lambda *_args: True)):
            self.stub(where, name, value)
        made = self.server(1)
        self.uuid = made.uuid
        state.write(self.cell, made.uuid, {'light_snapshot_enable': True})
        self.context = nova.context.RequestContext('who', PROJECT, is_admin=False)
        if self.cells():
            nova.context.set_target_cell(self.context, self.cells()['cell1'])
        self.controller = Controller(self.context)

    def stub(self, where, name, value):
        had = where.__dict__[name]
        setattr(where, name, value)
        self.addCleanup(setattr, where, name, had)

    def operate(self, **more):
        return self.controller.operate(None, self.uuid, 'create', 'snapshot', 'take a light snapshot', **more)

    def actions(self):
        """[(action, its message, [(event, result)])]"""
        return [(one.action, one.message, [
            (event.event, event.result) for event in objects.InstanceActionEventList.get_by_action(self.context, one.id)])
            for one in objects.InstanceActionList.get_by_instance_uuid(self.context, self.uuid)]

    def task_state(self):
        return objects.Instance.get_by_uuid(self.context, self.uuid).task_state

    def test_one_that_was_begun(self):
        self.operate()
        self.assertEqual(([('light_snapshot_create', None, [])], 'light_snapshot_creating'), (self.actions(), self.task_state()))

    def change(self, **values):
        one = objects.Instance.get_by_uuid(self.context, self.uuid)
        one.update(values)
        one.save()

    def test_who_comes_second_leaves_none(self):
        for change in ({'task_state': 'rebooting'}, {'vm_state': 'paused'}):
            # Between the look at the states and the task state.
            self.assertRaises(exc.HTTPConflict, self.operate, allow=lambda *_args: self.change(**change))
            self.assertEqual([], self.actions())
            self.change(task_state=None, vm_state='active')

    def test_a_server_that_was_deleted_meanwhile(self):
        self.assertRaises(exc.HTTPNotFound, self.operate,
                          allow=lambda *_args: objects.Instance.get_by_uuid(self.context, self.uuid).destroy())

    def test_a_host_that_was_never_reached(self):
        self.controller.answer = asking.NotAsked(explanation='It has an older light-snapshot.')
        self.assertRaises(asking.NotAsked, self.operate)
        self.assertEqual(([('light_snapshot_create', 'Error', [('api_light_snapshot_create', 'Error')])], None),
                         (self.actions(), self.task_state()))
        (action,) = objects.InstanceActionList.get_by_instance_uuid(self.context, self.uuid)
        (event,) = objects.InstanceActionEventList.get_by_action(self.context, action.id)
        if 'details' in objects.InstanceActionEvent.fields:
            self.assertEqual('It has an older light-snapshot.', event.details)

    def test_a_quota_that_was_used_up_meanwhile(self):
        answers = [None, exc.HTTPForbidden(explanation='Quota exceeded')]

        def allow(*_args):
            answer = answers.pop(0)
            if answer is not None:
                raise answer
        self.assertRaises(exc.HTTPForbidden, self.operate, allow=allow)
        self.assertEqual(([], None), (self.actions(), self.task_state()))

    def test_what_has_no_task_state(self):
        for operation, raised in (('update', None), ('daily', RuntimeError('the database is away'))):
            self.context.request_id = 'req-' + operation
            server = objects.Instance.get_by_uuid(self.context, self.uuid)
            self.controller.note(self.context, server, operation)
            with self.raising(raised):
                with self.controller.noted(self.context, server, operation, {}):
                    if raised:
                        raise raised
            (found,) = [one for one in self.actions() if one[0] == names.ACTIONS[operation]]
            self.assertEqual((found[0], 'Error' if raised else None, [('api_' + found[0], 'Error' if raised else 'Success')]), found)

    @contextlib.contextmanager
    def raising(self, error):
        try:
            yield
            raised = None
        except Exception as caught:
            raised = caught
        self.assertIs(error, raised)
