"""A daily window over all servers, on clocks on which it is about noon, so that no midnight comes in between."""

import collections
import datetime
import math
import statistics
import time

import bench.scale
from bench.scale import many
from bench.scale import seed
from light_snapshot.engine import record as records
from light_snapshot.nova import schedule

PARTS = 4       # of the window, for the spread
INTERVAL = 5    # seconds between two looks of a host: short, as the window is


class Clock:
    """A zone in which it is noon now."""

    def __init__(self):
        hours = (12 - datetime.datetime.utcnow().hour + 11) % 24 - 11
        self.zone = '%s%02d:00' % ('-' if hours < 0 else '+', abs(hours))
        self._ahead = datetime.timedelta(hours=hours)

    def at(self, seconds):
        return datetime.datetime.utcfromtimestamp(seconds) + self._ahead

    @property
    def day(self):
        return self.at(time.time()).date().isoformat()

    @property
    def yesterday(self):
        return (self.at(time.time()).date() - datetime.timedelta(1)).isoformat()


class Window:
    """A window that opens at a full minute, in `lead` seconds at the earliest."""

    def __init__(self, clock, lead, minutes):
        self.opens = math.ceil((time.time() + lead) / 60) * 60
        self.seconds, self.day = 60 * minutes, clock.day
        start = clock.at(self.opens).strftime('%H:%M')
        self.options = '\n'.join('daily_%s = %s' % pair for pair in (
            ('start', start), ('window', minutes), ('timezone', clock.zone), ('interval', INTERVAL)))
        self._schedule = schedule.Schedule(start, minutes, clock.zone)

    @property
    def closes(self):
        return self.opens + self.seconds

    def slot(self, uuid):
        """When a server's own slot comes, in seconds since 1970."""
        return self._schedule.latest(uuid, self.closes)[0]


class Result:
    """What became of a window over so many servers."""

    def __init__(self, window, outcome):
        self.outcome = outcome
        late = sorted(entry['began'] - window.slot(entry['what']) for entry in outcome.taken)
        self.late50, self.late95 = statistics.median(late), late[math.ceil(0.95 * len(late)) - 1]
        self.early = sum(1 for seconds in late if seconds < 0)
        parts = collections.Counter(min(int((entry['began'] - window.opens) * PARTS // window.seconds), PARTS) for entry in outcome.taken)
        #: How many began in each part of the window, and after it.
        self.parts = [parts[number] for number in range(PARTS + 1)]
        self.listed = collections.Counter(_listed(number, window.day) for number in range(outcome.servers))


def _listed(number, day):
    """How many restore points of a server are its daily one of this day, as its record says."""
    host = bench.scale.HOSTS[number % len(bench.scale.HOSTS)]
    record = records.load(str(bench.scale.instances(host) / seed.uuid_of(number)))
    return sum(1 for point in record.points.values() if point.get('daily') == day)


def run(stack, window, servers):
    """Wait for the window, and for what it brings."""
    time.sleep(max(0.0, window.opens - time.time()))
    cpu, statements = stack.cpu(), stack.counters['conductor'].value
    many.wait(stack, servers, window.opens, window.seconds + 300)
    # Whoever had a second turn would have begun it by the next look.
    time.sleep(2 * INTERVAL)
    return Result(window, many.Outcome(stack, servers, window.opens, cpu, statements))
