"""How long a guest that never stops writing waits, at the longest, while a snapshot is taken.

The guest is the fault matrix's (tests/faults/guest.S): it writes records of 4 KiB one after another, each flushed before it says so on
its serial port, which is read here.
"""

import os
import socket
import threading
import time
import uuid

from bench import lab as labs
from bench import table
from tests.faults import contents
from tests.faults import guest
from tests.faults.world import assemble

_SERIAL = "<serial type='unix'><source mode='bind' path='%s'/><target port='0'/></serial>"
END = b'\n'
AFTER = 0.3     # seconds that a stall is looked for after a snapshot has returned


class Writer(labs.Machine):
    """One such guest."""

    def __init__(self, lab, name, base):
        labs.Machine.__init__(self, lab, name, 0, 16, base, contents.SIZE)
        self.times, self._lock = [], threading.Lock()

    def on(self, disk=None):
        os.chmod(self.directory, 0o777)     # the socket is made by QEMU
        serial = self.path('serial')
        self.dom = self.lab.connection.createXML(
            guest.described(self.name, uuid.uuid4(), [(disk or self.disk, 'qcow2')], _SERIAL % serial))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(serial)
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait(20)

    def _listen(self):
        while True:
            said = self._socket.recv(4096)
            now = time.perf_counter()
            if not said:
                return
            with self._lock:
                self.times += [now] * said.count(END)

    def wait(self, more):
        """Until it has written some records more."""
        with self._lock:
            wanted = len(self.times) + more
        end = time.monotonic() + 60
        while len(self.times) < wanted:
            if time.monotonic() > end:
                raise RuntimeError('the guest %s does not write' % self.name)
            time.sleep(0.01)

    def longest(self, begin, end):
        """Seconds of the longest time without a record in this span."""
        with self._lock:
            inside = [begin] + [moment for moment in self.times if begin < moment < end] + [end]
        return max(later - earlier for earlier, later in zip(inside, inside[1:]))


def stalls(side, machine):
    """The longest one around one snapshot; the commit of the old layer comes after it and does not count."""
    machine.wait(20)
    begin = time.perf_counter()
    side.snapshot()
    end = time.perf_counter() + AFTER
    while time.perf_counter() < end:
        time.sleep(0.01)
    return machine.longest(begin, end)


def measure(lab, kinds, count):
    """The line of the table, and one for comparison.

    :param kinds: (ours, bare): what takes the snapshots of a machine
    """
    base = os.path.join(lab.top, 'writer')
    with open(base, 'wb') as handle:
        handle.write(contents.image(0, assemble(lab.top)))
    os.chmod(base, 0o644)
    sides = []
    for name, kind in zip(('ours-stall', 'bare-stall'), kinds):
        machine = Writer(lab, name, base)
        lab.machines.append(machine)
        machine.on()
        sides.append((kind(machine), machine))
    engine = sides[0][1].engine()
    engine.enable(labs.DISKS)
    engine.finish()
    found = ([], [])
    for number in range(-2, count):
        for place in (0, 1) if number % 2 else (1, 0):
            side, machine = sides[place]
            stall = stalls(side, machine)
            side.commit()
            if number >= 0:
                found[place].append(stall)
    calm = []
    for _number in range(count):
        begin = time.perf_counter()
        sides[0][1].wait(50)
        calm.append(sides[0][1].longest(begin, time.perf_counter()))
    for _side, machine in sides:
        machine.off()
    return [table.Line('longest stall of a guest that writes and flushes all the time, during our snapshot / during virsh\'s',
                       table.spread(found[0]), table.spread(found[1]), table.median(found[0]) / table.median(found[1]),
                       (table.AT_MOST, 1.2)),
            table.Line('the same without any snapshot / during ours', table.spread(calm), table.spread(found[0]),
                       table.median(calm) / table.median(found[0]))]
