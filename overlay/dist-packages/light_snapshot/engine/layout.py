"""Names of the files that the engine keeps in an instance's directory.

All names in a record are relative to that directory. Every file that a chain passes through is in that directory
itself, and names its backing file by its bare name, so that the directory may be moved as a whole (nova renames it
in a resize), and so that libvirt sees no path with `..` in it. What the history keeps has a second name, a hard link,
in the folder `snapshots`; there the bare names lead from kept file to kept file as well.

A server may have several disks. Each restore point holds all of them, so that a record and its plans name files of
the root disk only, and `of` says what the same thing is called on another disk.
"""

import os
import re

DISK = 'disk'
SWAP = 'disk.swap'
RECORD = 'light-snapshot.json'
HISTORY = 'snapshots'
DELETED = os.path.join(HISTORY, 'deleted')
#: A copy of the root disk in one file, on its way to wherever it was asked for.
EXPORT = 'light-snapshot.export'

#: nova's own names: root, the ephemeral disk of the flavor, those that were asked for, swap. `disk.config`, the config
#: drive, is none of them: nova makes it anew, and no guest's data is in it.
_DISKS = r'disk(?:\.local|\.swap|\.eph[0-9]+)?'
_LAYER = r'\.light-(?:root-)?[0-9]+'
_DISK = re.compile(r'^%s\Z' % _DISKS)
_OURS = re.compile(r'^(?:(?:snapshots/(?:deleted/)?)?%s%s|snapshots/%s)\Z' % (_DISKS, _LAYER, _DISKS))
_OF_A_DISK = re.compile(r'^(?:snapshots/(?:deleted/)?)?(%s)(?:%s)?\Z' % (_DISKS, _LAYER))


def layer(index):
    """The name of the live layer with this index."""
    return '%s.light-%d' % (DISK, index)


def root(index):
    """The name of a root layer: what commits go to while the file `disk` is frozen as history's base."""
    return '%s.light-root-%d' % (DISK, index)


def of(disk, name):
    """What a file of the root disk is called on another disk: ('disk.swap', 'disk.light-3') -> 'disk.swap.light-3'."""
    folder, name = os.path.split(name)
    return os.path.join(folder, disk + name[len(DISK):])


def on_root(name):
    """What a file of any disk is called on the root disk: the other way round of `of`."""
    folder, base = os.path.split(name)
    return os.path.join(folder, DISK + base[len(disk_of(name)):])


def is_disk(name):
    """Whether nova calls a disk that carries layers by this name."""
    return bool(_DISK.match(name))


def disk_of(name):
    """The disk that a file belongs to, a layer or the disk itself; None for any other name."""
    match = _OF_A_DISK.match(name)
    return match.group(1) if match else None


def kept(name):
    """The second name that a kept file has."""
    return os.path.join(HISTORY, name)


def deleted(name):
    """Where a discarded file goes until its time is over."""
    return os.path.join(DELETED, os.path.basename(name))


def is_ours(name):
    """Whether the engine made this file (nova's own disks are not ours: they are never removed)."""
    return bool(_OURS.match(name))
