"""Deletion and retention: what is left gives exactly its bytes, and the space comes back."""

import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import MIB, Server, variants  # noqa: E402

from light_snapshot.engine import errors, inventory, layout, plans, thinning  # noqa: E402


@pytest.fixture(params=variants('raw', 'two disks'))
def server(request, tmpdir):
    return Server.of(tmpdir, request.param)


def take(server, sums, *patterns):
    """A restore point after each pattern was written, at a place of its own."""
    for pattern in patterns:
        server.write(pattern, pattern % 30)
        now = server.sum()
        sums[server.snapshot('s%d' % pattern)] = now


def right(server, sums, gone=()):
    assert [index for index in server.indices() if index in gone] == []
    for index in server.indices():
        if index in sums:
            assert server.point_sum(index) == sums[index], index


def taken(server):
    return sum(os.lstat(os.path.join(server.directory, name)).st_blocks * 512 for name in server.files()
               if not name.startswith('snapshots/'))


def test_s1_to_s4(server):
    """cloudstack PR #10632: s1, s2, s3, back to s2, s4; s2 has two children."""
    server.enable(store=True)
    sums = {}
    take(server, sums, 1, 2, 3)
    s1, s2, s3 = sorted(sums)
    server.recover(index=s2, safety=False)
    take(server, sums, 4)
    s4 = max(sums)
    server.act('delete', s2)
    assert s2 not in server.indices()
    assert set([s1, s3, s4]) <= set(server.indices())
    points = dict((point['index'], point) for point in server.engine().points())
    assert points[s3]['parent'] == points[s4]['parent'] == s1 and points[s1]['children'] == 2
    right(server, sums, [s2])
    server.act('delete', s1)
    right(server, sums, [s1, s2])
    server.recover(index=s3)
    assert server.sum() == sums[s3]
    right(server, sums, [s1, s2])
    server.recover(index=s4)
    assert server.sum() == sums[s4]
    server.act('delete', s3)
    right(server, sums, [s1, s2, s3])
    assert server.engine().check() == []


def test_each_alone_and_then_all(server):
    server.enable(store=True)
    sums = {0: server.sum()}
    take(server, sums, *range(1, 7))
    now = server.sum()
    for index in (3, 0, 6, 1, 5, 2, 4):
        server.act('delete', index)
        assert server.sum() == now, index
        right(server, sums, [index])
        assert server.engine().check() == [], index
    assert server.indices() == []
    record = server.engine().record
    # What the next layer will be kept on, and what the chain stands on.
    assert len(record.kept) <= 2
    take(server, sums, 7, 8)
    right(server, sums)
    assert 7 in [len(sums) - 1] or server.indices()
    server.recover()
    assert server.sum() == sums[max(sums)]
    server.act('disable')
    assert server.files() == []


def test_the_space_comes_back(server):
    server.enable(store=True)
    sums = {}
    for pattern in (1, 2, 3, 4):
        server.write(pattern, 10, 4)        # the same place: each hides the one before
        sums[server.snapshot()] = server.sum()
    server.write(5, 10, 4)
    disks = len(server.disks)
    for index in sorted(sums)[:2]:
        told = [point for point in server.engine().points() if point['index'] == index][0]
        assert told['frees'] == 4 * MIB * disks and told['size'] >= told['frees']
        before = taken(server)
        server.act('delete', index)
        assert before - taken(server) >= told['frees'], index
        right(server, sums, [index])


def test_a_list_does_not_wait_for_what_it_has_not_looked_at(server, monkeypatch):
    server.enable(store=True)
    take(server, {}, 1, 2, 3, 4)
    monkeypatch.setattr(inventory, 'PATIENCE', -1)
    inventory._OVERLAPS.clear()
    told = dict((point['index'], point['frees']) for point in server.engine().points())
    assert told[1] is None and sorted(told) == [0, 1, 2, 3, 4]
    monkeypatch.undo()
    assert [point['frees'] for point in server.engine().points() if point['index'] == 1] == [0]
    os.rename(server.path('disk.light-1'), server.path('elsewhere'))
    assert [point['frees'] for point in server.engine().points() if point['index'] == 1] == [None]


def test_a_leaf_is_removed_at_once(server):
    server.enable(store=True)
    sums = {}
    take(server, sums, 1, 2, 3)
    leaf = max(sums)
    server.recover(index=1, safety=False)
    told = [point for point in server.engine().points() if point['index'] == leaf][0]
    assert told['frees'] == told['size']
    server.act('delete', leaf)
    assert [name for name in server.files() if name.endswith('.light-%d' % leaf)] == []
    assert server.engine().check() == []


@pytest.mark.parametrize('store', [False, True], ids=['plain', 'store'])
def test_the_last_and_the_root(server, store):
    server.enable(store)
    sums = {}
    take(server, sums, 1, 2)
    root, last = sorted(sums)
    server.write(9, 20, 3)
    now = server.sum()
    server.act('delete', last)
    assert last not in server.indices() and root in server.indices()
    assert server.sum() == now
    right(server, sums)
    if not store:
        assert len(server.engine().record.live) == 1
    take(server, sums, 3)
    third = max(sums)
    server.act('delete', root)
    assert server.indices()[-1] == third and root not in server.indices()
    server.write(8, 1, 2)
    server.recover()
    assert server.sum() == sums[third]
    assert server.engine().check() == []


def test_no_such_restore_point(server):
    server.enable()
    server.snapshot()
    before = open(server.path(layout.RECORD)).read()
    for index in (7, -1, server.engine().record.live[-1]['index']):
        with pytest.raises(errors.NotFound):
            server.act('delete', index)
    server.act('delete', 1)
    with pytest.raises(errors.NotFound):
        server.act('delete', 1)
    assert server.indices() == [0] and 'deleted' not in before


def test_retention_by_count(server):
    server.enable(store=True)
    sums = {}
    take(server, sums, 1, 2, 3, 4)
    server.act('retain', 2)
    assert server.indices() == [1, 2, 3, 4] or len(server.indices()) <= 4
    take(server, sums, 5, 6, 7)
    points = server.engine().points()
    kept = [point['index'] for point in points if point['state'] == 'kept']
    assert len(kept) <= 2 and [point['index'] for point in points][-2:] == [6, 7]
    right(server, sums)
    server.recover()
    assert server.sum() == sums[7]
    assert server.engine().check() == []


def test_retention_by_age(server):
    server.enable(store=True)
    sums = {}
    take(server, sums, 1, 2, 3, 4, 5)
    record = server.engine().record
    for index in ('0', '1', '2'):
        record.points[index]['created_at'] = time.strftime(thinning.FORMAT, time.gmtime(time.time() - 3 * 86400))
    record.save()
    server.act('retain', None, 2)
    assert server.indices() == [3, 4, 5]
    right(server, sums)


def test_what_is_held_is_not_let_go():
    state = {'retention': {'count': 1, 'days': None}, 'store': True, 'preview': None, 'points': {},
             'root': {'file': 'disk.light-root-9', 'index': 2, 'on': 1, 'dirty': False},
             'live': [{'index': 10, 'file': 'disk.light-10'}],
             'kept': dict((str(n), {'file': 'disk.light-%d' % n, 'on': n - 1 or None}) for n in (1, 2, 3, 4))}
    assert thinning.expired(state, 0) == [1, 3]
    assert plans.shown(state) == [1, 2, 3, 4]


def test_a_full_disk_leaves_it_for_later(server, monkeypatch):
    server.enable(store=True)
    sums = {}
    take(server, sums, 1, 2, 3)
    engine = server.engine()
    monkeypatch.setattr(engine.files, 'free', lambda: 0)
    engine.delete(1)
    with pytest.raises(errors.Refused):
        engine.finish()
    assert 1 not in server.indices() and server.engine().record.job is None
    right(server, sums)
    server.act('settle')
    assert '1' not in server.engine().record.kept
    right(server, sums)
