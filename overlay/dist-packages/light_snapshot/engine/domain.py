"""One libvirt domain, as the engine sees it: its active layer, external snapshots, commits.

libvirt's own snapshot management is not used (NO_METADATA): the record is ours. Paths are absolute here.
"""

import time
import xml.etree.ElementTree as ET

from light_snapshot.engine import errors

POLL = 0.05             # seconds between two looks at a block job
SETTLE = 30             # seconds that libvirt has to show what a block job has changed, once the job is gone


def _libvirt():
    # Imported late: controllers import this package and have no libvirt.
    import libvirt
    return libvirt


class Domain(object):
    """A libvirt domain and the device whose layers we keep.

    :param dom: a libvirt.virDomain, or a proxy that acts like one
    :param target: the guest device, such as 'vda'
    """

    def __init__(self, dom, target='vda'):
        self.dom = dom
        self.target = target

    def is_running(self):
        return bool(self.dom.isActive())

    def is_paused(self):
        return self.dom.state(0)[0] == _libvirt().VIR_DOMAIN_PAUSED

    def _disks(self, inactive=False):
        flags = _libvirt().VIR_DOMAIN_XML_INACTIVE if inactive else 0
        return ET.fromstring(self.dom.XMLDesc(flags)).findall('./devices/disk')

    def _disk(self, inactive=False):
        for disk in self._disks(inactive):
            if disk.find('target').get('dev') == self.target:
                return disk
        raise errors.EngineError('The domain has no disk %s; nothing was changed. Hard reboot the server, then try '
                                 'again.' % self.target)

    def describe(self, path):
        """The guest device whose active layer is the file `path`, and that file's format: (None, None) if none."""
        for disk in self._disks():
            source = disk.find('source')
            if source is not None and source.get('file') == path:
                return disk.find('target').get('dev'), disk.find('driver').get('type')
        return None, None

    def other_disks(self):
        """Guest devices that hold data and are not ours (ephemeral, swap, volumes); CD-ROMs are left out."""
        return [disk.find('target').get('dev') for disk in self._disks()
                if disk.get('device', 'disk') == 'disk' and disk.find('target').get('dev') != self.target]

    def active(self, inactive=False):
        """The file that the guest writes to; with `inactive`, the one that libvirt would start it from."""
        return self._disk(inactive).find('source').get('file')

    def chain(self):
        """Files of the live chain, the active layer first, as libvirt knows them."""
        node, files = self._disk(), []
        while node is not None:
            source = node.find('source')
            if source is None:
                break
            files.append(source.get('file'))
            node = node.find('backingStore')
        return files

    def snapshot(self, path):
        """Freeze the active layer and let the guest write to the (ready made, empty) layer `path` from now on."""
        libvirt = _libvirt()
        root = ET.Element('domainsnapshot')
        disks = ET.SubElement(root, 'disks')
        for disk in self._disks():
            dev = disk.find('target').get('dev')
            if dev != self.target:
                ET.SubElement(disks, 'disk', name=dev, snapshot='no')
                continue
            entry = ET.SubElement(disks, 'disk', name=dev, snapshot='external', type='file')
            ET.SubElement(entry, 'driver', type='qcow2')
            ET.SubElement(entry, 'source', file=path)
        self.dom.snapshotCreateXML(ET.tostring(root).decode('ascii'),
                                   libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
                                   libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA |
                                   libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC |
                                   libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT)

    def pause(self):
        self.dom.suspend()

    def resume(self):
        self.dom.resume()

    def freeze(self, timeout):
        """Freeze the guest's file systems through its agent.

        :param timeout: seconds that the agent has for its answer
        :returns: True when frozen, False when the agent does not answer or cannot do it
        """
        libvirt = _libvirt()
        try:
            if hasattr(self.dom, 'agentSetResponseTimeout'):    # libvirt 5.10
                self.dom.agentSetResponseTimeout(int(timeout), 0)
            self.dom.fsFreeze(None, 0)
            return True
        except libvirt.libvirtError:
            # Frozen in part, or frozen after the deadline: either way the guest must not stay so.
            self.thaw()
            return False

    def thaw(self):
        try:
            self.dom.fsThaw(None, 0)
        except _libvirt().libvirtError:
            # The agent does not answer, or there was nothing to thaw. It thaws by itself when it is restarted.
            pass

    def commit(self, top, base, progress=None):
        """Merge the frozen layer `top` into `base`, the guest running. Returns when libvirt's chain has changed.

        A job that is under way already (ours, from before a restart) is waited for.
        """
        if top not in self.chain():
            return
        if not self._job():
            # RELATIVE: the layer above goes on naming its backing file relative to itself.
            self.dom.blockCommit(self.target, base, top, 0, _libvirt().VIR_DOMAIN_BLOCK_COMMIT_RELATIVE)
        while self._job(progress):
            time.sleep(POLL)
        # 'No job' is not success (LP #1627134): only the chain tells.
        if not self._wait(lambda: top not in self.chain()):
            raise errors.EngineError('The commit of %s into %s ended before it was complete; both files are as good '
                                     'as before, and it is tried again before the next operation.' % (top, base))

    def commit_active_prepare(self, base, deadline, progress=None):
        """Merge every layer above `base` into it, until only the guest's newest writes are left for `pivot`.

        :param deadline: seconds that the commit may take to catch up with the guest's writes
        """
        if self.active() == base:
            return
        if not self._job():
            self.dom.blockCommit(self.target, base, None, 0, _libvirt().VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
        end = time.time() + deadline
        while not self._ready():
            if not self._job(progress):
                raise errors.EngineError('The commit into %s ended before it was complete; the server runs on its '
                                         'layers as before. Try again.' % base)
            if time.time() > end:
                self.dom.blockJobAbort(self.target, 0)
                raise errors.EngineError('The server writes faster than its layers can be committed (%d s); it runs on '
                                         'its layers as before. Stop the server, or lower its load, and try again.'
                                         % deadline)
            time.sleep(POLL)

    def pivot(self, base):
        """Let the guest write to `base`, into which `commit_active_prepare` has merged everything."""
        if self.active() == base:
            return
        self.dom.blockJobAbort(self.target, _libvirt().VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
        # The job is gone from the list a moment before the definition names the new file (seen with 9.0).
        if not self._wait(lambda: self.active() == base and not self._job()):
            raise errors.EngineError('libvirt did not change over to %s after the commit; the server runs on its '
                                     'layers as before. Try again.' % base)

    @staticmethod
    def _wait(condition):
        end = time.time() + SETTLE
        while not condition():
            if time.time() > end:
                return False
            time.sleep(POLL)
        return True

    def has_job(self):
        return bool(self._job())

    def _job(self, progress=None):
        """What libvirt says of a block job on our device; {} when there is none."""
        status = self.dom.blockJobInfo(self.target, 0)
        if status and progress is not None:
            progress(status.get('cur', 0), status.get('end', 0))
        return status

    def _ready(self):
        # cur == end is not ready: new writes may still be on their way (backup-vm #23).
        mirror = self._disk().find('mirror')
        return mirror is not None and mirror.get('ready') == 'yes'
