"""Where things are on a node. Every path goes through a Root, so that tests can use a directory as a node."""
import errno
import os

from light_snapshot_installer import files, rehearsal

STATE_DIR = '/var/lib/light-snapshot'
STATE_FILE = STATE_DIR + '/state.json'
#: The Python chosen with --python: one line, for the shell scripts too (installer/python.sh).
PYTHON_FILE = STATE_DIR + '/python'
LOCK_FILE = '/run/light-snapshot.lock'
DEFAULTS_FILE = '/etc/default/light-snapshot'
SUFFIX = '.light-snapshot-orig'
PACKAGE = 'light-snapshot'
#: As many links may be followed one after the other, as in the kernel.
_LINKS = 40


class Root(object):
    """The directory that a node's `/` is at.

    `live`: the node runs, so that its processes count and its services restart. `python`: the interpreter that was
    chosen with --python and runs us, or None. `disk`: where all changes to files go through.
    """

    def __init__(self, prefix='/', live=True, python=None):
        self.prefix = os.path.realpath(prefix)
        self.live = live
        self.python = python
        self.disk = files.Disk()

    def rehearsed(self):
        """The same node, on which nothing changes."""
        other = Root(self.prefix, self.live, self.python)
        other.disk = rehearsal.Rehearsal()
        return other

    @property
    def real(self):
        """True if this is the machine we run on."""
        return self.prefix == '/'

    def at(self, path):
        """The path on this machine of the node's absolute `path`; a link there is that link.

        In a tree (--root) the links on the way to it are the tree's, as in a chroot: an absolute one begins at the tree's top.
        """
        if self.real or self.live or not path.strip('/'):
            return path if self.real else self.prefix + path
        directory, name = os.path.split(path)
        return os.path.join(self._resolved(directory), name)

    def followed(self, path):
        """The same for what is read: a link there is what it names. Raises OSError if links go round in a circle."""
        return self.at(path) if self.real or self.live else self._resolved(path)

    def _resolved(self, path):
        """The path on this machine of a tree's path, without links."""
        ahead, found, links = path.split('/')[::-1], [], 0
        while ahead:
            part = ahead.pop()
            if part == '..':
                found = found[:-1]
            if part in ('', '.', '..'):
                continue
            try:
                text = os.readlink('/'.join([self.prefix] + found + [part]))
            except OSError:
                found.append(part)
                continue
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            found = [] if text.startswith('/') else found
            ahead.extend(text.split('/')[::-1])
        return '/'.join([self.prefix] + found)

    def inside(self, path):
        """The node's own name of a path of this machine; None if it lies outside of the node."""
        if self.real:
            return path
        return path[len(self.prefix):] if path.startswith(self.prefix + '/') else None

    def exists(self, path):
        """True if the node has `path` (a dangling link counts)."""
        return self.disk.exists(self.at(path))
