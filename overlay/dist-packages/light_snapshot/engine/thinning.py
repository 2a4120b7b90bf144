"""Plans of deletion and retention: pure functions from a record to a job, as in `plans`.

To delete a restore point is to mark it: it is listed no more from that moment. Its space comes back by what follows,
one small job at a time, each of which may be cut off or given up and begun again:

- nothing stands on it: its files are removed;
- one thing stands on it: that is committed into its file, and takes the file over;
- more stand on it: it stays, unseen, until one of them is left. (cloudstack PR #10632 has the case.)
"""

import calendar
import copy
import datetime
import time

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import plans

FORMAT = '%Y-%m-%dT%H:%M:%SZ'


def now():
    return time.strftime(FORMAT, time.gmtime())


def seconds(text):
    """A time of a record in seconds since 1970; None for a restore point whose time is not known."""
    return calendar.timegm(time.strptime(text, FORMAT)) if text else None


def delete(state, indices):
    """Mark restore points as deleted.

    :raises NotFound: one of them does not exist
    """
    after, known = copy.deepcopy(state), plans.shown(state)
    for index in indices:
        if index not in known:
            raise errors.NotFound('There is no restore point %s; nothing was changed. The list of light snapshots shows '
                                  'which there are.' % index)
        entry = after['points'].setdefault(str(index), plans.point(None, None, plans.CRASH_CONSISTENT))
        entry['deleted'] = True
    return plans.settle('delete', after)


def expired(state, at):
    """The indices that the server's retention lets go of: never what is in the live chain, nor what it stands on.

    :param at: the time, in seconds since 1970
    """
    count, days = state['retention']['count'], state['retention']['days']
    kept = [index for index in plans.shown(state) if str(index) in state['kept']]
    gone = set(kept[:-count] if count and len(kept) > count else [])
    for index in kept if days else ():
        created = seconds(state['points'].get(str(index), {}).get('created_at'))
        if created is not None and at - created > days * 86400:
            gone.add(index)
    return sorted(gone - _held(state))


def _held(state):
    """What is in the live chain, and what that stands on."""
    return set([state['root']['index'], plans.below(state)] + [layer['index'] for layer in state['live']])


def expired_daily(state, keep, weeks):
    """The indices of daily restore points that nobody has to keep: a few of the newest stay, and of some of the weeks before
    them the newest. Never one that has been given a name, nor what is in the live chain or what that stands on.

    :param keep: how many of the newest stay; 0: all
    :param weeks: of how many more weeks (ISO 8601; weeks that have daily ones) one stays
    """
    days = dict((index, state['points'].get(str(index), {}).get('daily')) for index in plans.shown(state))
    daily = sorted((day, index) for index, day in days.items() if day)
    stay = set(index for _day, index in daily[-keep:])
    newest = {}
    for day, index in daily:
        newest[datetime.datetime.strptime(day, '%Y-%m-%d').isocalendar()[:2]] = index
    stay.update([newest[week] for week in sorted(newest, reverse=True) if newest[week] not in stay][:weeks])
    gone = set(index for _day, index in daily if str(index) in state['kept']) - stay
    return sorted(gone - _held(state))


# ---- what stands on a restore point

def all_standing(state):
    """What stands directly on each kept restore point, and on the frozen live one: {index: [('kept', index), ('root', None), ...]};
    those on which nothing stands are not in it."""
    found, root = {}, state['root']['on']
    for key in sorted(state['kept'], key=int):
        found.setdefault(state['kept'][key]['on'], []).append(('kept', int(key)))
    if str(root) in state['kept']:
        found.setdefault(root, []).append(('root', None))
    live = [layer['index'] for layer in state['live']]
    for below, above in zip(live, live[1:]):
        found.setdefault(below, []).append(('live', above))
    return found


def _is_base(state, index):
    """Whether the layer that is committed next will be kept on this one, whose content the root holds now."""
    return bool(state['live']) and index == state['root']['index'] and \
        any(plans.stays(state, layer) for layer in state['live'])


def frees(state, index, standing_on):
    """How the space of a restore point would come back: ('file', name), ('overlap', name, name above), or None.

    :param standing_on: what `all_standing` gives of this state
    """
    entry, above = state['kept'].get(str(index)), standing_on.get(index, [])
    if entry is None:
        live = state['live']
        if len(live) > 1 and index == live[0]['index'] and len(above) == 1:
            return 'overlap', live[0]['file'], live[1]['file']
        return None
    if _is_base(state, index) or entry['file'] == layout.DISK and not above:
        return None
    if not above:
        return 'file', entry['file']
    if len(above) > 1:
        return None
    return 'overlap', entry['file'], _file(state, above[0])


def _file(state, what):
    kind, index = what
    return state['root']['file'] if kind == 'root' else state['kept'][str(index)]['file']


# ---- jobs

def collapse(state, running):
    """The next job by which the space of deleted restore points comes back; None when there is nothing to do (yet).

    :param running: whether the guest runs: it may be writing to the root then, if that has no layers
    """
    if state['preview']:
        return None
    standing_on = all_standing(state)
    for key in sorted(state['kept'], key=int):
        job = _collapse_kept(state, int(key), standing_on, running) if plans.is_deleted(state, int(key)) else None
        if job is not None:
            return job
    live = state['live']
    if len(live) < 2:
        return None
    if plans.is_deleted(state, live[-2]['index']):
        return _collapse_last(state) if len(standing_on.get(live[-2]['index'], [])) == 1 else None
    if plans.is_deleted(state, state['root']['index']):
        # The last snapshot is what the root may hold from now on.
        return plans.merge_oldest(state, 'delete')
    return None


def _collapse_kept(state, index, standing_on, running):
    how = frees(state, index, standing_on)
    if how is None:
        return None
    if how[0] == 'file':
        after = copy.deepcopy(state)
        entry = after['kept'].pop(str(index))
        plans.prune(after)
        return plans.settle('delete', after, plans.cleanup('delete', [{'do': 'remove', 'file': entry['file']}]))
    what = standing_on[index][0]
    if what[0] == 'root' and not state['live'] and running:
        return None
    return _take_over(state, index, what)


def _take_over(state, index, what):
    """What alone stands on a restore point is committed into its file, and lives on there."""
    after = copy.deepcopy(state)
    gone, kind, child = after['kept'].pop(str(index)), what[0], what[1]
    entry = after['root'] if kind == 'root' else after['kept'][str(child)]
    top, base, actions, above = entry['file'], gone['file'], [], None
    entry.update(file=base, on=gone['on'])
    if kind == 'root':
        above = state['live'][0]['file'] if state['live'] else None
    else:
        for key, other in sorted(after['kept'].items()):
            if other['on'] == child:
                actions.append({'do': 'repoint', 'file': other['file'], 'backing': base})
        if state['root']['on'] == child:
            above = state['root']['file']
    if above is not None:
        actions.insert(0, {'do': 'repoint', 'file': above, 'backing': base})
    actions.append({'do': 'remove', 'file': top})
    plans.prune(after)
    return plans.merge('delete', after, top, base, actions)


def _collapse_last(state):
    """The active layer is committed into the deleted one below it, and the guest goes on there."""
    after = copy.deepcopy(state)
    last, active = after['live'][-2:]
    after['live'][-2:] = [{'index': active['index'], 'file': last['file']}]
    plans.prune(after)
    return plans.merge('delete', after, None, last['file'], [{'do': 'remove', 'file': active['file']}])
