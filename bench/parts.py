"""Where the time of an engine operation goes: clocks on the calls that leave our own code."""

import contextlib
import time

from light_snapshot.engine import privileged
from light_snapshot.engine import record as records


class Clock:
    """Seconds by name, summed up over the calls of one operation, and kept operation by operation."""

    def __init__(self):
        self.now = {}
        self.kept = {}

    def timed(self, name, function):
        def run(*args, **kwargs):
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.now[name] = self.now.get(name, 0.0) + time.perf_counter() - began
        return run

    def keep(self, total):
        """The operation is over: what is not under any clock is our own code."""
        self.now['our own code, and what has no clock'] = total - sum(self.now.values())
        for name, seconds in self.now.items():
            self.kept.setdefault(name, []).append(seconds)
        self.now = {}


class Dom:
    """A libvirt domain whose calls are clocked."""

    def __init__(self, dom, clock):
        self._dom, self._clock = dom, clock

    def __getattr__(self, name):
        call = getattr(self._dom, name)
        label = 'libvirt: ' + name if name in ('snapshotCreateXML', 'blockCommit') else 'libvirt: asking'
        return self._clock.timed(label, call)


@contextlib.contextmanager
def clocks(clock):
    """Clocks on qemu-img, on the fsyncs of layers and on the record."""
    places = ((privileged, '_run', 'qemu-img (a process)'), (privileged, 'fsync', 'fsync of the new layer'),
              (records.Record, 'save', 'the record: written, fsynced, renamed'))
    before = [(place, name, getattr(place, name)) for place, name, _label in places]
    try:
        for place, name, label in places:
            setattr(place, name, clock.timed(label, getattr(place, name)))
        yield
    finally:
        for place, name, original in before:
            setattr(place, name, original)
