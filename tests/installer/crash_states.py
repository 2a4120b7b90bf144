"""Which cuts leave one and the same state, so that it is recovered once (test_crashes.py). CPython 2.7 and 3.11."""
import hashlib
import json
import os
import stat
import struct
import sys

from crash_node import World
from light_snapshot_installer import paths

#: What no command sees: the tests' own notes, and the world, which is compared for itself.
UNSEEN = ('/proc/', '/var/log/said', '/var/log/world')
#: Nothing that a service loads.
NO_CODE = ('/var/', '/run/', '/share/')
#: Where a compiled file has the time of its source.
TIME_AT = 8 if sys.version_info >= (3, 7) else 4
#: Of the states that were seen before, each of this number is recovered all the same.
AGAIN = 20


class States(object):
    """The states that the cuts of one command left, and what became of each; `times`: the times of files before it."""

    def __init__(self, times):
        self.times = times
        self.verdicts = {}
        #: How many states were seen before, and how many of these were recovered all the same.
        self.seen = self.again = 0

    def judge(self, node, recover):
        """Raise AssertionError if the node, as it is now, does not recover; `recover()` tries it, and returns what is wrong or ''."""
        key = fingerprint(node, self.times)
        if key not in self.verdicts:
            self.verdicts[key] = recover()
        else:
            self.seen += 1
            if self.seen % AGAIN == 0:
                self.again += 1
                found, before = recover(), self.verdicts[key]
                assert bool(found) == bool(before), 'a state that was seen before has another end: %s, and before: %s' % (
                    found or 'well', before or 'well')
        assert not self.verdicts[key], self.verdicts[key]


def times_of(node):
    """The modification times of a node's files."""
    return set(os.lstat(os.path.join(directory, leaf)).st_mtime
               for directory, _names, leaves in os.walk(node.top) for leaf in leaves)


def fingerprint(node, times):
    """A digest of `sight`."""
    return hashlib.sha256(json.dumps(sight(node, times), sort_keys=True).encode('ascii')).hexdigest()


def sight(node, times):
    """All that a command can see of a node, or that is compared afterwards: what JSON can hold.

    A time that is not one of `times` counts as new; how it stands to others counts where anything compares the two.
    """
    changed, files, links = {}, {}, {}
    for directory, names, leaves in os.walk(node.top):
        for name in names + leaves:
            path = os.path.join(directory, name)
            relative = path[len(node.top):]
            if relative.startswith(UNSEEN):
                continue
            facts = os.lstat(path)
            seen = [facts.st_mode, facts.st_uid, facts.st_gid]
            if stat.S_ISLNK(facts.st_mode):
                seen.append(os.readlink(path))
            elif not stat.S_ISDIR(facts.st_mode):
                old = facts.st_mtime in times
                if not old:
                    changed[relative] = facts.st_mtime
                seen.extend([facts.st_mtime if old else 'new', _contents(node, path, old, times)])
                if facts.st_nlink > 1:
                    links.setdefault(facts.st_ino, []).append(relative)
            files[relative] = seen
    return [files, sorted(sorted(group) for group in links.values()), _world(node, times, changed)]


def _contents(node, path, old, times):
    with open(path, 'rb') as stream:
        data = stream.read()
    if path == node.top + paths.STATE_FILE:
        try:
            return _record(node, json.loads(data.decode('utf-8')), times)
        except ValueError:
            pass
    elif '.pyc' in path and not old and len(data) >= TIME_AT + 4:
        time, = struct.unpack('<I', data[TIME_AT:TIME_AT + 4])
        source = _source(path)
        fits = [time == _time(name) for name in (source, source + paths.SUFFIX)]
        return ['compiled', fits, hashlib.sha1(data[:TIME_AT] + data[TIME_AT + 4:]).hexdigest()]
    return hashlib.sha1(data).hexdigest()


def _source(path):
    """The source of a compiled file, of one that is put aside, or of one that is still being written."""
    directory, name = os.path.split(path)
    if os.path.basename(directory) == '__pycache__':
        directory = os.path.dirname(directory)
    return os.path.join(directory, name.lstrip('.').partition('.')[0] + '.py')


def _time(path):
    return int(os.lstat(path).st_mtime) if os.path.lexists(path) else None


def _record(node, record, times):
    """state.json without what only tells when; a new time of a source of nova's by whether it is that of the file that is there."""
    for name in ('time', 'restarted'):
        record.pop(name, None)
    for path, facts in record['bytecode'].items():
        if facts['mtime'] not in times:
            facts['mtime'] = [os.path.lexists(name) and abs(os.lstat(name).st_mtime - facts['mtime']) < 0.001
                              for name in (node.top + path, node.top + path + paths.SUFFIX)]
    return record


def _world(node, times, changed):
    """What is not in the file system. Of a service: its code, and which files are newer than it is."""
    data = dict(World(node).data)
    # Only ever compared with those of a moment before.
    for name in ('next', 'reports'):
        data.pop(name)
    running = {}
    for name, facts in data.pop('services').items():
        facts = dict(facts)
        facts.pop('pid')
        start = facts.pop('start')
        facts['behind'] = sorted(path for path, time in changed.items() if start < time and not path.startswith(NO_CODE))
        facts['began'] = start < max(times)
        running[name] = facts
    return [running, sorted((name, sorted(value) if isinstance(value, list) else value) for name, value in data.items())]
