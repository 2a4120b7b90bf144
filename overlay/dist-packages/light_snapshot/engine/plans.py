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

Files are the root disk's; the same is done to every disk of the record. Ways back are in `branches`, what deletion
and retention do is in `thinning`.
"""

import copy

from light_snapshot.engine import layout

QUIESCED = 'quiesced'
CRASH_CONSISTENT = 'crash-consistent'
STOPPED = 'stopped'


def point(parent, now, consistency, name='', description=''):
    return {'parent': parent, 'name': name, 'description': description, 'created_at': now,
            'consistency': consistency}


def cleanup(op, actions, then=None):
    return {'kind': 'cleanup', 'op': op, 'cleanup': actions, 'then': then} if actions else then


def settle(op, after, then=None):
    return {'kind': 'settle', 'op': op, 'after': after, 'then': then}


# ---- what stands on what

def below(state):
    """The index of the restore point that the active layer stands on."""
    return state['live'][-2]['index'] if len(state['live']) > 1 else state['root']['index']


def is_deleted(state, index):
    return bool(state['points'].get(str(index), {}).get('deleted'))


def needed(state, index):
    """Whether a kept restore point stands on this one."""
    return any(entry['on'] == index for entry in state['kept'].values())


def is_spoilt(state, index):
    """Whether a commit that was given up has left data of a later layer below this restore point of the live chain."""
    return index is not None and index < (state['root'].get('spoilt') or 0)


def _healed(root):
    """The root once more layers were committed to it: what spoilt it has been overwritten by the layer it came from."""
    if root['index'] >= (root.get('spoilt') or 0):
        root.pop('spoilt', None)


def stays(state, layer):
    """Whether a layer has to be kept when it leaves the live chain."""
    return state['store'] or needed(state, layer['index'])


def backing_files(state):
    """{file of the root disk: the file that it names as its backing file}; nova's own file: None."""
    names = dict((layer['index'], layer['file']) for layer in state['live'])
    names.update((int(key), entry['file']) for key, entry in state['kept'].items())
    found = dict((entry['file'], names.get(entry['on'], layout.DISK)) for entry in state['kept'].values())
    found[state['root']['file']] = names.get(state['root']['on'], layout.DISK)
    under = state['root']['file']
    for layer in state['live']:
        found[layer['file']], under = under, layer['file']
    found[layout.DISK] = None
    return found


def live_below(state, index):
    """The layer of the live chain that a kept restore point stands on, by its index; None if on none."""
    if str(index) not in state['kept']:
        return None
    while index is not None and str(index) in state['kept']:
        index = state['kept'][str(index)]['on']
    return index if index in [layer['index'] for layer in state['live']] else None


def shown(state):
    """The indices of the restore points that are listed, oldest first."""
    found = set(map(int, state['kept']))
    if state['root'].get('spoilt'):
        found = set(index for index in found if not is_spoilt(state, live_below(state, index)))
    if state['live']:
        live = [state['root']['index']] + [layer['index'] for layer in state['live'][:-1]]
        found.update(index for index in live if not is_spoilt(state, index))
    return sorted(index for index in found if not is_deleted(state, index))


def shown_parent(state, index):
    """The nearest restore point below this one that is shown; None for the first."""
    parent = state['points'].get(str(index), {}).get('parent')
    while parent is not None and (str(parent) not in state['points'] or is_deleted(state, parent)):
        parent = state['points'].get(str(parent), {}).get('parent')
    return parent


def prune(after):
    """Forget the names and times of restore points that are no more; what stood on them stands on what they stood on."""
    alive = set(after['kept'])
    alive.add(str(after['root']['index']))
    alive.update(str(layer['index']) for layer in after['live'][:-1])
    points = after['points']
    for entry in points.values():
        while entry['parent'] is not None and str(entry['parent']) not in alive:
            entry['parent'] = points.get(str(entry['parent']), {}).get('parent')
    after['points'] = dict((key, entry) for key, entry in points.items() if key in alive)


def depth(state, index):
    """How many kept files lie below a kept restore point, itself included."""
    count = 0
    while index is not None and str(index) in state['kept']:
        count += 1
        index = state['kept'][str(index)]['on']
    return count


# ---- parts of plans

def _new(name, backing):
    return {'file': name, 'backing': backing}


def push_on(after, top, with_root):
    """New active layer (and a new root layer below it, if asked) on `top`; changes `after`, gives the files."""
    after['index'] += 1
    index, new = after['index'], []
    if with_root:
        new.append(_new(layout.root(index), top))
        top = layout.root(index)
    new.append(_new(layout.layer(index), top))
    return new


def freeze_root(after, new_root, index):
    """The root becomes a kept file as it is, and `new_root` above `index` takes its place: no byte is copied."""
    root = after['root']
    after['kept'][str(root['index'])] = {'file': root['file'], 'on': root['on']}
    after['root'] = {'file': new_root, 'index': index, 'on': index, 'dirty': False}


def flatten(after, new_root, limit):
    """What to copy into a new root (the guest is off) where too many kept files would lie below it, or None.

    A chain that deep would slow every read down, and libvirt before 12.0 starts none of some 25 layers. What lies
    above the history's oldest file is copied into the new root instead.
    """
    root = after['root']
    if depth(after, root['on']) <= limit:
        return None
    while after['kept'][str(root['on'])]['on'] is not None:
        root['on'] = after['kept'][str(root['on'])]['on']
    return {'file': new_root, 'backing': after['kept'][str(root['on'])]['file']}


def keep(after, layer, on, actions):
    """A live layer goes to the history: linked there, and re-pointed to the kept file `on`.

    Where `on` is a layer of the live chain the file stands on that one already.
    """
    after['kept'][str(layer['index'])] = {'file': layer['file'], 'on': on}
    actions.append({'do': 'keep', 'file': layer['file']})
    base = after['kept'].get(str(on))
    if base is not None:
        actions.append({'do': 'repoint', 'file': layer['file'], 'backing': base['file']})


def _keep_all(state, after):
    """Links for what has become history where it is."""
    return [{'do': 'keep', 'file': after['kept'][key]['file']} for key in sorted(after['kept'], key=int)
            if key not in state['kept']]


def merge(op, after, top, base, actions, above=None, then=None):
    """The job that commits a layer (None: all down from the active one) into `base`, with the layer above it."""
    links = [action['file'] for action in actions if action['do'] == 'keep']
    return {'kind': 'merge', 'op': op, 'state': 'link' if links else 'run', 'links': links, 'top': top,
            'above': above, 'base': base, 'after': after, 'then': cleanup(op, actions, then)}


# ---- operations

def enable(state, store, now, consistency):
    """First layers above the root disk. With store, `disk` becomes the base of the history, without a copy."""
    after = copy.deepcopy(state)
    after['store'] = bool(store)
    after['points']['0'] = point(None, now, consistency)
    after['root'] = {'file': layout.DISK, 'index': 0, 'on': None, 'dirty': False}
    new = push_on(after, layout.DISK, store)
    if store:
        freeze_root(after, new[0]['file'], 0)
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    return {'kind': 'push', 'op': 'enable', 'state': 'create', 'new': new, 'after': after,
            'then': cleanup('enable', _keep_all(state, after))}


def start(state, now, limit=16, consistency=STOPPED):
    """Layers again for a server whose layers were all committed.

    :param limit: as for `branches.recover`
    :param consistency: of what the root holds now: other than stopped where the guest runs, which must not be so deep that
        anything would be copied
    """
    after = copy.deepcopy(state)
    root = after['root']
    if root['dirty']:
        # The guest wrote to the root since the last restore point: what it holds now is one of its own.
        after['index'] += 1
        after['points'][str(after['index'])] = point(root['index'], now, consistency, '',
                                                     'What the server had written while its layers were committed.')
        root.update(index=after['index'], dirty=False)
    freeze = after['store'] and str(root['index']) not in after['kept']
    new, copied = push_on(after, root['file'], freeze), None
    if freeze:
        freeze_root(after, new[0]['file'], root['index'])
        copied = flatten(after, new[0]['file'], limit)
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    prune(after)
    return {'kind': 'push', 'op': 'start', 'state': 'create', 'new': new, 'flatten': copied, 'after': after,
            'then': cleanup('start', _keep_all(state, after))}


def adopt(state, disk):
    """A disk that came later (the guest is off): empty layers above it, wherever the others have layers.

    Each restore point then holds the disk as it is now.
    """
    after = copy.deepcopy(state)
    after['disks'].append(disk)
    backing = backing_files(state)
    new = [_new(name, backing[name]) for name in _from_below(backing)]
    actions = [{'do': 'keep', 'file': entry['file']} for entry in state['kept'].values()]
    return {'kind': 'push', 'op': 'adopt', 'state': 'create', 'new': new, 'disks': [disk['name']], 'after': after,
            'then': cleanup('adopt', actions)}


def _from_below(backing):
    """The files of {file: backing file}, each after the one it stands on; nova's own file is there already."""
    def height(name):
        return 0 if name == layout.DISK else 1 + height(backing[name])
    return sorted((name for name in backing if name != layout.DISK), key=lambda name: (height(name), name))


def snapshot(state, now, consistency, name='', description='', daily=None):
    """Freeze the active layer; afterwards commit the oldest frozen one, so that the live chain stays bounded.

    :param daily: of a daily snapshot, what the record notes of it (see `record`); else None
    """
    after = copy.deepcopy(state)
    active = after['live'][-1]
    new = push_on(after, active['file'], False)
    after['live'].append({'index': after['index'], 'file': new[-1]['file']})
    after['points'][str(active['index'])] = point(below(state), now, consistency, name, description)
    if daily:
        # With the snapshot itself, in one durable step: no crash can make it happen twice.
        after['points'][str(active['index'])]['daily'] = daily['taken']
        after['daily'] = daily
    then = merge_oldest(after) if len(after['live']) > 2 else None
    return {'kind': 'push', 'op': 'snapshot', 'state': 'create', 'new': new, 'after': after, 'then': then}


def aside(state, now, consistency):
    """Freeze the active layer for as long as it is copied. The restore point is one that is deleted already: it is listed
    nowhere, and `thinning.collapse` merges what was written since into it."""
    after = copy.deepcopy(state)
    active = after['live'][-1]
    new = push_on(after, active['file'], False)
    after['live'].append({'index': after['index'], 'file': new[-1]['file']})
    after['points'][str(active['index'])] = dict(point(below(state), now, consistency), deleted=True)
    return {'kind': 'push', 'op': 'aside', 'state': 'create', 'new': new, 'after': after, 'then': None}


def merge_oldest(state, op='commit'):
    """Commit the oldest frozen layer to the root; with store it is linked into the history first."""
    after, actions = copy.deepcopy(state), []
    layer, above = after['live'][0], after['live'][1]
    if stays(after, layer):
        keep(after, layer, after['root']['index'], actions)
    else:
        actions.append({'do': 'remove', 'file': layer['file']})
    after['live'] = after['live'][1:]
    after['root'].update(index=layer['index'], dirty=False)
    _healed(after['root'])
    prune(after)
    return merge(op, after, layer['file'], after['root']['file'], actions, above['file'])


def commit_all(state, now, consistency):
    """Commit every live layer to the root; what is kept of them becomes kept restore points."""
    after, actions = copy.deepcopy(state), []
    on = after['root']['index']
    active = after['live'][-1]
    after['points'][str(active['index'])] = point(below(state), now, consistency, '', 'All layers were committed here.')
    for layer in after['live']:
        if stays(after, layer):
            keep(after, layer, on, actions)
            on = layer['index']
        else:
            actions.append({'do': 'remove', 'file': layer['file']})
    after['live'] = []
    # A guest that is running goes on writing to the root itself from now on.
    after['root'].update(index=active['index'], dirty=consistency != STOPPED)
    _healed(after['root'])
    prune(after)
    return merge('commit-all', after, None, after['root']['file'], actions)


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
    after['root'] = {'file': layout.DISK, 'index': after['index'], 'on': None, 'dirty': True}
    if top == layout.DISK:
        return settle('disable', after, cleanup('disable', actions))
    return merge('disable', after, None, layout.DISK, actions)


def store_on(state, now, consistency):
    """Keep every layer from now on. What lies in the chain becomes history where it is: no byte is copied."""
    after = copy.deepcopy(state)
    after['store'] = True
    root = after['root']
    if not after['live'] or (str(root['index']) in after['kept'] and not root['dirty']):
        return settle('store', after)
    active, on = after['live'][-1], root['index']
    after['points'][str(active['index'])] = point(below(state), now, consistency, '', 'Keeping was switched on here.')
    layers = after['live']
    for index in [root['index']] + [layer['index'] for layer in layers]:
        if is_spoilt(state, index) and str(index) not in after['kept']:
            after['points'].setdefault(str(index), point(None, None, CRASH_CONSISTENT))['deleted'] = True
    new = push_on(after, active['file'], True)
    freeze_root(after, new[0]['file'], active['index'])
    for layer in layers:
        after['kept'][str(layer['index'])] = {'file': layer['file'], 'on': on}
        on = layer['index']
    after['live'] = [{'index': after['index'], 'file': new[-1]['file']}]
    return {'kind': 'push', 'op': 'store', 'state': 'create', 'new': new, 'after': after,
            'then': cleanup('store', _keep_all(state, after))}


def store_off(state):
    """Keep no more layers. What is kept already stays, and stays listed."""
    return settle('store', dict(copy.deepcopy(state), store=False))
