"""Processes killed in the middle, on the real cloud: the guest's bytes are those of before or after, and the next
start of nova-compute puts everything in order by itself."""

import pytest

from testbed import shell
import environment
import story


@pytest.fixture(scope='module')
def busy(demo, package):
    """A server with store and a large frozen layer: its commit takes a while."""
    one = story.Server.create(demo, 'faults', flavor='m1.small')
    one.act('enableSnapshot', {'store': True})
    yield one
    one.delete()


def start_compute(server):
    environment.start_compute()
    settled = shell.poll(lambda: server.record()['job'] is None
                         and server.body()['OS-EXT-STS:task_state'] is None, 60, 0.2)
    assert settled, (server.record()['job'], server.body()['OS-EXT-STS:task_state'])


def in_order(server):
    """Record, columns, libvirt and the files agree, and nothing is left over."""
    record, columns = server.record(), server.columns()
    assert record['job'] is None
    assert server.active().name == record['live'][-1]['file']
    assert columns['snapshot_index'] == str(record['index'])
    assert columns['root_index'] == str(record['root']['index'])
    known = {layer['file'] for layer in record['live']} | {entry['file'] for entry in record['kept'].values()}
    known.add(record['root']['file'])
    found = {path.name for path in server.directory.iterdir() if path.name.startswith('disk.light-')}
    assert found == known - {'disk'}


def test_nova_compute_killed_during_a_commit(busy):
    sums = {}
    for number in (1, 2):
        sums['file%d' % number] = busy.write('file%d' % number, str(number), 100)
        busy.guest.sync()
        if number == 1:
            busy.snapshot()
    assert busy.post('createSnapshot').status == 202
    environment.kill_compute()
    start_compute(busy)
    in_order(busy)
    assert busy.sums('file1', 'file2') == sums
    assert {1, 2} <= set(busy.points())
    busy.recover(snap_index=1)
    busy.guest.wait_up()
    assert busy.sums('file1', 'file2') == {'file1': sums['file1'], 'file2': None}
    busy.recover(snap_index=2)
    busy.guest.wait_up()
    assert busy.sums('file1', 'file2') == sums


def test_nova_compute_killed_during_a_recover(busy):
    before = busy.sums('file1', 'file2')
    busy.snapshot(name='before the kill')
    busy.write('junk', 'junk', 20)
    assert busy.post('recoverInstance').status == 202
    environment.kill_compute()
    start_compute(busy)
    # It was running, so it runs again, by itself.
    busy.cloud.wait_server(busy.uuid, 'ACTIVE')
    busy.guest.wait_up()
    in_order(busy)
    assert busy.sums('file1', 'file2') == before


def test_the_guest_loses_its_power_right_after_a_snapshot(busy):
    sums = busy.write('power', 'power')
    busy.guest.sync()
    index = busy.snapshot()
    busy.guest.virsh('destroy', busy.uuid)
    busy.cloud.action(busy.uuid, {'reboot': {'type': 'HARD'}})
    busy.cloud.wait_server(busy.uuid, 'ACTIVE')
    busy.guest.wait_up()
    in_order(busy)
    assert busy.sums('power') == {'power': sums}
    busy.recover(snap_index=index)
    busy.guest.wait_up()
    assert busy.sums('power') == {'power': sums}
    assert busy.guest.records() > 0


def test_a_stopped_server(busy):
    sums = busy.write('stopped', 'stopped')
    busy.guest.sync()
    busy.stop()
    index = busy.snapshot(name='while off')
    assert busy.points()[index]['consistency'] == 'stopped'
    busy.recover(snap_index=1)
    busy.start()
    assert busy.sums('stopped', 'file1')['stopped'] is None
    busy.stop()
    busy.recover(snap_index=index)
    busy.act('commitSnapshot')
    busy.start()
    assert busy.sums('stopped') == {'stopped': sums}
    in_order(busy)
    busy.stop()
    busy.act('disableSnapshot')
    assert not (busy.directory / 'light-snapshot.json').exists()
    busy.start()
    assert busy.sums('stopped') == {'stopped': sums}


def test_a_rebuild_turns_light_snapshots_off(busy):
    busy.act('enableSnapshot', {'store': True})
    busy.snapshot()
    busy.nova({'rebuild': {'imageRef': busy.body()['image']['id']}})
    busy.guest.wait_up()
    assert busy.body()['light_snapshot_enabled'] is False
    assert busy.active().name == 'disk' and not (busy.directory / 'light-snapshot.json').exists()
    assert not [path for path in busy.directory.iterdir() if 'light' in path.name]
