"""What nova can do to one server: a row of the matrix each."""

import concurrent.futures
import contextlib

from testbed import settings
from testbed.guestctl import GuestError
from tests.operations import chains, judge
from tests.operations.world import HOST, OTHER, PATIENCE, poll


class Operation:
    """
    :param run: callable(server): all of it, until nova is done
    :param judge: callable(server, before): (verdict, what is wrong)
    :param around: callable(world, servers): a context in which all servers run it: what is done to the host, once
    :param on: the host that the server has to be on before; None: the one it is on
    :param among: the hosts that the scheduler chooses from
    :param second: how the second host has to be up: 'own' or 'shared'; None: as it is
    :param listed: only of servers that have a restore point whose bytes are known
    :param starts: whether a server that is off runs in between, so that its guest can write, or because it is to run then
    :param devices: whether cinder and neutron's agent have to be up
    :param states: titles of the states that it is run in; None: all
    """

    def __init__(self, title, run, judge=judge.same, around=None, on=HOST, among=(HOST,), second=None, listed=False, starts=False, devices=False,
                 states=None):
        self.title, self.run, self.judge, self.on, self.among, self.second, self.listed = title, run, judge, on, among, second, listed
        self.starts, self.devices, self.states = starts, devices, states
        self._alone = around is None and second is None and on == HOST and among == (HOST,)
        self.around = around or (lambda _world, _servers: contextlib.nullcontext())

    def alone(self):
        """Whether it concerns its server only: nothing is done to a host, and no server has to wait for another one."""
        return self._alone


# ---- power

def soft_reboot(server):
    server.nova({'reboot': {'type': 'SOFT'}})


def soft_reboot_of_another_chain(server):
    """libvirt starts what it has saved, and by snapshots the chain has become another one since."""
    if server.details()['status'] == 'ACTIVE' and server.loaded() is not None and server.loaded().live:
        for _twice in range(2):
            server.snapshot()
    soft_reboot(server)


def hard_reboot(server):
    server.nova({'reboot': {'type': 'HARD'}})


def stop_and_start(server):
    for body, status in (({'os-stop': None}, 'SHUTOFF'), ({'os-start': None}, 'ACTIVE')):
        if server.details()['status'] != status:
            server.nova(body, status)


def pause(server):
    server.nova({'pause': None}, 'PAUSED')
    assert server.check() == []
    server.nova({'unpause': None})


def suspend(server):
    server.nova({'suspend': None}, 'SUSPENDED')
    assert server.check() == []
    server.nova({'resume': None})


def rescue(server):
    server.nova({'rescue': {'rescue_image_ref': server.world.demo.image_id(server.world.image)}}, 'RESCUE')
    server.guest.wait_up(PATIENCE)
    assert server.sums('one', 'zero') == {'one': None, 'zero': None}, 'the rescue system is the server\'s own'
    assert server.check() == []
    server.nova({'unrescue': None})


# ---- what others may do meanwhile

def lock(server):
    """A member's request is refused, nova's own and ours."""
    server.ask({'lock': None}, server.world.admin)
    try:
        for body in ({'reboot': {'type': 'HARD'}}, {'os-stop': None}, {'createSnapshot': None}, {'recoverInstance': None}, {'disableSnapshot': None}):
            answer = server.cloud.action(server.uuid, body)
            assert answer.status == 409, '%s of a locked server: %s' % (body, answer)
        for method, path, body in (('DELETE', '', None), ('DELETE', '/light-snapshots/0', None),
                                   ('PUT', '/light-snapshots/0', {'light_snapshot': {'name': 'of a locked server'}})):
            answer = server.cloud.call('compute', method, '/servers/%s%s' % (server.uuid, path), body)
            assert answer.status == 409, '%s %s of a locked server: %s' % (method, path, answer)
    finally:
        server.ask({'unlock': None}, server.world.admin)


def _slipped(answer):
    """nova's own answer to a request of its own that found the server free, and another's task state when it came to write its own: its
    API does not catch that (`_action_reboot`, `createBackup`), whoever the other one is of. Nothing was changed."""
    return answer.status == 500 and 'UnexpectedTaskStateError' in str(answer)


def two_at_once(server):
    """Of several requests at the same moment one wins, and the others are told so."""
    body = server.body()
    ours = {'createSnapshot': None} if body['snapshot_store'] else {'storeSnapshot': {'enable': False}}
    bodies = [ours, {'reboot': {'type': 'HARD'}}] * 2 + [{'createBackup': {'name': 'x', 'backup_type': 'daily', 'rotation': 0}}]
    with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(lambda one: server.cloud.action(server.uuid, one), bodies))
    assert all(answer.status in (202, 409) or one is not ours and _slipped(answer) for one, answer in zip(bodies, answers)), answers
    assert any(answer.status == 202 for answer in answers), answers
    server.wait('ACTIVE', 'SHUTOFF')


# ---- images

def _image(server, body):
    answer = server.nova(body, ('ACTIVE', 'SHUTOFF'))
    image, cloud = answer.body['image_id'], server.world.demo
    try:
        made = poll(lambda: _active(cloud, image), 'the image %s' % image)
        names = [name for name in server.known if name not in server.devices]
        found = chains.files_in(settings.GLANCE_IMAGES / image, made['disk_format'], names)
        assert found == {name: server.known[name] for name in names}, 'the image holds %s' % found
    finally:
        cloud.call('image', 'DELETE', '/v2/images/' + image)


def _active(cloud, image):
    found = cloud.must('image', 'GET', '/v2/images/' + image)
    return found if found['status'] == 'active' else None


def create_image(server):
    _image(server, {'createImage': {'name': 'operations-image'}})


def backup(server):
    _image(server, {'createBackup': {'name': 'operations-backup', 'backup_type': 'daily', 'rotation': 1}})


def shelve(server):
    server.nova({'shelve': None}, 'SHELVED_OFFLOADED')
    assert not (server.world.instances(HOST) / server.uuid).exists()
    server.nova({'unshelve': None})


# ---- resize and moves

def _resize(server):
    body = {'resize': {'flavorRef': server.cloud.flavor_id(server.world.flavor(server.level + 1, len(server.devices)))}}
    server.nova(body, 'VERIFY_RESIZE')
    if server.guest.state() == 'running':
        server.guest.wait_up(PATIENCE)
        assert server.sums(*server.known) == server.known, 'before it is confirmed or reverted the guest reads %s' % server.sums(*server.known)


def resize(server):
    _resize(server)
    server.confirm()
    server.level += 1
    assert server.where == HOST


def resize_down(server):
    """nova's driver makes no root disk smaller, and says so once the server's layers are committed."""
    if server.level == 1:
        resize(server)
    before = server.details()['flavor']
    server.nova({'resize': {'flavorRef': server.cloud.flavor_id(server.world.flavor(1, len(server.devices)))}}, ('ACTIVE', 'SHUTOFF'))
    assert server.details()['flavor'] == before
    assert server.where == HOST


def resize_and_revert(server):
    _resize(server)
    server.nova({'revertResize': None}, ('ACTIVE', 'SHUTOFF'))


def resize_elsewhere(server):
    _resize(server)
    assert server.where == OTHER
    server.confirm()
    server.level += 1


def _elsewhere(server):
    return HOST if server.where == OTHER else OTHER


def cold_migration(server):
    server.migrate(_elsewhere(server))


def cold_migration_and_revert(server):
    where = _elsewhere(server)
    server.nova({'migrate': {'host': where}}, 'VERIFY_RESIZE', server.world.admin)
    assert server.where == where, 'it is on %s still' % server.where
    server.nova({'revertResize': None}, ('ACTIVE', 'SHUTOFF'))


def _live(server, where):
    server.nova({'os-migrateLive': {'host': where, 'block_migration': 'auto'}}, cloud=server.world.admin)


def live_migration(server):
    where = _elsewhere(server)
    _live(server, where)
    assert server.where == where, 'it is on %s still' % server.where


def live_migration_dies(server):
    """The guest that comes in dies half way: all that its layers stand on is there, and libvirt begins to copy."""
    where, start = _elsewhere(server), server.where
    if server.details()['status'] != 'ACTIVE':
        _live(server, where)
    twin = type(server.guest)(server.uuid, server.world.uri(where), server.world.instances(where))
    server.guest.run(['sh', '-c', '(while :; do dd if=/dev/urandom of=/var/load bs=65536 count=400; done) >/dev/null 2>&1 & echo $! >/run/load'])
    try:
        server.ask({'os-migrateLive': {'host': where, 'block_migration': 'auto'}}, server.world.admin)
        found = poll(lambda: [state for state in [twin.state()] if state in ('paused', 'running')], 'the guest on %s' % where)
        assert found == ['paused'], 'it runs there already'
        try:
            twin.virsh('destroy', server.uuid)
        except GuestError:
            pass        # libvirt forgets it while it is destroyed; whether it died is seen below
        server.killed = True
        server.wait('ACTIVE')
    finally:
        server.look()
        server.guest.run('kill $(cat /run/load); rm -f /var/load')
    assert server.where == start, 'it got through all the same'
    if server.world.second == 'own':
        poll(lambda: not (server.world.instances(where) / server.uuid).exists(), 'the other host\'s directory gone', 60)


# ---- ends

def rebuild(server):
    server.nova({'rebuild': {'imageRef': server.cloud.image_id(server.world.image)}}, ('ACTIVE', 'SHUTOFF'))


def delete(server):
    server.cloud.delete_server(server.uuid, PATIENCE)


def force_delete(server):
    """While a snapshot, ours or nova's, is under way. One whose layers are all committed gets its layers first."""
    enabled = server.body()['light_snapshot_enabled']
    if enabled and not server.loaded().live:
        hard_reboot(server)
        server.guest.wait_up(PATIENCE)
    if server.details()['status'] == 'ACTIVE':
        server.guest.write('/var/more', 40, 'more', PATIENCE)
    answer = server.ask({'createSnapshot': None} if enabled else {'createImage': {'name': 'operations-lost'}})
    server.ask({'forceDelete': None})
    poll(lambda: server.cloud.call('compute', 'GET', '/servers/' + server.uuid).status == 404, 'the end of %s' % server.uuid)
    if not enabled:
        server.cloud.call('image', 'DELETE', '/v2/images/' + answer.body['image_id'])


def evacuate(server):
    server.nova({'evacuate': {'host': HOST}}, ('ACTIVE', 'SHUTOFF'), server.world.admin)
    # nova gives its task state back before it says where the server is now (ResourceTracker.finish_evacuation).
    poll(lambda: server.details()['OS-EXT-SRV-ATTR:host'] == HOST, 'the server on %s' % HOST, 30)
    server.look()


def soft_delete_and_restore(server):
    answer = server.cloud.call('compute', 'DELETE', '/servers/' + server.uuid)
    assert answer.status == 204, answer
    server.wait('SOFT_DELETED')
    server.nova({'restore': None})


# ---- afterwards

def recover(server):
    """A restore point of before gives its bytes, after all that was done to the server."""
    server.recover_to(min(set(server.at) & set(server.points())))

