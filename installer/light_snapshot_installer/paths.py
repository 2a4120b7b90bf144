"""Where things are on a node. Every path goes through a Root, so that tests can use a directory as a node."""
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
        """The path to open for the node's absolute `path`."""
        return path if self.real else self.prefix + path

    def inside(self, path):
        """The node's own name of a path of this machine; None if it lies outside of the node."""
        if self.real:
            return path
        return path[len(self.prefix):] if path.startswith(self.prefix + '/') else None

    def exists(self, path):
        """True if the node has `path` (a dangling link counts)."""
        return self.disk.exists(self.at(path))
