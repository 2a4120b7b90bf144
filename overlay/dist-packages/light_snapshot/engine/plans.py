"""What each operation will do: pure functions from a record to a job. Nothing is touched here.

A job is a plain dictionary that goes into the record before anything is done:

``kind``
    ``push`` puts new empty layers on top of the active one; ``merge`` commits layers downwards; ``swap``
    (guest off) gives the guest a new active layer on another restore point; ``cleanup`` is what may be done only
    once the record says that a file is needed no more.
``state``
    how far it is (see `jobs`).
``after``
    the record as it will be; it takes effect in one durable step.
``then``
    the job that follows, or None.
"""

import copy

from light_snapshot.engine import errors
from light_snapshot.engine import layout

QUIESCED = 'quiesced'
CRASH_CONSISTENT = 'crash-consistent'
STOPPED = 'stopped'


def point(parent, now, consistency, name='', description=''):
    return {'parent': parent, 'name': name, 'description': description, 'created_at': now,
            'consistency': consistency}


def _cleanup(op, actions, then=None):
    return {'kind': 'cleanup', 'op': op, 'cleanup': actions, 'then': then} if actions else then


def _prune(after):
    """Forget the names and times of restore points that are no more."""
    alive = set(after['kept'])
    alive.add(str(after['root']['index']))
    alive.update(str(layer['index']) for layer in after['live'][:-1])
    after['points'] = dict((k, v) for k, v in after['points'].items() if k in alive)


def _new(name, backing, backing_format):
    return {'file': name, 'backing': backing, 'format': backing_format}


def _push_on(after, top, top_format, with_root):
    """New active layer (and a new root layer below it, if asked) on `top`; changes `after`, gives the files."""
    after['index'] += 1
    index, new = after['index'], []
    if with_root:
        new.append(_new(layout.root(index), top, top_format))
        top, top_format = layout.root(index), 'qcow2'
    new.append(_new(layout.layer(index), top, top_format))
    return new


def depth(record_state, index):
    """How many kept files lie below a kept restore point, itself included."""
    count, key = 0, index
    while key is not None:
        count += 1
        key = record_state['kept'][str(key)]['on']
    return count


def enable(state, store, now, consistency):
    """First layers above the root disk. With store, `disk` becomes the base of the history, without a copy."""
    after = copy.deepcopy(state)
    after['store'] = bool(store)
    disk = {'file': layout.DISK, 'format': state['disk_format'], 'index': 0, 'on': None, 'dirty': False}
    after['points']['0'] = point(None, now, consistency)
    after['root'] = disk
    new = _push_on(after, layout.DISK, state['disk_format'], store)
    if store:
        after['kept']['0'] = {'file': layout.DISK, 'format': state['disk_format'], 'on': None}
        after['root'] = {'file': new[0]['file'], 'format': 'qcow2', 'index': 0, 'on': 0, 'dirty': False}
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    return {'kind': 'push', 'op': 'enable', 'state': 'create', 'new': new, 'after': after,
            'then': _cleanup('enable', _keep_all(state, after))}


def start(state, now, limit=16):
    """Layers again for a server whose layers were all committed; the guest is off.

    :param limit: as for `recover`
    """
    after = copy.deepcopy(state)
    root = after['root']
    if root['dirty']:
        # The guest wrote to the root since the last restore point: what it holds now is one of its own.
        after['index'] += 1
        after['points'][str(after['index'])] = point(root['index'], now, STOPPED, '',
                                                     'What the server had written while its layers were committed.')
        root.update(index=after['index'], dirty=False)
    freeze = after['store'] and str(root['index']) not in after['kept']
    new, flatten = _push_on(after, root['file'], root['format'], freeze), None
    if freeze:
        _freeze_root(after, new[0]['file'], root['index'])
        flatten = _flatten(after, new[0]['file'], limit)
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    _prune(after)
    return {'kind': 'push', 'op': 'start', 'state': 'create', 'new': new, 'flatten': flatten, 'after': after,
            'then': _cleanup('start', _keep_all(state, after))}


def _flatten(after, new_root, limit):
    """What to copy into a new root (the guest is off) where too many kept files would lie below it, or None.

    A chain that deep would slow every read down, and libvirt before 12.0 starts none of some 25 layers. What lies
    above the history's oldest file is copied into the new root instead.
    """
    root = after['root']
    if depth(after, root['on']) <= limit:
        return None
    while after['kept'][str(root['on'])]['on'] is not None:
        root['on'] = after['kept'][str(root['on'])]['on']
    base = after['kept'][str(root['on'])]
    return {'file': new_root, 'backing': base['file'], 'format': base['format']}


def _freeze_root(after, new_root, index):
    """The root becomes a kept file as it is, and `new_root` above `index` takes its place: no byte is copied."""
    root = after['root']
    after['kept'][str(root['index'])] = {'file': root['file'], 'format': root['format'], 'on': root['on']}
    after['root'] = {'file': new_root, 'format': 'qcow2', 'index': index, 'on': index, 'dirty': False}


def snapshot(state, now, consistency, current, name='', description=''):
    """Freeze the active layer; afterwards commit the oldest frozen one, so that the live chain stays bounded."""
    after = copy.deepcopy(state)
    active = after['live'][-1]
    new = _push_on(after, active['file'], 'qcow2', False)
    after['live'].append({'index': after['index'], 'file': new[-1]['file']})
    after['points'][str(active['index'])] = point(current, now, consistency, name, description)
    then = merge_oldest(after) if len(after['live']) > 2 else None
    return {'kind': 'push', 'op': 'snapshot', 'state': 'create', 'new': new, 'after': after, 'then': then}


def _keep(after, layer, on, actions):
    """A live layer goes to the history: linked there, and re-pointed to the kept file `on`."""
    below = after['kept'][str(on)]
    after['kept'][str(layer['index'])] = {'file': layer['file'], 'format': 'qcow2', 'on': on}
    actions.extend([{'do': 'keep', 'file': layer['file']},
                    {'do': 'repoint', 'file': layer['file'], 'backing': below['file'], 'format': below['format']}])


def _keep_all(state, after):
    """Links for what has become history where it is."""
    return [{'do': 'keep', 'file': after['kept'][key]['file']} for key in sorted(after['kept'], key=int)
            if key not in state['kept']]


def merge_oldest(state):
    """Commit the oldest frozen layer to the root; with store it is linked into the history first."""
    after, actions = copy.deepcopy(state), []
    layer, above = after['live'][0], after['live'][1]
    if after['store']:
        _keep(after, layer, after['root']['index'], actions)
    else:
        actions.append({'do': 'remove', 'file': layer['file']})
    links = [action['file'] for action in actions if action['do'] == 'keep']
    after['live'] = after['live'][1:]
    after['root'].update(index=layer['index'], dirty=False)
    _prune(after)
    return {'kind': 'merge', 'op': 'commit', 'state': 'link' if links else 'run', 'links': links,
            'top': layer['file'], 'above': above['file'], 'base': after['root']['file'],
            'base_format': after['root']['format'], 'after': after, 'then': _cleanup('commit', actions)}


def commit_all(state, now, consistency, current):
    """Commit every live layer to the root; with store each of them becomes a kept restore point."""
    after, actions = copy.deepcopy(state), []
    on = after['root']['index']
    active = after['live'][-1]
    after['points'][str(active['index'])] = point(current, now, consistency, '', 'All layers were committed here.')
    for layer in after['live']:
        if after['store']:
            _keep(after, layer, on, actions)
            on = layer['index']
        else:
            actions.append({'do': 'remove', 'file': layer['file']})
    links = [action['file'] for action in actions if action['do'] == 'keep']
    after['live'] = []
    # A guest that is running goes on writing to the root itself from now on.
    after['root'].update(index=active['index'], dirty=consistency != STOPPED)
    _prune(after)
    return {'kind': 'merge', 'op': 'commit-all', 'state': 'link' if links else 'run', 'links': links,
            'top': None, 'base': after['root']['file'], 'base_format': after['root']['format'],
            'after': after, 'then': _cleanup('commit-all', actions)}


def disable(state):
    """Commit everything to `disk` itself and forget the history. The job's first state drops it from the record:
    from then on its base is being written to."""
    after = copy.deepcopy(state)
    names = [layer['file'] for layer in after['live']]
    names.extend(entry['file'] for entry in after['kept'].values())
    names.append(after['root']['file'])
    actions = [{'do': 'remove', 'file': layout.kept(name)} for name in sorted(set(names))]
    actions.extend({'do': 'remove', 'file': name} for name in sorted(set(names)) if name != layout.DISK)
    actions.append({'do': 'end'})
    top = after['live'][-1]['file'] if after['live'] else after['root']['file']
    after.update(live=[], kept={}, points={}, store=False)
    after['root'] = {'file': layout.DISK, 'format': state['disk_format'], 'index': after['index'], 'on': None,
                     'dirty': True}
    then = _cleanup('disable', actions)
    if top == layout.DISK:
        return {'kind': 'settle', 'op': 'disable', 'after': after, 'then': then}
    return {'kind': 'merge', 'op': 'disable', 'state': 'run', 'links': [], 'top': None, 'base': layout.DISK,
            'base_format': state['disk_format'], 'after': after, 'then': then}


def store_on(state, now, consistency, current):
    """Keep every layer from now on. What lies in the chain becomes history where it is: no byte is copied."""
    after = copy.deepcopy(state)
    after['store'] = True
    root = after['root']
    if not after['live'] or (str(root['index']) in after['kept'] and not root['dirty']):
        return {'kind': 'settle', 'op': 'store', 'after': after, 'then': None}
    active, on = after['live'][-1], root['index']
    after['points'][str(active['index'])] = point(current, now, consistency, '', 'Keeping was switched on here.')
    layers = after['live']
    new = _push_on(after, active['file'], 'qcow2', True)
    _freeze_root(after, new[0]['file'], active['index'])
    for layer in layers:
        after['kept'][str(layer['index'])] = {'file': layer['file'], 'format': 'qcow2', 'on': on}
        on = layer['index']
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    return {'kind': 'push', 'op': 'store', 'state': 'create', 'new': new, 'after': after,
            'then': _cleanup('store', _keep_all(state, after))}


def store_off(state):
    """Keep no more layers. What is kept already stays, and stays listed."""
    after = copy.deepcopy(state)
    after['store'] = False
    return {'kind': 'settle', 'op': 'store', 'after': after, 'then': None}


def recover(state, index=None, use_root=False, limit=16):
    """Give the guest (which is off) a new active layer on a restore point.

    :param index: the restore point; None for the last snapshot (or the root, where there is none)
    :param limit: kept files that may lie below the new root before they are flattened into it
    :raises NotFound: no such restore point
    """
    root, last = state['root'], state['live'][0] if len(state['live']) > 1 else None
    if index is None:
        index = root['index'] if use_root or last is None else last['index']
    if last is not None and index == last['index']:
        return _recover_last(state)
    if index == root['index']:
        return _recover_root(state)
    if str(index) in state['kept']:
        return _recover_kept(state, index, limit)
    raise errors.NotFound('There is no restore point %s; nothing was changed. The list of light snapshots shows '
                          'which there are.' % index)


def _swap(after, new, actions, flatten=None):
    _prune(after)
    return {'kind': 'swap', 'op': 'recover', 'state': 'create', 'new': new, 'flatten': flatten, 'after': after,
            'then': _cleanup('recover', actions)}


def _recover_last(state):
    after = copy.deepcopy(state)
    gone = after['live'].pop()
    new = _push_on(after, after['live'][-1]['file'], 'qcow2', False)
    after['live'].append({'index': after['index'], 'file': new[-1]['file']})
    return _swap(after, new, [{'do': 'discard', 'file': gone['file']}])


def _leave_branch(after, actions):
    """The live layers are left behind: a frozen one goes to the history where there is one, the rest is discarded."""
    actions.append({'do': 'discard', 'file': after['live'][-1]['file']})
    for layer in after['live'][:-1]:
        if after['store']:
            _keep(after, layer, after['root']['index'], actions)
        else:
            actions.append({'do': 'discard', 'file': layer['file']})


def _recover_root(state):
    after, actions = copy.deepcopy(state), []
    _leave_branch(after, actions)
    new = _push_on(after, after['root']['file'], after['root']['format'], False)
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    return _swap(after, new, actions)


def _recover_kept(state, index, limit):
    after, actions = copy.deepcopy(state), []
    _leave_branch(after, actions)
    old = after['root']['file']
    if old != layout.DISK and old not in [entry['file'] for entry in after['kept'].values()]:
        # What it holds is in the kept copy of its index; after the layers above were re-pointed nobody needs it.
        actions.append({'do': 'remove', 'file': old})
    target = after['kept'][str(index)]
    new = _push_on(after, target['file'], target['format'], True)
    after['root'] = {'file': new[0]['file'], 'format': 'qcow2', 'index': index, 'on': index, 'dirty': False}
    flatten = _flatten(after, new[0]['file'], limit)
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    return _swap(after, new, actions, flatten)
