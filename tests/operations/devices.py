"""What is attached to a server and is not ours: a volume of cinder's, an interface of neutron's."""

import contextlib
import hashlib
import tempfile

from testbed.devices.updown import VOLUMES
from tests.operations import chains
from tests.operations.chains import MIB, PLACE
from tests.operations.operations import hard_reboot
from tests.operations.server import Refused
from tests.operations.world import PATIENCE, PREFIX, poll

GIB = 2 ** 30
#: What a guest sees of an interface: PCI's number of a virtio network card.
NETWORK_CARD = '0x1000'


def _between_snapshots(server, look, meanwhile=lambda: None):
    """A snapshot, newer bytes, a recover to it, a hard reboot: what is attached stays, and `look()` sees that. A server that is off runs
    only where something has to be written; one whose layers are all committed gets its layers first."""
    if server.body()['light_snapshot_enabled']:
        if not server.loaded().live:
            _rebooted(server)
            look()
        powered = server.details()['status'] == 'ACTIVE'
        point = server.snapshot(name='something is attached')
        look()
        server.power(True)
        server.fill('meanwhile')
        meanwhile()
        server.power(powered)
        server.recover_to(point)
        assert server.sums(*server.known) == server.known, 'after the recover the guest reads %s' % server.sums(*server.known)
        look()
    _rebooted(server)
    look()


def _rebooted(server):
    hard_reboot(server)
    server.guest.wait_up(PATIENCE)


# ---- a volume

def _blocks(server, inactive):
    """{guest device: source} of the disks that are block devices, as libvirt tells them."""
    lines = server.guest.virsh('domblklist', server.uuid, '--details', *(['--inactive'] if inactive else []))
    return {line.split()[2]: line.split()[3] for line in lines.splitlines() if line.split()[:1] == ['block']}


def _left_out(server):
    """What the list says is in no restore point."""
    listing = server.listing()
    return listing['disks_left_out'] if listing['enabled'] else None


class Volume:
    """A new volume of 1 GiB, which belongs to the servers' project. `holds`: the bytes at PLACE MiB of it; the rest is zeros."""

    def __init__(self, cloud, **more):
        body = dict({'name': PREFIX + 'volume', 'size': 1}, **more)
        self.cloud, self.holds = cloud, b''
        self.id = cloud.must('volumev3', 'POST', '/volumes', {'volume': body})['volume']['id']
        self.wait('available')

    def wait(self, status):
        """Until cinder says so of it."""
        poll(lambda: self.details()['status'] == status, 'the volume %s %s' % (self.id, status))

    def details(self):
        found = self.cloud.must('volumev3', 'GET', '/volumes/' + self.id)['volume']
        assert not found['status'].startswith('error'), found
        return found

    def attach(self, server):
        """Have it attached; the guest's name of it."""
        body = {'volumeAttachment': {'volumeId': self.id}}
        answer = self.cloud.must('compute', 'POST', '/servers/%s/os-volume_attachments' % server.uuid, body)

        def attached():
            status = self.details()['status']
            assert status != 'available', 'nova has given up to attach the volume %s' % self.id
            return status == 'in-use'
        poll(attached, 'the volume %s in-use' % self.id)
        return answer['volumeAttachment']['device'].rpartition('/')[2]

    def detach(self, server):
        self.cloud.must('compute', 'DELETE', '/servers/%s/os-volume_attachments/%s' % (server.uuid, self.id))
        self.wait('available')

    def write(self, server, device, line):
        """Have the guest, which runs, write to it."""
        poll(lambda: server.guest.run('test -b /dev/' + device)[0] == 0, 'the volume in the guest')
        self.holds = server.write_device(device, line)

    def must_be_read(self, server, device):
        """The guest, which runs, reads what was written last."""
        assert server.device_sum(device) == hashlib.sha256(self.holds).hexdigest(), 'the guest does not read the volume\'s newest bytes'

    def must_hold(self):
        """So does the host, of all of it."""
        with tempfile.NamedTemporaryFile(dir='/var/tmp') as file:
            file.truncate(GIB)
            file.seek(PLACE * MIB)
            file.write(self.holds)
            file.flush()
            assert chains.of_raw(VOLUMES / ('volume-' + self.id)) == chains.of_raw(file.name), 'the volume has other bytes than the guest wrote'

    def delete(self):
        """Have it gone, whoever has it attached still."""
        if self.cloud.call('volumev3', 'DELETE', '/volumes/' + self.id).status != 404:
            poll(lambda: self.cloud.call('volumev3', 'GET', '/volumes/' + self.id).status == 404, 'the end of the volume %s' % self.id)


@contextlib.contextmanager
def _new_volume(cloud, **more):
    volume = Volume(cloud, **more)
    yield volume
    # After an error the server may have it still; the end of the suite clears up.
    volume.delete()


def volume(server):
    """The volume is in no restore point: it has its newest bytes when the root disk goes back, and the list says that it is left out."""
    with _new_volume(server.cloud) as one:
        enabled = server.body()['light_snapshot_enabled']
        device = one.attach(server)

        def look():
            running = server.details()['status'] == 'ACTIVE'
            for inactive in (True, False) if running else (True,):
                blocks = _blocks(server, inactive)
                assert set(blocks) == {device}, 'with the volume libvirt%s has %s' % (' saved' if inactive else '', blocks)
            assert not enabled or _left_out(server) == [device], 'the list leaves out %s' % _left_out(server)
            if running:
                one.must_be_read(server, device)

        powered = server.details()['status'] == 'ACTIVE'
        server.power(True)
        one.write(server, device, 'first')
        server.power(powered)
        _between_snapshots(server, look, lambda: one.write(server, device, 'second'))
        server.power(powered)
        one.detach(server)
        assert not _blocks(server, True) and not _blocks(server, False), 'libvirt has the volume still'
        assert not enabled or _left_out(server) == [], 'the list leaves out %s' % _left_out(server)
        one.must_hold()


def with_volume(operation):
    """The same operation on a server that has a volume, which stays with it."""
    def run(server):
        with _new_volume(server.cloud) as one:
            device = one.attach(server)
            powered = server.details()['status'] == 'ACTIVE'
            server.power(True)
            one.write(server, device, 'before')
            server.power(powered)
            try:
                operation(server)
            except Refused:
                one.detach(server)
                raise
            server.power(True)
            one.must_be_read(server, device)
            one.write(server, device, 'after')
            server.power(powered)
            one.detach(server)
            one.must_hold()
    return run


def booted_from_a_volume(server):
    """Another one, in the state's stead: our API refuses it, and it stays what it is.

    :raises Refused: as it has to
    """
    cloud = server.cloud
    with _new_volume(cloud) as one:
        cloud.must('volumev3', 'POST', '/volumes/%s/action' % one.id, {'os-set_bootable': {'bootable': True}})
        mapping = {'boot_index': 0, 'uuid': one.id, 'source_type': 'volume', 'destination_type': 'volume', 'delete_on_termination': False}
        other = type(server)(server.world, cloud.create_server(
            PREFIX + 'volume', server.world.flavor(1), server.world.image, timeout=PATIENCE, block_device_mapping_v2=[mapping], imageRef=''))
        try:
            blocks, refused = _blocks(other, True), []
            for body in ({'enableSnapshot': None}, {'enableSnapshot': {'store': True}}, {'createSnapshot': None}, {'recoverInstance': None}):
                try:
                    other.ask(body)
                except Refused as exc:
                    refused.append(exc)
                    assert exc.status == 409, exc
            assert len(refused) == 4, 'only these were refused: %s' % refused
            assert _blocks(other, True) == blocks and other.loaded() is None and not any(other.columns().values()), 'it has changed'
        finally:
            cloud.delete_server(other.uuid, PATIENCE)
        one.wait('available')
    raise refused[0]


# ---- an interface

@contextlib.contextmanager
def network(world, _servers):
    """A network of the servers' project, `world.network`. There is one as long as it is needed only: where a project has networks,
    nova and Horizon put new servers on them."""
    cloud = world.demo
    made = cloud.must('network', 'POST', '/v2.0/networks', {'network': {'name': PREFIX + 'network', 'port_security_enabled': False}})['network']
    subnet = {'network_id': made['id'], 'ip_version': 4, 'cidr': '10.78.0.0/24', 'gateway_ip': None, 'enable_dhcp': False}
    cloud.must('network', 'POST', '/v2.0/subnets', {'subnet': subnet})
    world.network = made['id']
    yield
    cloud.must('network', 'DELETE', '/v2.0/networks/' + made['id'])


def _cards(server, inactive):
    """MAC addresses of the interfaces, as libvirt tells them."""
    lines = server.guest.virsh('domiflist', server.uuid, *(['--inactive'] if inactive else []))
    return [line.split()[4] for line in lines.splitlines() if line.strip()]


def _cards_in_guest(server):
    said = server.guest.run('cat /sys/bus/pci/devices/*/device', check=True)[1]
    return said.split().count(NETWORK_CARD)


def interface(server):
    """The interface stays what it is when the disk goes back."""
    cloud, path = server.cloud, '/servers/%s/os-interface' % server.uuid
    port = cloud.must('compute', 'POST', path, {'interfaceAttachment': {'net_id': server.world.network}})['interfaceAttachment']

    def look():
        running = server.details()['status'] == 'ACTIVE'
        for inactive in (True, False) if running else (True,):
            cards = _cards(server, inactive)
            assert cards == [port['mac_addr']], 'with the interface libvirt%s has %s' % (' saved' if inactive else '', cards)
        if running:
            poll(lambda: _cards_in_guest(server) == 1, 'the interface in the guest')
            poll(lambda: cloud.must('network', 'GET', '/v2.0/ports/' + port['port_id'])['port']['status'] == 'ACTIVE', 'the port active')

    powered = server.details()['status'] == 'ACTIVE'
    look()
    _between_snapshots(server, look)
    server.power(powered)
    cloud.must('compute', 'DELETE', '%s/%s' % (path, port['port_id']))
    poll(lambda: not cloud.must('compute', 'GET', path)['interfaceAttachments'], 'the interface gone')
    poll(lambda: cloud.call('network', 'GET', '/v2.0/ports/' + port['port_id']).status == 404, 'the port gone')
    assert not _cards(server, True) and not _cards(server, False), 'libvirt has the interface still'
    assert not powered or _cards_in_guest(server) == 0, 'the guest has the interface still'
    if powered:
        # Where it was on the bus is free now, below the root disk: a volume would come to be there, the first disk of a guest that starts from
        # that definition again (an unrescue), whose root is /dev/vda. A hard reboot makes the definition anew.
        _rebooted(server)
