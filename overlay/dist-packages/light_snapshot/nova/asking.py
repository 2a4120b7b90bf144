"""What all our controllers do before and around what they ask a compute host for: rights, states, the task state, the
action's record, and refusals in words."""

from __future__ import absolute_import

import contextlib
import logging

from oslo_config import cfg
import oslo_messaging as messaging
from oslo_utils import excutils
from webob import exc

from nova import exception
from nova import objects
from nova import servicegroup
from nova.api.openstack import common
from nova.api.openstack import wsgi
from nova.compute import api as compute
from nova.compute import vm_states

from light_snapshot.nova import faults
from light_snapshot.nova import names
from light_snapshot.nova import notifications
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import quota
from light_snapshot.nova import rpcapi
from light_snapshot.nova import state

LOG = logging.getLogger(__name__)

#: Statuses of what asks a compute host. A 500 of ours is in words, too.
ERRORS = (400, 403, 404, 409, 500)

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

    def find(self, req, server_id, *verbs):
        """(context, the server), for someone who may do all of this to it: 404 and 403 otherwise."""
        context = req.environ['nova.context']
        instance = common.get_instance(self.compute_api, context, server_id, expected_attrs=['flavor'])
        for verb in verbs:
            policy.authorize(context, verb, instance)
        return context, instance

    def check_state(self, context, instance, title, states=STATES):
        """409 where the server's state forbids the action.

        :param states: the vm_states in which it may begin; None: any
        """
        def refuse(why):
            raise exc.HTTPConflict(explanation='Cannot %s for server %s: %s. Nothing was changed.'
                                               % (title, instance.uuid, why))
        if getattr(instance, 'locked', False) and not context.is_admin:
            refuse('it is locked')
        if states is not None and instance.vm_state not in states:
            refuse('it is %s, and has to be %s' % (instance.vm_state, ' or '.join(states)))
        if instance.task_state is not None:
            refuse('another task is under way (%s)' % instance.task_state)
        if places.is_volume_backed(self.compute_api, context, instance):
            refuse('it boots from a volume, which cannot carry layers; use the volume\'s own snapshots')

    @staticmethod
    def check_enabled(context, instance):
        """409 for a plain server, which is not even given a task state. The columns say so; what is on the disk wins, but it is a
        repair that brings the two together."""
        if not state.read(context, [instance.uuid]).get(instance.uuid, {}).get('light_snapshot_enable'):
            raise exc.HTTPConflict(explanation='Light snapshots are not enabled for this server; nothing was changed. Enable them '
                                               'first. If they were enabled, check its light snapshots (checkSnapshots): a repair '
                                               'sets right what the database says.')

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
        except messaging.MessageDeliveryFailure as error:
            LOG.error('light-snapshot: the compute host %s could not be asked about server %s: %s', instance.host, instance.uuid, error)
            raise NotAsked(explanation='The compute host %s could not be asked: nova\'s message queue took no message. Nothing was '
                                       'changed. Try again later, or ask your operator.' % instance.host)
        except messaging.RemoteError as error:
            if not rpcapi.is_unknown(error):
                LOG.exception('light-snapshot: the compute host %s failed at what it was asked for server %s', instance.host,
                              instance.uuid)
                raise _failed(context, instance, '%s: %s' % (error.exc_type, error.value))
            raise NotAsked(explanation=NOT_THERE[rpcapi.is_new(method, **kwargs)] % instance.host)
        if answer.get('code') == 404:
            raise exc.HTTPNotFound(explanation=answer['message'])
        if answer.get('code') == 409:
            raise exc.HTTPConflict(explanation=answer['message'])
        if answer.get('code'):
            raise _failed(context, instance, answer['message'])
        return answer

    def operate(self, req, server_id, verb, operation, title, states=STATES, allow=None, also=(), **args):
        """Begin an operation on a server; its work goes on in the background.

        :param verb: of the policy
        :param also: further ones
        :param title: what the user wants, for 'Cannot ... for server'
        :param states: the vm_states in which it may begin
        :param allow: refuses what its quota does not allow, by (context, instance)
        :returns: (context, instance, the host's answer)
        """
        context, instance = self.find(req, server_id, verb, *also)
        self.check_state(context, instance, title, states)
        if operation not in names.OF_PLAIN:
            self.check_enabled(context, instance)
        self.check_host(context, instance)
        if allow is not None:
            allow(context, instance)
        self._claim(context, instance, operation, states)
        try:
            if allow is not None:
                allow(context, instance)        # what another request has taken since is counted now
            self.note(context, instance, operation)
        except Exception:
            with excutils.save_and_reraise_exception():
                self._give_back(instance, operation)
        try:
            return context, instance, self.call('operate', context, instance, operation=operation, args=args)
        except NotAsked as refusal:
            with excutils.save_and_reraise_exception():
                self._give_back(instance, operation)
                self._note_failure(context, instance, operation, refusal)

    def take(self, req, server_id, options):
        """Take a light snapshot.

        :param options: `name`, `description`, `quiesce`, each or none of them
        :returns: (the server, the restore point as the answer to the user shows it)
        """
        words = {'name': options.get('name', ''), 'description': options.get('description', '')}
        _context, instance, answer = self.operate(req, server_id, 'create', 'snapshot', 'take a light snapshot',
                                                  allow=quota.check, quiesce=options.get('quiesce', False), **words)
        return instance, dict(words, index=answer['index'])

    @staticmethod
    def _claim(context, instance, operation, states):
        """The task state; whoever comes second gets a 409, and leaves nothing behind."""
        instance.task_state = names.TASK_STATES[operation]
        try:
            instance.save(expected_vm_state=list(states), expected_task_state=[None])
        except exception.InstanceUpdateConflict:        # of either state
            raise exc.HTTPConflict(explanation='Another task has just begun for server %s. Nothing was changed.' % instance.uuid)
        except exception.InstanceNotFound as error:
            raise exc.HTTPNotFound(explanation=error.format_message())

    @staticmethod
    def note(context, instance, operation):
        """The action's record."""
        objects.InstanceAction.action_start(context, instance.uuid, names.ACTIONS[operation], want_result=False)

    @contextlib.contextmanager
    def noted(self, context, instance, operation, args):
        """Around what has no task state: an event of the action's record, which is there, and notifications, both of nova-api."""
        notices = notifications.Notices(context, instance.host, instance, operation, args, ('api', cfg.CONF.host))
        notices.start()
        try:
            with self._event(context, instance, operation):
                yield
        except Exception as error:
            with excutils.save_and_reraise_exception():
                notices.failed(error)
        finally:
            notices.end({})

    @staticmethod
    def _event(context, instance, operation):
        return faults.Event(context, cfg.CONF.host, operation, instance.uuid, 'api')

    def _note_failure(self, context, instance, operation, why):
        """The action's record says why nobody was asked: one that says nothing reads as a success."""
        try:
            with self._event(context, instance, operation):
                raise why
        except NotAsked:
            pass
        except Exception as error:
            LOG.warning('light-snapshot: this could not be told in the actions of %s: %s', instance.uuid, error)

    @staticmethod
    def _give_back(instance, operation):
        try:
            instance.refresh()
            if instance.task_state == names.TASK_STATES[operation]:
                instance.task_state = None
                instance.save()
        except exception.InstanceNotFound:
            pass


def _failed(context, instance, why):
    """A 500 in words. As nova does, only an administrator is told the words of an error that nobody expected.

    :param why: 'Type: message'
    """
    return exc.HTTPInternalServerError(explanation=(
        'The compute host %s failed at what it was asked (%s). What became of it is in the server\'s events, and more in the log of '
        'nova-compute there: ask your operator.' % (instance.host, why if context.is_admin else why.partition(':')[0])))


#: Whether the host was asked for something new -> what it means that it does not know it.
NOT_THERE = {
    False: 'light-snapshot is not installed on the compute host %s. Nothing was changed.',
    True: 'The compute host %s has an older light-snapshot that cannot do this, or none. Nothing was changed. Install '
          'this release there, then try again.',
}
