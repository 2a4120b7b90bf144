"""Restore points as the API lists them, and what going back to one loses.

Knows nothing of Horizon.
"""

ROOT = 'root'
LAST = 'last'
KEPT = 'kept'


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
        self.current = bool(body.get('current'))
        self.consistency = body.get('consistency')


class Listing(object):
    """All restore points of a server, oldest first, and its settings."""

    def __init__(self, body):
        self.points = [RestorePoint(each)
                       for each in body.get('light_snapshots') or []]
        self.enabled = bool(body.get('enabled'))
        self.committed = bool(body.get('committed'))
        self.store = bool(body.get('store'))
        self.daily = bool(body.get('daily'))
        self.disks = list(body.get('disks') or [])
        self.disks_left_out = list(body.get('disks_left_out') or [])
        self.size = body.get('size')

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
    def fingerprint(self):
        """Changes whenever a recovery would lose something else than before."""
        return ','.join('%s:%s%s' % (point.index, point.state,
                                     '*' if point.current else '')
                        for point in self.points)

    def dropped_by(self, target):
        """The restore points that a recovery to `target` takes away.

        Kept layers are history and stay. Of the live chain stays what the
        target stands on, and all of it where the server keeps its layers.
        The root disk is counted as lost where it may have a kept copy that
        the listing does not tell of.
        """
        if self.store:
            return []
        above = {LAST: (), ROOT: (LAST,)}.get(target.state, (LAST, ROOT))
        return [point for point in self.points if point.state in above]
