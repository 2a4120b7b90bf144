"""What became of an operation, where nova keeps it: in the server's instance actions, and its faults."""

from __future__ import absolute_import

import logging

from webob import exc as answers

from nova import exception
from nova import objects
from nova.compute import utils as compute_utils

from light_snapshot.engine import errors
from light_snapshot.nova import names
from light_snapshot.nova import places

LOG = logging.getLogger(__name__)


def in_words(exc):
    """An exception as nova shows it to users. Of one that is not nova's own it shows, from some release on, the name of the class
    alone; what the engine says is made for who meets it."""
    if isinstance(exc, answers.HTTPException):      # nova-api's, to the user
        return exception.NovaException(exc.explanation)
    return exception.NovaException(str(exc)) if isinstance(exc, errors.EngineError) else exc


class Event(object):
    """For `with`: the event of an operation in an action's record, with what is raised within.

    :param host: of the service
    :param service: nova's that does it
    """

    def __init__(self, context, host, operation, uuid, service='compute'):
        self._reporter = places.event_reporter(context, host, '%s_%s' % (service, names.ACTIONS[operation]), uuid)

    def __enter__(self):
        self._reporter.__enter__()

    def __exit__(self, kind, exc, trace):
        if exc is None:
            return self._reporter.__exit__(None, None, None)
        shown = in_words(exc)
        return self._reporter.__exit__(type(shown), shown, trace)


def add(context, instance, exc, info):
    """Put a fault on a server.

    :param info: `sys.exc_info()`
    """
    compute_utils.add_instance_fault_from_exc(context, instance, in_words(exc), info)


def tell(context, host, uuid, operation, words):
    """An operation that came to nothing, in a server's actions; never raises."""
    try:
        objects.InstanceAction.action_start(context, uuid, names.ACTIONS[operation], want_result=False)
        with Event(context, host, operation, uuid):
            raise errors.EngineError(words)
    except errors.EngineError:
        pass
    except Exception as exc:
        LOG.warning('light-snapshot: this could not be told in the actions of %s: %s', uuid, exc)
