"""createImage, createBackup and shelve of a server with layers: a server made of the image has the bytes, and the server goes
on with its restore points as before."""

import pytest

import story


@pytest.fixture(scope='module')
def server(demo, package):
    one = story.Server.create(demo, 'images')
    yield one
    one.delete()


def images(cloud):
    return {image['id']: image for image in cloud.must('image', 'GET', '/v2/images?limit=100')['images']}


def image_of(server, cloud, body):
    """The image that an action makes, once it is there; deleted by the caller."""
    before = set(images(cloud))
    cloud.act(server.uuid, body, status=('ACTIVE', 'SHUTOFF'))
    made = set(images(cloud)) - before
    assert len(made) == 1
    image = images(cloud)[made.pop()]
    assert image['status'] == 'active', image
    return image


def boot_of(cloud, image):
    twin = story.Server(cloud, cloud.create_server('of an image', image=image['name']))
    twin.guest.wait_up()
    return twin


def goes_on(server, cloud, body, *names):
    """The image has the server's bytes of now, and the server has its restore points and writes on."""
    sums, points = server.sums(*names), list(server.points())
    server.guest.sync()
    image = image_of(server, cloud, body)
    try:
        twin = boot_of(cloud, image)
        try:
            assert twin.sums(*names) == sums
        finally:
            twin.delete()
    finally:
        cloud.must('image', 'DELETE', '/v2/images/' + image['id'])
    assert list(server.points()) == points and server.record()['job'] is None
    assert len(server.record()['live']) <= 2 and server.check() == []
    return image


def test_of_a_running_server(server, demo):
    server.write('one', 'one')
    server.act('enableSnapshot', {'store': True})
    server.snapshot()
    server.write('two', 'two')
    server.snapshot()
    server.write('three', 'three')
    goes_on(server, demo, {'createImage': {'name': 'img-running'}}, 'one', 'two', 'three')
    server.write('four', 'four')
    sums = server.sums('one', 'two', 'three', 'four')
    server.reboot('HARD')
    assert server.sums('one', 'two', 'three', 'four') == sums


def test_a_backup(server, admin):
    body = {'createBackup': {'name': 'img-backup', 'backup_type': 'daily', 'rotation': 1}}
    goes_on(server, admin, body, 'one', 'four')


def test_of_a_server_that_is_off(server, demo):
    sums, points = server.sums('one', 'four'), list(server.points())
    server.stop()
    server.recover()
    image = image_of(server, demo, {'createImage': {'name': 'img-stopped'}})
    try:
        server.start()
        now = server.sums('one', 'two', 'four')
        assert now['four'] is None and now['one'] == sums['one']
        twin = boot_of(demo, image)
        try:
            assert twin.sums('one', 'two', 'four') == now
        finally:
            twin.delete()
    finally:
        demo.must('image', 'DELETE', '/v2/images/' + image['id'])
    assert set(points) <= set(server.points())


def test_of_what_is_committed(server, demo):
    server.act('commitSnapshot')
    server.write('five', 'five')
    sums, points = server.sums('one', 'five'), list(server.points())
    server.guest.sync()
    image = image_of(server, demo, {'createImage': {'name': 'img-committed'}})
    try:
        twin = boot_of(demo, image)
        try:
            assert twin.sums('one', 'five') == sums
        finally:
            twin.delete()
    finally:
        demo.must('image', 'DELETE', '/v2/images/' + image['id'])
    assert set(points) <= set(server.points()) and server.sums('one', 'five') == sums


def test_shelve_is_refused_while_history_would_be_lost(server, demo):
    points = list(server.points())
    answer = demo.action(server.uuid, {'shelve': None})
    assert answer.status == 409 and 'would be lost' in str(answer.body)
    assert list(server.points()) == points


def test_shelve_and_unshelve(demo):
    one = story.Server.create(demo, 'shelved')
    try:
        one.write('one', 'one')
        one.act('enableSnapshot')
        one.snapshot()
        one.write('two', 'two')
        sums, index = one.sums('one', 'two'), one.record()['index']
        one.guest.sync()
        one.nova({'shelve': None}, 'SHELVED_OFFLOADED')
        assert not one.directory.exists()
        one.nova({'unshelve': None})
        one.guest.wait_up()
        assert one.sums('one', 'two') == sums
        # Layers again, and no index twice.
        assert one.active().name == 'disk.light-%d' % one.record()['live'][-1]['index']
        assert one.record()['live'][-1]['index'] > index
        assert one.snapshot() > index and one.check() == []
        assert one.body()['light_snapshot_enabled'] is True
    finally:
        one.delete()
