"""Copies that leave the server's directory: an image is what the server has now, and what travels is all that its restore
points stand on. (A running guest: tests/e2e/test_images.py, tests/e2e/test_moves.py, and the fault matrix.)"""

import os
import shutil
import stat
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import MIB, Server, checksum, variants  # noqa: E402

from light_snapshot.engine import errors, layout, plans, privileged, thinning  # noqa: E402


@pytest.fixture(params=variants('raw', 'two disks'))
def server(request, tmpdir):
    return Server.of(tmpdir, request.param)


def root_sum(server):
    path, fmt = server._active('disk')
    return checksum(path, fmt, server.size)


@pytest.mark.parametrize('store', [False, True])
@pytest.mark.parametrize('image_format', ['qcow2', 'raw'])
def test_an_image_is_what_the_server_has_now(server, store, image_format):
    server.enable(store=store)
    server.write(1)
    server.snapshot()
    server.write(2, 3)
    before, points, expected = server.sum(), server.indices(), root_sum(server)
    path = server.engine().export(image_format)
    assert checksum(path, image_format, server.size) == expected
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    # In one file: it needs nothing that stays here.
    assert 'backing-filename' not in str(privileged._run(['qemu-img', 'info', '--output=json', '-f', image_format, path]))
    assert (server.sum(), server.indices()) == (before, points)
    server.engine().settle()
    assert not os.path.exists(path), 'what was not fetched goes before the next operation'


def test_an_image_of_what_is_committed(server):
    server.enable(store=True)
    server.write(1)
    server.act('commit_all')
    expected = root_sum(server)
    assert checksum(server.engine().export('qcow2'), 'qcow2', server.size) == expected


def test_no_image_of_a_preview(server):
    server.enable(store=True)
    server.write(1)
    index = server.snapshot()
    server.act('preview', index)
    with pytest.raises(errors.Refused, match='preview'):
        server.engine().export('qcow2')
    assert not os.path.exists(server.path(layout.EXPORT))


def test_only_formats_of_images(server):
    server.enable()
    with pytest.raises(ValueError, match='not a format of an image'):
        privileged.export(server.directory, 'disk', server.fmt, 'luks')


def aside(server):
    engine = server.engine()
    engine._begin(plans.aside(engine.record.state(), thinning.now(), plans.CRASH_CONSISTENT))


@pytest.mark.parametrize('store', [False, True])
def test_what_was_set_aside_comes_back(server, store):
    """As it is left where nova-compute was killed while it copied, the guest writing on."""
    server.enable(store=store)
    server.write(1)
    server.snapshot()
    server.write(2, 2)
    points, frozen = server.indices(), server.sum()
    names = server.files()
    aside(server)
    assert server.indices() == points and server.sum() == frozen
    server.write(3, 4)
    now = server.sum()
    engine = server.engine()
    engine.settle()
    engine.finish()
    assert server.sum() == now and server.indices() == points
    assert len(server.files()) == len(names) and len(server.engine().record.live) == 2


def test_a_snapshot_upon_what_was_set_aside(server):
    server.enable(store=True)
    server.write(1)
    sums = {server.snapshot(): server.sum()}
    server.write(2, 2)
    aside(server)
    server.write(3, 4)
    sums[server.snapshot()] = server.sum()
    server.write(4, 6)
    now = server.sum()
    assert server.sum() == now
    assert all(server.point_sum(index) == sums[index] for index in sums)
    assert sorted(set(server.indices()) - set(sums)) == [0]
    assert server.engine().check() == []


# ---- to another host

def travel(server, tmpdir, names):
    """The same server in another directory, to which nova's own disks and these files were copied."""
    twin = object.__new__(Server)
    twin.__dict__.update(server.__dict__, directory=str(tmpdir.mkdir('elsewhere')))
    for name in names + [disk for disk in server.disks if disk != layout.SWAP] + [layout.RECORD]:
        shutil.copy2(server.path(name), twin.path(name))
    return twin


@pytest.mark.parametrize('store', [False, True])
def test_all_that_restore_points_stand_on_travels(server, tmpdir, store):
    server.enable(store=store)
    sums = {}
    for number in (1, 2, 3):
        server.write(number, number)
        now = root_sum(server)
        sums[server.snapshot()] = now
    server.write(9, 9)
    server.act('commit_all')
    now, names = root_sum(server), server.engine().travelling()
    assert not [name for name in names if name.startswith(('disk.swap', 'snapshots/'))]
    twin = travel(server, tmpdir, names)
    twin.engine().arrive()
    twin.disks = ('disk',)
    assert twin.engine().record.disk_names == ['disk']
    record, kept = twin.engine().record, set(sums) & set(twin.indices())
    assert not store or kept == set(sums)
    for index in kept:
        assert checksum(twin.path(record.kept[str(index)]['file']), 'qcow2', twin.size) == sums[index]
    engine = twin.engine()
    engine.prepare_start(twin.nova_disks())
    engine.finish()
    assert root_sum(twin) == now and twin.engine().check() == []
    for entry in engine.record.kept.values():
        assert os.path.samefile(twin.path(entry['file']), twin.path(layout.kept(entry['file'])))


def test_what_is_missing_is_said(server, tmpdir):
    server.enable(store=True)
    server.write(1)
    server.snapshot()
    server.act('commit_all')
    names = server.engine().travelling()
    twin = travel(server, tmpdir, names[1:])
    before = (open(twin.path(layout.RECORD)).read(), sorted(os.listdir(twin.directory)))
    with pytest.raises(errors.EngineError, match='came here without .*%s' % names[0]):
        twin.engine().arrive()
    assert (open(twin.path(layout.RECORD)).read(), sorted(os.listdir(twin.directory))) == before


def test_layers_do_not_travel_like_this(server):
    server.enable(store=True)
    with pytest.raises(errors.EngineError, match='not committed'):
        server.engine().travelling()


def test_an_empty_twin_of_each_active_layer(server):
    server.enable(store=True)
    server.write(1)
    server.snapshot()
    frozen, active = server.engine().freeze_for_travel()
    assert set(server.disks) <= set(frozen) and not set(frozen) & set(active)
    for name in active:
        twin = server.engine().make_twin(name)
        ours, theirs = (privileged.info(server.directory, one, 'qcow2') for one in (name, twin))
        assert ours['backing-filename'] == theirs['backing-filename']
        assert ours['virtual-size'] == theirs['virtual-size'] >= server.size
        server.engine().remove_twin(twin)
        assert not os.path.exists(server.path(twin))
    assert server.size >= MIB
