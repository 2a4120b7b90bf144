"""Daily snapshots, taken by nova-compute itself: which servers of the host are due (see `schedule`), a few at a time, on the
way that nova-api's requests take.

The record on the server's disk notes up to when it has been seen to, in the same durable step as the snapshot: no restart and
no crash makes two of one. A server that is busy has its turn later; one that fails is tried again after a while.
"""

from __future__ import absolute_import

import logging
import time

import nova.context

from light_snapshot.engine import errors
from light_snapshot.nova import driver as glue
from light_snapshot.nova import hooks
from light_snapshot.nova import manager as managers
from light_snapshot.nova import options
from light_snapshot.nova import schedule as schedules
from light_snapshot.nova import turns

LOG = logging.getLogger(__name__)

#: Seconds until a server whose snapshot failed is tried again; each time twice as long, up to the second.
RETRY, RETRY_MOST = 3600, 6 * 3600
NOTHING = {'slot': '', 'taken': ''}

_ATTRIBUTE = '_light_snapshot_daily'


def start(manager):
    """Begin to take the daily snapshots of a compute manager's host, in the background."""
    stop(manager)
    # By the class's name: nova's own tests put much in the place of a driver.
    if hooks.problems or not any(one.__name__ == 'LibvirtDriver' for one in type(manager.driver).__mro__):
        return
    try:
        values = options.daily(glue.CONF)
        schedule = schedules.Schedule(values['daily_start'], values['daily_window'], values['daily_timezone'])
    except Exception as exc:        # oslo.config's own, too; nova itself starts all the same
        LOG.error('light-snapshot: this host takes no daily light snapshots: %s. Put it right in the section '
                  '[light_snapshot] of nova.conf and restart nova-compute.', exc)
        return
    if not values['daily_concurrency']:
        LOG.info('light-snapshot: daily_concurrency is 0: this host takes no daily light snapshots')
        return
    daily = Daily(manager, schedule, values['daily_concurrency'], values['daily_interval'])
    setattr(manager, _ATTRIBUTE, daily)
    managers.in_background(daily.run)


def stop(manager):
    """None begins any more; those under way go on as long as the process does."""
    daily = manager.__dict__.pop(_ATTRIBUTE, None)
    if daily is not None:
        daily.stop()


class Daily(object):
    """The daily snapshots of one host.

    :param schedule: `schedule.Schedule`
    :param concurrency: how many are taken at a time
    :param interval: seconds between two looks
    """

    def __init__(self, manager, schedule, concurrency, interval):
        self.manager = manager
        self.schedule = schedule
        self.interval = interval
        self.turns = turns.Turns(concurrency, lambda uuid, _what: self._take(uuid),
                                 lambda uuid, exc: self._skip(uuid, exc, time.time()))
        self._stopped = self._failing = False
        self._noted = {}            # uuid -> what its record notes, or has noted earlier
        self._failed = {}           # uuid -> (how often, when it is tried again)

    def run(self):
        """Until `stop`; never raises."""
        while not self._stopped:
            time.sleep(self.interval)
            if self._stopped:
                return
            try:
                self.look()
                self._failing = False
            except Exception as exc:
                # The database, or the message queue, is away, or the conductor's light-snapshot is an older one: told once.
                if not self._failing:
                    LOG.warning('light-snapshot: which daily light snapshots are due cannot be told yet: %s: %s',
                                type(exc).__name__, exc)
                self._failing = True

    def stop(self):
        self._stopped = True
        self.turns.stop()

    # ---- what is due

    def look(self):
        """One look: who is due waits for a turn, and workers begin."""
        self.turns.replace(self.due(time.time()))

    def due(self, now):
        """The uuids of the servers that are due, the longest first; one query."""
        from light_snapshot.nova import state
        listed = state.LightSnapshotDaily.get(nova.context.get_admin_context(), self.manager.host).uuids
        for known in (self._noted, self._failed):
            for uuid in set(list(known)) - set(listed):
                known.pop(uuid, None)
        found = [(self._due(uuid, now), uuid) for uuid in listed]
        return [uuid for came, uuid in sorted(one for one in found if one[0] is not None)]

    def _due(self, uuid, now):
        """When the server's slot came, or None."""
        if self.turns.runs(uuid) or self._waits(uuid, now):
            return None
        known = self._noted.get(uuid, NOTHING)
        if self.schedule.due(uuid, known, now) is None and self.schedule.mended(known, now) is None:
            return None             # seen to for today: the record is not read again
        try:
            noted = self._read(uuid, now)
        except errors.Refused:
            return None             # something is under way for it: at the next look
        except errors.EngineError as exc:
            self._skip(uuid, exc, now)
            return None
        if noted is None:
            return None             # on its way to or from this host, or its columns are wrong: a check tells
        self._noted[uuid] = noted
        return self.schedule.due(uuid, noted, now)

    def _read(self, uuid, now):
        """What the record notes; of a server that is seen for the first time, it is noted now. None: no record."""
        record = glue.record_of(uuid)
        if record is None:
            return None
        noted = record.daily
        wanted = self.schedule.first(uuid, now) if noted is None else self.schedule.mended(noted, now)
        if wanted is None:
            return noted
        if noted is not None:
            LOG.warning('light-snapshot: the last daily light snapshot of %s is of %s, which is yet to come: the clock was '
                        'set back. Today counts as done.', uuid, max(noted.values()))
        glue.note_daily(uuid, wanted)
        return wanted

    def _waits(self, uuid, now):
        """Whether a server that failed is not tried again yet. (A clock that was set back must not make it wait for ever.)"""
        _count, again = self._failed.get(uuid, (0, now))
        return now < again <= now + RETRY_MOST

    def _skip(self, uuid, why, now):
        count = self._failed.get(uuid, (0, 0))[0]
        seconds = min(RETRY * 2 ** count, RETRY_MOST)
        self._failed[uuid] = count + 1, now + seconds
        LOG.warning('light-snapshot: the daily light snapshot of %s was not taken; it is tried again in %d minutes: %s',
                    uuid, seconds // 60, why)

    # ---- taking them

    def _take(self, uuid):
        noted = {}

        def arguments(instance):
            now = time.time()
            if not self._still_due(uuid, now) or not self._allowed(instance, now):
                return None
            noted.update(self.schedule.note(uuid, now))
            return {'name': 'daily-' + noted['taken'], 'description': '', 'quiesce': True, 'daily': noted}
        try:
            answer = turns.take(self.manager, nova.context.get_admin_context(), uuid, arguments, self._check_since)
        except turns.NotNow:
            return                  # its turn comes when that is over
        if answer is not None:
            self._done(uuid, noted, answer)

    def _check_since(self, instance):
        """What came before a server's daily snapshots were switched on is not due: that is noted.

        :raises NotNow: it is so
        """
        from light_snapshot.nova import state
        record = glue.record_of(instance.uuid)
        if record is None:
            return                  # `_still_due` says so
        wanted = self.schedule.renewed(instance.uuid, record.daily or NOTHING, state.daily_since(instance), time.time())
        if wanted is None:
            return
        try:
            glue.note_daily(instance.uuid, wanted)
        except errors.Refused as exc:
            raise turns.NotNow(str(exc))
        self._noted[instance.uuid] = wanted
        raise turns.NotNow('its daily light snapshots were switched on later')

    def _still_due(self, uuid, now):
        """Nobody else changes the server now: what is on its disk counts."""
        record = glue.record_of(uuid)
        if record is None or self.schedule.due(uuid, record.daily or NOTHING, now) is None:
            return False
        if record.preview:
            self._skip(uuid, 'the server shows a restore point as a preview. Keep the preview or undo it.', now)
            return False
        return True

    def _allowed(self, instance, now):
        """Whether its project may keep more. Of a server that does not keep its snapshots nothing is asked; and where nobody can
        tell, nothing is refused."""
        from light_snapshot.nova import state
        record = glue.record_of(instance.uuid)
        if record is None or not record.store:
            return True
        try:
            exceeded = state.LightSnapshotQuota.get(nova.context.get_admin_context(), instance.project_id).exceeded
        except Exception as exc:        # a conductor with an older light-snapshot, or nova_api out of its reach
            LOG.debug('light-snapshot: what project %s keeps cannot be told: %s', instance.project_id, exc)
            return True
        if exceeded is not None:
            self._skip(instance.uuid, 'quota exceeded for %s. Delete restore points, or say how many are kept '
                                      '(retainSnapshots)' % exceeded, now)
        return exceeded is None

    def _done(self, uuid, noted, answer):
        if answer.get('code'):
            self._skip(uuid, answer['message'], time.time())
            return
        self._failed.pop(uuid, None)
        self._noted[uuid] = noted
        LOG.info('light-snapshot: daily light snapshot of %s: restore point %s', uuid, answer.get('index'))
