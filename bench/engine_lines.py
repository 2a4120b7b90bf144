"""The engine against bare libvirt, on running guests of the bench's own that write a record every half second."""

import os
import random
import time

from light_snapshot.engine import domain as engine_domain
from light_snapshot.engine import engine as engines
from light_snapshot.engine import files as engine_files

from bench import lab as labs
from bench import parts
from bench import stalls
from bench import table

POLL = 0.01


def seconds(function, *args, **kwargs):
    began = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - began


class Bare:
    """What a person would do with virsh alone: freeze the active layer; commit the oldest one into `disk`."""

    def __init__(self, machine):
        self.machine, self.number, self.layers, self.removing = machine, 0, [], 0

    def snapshot(self):
        self.number += 1
        path = self.machine.path('disk.bare-%d' % self.number)
        labs.virsh('snapshot-create-as', self.machine.name, '--disk-only', '--no-metadata', '--atomic',
                   '--diskspec', '%s,file=%s' % (labs.TARGET, path))
        self.layers.append(path)

    def oldest(self):
        return self.layers[0]

    def commit(self):
        """The oldest layer above `disk`. virsh --wait looks twice a second; here the end is seen within 10 ms."""
        if len(self.layers) < 3:
            return
        top = self.layers.pop(0)
        labs.virsh('blockcommit', self.machine.name, labs.TARGET, '--base', self.machine.disk, '--top', top)
        view = engine_domain.Domain(self.machine.dom, labs.TARGET)
        while view.has_job() or top in view.chain():
            time.sleep(POLL)
        # virsh leaves the file where it is; whoever commits has to remove it.
        self.removing = seconds(os.unlink, top)


class Ours:
    """The engine on one machine: a new one for each operation, as nova-compute makes it."""

    def __init__(self, machine):
        self.machine, self.engine, self.removing = machine, None, 0

    def snapshot(self):
        self.engine = self.machine.engine()
        self.engine.snapshot()

    def commit(self):
        remove, took = engine_files.Files.remove, []
        engine_files.Files.remove = lambda files, name: took.append(seconds(remove, files, name))
        try:
            self.engine.finish()
        finally:
            engine_files.Files.remove = remove
        self.removing = sum(took)

    def oldest(self):
        """The file that the next `commit` commits."""
        return self.machine.path(self.engine.record.live[0]['file'])


def snapshots(sides, count):
    """Snapshots of running guests, in turns; the commits that follow have clocks of their own.

    :param sides: name -> `Ours` or `Bare`
    :returns: name -> (seconds of the snapshots, seconds of the commits)
    """
    found = dict((name, ([], [])) for name in sides)
    order = list(sides)
    # The first ones find nothing in memory and no layer to commit.
    for number in range(-2, count):
        for name in order:
            took = seconds(sides[name].snapshot), seconds(sides[name].commit)
            if number >= 0:
                for values, value in zip(found[name], took):
                    values.append(value)
        # Nobody always comes right after the same one.
        order.reverse() if number % 2 else order.append(order.pop(0))
    return found


def where_it_goes(machine, count):
    """The parts of an engine snapshot. The clocks cost a little themselves, so these are runs of their own."""
    clock = parts.Clock()
    with parts.clocks(clock):
        for _number in range(count):
            domain = engine_domain.Domain(parts.Dom(machine.dom, clock), labs.TARGET)
            engine = engines.Engine(machine.directory, domain, engine_files.run_here)
            clock.keep(seconds(engine.snapshot))
            engine.finish()
            clock.now = {}
    rows = [(name, '%.1f ms' % (1000 * table.median(values))) for name, values in
            sorted(clock.kept.items(), key=lambda item: -table.median(item[1]))]
    empty = [seconds(labs.virsh, 'domid', machine.name) for _number in range(count)]
    rows.append(("for comparison: a `virsh` that only asks for the domain's id", '%.1f ms' % (1000 * table.median(empty))))
    return rows


def _written(machine):
    """Bytes that this guest's QEMU and this process have sent to the disk; bytes that the guest has written."""
    with open('/run/libvirt/qemu/%s.pid' % machine.name) as handle:
        pids = (handle.read().strip(), 'self')
    total = 0
    for pid in pids:
        with open('/proc/%s/io' % pid) as handle:
            total += int(dict(line.split(': ') for line in handle.read().splitlines())['write_bytes'])
    return total, machine.dom.blockStats(labs.TARGET)[3]


PIECE = 32


def _fill(machine, mib):
    """Write the same `mib` MiB of the guest's disk once more, from what it has in memory."""
    machine.guest.run('n=0; while [ $n -lt %d ]; do dd if=/data/piece of=/data/bench bs=1M seek=$((n * %d)) conv=notrunc '
                      '2>/dev/null; n=$((n + 1)); done; sync' % (mib // PIECE, PIECE), timeout=600, check=True)


def commits(ours, bare, mib, count):
    """Commits of layers of `mib` MiB into a `disk` that holds these clusters already, in turns.

    :returns: MiB/s of ours and of bare virsh; the same two until the layer's file is removed; bytes on the host's disk a
        byte that the guest wrote
    """
    rates, whole, factors = ([], []), ([], []), []
    for side in (ours, bare):
        side.machine.guest.write('/data/piece', PIECE, 'piece')
    for number in range(-1, count):
        for place, side in enumerate((ours, bare)):
            before = _written(side.machine)
            _fill(side.machine, mib)
            # The layer with the data is frozen; then the next one above it, so that no commit is an active one.
            side.snapshot()
            side.commit()
            side.snapshot()
            layer = os.stat(side.oldest()).st_blocks * 512
            took = seconds(side.commit)
            after = _written(side.machine)
            if number >= 0:
                rates[place].append(layer / labs.MIB / (took - side.removing))
                whole[place].append(layer / labs.MIB / took)
                if side is ours:
                    factors.append((after[0] - before[0]) / (after[1] - before[1]))
    return rates, whole, factors


def store_on(machine):
    """`store on` while the guest stands still: (bytes of data in the new files, bytes allocated more, seconds)."""
    machine.guest.sync()
    machine.dom.suspend()
    try:
        return _copied(machine, lambda engine: engine.store(True))
    finally:
        machine.dom.resume()


def recover(machine, index):
    """Recover to an index, the guest off; it is started again: the same three."""
    machine.off()
    return _copied(machine, lambda engine: engine.recover(index=index))


def _copied(machine, act):
    """What an operation has copied: the data in the files that it made, and what other files have grown by."""
    before = machine.allocated()
    engine = machine.engine()
    began = time.perf_counter()
    act(engine)
    engine.finish()
    took = time.perf_counter() - began
    after = machine.allocated()
    new = set(after) - set(before)
    data = sum(machine.data(after[inode][0]) for inode in new)
    tables = sum(after[inode][1] for inode in new) - data
    return data + sum(max(0, after[inode][1] - before[inode][1]) for inode in set(after) & set(before)), tables, took


def _nothing_copied(machine, size):
    # Something that could be copied: in the root, in the last snapshot and in the active layer.
    for seed in range(3):
        machine.guest.write('/data/%d' % seed, 64, seed)
        engine = machine.engine()
        if seed < 2:
            engine.snapshot()
            engine.finish()
    held = sum(taken for _name, taken in machine.allocated().values())
    holds = 'the directory holds %d MiB' % (held // labs.MIB)

    def line(measure, result):
        data, tables, took = result
        return table.Line('%s, %s: bytes copied' % (measure, size), '%d B of data, %d KiB of tables, %.0f ms'
                          % (data, tables // 1024, 1000 * took), holds, data, (table.AT_MOST, 0), digits=0)

    first = line('store on', store_on(machine))
    for _number in range(3):
        engine = machine.engine()
        engine.snapshot()
        engine.finish()
    index = [point['index'] for point in machine.engine().points() if point['state'] == 'kept'][0]
    return [first, line('recover to a kept index', recover(machine, index))]


def _compare(measure, ours, reference, bound=None, factor=1000, unit='ms'):
    return table.Line(measure, table.spread(ours, unit, factor), table.spread(reference, unit, factor),
                      table.median(ours) / table.median(reference), bound)


READ_MIB = 16
READS = 200       # of single blocks


def _read(machine):
    """Seconds, as the guest has them, for reading a file in pieces of 4 KiB past its cache."""
    words = machine.guest.run('read from rest </proc/uptime; dd if=/data/read of=/dev/null bs=4k iflag=direct 2>/dev/null; '
                              'echo "$from $(cat /proc/uptime)"', check=True)[1].split()
    return float(words[1]) - float(words[0])


def _random(machine, seed):
    """The same of single blocks of 4 KiB here and there in it; the same places for the same seed. Each is a process of its
    own in the guest, which is part of what is measured on both sides."""
    places = random.Random(seed).sample(range(READ_MIB * 256), READS)
    words = machine.guest.run(
        'read from rest </proc/uptime; for at in %s; do dd if=/data/read of=/dev/null bs=4k count=1 skip=$at iflag=direct '
        '2>/dev/null; done; echo "$from $(cat /proc/uptime)"' % ' '.join(map(str, places)), timeout=300, check=True)[1].split()
    return float(words[1]) - float(words[0])


def age(lab, snapshots_taken, count):
    """What two equal guests read, in turns: one after many snapshots, one with none.

    :returns: MiB/s in order, two lists; blocks a second at random places, two lists; files in the chain of the first
    """
    machines = [lab.machine(name) for name in ('aged', 'new')]
    for machine in machines:
        machine.on()
        machine.guest.write('/data/read', READ_MIB, 'read')
    aged = Ours(machines[0])
    engine = aged.machine.engine()
    engine.enable(labs.DISKS)
    engine.finish()
    for _number in range(snapshots_taken):
        aged.snapshot()
        aged.commit()
    rates, blocks = ([], []), ([], [])
    for number in range(-1, count):
        for place, machine in enumerate(machines):
            took, took_random = _read(machine), _random(machine, number)
            if number >= 0:
                rates[place].append(READ_MIB / took)
                blocks[place].append(READS / took_random)
    depth = len(engine_domain.Domain(aged.machine.dom, labs.TARGET).chain())
    for machine in machines:
        machine.off()
    return rates, blocks, depth


def measure(lab, lines, rows, count, mib, commits_count, many):
    """Append to `lines`, and to `rows` where an engine snapshot's time goes: what was measured before a failure is not lost."""
    sides = {}
    for name, kind, gib in (('ours', Ours, 1), ('bare', Bare, 1), ('ours 100', Ours, 100), ('bare 100', Bare, 100)):
        machine = lab.machine(name.replace(' ', '-'), gib)
        machine.on()
        sides[name] = kind(machine)
        if kind is Ours:
            engine = machine.engine()
            engine.enable(labs.DISKS)
            engine.finish()
    found = snapshots(sides, 2 * count)
    small, bare, big, bare_big = (found[name] for name in ('ours', 'bare', 'ours 100', 'bare 100'))
    lines += [
        _compare('engine snapshot of a running guest / bare `virsh snapshot-create-as`', small[0], bare[0], (table.AT_MOST, 1.5)),
        _compare('the same on a 100 GiB disk', big[0], bare_big[0], (table.AT_MOST, 1.5)),
        _compare('engine snapshot, 100 GiB disk / 1 GiB disk', big[0], small[0], (table.AT_MOST, 1.1)),
        _compare('the commit after it, of an all but empty layer / bare `virsh blockcommit`', small[1], bare[1]),
        _compare('the same on a 100 GiB disk', big[1], bare_big[1])]
    rows += where_it_goes(sides['ours'].machine, count)
    lines += _nothing_copied(sides['ours'].machine, '1 GiB disk') + _nothing_copied(sides['ours 100'].machine, '100 GiB disk')
    for side in sides.values():
        side.machine.off()
    pair = []
    for name, kind in (('ours-commit', Ours), ('bare-commit', Bare)):
        machine = lab.machine(name, gib=3, memory=256)
        machine.on()
        pair.append(kind(machine))
    engine = pair[0].machine.engine()
    engine.enable(labs.DISKS)
    engine.finish()
    rates, whole, factors = commits(pair[0], pair[1], mib, commits_count)
    lines += [
        _compare('commit of a layer of %d MiB / bare `virsh blockcommit`' % mib, rates[0], rates[1], (table.AT_LEAST, 0.95), 1,
                 'MiB/s'),
        _compare('the same until its file is removed / with `rm`', whole[0], whole[1], (table.AT_LEAST, 0.95), 1, 'MiB/s'),
        table.Line('bytes written to disk over the life of a snapshot / bytes the guest wrote',
                   '%.2f (%.2f..%.2f, n = %d)' % (table.median(factors), min(factors), max(factors), len(factors)), '1',
                   table.median(factors), (table.AT_MOST, 2.1))]
    for side in pair:
        side.machine.off()
    lines += stalls.measure(lab, (Ours, Bare), 2 * count)
    rates, blocks, depth = age(lab, many, count)
    after = 'after %d snapshots (%d files in its chain) / after none' % (many, depth)
    lines += [_compare('guest reads of 4 KiB at random places ' + after, blocks[0], blocks[1], (table.AT_LEAST, 0.95), 1, 'a second'),
              _compare('guest reads in order, in 4 KiB pieces, ' + after, rates[0], rates[1], (table.AT_LEAST, 0.95), 1, 'MiB/s')]
