"""File work that survives a crash and a power loss: staged writes, an order that holds on the disk, checksums."""
import errno
import hashlib
import os


def sha256(path):
    """The SHA-256 of a file's bytes, in hex."""
    return _digest(path, hashlib.sha256())


def md5(path):
    """The MD5 of a file's bytes, in hex: what dpkg records."""
    return _digest(path, hashlib.md5())


def _digest(path, digest):
    with open(path, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def staged(path):
    """Where a file waits for the rename to `path`. Hidden: rootwrap and nova's policy read every other name."""
    directory, name = os.path.split(path)
    return os.path.join(directory, '.%s.light-snapshot-new' % name)


def sync_directory(path):
    """Make the entries of directory `path` survive a power loss; one that is gone has none."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Disk(object):
    """The file system of a node: questions and changes. Paths are those of this machine.

    `changes` lists what was done, in order: (word, path, detail). A change is in the record of the file system at once
    and on the disk when `settle` or the next `write` returns: what was done before a write is on the disk before it.
    """

    #: False for a rehearsal, which changes nothing (rehearsal.py).
    acting = True

    def __init__(self):
        self.changes = []
        self._dirty = []

    def note(self, word, path, detail=''):
        """Write down a change."""
        self.changes.append((word, path, detail))

    def exists(self, path):
        """True if there is something at `path`; a dangling link counts."""
        return os.path.lexists(path)

    def is_directory(self, path):
        """True for a directory, or a link to one."""
        return os.path.isdir(path)

    def is_file(self, path):
        """True for a file, or a link to one."""
        return os.path.isfile(path)

    def names(self, path):
        """The entries of a directory, sorted; none if it is not there."""
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def facts(self, path):
        """st_mtime and st_size of a file. Raises OSError if it is not there."""
        return os.stat(path)

    def read(self, path):
        """The bytes of a file."""
        with open(path, 'rb') as stream:
            return stream.read()

    def sha256(self, path):
        """The SHA-256 of a file's bytes, in hex."""
        return hashlib.sha256(self.read(path)).hexdigest()

    def same_file(self, one, other):
        """True if both names are links to one file."""
        try:
            first, second = os.lstat(one), os.lstat(other)
        except OSError:
            return False
        return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)

    def settle(self):
        """Return when every change so far is on the disk."""
        dirty, self._dirty = self._dirty, []
        for directory in dirty:
            sync_directory(directory)

    def write(self, path, data, mode):
        """Replace `path` by `data` (bytes): after a crash it holds either the old bytes or the new ones."""
        self.settle()
        self._write(path, data, mode)
        self.note('write', path)

    def copy(self, source, target):
        """Put the bytes of `source` at `target`, root-owned, 0644, with a modification time of now."""
        with open(source, 'rb') as stream:
            self.write(target, stream.read(), 0o644)

    def make_directory(self, path):
        """Make a directory, 0755."""
        self._make_directory(path)
        self.note('mkdir', path)

    def make_directories(self, path):
        """Make a directory and its parents, as far as they are not there."""
        missing = []
        while not self.exists(path):
            missing.insert(0, path)
            path = os.path.dirname(path)
        for directory in missing:
            self.make_directory(directory)

    def link(self, path, other):
        """Give a file a second name."""
        self._link(path, other)
        self.note('link', other, path)

    def symlink(self, text, path):
        """Make a symbolic link."""
        self._symlink(text, path)
        self.note('symlink', path, text)

    def rename(self, path, other):
        """Move a file within its directory."""
        self._rename(path, other)
        self.note('move', path, other)

    def put_back(self, original, path):
        """Replace `path` by the file at `original`, which keeps its own name as well; at no moment is nothing there."""
        self._remove(staged(path))
        self._link(original, staged(path))
        self._rename(staged(path), path)
        self.note('put back', path, original)

    def remove(self, path):
        """Remove a file if it is there; True if it was."""
        removed = self._remove(path)
        if removed:
            self.note('remove', path)
        return removed

    def remove_directory(self, path):
        """Remove a directory if it is there and empty; True if it is gone."""
        there = self.exists(path)
        gone = self._remove_directory(path)
        if there and gone:
            self.note('rmdir', path)
        return gone

    def _touched(self, path):
        directory = os.path.dirname(path)
        if directory not in self._dirty:
            self._dirty.append(directory)

    def _write(self, path, data, mode):
        waiting = staged(path)
        self._remove(waiting)
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            try:
                while data:
                    data = data[os.write(descriptor, data):]
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.rename(waiting, path)
        except OSError:
            self._remove(waiting)
            raise
        sync_directory(os.path.dirname(path))

    def _make_directory(self, path):
        os.mkdir(path, 0o755)
        self._touched(path)

    def _link(self, path, other):
        os.link(path, other)
        self._touched(other)

    def _symlink(self, text, path):
        os.symlink(text, path)
        self._touched(path)

    def _rename(self, path, other):
        os.rename(path, other)
        self._touched(other)

    def _remove(self, path):
        try:
            os.unlink(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise
            return False
        self._touched(path)
        return True

    def _remove_directory(self, path):
        try:
            os.rmdir(path)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return True
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        self._touched(path)
        return True
