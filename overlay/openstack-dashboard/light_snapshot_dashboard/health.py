"""What is wrong with a server's light snapshots: what a list of servers
tells, and what a check finds. Knows nothing of Horizon."""

import hashlib
import json
import time

from light_snapshot_dashboard import points

# Of a daily server nothing was taken for so long: a day, and the longest
# window in which it may be taken.
OVERDUE = 2 * 86400

UNKNOWN = 'unknown'
COMMITTED = 'committed'
LATE = 'late'

ERROR = 'error'


def symptoms(owner, now=None):
    """What the list alone tells of a server: some of UNKNOWN, COMMITTED,
    LATE.

    :param owner: an overview.Owner
    """
    found = []
    if owner.count is None:
        # Nobody has written it: a compute host with an older light-snapshot.
        found.append(UNKNOWN)
    if owner.committed:
        found.append(COMMITTED)
    if owner.daily and late(owner.created_at, now):
        found.append(LATE)
    return found


def late(taken_at, now=None):
    """True if a daily snapshot should have been taken since then; False
    where nobody knows."""
    taken = points.seconds(taken_at)
    now = time.time() if now is None else now
    return taken is not None and now - taken > OVERDUE


class Found(object):
    """What a check has found."""

    def __init__(self, findings):
        self.findings = list(findings or [])

    def of(self, severity):
        """The findings of this severity that are not repaired."""
        return [each for each in self.findings
                if each.get('severity') == severity and
                not each.get('repaired')]

    @property
    def errors(self):
        """What breaks something and is not repaired."""
        return self.of(ERROR)

    @property
    def left(self):
        """All that is not repaired."""
        return [each for each in self.findings if not each.get('repaired')]

    @property
    def fingerprint(self):
        """Changes whenever something else is wrong than before."""
        said = [[each.get('code'), each.get('file'), each.get('message')]
                for each in self.left]
        return hashlib.sha256(json.dumps(said).encode('utf-8')) \
            .hexdigest()[:16] if said else ''
