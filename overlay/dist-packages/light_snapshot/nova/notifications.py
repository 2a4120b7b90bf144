"""What observers are told of our operations: `instance.light_snapshot_create.start`, `.end`, `.error` and so on among nova's
versioned notifications, and `compute.instance.light_snapshot_create.start` among its old ones, as notification_format says.

Payloads are made as plain data: nova holds its notification classes against a list of its own, which is no place for ours. They
are sent beside the operation, one after the other: a message queue that is away holds nothing up and breaks nothing.
"""

from __future__ import absolute_import

import logging
import sys
import threading
import traceback

from light_snapshot.nova import names
from light_snapshot.nova import places

LOG = logging.getLogger(__name__)

# 1.1: `enable`.
NAME, VERSION = 'LightSnapshotPayload', '1.1'


class Notices(object):
    """What is told of one operation on one server.

    :param host: the server's
    :param args: the operation's arguments
    :param teller: (nova's service, its host) that tells of it; None: nova-compute of the server's host
    """

    def __init__(self, context, host, instance, operation, args, teller=None):
        self._context, self._host, self._instance = context, host, instance
        self._teller = teller or ('compute', host)
        self._operation, self._args = operation, args
        self._fault = self._last = None

    def start(self):
        """The operation is about to begin."""
        self._tell('start', {})

    def failed(self, error):
        """Within the `except` that has caught it: why it failed."""
        frames = traceback.extract_tb(sys.exc_info()[2])
        self._fault = {'module_name': type(error).__module__, 'function_name': frames[-1][2] if frames else '',
                       'exception': type(error).__name__, 'exception_message': str(error)}

    def end(self, answer):
        """It is over, its task state given back.

        :param answer: the operation's
        """
        self._tell('error' if self._fault else 'end', answer)

    def wait(self):
        """Until all of it is sent, or was given up."""
        if self._last is not None:
            self._last.join()

    # ---- sending

    def _tell(self, suffix, answer):
        try:
            facts = self._facts(answer)
        except Exception as exc:
            LOG.warning('light-snapshot: the notification of %s of %s was not made: %s', self._operation,
                        self._instance.uuid, exc)
            return
        thread = threading.Thread(target=self._send, args=(self._last, suffix, facts))
        thread.daemon = True
        self._last = thread
        thread.start()

    def _send(self, before, suffix, facts):
        if before is not None:
            before.join()
        event = '%s.%s' % (names.ACTIONS[self._operation], suffix)
        try:
            for versioned, notifier in places.notifiers(*self._teller):
                tell = notifier.error if suffix == 'error' else notifier.info
                if versioned:
                    tell(self._context, event_type='instance.' + event, payload=_versioned(facts))
                else:
                    tell(self._context, 'compute.instance.' + event, _old(facts))
        except Exception as exc:
            LOG.warning('light-snapshot: the notification %s of %s was not sent: %s', event, facts['uuid'], exc)

    def _facts(self, answer):
        """The payload but for the form that it is told in."""
        one = self._instance
        return {'uuid': one.uuid, 'display_name': one.display_name, 'tenant_id': one.project_id, 'user_id': one.user_id,
                'host': self._host, 'state': one.vm_state, 'task_state': one.task_state, 'operation': self._operation,
                'index': answer.get('index', self._args.get('index')), 'name': self._args.get('name'),
                'enable': self._args.get('enable'),
                'action_initiator_user': self._context.user_id, 'action_initiator_project': self._context.project_id,
                'fault': self._fault}


def _object(name, namespace, version, data):
    return {'nova_object.name': name, 'nova_object.namespace': namespace, 'nova_object.version': version,
            'nova_object.data': data}


def _versioned(facts):
    fault = facts['fault']
    return _object(NAME, 'light_snapshot', VERSION, dict(
        facts, fault=_object('ExceptionPayload', 'nova', '1.0', fault) if fault else None))


def _old(facts):
    """In the words of nova's old payloads."""
    told = dict(facts, instance_id=facts['uuid'])
    fault = told.pop('fault')
    del told['uuid']
    return dict(told, exception=fault['exception'], message=fault['exception_message']) if fault else told
