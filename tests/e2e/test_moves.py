"""A server with history goes from host to host, on two real ones: bytes, restore points and the way back go with it."""

import contextlib
import shutil
import subprocess
import sys

import pytest

import environment
import story
from testbed import second, settings, shell
from testbed.guestctl import Guest
from testbed.second import files

pytestmark = pytest.mark.skipif(bool(environment.elsewhere()), reason='the second host is one of this project\'s testbed')
HOST = settings.HOST


def command(*words):
    subprocess.run([sys.executable, '-m', 'testbed.second', *words], cwd=environment.TOP, check=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def two_hosts(package):
    command('up')
    yield
    command('down')


@pytest.fixture
def shared_hosts(package):
    command('up', 'shared')
    yield
    command('down')


@pytest.fixture
def bare_host(package):
    """The second host has nova alone."""
    command('up', 'bare')
    yield
    command('down')


class Server(story.Server):
    """A server that may be on either host."""

    admin = None

    @property
    def host(self):
        return self.admin.server(self.uuid)['OS-EXT-SRV-ATTR:host']

    @property
    def directory(self):
        return self.instances(self.host) / self.uuid

    @staticmethod
    def instances(host):
        return second.INSTANCES if host == second.NAME else environment.INSTANCES

    def look(self):
        """See the guest where it is now."""
        host = self.host
        self.guest = Guest(self.uuid, second.LIBVIRT_URI, self.instances(host)) if host == second.NAME else environment.guest(self.uuid)
        self.guest.wait_up()

    def migrate(self, where):
        assert self.admin.action(self.uuid, {'migrate': {'host': where}}).status == 202
        self.admin.wait_server(self.uuid, 'VERIFY_RESIZE', timeout=180)
        self.look()

    def live(self, where):
        """Live migration; where it is afterwards."""
        assert self.admin.action(self.uuid, {'os-migrateLive': {'host': where, 'block_migration': 'auto'}}).status == 202
        self.admin.wait_server(self.uuid, 'ACTIVE', timeout=180)
        self.look()
        return self.host


@pytest.fixture
def server(admin):
    """A server on host 1 (an administrator may say so) with four restore points kept and something written since."""
    Server.admin = admin
    one = Server(admin, admin.create_server('moves', availability_zone='nova:' + HOST))
    one.look()
    one.known, one.at = {}, {}
    for number in range(3):
        one.known['f%d' % number] = one.write('f%d' % number, number)
        one.guest.sync()
        if number == 0:
            one.act('enableSnapshot', {'store': True})
        one.at[one.snapshot()] = sorted(one.known)
    one.known['last'] = one.write('last', 'last')
    one.guest.sync()
    one.listed = set(one.points())
    yield one
    one.delete()
    assert not [host for host in (HOST, second.NAME) if (Server.instances(host) / one.uuid).exists()]


def as_before(server):
    """All that the server had it has, and its layers are in order once what runs in the background is done."""
    assert server.sums(*server.known) == server.known
    assert server.listed <= set(server.points())
    assert shell.poll(lambda: server.record()['job'] is None and len(server.record()['live']) <= 2, 30), server.record()
    assert server.check() == []


def goes_back(server):
    """A restore point of before gives its bytes where the server is now."""
    index = min(server.at)
    server.recover(snap_index=index)
    server.guest.wait_up()
    assert server.sums(*server.known) == {name: server.known[name] if name in server.at[index] else None for name in server.known}


def test_cold_migration_revert_and_live_migration(two_hosts, server):
    server.migrate(second.NAME)
    as_before(server)
    assert server.admin.action(server.uuid, {'revertResize': None}).status == 202
    server.admin.wait_server(server.uuid, 'ACTIVE')
    server.look()
    assert server.host == HOST
    as_before(server)
    server.migrate(second.NAME)
    assert server.admin.action(server.uuid, {'confirmResize': None}).status == 204
    server.admin.wait_server(server.uuid, 'ACTIVE')
    assert shell.poll(lambda: not list(environment.INSTANCES.glob(server.uuid + '*')), 30), 'the old host has it still'
    as_before(server)
    # And back, without stopping: the guest's own records have no gap.
    records = server.guest.records()
    assert server.live(HOST) == HOST
    as_before(server)
    assert server.guest.records() >= records
    server.reboot('HARD')
    as_before(server)
    goes_back(server)


@contextlib.contextmanager
def no_key():
    """nova's user of host 1 cannot go to host 2."""
    key, away = files.NOVA_HOME / '.ssh/id', files.SSH / 'id.away'
    shutil.move(key, away)
    try:
        yield
    finally:
        shutil.move(away, key)


def test_what_comes_to_nothing_changes_nothing(two_hosts, server):
    with no_key():
        assert server.live(second.NAME) == HOST
    as_before(server)
    assert not (second.INSTANCES / server.uuid).exists()
    # The destination loses its power in the middle, once all but the active layer is there.
    assert server.admin.action(server.uuid, {'os-migrateLive': {'host': second.NAME, 'block_migration': 'auto'}}).status == 202
    assert shell.poll(lambda: (second.INSTANCES / server.uuid / 'light-snapshot.json').exists(), 60, 0.01)
    command('kill')
    server.admin.wait_server(server.uuid, ('ACTIVE', 'ERROR'), timeout=180)
    if server.host == HOST:
        server.look()
        as_before(server)
    command('up')
    server.look()
    as_before(server)
    goes_back(server)


def reasons(server):
    """What nova says of the newest action, as an administrator is told."""
    newest = server.admin.must('compute', 'GET', '/servers/%s/os-instance-actions' % server.uuid)['instanceActions'][0]['request_id']
    action = server.admin.must('compute', 'GET', '/servers/%s/os-instance-actions/%s' % (server.uuid, newest))['instanceAction']
    return ' '.join(str(event.get('details')) for event in action['events'])


def refused(server, body, words):
    answer = server.admin.action(server.uuid, body)
    assert answer.status == 409 and words in str(answer), answer


def test_no_server_goes_to_a_host_without_light_snapshot(bare_host, server):
    """nova alone would start it from an old state of its disk, and write below all restore points."""
    live, missing = server.record()['live'], 'light-snapshot does not run on the compute host %s' % second.NAME
    named, chosen = {'host': second.NAME}, {'host': None, 'block_migration': 'auto'}
    refused(server, {'migrate': named}, missing)
    refused(server, {'os-migrateLive': dict(chosen, **named)}, missing)
    # Where nova chooses, and there is only that one: the source is asked last, and nova-conductor first.
    for body, words in (({'migrate': None}, missing), ({'os-migrateLive': chosen}, 'No valid host was found')):
        assert server.admin.action(server.uuid, body).status == 202
        server.admin.wait_server(server.uuid, 'ACTIVE', timeout=180)
        assert shell.poll(lambda: words in reasons(server), 30), reasons(server)
        assert server.host == HOST and server.record()['live'] == live
    server.admin.force_down(HOST, True)
    try:
        refused(server, {'evacuate': named}, missing)
        refused(server, {'evacuate': {}}, missing)
    finally:
        server.admin.force_down(HOST, False)
    as_before(server)
    assert not (second.INSTANCES / server.uuid).exists()
    goes_back(server)


def evacuate(server):
    command('kill')
    server.admin.force_down(second.NAME, True)
    assert server.admin.action(server.uuid, {'evacuate': {'host': HOST}}).status == 200
    server.admin.wait_server(server.uuid, ('ACTIVE', 'SHUTOFF'), timeout=180)
    if server.body()['status'] == 'SHUTOFF':
        server.start()
    # nova gives its task state back before it says where the server is now.
    assert shell.poll(lambda: server.host == HOST, 30), server.host
    server.look()


def test_evacuation_from_shared_storage(shared_hosts, server):
    server.migrate(second.NAME)
    assert server.admin.action(server.uuid, {'confirmResize': None}).status == 204
    server.admin.wait_server(server.uuid, 'ACTIVE')
    evacuate(server)
    as_before(server)
    goes_back(server)


def test_evacuation_without_shared_storage(two_hosts, server):
    assert server.live(second.NAME) == second.NAME
    index = server.record()['index']
    evacuate(server)
    # nova makes the disk anew, and the server goes on with light snapshots; no index comes twice.
    assert server.body()['light_snapshot_enabled'] is True
    server.known = {'new': server.write('new', 'new')}
    server.guest.sync()
    assert server.snapshot() > index
    server.listed = set(server.points())
    as_before(server)
    command('up')
    assert shell.poll(lambda: not (second.INSTANCES / server.uuid).exists(), 60), 'the host that came back has it still'
    as_before(server)
