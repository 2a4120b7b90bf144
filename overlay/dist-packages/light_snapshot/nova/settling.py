"""What the last nova-compute of a host left under way is finished or undone, when the service starts."""

from __future__ import absolute_import

import logging
import sys

import nova.context

from light_snapshot.engine import errors
from light_snapshot.nova import faults
from light_snapshot.nova import manager as managers
from light_snapshot.nova import names

LOG = logging.getLogger(__name__)


def settle_all(manager, instances):
    """Finish or undo what the last nova-compute of this host left under way."""
    context = nova.context.get_admin_context()
    for instance in instances:
        try:
            _settle_one(manager, context, instance)
        except Exception:
            LOG.exception('light-snapshot: %s could not be looked at; this is done before the next operation', instance.uuid)


def _settle_one(manager, context, instance):
    """What cannot be finished stays in the record, and the next operation begins with it: that there can be one, the
    task state is given back all the same. So does what must not be finished now: a rescue system has the files open, or saved
    memory names them."""
    operation = names.operation_of(instance.task_state)
    work = managers.Work(manager, context, instance, operation, {})
    try:
        work.settle()
    except errors.Held as exc:
        LOG.info('light-snapshot: %s is left as it is: %s', instance.uuid, exc)
        if operation is not None:
            _tell_unsettled(work, exc, '')
    except Exception as exc:
        LOG.exception('light-snapshot: what was under way for %s could not be finished; it is tried again before '
                      'the next operation', instance.uuid)
        if operation is not None:
            _tell_unsettled(work, exc, ' If the server is off, hard reboot it.')
    work.end(aside=True)


def _tell_unsettled(work, exc, advice):
    """What was cut off and could not be finished: in the server's actions, and as a fault."""
    words = ('nova-compute was stopped in it, and what it had begun could not be finished. This is tried again before the next '
             'operation.%s %s' % (advice, exc))
    try:
        faults.add(work.context, work.instance, errors.EngineError(words), sys.exc_info())
    except Exception as error:
        LOG.warning('light-snapshot: no fault could be put on %s: %s', work.instance.uuid, error)
    faults.tell(work.context, work.manager.host, work.instance.uuid, work.operation, words)
