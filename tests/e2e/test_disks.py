"""A server with several disks: one restore point is one instant of all of them, and they come back together."""

import subprocess
import uuid

import pytest

import story

MIB = 2 ** 20
DEVICES = ('vda', 'vdb', 'vdc')     # root, ephemeral, swap
PLACE = 64                          # MiB from the start of the ephemeral and the swap disk: no file system's own


@pytest.fixture(scope='module')
def flavor(admin):
    # An earlier run that was cut off may have left one of the same name in the database.
    name = 'm1.disks-' + uuid.uuid4().hex[:8]
    body = {'name': name, 'ram': 256, 'disk': 1, 'OS-FLV-EXT-DATA:ephemeral': 1, 'swap': 128, 'vcpus': 1}
    made = admin.must('compute', 'POST', '/flavors', {'flavor': body})['flavor']
    yield made['name']
    admin.must('compute', 'DELETE', '/flavors/' + made['id'])


@pytest.fixture(scope='module')
def server(demo, package, flavor):
    one = story.Server.create(demo, 'several disks', flavor=flavor)
    yield one
    directory = one.directory
    one.delete()
    assert not directory.exists()


def write(server, seed):
    """Something new on each disk, brought to the disk; {where: checksum as the guest reads it}."""
    server.write('disks', seed)
    for device in DEVICES[1:]:
        server.guest.run('yes %s-%s | head -c %d | dd of=/dev/%s bs=1M seek=%d conv=notrunc,fsync 2>/dev/null'
                         % (seed, device, MIB, device, PLACE), check=True)
    server.guest.sync()
    return sums(server)


def sums(server):
    server.guest.drop_caches()
    found = {'root': server.guest.sha256('/var/disks')}
    for device in DEVICES[1:]:
        out = server.guest.run('dd if=/dev/%s bs=1M skip=%d count=1 2>/dev/null | sha256sum' % (device, PLACE), check=True)[1]
        found[device] = out.split()[0]
    assert len(set(found.values())) == 3
    return found


def actives(server):
    """The layers that the guest writes to, as libvirt tells them."""
    out = server.guest.virsh('domblklist', server.uuid)
    return [line.split()[1].rpartition('/')[2] for line in out.splitlines() if line.strip().startswith('vd')]


def ephemeral(server):
    """nova has two names for it."""
    return [name for name in ('disk.eph0', 'disk.local') if (server.directory / name).exists()][0]


SUMS = {}


def test_all_disks_are_in(server):
    SUMS[0] = write(server, 'zero')
    server.act('enableSnapshot', {'store': True})
    listing = server.listing()
    assert listing['disks'] == list(DEVICES) and listing['disks_left_out'] == []
    assert actives(server) == ['disk.light-1', ephemeral(server) + '.light-1', 'disk.swap.light-1']


def test_they_are_recovered_together(server):
    for number in (1, 2, 3):
        SUMS[number] = write(server, 'seed%d' % number)
        assert server.snapshot() == number
    write(server, 'later')
    for options, index in (({}, 3), ({'snap_index': 1}, 1), ({'snap_index': 3}, 3), ({'use_root': True}, 3)):
        server.recover(**options)
        server.guest.wait_up()
        assert sums(server) == SUMS[index], options
    assert len(set(map(str, SUMS.values()))) == 4


def test_every_start_boots_all_active_layers(server):
    before = write(server, 'started')
    layers = actives(server)
    for kind in ('HARD', 'SOFT'):
        server.reboot(kind)
        assert actives(server) == layers and sums(server) == before


def test_commit_and_disable(server):
    before = write(server, 'committed')
    server.act('commitSnapshot')
    server.reboot('HARD')
    assert sums(server) == before and 'disk.swap.light-' in actives(server)[2]
    server.recover(snap_index=2)
    server.guest.wait_up()
    assert sums(server) == SUMS[2]
    before = write(server, 'at the end')
    server.act('disableSnapshot')
    assert actives(server) == ['disk', ephemeral(server), 'disk.swap'] and sums(server) == before
    left = subprocess.run(['find', str(server.directory), '-name', '*light*'], stdout=subprocess.PIPE, check=True).stdout
    assert left == b''
    server.reboot('HARD')
    assert sums(server) == before
