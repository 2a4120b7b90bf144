"""What must hold after a fault. Each check adds what is wrong to a list of problems: (verdict, text)."""

import json
import os
import struct

from light_snapshot.engine import layout
from tests.faults import contents, layers, world
from tests.faults.commands import run, wait
from tests.faults.guest import TARGETS
from tests.faults.operations import DISKS
from tests.faults.server import digest

LOST, STUCK, LEAKED = 'lost', 'stuck', 'leaked'


class Problems(list):
    """What was found; `leaked_clusters`: how many qcow2 clusters are allocated and used by nobody."""

    leaked_clusters = 0

    def add(self, verdict, text):
        self.append((verdict, text))

    @property
    def verdict(self):
        found = [verdict for verdict, _text in self]
        return next((verdict for verdict in (LOST, STUCK, LEAKED) if verdict in found), 'ok')


def running(server, problems):
    """The guest runs, is not paused, writes, and on what its record says; no job is left on its disk."""
    dom, domain, record = server.guest.dom(), server.guest.domain(), server.record()
    if domain.is_paused():
        problems.add(STUCK, 'the guest is paused (%s)' % dom.state(0))
    elif not server.guest.wait_writing(4, 15):
        problems.add(STUCK, 'the guest does not write any more: %s' % server.guest.said()[-4:])
    for _path, target in zip(server.sources(), TARGETS):
        if domain.on(target).has_job():
            problems.add(STUCK, 'a block job is left: %s' % dom.blockJobInfo(target, 0))
    if dom.snapshotNum(0):
        problems.add(LEAKED, 'libvirt keeps %d snapshots' % dom.snapshotNum(0))
    below = layers.backing(record) if record is not None else {}
    for (path, _format), target in zip(server.sources(), TARGETS):
        name, wanted = os.path.basename(path), []
        while name is not None:
            wanted.append(os.path.join(server.directory, name))
            name = below.get(name)
        have = [path for path in domain.on(target).chain() if path and path.startswith(server.directory + '/')]
        if have != wanted:
            problems.add(LOST, 'libvirt has the chain %s, and the record %s' % (_names(have), _names(wanted)))


def _names(paths):
    return ' <- '.join(os.path.basename(path) for path in reversed(paths))


def names(server, problems):
    """The record is at rest; its files are all there, and no others."""
    record = server.record()
    if record is not None and record.job is not None:
        problems.add(STUCK, 'the job %s of %s is still in the record' % (record.job['kind'], record.job['op']))
        return
    have = layers.found(server.directory)
    wanted = layers.expected(record) if record is not None else have & set(DISKS)
    for name in sorted(wanted - have):
        problems.add(LOST, '%s is missing' % name)
    for name in sorted(have - wanted):
        problems.add(LEAKED, '%s is named by nothing' % name)
    if record is None and os.path.isdir(os.path.join(server.directory, layout.HISTORY)):
        problems.add(LEAKED, 'the folder %s is left' % layout.HISTORY)


def images(server, problems, killed):
    """The guest is off: nobody has its files open any more, and each is a sound image on the right one.

    :param killed: a QEMU was killed, which may leave clusters that it had allocated and not used yet
    """
    if wait(lambda: not world.holders(server.volume.where), 3) is None:
        problems.add(STUCK, 'still open with the guest off: %s' % world.holders(server.volume.where))
        return
    record = server.record()
    found = layers.images(record) if record is not None else dict(
        (name, 'qcow2') for name in DISKS if os.path.exists(os.path.join(server.directory, name)))
    below = layers.backing(record) if record is not None else {}
    for name in sorted(found):
        if found[name] == 'qcow2' and os.path.exists(os.path.join(server.directory, name)):
            base = server.swap_base if name == 'disk.swap' else server.base
            _image(os.path.join(server.directory, name), below.get(name, base), problems, killed)


def _image(path, below, problems, killed):
    name = os.path.basename(path)
    answer = run('qemu-img', 'check', '--output=json', '-f', 'qcow2', path, check=False)
    if not answer:
        problems.add(LOST, '%s is no qcow2 image any more' % name)
        return
    answer = json.loads(answer)
    if answer.get('corruptions') or answer.get('check-errors'):
        problems.add(LOST, '%s: qemu-img check finds %d corruptions, %d errors' % (name, answer.get('corruptions', 0), answer['check-errors']))
    leaks = answer.get('leaks', 0)
    problems.leaked_clusters += leaks
    if leaks and not killed:
        problems.add(LEAKED, '%s: qemu-img check finds %d clusters that nobody uses' % (name, leaks))
    with open(path, 'rb') as handle:
        header = handle.read(65536)
    start, size = struct.unpack_from('>QI', header, 8)
    named = header[start:start + size].decode()
    if named != below:
        problems.add(LOST, '%s names %s as its backing file instead of %s' % (name, named, below))


def disk(server, problems, least=None, sums=None):
    """The guest's disk, off, is of before or after.

    :param least: the newest record that the guest was told to be safe: records 1 to N, N not less
    :param sums: checksums that it may have instead
    :returns: N
    """
    data = server.current()
    for path, base in zip((server.base, server.swap_base), (server.world.base, server.world.swap_base)[:len(data)]):
        if open(path, 'rb').read() != base:
            problems.add(LOST, 'the image-cache file %s has changed' % os.path.basename(path))
    try:
        newest = server.newest(data)
    except contents.Broken as exc:
        problems.add(LOST, 'the disk: %s' % exc)
        return None
    if sums is not None and digest(data) not in sums:
        problems.add(LOST, 'the disk (record %d) is neither that of before nor that of after' % newest)
    if least is not None and newest < least:
        problems.add(LOST, 'the disk ends with record %d, and the guest had been told that %d is safe' % (newest, least))
    return newest


def points(server, problems, before, after, lowest, highest, left=None):
    """Each restore point that is listed gives its bytes, and none that both before and after list is gone.

    :param before: {index: checksum}
    :param after: indices that an undisturbed run leaves
    :param lowest: a new one holds records 1 to N, N from this to `highest`
    :param left: or it has this checksum: what the server had before its preview
    """
    record = server.record()
    listed = set(server.points()) if record is not None else set()
    if listed - set(before) - set(after):
        problems.add(LOST, 'restore points %s are listed, which neither before nor after has' % sorted(listed - set(before) - set(after)))
    gone = set(before) & set(after) - listed - (layers.hidden(record) if record is not None else set())
    if gone:
        problems.add(LOST, 'restore points %s are gone' % sorted(gone))
    for index in sorted(listed):
        data = server.point(index)
        if index in before:
            if digest(data) != before[index]:
                problems.add(LOST, 'restore point %d has other bytes than before' % index)
            continue
        if digest(data) == left:
            continue
        try:
            newest = server.newest(data)
        except contents.Broken as exc:
            problems.add(LOST, 'restore point %d: %s' % (index, exc))
            continue
        if not lowest <= newest <= (highest or newest):
            problems.add(LOST, 'restore point %d ends with record %d, made between %d and %s' % (index, newest, lowest, highest))
