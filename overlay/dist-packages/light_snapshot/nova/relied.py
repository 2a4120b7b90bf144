"""What our hooks rely on in nova beyond names and arguments: each looks whether that is so, cheaply, without a guest.

Which row of the table relies on which is in hooks.py (RELIES). They run while nova's module is imported, right after it
has been run, so that they import nothing but what that one has imported already.
"""

from __future__ import absolute_import

import importlib
import xml.etree.ElementTree as ET

from light_snapshot.nova import places

_PATH, _FORMAT = '/light-snapshot/disk.light-1', 'qcow2'


class Differs(Exception):
    """nova does otherwise than a hook of ours relies on."""


def guests(_module, _original):
    """A server's guest is libvirt's own object below nova's."""
    host = importlib.import_module('nova.virt.libvirt.host').Host
    guest = importlib.import_module('nova.virt.libvirt.guest').Guest
    if not callable(getattr(host, 'get_guest', None)):
        raise Differs('nova\'s Host has no get_guest')
    # To make one takes libvirt's binding.
    if '_domain' not in guest.__init__.__code__.co_names:
        raise Differs('nova\'s Guest does not keep what libvirt has as _domain')


def disks_written(_module, _original):
    """What is set as a disk's file and format is what libvirt is given."""
    given = ET.fromstring(_disk().to_xml())
    source, driver = given.find('source'), given.find('driver')
    if source is None or driver is None or (source.get('file'), driver.get('type')) != (_PATH, _FORMAT):
        raise Differs('the file and the format that are set for a disk do not come to libvirt')


def disks_read(_module, _original):
    """nova finds a disk's file and format in what libvirt knows of a guest, and gives out what is set in their place."""
    guest = importlib.import_module('nova.virt.libvirt.config').LibvirtConfigGuest()
    text = _disk().to_xml()
    text = text if isinstance(text, str) else text.decode('utf-8')
    guest.parse_str('<domain type="qemu"><name>x</name><devices>%s</devices></domain>' % text)
    found = [(one.source_path, one.driver_format) for one in guest.devices if getattr(one, 'source_type', None) == 'file']
    if found != [(_PATH, _FORMAT)]:
        raise Differs('the file and the format of a disk that libvirt knows are not found in its definition')


def _disk():
    """A disk in a file, in nova's own class."""
    disk = importlib.import_module('nova.virt.libvirt.config').LibvirtConfigGuestDisk()
    disk.source_type, disk.source_path, disk.driver_name, disk.driver_format = 'file', _PATH, 'qemu', _FORMAT
    disk.target_dev, disk.target_bus = 'vda', 'virtio'
    return disk


def exceptions(_module, _original):
    """What tells nova that a server is to stay where it is."""
    known = importlib.import_module('nova.exception')
    for name in ('InstanceFaultRollback', 'ResizeError', 'MigrationPreCheckError'):
        if not hasattr(known, name):
            raise Differs('nova.exception has no %s' % name)


def shared_paths(_module, _original):
    """Whether two hosts share a server's directory is told before a live migration: what is shared must not be copied onto
    itself. (12 tells it in a dictionary, which has no class that could be looked at.)"""
    try:
        told = importlib.import_module('nova.objects.migrate_data').LibvirtLiveMigrateData
    except ImportError:
        return
    for name in ('is_shared_instance_path', 'target_connect_addr'):
        if name not in told.fields:
            raise Differs('what hosts tell each other before a live migration has no %s' % name)


def endpoints(_module, _original):
    """A manager may bring endpoints beside its own."""
    made = importlib.import_module('nova.manager').Manager.__init__
    if 'additional_endpoints' not in made.__code__.co_names:
        raise Differs('a manager of nova\'s has no additional_endpoints')


def evacuations(_module, original):
    """A rebuild says whether it is an evacuation."""
    if not places.taken_below(original, ('evacuate', 'recreate')):
        raise Differs('a rebuild does not say whether it is an evacuation')
