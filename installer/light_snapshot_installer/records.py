"""The engine's records of servers on this host: <instances_path>/<uuid>/light-snapshot.json."""
import errno
import io
import json
import os

from light_snapshot_installer import errors, mounts

NAME = 'light-snapshot.json'

#: Nothing is there. Any other error of a file system (no right to look, a server of NFS that is away) hides what is.
_ABSENT = (errno.ENOENT, errno.ENOTDIR)
#: What a file system of its own has beside the servers, for its own root alone.
_NO_SERVERS = ('lost+found',)


class Unreadable(errors.Refused):
    """Which servers have layers cannot be seen."""


def read(root, instances_path):
    """[(uuid, live, problem)] of every server with a record on this host; `live` is True while it has layers in use.

    A record that cannot be read, or looked for, counts as live, and `problem` says why; otherwise `problem` is ''. A server
    in the middle of a resize has a second directory here, <uuid>_resize, which counts for the same server. A deleted server
    does not count: nova has renamed its directory to <uuid>_del (and leaves both <uuid>_del and <uuid>_resize behind
    when it was deleted in the middle of a resize). Raises Unreadable if the directory itself cannot be read, is not known, or lies
    on a file system that is not mounted.
    """
    found = {}
    # Not glob: it takes what it may not see for what is not there.
    names = _names(root, instances_path)
    for name in names:
        uuid = name.partition('_')[0]
        if uuid + '_del' in names and uuid not in names:
            continue
        one = _one(root, os.path.join(instances_path, name))
        if one is None:
            continue
        before = found.get(uuid, (False, ''))
        found[uuid] = (one[0] or before[0], one[1] or before[1])
    return [(uuid, live, problem) for uuid, (live, problem) in sorted(found.items())]


def _names(root, instances_path):
    """The directories of servers, and what else is there."""
    if '$' in instances_path or not instances_path.startswith('/'):
        raise _unreadable(instances_path or "nova.conf's instances_path", 'what it stands for is not known here',
                          "write it out as an absolute path in nova's configuration (instances_path)")
    try:
        # An empty directory is what is seen of a file system that did not come up.
        away = mounts.away(root, instances_path)
        if away:
            raise _unreadable(instances_path, 'nothing is mounted at %s, which /etc/fstab names' % away,
                              'mount it; or take it out of /etc/fstab if it is not used any more')
        names = os.listdir(root.followed(instances_path))
    except (IOError, OSError) as error:
        if _nothing(error, root, instances_path):
            return []
        raise _unreadable(instances_path, error.strerror, 'make it readable for root (is it mounted, may root look into it?)')
    return sorted(name for name in names if not name.startswith('.') and name not in _NO_SERVERS)


def _unreadable(path, why, next_step):
    return Unreadable('%s cannot be read (%s), so that which servers have live layers cannot be seen' % (path, why),
                      next_step=next_step + ', then run this again')


def _nothing(error, root, path):
    """True if an error says that nothing is there; a link to nowhere, on the way to it as well, is one to what is not mounted."""
    if getattr(error, 'errno', None) not in _ABSENT:
        return False
    return not any(os.path.islink(root.at(one)) and not os.path.exists(root.followed(one)) for one in mounts.upwards(path))


def _one(root, directory):
    """(live, problem) of the record in a server's directory; None without one."""
    path = os.path.join(directory, NAME)
    try:
        with io.open(root.followed(path), encoding='utf-8') as stream:
            record = json.load(stream)
        layers, base = record['live'], record['root']['file']
        if not isinstance(layers, list):
            raise ValueError('"live" is not a list')
    except (IOError, OSError, ValueError, KeyError, TypeError) as error:
        if _nothing(error, root, path):
            return None
        return True, 'its record cannot be read: %s: %s' % (type(error).__name__, error)
    # Where history is kept, commits do not reach `disk`: without us nova would boot that old state.
    return bool(layers) or base != 'disk' or bool(record.get('job')), ''
