"""Restore points as the API lists them, and what is lost by what.

Knows nothing of Horizon.
"""

import calendar
import time

ROOT = 'root'
LAST = 'last'
KEPT = 'kept'
# Who takes the daily ones.
DAILY = 'daily'


class RestorePoint(object):
    """A frozen state that the server can go back to."""

    def __init__(self, body):
        self.index = body['index']
        self.id = body['index']
        self.parent = body.get('parent')
        self.name = body.get('name') or ''
        self.description = body.get('description') or ''
        self.created_at = body.get('created_at')
        self.state = body.get('state')
        self.size = body.get('size')
        # None: not known, or a host with an older light-snapshot.
        self.frees = body.get('frees')
        self.current = bool(body.get('current'))
        self.kept = bool(body.get('kept', self.state == KEPT))
        self.consistency = body.get('consistency')
        self.safety = bool(body.get('safety'))
        self.daily = body.get('daily')
        # A user's id, or DAILY; None where nobody knows.
        self.taken_by = body.get('taken_by')
        # How it hangs in the tree, in characters: see tree.py.
        self.branch = u''
        self.previewed = False


class Listing(object):
    """All restore points of a server, oldest first, and its settings."""

    def __init__(self, body):
        self.points = [RestorePoint(each)
                       for each in body.get('light_snapshots') or []]
        self.enabled = bool(body.get('enabled'))
        self.committed = bool(body.get('committed'))
        self.store = bool(body.get('store'))
        # A recovery can keep what the disks hold now. A host with an older
        # light-snapshot cannot, and would refuse to be asked.
        self.safety = self.store and all(
            'safety' in each for each in body.get('light_snapshots') or [])
        self.daily = bool(body.get('daily'))
        self.disks = list(body.get('disks') or [])
        self.disks_left_out = list(body.get('disks_left_out') or [])
        self.size = body.get('size')
        # Bytes since the current restore point; None where nobody knows.
        self.written = body.get('written')
        self.progress = body.get('progress')
        # The index of the restore point that is previewed.
        self.preview = body.get('preview')
        limits = body.get('retention') or {}
        self.most, self.days = limits.get('count'), limits.get('days')
        quota = (body.get('quota') or {}).get('points') or {}
        self.quota = quota.get('limit') \
            if (quota.get('limit') or 0) >= 0 else None

    def by_index(self, index):
        """The restore point with this index, or None."""
        for point in self.points:
            if point.index == index:
                return point
        return None

    def by_state(self, state):
        """The newest restore point in this state, or None."""
        for point in reversed(self.points):
            if point.state == state:
                return point
        return None

    @property
    def default(self):
        """Where a recovery goes that names no restore point."""
        return self.by_state(LAST) or self.by_state(ROOT)

    @property
    def current(self):
        """The restore point that the server stands on, or None."""
        for point in self.points:
            if point.current:
                return point
        return None

    @property
    def fingerprint(self):
        """Changes whenever something else would be lost than before."""
        words = ['%s:%s%s%s' % (point.index, point.state,
                                '*' if point.current else '',
                                '+' if point.kept else '')
                 for point in self.points]
        return ','.join(words + ['store' if self.store else '',
                                 '' if self.preview is None
                                 else 'preview %s' % self.preview])

    @property
    def kept_bytes(self):
        """What the history takes."""
        return sum(point.size or 0 for point in self.points if point.kept)

    @property
    def live_bytes(self):
        """What the layers take that the server runs on."""
        return (self.written or 0) + sum(
            point.size or 0 for point in self.points if not point.kept)

    def dropped_by(self, target):
        """The restore points that a recovery to `target` takes away.

        Kept layers are history and stay. Of the live chain stays what the
        target stands on, and all of it where the server keeps its layers.
        """
        if self.store:
            return []
        above = {LAST: (), ROOT: (LAST,)}.get(target.state, (LAST, ROOT))
        return [point for point in self.points
                if point.state in above and not point.kept]

    def dropped_by_taking(self):
        """The restore points that the next snapshot takes away.

        Without history the last snapshot becomes part of the root disk, and
        what that was before is gone.
        """
        if self.store or self.by_state(LAST) is None:
            return []
        return [point for point in self.points
                if point.state == ROOT and not point.kept]

    def dropped_by_committing(self):
        """The restore points that a commit of all layers takes away."""
        return [point for point in self.points
                if point.state != KEPT and not point.kept and
                not (self.store and point.state == LAST)]

    def lost_by(self, target):
        """Bytes that a recovery to `target` discards; None if unknown."""
        if self.written is None:
            return None
        return self.written + sum(point.size or 0
                                  for point in self.dropped_by(target)
                                  if point.state == LAST)

    def expired(self, most, days, now=None):
        """The restore points that these limits take away at once.

        :param most: how many kept ones there may be; None: no limit
        :param days: how many days they stay; None: no limit
        :param now: seconds since 1970
        """
        kept = [point for point in self.points if point.kept]
        gone = set(point.index for point in kept[:-most]) if most else set()
        oldest = (time.time() if now is None else now) - (days or 0) * 86400
        for point in kept if days else ():
            made = seconds(point.created_at)
            if made is not None and made < oldest:
                gone.add(point.index)
        # Never what the server runs on.
        return [point for point in kept if point.index in gone and
                point.state == KEPT and not point.current]


def seconds(moment):
    """A time of the API in seconds since 1970; None if it is none."""
    try:
        return calendar.timegm(time.strptime(moment, '%Y-%m-%dT%H:%M:%SZ'))
    except (TypeError, ValueError):
        return None
