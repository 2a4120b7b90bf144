"""The engine's records of servers on this host: <instances_path>/<uuid>/light-snapshot.json."""
import glob
import io
import json
import os

NAME = 'light-snapshot.json'


def read(root, instances_path):
    """[(uuid, live, problem)] of every server with a record on this host; `live` is True while it has layers in use.

    A record that cannot be read counts as live, and `problem` says why; otherwise `problem` is ''. A server in the
    middle of a resize has a second directory here, <uuid>_resize, which counts for the same server. A deleted server
    does not count: nova has renamed its directory to <uuid>_del (and leaves both <uuid>_del and <uuid>_resize behind
    when it was deleted in the middle of a resize).
    """
    found, top = {}, root.at(instances_path)
    for path in sorted(glob.glob(os.path.join(top, '*', NAME))):
        uuid = os.path.basename(os.path.dirname(path)).partition('_')[0]
        if os.path.isdir(os.path.join(top, uuid + '_del')) and not os.path.isdir(os.path.join(top, uuid)):
            continue
        live, problem = _one(path)
        before = found.get(uuid, (False, ''))
        found[uuid] = (live or before[0], problem or before[1])
    return [(uuid, live, problem) for uuid, (live, problem) in sorted(found.items())]


def _one(path):
    try:
        with io.open(path, encoding='utf-8') as stream:
            record = json.load(stream)
        layers, root = record['live'], record['root']['file']
        if not isinstance(layers, list):
            raise ValueError('"live" is not a list')
    except (IOError, OSError, ValueError, KeyError, TypeError) as error:
        return True, 'its record cannot be read: %s: %s' % (type(error).__name__, error)
    # Where history is kept, commits do not reach `disk`: without us nova would boot that old state.
    return bool(layers) or root != 'disk' or bool(record.get('job')), ''
