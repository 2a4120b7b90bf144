"""One installer at a time on a node."""
import errno
import fcntl
import os
import time

from light_snapshot_installer import errors, paths


class NodeLock(object):
    """Holds /run/light-snapshot.lock; waits up to `seconds` for another holder, then raises errors.Locked."""

    def __init__(self, root, seconds=60, sleep=time.sleep):
        self.path = root.followed(paths.LOCK_FILE)
        self.seconds = seconds
        self.sleep = sleep
        self.descriptor = None

    def __enter__(self):
        directory = os.path.dirname(self.path)
        if not os.path.isdir(directory):
            os.makedirs(directory)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.time() + self.seconds
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self
            except (IOError, OSError) as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
            if time.time() >= deadline:
                os.close(self.descriptor)
                raise errors.Locked('another light-snapshot is at work on this node (it holds %s)' % self.path,
                                    next_step='wait until it has ended, then run this command again')
            self.sleep(0.2)

    def __exit__(self, *_exc):
        # The file stays while the lock is handed over: removing it would let two processes lock two files.
        os.close(self.descriptor)
