"""snapshotAll: one request of an administrator's, and each server that uses light snapshots has one more."""

import time

import pytest

import story


@pytest.fixture(scope='module')
def servers(demo, package):
    """One whose snapshots are kept, one of those that are taken every day, a plain one."""
    made = [story.Server.create(demo, 'all') for _number in range(3)]
    made[0].act('enableSnapshot', {'store': True})
    made[1].act('enableSnapshot', {'store': True, 'daily': True})
    yield made
    directories = [one.directory for one in made]
    for one in made:
        one.delete()
    assert not any(directory.exists() for directory in directories)


def ask(cloud, options):
    """{uuid: what becomes of the server}"""
    answer = cloud.must('compute', 'POST', '/os-light-snapshots', {'snapshotAll': options})['light_snapshot_all']
    assert answer['cells_left_out'] == []
    return {one['id']: one for one in answer['servers']}, answer['request_id']


def wait_named(server, name):
    """The restore points of this name, once there is one and all of the work is done."""
    end = time.monotonic() + 60
    while True:
        found = [point for point in server.points().values() if point['name'] == name]
        if found and server.body()['OS-EXT-STS:task_state'] is None:
            return found
        assert time.monotonic() < end, '%s has no restore point %r' % (server.uuid, name)
        time.sleep(0.1)


def test_nobody_else_may(demo):
    answer = demo.call('compute', 'POST', '/os-light-snapshots', {'snapshotAll': None})
    assert answer.status == 403


def test_of_all(servers, admin):
    kept, daily, plain = servers
    sums = kept.write('before', 'before')
    kept.guest.sync()
    told, request = ask(admin, {'name': 'everywhere'})
    assert {told[one.uuid]['status'] for one in (kept, daily)} == {'accepted'} and plain.uuid not in told
    for one in (kept, daily):
        assert len(wait_named(one, 'everywhere')) == 1
        # Under the one request, and as a success.
        (event,) = [event for event in one.events() if event['request_id'] == request]
        assert event['action'] == 'light_snapshot_create'
    (point,) = wait_named(kept, 'everywhere')
    kept.write('before', 'after')
    kept.recover(snap_index=point['index'])
    kept.guest.wait_up()
    assert kept.sums('before') == {'before': sums}


def test_of_those_of_every_day(servers, admin):
    kept, daily, _plain = servers
    told, _request = ask(admin, {'daily': True, 'name': 'of every day'})
    assert kept.uuid not in told and told[daily.uuid]['status'] == 'accepted'
    assert wait_named(daily, 'of every day')
    assert not [point for point in kept.points().values() if point['name'] == 'of every day']


def test_one_that_is_neither_active_nor_stopped_is_left_out(servers, admin):
    kept = servers[0]
    kept.nova({'pause': None}, 'PAUSED')
    try:
        told = ask(admin, {'name': 'paused'})[0][kept.uuid]
        assert told['status'] == 'skipped' and 'paused' in told['reason']
    finally:
        kept.nova({'unpause': None})
    assert not [point for point in kept.points().values() if point['name'] == 'paused']
