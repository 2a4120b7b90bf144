"""snapshotAll on one host: nova-api names the servers, and each gets its snapshot when its turn comes.

What became of each is in its instance actions, under the id of the one request, as after a snapshot of that server alone: also of
those that could have none.
"""

from __future__ import absolute_import

import logging
import threading

from light_snapshot.nova import driver as glue
from light_snapshot.nova import faults
from light_snapshot.nova import hooks
from light_snapshot.nova import manager as managers
from light_snapshot.nova import options
from light_snapshot.nova import turns

LOG = logging.getLogger(__name__)

#: Seconds that a service that stops takes to tell those that waited. Who is not told by then is in the log.
STOPPING = 5

_ATTRIBUTE = '_light_snapshot_together'
_MAKING = threading.Lock()


def add(manager, context, uuids, args):
    """Some servers of a compute manager's host wait for a snapshot.

    :param args: the snapshots' arguments
    :returns: {'accepted': [uuid]}: all but those that wait for one already; or a refusal: {'code', 'message'}
    """
    if hooks.problems:
        return {'code': 409, 'message': 'Light snapshots are switched off on this host, because this nova is one they do not '
                                        'know: %s. Nothing was changed.' % hooks.problems[0]}
    try:
        together = _of(manager)
    except Exception as exc:            # oslo.config's own, too
        return {'code': 409, 'message': 'The section [light_snapshot] of nova.conf on this host cannot be read: %s. Nothing was '
                                        'changed.' % exc}
    return {'accepted': together.add(context.elevated(), uuids, args)}


def stop(manager):
    """None begins any more; those under way go on as long as the process does."""
    together = manager.__dict__.pop(_ATTRIBUTE, None)
    if together is not None:
        together.stop()


def _of(manager):
    with _MAKING:
        found = manager.__dict__.get(_ATTRIBUTE)
        if found is None:
            found = Together(manager, options.together(glue.CONF)['all_concurrency'])
            setattr(manager, _ATTRIBUTE, found)
        return found


class Together(object):
    """The servers of one host that wait for the snapshot of a snapshotAll.

    :param concurrency: how many are taken at a time
    """

    def __init__(self, manager, concurrency):
        self.manager = manager
        # Whoever asked asks again.
        self.turns = turns.Turns(concurrency, self._take, lambda _uuid, _exc: None)

    def add(self, context, uuids, args):
        """:returns: the uuids of those that do not wait already"""
        return self.turns.add(uuids, (context, args))

    def stop(self):
        waited = self.turns.stop()
        if waited:
            LOG.warning('light-snapshot: the service stops: %d servers that waited for a light snapshot of all get none: %s',
                        len(waited), ', '.join(uuid for uuid, _asked in waited))
            told = threading.Event()
            # The conductor may be away as well: the service's end waits for nobody.
            managers.in_background(self._tell_stopped, waited, told)
            told.wait(STOPPING)

    def _tell_stopped(self, waited, told):
        for uuid, (context, _args) in waited:
            context.update_store()
            self._none(context, uuid, 'nova-compute of its host was stopped before its turn came. Ask for it again')
        told.set()

    def _take(self, uuid, asked):
        context, args = asked
        context.update_store()          # what oslo.log prefixes our lines with
        try:
            answer = turns.take(self.manager, context, uuid, lambda _instance: dict(args))
        except turns.NotNow as exc:
            self._none(context, uuid, exc)
            return
        except Exception as exc:
            LOG.exception('light-snapshot: the light snapshot of %s could not be begun', uuid)
            self._none(context, uuid, 'it could not be begun (%s: %s)' % (type(exc).__name__, exc))
            return
        if answer.get('code'):
            LOG.warning('light-snapshot: no light snapshot of %s: %s', uuid, answer['message'])
        else:
            LOG.info('light-snapshot: light snapshot of %s: restore point %s', uuid, answer.get('index'))

    def _none(self, context, uuid, why):
        """A server gets none: in the log, and where the outcome of the others is."""
        LOG.warning('light-snapshot: no light snapshot of %s: %s', uuid, why)
        faults.tell(context, self.manager.host, uuid, turns.OPERATION,
                    'No light snapshot was taken of server %s: %s. Nothing was changed.' % (uuid, why))
