"""Where things are on a node. Every path goes through a Root, so that tests can use a directory as a node."""
import os

STATE_DIR = '/var/lib/light-snapshot'
STATE_FILE = STATE_DIR + '/state.json'
LOCK_FILE = '/run/light-snapshot.lock'
DEFAULTS_FILE = '/etc/default/light-snapshot'
SUFFIX = '.light-snapshot-orig'
STAGED = '.light-snapshot-new'
PACKAGE = 'light-snapshot'


class Root(object):
    """The directory that a node's `/` is at."""

    def __init__(self, prefix='/'):
        self.prefix = os.path.abspath(prefix)

    @property
    def real(self):
        """True if this is the machine we run on."""
        return self.prefix == '/'

    def at(self, path):
        """The path to open for the node's absolute `path`."""
        return path if self.real else self.prefix + path

    def exists(self, path):
        """True if the node has `path` (a dangling link counts)."""
        return os.path.lexists(self.at(path))
