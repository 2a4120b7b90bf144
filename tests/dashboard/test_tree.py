# -*- coding: utf-8 -*-
"""Restore points as a tree in a list."""

import pytest

from light_snapshot_dashboard import points
from light_snapshot_dashboard import tree


def drawn(current, *parents):
    """The tree as lines; `parents`: that of 0, 1, 2..."""
    told = points.Listing({'light_snapshots': [
        {'index': index, 'parent': parent, 'current': index == current} for index, parent in enumerate(parents)]})
    found = tree.ordered(told.points)
    assert sorted(point.index for point in found) == list(range(len(parents)))
    return [u'%s%d' % (point.branch, point.index) for point in found]


@pytest.mark.parametrize('current, parents, lines', [
    (None, [], []),
    (2, [None, 0, 1], [u'0', u'1', u'2']),
    # A branch that was left by a recovery to 0.
    (3, [None, 0, 1, 0], [u'0', u'├─ 1', u'│  2', u'3']),
    # Back on the older branch: it is the main line now.
    (2, [None, 0, 1, 0], [u'0', u'├─ 3', u'1', u'2']),
    # Nobody knows where the server is (all is committed): the newest line is the main one.
    (None, [None, 0, 1, 0], [u'0', u'├─ 1', u'│  2', u'3']),
    (5, [None, 0, 1, 1, 0, 4], [u'0', u'├─ 1', u'│  ├─ 2', u'│  3', u'4', u'5']),
    (4, [None, 0, 0, 0, 0], [u'0', u'├─ 1', u'├─ 2', u'├─ 3', u'4']),
    # The parent is not listed: it is deleted.
    (2, [None, 7, 1], [u'0', u'1', u'2']),
])
def test_drawn(current, parents, lines):
    assert drawn(current, *parents) == lines


def test_a_long_history_is_neither_deep_nor_slow():
    assert set(line.strip(u'0123456789') for line in drawn(2999, None, *range(2999))) == {u''}


def test_no_deeper_than_a_screen_has_room_for():
    # A line, and then from its end to its beginning a newer point on each of its points.
    lines = drawn(100, None, *(list(range(50)) + list(range(49, -1, -1))))
    assert tree.DEEPEST - 1 <= max(line.count(u'│') + line.count(u'├') for line in lines) <= tree.DEEPEST
