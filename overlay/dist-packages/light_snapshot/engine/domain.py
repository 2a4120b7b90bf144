"""One libvirt domain, as the engine sees it: its active layer, external snapshots, commits.

libvirt's own snapshot management is not used (NO_METADATA): the record is ours. Paths are absolute here.
"""

import copy
import os
import time
import xml.etree.ElementTree as ET

from light_snapshot.engine import calls
from light_snapshot.engine import errors
from light_snapshot.engine import layout

POLL = 0.05             # seconds between two looks at a block job
POLL_LEAST, POLL_MOST = 0.01, 0.5     # seconds between two questions after a commit
LAG = 1                 # seconds that its definition may lag behind its list of jobs when nothing is asked of it
SETTLE = 10             # seconds that libvirt has to show what a block job has changed, once the job is gone
SCAN = 3                # seconds for which a libvirt that guesses has to say 'ready'
AGENT = 6               # seconds beside its own that libvirt may take to find out that a guest agent does not answer


# Versions, as libvirt counts them: 1.2.17 is 1002017.
_PIVOT_IS_SEEN = 1002017        # libvirt: before, its first answer to a pivot of a disk is made up, whatever QEMU does
_READY_IS_TOLD = 1002018        # libvirt: before, whatever has copied all that it knows of so far is 'ready'
_CHAIN_IS_KEPT = 5010000        # libvirt: before, it reads the chain from the files anew after each job, and may fail at it
_DISCARDS_ARE_KEPT = 2003001    # QEMU: before, what is written beside a discard may be missing in an active commit


def _libvirt():
    # Imported late: controllers import this package and have no libvirt.
    import libvirt
    return libvirt


def _file(disk):
    source = disk.find('source')
    return source.get('file') if source is not None else None


class Domain(object):
    """A libvirt domain and the device whose layers we keep.

    :param dom: a libvirt.virDomain, or a proxy that acts like one
    :param target: the guest device, such as 'vda'
    :param timeout: seconds that each call to libvirt has for its answer

    Whatever asks libvirt raises Hung when it does not answer.
    """

    def __init__(self, dom, target='vda', timeout=calls.TIMEOUT):
        self.dom = calls.Calls(dom, timeout)
        self.target = target
        self._ready_since = None

    def on(self, target):
        """The same domain and another of its devices."""
        other = copy.copy(self)
        other.target, other._ready_since = target, None
        return other

    def _is_libvirt_before(self, version):
        return self.dom.host('getLibVersion') < version

    def is_running(self):
        return bool(self.dom.isActive())

    def is_saved(self):
        """Whether its memory is saved (a managed save): libvirt starts it from that, with the disks that it had then."""
        return not self.is_running() and bool(self.dom.hasManagedSaveImage(0))

    def is_paused(self):
        return self.dom.state(0)[0] == _libvirt().VIR_DOMAIN_PAUSED

    def _disks(self, inactive=False):
        flags = _libvirt().VIR_DOMAIN_XML_INACTIVE if inactive else 0
        return ET.fromstring(self.dom.XMLDesc(flags)).findall('./devices/disk')

    def _live_disks(self):
        """The disks of the running guest.

        :raises EngineError: it has ended; libvirt would answer with what the guest is started from the next time, where
            no layer is above another
        """
        domain = ET.fromstring(self.dom.XMLDesc(0))
        if domain.get('id') is None:
            raise errors.EngineError('The server has just ended; its layers are as they were. What was under way is '
                                     'finished or undone before the next operation.')
        return domain.findall('./devices/disk')

    def _disk(self, inactive=False):
        for disk in self._disks(inactive) if inactive else self._live_disks():
            if disk.find('target').get('dev') == self.target:
                return disk
        raise errors.EngineError('The domain has no disk %s; nothing was changed. Hard reboot the server, then try '
                                 'again.' % self.target)

    def local_disks(self, directory):
        """nova's own disks of this server that are files in its directory, the root disk first.

        :returns: [{'name', 'target', 'format'}]; a running guest's layers are none of them
        """
        found = []
        for disk in self._disks():
            folder, name = os.path.split(_file(disk) or '')
            if folder == directory and layout.is_disk(name):
                found.append({'name': name, 'target': disk.find('target').get('dev'),
                              'format': disk.find('driver').get('type')})
        return sorted(found, key=lambda disk: disk['name'])

    def other_disks(self, targets):
        """Guest devices that hold data and are none of `targets`: volumes, for example. CD-ROMs, and nova's config
        drive, which holds nothing of the guest's, are left out."""
        return [disk.find('target').get('dev') for disk in self._disks()
                if disk.get('device', 'disk') == 'disk' and disk.find('target').get('dev') not in targets
                and not (_file(disk) or '').endswith('/disk.config')]

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

    def check_chain(self, lowest):
        """See that libvirt knows the whole chain: what is not in it could not be told from what was committed.

        :param lowest: nova's own disk, which every chain of ours comes to
        :raises EngineError: it does not
        """
        if lowest not in self.chain() and self._is_libvirt_before(_CHAIN_IS_KEPT):
            raise errors.EngineError('libvirt does not know all files that disk %s of this server stands on, so that nothing was committed or '
                                     'removed. Restart libvirtd (guests run on), then try again.' % self.target)

    def snapshot(self, paths):
        """Freeze the active layers of some devices at one instant, and let the guest write to (ready made, empty)
        layers from now on.

        :param paths: {device: path}
        """
        libvirt = _libvirt()
        root = ET.Element('domainsnapshot')
        disks = ET.SubElement(root, 'disks')
        for disk in self._disks():
            dev = disk.find('target').get('dev')
            if dev not in paths:
                ET.SubElement(disks, 'disk', name=dev, snapshot='no')
                continue
            entry = ET.SubElement(disks, 'disk', name=dev, snapshot='external', type='file')
            ET.SubElement(entry, 'driver', type='qcow2')
            ET.SubElement(entry, 'source', file=paths[dev])
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
        :raises Hung: when libvirt itself gave no answer; if it freezes the guest all the same, later, it is thawed then
        """
        libvirt, deadline = _libvirt(), timeout
        try:
            if hasattr(self.dom, 'agentSetResponseTimeout'):    # libvirt 5.10
                self.dom.agentSetResponseTimeout(int(timeout), 0)
                deadline += AGENT       # libvirt's own answer, which leaves nothing hanging, comes first
            self.dom.call('fsFreeze', (None, 0), deadline, late='fsThaw')
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

    def _begin_commit(self, base, top, flags):
        """:raises EngineError: libvirt does not begin it; QEMU may refuse every other one once its disk was full in one"""
        try:
            self.dom.blockCommit(self.target, base, top, 0, flags)
        except _libvirt().libvirtError as exc:
            if not self.is_running():
                raise
            raise errors.EngineError('The commit into %s was not begun (%s); the server runs on its layers as before. Try again. If '
                                     'it is not begun then, either: Stop the server and start it again, which commits meanwhile.'
                                     % (base, exc))

    def commit(self, top, base, limit=None):
        """Merge the frozen layer `top` into `base`, the guest running. Returns when libvirt's chain has changed.

        A job that is under way already (ours, from before a restart) is waited for.

        :param limit: seconds that it may take; then it is aborted, and can be begun again
        """
        if top not in self.chain():
            return
        if not self.job():
            # RELATIVE: the layer above goes on naming its backing file relative to itself.
            self._begin_commit(base, top, _libvirt().VIR_DOMAIN_BLOCK_COMMIT_RELATIVE)
        began = time.time()
        while self.job():
            took = time.time() - began
            if limit is not None and took > limit:
                self._stop_commit(top, base, limit)
                return
            # The end of a short one is seen soon, and a long one costs few questions.
            time.sleep(min(POLL_MOST, max(POLL_LEAST, took / 50)))
        # 'No job' is not success (LP #1627134): only the chain tells.
        if not self._wait(lambda: top not in self.chain()):
            raise errors.EngineError('The commit of %s into %s ended before it was complete; both files are as good '
                                     'as before, and it is tried again before the next operation.' % (top, base))

    def _stop_commit(self, top, base, limit):
        """:raises EngineError: unless it has ended well at this very moment"""
        try:
            self.abort()
        except _libvirt().libvirtError:
            if self.job():
                raise
        if not self._wait(lambda: not self.job()) or top in self.chain():
            raise errors.EngineError(
                'The commit of %s into %s was not over after %d s (commit_timeout) and was stopped; the server runs on '
                'its layers as before, and it is begun again before the next operation. If there is just so much to '
                'commit, raise commit_timeout.' % (top, base, limit))

    def commit_active_prepare(self, base, catch_up):
        """Merge every layer above `base` into it, until only the guest's newest writes are left for `pivot`.

        :param catch_up: `catchup.CatchUp`, which waits for that
        """
        if self.active() == base:
            return
        if not self.job():
            self._check_discards()
            self._begin_commit(base, None, _libvirt().VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
        catch_up.wait(base)

    def _check_discards(self):
        """:raises EngineError: the guest may discard on this disk, which this QEMU does not stand in an active commit"""
        # virtio's disks have no discards there yet.
        if not self.target.startswith('vd') and self.dom.host('getVersion') < _DISCARDS_ARE_KEPT:
            raise errors.EngineError('QEMU before 2.3.1 may lose what a guest writes to a disk like %s while it is committed; the commit was '
                                     'not begun. Stop the server, try again, and start it.' % self.target)

    def check_can_commit(self, ours):
        """One block job a domain at a time: others' count, too (parallel ones race on the AppArmor profile). And none that
        begins while QEMU has stopped the guest for a disk that is full or broken (7.2 was seen to end then).

        :param ours: the devices that are worked on
        :raises EngineError: while it is so
        """
        libvirt = _libvirt()
        if list(self.dom.state(0)) == [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR]:
            raise errors.EngineError('QEMU has paused the server, because its disk is full or gives errors; the commit was '
                                     'not begun. See to the disk, resume the server (virsh resume), then try again.')
        for target in self.other_disks(ours):
            if self.dom.blockJobInfo(target, 0):
                raise errors.EngineError('A block job of somebody else runs on disk %s of this server; the commit was '
                                         'not begun. Wait until it has ended, then try again.' % target)

    def pivot(self, base):
        """Let the guest write to `base`, into which `commit_active_prepare` has merged everything."""
        if self.active() == base:
            return
        self.dom.blockJobAbort(self.target, _libvirt().VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
        # The job is gone from the list a moment before the definition names the new file (seen with 9.0).
        if not self._wait(lambda: self.active() == base and not self.job()):
            raise errors.EngineError('libvirt has not changed over to %s yet after the commit; the server stays paused and has lost '
                                     'nothing. Try again.' % base)

    def is_pivot_guessed(self):
        """Whether this libvirt says of a pivot that it is done without having heard of it from QEMU."""
        return self._is_libvirt_before(_PIVOT_IS_SEEN)

    def check_pivot(self, base):
        """See where a pivot that was cut off has come to: `base` is what the guest writes to, or `pivot` may be called again.

        libvirt that is killed after QEMU's answer and before its own state file comes back with the layers and without the job
        (seen with 9.0): then nobody but QEMU knows whether the guest is on its layers or on `base`.

        :raises EngineError: it cannot be told, or not yet. The guest must stay paused
        """
        # Who waits too short for a libvirt that is slow is told to wait, or to stop a guest that has lost nothing.
        if self._wait(lambda: self.active() == base or self.job() and self.is_ready(), SETTLE if self.job() else LAG):
            return
        if not self.job():
            raise errors.EngineError(
                'It was cut off while QEMU was to change over to %s, and libvirt cannot tell which file QEMU writes to; nothing was '
                'touched, and the server has lost nothing. Where it is paused, do not resume it. Stop the server and start it again: '
                'it goes on with what it wrote.' % base)
        raise errors.EngineError('libvirt still changes over to %s; the server stays paused and has lost nothing. Try again.' % base)

    @staticmethod
    def _wait(condition, seconds=None):
        end = time.time() + (SETTLE if seconds is None else seconds)
        while not condition():
            if time.time() > end:
                return False
            time.sleep(POLL)
        return True

    def abort(self):
        """Give up the block job on our device, if there is one. A mirror that was ready is not pivoted to."""
        if self.job():
            self.dom.blockJobAbort(self.target, 0)
            # libvirt 1.2.16 may answer before it is over.
            self._wait(lambda: not self.job())

    def has_job(self):
        return bool(self.job())

    def job(self):
        """What libvirt says of a block job on our device, {'cur', 'end'} (bytes) and more; {} when there is none."""
        return self.dom.blockJobInfo(self.target, 0) or {}

    def is_ready(self):
        """Whether an active commit has caught up with the guest, so that `pivot` may follow."""
        # cur == end is not ready: new writes may still be on their way (backup-vm #23).
        mirror = self._disk().find('mirror')
        if mirror is None or mirror.get('ready') != 'yes':
            self._ready_since = None
            return False
        if not self._is_libvirt_before(_READY_IS_TOLD):
            return True
        # It may be looking for what there is to copy, still.
        self._ready_since = self._ready_since or time.time()
        return time.time() - self._ready_since >= SCAN
