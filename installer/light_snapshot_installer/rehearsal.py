"""--dry-run: a disk on which changes are only written down, and which looks afterwards as if they had been made."""
import collections
import os
import time

from light_snapshot_installer import files

_Facts = collections.namedtuple('_Facts', 'st_mtime st_size')
_DIRECTORY = object()
#: Not listed: what the installer keeps for itself (paths.STATE_DIR).
RECORDS = '/var/lib/light-snapshot/'


def changes(root):
    """[(act, what, detail)] of what was done to a node, without the installer's own record; paths are the node's."""
    def own(path):
        return root.inside(path) or path if path.startswith('/') else path
    found = [(act, own(what), own(detail)) for act, what, detail in root.disk.changes]
    return [change for change in found if not (change[1] + '/').startswith(RECORDS)]


class _Written(object):
    """A file that was written in the rehearsal."""

    def __init__(self, data):
        self.data = data
        self.facts = _Facts(time.time(), len(data))


class Rehearsal(files.Disk):
    """See Disk. `_over` holds what differs from the real disk.

    Its values: None where nothing is any more, _DIRECTORY, a _Written, or the real path of the file that has this name.
    """

    acting = False

    def __init__(self):
        super(Rehearsal, self).__init__()
        self._over = {}

    def _what(self, path):
        """What is at `path`: a value as in `_over`."""
        if path in self._over:
            return self._over[path]
        if not os.path.lexists(path):
            return None
        return _DIRECTORY if os.path.isdir(path) else path

    def exists(self, path):
        return self._what(path) is not None

    def is_directory(self, path):
        return self._what(path) is _DIRECTORY

    def is_file(self, path):
        what = self._what(path)
        return isinstance(what, _Written) or (what not in (None, _DIRECTORY) and os.path.isfile(what))

    def names(self, path):
        found = set(super(Rehearsal, self).names(path))
        for other, what in self._over.items():
            if os.path.dirname(other) == path:
                (found.discard if what is None else found.add)(os.path.basename(other))
        return sorted(found)

    def facts(self, path):
        what = self._what(path)
        return what.facts if isinstance(what, _Written) else os.stat(path if what in (None, _DIRECTORY) else what)

    def read(self, path):
        what = self._what(path)
        return what.data if isinstance(what, _Written) else super(Rehearsal, self).read(what or path)

    def same_file(self, one, other):
        first, second = self._what(one), self._what(other)
        if first is second or isinstance(first, _Written) or isinstance(second, _Written):
            return first is second and first is not None
        return None not in (first, second) and super(Rehearsal, self).same_file(first, second)

    def settle(self):
        pass

    def _write(self, path, data, mode):
        self._over[path] = _Written(data)

    def _make_directory(self, path):
        self._over[path] = _DIRECTORY

    def _link(self, path, other):
        self._over[other] = self._what(path)

    def _symlink(self, text, path):
        self._over[path] = _Written(text.encode('utf-8'))

    def _rename(self, path, other):
        self._over[other], self._over[path] = self._what(path), None

    def _remove(self, path):
        if not self.exists(path):
            return False
        self._over[path] = None
        return True

    def _remove_directory(self, path):
        if self.exists(path):
            if self.names(path):
                return False
            self._over[path] = None
        return True
