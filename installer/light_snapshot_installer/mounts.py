"""Which file systems the node's /etc/fstab names, and whether they are mounted."""
import errno
import os
import re

#: Bytes as this Python names files, whatever the locale.
_NAME = getattr(os, 'fsdecode', lambda name: name)
_FSTAB, _MOUNTED = '/etc/fstab', '/proc/self/mountinfo'


def away(root, path):
    """The mount point of /etc/fstab, at `path` or above it, where nothing is mounted; '' without one, and for a node that is a tree.

    Raises IOError or OSError if that cannot be read.
    """
    if not root.live:
        return ''
    above = set(upwards(path)) | set(upwards(_real(root, path)))
    named = [point for point in _field(root, _FSTAB, 1) if point in above or _real(root, point) in above]
    mounted = _field(root, _MOUNTED, 4) if named else ()
    for point in named:
        if point not in mounted and _real(root, point) not in mounted:
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
