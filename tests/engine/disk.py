"""A server that is off, as the engine sees it: a directory, real qcow2 files, and writes by qemu-io."""

import hashlib
import os
import subprocess
import sys

from light_snapshot.engine import engine as engines
from light_snapshot.engine import layout

MIB = 2 ** 20
ZEROS = b'\0' * 65536


def variants(*names):
    """Kinds of servers that a test is run with: all of them; on 2.7, where each process that is started takes long, the last."""
    return names if sys.version_info[0] > 2 else names[-1:]


def qemu_io(path, fmt, *commands):
    argv = ['qemu-io', '-f', fmt]
    for command in commands:
        argv += ['-c', command]
    subprocess.check_output(argv + [path], stderr=subprocess.STDOUT)


def checksum(path, fmt, size):
    """SHA-256 of the first `size` bytes that a guest would see on this image, each block with its place."""
    raw = path + '.read'
    try:
        subprocess.check_call(['qemu-img', 'convert', '-U', '-f', fmt, '-O', 'raw', path, raw])
        digest = hashlib.sha256()
        with open(raw, 'rb') as handle:
            for start in range(0, size, len(ZEROS)):
                block = handle.read(min(len(ZEROS), size - start))
                if block != ZEROS:      # most of it is, and hashing takes long on 2.7
                    digest.update(('%d ' % start).encode() + block)
        return digest.hexdigest()
    finally:
        if os.path.exists(raw):
            os.unlink(raw)


class Server(object):
    """A stopped server with an image-cache file below its disk; with `others`, disks of nova's without one as well.

    Writes go to every disk, each with a pattern of its own, and a checksum is one of all disks.
    """

    def __init__(self, tmpdir, fmt='qcow2', size=40 * MIB, others=()):
        self.size, self.fmt, self.disks = size, fmt, ('disk',) + tuple(others)
        self.base = str(tmpdir.mkdir('_base').join('image'))
        self.directory = str(tmpdir.mkdir('instance'))
        with open(self.base, 'wb') as handle:
            handle.truncate(size)
        qemu_io(self.base, 'raw', 'write -P 0x42 0 4M')
        disk = self.path('disk')
        if fmt == 'raw':
            subprocess.check_call(['cp', self.base, disk])
        else:
            subprocess.check_call(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', self.base, '-F', 'raw', disk])
        for name in others:
            self.add_disk(name)
        self.base_sum = checksum(self.base, 'raw', size)

    @classmethod
    def of(cls, tmpdir, variant):
        """One of a kind of `variants`: a format, or 'two disks'."""
        if variant == 'two disks':
            return cls(tmpdir, others=('disk.swap',))
        return cls(tmpdir, variant)

    def add_disk(self, name, size=None):
        subprocess.check_call(['qemu-img', 'create', '-q', '-f', self.fmt, self.path(name), str(size or self.size)])

    def path(self, name):
        return os.path.join(self.directory, name)

    def clone(self, directory):
        """The same server in another directory: a copy of its files as they are."""
        twin = object.__new__(Server)
        twin.__dict__.update(self.__dict__, directory=str(directory))
        subprocess.check_call(['cp', '-a', '--sparse=always', self.directory, twin.directory])
        return twin

    def engine(self, **options):
        return engines.Engine(self.directory, None, options=options)

    def nova_disks(self):
        """The disks as nova names them to the engine."""
        return [{'name': name, 'target': 'vd' + 'abcdef'[number], 'format': self.fmt}
                for number, name in enumerate(self.disks)]

    def enable(self, store=False):
        engine = self.engine()
        engine.enable(self.nova_disks(), store)
        engine.finish()

    def _active(self, disk):
        """(path, format) of what the guest would write to."""
        record = self.engine().record
        name = disk if record is None else record.active_of(disk)
        return self.path(name), self.fmt if record is None else record.format_of(name)

    def write(self, pattern, offset_mib=0, length_mib=1):
        for number, disk in enumerate(self.disks):
            path, fmt = self._active(disk)
            qemu_io(path, fmt, 'write -P %d %dM %dM' % ((pattern + 60 * number) % 256, offset_mib, length_mib))

    def _sum(self, images):
        return hashlib.sha256(' '.join(checksum(path, fmt, self.size) for path, fmt in images).encode()).hexdigest()

    def sum(self):
        """What the guest would see if it started now."""
        return self._sum([self._active(disk) for disk in self.disks])

    def snapshot(self, name=''):
        engine = self.engine()
        index = engine.snapshot(name)
        engine.finish()
        return index

    def recover(self, **where):
        engine = self.engine()
        engine.recover(**where)
        engine.finish()

    def act(self, method, *args):
        engine = self.engine()
        getattr(engine, method)(*args)
        engine.finish()

    def point_sum(self, index):
        """The bytes of a restore point, read through its own chain, without a recover."""
        record = self.engine().record
        state = record.preview['before'] if record.preview else record.state()
        names = dict((layer['index'], layer['file']) for layer in state['live'][:-1])
        name = names.get(index) or state['kept'].get(str(index), state['root'])['file']
        names = [layout.of(disk, name) for disk in self.disks]
        return self._sum([(self.path(name), record.format_of(name)) for name in names])

    def indices(self):
        return [point['index'] for point in self.engine().points()]

    def files(self):
        """Every file of ours in the instance's directory."""
        found = []
        for top, _dirs, names in os.walk(self.directory):
            found.extend(os.path.relpath(os.path.join(top, name), self.directory) for name in names)
        return sorted(name for name in found if name not in self.disks and name != 'light-snapshot.json')
