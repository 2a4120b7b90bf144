"""One page of a list of restore points, as the query asks for it."""

import itertools

import pytest

from light_snapshot.nova import pages


def point(index, **more):
    return dict({'index': index, 'name': 'p%d' % (index % 3), 'created_at': '2026-01-0%dT00:00:00Z' % (index + 1),
                 'state': 'kept', 'size': 100 - index, 'frees': None if index == 2 else index * 10, 'kept': index != 5,
                 'safety': index == 3, 'daily': '2026-01-05' if index == 4 else None}, **more)


POINTS = [point(0)] + [point(index) for index in (1, 2, 3)] + [point(4, state='root'), point(5, state='last')]


def indices(most=1000, **query):
    """(the indices of a page, whether more follow)"""
    found, more = pages.page(POINTS, dict((key, value if isinstance(value, list) else [value])
                                          for key, value in query.items()), most)
    return [one['index'] for one in found], more


def test_without_a_query_it_is_all_of_them_as_they_come():
    assert indices() == ([0, 1, 2, 3, 4, 5], False)
    assert indices(most=2) == ([0, 1, 2, 3, 4, 5], False)       # no limit was asked for
    assert pages.page([], {}, 10) == ([], False)


def test_limit_and_marker():
    assert indices(limit='2') == ([0, 1], True)
    assert indices(limit='2', marker='1') == ([2, 3], True)
    assert indices(limit='2', marker='3') == ([4, 5], False)    # exactly full, and nothing follows
    assert indices(limit='2', marker='5') == ([], False)
    assert indices(limit='0') == ([], False)
    assert indices(limit='100', most=4) == ([0, 1, 2, 3], True)


@pytest.mark.parametrize('query, expected', [
    ({'sort_key': 'size'}, [5, 4, 3, 2, 1, 0]),
    ({'sort_dir': 'desc'}, [5, 4, 3, 2, 1, 0]),
    ({'sort_key': 'created_at', 'sort_dir': 'desc'}, [5, 4, 3, 2, 1, 0]),
    ({'sort_key': 'name'}, [0, 3, 1, 4, 2, 5]),
    ({'sort_key': 'name', 'sort_dir': 'desc'}, [2, 5, 1, 4, 0, 3]),
    ({'sort_key': ['name', 'index'], 'sort_dir': ['asc', 'desc']}, [3, 0, 4, 1, 5, 2]),
    ({'sort_key': ['state', 'size']}, [3, 2, 1, 0, 5, 4]),
    # What is not known comes first, and last the other way round.
    ({'sort_key': 'frees'}, [2, 0, 1, 3, 4, 5]), ({'sort_key': 'frees', 'sort_dir': 'desc'}, [5, 4, 3, 1, 0, 2])])
def test_order(query, expected):
    assert indices(**query) == (expected, False)


@pytest.mark.parametrize('query, expected', [
    ({'state': 'root'}, [4]), ({'state': ['root', 'last']}, [4, 5]), ({'name': 'p1'}, [1, 4]), ({'name': 'p'}, []),
    ({'kept': 'false'}, [5]), ({'kept': '1', 'safety': 'True'}, [3]), ({'daily': 'true'}, [4]),
    ({'daily': '0', 'name': 'p1'}, [1]), ({'created_since': '2026-01-05T00:00:00Z'}, [4, 5]),
    ({'created_before': '2026-01-02T00:00:00Z'}, [0]), ({'created_since': '2026-01-05T08:00:00+08:00'}, [4, 5]),
    ({'created_since': '2026-01-03', 'created_before': '2026-01-05T00:00:01Z'}, [2, 3, 4])])
def test_filters(query, expected):
    assert indices(**query) == (expected, False)


def test_a_host_of_an_older_release_tells_less_of_each():
    old = [{'index': 1, 'name': '', 'state': 'root', 'size': 1}, {'index': 0, 'state': 'kept', 'created_at': None}]
    for name in ('kept', 'safety', 'daily'):
        assert [one['index'] for one in pages.page(old, {name: ['false']}, 9)[0]] == [0, 1]
    for key in pages.KEYS:
        assert len(pages.page(old, {'sort_key': [key]}, 9)[0]) == 2
    assert pages.page(old, {'created_before': ['2030-01-01T00:00:00Z']}, 9) == ([], False)


@pytest.mark.parametrize('query, words', [
    ({'marker': '77'}, 'no restore point 77'), ({'sort_dir': ['asc', 'desc']}, 'more sort_dir'),
    ({'created_since': '0001-01-01T00:00:00+23:59'}, 'created_since'), ({'created_before': 'x'}, 'created_before')])
def test_what_no_list_can_be_made_of(query, words):
    with pytest.raises(pages.BadQuery) as caught:
        indices(**query)
    assert words in caught.value.args[0]


def test_page_after_page_is_the_whole_list_each_once():
    """Whatever is asked for: no page overlaps another, and none is left out."""
    for key, way, state, limit in itertools.product(pages.KEYS, ('asc', 'desc'), (None, 'kept'), (1, 2, 3, 7)):
        query = dict({'sort_key': key, 'sort_dir': way}, **({'state': state} if state else {}))
        whole, _more = indices(**query)
        found, marker, more = [], None, True
        while more:
            one, more = indices(limit=str(limit), **dict(query, **({} if marker is None else {'marker': str(marker)})))
            assert len(one) <= limit and (one or not more)
            found, marker = found + one, one[-1] if one else None
        assert found == whole
