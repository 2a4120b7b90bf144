"""Disks that come and go, and records of the first release, which knew only the root disk."""

import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server, checksum  # noqa: E402

from light_snapshot.engine import errors, layout, privileged, record as records  # noqa: E402


def snapshots(server, count):
    sums = {}
    for number in range(1, count + 1):
        server.write(number, number)
        now = server.sum()
        sums[server.snapshot()] = now
    return sums


def start(server):
    engine = server.engine()
    engine.prepare_start(server.nova_disks())
    return engine


@pytest.mark.parametrize('committed', [False, True])
def test_a_disk_that_comes_later(tmpdir, committed):
    server = Server(tmpdir)
    server.enable(store=True)
    snapshots(server, 3)
    server.recover(index=2)
    if committed:
        server.act('commit_all')
    server.add_disk('disk.eph0')
    server.disks += ('disk.eph0',)
    subprocess.check_call(['qemu-io', '-f', 'qcow2', '-c', 'write -P 9 1M 1M', server.path('disk.eph0')],
                          stdout=subprocess.DEVNULL if hasattr(subprocess, 'DEVNULL') else None)
    plain = checksum(server.path('disk.eph0'), 'qcow2', server.size)
    engine = start(server)
    assert engine.record.disk_names == ['disk', 'disk.eph0'] and engine.check() == []
    sums = dict((index, server.point_sum(index)) for index in server.indices())
    for index in sums:
        server.recover(index=index, safety=False)
        assert server.sum() == sums[index]
        record = server.engine().record
        assert checksum(record.path(record.active_of('disk.eph0')), 'qcow2', server.size) == plain
    server.write(70, 3)
    now = server.sum()
    later = server.snapshot()
    server.write(71, 3)
    server.recover(index=later)
    assert server.sum() == now and server.engine().check() == []
    server.act('disable')
    assert server.sum() == now and server.files() == []


def test_a_swap_disk_that_a_resize_makes_anew(tmpdir):
    server = Server(tmpdir, others=('disk.swap',))
    server.enable(store=True)
    snapshots(server, 3)
    server.act('commit_all')
    old = server.directory + '_resize'
    os.rename(server.directory, old)
    os.mkdir(server.directory)
    subprocess.check_call(['cp', os.path.join(old, 'disk'), server.path('disk')])
    server.engine().bring_from(old)
    assert server.engine().record.disk_names == ['disk']
    server.add_disk('disk.swap', 2 * server.size)
    engine = start(server)
    assert engine.record.disk_names == ['disk', 'disk.swap'] and engine.check() == []
    active = engine.record.active_of('disk.swap')
    assert engine.files.virtual_size(active, 'qcow2') == 2 * server.size
    server.recover(index=1)
    assert server.engine().check() == []


def test_a_disk_that_nova_takes_away(tmpdir):
    server = Server(tmpdir, others=('disk.swap',))
    server.enable(store=True)
    snapshots(server, 2)
    os.unlink(server.path('disk.swap'))
    server.disks = ('disk',)
    start(server)
    assert [name for name in server.files() if 'swap' in name and 'deleted' not in name] == []
    server.recover(index=1)
    assert server.engine().check() == []


def test_the_config_drive_is_left_alone():
    assert not layout.is_disk('disk.config') and layout.disk_of('disk.config.light-1') is None
    assert [name for name in ('disk', 'disk.local', 'disk.eph0', 'disk.eph12', 'disk.swap') if not layout.is_disk(name)] == []
    for name in ('disk\n', 'disk.eph', 'xdisk', 'disk.light-1', '../disk', 'snapshots/disk'):
        assert not layout.is_disk(name)
    for name in ('disk.config', 'disk.light-1\n', 'disk.light-', '/etc/passwd', 'snapshots/../disk'):
        with pytest.raises(ValueError):
            privileged.info('/var/lib/nova/instances/x', name, 'qcow2')


def test_a_record_of_the_first_release(tmpdir):
    server = Server(tmpdir, 'raw')
    server.enable(store=True)
    sums = snapshots(server, 3)
    path = server.path(layout.RECORD)
    with open(path) as handle:
        data = json.load(handle)
    disk = data.pop('disks')[0]
    del data['retention'], data['preview']
    data.update(version=1, target=disk['target'], disk_format=disk['format'], size=disk['size'])
    data['root']['format'] = 'qcow2'
    # Cut off in the middle of a commit, as its record would be.
    after = json.loads(json.dumps(data))
    data['job'] = {'kind': 'settle', 'op': 'store', 'then': None, 'after': dict(after, store=False)}
    with open(path, 'w') as handle:
        json.dump(data, handle)
    engine = server.engine()
    assert engine.record.disks == [disk]
    engine.settle()
    assert not engine.record.store and engine.record.version == records.VERSION and 'target' not in engine.record.data
    assert server.indices() == [0, 1, 2, 3]
    server.recover(index=1)
    assert server.sum() == sums[1]
    server.act('disable')


def test_a_record_of_a_later_release_stops_everything(tmpdir):
    server = Server(tmpdir)
    server.enable()
    path = server.path(layout.RECORD)
    with open(path) as handle:
        data = dict(json.load(handle), version=records.VERSION + 1)
    with open(path, 'w') as handle:
        json.dump(data, handle)
    with pytest.raises(errors.EngineError) as caught:
        server.engine()
    assert 'version %d' % (records.VERSION + 1) in str(caught.value)
