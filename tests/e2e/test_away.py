"""The message queue or the database goes away in the middle of an operation, and comes back: what was done stays done, nova
is told of it, and nothing is left half."""

import pytest

import environment
import story
from testbed import services, shell
from test_faults import in_order


@pytest.fixture(scope='module')
def server(demo, package):
    one = story.Server.create(demo, 'away', flavor='m1.small')
    one.act('enableSnapshot', {'store': True})
    yield one
    one.delete()


def rest(server):
    """Wait until nothing is under way, whoever has to be told, and until the compute host hears nova-api again: a call
    that is made before it has found the message queue again gets no answer."""
    def still():
        return server.record()['job'] is None and server.body()['OS-EXT-STS:task_state'] is None

    def heard():
        return server.cloud.call('compute', 'GET', '/servers/%s/light-snapshots' % server.uuid).status == 200
    assert shell.poll(still, 150, 0.5), (server.record()['job'], server.body()['OS-EXT-STS:task_state'])
    assert shell.poll(heard, 150, 0.5)


@pytest.mark.skipif(bool(environment.elsewhere()), reason='the services of another cloud are not ours to stop')
@pytest.mark.parametrize('name', ['rabbitmq-server', 'mariadb'])
def test_it_goes_away_during_a_commit(server, name):
    service, sums = services.BY_NAME[name], {}
    for number in (1, 2):
        sums[name + str(number)] = server.write(name + str(number), number, 60)
        server.guest.sync()
        if number == 1:
            server.snapshot()
    index = server.record()['live'][-1]['index']
    assert server.post('createSnapshot', {'name': name}).status == 202
    service.stop()
    try:
        assert shell.poll(lambda: server.record()['job'] is None, 60, 0.2), server.record()['job']
    finally:
        service.start()
        service.wait()
    rest(server)
    in_order(server)
    assert server.points()[index]['name'] == name
    assert server.sums(*sums) == sums
    server.write('junk', 'junk')
    server.recover(snap_index=index)
    server.guest.wait_up()
    assert server.sums(*sums) == sums and server.check() == []
