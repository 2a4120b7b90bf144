"""The record of what was done to this node: /var/lib/light-snapshot/state.json."""
import io
import json
import os
import time

from light_snapshot_installer import errors, paths

FORMAT = 1

#: phase: absent (never installed), installing, installed, rolling-back, rolled-back (by the operator), removed (with
#: the package). The ones with a verb's -ing form are what a crash leaves behind.
ABSENT, INSTALLING, INSTALLED = 'absent', 'installing', 'installed'
ROLLING_BACK, ROLLED_BACK, REMOVED = 'rolling-back', 'rolled-back', 'removed'


def _empty():
    return {
        'format': FORMAT,
        'version': '',
        'phase': ABSENT,
        'off': False,         # while it is rolling back, and when it is removed: the operator's own word was given, not the removal of the package alone
        'time': 0,            # seconds since 1970 of the last change of phase
        'parts': [],          # controller, compute, dashboard
        'files': {},          # path -> {'sha256', 'diverted'}; while a newer version comes, 'was': [SHA-256 of older ones of ours]
        'directories': [],    # made by us, parents first
        'bytecode': {},       # path of nova's source -> {'mtime', 'size', 'saved': [path]}
        'columns': [],        # [cell, server, database, table, column] that this node added
        'apparmor': {'choice': '', 'links': [], 'directories': []},
        'pending': [],        # services that must restart and have not
        'restarting': {},     # those of them whose restart has begun -> the init system's names: they ran, and may be down now
        'by_hand': {},        # those that the init system does not know -> [[pid, start]] of the processes that have to go
        'first': False,       # from the start of a first installation until its services serve
        'restarted': [],      # services that the last run restarted
    }


class State(object):
    """The record, loaded; `save` replaces the file atomically."""

    def __init__(self, root):
        """Load the record. Raises errors.InstallerError if it is there and cannot be read."""
        self.root = root
        self.path = root.at(paths.STATE_FILE)
        self.data = _empty()
        #: What this run has to tell of what it kept (keeping.py).
        self.kept = []
        if os.path.exists(root.followed(paths.STATE_FILE)):
            self._load()

    def _load(self):
        try:
            with io.open(self.root.followed(paths.STATE_FILE), encoding='utf-8') as stream:
                loaded = json.load(stream)
            known = loaded['format'] <= FORMAT
        except (ValueError, KeyError, TypeError, IOError) as error:
            raise errors.InstallerError(
                'the record %s cannot be read: %s' % (paths.STATE_FILE, error),
                next_step='restore it from a backup, or move it away: install and rollback then go by the diversions'
                          ' and the contents of the files')
        if not known:
            raise errors.InstallerError('the record %s was written by a newer light-snapshot' % paths.STATE_FILE,
                                        next_step='install that version, or a newer one')
        self.data.update(loaded)

    def __getitem__(self, key):
        return self.data[key]

    def __setitem__(self, key, value):
        self.data[key] = value

    def save(self):
        """Write the record so that it survives a power loss; what was done before is on the disk before it."""
        self.root.disk.make_directories(os.path.dirname(self.path))
        text = json.dumps(self.data, indent=1, sort_keys=True, separators=(',', ': ')) + '\n'
        self.root.disk.write(self.path, text.encode('utf-8'), 0o600)

    def enter(self, phase):
        """Begin a phase and save."""
        self.data['phase'] = phase
        self.data['time'] = int(time.time())
        self.save()

    def stays_off(self):
        """True if the operator has rolled back, whether that came to its end or not: the package's scripts leave the node alone."""
        return self.data['phase'] == ROLLED_BACK or self.data['phase'] == ROLLING_BACK and self.data['off']

    def was_off(self):
        """True if the package was removed from a node on which the operator had rolled back: a removal that dpkg gives up leaves it so."""
        return self.data['phase'] == REMOVED and self.data['off']

    def add_pending(self, services):
        """Note that services will have to restart, because something that they use changes now."""
        services = list(services)
        for name in services:
            self.data['by_hand'].pop(name, None)
        self.data['pending'] = sorted(set(self.data['pending']) | set(services))
