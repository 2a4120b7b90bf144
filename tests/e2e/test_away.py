"""The message queue or the database goes away in the middle of an operation, and comes back: what was done stays done, nova
is told of it, and nothing is left half."""

import contextlib
import os
import signal

import pytest

import environment
import story
from testbed import services, shell
from test_faults import in_order

pytestmark = pytest.mark.skipif(bool(environment.elsewhere()), reason='the services of another cloud are not ours to stop')
SERVICES = ('rabbitmq-server', 'mariadb')


@pytest.fixture
def server(demo, package):
    one = story.Server.create(demo, 'away', flavor='m1.small')
    yield one
    directory = one.directory
    one.delete()
    assert not directory.exists()


def job(server):
    """What the server's record says to be under way; None also where light snapshots are off."""
    path = server.directory / 'light-snapshot.json'
    return server.record()['job'] if path.exists() else None


def rest(server):
    """Wait until nothing is under way, whoever has to be told, and until the compute host hears nova-api again: a call
    that is made before it has found the message queue again gets no answer."""
    def still():
        return job(server) is None and server.body()['OS-EXT-STS:task_state'] is None

    def heard():
        return server.cloud.call('compute', 'GET', '/servers/%s/light-snapshots' % server.uuid).status == 200
    assert shell.poll(still, 150, 0.5), (job(server), server.body()['OS-EXT-STS:task_state'])
    assert shell.poll(heard, 150, 0.5)


@contextlib.contextmanager
def away(name):
    """Without this service; it is back, and serves, afterwards."""
    service = services.BY_NAME[name]
    service.stop()
    try:
        yield
    finally:
        service.start()
        service.wait()


@pytest.mark.parametrize('name', SERVICES)
def test_it_goes_away_during_a_commit(server, name):
    server.act('enableSnapshot', {'store': True})
    sums = {}
    for number in (1, 2):
        sums[name + str(number)] = server.write(name + str(number), number, 60)
        server.guest.sync()
        if number == 1:
            server.snapshot()
    index = server.record()['live'][-1]['index']
    assert server.post('createSnapshot', {'name': name}).status == 202
    with away(name):
        assert shell.poll(lambda: job(server) is None, 60, 0.2), job(server)
    rest(server)
    in_order(server)
    assert server.points()[index]['name'] == name
    assert server.sums(*sums) == sums
    server.write('junk', 'junk')
    server.recover(snap_index=index)
    server.guest.wait_up()
    assert server.sums(*sums) == sums and server.check() == []


class Chain:
    """A server's operations one after the other, in each of which the service goes away once nova-compute has answered: what
    it still does, it does without."""

    def __init__(self, server, name):
        self.server, self.name, self.written = server, name, {}

    def write(self, name):
        self.written[name] = self.server.write(name, name, 2)
        self.server.guest.sync()

    def operate(self, action, options=None, ask=None):
        """One of them, and what has to be true after each."""
        server = self.server
        answer = ask() if ask else server.post(action, options)
        pid = int(services.NOVA_COMPUTE.pid())
        os.kill(pid, signal.SIGSTOP)
        assert answer.status in (202, 204), answer
        try:
            with away(self.name):
                os.kill(pid, signal.SIGCONT)
                assert shell.poll(lambda: job(server) is None, 60, 0.2), job(server)
        finally:
            os.kill(pid, signal.SIGCONT)
        rest(server)
        if server.guest.virsh('domstate', server.uuid).strip() != 'running':
            # It could not be started while nova did not answer.
            server.reboot('HARD')
        server.guest.wait_up()
        assert server.sums(*self.written) == self.written, action
        if action != 'disableSnapshot':
            assert server.check() == [], action
        return answer.body

    def point(self, name):
        return next(point['index'] for point in self.server.points().values() if point['name'] == name)


@pytest.mark.parametrize('name', SERVICES)
def test_it_goes_away_at_the_end_of_each_operation(server, name):
    chain = Chain(server, name)
    chain.write('one')
    chain.operate('enableSnapshot', {'store': True})
    assert server.body()['light_snapshot_enabled'] and server.record()['store']
    chain.operate('createSnapshot', {'name': 'first'})
    chain.write('two')
    in_order(server)
    server.write('junk', 'junk', 2)
    server.snapshot(name='second')
    # It has to ask nova what is attached before it takes the server's power, so it may not have begun; then nothing has changed.
    first, sums = chain.point('first'), dict(chain.written)
    del chain.written['two']
    chain.operate('recoverInstance', {'snap_index': first})
    in_order(server)
    if server.sums('two')['two'] is not None:
        assert server.sums(*sums) == sums
        server.recover(snap_index=first)
        server.guest.wait_up()
    assert server.sums('two', 'junk') == {'two': None, 'junk': None}
    index = chain.point('second')
    chain.operate('delete', ask=lambda: server.cloud.call('compute', 'DELETE', '/servers/%s/light-snapshots/%s' % (server.uuid, index)))
    assert index not in server.points()
    chain.operate('previewInstance', {'snap_index': first})
    if server.listing()['preview'] is None:
        server.act('previewInstance', {'snap_index': first})
        server.guest.wait_up()
    chain.operate('keepPreview')
    assert server.listing()['preview'] is None
    chain.operate('storeSnapshot', {'enable': False})
    assert not server.record()['store']
    chain.operate('storeSnapshot', {'enable': True})
    in_order(server)
    chain.operate('commitSnapshot')
    assert server.listing()['committed'] and server.columns()['snapshot_committed'] == '1'
    chain.operate('disableSnapshot')
    assert not server.body()['light_snapshot_enabled'] and not (server.directory / 'light-snapshot.json').exists()
    assert [path.name for path in server.directory.iterdir() if 'light' in path.name] == []
