"""The record of one server: its layers, its restore points, and the job under way.

One JSON file in the instance's directory, replaced atomically and fsynced with its directory. What it says
wins over the database's columns.
"""

import copy
import errno
import json
import os

from light_snapshot.engine import errors
from light_snapshot.engine import layout

VERSION = 1

_EMPTY = {
    'version': VERSION,
    'target': 'vda',        # the guest device whose layers these are
    'index': 0,             # the newest index given out
    'store': False,
    'size': 0,              # virtual size in bytes of the layers
    'disk_format': 'qcow2',  # of the file `disk` itself
    # What commits go to. `index`: the restore point that it holds; `on`: the kept index it is a layer above,
    # or None; `dirty`: the guest has written to it directly since it held that restore point.
    'root': None,           # {'file', 'format', 'index', 'on', 'dirty'}
    'live': [],             # [{'index', 'file'}], oldest first; the last one is the active layer
    'kept': {},             # index as text -> {'file', 'format', 'on'}
    'points': {},           # index as text -> {'parent', 'name', 'description', 'created_at', 'consistency'}
    'job': None,
}


class Record(object):
    """The parsed record. Attributes are the keys of the file; `save()` makes them durable.

    :param directory: the instance's directory, an absolute path
    """

    def __init__(self, directory, data=None):
        self.directory = directory
        self.data = copy.deepcopy(_EMPTY)
        self.data.update(data or {})

    def __getattr__(self, name):
        try:
            return self.__dict__['data'][name]
        except KeyError:
            raise AttributeError(name)

    @property
    def committed(self):
        """Whether all layers have been committed to the root disk."""
        return not self.data['live']

    @property
    def active(self):
        """The name of the file that the guest writes to, or is to write to when it starts."""
        return self.data['live'][-1]['file'] if self.data['live'] else self.data['root']['file']

    @property
    def active_format(self):
        return 'qcow2' if self.data['live'] else self.data['root']['format']

    @property
    def current(self):
        """The index of the restore point that the active layer stands on; None without layers."""
        live = self.data['live']
        if not live:
            return None
        return live[-2]['index'] if len(live) > 1 else self.data['root']['index']

    def format_of(self, name):
        """The format of one of the record's files."""
        if name == self.data['root']['file']:
            return self.data['root']['format']
        for entry in self.data['kept'].values():
            if entry['file'] == name:
                return entry['format']
        return 'qcow2'

    def path(self, name):
        return os.path.join(self.directory, name)

    def state(self):
        """A deep copy of everything but the job: what a job's `after` starts from."""
        return copy.deepcopy(dict((k, v) for k, v in self.data.items() if k != 'job'))

    def replace(self, after, job):
        """Take over a job's `after` and go on with `job` (None: nothing left to do), in one durable step."""
        self.data.update(copy.deepcopy(after))
        self.data['job'] = copy.deepcopy(job)
        self.save()

    def set_job(self, job, **changes):
        """Write down a job (or its next state) before its action."""
        self.data['job'] = copy.deepcopy(dict(job, **changes)) if job else None
        self.save()

    def save(self):
        path = self.path(layout.RECORD)
        text = json.dumps(self.data, indent=1, sort_keys=True).encode('utf-8')
        # A file object: it goes on after a short write, and a full file system is an exception here, before the rename.
        with os.fdopen(os.open(path + '.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        os.rename(path + '.new', path)
        sync_directory(self.directory)

    def remove(self):
        """The last act of a disable: the server is a plain one again."""
        try:
            os.unlink(self.path(layout.RECORD))
        except OSError as exc:
            if exc.errno != errno.ENOENT:
                raise
        sync_directory(self.directory)


def exists(directory):
    """Whether the server in this directory uses light snapshots: one look at the file system.

    :raises EngineError: when the file system does not tell; nothing may be done to the server then
    """
    path = os.path.join(directory, layout.RECORD)
    try:
        os.lstat(path)
        return True
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise errors.EngineError('Whether there is a record %s cannot be seen (%s); the disk was not touched. See to '
                                 'the directory, then try again.' % (path, exc))


def load(directory):
    """The record in this directory, or None.

    :raises EngineError: when there is one that cannot be read; nothing may be done to the server then
    """
    path = os.path.join(directory, layout.RECORD)
    try:
        with open(path, 'rb') as handle:
            data = json.loads(handle.read().decode('utf-8'))
    except (IOError, OSError) as exc:
        if exc.errno == errno.ENOENT:
            return None
        raise errors.EngineError('The record %s cannot be read (%s); the disk was not touched. Restore the file '
                                 'or its permissions, then try again.' % (path, exc))
    except ValueError as exc:
        raise errors.EngineError('The record %s is damaged (%s); the disk was not touched. Compare it with the '
                                 'layers in its directory before anything else.' % (path, exc))
    if not isinstance(data, dict) or data.get('version') != VERSION:
        raise errors.EngineError('The record %s is of version %s, and this release knows version %s; the disk was '
                                 'not touched. Install the release of light-snapshot that wrote it.'
                                 % (path, data.get('version') if isinstance(data, dict) else '?', VERSION))
    return Record(directory, data)


def sync_directory(directory):
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
