"""Guests of the tests' own on the machine's libvirt, without nova: the bench's laboratory."""

import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench import lab as labs  # noqa: E402
from light_snapshot.engine import domain as domains  # noqa: E402
from light_snapshot.engine import engine as engines  # noqa: E402


class SlowStorage:
    """A virDomain whose commits copy `speed` MiB a second from their start on, and that tells how far they are."""

    def __init__(self, dom, speed, progress):
        self._dom, self._speed, self._progress = dom, speed, progress

    def __getattr__(self, name):
        return getattr(self._dom, name)

    def blockCommit(self, target, base, top, _bandwidth, flags):
        return self._dom.blockCommit(target, base, top, self._speed, flags)

    def blockJobInfo(self, target, flags=0):
        status = self._dom.blockJobInfo(target, flags)
        if status and self._progress is not None:
            self._progress(status['cur'], status['end'])
        return status


class Live:
    """One running guest with layers, and what the tests look at."""

    def __init__(self, machine):
        self.machine, self.guest, self.dom = machine, machine.guest, machine.dom

    def engine(self, call_timeout=30, progress=None, copies=0, **options):
        """A new engine on it, as nova-compute makes one for each operation. `copies`: MiB a second of a commit."""
        domain = domains.Domain(SlowStorage(self.dom, copies, progress), 'vda', call_timeout)
        return engines.Engine(self.machine.directory, domain, options=options)

    def act(self, method, *args, **options):
        engine = self.engine(**options)
        result = getattr(engine, method)(*args)
        engine.finish()
        return result

    def chain(self):
        """Names of the files of the live chain, the active layer first, down to `disk`."""
        names = [os.path.basename(path) for path in domains.Domain(self.dom).chain()]
        return names[:names.index('disk') + 1]

    def pid(self):
        """The process of its QEMU."""
        with open('/run/libvirt/qemu/%s.pid' % self.machine.name) as handle:
            return int(handle.read())

    def limits(self):
        return self.dom.blockIoTune('vda', 0)

    def write_for_ever(self):
        """Have the guest write one file again and again, past its cache."""
        self.guest.run('while :; do dd if=/dev/zero of=/endless bs=1M count=48 conv=notrunc oflag=direct; done '
                       '>/dev/null 2>&1 & echo $! >/run/endless.pid', check=True)

    def stop_writing(self):
        self.guest.run('kill $(cat /run/endless.pid); killall dd; true', check=True)

    def written(self):
        return self.dom.blockStats('vda')[3]


def wait(condition, seconds, what):
    """Poll until the condition is true; fails, saying what, when the seconds are over."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.fixture(scope='session')
def lab():
    with labs.Lab() as made:
        yield made


@pytest.fixture
def live(lab, request):
    """A running guest with light snapshots enabled."""
    machine = lab.machine(request.node.name.replace('_', '-')[:40])
    machine.on()
    made = Live(machine)
    engine = made.engine()
    engine.enable(labs.DISKS)
    engine.finish()
    yield made
    machine.off()
