"""Our files are taken away while nova-compute works on from its memory: nothing that has no layers gets any."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server, checksum  # noqa: E402

from light_snapshot.engine import errors, present  # noqa: E402


@pytest.fixture
def taken_away(monkeypatch, tmpdir):
    """A function that takes them away."""
    assert not present.gone()
    return lambda: monkeypatch.setattr(present, '_OWN', str(tmpdir.join('nothing.py')))


def test_it_is_this_file_that_is_looked_for():
    assert present._OWN == os.path.join(os.path.dirname(os.path.abspath(present.__file__)), 'present.py')


def test_a_plain_server_stays_plain(tmpdir, taken_away):
    server = Server(tmpdir)
    before = sorted(os.listdir(server.directory))
    taken_away()
    with pytest.raises(errors.Refused, match='restart nova-compute'):
        server.enable()
    assert sorted(os.listdir(server.directory)) == before
    assert server.engine().record is None


@pytest.mark.parametrize('store', [False, True])
def test_what_is_committed_starts_from_its_root_disk(tmpdir, taken_away, store):
    server = Server(tmpdir)
    server.enable(store)
    server.write(1, 1)
    server.snapshot()
    server.write(2, 2)
    wanted = server.sum()
    server.act('commit_all')
    taken_away()
    engine = server.engine()
    path, kind = engine.prepare_start()
    assert path == engine.record.path(engine.record.root['file']) and kind == engine.record.format_of(engine.record.root['file'])
    assert server.engine().record.committed and server.sum() == wanted
    with pytest.raises(errors.Refused, match='restart nova-compute'):
        server.engine().renew()
    assert server.engine().record.committed and server.engine().record.job is None


def test_a_disk_that_comes_to_a_committed_server_does_not_keep_it_from_starting(tmpdir, taken_away):
    server = Server(tmpdir)
    server.enable(True)
    for number in (1, 2, 3):
        server.write(number, number)
        server.snapshot()
    server.act('commit_all')
    root = server.engine().record.path(server.engine().record.root['file'])
    wanted = checksum(root, 'qcow2', server.size)
    server.add_disk('disk.eph0')
    server.disks += ('disk.eph0',)
    taken_away()
    engine = server.engine()
    assert engine.prepare_start(server.nova_disks())[0] == root and checksum(root, 'qcow2', server.size) == wanted
    assert engine.record.committed and engine.record.job is None and engine.record.disk_names == ['disk', 'disk.eph0']


def test_who_has_layers_goes_on_with_them(tmpdir, taken_away):
    server = Server(tmpdir)
    server.enable(True)
    server.write(1, 1)
    wanted = server.sum()
    taken_away()
    index = server.snapshot()
    server.write(2, 2)
    server.recover(index=index)
    assert server.sum() == wanted
    server.act('disable')
    assert server.sum() == wanted and server.engine().record is None
