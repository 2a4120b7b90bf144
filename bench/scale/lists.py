"""What requests cost, with light-snapshot and without, in turns: seconds, and statements that nova-api sends to its databases."""

import math
import statistics

from bench import table
from testbed import cloud as clouds


class Side:
    """One nova-api, and who asks it.

    :param session: a user's
    :param counter: of its statements
    :param processor: gives the seconds of the processor that it and the database have used up to now
    """

    def __init__(self, session, counter, processor):
        self.session, self.counter, self.processor = session, counter, processor

    def ask(self, path, cost=None):
        """One request; what it answers.

        :raises CloudError: unless that is a 200
        """
        statements, processor = self.counter.value, self.processor()
        answer = self.session.call('compute', 'GET', path)
        if answer.status != 200:
            raise clouds.CloudError('GET %s: %d %.300r' % (path, answer.status, answer.body), answer)
        if cost is not None:
            cost.seconds.append(answer.seconds)
            cost.processor.append(self.processor() - processor)
            cost.statements.append(self.counter.value - statements)
        return answer.body


class Cost:
    """Of one kind of request: seconds that it took, seconds of the processor, statements; each of all requests."""

    def __init__(self):
        self.seconds, self.processor, self.statements = [], [], []

    @property
    def p95(self):
        return sorted(self.seconds)[math.ceil(0.95 * len(self.seconds)) - 1]

    @property
    def cpu(self):
        """Seconds of the processor of one request: the median. A machine that is busy otherwise changes it little."""
        return statistics.median(self.processor)

    @property
    def queries(self):
        """Statements of one request: the median; the first ones of a process look up what they keep."""
        return statistics.median_low(self.statements)

    def __str__(self):
        return 'processor %.1f ms; p50 %.0f ms, p95 %.0f ms; %d queries (n = %d)' % (
            1000 * self.cpu, 1000 * statistics.median(self.seconds), 1000 * self.p95, self.queries, len(self.seconds))


def measure(sides, path, count, check):
    """Ask each side in turns.

    :param sides: {name: Side}
    :param check: of a side's name and an answer: raises AssertionError where it is not whole
    :returns: {name: Cost}
    """
    costs = {name: Cost() for name in sides}
    for number in range(count + 1):
        for name in list(sides) if number % 2 else list(sides)[::-1]:
            # The first of each is not counted: connections are made, and caches filled.
            check(name, sides[name].ask(path, costs[name] if number else None))
    return costs


def points(side, uuids, expected):
    """The lists of restore points of some servers, one request each, twice: the first time files are looked at that the host has
    not seen yet.

    :param expected: {how many each may have}
    :returns: (Cost of the first, Cost of the second)
    """
    first, second = Cost(), Cost()
    side.ask('/servers/%s/light-snapshots' % uuids[0])
    for cost in (first, second):
        for uuid in uuids[1:]:
            body = side.ask('/servers/%s/light-snapshots' % uuid, cost)
            assert len(body['light_snapshots']) in expected, '%s has %d restore points' % (uuid, len(body['light_snapshots']))
    return first, second


def growth(name, many, few, bound, unit):
    """A line that compares what one server costs among many with what it costs among few.

    :param bound: on the ratio, or None
    """
    return table.Line(name, unit % many, unit % few, many / few, bound and (table.AT_MOST, bound))
