"""A guest that writes the header of an image into its own disk, naming a file of the host as what lies below it.

ext4 leaves the first 1024 bytes of a disk to others, so the server goes on while nova, libvirt and QEMU handle a disk
that looks like such an image to whoever probes. `tests/engine/test_hostile.py` has the disks without a file system.
"""

import hashlib
import subprocess
import xml.etree.ElementTree as ET

import pytest

import story

NAMED = '/etc/shadow'


@pytest.fixture
def hostile(demo, package):
    one = story.Server.create(demo, 'hostile', flavor='m1.small')
    yield one
    one.delete()


def header(tmp_path):
    """The first 1024 bytes of an image that names the file; all that names it is in them."""
    image = tmp_path / 'image'
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', NAMED, '-F', 'raw', image, '8G'], check=True)
    start = image.read_bytes()[:1024]
    assert NAMED.encode() in start
    return start


def plant(server, start):
    octal = ''.join('\\%03o' % byte for byte in start)
    server.guest.run("printf '%s' | dd of=/dev/vda bs=1024 count=1 conv=notrunc 2>/dev/null; sync" % octal, check=True)
    # ext4's journal may hold the block of its superblock, these bytes of before included, and would write them back after
    # a power cut. A freeze empties it.
    server.guest.agent('guest-fsfreeze-freeze')
    server.guest.agent('guest-fsfreeze-thaw')


def looked_at(server, start):
    """The guest has what it wrote, and nothing in its chain is a file of the host's."""
    out = server.guest.run('dd if=/dev/vda bs=1024 count=1 iflag=direct 2>/dev/null | sha256sum', check=True)[1]
    assert out.split()[0] == hashlib.sha256(start).hexdigest()
    text = server.guest.virsh('dumpxml', server.uuid)
    assert NAMED not in text
    files = [source.get('file') for source in ET.fromstring(text).iterfind('./devices/disk[@device="disk"]//source')]
    inside = str(server.directory.parent)
    assert files and all(path.startswith(inside + '/') for path in files), files


def test_a_header_in_the_guests_disk_is_data(hostile, tmp_path):
    start = header(tmp_path)
    sums = {'before': hostile.write('before', 'before')}
    plant(hostile, start)
    hostile.act('enableSnapshot', {'store': True})
    looked_at(hostile, start)
    for number in (1, 2, 3):
        plant(hostile, start)
        assert hostile.snapshot() == number
        looked_at(hostile, start)
    hostile.recover(snap_index=1)
    hostile.guest.wait_up()
    looked_at(hostile, start)
    hostile.reboot('HARD')
    looked_at(hostile, start)
    hostile.act('commitSnapshot')
    hostile.reboot('HARD')
    looked_at(hostile, start)
    hostile.act('disableSnapshot')
    hostile.reboot('HARD')
    looked_at(hostile, start)
    assert hostile.sums('before') == sums
