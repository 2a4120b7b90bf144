"""Plans of the ways back: recover, and preview with its two ends. Pure functions from a record to a job, as in `plans`.

A server that goes to another restore point leaves the layers it was on. Where history is kept, the frozen one becomes
history; the active one does as well if a safety snapshot is wanted, which costs nothing: it is frozen as it is.
"""

import copy

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import plans

SAFETY = 'What the server had before it was recovered.'


def target(state, index=None, use_root=False):
    """The index of the restore point that a recover goes to.

    :param index: None for the last snapshot (or the root, where there is none)
    :raises NotFound: no such restore point
    """
    root, last = state['root']['index'], state['live'][0]['index'] if len(state['live']) > 1 else None
    if index is None:
        index = root if use_root or last is None or plans.is_deleted(state, last) else last
    if index not in plans.shown(state):
        raise errors.NotFound('There is no restore point %s; nothing was changed. The list of light snapshots shows '
                              'which there are.' % index)
    return index


def recover(state, now, consistency, index=None, use_root=False, limit=16, safety=False):
    """Give the guest (which is off) a new active layer on a restore point.

    :param limit: kept files that may lie below the new root before they are flattened into it
    :param safety: list what the server has as a restore point
    :raises NotFound: no such restore point
    """
    after, new, copied, actions = _go_to(state, now, consistency, target(state, index, use_root), limit, safety)
    plans.prune(after)
    return _swap('recover', new, after, copied, plans.cleanup('recover', actions))


def preview(state, now, consistency, index=None, use_root=False, limit=16, safety=False):
    """As `recover`, and everything that the server had stays as it is until the preview is kept or undone.

    :param safety: list what the server had as a restore point once the preview is kept
    """
    index = target(state, index, use_root)
    there, new, copied, actions = _go_to(state, now, consistency, index, limit, safety)
    after = copy.deepcopy(state)
    after.update(index=there['index'], root=there['root'], live=there['live'])
    after['preview'] = {'index': index, 'before': _without_preview(state), 'points': there['points'],
                        'kept': there['kept'], 'keep': actions}
    return _swap('preview', new, after, copied, None)


def keep(state):
    """The preview is what the server is from now on."""
    after, shown = copy.deepcopy(state), state['preview']
    after.update(points=copy.deepcopy(shown['points']), kept=copy.deepcopy(shown['kept']), preview=None)
    plans.prune(after)
    return plans.settle('keep', after, plans.cleanup('keep', shown['keep']))


def undo(state):
    """The server goes back to what it was before the preview; what was written meanwhile is discarded. Guest off."""
    after = copy.deepcopy(state['preview']['before'])
    after.update(index=state['index'], preview=None)
    names = [layer['file'] for layer in state['live'] if layer not in after['live']]
    if state['root']['file'] != after['root']['file']:
        names.append(state['root']['file'])
    return _swap('undo', [], after, None, plans.cleanup('undo', [{'do': 'discard', 'file': name} for name in names]))


def _without_preview(state):
    before = copy.deepcopy(state)
    before.pop('preview')
    return before


def _swap(op, new, after, copied, then):
    return {'kind': 'swap', 'op': op, 'state': 'create', 'new': new, 'flatten': copied, 'after': after, 'then': then}


def _go_to(state, now, consistency, index, limit, safety):
    """(the state as it will be, new files, what to flatten, what to do with the files that were left)"""
    after, actions, copied = copy.deepcopy(state), [], None
    if safety:
        active = after['live'][-1]['index']
        after['points'][str(active)] = plans.point(plans.below(state), now, consistency, 'safety', SAFETY)
        after['points'][str(active)]['safety'] = True
    last = after['live'][0] if len(after['live']) > 1 else None
    if last is not None and index == last['index']:
        _leave(after, after['live'][1:], last['index'], actions, safety)
        new = plans.push_on(after, last['file'], False)
        after['live'] = [last]
    elif index == state['root']['index'] and not plans.is_spoilt(state, index):
        _leave(after, after['live'], index, actions, safety)
        new = plans.push_on(after, after['root']['file'], False)
        after['live'] = []
    else:
        new, copied = _go_to_kept(after, index, limit, actions, safety)
    after['live'].append({'index': after['index'], 'file': new[-1]['file']})
    return after, new, copied, actions


def _go_to_kept(after, index, limit, actions, safety):
    _leave(after, after['live'], after['root']['index'], actions, safety)
    old = after['root']['file']
    if old != layout.DISK:
        # What it holds is in the kept copy of its index; after the layers above were re-pointed nobody needs it.
        actions.append({'do': 'remove', 'file': old})
    new = plans.push_on(after, after['kept'][str(index)]['file'], True)
    after['root'] = {'file': new[0]['file'], 'index': index, 'on': index, 'dirty': False}
    after['live'] = []
    return new, plans.flatten(after, new[0]['file'], limit)


def _leave(after, layers, on, actions, safety):
    """Layers that the server is on no more, the lowest first, the active one last: kept, or discarded.

    :param on: the restore point that the lowest of them stands on
    """
    kept, top = [], layers[-1]
    for layer in reversed(layers):
        # From above: what is kept needs what it stands on.
        if layer is top:
            stays = safety
        else:
            stays = bool(kept) or plans.needed(after, layer['index']) or \
                after['store'] and not plans.is_deleted(after, layer['index'])
        if stays:
            kept.insert(0, layer)
        else:
            actions.append({'do': 'discard', 'file': layer['file']})
    for layer in kept:
        plans.keep(after, layer, on, actions)
        on = layer['index']
