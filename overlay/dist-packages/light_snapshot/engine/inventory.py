"""What a server's restore points are and what they take: read only, for lists that people look at."""

import collections
import time

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import plans
from light_snapshot.engine import thinning

_OVERLAPS = {}          # what two frozen files have in common does not change: looked at once
_MOST_OVERLAPS = 20000
PATIENCE = 2            # seconds that one list may spend on looking at files it has not seen yet


def points(record, files):
    """The restore points, oldest first: what a user can recover to.

    :returns: [{'index', 'parent', 'name', 'description', 'created_at', 'consistency', 'state' ('kept', 'root', 'last'),
        'daily' (the day on which it was taken as the daily one, or None), 'size' and 'frees' (bytes; `frees` is None where it cannot be known), 'current', 'kept', 'safety', 'children'}]
    """
    state, current = _listed(record)
    names = dict((int(key), (entry['file'], 'kept')) for key, entry in state['kept'].items())
    if state['live']:
        root = state['root']
        names[root['index']] = (names.get(root['index'], (root['file'],))[0], 'root')
        names.update((layer['index'], (layer['file'], 'last')) for layer in state['live'][:-1])
    shown, result, until = plans.shown(state), [], time.time() + PATIENCE
    parents = dict((index, plans.shown_parent(state, index)) for index in shown)
    children, standing_on = collections.Counter(parents.values()), thinning.all_standing(state)
    for index in shown:
        name, where = names[index]
        point = plans.point(None, None, plans.CRASH_CONSISTENT)
        point.update(state['points'].get(str(index), {}))
        point.pop('deleted', None)
        point.setdefault('daily', None)
        point.update(index=index, parent=parents[index], state=where, size=_allocated(record, files, name),
                     frees=_frees(record, files, state, thinning.frees(state, index, standing_on), until),
                     current=index == current, kept=str(index) in state['kept'], safety=bool(point.get('safety')),
                     children=children[index])
        result.append(point)
    return result


def _listed(record):
    """(state, current index) that the list goes by. Nobody may change what is in it."""
    job = record.job or {}
    if record.preview:
        # While one is looked at, the others are what they were before.
        return record.preview['before'], record.preview['index']
    if job.get('kind') == 'merge' and job['state'] == 'run':
        # What is being committed to holds what it held no more, whatever becomes of the commit.
        return job['after'], record.current
    return record.data, record.current


def _allocated(record, files, name):
    return sum(files.allocated(layout.of(disk, name)) for disk in record.disk_names)


def _frees(record, files, state, how, until):
    """Bytes that come back when a restore point is deleted; those of deeper ones, already deleted, not counted. None
    where they cannot be known, or not before `until`: the next list has more of them.

    :param how: as `thinning.frees` has it
    """
    if how is None:
        return 0
    if how[0] == 'file':
        return _allocated(record, files, how[1])
    if how[2] == state['live'][-1]['file'] if state['live'] else False:
        return None         # the guest writes to it as we look
    try:
        found = [_overlap(record, files, layout.of(disk, how[1]), layout.of(disk, how[2]), until)
                 for disk in record.disk_names]
    except (errors.EngineError, EnvironmentError):
        return None         # `check` tells what is wrong with a file; the list goes on
    return None if None in found else sum(found)


def _overlap(record, files, name, above, until):
    key = files.identity(name), files.identity(above)
    if key not in _OVERLAPS:
        if time.time() > until:
            return None
        if len(_OVERLAPS) >= _MOST_OVERLAPS:
            _OVERLAPS.clear()
        _OVERLAPS[key] = files.overlap(name, record.format_of(name), above, record.format_of(above))
    return _OVERLAPS[key]


def size(record, files):
    """Bytes that the layers and the history take on the host's disk (without nova's own disks, and what is
    discarded)."""
    return sum(_allocated(record, files, name) for name in record.files() if name != layout.DISK)


def counters(record, files):
    """What there is, in three values.

    :returns: {'count': restore points that are listed, 'last_at': when the newest was taken (None: there is none), 'kept_bytes':
        bytes that the history takes on the host's disk, without nova's own disks}
    """
    state = _listed(record)[0]
    shown = plans.shown(state)
    times = [state['points'].get(str(index), {}).get('created_at') or '' for index in shown]
    kept = set(entry['file'] for entry in state['kept'].values()) - set([layout.DISK])
    return {'count': len(shown), 'last_at': max(times or ['']) or None,
            'kept_bytes': sum(_allocated(record, files, name) for name in kept)}


def written(record, files):
    """Bytes that the active layer takes: what was written since the restore point it stands on, and its own tables. None
    without layers, where the guest writes to the root."""
    return _allocated(record, files, record.active) if record.live else None


def progress(record, domain):
    """How far the commit under way is.

    :returns: {'operation', 'done' and 'total' (bytes), 'percent' (None where nobody can tell)}, or None
    """
    job = record.job if record is not None else None
    if not job or job['kind'] != 'merge':
        return None
    done = total = 0
    if domain is not None and domain.is_running():
        for disk in record.disks:
            status = domain.on(disk['target']).job()
            done, total = done + status.get('cur', 0), total + status.get('end', 0)
    return {'operation': job['op'], 'done': done, 'total': total, 'percent': 100 * done // total if total else None}
