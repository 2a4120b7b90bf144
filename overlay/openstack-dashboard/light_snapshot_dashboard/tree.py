"""Restore points as a tree in a list. Knows nothing of Horizon.

As in a version control system's graph a line of descent keeps its column
however long it is: only what branches off goes to the right. The line that
leads to where the server stands is the main one.
"""

_BEGINS, _GOES_ON = u'\u251c\u2500 ', u'\u2502  '
# No screen has room for more.
DEEPEST = 6
# Instead of the number of a page: the whole tree.
ALL = 'all'


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


class Page(object):
    """A part of the tree.

    It is cut from its end, where the newest are, and the server as a rule:
    there a page is full, and the first one has what is left.

    :param points: as `ordered` has them
    :param wanted: the number of the page, from 1, or ALL, as an address has
                   it; anything else is the page where the server stands
    :param size: how many points are on a page
    """

    def __init__(self, points, wanted, size):
        # The size is a user's, in a cookie.
        size = max(1, size)
        self.total = len(points)
        self.count = max(1, -(-self.total // size))
        self.stands = self._of(size, next(
            (place for place, point in enumerate(points) if point.current),
            self.total - 1))
        self.whole = wanted == ALL
        # What was asked for, as far as it makes sense.
        self.asked = ALL if self.whole else None
        try:
            self.number = self.asked = min(max(1, int(wanted)), self.count)
        except (TypeError, ValueError):
            self.number = self.stands
        end = self.total - (self.count - self.number) * size
        begin = max(0, end - size)
        if self.whole:
            begin, end = 0, self.total
        self.points = points[begin:end]
        self.first, self.last = begin + 1, end

    def _of(self, size, place):
        """The number of the page that holds this place."""
        return self.count - (self.total - 1 - place) // size


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
