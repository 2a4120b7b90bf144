"""What lies below the engine, played: a guest in the place of libvirt's virDomain, and qemu-img's acts on files.

A layer is a small file that says what it is and what it stands on, so that chains, links and re-pointing are real; it holds no data.
Which layer a guest writes to is in a file of its own, as a QEMU knows it that outlives nova-compute. Each call takes as long as the
real one was measured to take (docs/bench.md), and no processor.
"""

import json
import os
import time
import xml.etree.ElementTree as ET

import bench
from light_snapshot.engine import errors
from light_snapshot.engine import layout

#: Seconds, medians of docs/bench.md.
TIMES = {'qemu-img': 0.0058, 'snapshot': 0.0125, 'commit': 0.047, 'ask': 0.0002}
TARGET = 'vda'
SIZE = 2 ** 30          # virtual size of every disk, in bytes

assert bench.OVERLAY    # its import has put this tree's light_snapshot before any other

_state = {'hurry': False}


def hurry(yes=True):
    """From now on nothing takes any time, or what it takes in reality."""
    _state['hurry'] = yes


def _takes(what):
    if not _state['hurry']:
        time.sleep(TIMES[what])


# ---- files

def _read(path):
    with open(path) as handle:
        return json.load(handle)


def _write(path, fmt, backing, backing_format):
    # In place: a second name of the file shows the same.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as handle:
        json.dump({'format': fmt, 'virtual-size': SIZE, 'actual-size': 4096, 'backing-filename': backing,
                   'backing-filename-format': backing_format}, handle)


def make_disk(directory):
    """nova's own disk of a new server."""
    _write(os.path.join(directory, layout.DISK), 'qcow2', '_base', 'qcow2')


class Acts:
    """The engine's privileged acts, without root and without qemu-img. What the measured operations do not ask for is not there.

    :param guests: the directory in which it is noted what each guest writes to
    """

    def __init__(self, guests):
        self._guests = guests

    def run(self, name, *args):
        """As `files.run_here`.

        :raises EngineError: nobody has recorded such an act
        """
        act = getattr(self, '_' + name, None)
        if act is None:
            raise errors.EngineError('the act %s is not recorded' % name)
        return act(*args)

    @staticmethod
    def _info(directory, name, fmt):
        _takes('qemu-img')
        found = _read(os.path.join(directory, name))
        if found['format'] != fmt:
            raise errors.EngineError('%s is no %s image' % (name, fmt))
        return found

    @staticmethod
    def _create(directory, name, backing, backing_format, _size):
        _takes('qemu-img')
        _write(os.path.join(directory, name), 'qcow2', backing, backing_format)

    @staticmethod
    def _repoint(directory, name, backing, backing_format):
        _takes('qemu-img')
        _write(os.path.join(directory, name), 'qcow2', backing, backing_format)

    @staticmethod
    def _overlap(_directory, _name, _fmt, _above, _above_format):
        _takes('qemu-img')
        _takes('qemu-img')      # a map of each
        return 4096

    @staticmethod
    def _verify(_directory, _name):
        _takes('qemu-img')
        return {'corruptions': 0, 'leaks': 0, 'check-errors': 0}

    @staticmethod
    def _link(directory, name, other):
        try:
            os.link(os.path.join(directory, name), os.path.join(directory, other))
        except FileExistsError:
            pass

    def _written(self, directory):
        return [Guest(directory, self._guests).active]


# ---- the guest

class Guest:
    """A running guest with one disk, as a virDomain shows it.

    :param directory: the server's
    :param guests: as for `Acts`
    """

    def __init__(self, directory, guests):
        self._directory = directory
        self._note = os.path.join(guests, os.path.basename(directory))
        self._paused, self._job = False, None       # (until when, the layer above, its new backing file)

    @property
    def active(self):
        """The name of the file that it writes to."""
        with open(self._note) as handle:
            return handle.read()

    @active.setter
    def active(self, name):
        with open(self._note, 'w') as handle:
            handle.write(name)

    def _chain(self):
        found = [self.active]
        while found[-1] != layout.DISK:
            found.append(_read(os.path.join(self._directory, found[-1]))['backing-filename'])
        return found

    # ---- what the engine calls: libvirt's names

    def UUIDString(self):
        return os.path.basename(self._directory)

    name = UUIDString

    def isActive(self):
        return 1

    def state(self, _flags):
        import libvirt
        return [libvirt.VIR_DOMAIN_PAUSED if self._paused else libvirt.VIR_DOMAIN_RUNNING, 1]

    def suspend(self):
        self._paused = True

    def resume(self):
        self._paused = False

    def XMLDesc(self, _flags):
        _takes('ask')
        self.blockJobInfo(TARGET, 0)
        root = ET.Element('domain', id='1')
        disk = node = ET.SubElement(ET.SubElement(root, 'devices'), 'disk', type='file', device='disk')
        ET.SubElement(disk, 'target', dev=TARGET)
        ET.SubElement(disk, 'driver', name='qemu', type='qcow2')
        for name in self._chain():
            ET.SubElement(node, 'source', file=os.path.join(self._directory, name))
            node = ET.SubElement(node, 'backingStore')
        return ET.tostring(root).decode('ascii')

    def snapshotCreateXML(self, text, _flags):
        _takes('snapshot')
        path = ET.fromstring(text).find('./disks/disk[@snapshot="external"]/source').get('file')
        self.active = os.path.basename(path)

    def fsFreeze(self, _mounts, _flags):
        _takes('ask')
        return 1

    fsThaw = fsFreeze

    def blockCommit(self, _disk, base, top, _bandwidth, _flags):
        if top is None:
            raise errors.EngineError('a commit of the active layer is not recorded')
        chain = self._chain()
        above = chain[chain.index(os.path.basename(top)) - 1]
        until = time.time() + (0 if _state['hurry'] else TIMES['commit'])
        self._job = until, above, os.path.basename(base)

    def blockJobInfo(self, _disk, _flags):
        if self._job is None:
            return {}
        until, above, base = self._job
        if time.time() < until:
            return {'type': 2, 'bandwidth': 0, 'cur': 0, 'end': 1}
        _write(os.path.join(self._directory, above), 'qcow2', base, 'qcow2')
        self._job = None
        return {}
