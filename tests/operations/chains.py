"""The bytes of a server's layers, as its host's QEMU reads them: checksums of restore points, and files in an image."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from light_snapshot.engine import layout
from tests.faults import layers

BLOCK, MIB = 65536, 2 ** 20
#: What is compared of a disk beside the root disk: the MiB at this MiB, which the suite writes. nova formats the image-cache file below
#: an ephemeral disk anew on each host, so that what the guest has not written there is other bytes after a move, of a plain server too.
PLACE = 64
_KNOWN = {}         # identity of every file of a chain: its checksum


def run(*words, inside=(), codes=(0,)):
    """A command's output; `inside` are the words that run it on another host.

    :raises AssertionError: with what it said, when its exit code is another than `codes`
    """
    done = subprocess.run([*inside, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode in codes, '%s: %d: %s' % (' '.join(map(str, words)), done.returncode, (done.stderr or done.stdout).strip()[-500:])
    return done.stdout


class Place:
    """A server's directory.

    :param seen: where this process sees it
    :param named: what its own host calls it, and `inside` the words that run a command there
    """

    def __init__(self, seen, named, inside=()):
        self.seen, self.named, self.inside = Path(seen), Path(named), inside

    def point(self, record, index):
        """Checksums of what a restore point holds, one a disk."""
        return [self._digest(record, name, fmt) for name, fmt in layers.chain(record, index)]

    def actives(self, record):
        """The same of what the server, which is off, has now."""
        return [self._digest(record, name, fmt) for name, fmt in layers.actives(record)]

    def _digest(self, record, name, fmt):
        """A file that nobody writes to holds what it held: it is read once."""
        below, names = layers.backing(record), [name]
        while names[-1] in below:
            names.append(below[names[-1]])
        key = tuple(_identity(self.seen / one) for one in names)
        if key not in _KNOWN:
            ours = None if layout.disk_of(name) == layout.DISK else (PLACE * MIB, (PLACE + 1) * MIB)
            _KNOWN[key] = of_image(self.named / name, fmt, self.inside, ours)
        return _KNOWN[key]

    def leftovers(self):
        """Names of what only an operation under way may leave in it."""
        found = [path.relative_to(self.seen).as_posix() for path in self.seen.rglob('*')]
        return sorted(name for name in found if name.endswith(('.rescue', '.new', 'unrescue.xml')) or name == layout.EXPORT)


def _identity(path):
    stat = os.stat(path)
    return str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns


def of_image(path, fmt, inside=(), part=None):
    """Checksum of all that a guest would see in an image, or in a part of it: (first byte, byte after the last). Zeros are left out: a
    disk that was only grown has the same."""
    with tempfile.TemporaryDirectory(dir='/var/tmp') as place:
        raw = os.path.join(place, 'raw')
        run('qemu-img', 'convert', '-U', '-f', fmt, '-O', 'raw', path, raw, inside=inside)
        return of_raw(raw, part)


def of_raw(path, part=None):
    """The same of a raw file."""
    digest, zeros = hashlib.sha256(), bytes(BLOCK)
    with open(path, 'rb') as handle:
        for number in _data(handle.fileno()):
            if part and not part[0] <= number * BLOCK < part[1]:
                continue
            handle.seek(number * BLOCK)
            block = handle.read(BLOCK)
            if block != zeros[:len(block)]:
                digest.update(b'%d ' % number + block)
    return digest.hexdigest()


def _data(fd):
    """Numbers of the blocks that a sparse file has data in."""
    at, last = 0, -1
    while True:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:     # no more data
            return
        at = os.lseek(fd, start, os.SEEK_HOLE)
        for number in range(max(start // BLOCK, last + 1), (at - 1) // BLOCK + 1):
            yield number
            last = number


def files_in(image, fmt, names):
    """{name: checksum of the guest's file /var/NAME in an image of its root disk, or None}: what a server made of it would find, its
    journal replayed."""
    found = {}
    with tempfile.TemporaryDirectory(dir='/var/tmp') as place:
        raw, out = os.path.join(place, 'raw'), os.path.join(place, 'out')
        run('qemu-img', 'convert', '-f', fmt, '-O', 'raw', image, raw)
        run('e2fsck', '-fy', raw, codes=(0, 1))
        for name in names:
            run('debugfs', '-R', 'dump /var/%s %s' % (name, out), raw)
            found[name] = hashlib.sha256(Path(out).read_bytes()).hexdigest() if os.path.exists(out) else None
            Path(out).unlink(missing_ok=True)
    return found
