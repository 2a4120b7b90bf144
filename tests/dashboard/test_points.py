"""What each operation takes away, by what is kept."""

import pytest

from light_snapshot_dashboard import points


def listing(store, *states, **more):
    """`kept+` before a state: a kept copy of it is in the history."""
    return points.Listing(dict({'store': store, 'light_snapshots': [
        {'index': index, 'state': state.split('+')[-1], 'kept': state.startswith('kept'), 'size': 10 * (index + 1),
         'created_at': '2026-01-%02dT00:00:00Z' % (index + 1)} for index, state in enumerate(states)]}, **more))


def indexes(found):
    return [point.index for point in found]


@pytest.mark.parametrize('store, states, target, gone', [
    (True, ['kept', 'root', 'last'], 0, []),
    (True, ['kept', 'root', 'last'], 1, []),
    (True, ['kept', 'root', 'last'], 2, []),
    (False, ['root', 'last'], 1, []),
    (False, ['root', 'last'], 0, [1]),
    (False, ['root'], 0, []),
    # Keeping was switched off: what had been kept stays, the live chain does not.
    (False, ['kept', 'kept', 'root', 'last'], 0, [2, 3]),
    (False, ['kept', 'kept', 'kept+root', 'last'], 0, [3]),
    (False, ['kept', 'kept', 'root', 'last'], 3, []),
])
def test_dropped_by(store, states, target, gone):
    told = listing(store, *states)
    assert indexes(told.dropped_by(told.by_index(target))) == gone


@pytest.mark.parametrize('store, states, gone', [
    (True, ['kept', 'root', 'last'], []),
    (False, ['root'], []),
    (False, ['root', 'last'], [0]),
    (False, ['kept', 'kept+root', 'last'], []),
])
def test_dropped_by_taking(store, states, gone):
    assert indexes(listing(store, *states).dropped_by_taking()) == gone


@pytest.mark.parametrize('store, states, gone', [
    (True, ['kept', 'kept+root', 'last'], []),
    (False, ['root', 'last'], [0, 1]),
    (False, ['kept', 'kept+root', 'last'], [2]),
])
def test_dropped_by_committing(store, states, gone):
    assert indexes(listing(store, *states).dropped_by_committing()) == gone


@pytest.mark.parametrize('target, size', [(1, 1000), (0, 1020)])
def test_bytes_lost_by_a_recovery(target, size):
    told = listing(False, 'root', 'last', written=1000)
    assert told.lost_by(told.by_index(target)) == size
    assert listing(False, 'root', 'last').lost_by(told.by_index(target)) is None


@pytest.mark.parametrize('most, days, gone', [
    (None, None, []),
    (1, None, [0, 1]),
    (2, None, [0, 1]),
    (4, None, [0]),
    (5, None, []),
    (None, 3, [0, 1]),
    (None, 36500, []),
    (4, 3, [0, 1]),
])
def test_expired(most, days, gone):
    # Index 2 is what the server stands on, 3 is in its live chain: neither ever goes.
    told = listing(True, 'kept', 'kept', 'kept', 'kept+root', 'kept', 'last')
    told.points[2].current = True
    assert indexes(told.expired(most, days, now=1767225600 + 4.5 * 86400)) == gone


def test_what_an_older_host_does_not_tell():
    told = points.Listing({'light_snapshots': [{'index': 0, 'state': 'kept'}, {'index': 1, 'state': 'last'}]})
    assert [point.kept for point in told.points] == [True, False]
    assert (told.written, told.progress, told.preview, told.most, told.days) == (None, None, None, None, None)
    assert (told.quota, told.safety, listing(True, 'root').safety) == (None, False, False)
    assert (told.points[0].frees, told.points[0].daily, told.points[0].safety) == (None, None, False)


@pytest.mark.parametrize('store, possible', [(True, True), (False, False)])
def test_safety(store, possible):
    told = points.Listing({'store': store, 'light_snapshots': [{'index': 0, 'state': 'root', 'safety': False}]})
    assert told.safety is possible


@pytest.mark.parametrize('quota, limit', [(None, None), ({'points': {'limit': -1, 'used': 2}}, None),
                                          ({'points': {'limit': 0, 'used': 2}}, 0), ({'points': {'limit': 9}}, 9)])
def test_quota(quota, limit):
    assert points.Listing({'quota': quota}).quota == limit


def test_kept_and_live_bytes():
    told = listing(True, 'kept', 'kept+root', 'last', written=1000)
    assert (told.kept_bytes, told.live_bytes) == (30, 1030)


def test_default_is_the_last_snapshot_and_else_the_root_disk():
    assert listing(True, 'kept', 'root', 'last').default.index == 2
    assert listing(True, 'root').default.index == 0
    assert listing(True).default is None


def test_fingerprint_changes_with_what_would_be_lost():
    one = listing(True, 'root', 'last')
    assert one.fingerprint == listing(True, 'root', 'last').fingerprint
    for other in (listing(True, 'kept', 'root', 'last'), listing(False, 'root', 'last'),
                  listing(True, 'kept+root', 'last'), listing(True, 'root', 'last', preview=1)):
        assert one.fingerprint != other.fingerprint
    moved = listing(True, 'root', 'last')
    moved.points[0].current = True
    assert one.fingerprint != moved.fingerprint
