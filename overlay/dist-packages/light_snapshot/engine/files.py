"""The engine's files in one instance's directory: every change to a file goes through here."""

import os
import time

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import privileged
from light_snapshot.engine import record as records

# What a commit or a new layer may need beside the data itself: qcow2 tables of the largest usual disks.
MARGIN = 64 * 1024 * 1024


def run_here(name, *args):
    """Run a privileged act in this very process: for root, as in tests."""
    return getattr(privileged, name)(*args)


class Files(object):
    """Acts on the files of one instance.

    :param directory: the instance's directory
    :param run: callable(name, *args) that carries out a function of `privileged` with the rights it needs
    """

    def __init__(self, directory, run=run_here):
        self.directory = directory
        self._run = run

    def path(self, name):
        return os.path.join(self.directory, name)

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def info(self, name, fmt):
        return self._run('info', self.directory, name, fmt)

    def virtual_size(self, name, fmt):
        """Virtual size in bytes."""
        return self.info(name, fmt)['virtual-size']

    def allocated(self, name):
        """Bytes that a file takes on the host's disk; 0 when it is gone."""
        try:
            return os.lstat(self.path(name)).st_blocks * 512
        except OSError:
            return 0

    def identity(self, name):
        """What tells one file, as it is now, from any other, and from itself once it is written to."""
        stat = os.lstat(self.path(name))
        return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime

    def create(self, name, backing, backing_format, size):
        self._run('create', self.directory, name, backing, backing_format, size)

    def commit(self, name, base):
        self._run('commit', self.directory, name, base)

    def repoint(self, name, backing, backing_format):
        self._run('repoint', self.directory, name, backing, backing_format)

    def flatten(self, name, backing, backing_format):
        self._run('flatten', self.directory, name, backing, backing_format)

    def grow(self, name, size):
        self._run('grow', self.directory, name, size)

    def mend(self, name):
        self._run('mend', self.directory, name)

    def written(self):
        """Names of the disks and layers here that some process has open for writing, whatever libvirt says."""
        return self._run('written', self.directory)

    def verify(self, name):
        return self._run('verify', self.directory, name)

    def overlap(self, name, fmt, above, above_format):
        return self._run('overlap', self.directory, name, fmt, above, above_format)

    def keep(self, name):
        """Give a file its second name, in the history."""
        self.make_history()
        self._run('link', self.directory, name, layout.kept(name))

    def copy_from(self, directory, name):
        self._run('copy', directory, self.directory, name)

    def export(self, name, source_format, image_format):
        """Copy what a file and all below it hold into one file of its own; its path."""
        self._run('export', self.directory, name, source_format, image_format)
        return self.path(layout.EXPORT)

    def remove_export(self):
        """What a copy that was cut off has left."""
        records.unlink(self.path(layout.EXPORT))

    def hand_over(self, name):
        """Let nova's user read a file that nobody writes to."""
        self._run('hand_over', self.directory, name)

    def make_history(self):
        path = self.path(layout.HISTORY)
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
            records.sync_directory(self.directory)

    def remove(self, name):
        """Remove one of our files; one that is gone already is the same as success."""
        if not layout.is_ours(name):
            raise errors.EngineError('%s is not a file of light-snapshot; it was not removed.' % self.path(name))
        if self.exists(name):
            os.unlink(self.path(name))
            records.sync_directory(os.path.dirname(self.path(name)))

    def discard(self, name):
        """Move a file that is needed no more to the separate folder, from where `purge` removes it in time."""
        if not layout.is_ours(name):
            raise errors.EngineError('%s is not a file of light-snapshot; it was not moved.' % self.path(name))
        if not self.exists(name):
            return
        self.make_history()
        target = self.path(layout.deleted(name))
        if not os.path.isdir(os.path.dirname(target)):
            os.mkdir(os.path.dirname(target), 0o700)
        os.rename(self.path(name), target)
        os.utime(os.path.dirname(target), None)
        records.sync_directory(os.path.dirname(target))
        records.sync_directory(os.path.dirname(self.path(name)))

    def purge(self, older_than):
        """Remove discarded files last moved more than `older_than` seconds ago."""
        directory = self.path(layout.DELETED)
        if not os.path.isdir(directory):
            return
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            # ctime: a rename sets it, and nothing else touches the file from then on.
            if time.time() - os.lstat(path).st_ctime >= older_than:
                os.unlink(path)

    def remove_history(self):
        """Remove the history's folders once they are empty."""
        for name in (layout.DELETED, layout.HISTORY):
            if os.path.isdir(self.path(name)):
                os.rmdir(self.path(name))

    def free(self):
        """Bytes that are free on the file system of this directory."""
        stat = os.statvfs(self.directory)
        return stat.f_bavail * stat.f_frsize

    def need(self, nbytes, what):
        """:raises Refused: when the file system has not that many bytes free, and a margin"""
        if self.free() < nbytes + MARGIN:
            # What is discarded waits for second thoughts, not longer than there is room for it.
            self.purge(0)
        free = self.free()
        if free < nbytes + MARGIN:
            raise errors.Refused('%s may need %d MiB on the compute host and only %d MiB are free; nothing was '
                                 'changed. Free some space or delete snapshots, then try again.'
                                 % (what, (nbytes + MARGIN) // 2 ** 20, free // 2 ** 20))
