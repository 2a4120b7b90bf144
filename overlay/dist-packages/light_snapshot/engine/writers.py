"""Who writes to a file, whatever libvirt says: it takes a guest for ended at times whose QEMU lives on.

Two witnesses, and either is enough. The kernel tells which processes have a file open for writing; to whoever may look at their
descriptors, that is: nova's privsep daemon (17 and later) may not look at QEMU's, which run as another user (CAP_SYS_PTRACE is
not among its capabilities). And a QEMU of 2.10 and later, qemu-img with it, holds locks on what it writes to, which anybody can
ask for. Before 2.10 there are no locks; nova then has its rootwrap, whose root may look at everything.
"""

import errno
import fcntl
import os
import struct

# Linux, include/uapi/asm-generic/fcntl.h; Python has no name for it before 3.9.
F_OFD_GETLK = 36
_FLOCK = struct.Struct('@hhqqi4x')

# QEMU, block/file-posix.c: whoever uses a permission of the block layer holds a read lock on the byte RAW_LOCK_PERM_BASE + its
# number. Of BLK_PERM_WRITE, BLK_PERM_WRITE_UNCHANGED and BLK_PERM_RESIZE (include/block/block-common.h):
_WRITING = (101, 3)

_GONE = (errno.ENOENT, errno.ESRCH)
_DENIED = (errno.EACCES, errno.EPERM)


def of(directory, paths):
    """The names of those of a directory's files that some process writes to, or has open to do so.

    :param paths: {name: path}
    :raises EnvironmentError: it cannot be told
    """
    found, held = {}, set()
    for name, path in paths.items():
        stat = os.lstat(path)
        found[stat.st_dev, stat.st_ino] = name
        if _is_locked(path):
            held.add(name)
    for pid in os.listdir('/proc'):
        if pid.isdigit() and int(pid) != os.getpid():
            held.update(_opened_by(pid, found))
    return sorted(held)


def _is_locked(path):
    """Whether a QEMU holds a lock of those who write. A QEMU that only reads, from a backing file, holds others."""
    start, length = _WRITING
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        answer = fcntl.fcntl(handle, F_OFD_GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0))
    except EnvironmentError as exc:
        # A kernel before 3.15 has no such locks, some file systems have none; no QEMU has any there then.
        if exc.errno in (errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            return False
        raise
    finally:
        os.close(handle)
    return _FLOCK.unpack(answer)[0] != fcntl.F_UNLCK


def _opened_by(pid, found):
    """Of the files {(device, inode): name}, those that a process has open for writing, where we may see that."""
    folder, held = os.path.join('/proc', pid), []
    try:
        numbers = os.listdir(os.path.join(folder, 'fd'))
    except EnvironmentError as exc:
        if exc.errno in _GONE + _DENIED:
            return held     # it has ended meanwhile, or the locks have to tell
        raise
    for number in numbers:
        try:
            stat = os.stat(os.path.join(folder, 'fd', number))
            if (stat.st_dev, stat.st_ino) in found and _for_writing(os.path.join(folder, 'fdinfo', number)):
                held.append(found[stat.st_dev, stat.st_ino])
        except EnvironmentError as exc:
            # Closed meanwhile: a QEMU that lives closes many a file, and has the disk open all the same.
            if exc.errno not in _GONE + _DENIED:
                raise
    return held


def _for_writing(path):
    with open(path) as handle:
        for line in handle:
            if line.startswith('flags:'):
                # O_ACCMODE, which Python 2.7 does not have.
                return int(line.split()[1], 8) & (os.O_WRONLY | os.O_RDWR) != os.O_RDONLY
    return False
