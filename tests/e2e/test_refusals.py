"""Wrong input, wrong state, wrong user: a 4xx that says why, and nothing changed."""

import contextlib
import uuid

import pytest

import environment
import story

ACTIONS = [('enableSnapshot', None), ('disableSnapshot', None), ('createSnapshot', None), ('recoverInstance', None),
           ('commitSnapshot', None), ('storeSnapshot', {'enable': True}), ('dailySnapshot', {'enable': True}),
           ('previewInstance', None), ('keepPreview', None), ('undoPreview', None), ('retainSnapshots', {'count': 1})]


def message(answer):
    return next(iter(answer.body.values()))['message']


@pytest.fixture(scope='module')
def enabled(demo, package):
    """A server with one snapshot and no history."""
    one = story.Server.create(demo, 'refusals')
    one.act('enableSnapshot')
    one.write('f', 'f')
    one.snapshot()
    yield one
    one.delete()


@contextlib.contextmanager
def unchanged(server):
    """Neither the record, nor the columns, nor the guest's layer, nor its run changes in here."""
    def state():
        record = (server.directory / 'light-snapshot.json')
        return (record.read_text() if record.exists() else None, server.columns(), server.active(),
                sorted(path.name for path in server.directory.iterdir()), server.guest.boot(),
                server.body()['OS-EXT-STS:task_state'])
    before = state()
    yield
    assert state() == before


@pytest.mark.parametrize('action,options', ACTIONS, ids=[action for action, _ in ACTIONS])
def test_unknown_server(demo, package, action, options):
    answer = demo.action(str(uuid.uuid4()), {action: options})
    assert answer.status == 404 and 'could not be found' in message(answer)


@pytest.mark.parametrize('action,options', ACTIONS, ids=[action for action, _ in ACTIONS])
def test_another_tenants_server(enabled, other, action, options):
    with unchanged(enabled):
        assert enabled.post(action, options, cloud=other).status == 404


def test_another_tenant_cannot_list_rename_delete_or_check(enabled, other):
    path = '/servers/%s/light-snapshots' % enabled.uuid
    assert other.call('compute', 'GET', path).status == 404
    assert other.call('compute', 'GET', path + '/1').status == 404
    assert other.call('compute', 'PUT', path + '/1', {'light_snapshot': {'name': 'x'}}).status == 404
    with unchanged(enabled):
        assert other.call('compute', 'DELETE', path + '/1').status == 404
        for options in (None, {'repair': True}):
            assert enabled.post('checkSnapshots', options, cloud=other).status == 404


@pytest.mark.parametrize('action,options', ACTIONS[1:], ids=[action for action, _ in ACTIONS[1:]])
def test_a_server_that_is_not_enabled(server, action, options):
    with unchanged(server):
        answer = server.post(action, options)
        assert answer.status == 409 and 'not enabled' in message(answer)


BAD = [
    ('enableSnapshot', {'store': 'yes'}), ('enableSnapshot', {'unknown': 1}), ('enableSnapshot', []),
    ('disableSnapshot', {}), ('createSnapshot', {'name': 'x' * 256}), ('createSnapshot', {'name': 7}),
    ('createSnapshot', {'quiesce': 'true'}), ('createSnapshot', {'nome': 'x'}),
    ('recoverInstance', {'snap_index': 'one'}), ('recoverInstance', {'snap_index': -1}),
    ('recoverInstance', {'snap_index': 1.5}), ('recoverInstance', {'snap_index': 2 ** 31}),
    ('recoverInstance', {'snap_index': True}), ('recoverInstance', {'use_root': 1}),
    ('recoverInstance', {'use_root': True, 'snap_index': 0}), ('recoverInstance', {'use_root': True, 'snap_index': 1}),
    ('storeSnapshot', None), ('storeSnapshot', {}), ('storeSnapshot', {'enable': None}), ('dailySnapshot', {}),
    ('commitSnapshot', {'force': True}), ('recoverInstance', {'safety': 'yes'}), ('recoverInstance', {'safety': None}),
    ('previewInstance', {'snap_index': -1}), ('previewInstance', {'use_root': True, 'snap_index': 1}),
    ('keepPreview', {}), ('undoPreview', {}), ('retainSnapshots', None), ('retainSnapshots', {}),
    ('retainSnapshots', {'count': 0}), ('retainSnapshots', {'days': '7'}), ('checkSnapshots', {'repair': 'yes'}),
]


@pytest.mark.parametrize('action,options', BAD, ids=['%s %s' % (a, str(o)[:40]) for a, o in BAD])
def test_bad_requests(enabled, action, options):
    with unchanged(enabled):
        answer = enabled.post(action, options)
        assert answer.status == 400 and message(answer)


@pytest.mark.parametrize('index', [77, 2, 2 ** 31 - 1])
def test_an_index_that_does_not_exist(enabled, index):
    with unchanged(enabled):
        for action in ('recoverInstance', 'previewInstance'):
            answer = enabled.post(action, {'snap_index': index})
            assert answer.status == 404 and str(index) in message(answer)


def test_a_safety_snapshot_where_nothing_is_kept(enabled):
    with unchanged(enabled):
        answer = enabled.post('recoverInstance', {'safety': True})
        assert answer.status == 409 and 'othing was changed' in message(answer)


@pytest.mark.parametrize('action', ['keepPreview', 'undoPreview'])
def test_no_preview_to_end(enabled, action):
    with unchanged(enabled):
        answer = enabled.post(action)
        assert answer.status == 409 and 'preview' in message(answer)


def test_a_repair_is_an_administrator_s(enabled):
    with unchanged(enabled):
        assert enabled.post('checkSnapshots', {'repair': True}).status == 403


def test_a_check_is_for_any_state(enabled):
    enabled.nova({'pause': None}, 'PAUSED')
    try:
        assert enabled.check() == []
    finally:
        enabled.nova({'unpause': None})


@pytest.mark.parametrize('index', ['77', 'x', '-1', '1.0', '%00', '99999999999999999999'])
def test_a_restore_point_that_does_not_exist(enabled, index):
    path = '/servers/%s/light-snapshots/%s' % (enabled.uuid, index)
    assert enabled.cloud.call('compute', 'GET', path).status in (400, 404)
    assert enabled.cloud.call('compute', 'PUT', path, {'light_snapshot': {'name': 'x'}}).status in (400, 404)
    with unchanged(enabled):
        assert enabled.cloud.call('compute', 'DELETE', path).status in (400, 404)


def test_enable_twice(enabled):
    with unchanged(enabled):
        assert 'already' in message(enabled.post('enableSnapshot'))


def test_a_volume_booted_server(server):
    """No Cinder here: the server's own block device mapping says so for the time of the request."""
    def mapping(source, destination):
        environment.sql("UPDATE block_device_mapping SET source_type = '%s', destination_type = '%s' "
                        "WHERE instance_uuid = '%s' AND boot_index = 0" % (source, destination, server.uuid))
    mapping('volume', 'volume')
    try:
        answer = server.post('enableSnapshot')
    finally:
        mapping('image', 'local')
    assert answer.status == 409 and 'volume' in message(answer)
    assert not (server.directory / 'light-snapshot.json').exists()


def test_a_locked_server(enabled, admin):
    assert admin.action(enabled.uuid, {'lock': None}).status == 202
    try:
        with unchanged(enabled):
            answer = enabled.post('recoverInstance')
            assert answer.status == 409 and 'locked' in message(answer)
    finally:
        assert admin.action(enabled.uuid, {'unlock': None}).status == 202


def test_the_compute_host_is_down(enabled, admin):
    host = admin.server(enabled.uuid)['OS-EXT-SRV-ATTR:host']
    admin.force_down(host, True)
    try:
        with unchanged(enabled):
            answer = enabled.post('createSnapshot')
            assert answer.status == 409 and 'is down' in message(answer)
    finally:
        admin.force_down(host, False)


def test_two_at_once(enabled):
    """Of several requests at the same moment one wins; the others are told so."""
    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _n: enabled.post('createSnapshot'), range(4)))
    enabled.cloud.wait_server(enabled.uuid, 'ACTIVE')
    assert all(answer.status in (202, 409) for answer in answers)
    won = [answer.body['light_snapshot']['index'] for answer in answers if answer.status == 202]
    assert won and len(set(won)) == len(won)
    record = enabled.record()
    assert record['job'] is None and len(record['live']) == 2
    assert enabled.guest.records() > 0
