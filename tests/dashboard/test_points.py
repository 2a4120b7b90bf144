"""What a recovery takes away, by what is kept."""

import pytest

from light_snapshot_dashboard import points


def listing(store, *states):
    return points.Listing({'store': store, 'light_snapshots': [
        {'index': index, 'state': state} for index, state in enumerate(states)]})


@pytest.mark.parametrize('store, states, target, gone', [
    (True, ['kept', 'root', 'last'], 0, []),
    (True, ['kept', 'root', 'last'], 1, []),
    (True, ['kept', 'root', 'last'], 2, []),
    (False, ['root', 'last'], 1, []),
    (False, ['root', 'last'], 0, [1]),
    (False, ['root'], 0, []),
    # Keeping was switched off: what had been kept stays, the live chain does not.
    (False, ['kept', 'kept', 'root', 'last'], 0, [2, 3]),
    (False, ['kept', 'kept', 'root', 'last'], 3, []),
])
def test_dropped_by(store, states, target, gone):
    told = listing(store, *states)
    assert [point.index for point in told.dropped_by(told.by_index(target))] == gone


def test_default_is_the_last_snapshot_and_else_the_root_disk():
    assert listing(True, 'kept', 'root', 'last').default.index == 2
    assert listing(True, 'root').default.index == 0
    assert listing(True).default is None


def test_fingerprint_changes_with_what_would_be_lost():
    one = listing(True, 'root', 'last')
    assert one.fingerprint == listing(True, 'root', 'last').fingerprint
    assert one.fingerprint != listing(True, 'kept', 'root', 'last').fingerprint
    moved = listing(True, 'root', 'last')
    moved.points[0].current = True
    assert one.fingerprint != moved.fingerprint
