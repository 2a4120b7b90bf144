"""File work that survives a crash: staged copies, fsync, checksums, removal of trees."""
import errno
import hashlib
import os

from light_snapshot_installer import paths


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


def sync_directory(path):
    """Make the entries of directory `path` survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path, data, mode):
    """Replace `path` by `data` (bytes): after a crash it holds either the old bytes or the new ones."""
    staged = paths.staged(path)
    remove(staged)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, 'wb') as stream:
        stream.write(data)
        os.fchmod(stream.fileno(), mode)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(staged, path)
    sync_directory(os.path.dirname(path))


def copy(source, target):
    """Put the bytes of `source` at `target`, root-owned, 0644, with a modification time of now."""
    with open(source, 'rb') as stream:
        write_atomically(target, stream.read(), 0o644)


def remove(path):
    """Remove a file if it is there; True if it was."""
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise
        return False
    return True


def remove_directory(path):
    """Remove a directory if it is there and empty; True if it is gone."""
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return True
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def same_file(one, other):
    """True if both names are links to one file."""
    try:
        first, second = os.lstat(one), os.lstat(other)
    except OSError:
        return False
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
