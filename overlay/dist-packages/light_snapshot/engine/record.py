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

VERSION = 2

_EMPTY = {
    'version': VERSION,
    # The disks that each restore point holds, the root disk first. `format`: of nova's own file; `size`: virtual size
    # in bytes of its layers. All other names of files below are the root disk's (see `layout.of`).
    'disks': [],            # [{'name', 'target', 'format', 'size'}]
    'index': 0,             # the newest index given out
    'store': False,
    # What commits go to. `index`: the restore point that it holds; `on`: the kept index it is a layer above,
    # or None; `dirty`: the guest has written to it directly since it held that restore point.
    'root': None,           # {'file', 'index', 'on', 'dirty'}
    'live': [],             # [{'index', 'file'}], oldest first; the last one is the active layer
    # What a restore point stands on (`on`) is another kept one, a live one, or None: nova's own file.
    'kept': {},             # index as text -> {'file', 'on'}
    # `deleted`: its owner wants it no more, and something still stands on it. `safety`: taken before a recover. `daily`: the
    # day on which it was taken as the daily one; gone once it has been given another name.
    'points': {},           # index as text -> {'parent', 'name', 'description', 'created_at', 'consistency', ...}
    'retention': {'count': None, 'days': None},     # how many kept ones may stay, and for how long; None: no limit
    # The days ('YYYY-MM-DD') up to which daily snapshots were seen to, and of the last one: {'slot', 'taken'}
    'daily': None,
    # While a restore point is looked at: {'index', 'before': the state to go back to, 'keep': what to do to stay}
    'preview': None,
    'job': None,
}


def _from_version_1(data):
    """A record of the first release, which knew the root disk only, as this one writes it."""
    data = dict(data, version=VERSION)
    disk = {'name': layout.DISK, 'target': data.pop('target', 'vda'), 'format': data.pop('disk_format', 'qcow2'),
            'size': data.pop('size', 0)}
    data['disks'] = [disk]
    job = data.get('job')
    while job:
        # What is under way goes on; formats that its parts still name are not asked for.
        if job.get('after'):
            job['after'] = _from_version_1(dict(job['after'], job=None))
            job['after'].pop('job')
        job = job.get('then')
    return data


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
        """The file of the root disk that the guest writes to, or is to write to when it starts."""
        return self.data['live'][-1]['file'] if self.data['live'] else self.data['root']['file']

    def active_of(self, disk):
        """The file of any disk that the guest writes to, or is to write to when it starts."""
        return layout.of(disk, self.active)

    @property
    def disk_names(self):
        return [disk['name'] for disk in self.data['disks']]

    @property
    def targets(self):
        """The guest devices whose layers these are."""
        return [disk['target'] for disk in self.data['disks']]

    def disk(self, name):
        """The entry of one disk, or None."""
        for entry in self.data['disks']:
            if entry['name'] == name:
                return entry
        return None

    @property
    def current(self):
        """The index of the restore point that the active layer stands on; None without layers."""
        live = self.data['live']
        if not live:
            return None
        return live[-2]['index'] if len(live) > 1 else self.data['root']['index']

    def format_of(self, name):
        """The format of any file of ours, and of nova's own disks. Never probed: all layers are qcow2."""
        entry = self.disk(name)
        return entry['format'] if entry else 'qcow2'

    def files(self):
        """Every file of the root disk that holds data of this server: {name}."""
        found = _files_of(self.data)
        if self.data['preview']:
            found |= _files_of(self.data['preview']['before'])
        return found

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
        try:
            with os.fdopen(os.open(path + '.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
        except Exception:
            unlink(path + '.new')
            raise
        os.rename(path + '.new', path)
        sync_directory(self.directory)

    def remove(self):
        """The last act of a disable: the server is a plain one again."""
        for name in (layout.RECORD + '.new', layout.RECORD):
            unlink(self.path(name))
        sync_directory(self.directory)


def unlink(path):
    """Remove a file; one that is gone already is the same as success."""
    try:
        os.unlink(path)
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise


def _files_of(state):
    found = set(layer['file'] for layer in state['live']) | set(entry['file'] for entry in state['kept'].values())
    return found | set([state['root']['file']])


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
    if isinstance(data, dict) and data.get('version') == 1:
        data = _from_version_1(data)
    if not isinstance(data, dict) or data.get('version') != VERSION:
        raise errors.EngineError('The record %s is of version %s, and this release knows versions 1 and %s; the disk was '
                                 'not touched. Install the release of light-snapshot that wrote it.'
                                 % (path, data.get('version') if isinstance(data, dict) else '?', VERSION))
    return Record(directory, data)


def sync_directory(directory):
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
