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


def page(wanted, size, count, current=None):
    """(the indexes on a page, the Page), of a line of restore points."""
    told = points.Listing({'light_snapshots': [
        {'index': index, 'parent': index - 1 if index else None, 'current': index == current} for index in range(count)]})
    found = tree.Page(tree.ordered(told.points), wanted, size)
    return [point.index for point in found.points], found


def test_pages_hold_all_in_order_and_the_last_is_full():
    shown = [page(str(number), 4, 10)[0] for number in (1, 2, 3)]
    assert shown == [[0, 1], [2, 3, 4, 5], [6, 7, 8, 9]]
    found = page('2', 4, 10)[1]
    assert (found.number, found.count, found.first, found.last, found.total, found.whole) == (2, 3, 3, 6, 10, False)


@pytest.mark.parametrize('current, number', [(0, 1), (1, 1), (2, 2), (5, 2), (6, 3), (9, 3), (None, 3)])
def test_the_page_where_the_server_stands(current, number):
    for wanted in (None, '', 'elsewhere', '1.5'):
        shown, found = page(wanted, 4, 10, current)
        assert (found.number, found.stands, found.asked) == (number, number, None)
        assert current is None or current in shown


@pytest.mark.parametrize('wanted, number', [('0', 1), ('-7', 1), ('4', 3), ('9' * 30, 3)])
def test_a_page_that_is_not_there(wanted, number):
    found = page(wanted, 4, 10, 0)[1]
    assert (found.number, found.asked, found.stands) == (number, number, 1)


def test_the_whole_tree():
    shown, found = page('all', 4, 10, 0)
    assert shown == list(range(10))
    assert (found.whole, found.asked, found.first, found.last, found.count) == (True, 'all', 1, 10, 3)


@pytest.mark.parametrize('count, size', [(0, 20), (1, 20), (20, 20)])
def test_one_page_where_all_fit(count, size):
    for wanted in (None, '1', 'all'):
        shown, found = page(wanted, size, count, 0)
        assert (len(shown), found.count, found.number) == (count, 1, 1)


@pytest.mark.parametrize('size', [0, -3])
def test_a_size_that_makes_no_sense(size):
    assert page(None, size, 3, 2)[0] == [2]
