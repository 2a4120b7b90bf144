"""What is wrong with a server's light snapshots: what the engine finds on the disk, and the database beside it."""

from __future__ import absolute_import

import logging
import threading

from nova import utils

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.nova import driver as glue

LOG = logging.getLogger(__name__)

CONFLICT = 409
# Seconds that a check waits for its turn: nova-api waits a minute for the answer, by default.
PATIENCE = 30


def findings(context, instance, engine, repair=False):
    """All that is wrong, as the engine tells it: a list of {'code', 'severity', 'file', 'message', 'repaired'}.

    :raises EngineError: the server cannot be looked at
    """
    try:
        found = engine.check(repair)
    except errors.Refused:
        if engine.enabled:
            raise
        # A plain server: what the database says of it is looked at all the same.
        found = []
    return found + _columns(context, instance, engine.record, repair)


def _finding(code, message, name=None, repaired=False):
    return {'code': code, 'severity': 'error', 'file': name, 'message': message, 'repaired': repaired}


def _columns(context, instance, record, repair):
    """The six columns, and the mark, against the record (None: not enabled), which is right. What is daily no record
    knows."""
    from light_snapshot.nova import state
    columns, expected, wrong = state.LightSnapshotState.get(context, instance.uuid), state.of_record(record), []
    for name in sorted(expected):
        # Of a flag, NULL is no.
        right = bool(expected[name]) if name in state.FLAGS else expected[name]
        if getattr(columns, name) != right:
            wrong.append('%s is %s and has to be %s' % (name, getattr(columns, name), right))
    if (instance.system_metadata.get(glue.MARK) == glue.MARKED) != (record is not None):
        wrong.append('the mark in its system metadata is %s' % ('missing' if record is not None else 'left over'))
    if not wrong:
        return []
    if repair:
        glue.save_columns(context, instance, record)
    return [_finding('columns', 'The database does not say of this server what its record says: %s. A repair writes '
                                'what the record says.' % '; '.join(wrong), repaired=repair)]


class Look(object):
    """One check that changes nothing. It takes the server's lock, since what is under way looks broken, but waits
    for it no longer than `PATIENCE`."""

    def __init__(self, driver, context, instance):
        self.driver, self.context, self.instance = driver, context, instance
        self._turn, self._done = threading.Event(), threading.Event()
        self._given_up = False
        self.answer = None

    def wait(self):
        """The answer: {'findings': [...]}, or a refusal."""
        if not self._turn.wait(PATIENCE):
            self._given_up = True
            return {'code': CONFLICT, 'message': 'Something else is under way for this server; it was not looked at. '
                                                 'Try again when that is done.'}
        self._done.wait()
        return self.answer

    def run(self):
        """In the background; never raises."""
        self.context.update_store()

        @utils.synchronized(self.instance.uuid)
        def locked():
            self._turn.set()
            if not self._given_up:
                self.answer = self._look()
        try:
            locked()
        except Exception as exc:
            LOG.exception('light-snapshot: the check of %s failed', self.instance.uuid)
            self.answer = {'code': 500, 'message': '%s: %s' % (type(exc).__name__, exc)}
        finally:
            self._turn.set()
            self._done.set()

    def _look(self):
        try:
            engine = glue.engine_of(self.driver, self.instance)
        except errors.Refused as exc:
            return {'code': CONFLICT, 'message': str(exc)}
        except errors.EngineError as exc:
            # A record that cannot be read is what a check is there to tell.
            return {'findings': [_finding('record', str(exc), layout.RECORD)]}
        try:
            return {'findings': findings(self.context, self.instance, engine)}
        except errors.EngineError as exc:
            return {'code': CONFLICT, 'message': str(exc)}
