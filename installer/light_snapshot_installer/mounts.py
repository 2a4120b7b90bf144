"""Which file systems the node's /etc/fstab names, and whether they are mounted."""
import errno
import os
import re

#: Bytes as this Python names files, whatever the locale.
_NAME = getattr(os, 'fsdecode', lambda name: name)
_FSTAB, _MOUNTED = '/etc/fstab', '/proc/self/mountinfo'


def away(root, path):
    """The mount point of /etc/fstab that hides what lies at `path`: one at it or above it where nothing is mounted, nor anything nearer
    to it; '' without one, and for a node that is a tree.

    Of mount points that are not on the way there nothing is asked: one on a dead server of NFS would not answer. `noauto` counts as any
    other: a cluster's manager mounts such a one, and what it does not show now nova may have used. Raises IOError or OSError if
    the tables cannot be read.
    """
    if not root.live:
        return ''
    named, mounted = set(_field(root, _FSTAB, 1)), set(_field(root, _MOUNTED, 4))
    for way in (upwards(path), upwards(_real(root, path))) if named else ():
        for point in way:
            # The kernel has its own names, without links.
            if point in mounted or _real(root, point) in mounted:
                break
            if point in named:
                return point
    return ''


def upwards(path):
    """A path and all above it but /, the longest first."""
    found, path = [], os.path.normpath(path)
    while path.strip('/'):
        found.append(path)
        path = os.path.dirname(path)
    return found


def _real(root, path):
    """The node's own name of what a path leads to; of what lies outside of it this machine's."""
    real = os.path.realpath(root.at(path))
    return root.inside(real) or real


def _field(root, path, number):
    """What stands in one place of each line of a table of file systems; nothing without the table."""
    found = []
    try:
        with open(root.followed(path), 'rb') as stream:
            for line in stream:
                words = _NAME(line).split()
                if len(words) > number and words[0][0] != '#' and words[number].startswith('/'):
                    # Blanks and backslashes are written as octal numbers.
                    point = re.sub(r'\\([0-7]{3})', lambda code: chr(int(code.group(1), 8)), words[number])
                    found.append(os.path.normpath(point))
    except (IOError, OSError) as error:
        if error.errno != errno.ENOENT:
            raise
    return found
