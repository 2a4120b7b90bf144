"""The last line: what libvirt is asked to define is put on the active layers, whatever this nova calls its methods.

Always on where nova starts guests. A definition that the hook of the starts has made is right, and goes through as it
is, the very same object; so does a plain server's, which is not even parsed. Knows nothing of nova, and what it stands
on in libvirt's binding is as old as that.
"""

from __future__ import absolute_import

import functools
import os
import re
from xml.sax import saxutils
import xml.etree.ElementTree as ET

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import record as records

#: Of libvirt's connection: those that take a guest's definition, first; and what they call it.
METHODS = ('defineXML', 'defineXMLFlags', 'createXML', 'createXMLWithFiles')
ARGUMENTS = ('xml', 'xmlDesc')

_FILE = re.compile(r'<source\b[^>]*?\sfile\s*=\s*(?:"([^"]*)"|\'([^\']*)\')')


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
    def guarded(self, *args, **kwargs):
        if args:
            args = (on_active(args[0]),) + args[1:]
        for name in ARGUMENTS:
            if name in kwargs:
                kwargs[name] = on_active(kwargs[name])
        return original(self, *args, **kwargs)
    guarded.light_snapshot_guard = True
    return guarded


def on_active(xml):
    """A guest's definition with each disk that has layers on its active one, in that one's format; any other text as it is.

    :raises EngineError: when a server's record cannot be read, or its disk cannot be put right; such a server must not start
    """
    # What has no layers goes to libvirt as nova wrote it: whether we could parse it does not matter then.
    wanted = dict((path, _wanted(path)) for path in _files(xml))
    if not any(wanted.values()):
        return xml
    try:
        root = ET.fromstring(xml if isinstance(xml, bytes) else xml.encode('utf-8'))
    except ET.ParseError as exc:
        wrong = sorted(path for path, right in wanted.items() if right and right[0] != path)
        if wrong:
            raise errors.EngineError('The definition of a guest names %s, which has layers above it, and cannot be parsed (%s); it '
                                     'was not defined, and the disk was not touched.' % (', '.join(wrong), exc))
        return xml
    # Nothing is logged here: nova calls libvirt in threads of the system, where eventlet's locks may wait for ever.
    if not any([_put_right(disk, wanted) for disk in root.findall('./devices/disk')]):
        return xml
    for prefix, uri in re.findall(r'xmlns:(\w+)=["\']([^"\']+)["\']', _text(xml)):
        ET.register_namespace(prefix, uri)
    return ET.tostring(root).decode('ascii')


def _text(xml):
    return xml.decode('utf-8', 'replace') if isinstance(xml, bytes) else xml


def _files(xml):
    """The files that a definition names as sources, of disks or of anything else; none if it is no text."""
    if not isinstance(xml, (bytes, type(u''))):
        return set()
    return set(saxutils.unescape(one or other, {'&quot;': '"', '&apos;': "'"}) for one, other in _FILE.findall(_text(xml)))


def _wanted(path):
    """(path, format) that a disk whose source is this file has to have; None if that is for nova alone to say.

    :raises EngineError: when there is a record that cannot be read
    """
    directory, name = os.path.split(path)
    disk = layout.disk_of(name)
    if not directory or disk is None or not records.exists(directory):
        return None
    record = records.load(directory)
    if record is None or disk not in record.disk_names:
        return None
    if name == disk:
        name = record.active_of(disk)
        if name == disk:
            return None
    return record.path(name), record.format_of(name)


def _put_right(disk, wanted):
    """Change an element `disk` to what is wanted of its file; True if something had to be changed."""
    source, driver = disk.find('source'), disk.find('driver')
    path = source.get('file') if source is not None else None
    if not wanted.get(path):
        return False
    right, form = wanted[path]
    if path == right and (driver is None or driver.get('type') == form):
        return False
    source.set('file', right)
    if driver is not None:
        driver.set('type', form)
    return True
