"""What a record says, for the checks: the one place of the harness that knows the record's form."""

import os

from light_snapshot.engine import layout, plans

RECORD = layout.RECORD


def _every(record, name):
    """[(file, format)] that stand for a file of the root disk, a pair a disk."""
    names = [layout.of(disk, name) for disk in record.disk_names]
    return [(name, record.format_of(name)) for name in names]


def chain(record, index):
    """What a restore point is read through: [(file, format)], a pair a disk."""
    state = record.preview['before'] if record.preview else record.state()
    names = dict((layer['index'], layer['file']) for layer in state['live'][:-1])
    names.update((int(key), entry['file']) for key, entry in state['kept'].items())
    return _every(record, names.get(index, state['root']['file']))


def actives(record):
    """[(file, format)]: what the guest writes to, a pair a disk."""
    return _every(record, record.active)


def images(record):
    """{file: format} of everything that the record names."""
    return dict(pair for name in record.files() | {layout.DISK} for pair in _every(record, name))


def backing(record):
    """{file: the file that it must stand on, by its bare name}, nova's own left out: their bases are nova's."""
    found = {}
    for state in [record.state()] + ([record.preview['before']] if record.preview else []):
        for name, below in plans.backing_files(state).items():
            if below is not None:
                found.update(zip((file for file, _format in _every(record, name)), (file for file, _format in _every(record, below))))
    return found


def hidden(record):
    """Restore points that are not listed for a while: a commit of all was given up, and they are right again once more is committed."""
    state = record.state()
    below = [layer['index'] for layer in state['live'] if plans.is_spoilt(state, layer['index'])]
    return set(below) | set(int(key) for key in state['kept'] if plans.is_spoilt(state, plans.live_below(state, int(key))))


def expected(record):
    """Names of all the files that may be in the server's directory (discarded ones left out)."""
    names = set(images(record)) | {RECORD}
    for entry in (record.preview['before'] if record.preview else record.data)['kept'].values():
        names.update(layout.kept(name) for name, _format in _every(record, entry['file']))
    return names


def found(directory):
    """Names of all the files that are in the server's directory; the discarded ones left out."""
    names = set()
    for top, _directories, files in os.walk(directory):
        names.update(os.path.relpath(os.path.join(top, name), directory) for name in files)
    return set(name for name in names if not name.startswith(layout.DELETED + '/'))
