"""The last line: what libvirt is asked to define is put on the active layers, whatever this nova calls its methods.

Only where the hook of the starts does not hold (hooks.py): operations are refused then, but servers that have layers
still start from what they had. Knows nothing of nova, and what it stands on in libvirt's binding is as old as that.
"""

from __future__ import absolute_import

import functools
import os
import re
import xml.etree.ElementTree as ET

from light_snapshot.engine import record as records

#: Of libvirt's connection: those that take a guest's definition, first.
METHODS = ('defineXML', 'defineXMLFlags', 'createXML', 'createXMLWithFiles')


def install(binding=None):
    """Put libvirt's binding on guard; once is enough.

    :raises ImportError: without one
    """
    if binding is None:
        import libvirt as binding
    for name in METHODS:
        original = getattr(binding.virConnect, name, None)
        if original is not None and not getattr(original, 'light_snapshot_guard', False):
            setattr(binding.virConnect, name, _guarded(original))


def _guarded(original):
    @functools.wraps(original)
    def guarded(self, xml, *args, **kwargs):
        return original(self, on_active(xml), *args, **kwargs)
    guarded.light_snapshot_guard = True
    return guarded


def on_active(xml):
    """A guest's definition with each disk that has layers on its active one; any other text as it is.

    :raises EngineError: when a server's record cannot be read; such a server must not start
    """
    root = ET.fromstring(xml if isinstance(xml, bytes) else xml.encode('utf-8'))
    changed = False
    for disk in root.findall('./devices/disk'):
        source, driver = disk.find('source'), disk.find('driver')
        path = source.get('file') if source is not None else None
        directory, name = os.path.split(path or '')
        record = records.load(directory) if directory and records.exists(directory) else None
        if record is None or name not in record.disk_names or record.active_of(name) == name:
            continue
        source.set('file', record.path(record.active_of(name)))
        if driver is not None:
            driver.set('type', record.format_of(record.active_of(name)))
        changed = True
    if not changed:
        return xml
    for prefix, uri in re.findall(r'xmlns:(\w+)=["\']([^"\']+)["\']', xml):
        ET.register_namespace(prefix, uri)
    return ET.tostring(root).decode('ascii')
