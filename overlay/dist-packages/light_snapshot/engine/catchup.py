"""Letting an active commit catch up with a guest that never stops writing: rate, then a short pause, then giving up.

An active commit is over when nothing is left to copy, and what the guest writes meanwhile has to be copied, too. As
long as it gets there in time the guest is left alone. Else its writes on that disk are limited, step by step lower; at
the lowest step it is paused, for an instant that is bounded. Whatever happens, it gets back the limits that it had.
"""

import logging
import time

from light_snapshot.engine import errors

LOG = logging.getLogger(__name__)

POLL = 0.05             # seconds between two looks at the block job
STEP = 5                # seconds that a lower rate has to show what it does
LOWER = 4               # each rate is this part of the one before
MIB = 2 ** 20


def _libvirt():
    import libvirt
    return libvirt


class CatchUp(object):
    """One active commit's way to `ready`, on one disk.

    :param domain: `domain.Domain`
    :param options: {'commit_timeout', 'commit_slow_after', 'commit_slowest', 'commit_pause_limit'}
    :param note: callable(**changes): makes keys of the job durable, before what they say is done. `rates`: device ->
        the limits that it had; `paused`: whether the guest is paused by us
    :param job: what is noted already, by a run that was cut off
    """

    def __init__(self, domain, options, note, job):
        self.domain = domain
        self.options = options
        self._note = note
        self._rates = dict(job.get('rates') or {})
        self._paused = bool(job.get('paused'))
        self._tried_pause = False
        self._rate = None           # bytes a second that the guest may write now; None: what it likes
        self._can_slow = True

    # ---- the wait

    def wait(self, base):
        """Returns when the commit into `base` is ready for the pivot. The guest may be paused then, and its rates
        lowered: `put_back` once it is paused.

        :raises EngineError: when the commit ended by itself, or has not caught up after `commit_timeout` seconds and
            was aborted. Call `undo` then.
        """
        self.undo()
        began = time.time()
        end, self._seen = began + self.options['commit_timeout'], None
        look = began + self.options['commit_slow_after']
        while not self.domain.is_ready():
            status = self.domain.job()
            if not status:
                raise errors.EngineError('The commit into %s ended before it was complete; the server runs on its '
                                         'layers as before. Try again.' % base)
            now = time.time()
            if self._seen is None and (status.get('end', 0) > 1 or now >= look):
                self._see(status, now)      # before it knows how much there is, libvirt says 0 of 1
            if now > end:
                self.domain.abort()
                raise errors.EngineError('The server writes faster than its layers can be committed (%d s); it runs on '
                                         'its layers as before. Stop the server, or lower its load, and try again.'
                                         % self.options['commit_timeout'])
            if now >= look and self._seen[0] < now:
                self._look(status, now, end)
                patience = self.options['commit_slow_after']
                look = time.time() + (patience if self._rate is None else min(STEP, patience))
            time.sleep(POLL)

    def undo(self):
        """Resume the guest if it is paused by us, and put its rates back."""
        if self._paused:
            if self.domain.is_running() and self.domain.is_paused():
                self.domain.resume()
            self._paused = False
            self._note(paused=False)
        self.put_back()

    def put_back(self):
        """Give the guest the limits that it had. Of a guest that is off nothing is left to put back."""
        if not self._rates:
            return
        if self.domain.is_running():
            for target in sorted(self._rates):
                self._set(target, self._rates[target])
        self._rates, self._rate = {}, None
        self._note(rates={})

    # ---- what is done for it

    def _see(self, status, now):
        """Bytes that are left, copied and written by the guest so far."""
        self._seen = (now, status.get('end', 0) - status.get('cur', 0), status.get('cur', 0), self._written())

    def _look(self, status, now, end):
        """Whether it will be ready in time; else the next step."""
        before = self._seen
        self._see(status, now)
        seconds = now - before[0]
        left = self._seen[1]
        fell, copied, written = [(self._seen[part] - before[part]) / seconds for part in (1, 2, 3)]
        # A guest that is slowed down already shall not be so for long.
        patience = (end - now) / 2 if self._rate is None else self.options['commit_slow_after']
        if fell < 0 and left / -fell <= patience:
            return
        if not self._slow_down(written):
            self._pause(left, copied)

    def _written(self):
        return self.domain.dom.blockStats(self.domain.target)[3]

    def _slow_down(self, written):
        """Limit the guest's writes to a part of what they are: False at the lowest rate, or where that cannot be."""
        lowest = self.options['commit_slowest'] * MIB
        fastest = written if self._rate is None else min(self._rate, max(written, lowest))
        if not self._can_slow or fastest <= lowest:
            return False
        rate = max(lowest, int(fastest / LOWER))
        target = self.domain.target
        libvirt = _libvirt()
        try:
            if target not in self._rates:
                self._rates[target] = _plain(self.domain.dom.blockIoTune(target, 0))
                self._note(rates=self._rates)
            self._set(target, _limited(self._rates[target], rate))
        except libvirt.libvirtError as exc:
            LOG.warning('light-snapshot: writes on %s of %s cannot be limited: %s', target, self.domain.dom.name(), exc)
            self._can_slow = False
            if self._rate is None:
                self._rates.pop(target, None)       # never changed
                self._note(rates=self._rates)
            return False
        LOG.info('light-snapshot: writes on %s of %s are limited to %d bytes a second, until its commit has caught up',
                 target, self.domain.dom.name(), rate)
        self._rate = rate
        return True

    def _set(self, target, limits):
        self.domain.dom.setBlockIoTune(target, limits, _libvirt().VIR_DOMAIN_AFFECT_LIVE)

    def _pause(self, left, copied):
        """Pause the guest, once, if that will be enough. It stays paused when it was: the pivot is next."""
        limit = self.options['commit_pause_limit']
        if self._tried_pause or left > copied * limit or self.domain.is_paused():
            return
        self._tried_pause = self._paused = True
        self._note(paused=True)
        self.domain.pause()
        end = time.time() + limit
        while time.time() < end:
            if self.domain.is_ready():
                return
            time.sleep(POLL)
        self.domain.resume()
        self._paused = False
        self._note(paused=False)


def _plain(limits):
    """Limits as they can be noted, and given back."""
    return dict((str(key), value) for key, value in limits.items() if key != 'group_name')


def _limited(limits, rate):
    """The same limits with at most `rate` bytes a second of writes. libvirt takes a disk's limits on bytes as a whole,
    and either for reads and writes together or for each."""
    which = 'total_bytes_sec' if limits.get('total_bytes_sec') else 'write_bytes_sec'
    changed = dict(limits)
    changed[which] = min(rate, limits.get(which) or rate)
    for burst in (which + '_max', which + '_max_length'):
        if burst in changed:
            changed[burst] = 0
    return changed
