"""A commit of all layers that ends early has written some of the newest data below older restore points: those that
cannot give their bytes any more are not listed, and come back where the history has them."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server  # noqa: E402

from light_snapshot.engine import errors  # noqa: E402


@pytest.fixture(params=[False, True], ids=['plain', 'store'])
def server(request, tmpdir):
    """Three restore points; then a commit of all that has done its writing and fails after it."""
    server = Server(tmpdir, others=('disk.swap',))
    server.enable(request.param)
    server.sums = {0: server.sum()}
    for number in (1, 2, 3):
        server.write(number, number)
        now = server.sum()
        server.sums[server.snapshot()] = now
    server.write(3, 1, 4)
    if request.param:
        server.sums['safety'] = server.sum()
        server.recover()        # its safety snapshot is kept, and stands on a layer of the live chain
        server.write(4, 1, 4)
    server.sums['now'] = server.sum()
    engine = server.engine()
    commit = engine.files.commit

    def fails(name, base):
        commit(name, base)
        raise errors.CommandFailed(['qemu-img', 'commit'], 1, 'No space left on device')
    engine.files.commit = fails
    with pytest.raises(errors.CommandFailed):
        engine.commit_all()
    return server


def right(server):
    points = server.engine().points()
    for point in points:
        wanted = server.sums['safety'] if point['safety'] else server.sums.get(point['index'])
        if wanted is not None:
            assert server.point_sum(point['index']) == wanted, point
    assert server.engine().check() == []
    return [point['index'] for point in points]


def test_what_is_listed_is_right(server):
    assert server.engine().record.job is None and server.engine().record.live
    assert server.sum() == server.sums['now']
    assert right(server) == ([0, 1, 2] if server.engine().record.store else [])
    with pytest.raises(errors.NotFound):
        server.recover()
    with pytest.raises(errors.NotFound):
        server.recover(index=3)


def test_it_heals_as_more_is_committed(server):
    store = server.engine().record.store
    for number in (11, 12, 13):
        server.write(number, number)
        now = server.sum()
        server.sums[server.snapshot()] = now
        right(server)
    listed = right(server)
    assert listed[-2:] == sorted(index for index in server.sums if isinstance(index, int))[-2:]
    assert not store or set(server.sums) - set(['now', 'safety']) <= set(listed)
    for index in reversed(listed[-2:]):
        server.recover(index=index, safety=False)
        assert server.sum() == server.sums[index]


@pytest.mark.parametrize('then', ['commit_all', 'store', 'recover', 'disable'])
def test_what_can_follow(server, then):
    store = server.engine().record.store
    if then == 'recover':
        if not store:
            pytest.skip('nothing is listed that a plain server could recover to')
        server.recover(index=2, safety=False)
        assert server.sum() == server.sums[2]
        right(server)
        return
    server.act(then, *([not store] if then == 'store' else []))
    assert server.sum() == server.sums['now']
    if then == 'disable':
        assert server.files() == []
        return
    listed = right(server)
    assert then == 'store' or not store or listed[:4] == [0, 1, 2, 3]
    engine = server.engine()
    engine.prepare_start()
    server.snapshot()
    right(server)
