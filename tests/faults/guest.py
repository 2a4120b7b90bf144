"""One guest: its domain in libvirt, its QEMU, and what it says."""

import glob
import os
import re
import signal
import uuid

import libvirt

from light_snapshot.engine import domain as engine_domain
from tests.faults.commands import HarnessError, wait

TARGETS = ('vda', 'vdb')

# A place in the boot order for each: the BIOS leaves a disk alone that has none.
_DISK = """<disk type='file' device='disk'><driver name='qemu' type='%s' cache='none'/><source file='%s'/>
<target dev='%s' bus='virtio'/><boot order='%d'/></disk>"""
_XML = """<domain type='qemu'>
  <name>%(name)s</name>
  <uuid>%(uuid)s</uuid>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/><apic/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    %(disks)s
    <controller type='usb' model='none'/>
    %(others)s
    <memballoon model='none'/>
  </devices>
</domain>"""
_SERIAL = """<serial type='file'><source path='%s' append='on'/><target port='0'/></serial>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"""
_SAID = re.compile(rb'^([UWF])([0-9A-F]{8})\n', re.MULTILINE)


def described(name, identity, sources, others):
    """The XML of the domain.

    :param sources: [(path, format)], a pair a disk
    :param others: the XML of its serial port, and of what else it has
    """
    disks = ''.join(_DISK % (fmt, path, target, number) for number, ((path, fmt), target) in enumerate(zip(sources, TARGETS), 1))
    return _XML % {'name': name, 'uuid': identity, 'disks': disks, 'others': others}


class Guest:
    """
    :param world: `World`
    :param name: of its domain
    :param serial: how the names of the files begin that its serial port writes to, a new one at each start (libvirt does not
        always give such a file up after a QEMU that was killed); outside of the server's directory
    """

    def __init__(self, world, name, serial):
        self.world, self.name, self._serial = world, name, serial
        self._starts = 0

    def on(self, sources):
        """Start it, as nova does: defined anew, then created. Returns once it is up.

        :param sources: [(path, format)], a pair a disk
        :returns: the number of the newest record that it found on its disk
        :raises HarnessError: when it does not come up (`Dark`) or libvirt does not start it
        """
        self._starts += 1
        try:
            self.define(sources).create()
        except libvirt.libvirtError as exc:
            raise Dark('libvirt does not start the guest: %s' % exc)
        up = wait(lambda: [number for letter, number in self.said() if letter == 'U'], 20)
        if not up:
            raise Dark('the guest does not come up from %s within 20 s' % ', '.join(path for path, _fmt in sources))
        return up[-1]

    def define(self, sources):
        """Have libvirt know it, off."""
        return self.world.connection.defineXML(described(
            self.name, uuid.uuid5(uuid.NAMESPACE_DNS, self.name), sources, _SERIAL % self.serial()))

    def serial(self):
        """The file that its serial port writes to since its last start."""
        return '%s.%d' % (self._serial, self._starts)

    def said(self):
        """[(letter, number)] since its last start."""
        if not os.path.exists(self.serial()):
            return []
        with open(self.serial(), 'rb') as handle:
            return [(letter.decode(), int(number, 16)) for letter, number in _SAID.findall(handle.read())]

    def acknowledged(self):
        """The newest record that it has said to be on the disk since its last start; 0 if none."""
        return max([number for letter, number in self.said() if letter in 'UW'] or [0])

    def wait_writing(self, more=6, seconds=10):
        """Wait until it has written some records more; whether it has."""
        wanted = self.acknowledged() + more
        return bool(wait(lambda: self.acknowledged() >= wanted, seconds))

    # ---- libvirt and QEMU

    def dom(self):
        """Its virDomain on the present connection; None where libvirt knows none."""
        try:
            return self.world.connection.lookupByName(self.name)
        except libvirt.libvirtError as exc:
            if exc.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
            return None

    def domain(self):
        """The engine's view of it, or None."""
        dom = self.dom()
        return engine_domain.Domain(dom) if dom is not None else None

    def running(self):
        dom = self.dom()
        return dom is not None and bool(dom.isActive())

    def pid(self):
        """The pid of its QEMU, None if it has none."""
        path = '/run/libvirt/qemu/%s.pid' % self.name
        try:
            with open(path) as handle:
                pid = int(handle.read())
        except (OSError, ValueError):
            return None
        return pid if _alive(pid) else None

    def kill(self):
        """SIGKILL of its QEMU. Returns once it is dead; libvirt may not know yet."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            if not wait(lambda: not _alive(pid), 10, 0.002):
                raise HarnessError('QEMU %d does not die' % pid)

    def last_words(self):
        """What its QEMU said when it ended by a fault of its own, libvirt having noticed; None if it did not."""
        with open('/var/log/libvirt/qemu/%s.log' % self.name, errors='replace') as handle:
            lines = handle.read().splitlines()
        if not lines or 'reason=crashed' not in lines[-1]:
            return None
        said = [line for line in lines[-6:] if 'qemu-system-x86_64:' in line]
        return said[-1].split('qemu-system-x86_64: ')[-1] if said else 'it said nothing'

    def full_speed(self):
        """A commit that was slowed down, so that the fault came while it ran, is slow no more."""
        dom = self.dom()
        for target in TARGETS:
            try:
                if dom is not None and dom.isActive() and dom.blockJobInfo(target, 0):
                    dom.blockJobSetSpeed(target, 0, 0)
            except libvirt.libvirtError:
                pass        # no such disk, or the job has just ended

    def off(self):
        """Take its power, QEMU closing its files; returns once libvirt knows."""
        dom = self.dom()
        if dom is None:
            return
        for flags in (libvirt.VIR_DOMAIN_DESTROY_GRACEFUL, 0):
            try:
                dom.destroyFlags(flags)
                break
            except libvirt.libvirtError:
                pass
        if not wait(lambda: not self.running(), 10):
            raise HarnessError('libvirt does not end %s' % self.name)

    def forget(self):
        """Off, and unknown to libvirt."""
        self.off()
        dom = self.dom()
        if dom is not None:
            dom.undefine()
        for path in glob.glob(self._serial + '.*'):
            os.unlink(path)


class Dark(HarnessError):
    """The guest does not come up."""


def _alive(pid):
    try:
        with open('/proc/%d/stat' % pid) as handle:
            return handle.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False
