"""What all our controllers do before and around what they ask a compute host for: rights, states, the task state, the
action's record, and refusals in words."""

from __future__ import absolute_import

import oslo_messaging as messaging
from webob import exc

from nova import exception
from nova import objects
from nova import servicegroup
from nova.api.openstack import common
from nova.api.openstack import wsgi
from nova.compute import api as compute
from nova.compute import vm_states

from light_snapshot.nova import names
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import quota
from light_snapshot.nova import rpcapi

STATES = (vm_states.ACTIVE, vm_states.STOPPED)


class NotAsked(exc.HTTPConflict):
    """A 409 for a request that never reached the compute host. Any other refusal comes from the host, which has
    given the task state back itself: whoever has it by then is somebody else."""

    code = 409


class Controller(wsgi.Controller):
    """The base of our controllers."""

    def __init__(self):
        super(Controller, self).__init__()
        self.compute_api = compute.API()
        self.rpcapi = rpcapi.ComputeAPI()
        self.servicegroup = servicegroup.API()

    def find(self, req, server_id, verb):
        """(context, the server), for someone who may do this to it: 404 and 403 otherwise."""
        context = req.environ['nova.context']
        instance = common.get_instance(self.compute_api, context, server_id, expected_attrs=['flavor'])
        policy.authorize(context, verb, instance)
        return context, instance

    def check_state(self, context, instance, title, states=STATES):
        """409 where the server's state forbids the action."""
        def refuse(why):
            raise exc.HTTPConflict(explanation='Cannot %s for server %s: %s. Nothing was changed.'
                                               % (title, instance.uuid, why))
        if getattr(instance, 'locked', False) and not context.is_admin:
            refuse('it is locked')
        if instance.vm_state not in states:
            refuse('it is %s, and has to be %s' % (instance.vm_state, ' or '.join(states)))
        if instance.task_state is not None:
            refuse('another task is under way (%s)' % instance.task_state)
        if places.is_volume_backed(self.compute_api, context, instance):
            refuse('it boots from a volume, which cannot carry layers; use the volume\'s own snapshots')

    def check_host(self, context, instance):
        """409 where the server's compute host cannot be asked."""
        if not instance.host:
            raise NotAsked(explanation='The server is on no compute host. Nothing was changed.')
        try:
            service = objects.Service.get_by_compute_host(context, instance.host)
        except exception.NotFound:
            service = None
        if service is None or not self.servicegroup.service_is_up(service):
            raise NotAsked(explanation='The compute host %s is down. Nothing was changed.' % instance.host)

    def call(self, method, context, instance, **kwargs):
        """Ask the instance's host; its refusals, and its silence, become answers in words."""
        try:
            answer = getattr(self.rpcapi, method)(context, instance, **kwargs)
        except messaging.MessagingTimeout:
            raise exc.HTTPConflict(explanation='The compute host %s did not answer in time. It may still do what was '
                                               'asked: look at the server\'s events.' % instance.host)
        except messaging.RemoteError as error:
            if not is_unknown(error):
                raise
            raise NotAsked(explanation=NOT_THERE[rpcapi.is_new(method, **kwargs)] % instance.host)
        if answer.get('code') == 404:
            raise exc.HTTPNotFound(explanation=answer['message'])
        if answer.get('code') == 409:
            raise exc.HTTPConflict(explanation=answer['message'])
        if answer.get('code'):
            raise exc.HTTPInternalServerError(explanation=answer['message'])
        return answer

    def operate(self, req, server_id, verb, operation, title, states=STATES, allow=None, **args):
        """Begin an operation on a server; its work goes on in the background.

        :param verb: of the policy
        :param title: what the user wants, for 'Cannot ... for server'
        :param states: the vm_states in which it may begin
        :param allow: refuses what its quota does not allow, by (context, instance)
        :returns: (context, instance, the host's answer)
        """
        context, instance = self.find(req, server_id, verb)
        self.check_state(context, instance, title, states)
        self.check_host(context, instance)
        if allow is not None:
            allow(context, instance)
        self.begin(context, instance, operation)
        try:
            return context, instance, self.call('operate', context, instance, operation=operation, args=args)
        except NotAsked:
            self._give_back(instance, operation)
            raise

    def take(self, req, server_id, options):
        """Take a light snapshot.

        :param options: `name`, `description`, `quiesce`, each or none of them
        :returns: (the server, the restore point as the answer to the user shows it)
        """
        words = {'name': options.get('name', ''), 'description': options.get('description', '')}
        _context, instance, answer = self.operate(req, server_id, 'create', 'snapshot', 'take a light snapshot',
                                                  allow=quota.check, quiesce=options.get('quiesce', False), **words)
        return instance, dict(words, index=answer['index'])

    def begin(self, context, instance, operation):
        """The action's record and the task state; whoever comes second gets a 409."""
        objects.InstanceAction.action_start(context, instance.uuid, names.ACTIONS[operation], want_result=False)
        if operation in names.TASK_STATES:
            instance.task_state = names.TASK_STATES[operation]
            try:
                instance.save(expected_task_state=[None])
            except exception.UnexpectedTaskStateError:
                raise exc.HTTPConflict(explanation='Another task has just begun for server %s. Nothing was changed.'
                                                   % instance.uuid)

    @staticmethod
    def _give_back(instance, operation):
        try:
            instance.refresh()
            if instance.task_state == names.TASK_STATES[operation]:
                instance.task_state = None
                instance.save()
        except exception.InstanceNotFound:
            pass


def is_unknown(error):
    """Whether a host's error says that it does not know what it is asked for."""
    return 'UnsupportedVersion' in str(error.exc_type) or 'NoSuchMethod' in str(error.exc_type)


#: Whether the host was asked for something new -> what it means that it does not know it.
NOT_THERE = {
    False: 'light-snapshot is not installed on the compute host %s. Nothing was changed.',
    True: 'The compute host %s has an older light-snapshot that cannot do this, or none. Nothing was changed. Install '
          'this release there, then try again.',
}
