"""Names of the files that the engine keeps in an instance's directory.

All names in a record are relative to that directory, and every backing file is named relative to the file
that names it, so that the directory may be moved as a whole (nova renames it in a resize).
"""

import os
import re

DISK = 'disk'
RECORD = 'light-snapshot.json'
HISTORY = 'snapshots'
DELETED = os.path.join(HISTORY, 'deleted')

_OURS = re.compile(r'^(?:snapshots/(?:deleted/)?)?disk\.light-(?:root-)?[0-9]+$')


def layer(index):
    """The name of the live layer with this index."""
    return '%s.light-%d' % (DISK, index)


def root(index):
    """The name of a root layer: what commits go to while the file `disk` is frozen as history's base."""
    return '%s.light-root-%d' % (DISK, index)


def kept(index):
    """The name that a layer has in the history."""
    return os.path.join(HISTORY, layer(index))


def deleted(name):
    """Where a discarded file goes until its time is over."""
    return os.path.join(DELETED, os.path.basename(name))


def is_ours(name):
    """Whether the engine made this file (nova's own `disk` is not ours: it is never removed)."""
    return bool(_OURS.match(name))


def backing(of, name):
    """How the file `of` names `name` as its backing file; both relative to the instance's directory."""
    return os.path.relpath(name, os.path.dirname(of) or '.')
