"""Guests of the bench's own, on libvirt directly: the testbed's guest image on a disk of any size, without nova.

Their disk is set up as nova sets one up: a qcow2 file `disk` above an image-cache file, cache='none'.
"""

import json
import os
import shutil
import subprocess
import tempfile

import libvirt

from light_snapshot.engine import domain as engine_domain
from light_snapshot.engine import engine as engines
from light_snapshot.engine import files as engine_files
from testbed import guestctl, guestimage, settings

MIB = 2 ** 20
GIB = 2 ** 30
TARGET = 'vda'
DISKS = [{'name': 'disk', 'target': TARGET, 'format': 'qcow2'}]

_XML = """<domain type='qemu'>
  <name>%(name)s</name>
  <memory unit='MiB'>%(memory)d</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>%(kernel)s</kernel>
    <initrd>%(ramdisk)s</initrd>
    <cmdline>%(command_line)s</cmdline>
  </os>
  <features><acpi/><apic/></features>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='%(disk)s'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <serial type='null'><target port='0'/></serial>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
</domain>"""


def command(*words):
    """Run a command and return its output; CalledProcessError with its words on the terminal when it fails."""
    return subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env=settings.ENVIRONMENT).stdout


def virsh(*words):
    return command('virsh', '-q', '-c', settings.LIBVIRT_URI, *words)


class Lab:
    """A directory, a connection, and the guests made here; all of them are gone at the end of the `with`."""

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix='light-snapshot-bench-', dir='/var/tmp')
        os.chmod(self.top, 0o755)
        self.connection = libvirt.open(settings.LIBVIRT_URI)
        libvirt.registerErrorHandler(lambda _context, _error: None, None)
        self.machines = []
        guestimage.build()
        self.base = os.path.join(self.top, 'base')
        command('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', str(guestimage.BUILD / 'root.qcow2'), self.base)
        self.kernel, self.ramdisk = os.path.join(self.top, 'kernel'), os.path.join(self.top, 'ramdisk')
        shutil.copy(str(guestimage.kernel()[0]), self.kernel)
        shutil.copy(str(guestimage.BUILD / 'ramdisk.gz'), self.ramdisk)
        for path in (self.base, self.kernel, self.ramdisk):
            os.chmod(path, 0o644)
        return self

    def __exit__(self, *_exc):
        for machine in self.machines:
            machine.off()
        self.connection.close()
        shutil.rmtree(self.top)

    def machine(self, name, gib=1, memory=128):
        """A guest with a disk of `gib` GiB, off."""
        machine = Machine(self, name, gib, memory)
        self.machines.append(machine)
        return machine


class Machine:
    """One guest, its directory, and the engine on it."""

    def __init__(self, lab, name, gib, memory, base=None, size=None):
        """:param base, size: of the disk, where it is not the testbed's guest on `gib` GiB: an image-cache file, and bytes"""
        self.lab = lab
        self.name = '%s-%s' % (os.path.basename(lab.top), name)
        self.directory = os.path.join(lab.top, name)
        self.memory = memory
        os.mkdir(self.directory, 0o755)
        self.disk = self.path('disk')
        command('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base or lab.base, '-F', 'raw', self.disk, str(size or gib * GIB))
        self.guest = guestctl.Guest(self.name, settings.LIBVIRT_URI)
        self.dom = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def on(self, disk=None):
        """Start it from a file of its directory; returns when it is up."""
        self.dom = self.lab.connection.createXML(_XML % {
            'name': self.name, 'memory': self.memory, 'kernel': self.lab.kernel, 'ramdisk': self.lab.ramdisk,
            'command_line': guestimage.COMMAND_LINE, 'disk': disk or self.disk})
        self.guest.wait_up(180)
        # The larger its disk, the more tables would ext4 write in the background from now on: guests of different
        # disks shall have the same to do.
        self.guest.run('mount -o remount,noinit_itable /dev/vda /', check=True)

    def off(self):
        """Take its power."""
        if self.dom is not None:
            try:
                self.dom.destroy()
            except libvirt.libvirtError:
                pass
        self.dom = None

    def engine(self):
        domain = engine_domain.Domain(self.dom, TARGET) if self.dom is not None else None
        return engines.Engine(self.directory, domain, engine_files.run_here)

    def allocated(self):
        """The images in its directory: {inode: (one of its names, bytes that it takes on the host's disk)}."""
        found = {}
        for directory, _names, files in os.walk(self.directory):
            for name in files:
                if name.startswith('disk'):
                    path = os.path.join(directory, name)
                    stat = os.lstat(path)
                    found[stat.st_ino] = os.path.relpath(path, self.directory), stat.st_blocks * 512
        return found

    def data(self, name):
        """Bytes of guest data that one qcow2 file holds itself, its backing files left out."""
        extents = json.loads(command('qemu-img', 'map', '-U', '--output=json', '-f', 'qcow2', self.path(name)))
        return sum(extent['length'] for extent in extents if extent['depth'] == 0 and extent['data'])
