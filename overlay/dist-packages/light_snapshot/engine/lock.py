"""One operation a server at a time, across processes.

The instance's directory itself is locked (flock): no file of the lock's own is left in it, and a process that dies lets
go of it. Where the file system cannot lock a directory (NFS wants a file that is open for writing), a file in it is
locked, and removed by whoever holds it.
"""

import errno
import fcntl
import functools
import os
import time

from light_snapshot.engine import errors
from light_snapshot.engine import record as records

POLL = 0.05             # seconds between two attempts
FILE = 'light-snapshot.lock'

_BUSY = (errno.EAGAIN, errno.EACCES)
_UNABLE = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP)


def exclusive(method):
    """Decorator of an operation of `Engine`: it runs under the lock of its server, on the record as it is then.

    An operation may call others of the same engine. An engine is used by one thread.

    :raises Refused: by the operation, when another one holds the lock for `lock_timeout` seconds
    :raises EngineError: by the operation, for what libvirt and the file system raise
    """
    @functools.wraps(method)
    def locked(engine, *args, **kwargs):
        lock = engine.__dict__.setdefault('_lock', Lock(engine.directory, engine.options['lock_timeout']))
        if lock.held:
            return method(engine, *args, **kwargs)
        with errors.explained(), lock:
            _read_again(engine)
            return method(engine, *args, **kwargs)
    return locked


def _read_again(engine):
    """Another process may have changed the record since this engine was made."""
    engine.record = records.load(engine.directory)
    engine.aim()


class Lock(object):
    """The lock of one instance's directory, for `with`.

    :param timeout: seconds that another holder is waited for
    """

    def __init__(self, directory, timeout):
        self.directory = directory
        self.timeout = timeout
        self.held = False
        self._fd = None
        self._file = None       # the path that is to be removed

    def __enter__(self):
        end = time.time() + self.timeout
        while not self._take():
            if time.time() >= end:
                raise errors.Refused('Another operation on the layers in %s has been under way for %d s; nothing was '
                                     'changed by this one. Wait until it has ended, then try again.'
                                     % (self.directory, self.timeout))
            time.sleep(POLL)
        self.held = True
        return self

    def __exit__(self, *_exc):
        self.held = False
        if self._file is not None:
            records.unlink(self._file)
            self._file = None
        if self._fd is not None:
            os.close(self._fd)      # the only descriptor of the lock: it is free
            self._fd = None

    def _take(self):
        """One attempt; a directory that is gone needs no lock."""
        try:
            fd = _open(self.directory, os.O_RDONLY)
        except OSError as exc:
            if exc.errno == errno.ENOENT:
                return True
            raise errors.EngineError('%s cannot be locked (%s); nothing was changed. See to the directory, then try '
                                     'again.' % (self.directory, exc))
        try:
            taken = _flock(fd)
        except EnvironmentError as exc:
            os.close(fd)
            if exc.errno not in _UNABLE:
                raise
            return self._take_file()
        return self._keep(fd, taken)

    def _take_file(self):
        path = os.path.join(self.directory, FILE)
        fd = _open(path, os.O_RDWR | os.O_CREAT)
        # Whoever held it before may have removed it since it was opened: then it locks nothing.
        if not self._keep(fd, _flock(fd) and _is(path, fd)):
            return False
        self._file = path
        return True

    def _keep(self, fd, taken):
        if taken:
            self._fd = fd
        else:
            os.close(fd)
        return taken


def _open(path, flags):
    fd = os.open(path, flags, 0o600)
    # A qemu-img that outlives us must not hold the lock.
    fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return fd


def _flock(fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except EnvironmentError as exc:
        if exc.errno in _BUSY:
            return False
        raise


def _is(path, fd):
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except OSError:
        return False
