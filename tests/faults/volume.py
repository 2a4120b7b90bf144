"""The file system that a server's directory lies on: a small real ext4, in an image file that is copied for each cell."""

import json
import os
import re
import subprocess
import sys

from tests.faults import TOP
from tests.faults.commands import HarnessError, run, wait

MIB = 2 ** 20
SIZE = 256 * MIB
# No commit of the journal by itself within a cell: after a power loss only what was fsynced is there.
_OPTIONS = 'loop,noatime,commit=600'


def make(path):
    """An image file with an empty ext4."""
    with open(path, 'wb') as handle:
        handle.truncate(SIZE)
    run('mkfs.ext4', '-q', '-F', '-m', '0', '-b', '4096', '-N', '1024', '-J', 'size=4', '-E', 'nodiscard,lazy_itable_init=0,lazy_journal_init=0', path)


class Volume:
    """An image file, mounted.

    :param image: the image file; it is this volume's own
    :param where: the mount point, made here
    """

    def __init__(self, image, where):
        self.image, self.where = image, where
        self.mounted = False
        self.rebooted = False
        self._ballast = os.path.join(where, 'ballast')
        os.makedirs(where, 0o755, exist_ok=True)

    def _device(self):
        """The file that the loop device stands on."""
        return self.image

    def mount(self):
        run('mount', '-o', _OPTIONS, self._device(), self.where)
        self.mounted = True

    def unmount(self):
        if self.mounted:
            run('umount', self.where)
            self.mounted = False

    def fill(self):
        """Leave no free block."""
        with open(self._ballast, 'wb', buffering=0) as handle:
            end = 0
            for step in (16 * MIB, MIB, 64 * 1024, 4096):
                while True:
                    try:
                        os.posix_fallocate(handle.fileno(), end, step)
                        end += step
                    except OSError:
                        break
        if os.statvfs(self.where).f_bavail:
            raise HarnessError('%s cannot be filled' % self.where)

    def empty(self):
        """Take back what `fill` has done."""
        os.unlink(self._ballast)

    def discard(self):
        """Unmounted, and the image file is gone."""
        self.unmount()
        if os.path.exists(self.image):
            os.unlink(self.image)


class FailingVolume(Volume):
    """An image file on a disk that can be made to fail (see disk.py), mounted."""

    def __init__(self, image, where):
        super().__init__(image, where)
        self._disk = None
        self._mount_point = where + '.disk'

    def _device(self):
        if self._disk is None:
            os.makedirs(self._mount_point, exist_ok=True)
            self._disk = subprocess.Popen([sys.executable, '-m', 'tests.faults.disk', self.image, self._mount_point, json.dumps(metadata(self.image))],
                                          cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if self._disk.stdout.readline() != b'ready\n':
                raise HarnessError('the failing disk does not start')
        return os.path.join(self._mount_point, 'disk')

    def tell(self, word):
        """Give the disk one of its commands."""
        self._disk.stdin.write(word.encode() + b'\n')
        self._disk.stdin.flush()
        if self._disk.stdout.readline() != b'done\n':
            raise HarnessError('the failing disk has ended')

    def broken(self):
        """Whether the file system has given up (the kernel made it read-only after an error of its journal)."""
        try:
            with open(self._ballast, 'wb') as handle:
                os.fsync(handle.fileno())
            os.unlink(self._ballast)
            return False
        except OSError:
            return True

    def unmount(self):
        """Also without the loop device and the disk; what is in the disk's cache goes to the image, unless its power is gone."""
        super().unmount()
        if self._disk is None:
            return
        # The loop device goes with its last user, a moment later.
        if not wait(lambda: not run('losetup', '-j', os.path.join(self._mount_point, 'disk'), check=False), 10):
            raise HarnessError('a loop device is left on %s' % self._mount_point)
        self.tell('sync')
        if wait(lambda: self._unmounted_disk(), 10) is None:
            raise HarnessError('%s is busy' % self._mount_point)
        self._disk.stdin.close()
        self._disk.wait()
        self._disk.stdout.close()
        self._disk = None

    def _unmounted_disk(self):
        try:
            run('umount', self._mount_point)
            return True
        except HarnessError:
            return False

    def reboot(self):
        """As when the host starts again: what is on the disk, checked. Nobody may have files open."""
        self.rebooted = True
        self.unmount()
        answer = subprocess.run(['/usr/sbin/e2fsck', '-f', '-p', self.image], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if answer.returncode & ~1:
            raise HarnessError('e2fsck ended with %d: %s' % (answer.returncode, answer.stdout.decode()))
        self.mount()


def metadata(image):
    """[[first, last]]: the blocks of an ext4 image that hold no file's data, its journal among them (and some more)."""
    text = run('dumpe2fs', image).decode()
    found = [[0, 0]]
    for first, last in re.findall(r'(?:superblock|descriptors|GDT blocks|bitmap|table) at (\d+)(?:-(\d+))?', text):
        found.append([int(first), int(last or first)])
    extents = run('debugfs', '-R', 'stat <8>', image).decode()
    for first, last in re.findall(r'\([\d-]+\):(\d+)-(\d+)', extents):
        found.append([int(first), int(last)])
    merged = []
    for first, last in sorted(found):
        # Blocks of directories and of extent trees lie right behind.
        last += 64
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(last, merged[-1][1])
        else:
            merged.append([first, last])
    return merged
