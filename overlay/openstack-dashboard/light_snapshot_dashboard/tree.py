"""Restore points as a tree in a list. Knows nothing of Horizon.

As in a version control system's graph a line of descent keeps its column
however long it is: only what branches off goes to the right. The line that
leads to where the server stands is the main one.
"""

_BEGINS, _GOES_ON = u'\u251c\u2500 ', u'\u2502  '
# No screen has room for more.
DEEPEST = 6


def ordered(points):
    """The points in the order of the tree, each with its `branch` drawn.

    A branch stands between the point that it leaves and what comes after
    that on the main line; else the older comes first.
    """
    children = _children(points)
    weights = _weights(points, children)
    found, waiting = [], [(root, u'', u'')
                          for root in reversed(children[None])]
    while waiting:
        point, first, after = waiting.pop()
        point.branch = first
        found.append(point)
        below = sorted(children.get(point.index, ()),
                       key=lambda each: weights[each.index])
        if not below:
            continue
        # What was put last is taken first: branches, then the main line.
        main = below.pop()
        waiting.append((main, after, after))
        deeper = len(after) < DEEPEST * len(_GOES_ON)
        for each in sorted(below, key=lambda each: each.index, reverse=True):
            waiting.append((each, after + _BEGINS, after + _GOES_ON)
                           if deeper else (each, after, after))
    return found


def _children(points):
    known = set(point.index for point in points)
    found = {None: []}
    for point in points:
        # A parent that is not listed, or comes later, would hide the point.
        parent = point.parent if point.parent in known and \
            point.parent < point.index else None
        found.setdefault(parent, []).append(point)
    return found


def _weights(points, children):
    """What makes a child the main line: where the server is, else the
    newest."""
    weights = {}
    for point in sorted(points, key=lambda each: each.index, reverse=True):
        below = [weights[each.index]
                 for each in children.get(point.index, ())]
        weights[point.index] = max(below + [(point.current, point.index)])
    return weights
