"""What happens to a host, and to every server on it at once."""

import contextlib
import json
import os
import signal
import time

import environment
from testbed import services, shell
from tests.operations import chains
from tests.operations.server import Server
from tests.operations.world import OTHER, PREFIX, pids, poll, restart, rows, start

#: A name as the image cache has them, of a file that nothing uses: once it is gone a pass was made.
UNUSED = 'f' * 40


@contextlib.contextmanager
def compute_restarted(_world, _servers):
    restart('nova-compute')
    yield


@contextlib.contextmanager
def libvirtd_restarted(_world, servers):
    before = pids([server.uuid for server in servers])
    restart('libvirtd')
    assert pids([server.uuid for server in servers]) == before, 'a guest has ended with libvirtd'
    yield


@contextlib.contextmanager
def rebooted(world, servers):
    """All guests lose their power with libvirtd and nova-compute, and nova starts them again (resume_guests_state_on_host_boot)."""
    compute, libvirtd, virtlogd = (services.BY_NAME[name] for name in ('nova-compute', 'libvirtd', 'virtlogd'))
    compute.stop()
    libvirtd.stop()
    killed = pids([server.uuid for server in servers])
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    for server in servers:
        server.killed = True
    poll(lambda: not pids(killed), 'the end of the guests')
    virtlogd.stop()
    start(virtlogd, libvirtd)
    with world.configured('nova-compute', default='resume_guests_state_on_host_boot = true\n'):
        poll(lambda: set(pids(killed)) == set(killed), 'the start of all guests that ran')
        yield


def is_up(server):
    """The guest of a server that is to run has started by itself."""
    if server.details()['status'] == 'ACTIVE':
        server.guest.wait_up(600)


@contextlib.contextmanager
def image_gone(world, servers):
    """The image of all servers is deleted from Glance, and nova-compute looks through its image cache."""
    world.delete_image()
    unused, before = environment.INSTANCES / '_base' / UNUSED, _bases()
    unused.write_bytes(b'x')
    os.utime(unused, (time.time() - 10 ** 6,) * 2)
    options = '\n[image_cache]\nmanager_interval = 10\nremove_unused_original_minimum_age_seconds = 60\n'
    try:
        with world.configured('nova-compute', sections=options):
            poll(lambda: not unused.exists(), 'a pass of the image cache')
            yield
    finally:
        unused.unlink(missing_ok=True)
    used = {name for server in servers for name in _names_below(server)}
    assert used <= set(before) and used <= set(_bases()), 'image-cache files in use are gone: %s' % (used - set(_bases()))


def _bases():
    return [path.name for path in (environment.INSTANCES / '_base').iterdir()]


def _names_below(server):
    """The image-cache files that a server's own disks stand on."""
    for name in ('disk', 'disk.eph0'):
        if (server.directory / name).exists():
            info = json.loads(chains.run('qemu-img', 'info', '-U', '-f', 'qcow2', '--output=json', server.directory / name))
            yield os.path.basename(info['backing-filename'])


@contextlib.contextmanager
def archived(world, _servers):
    """A deleted server's rows go to the shadow tables, and then for good; our columns are in the way of neither. nova moves the columns
    that its own models know, so that ours are empty there."""
    witness = Server(world, world.demo.create_server(PREFIX + 'archived', flavor=world.flavor(1), image=world.image, timeout=600))
    witness.look()
    witness.act('enableSnapshot', {'store': True})
    witness.snapshot()
    witness.settled()
    world.demo.delete_server(witness.uuid, 600)
    manage = ['nova-manage', '--config-file', '/etc/nova/nova.conf', 'db']
    # Its exit code is 1 when it has archived something.
    shell.run(manage + ['archive_deleted_rows', '--until-complete'], user='nova', check=False)
    assert not rows(witness.uuid), 'it was not archived'
    assert len(rows(witness.uuid, 'shadow_instances')) == 1, 'it is not in the shadow table'
    shell.run(manage + ['purge', '--all'], user='nova')
    assert not rows(witness.uuid, 'shadow_instances'), 'it was not purged'
    yield


@contextlib.contextmanager
def deletion_deferred(world, _servers):
    with world.configured('nova-api', default='reclaim_instance_interval = 36000\n'):
        yield


@contextlib.contextmanager
def second_dead(world, servers):
    """The second host loses its power; once its servers were evacuated it comes back, and clears up."""
    for server in servers:
        server.killed = True
    with world.second_dies():
        yield
    if world.second == 'own':
        poll(lambda: not [one for one in servers if (world.instances(OTHER) / one.uuid).exists()], 'the evacuated servers\' files on the second host gone')
