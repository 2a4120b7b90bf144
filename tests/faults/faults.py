"""The faults: what each does at a boundary, and what an operator does about it before nova-compute starts again."""

import libvirt

from tests.faults.commands import HarnessError, wait
from tests.faults.volume import FailingVolume, Volume


class Fault:
    """
    :param name: shown in the matrix
    :param strike: callable(server, child), while the engine stands at its boundary
    :param repair: callable(server), once the engine has come to its end
    :param engine_dies: the engine does not go on from its boundary
    :param guest_dies: its QEMU is killed
    :param running_only: makes sense only while the guest runs
    :param volume: what the server's directory lies on

    `sudden`: worth a cell in the middle of a call as well; QEMU has no reason of its own to end then.
    """

    def __init__(self, name, strike, repair=None, engine_dies=False, guest_dies=False, running_only=False, volume=Volume, sudden=True):
        self.name, self.strike, self.repair, self.volume = name, strike, repair or (lambda server: None), volume
        self.engine_dies, self.guest_dies, self.running_only, self.sudden = engine_dies, guest_dies, running_only, sudden


def _wait_gone(server):
    # libvirt may wait for its own call to a QEMU that is gone already: half a minute, more than once.
    if not wait(lambda: not server.guest.running(), 150):
        raise HarnessError('libvirt does not notice that QEMU is dead')


def _make_room(server):
    server.volume.empty()
    before = server.guest.acknowledged()
    # What stays as it is then is for the checks to find.
    wait(lambda: _goes_on(server.guest, before), 15)


def _goes_on(guest, before):
    """Whether the guest writes again, or has a reason of its own not to. QEMU stops one whose disk is full, and libvirt may learn of it
    only after there is room again; the operator lets it go on."""
    try:
        dom = guest.dom()
        if dom is None or not dom.isActive():
            return True
        state = dom.state(0)
        if state == [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR]:
            dom.resume()
            return False
    except libvirt.libvirtError:
        return False        # its QEMU has ended: the next look says so
    # One that we paused is none of the operator's.
    return state[0] == libvirt.VIR_DOMAIN_PAUSED or guest.acknowledged() > before + 1


def _lose_power(server, child):
    # First the disk: what the others do until they are dead reaches nothing any more.
    server.volume.tell('power')
    server.guest.kill()
    child.kill()


def _power_again(server):
    _wait_gone(server)
    server.volume.reboot()


def _reboot(server):
    server.guest.kill()
    _wait_gone(server)
    server.volume.tell('heal')
    server.volume.reboot()


def _heal(server):
    server.volume.tell('heal')
    if server.volume.broken():
        # The journal was hit all the same.
        _reboot(server)


FAULTS = [
    Fault('engine killed', lambda server, child: child.kill(), engine_dies=True),
    Fault('QEMU killed', lambda server, child: server.guest.kill(), _wait_gone, guest_dies=True, running_only=True),
    Fault('libvirtd killed', lambda server, child: server.world.kill_libvirtd()),
    Fault('disk full', lambda server, child: server.volume.fill(), _make_room, sudden=False),
    # A bad patch: the journal is well, so the file system and the guest live on.
    Fault('write errors', lambda server, child: server.volume.tell('data'), _heal, volume=FailingVolume, sudden=False),
    # The kernel gives the file system up; only a reboot of the host helps.
    Fault('disk gone', lambda server, child: server.volume.tell('all'), _reboot, guest_dies=True, volume=FailingVolume, sudden=False),
    Fault('power lost', _lose_power, _power_again, engine_dies=True, guest_dies=True, volume=FailingVolume),
]

BY_NAME = dict((fault.name, fault) for fault in FAULTS)
