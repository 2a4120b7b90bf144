"""A server that is off, as the engine sees it: a directory, real qcow2 files, and writes by qemu-io."""

import hashlib
import os
import subprocess

from light_snapshot.engine import engine as engines

MIB = 2 ** 20


def qemu_io(path, fmt, *commands):
    argv = ['qemu-io', '-f', fmt]
    for command in commands:
        argv += ['-c', command]
    subprocess.check_output(argv + [path], stderr=subprocess.STDOUT)


def checksum(path, fmt, size):
    """SHA-256 of the first `size` bytes that a guest would see on this image."""
    raw = path + '.read'
    try:
        subprocess.check_call(['qemu-img', 'convert', '-U', '-f', fmt, '-O', 'raw', path, raw])
        with open(raw, 'rb') as handle:
            return hashlib.sha256(handle.read(size)).hexdigest()
    finally:
        if os.path.exists(raw):
            os.unlink(raw)


class Server(object):
    """A stopped server with an image-cache file below its disk."""

    def __init__(self, tmpdir, fmt='qcow2', size=40 * MIB):
        self.size, self.fmt = size, fmt
        self.base = str(tmpdir.mkdir('_base').join('image'))
        self.directory = str(tmpdir.mkdir('instance'))
        with open(self.base, 'wb') as handle:
            handle.truncate(size)
        qemu_io(self.base, 'raw', 'write -P 0x42 0 4M')
        disk = os.path.join(self.directory, 'disk')
        if fmt == 'raw':
            subprocess.check_call(['cp', self.base, disk])
        else:
            subprocess.check_call(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', self.base, '-F', 'raw', disk])
        self.base_sum = checksum(self.base, 'raw', size)

    def clone(self, directory):
        """The same server in another directory: a copy of its files as they are."""
        twin = object.__new__(Server)
        twin.__dict__.update(self.__dict__, directory=str(directory))
        subprocess.check_call(['cp', '-a', '--sparse=always', self.directory, twin.directory])
        return twin

    def engine(self, **options):
        return engines.Engine(self.directory, None, options=options)

    def enable(self, store=False):
        engine = self.engine()
        engine.enable('vda', self.fmt, store)
        engine.finish()

    def write(self, pattern, offset_mib=0, length_mib=1):
        record = self.engine().record
        path = os.path.join(self.directory, 'disk') if record is None else record.path(record.active)
        fmt = self.fmt if record is None else record.active_format
        qemu_io(path, fmt, 'write -P %d %dM %dM' % (pattern, offset_mib, length_mib))

    def sum(self):
        """What the guest would see if it started now."""
        record = self.engine().record
        if record is None:
            return checksum(os.path.join(self.directory, 'disk'), self.fmt, self.size)
        return checksum(record.path(record.active), record.active_format, self.size)

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
        for layer in record.live[:-1]:
            if layer['index'] == index:
                return checksum(record.path(layer['file']), 'qcow2', self.size)
        entry = record.kept.get(str(index)) or record.root
        return checksum(record.path(entry['file']), entry['format'], self.size)

    def indices(self):
        return [point['index'] for point in self.engine().points()]

    def files(self):
        """Every file of ours in the instance's directory."""
        found = []
        for top, _dirs, names in os.walk(self.directory):
            found.extend(os.path.relpath(os.path.join(top, name), self.directory) for name in names)
        return sorted(name for name in found if name not in ('disk', 'light-snapshot.json'))
