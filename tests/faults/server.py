"""One server for one cell: a copy of a prepared one, on a file system of its own."""

import hashlib
import os
import signal

from light_snapshot.engine import engine as engines
from light_snapshot.engine import record as records
from tests.faults import contents, layers, operations, volume
from tests.faults.child import OPTIONS
from tests.faults.commands import HarnessError, run, wait
from tests.faults.guest import Guest
from tests.faults.world import holders, processes


class Server:
    """
    :param world: `World`
    :param name: of its domain and of its files in the world's directory
    :param image: an image file with its file system, which belongs to it from now on
    :param kind: `volume.Volume`, or the one that can fail
    """

    def __init__(self, world, name, image, kind=volume.Volume):
        self.world, self.name = world, name
        # Always the same place: `disk` names its base by an absolute path, as nova writes it.
        self.volume = kind(image, world.path('server'))
        self.guest = Guest(world, name, world.path(name + '.serial'))
        self.directory = os.path.join(self.volume.where, 'instance')
        self.base = os.path.join(self.volume.where, '_base')
        self.swap_base = os.path.join(self.volume.where, '_base_swap')

    # ---- the engine on it

    def engine(self):
        """A new engine, as a nova-compute that has just started has it."""
        return engines.Engine(self.directory, self.guest.domain(), options=OPTIONS)

    def record(self):
        return records.load(self.directory)

    def sources(self):
        """[(path, format)] of what the guest is to start from, a pair a disk."""
        record = self.record()
        names = [name for name in operations.DISKS if os.path.exists(os.path.join(self.directory, name))]
        pairs = layers.actives(record) if record is not None else [(name, operations.DISK_FORMAT) for name in names]
        return [(os.path.join(self.directory, name), fmt) for name, fmt in pairs]

    def points(self):
        return [point['index'] for point in self.engine().points()]

    # ---- its bytes

    def read(self, path, fmt):
        """All bytes that a guest would see on this image."""
        out = self.world.path(self.name + '.read')
        try:
            run('qemu-img', 'convert', '-U', '-f', fmt, '-O', 'raw', path, out)
            with open(out, 'rb') as handle:
                return handle.read()
        finally:
            if os.path.exists(out):
                os.unlink(out)

    def current(self):
        """The bytes of its disks, as the guest would see them now."""
        return [self.read(path, fmt) for path, fmt in self.sources()]

    def point(self, index):
        """The bytes of a restore point, of each disk."""
        return [self.read(os.path.join(self.directory, name), fmt) for name, fmt in layers.chain(self.record(), index)]

    def newest(self, disks):
        """The newest record of these bytes: that of the first disk, and the others' of the same instant.

        :raises Broken: when they hold anything else
        """
        newest = contents.newest(disks[0], self.world.boot)
        for other in disks[1:]:
            # A record goes to one disk, then to the other.
            if contents.newest(other, b'') not in (newest - 1, newest):
                raise contents.Broken('the disks are of two instants: %d and %d' % (newest, contents.newest(other, b'')))
        return newest

    # ---- its life

    def remove(self):
        """Nothing of it is left."""
        self.guest.forget()
        self.kill_qemu()
        self.volume.discard()

    def kill_qemu(self):
        """SIGKILL of its QEMU, also one that libvirt has lost sight of; there is no other server here."""
        for pid, words in processes().items():
            if 'qemu-system' in words[0]:
                os.kill(pid, signal.SIGKILL)
        wait(lambda: not holders(self.volume.where), 5)


def digest(disks):
    return hashlib.sha256(b''.join(disks)).hexdigest()


class Prepared:
    """The server before an operation: `image` is copied for each cell.

    `points` {index: checksum}; `newest`: the newest record on its disk; `sum`: checksum of its disk; `before`: of what it had before a
    preview
    """

    def __init__(self, world, setup, number):
        self.world, self.image, self.count = world, world.path('prepared-%d.image' % number), 0
        volume.make(self.image)
        server = Server(world, 'prepared-%d' % number, self.image)
        server.volume.mount()
        try:
            self._build(server, operations.SETUPS[setup])
        finally:
            server.guest.forget()
            server.volume.unmount()

    def _build(self, server, steps):
        os.mkdir(server.directory, 0o755)
        bases = [('disk', server.base, self.world.base)]
        if steps and steps[0] == 'two disks':
            bases.append(('disk.swap', server.swap_base, self.world.swap_base))
            steps = steps[1:]
        for name, base, data in bases:
            with open(base, 'wb') as handle:
                handle.write(data)
            run('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', os.path.join(server.directory, name))
        server.guest.on(server.sources())
        for step in steps:
            if step == 'write':
                if not server.guest.wait_writing(12):
                    raise HarnessError('the guest does not write')
                continue
            if step in ('off', 'on'):
                server.guest.off() if step == 'off' else server.guest.on(server.sources())
                continue
            engine = server.engine()
            step(engine)
            engine.finish()
        server.guest.off()
        data = server.current()
        self.newest, self.sum = server.newest(data), digest(data)
        self.before, record = None, server.record()
        if record is not None and record.preview:
            name = record.preview['before']['live'][-1]['file']
            self.before = digest([server.read(record.path(name), 'qcow2')])
        self.points = {}
        for index in server.points():
            data = server.point(index)
            server.newest(data)
            self.points[index] = digest(data)

    def copy(self, kind=volume.Volume):
        """A server of its own, its file system mounted."""
        self.count += 1
        name = '%s-%d' % (os.path.basename(self.image).split('.')[0], self.count)
        image = self.world.path(name + '.image')
        run('cp', '--sparse=always', self.image, image)
        server = Server(self.world, name, image, kind)
        server.volume.mount()
        return server
