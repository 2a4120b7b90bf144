"""Ways back that can be taken back: preview, and the safety snapshot."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server, variants  # noqa: E402

from light_snapshot.engine import errors  # noqa: E402


@pytest.fixture(params=variants('plain', 'two disks, store'))
def server(request, tmpdir):
    server = Server(tmpdir, others=('disk.local',) if 'two' in request.param else ())
    server.enable('store' in request.param)
    server.sums = {}
    for pattern in (1, 2, 3):
        server.write(pattern, pattern)
        now = server.sum()
        server.sums[server.snapshot()] = now
    server.write(40, 20, 3)
    server.sums['now'] = server.sum()
    return server


def where(server):
    """Every way to name a restore point, and the restore point."""
    record = server.engine().record
    ways = [({}, record.live[0]['index']), ({'use_root': True}, record.root['index'])]
    return ways + [({'index': int(key)}, int(key)) for key in record.kept if int(key) in server.sums]


def right(server):
    for index in server.indices():
        if index in server.sums:
            assert server.point_sum(index) == server.sums[index], index
    assert server.engine().check() == []


def preview(server, way):
    engine = server.engine()
    engine.preview(**way)
    engine.finish()


def test_undo(server):
    before = server.indices(), server.files()
    for way, index in where(server):
        preview(server, way)
        assert server.sum() == server.sums[index], way
        shown = server.engine().points()
        assert [point['index'] for point in shown] == before[0]
        assert [point['index'] for point in shown if point['current']] == [index]
        right(server)
        server.write(77, 5, 20)
        server.act('undo_preview')
        assert server.sum() == server.sums['now'], way
        right(server)
        assert [name for name in server.files() if not name.startswith('snapshots/deleted/')] == before[1]
    assert server.indices() == before[0]


def test_keep(server, tmpdir):
    for number, (way, index) in enumerate(where(server)):
        twin = server.clone(tmpdir.join('twin%d' % number))
        preview(twin, way)
        twin.write(77, 5, 2)
        wrote = twin.sum()
        twin.act('keep_preview')
        assert twin.sum() == wrote
        right(twin)
        # The same restore points as after a recover.
        other = server.clone(tmpdir.join('other%d' % number))
        other.recover(**way)
        assert other.indices() == twin.indices() and other.files() == twin.files()
        twin.snapshot()
        twin.act('disable')
        assert twin.sum() == wrote and twin.files() == []


def test_only_keep_and_undo_while_one_is_shown(server):
    preview(server, {})
    before = open(server.path('light-snapshot.json')).read()
    for method, args in (('snapshot', ()), ('recover', ()), ('preview', ()), ('commit_all', ()), ('disable', ()), ('store', (True,)),
                         ('delete', (1,)), ('retain', (3,)), ('describe', (3, 'x', None))):
        with pytest.raises(errors.Refused) as caught:
            server.act(method, *args)
        assert 'Keep the preview or undo it' in str(caught.value)
    assert open(server.path('light-snapshot.json')).read() == before
    engine = server.engine()
    engine.prepare_start(server.nova_disks())
    assert engine.record.preview


def test_nothing_to_keep_or_undo(server):
    for method in ('keep_preview', 'undo_preview'):
        with pytest.raises(errors.Refused):
            server.act(method)


def test_a_safety_snapshot_where_history_is_kept(server):
    ways = where(server)
    if not server.engine().record.store:
        server.recover()
        assert [point for point in server.engine().points() if point['safety']] == []
        with pytest.raises(errors.Refused):
            server.recover(safety=True)
        return
    for way, index in ways:
        before = dict(server.engine().record.kept)
        now, allocated = server.sum(), server.engine().size()
        server.recover(**way)
        assert server.sum() == server.sums[index]
        new = [point for point in server.engine().points() if point['safety'] and str(point['index']) not in before]
        assert len(new) == 1 and new[0]['consistency'] == 'stopped'
        # A few tables of new layers, and no copy of anything.
        assert server.engine().size() - allocated < 2 ** 20 * len(server.disks)
        server.sums[new[0]['index']] = now
        right(server)
        server.write(50 + index, 25)
    for index in [key for key in server.sums if key != 'now' and key in server.indices()]:
        server.recover(index=index, safety=False)
        assert server.sum() == server.sums[index], index
        right(server)


def test_a_safety_snapshot_on_the_last_one_survives_what_follows(server):
    """It stands on a layer of the live chain: that may be committed, and kept, and left."""
    if not server.engine().record.store:
        pytest.skip('no history here: the other one has it')
    server.recover()
    safety = [point['index'] for point in server.engine().points() if point['safety']][0]
    server.sums[safety] = server.sums['now']
    right(server)
    for number in (11, 12):
        server.write(number, number)
        server.sums[server.snapshot()] = server.sum()
        right(server)
    server.act('store', False)
    server.snapshot()
    right(server)
    server.recover(index=safety)
    assert server.sum() == server.sums[safety]
    right(server)


def test_a_preview_of_what_stands_on_the_last_one(server):
    if not server.engine().record.store:
        pytest.skip('no history here: the other one has it')
    server.recover()
    now = server.sum()
    safety = [point['index'] for point in server.engine().points() if point['safety']][0]
    server.sums[safety] = server.sums['now']
    server.write(60, 28)
    now = server.sum()
    preview(server, {'index': safety})
    assert server.sum() == server.sums[safety]
    server.act('undo_preview')
    assert server.sum() == now
    right(server)
    preview(server, {'index': safety})
    server.act('keep_preview')
    assert server.sum() == server.sums[safety]
    right(server)
