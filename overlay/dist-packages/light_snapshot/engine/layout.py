"""Names of the files that the engine keeps in an instance's directory.

All names in a record are relative to that directory. Every file that a chain passes through is in that directory
itself, and names its backing file by its bare name, so that the directory may be moved as a whole (nova renames it
in a resize), and so that libvirt sees no path with `..` in it. What the history keeps has a second name, a hard link,
in the folder `snapshots`; there the bare names lead from kept file to kept file as well.
"""

import os
import re

DISK = 'disk'
RECORD = 'light-snapshot.json'
HISTORY = 'snapshots'
DELETED = os.path.join(HISTORY, 'deleted')

_OURS = re.compile(r'^(?:(?:snapshots/(?:deleted/)?)?disk\.light-(?:root-)?[0-9]+|snapshots/disk)$')


def layer(index):
    """The name of the live layer with this index."""
    return '%s.light-%d' % (DISK, index)


def root(index):
    """The name of a root layer: what commits go to while the file `disk` is frozen as history's base."""
    return '%s.light-root-%d' % (DISK, index)


def kept(name):
    """The second name that a kept file has."""
    return os.path.join(HISTORY, name)


def deleted(name):
    """Where a discarded file goes until its time is over."""
    return os.path.join(DELETED, os.path.basename(name))


def is_ours(name):
    """Whether the engine made this file (nova's own `disk` is not ours: it is never removed)."""
    return bool(_OURS.match(name))
