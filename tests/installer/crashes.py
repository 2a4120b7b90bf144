"""Kills, power losses, failing calls and full disks at each act of the installer that changes something (test_crashes.py).

The installer runs in a child process, on a node in a directory. A layer over os.*, over the programs that it runs and over
the statements that it sends counts its acts, and lets one of them be the last. CPython 2.7 and 3.11.
"""
import contextlib
import errno
import io
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
import traceback

from crash_node import World
from installer_fakes import Text
from light_snapshot_installer import cli, database, files, output, process, rehearsal, run, services, serving

KILL, POWER, SOME_POWER, ERROR, FULL = 'killed', 'power lost', 'power lost, some of it kept', 'call failed', 'disk full'
KINDS = (KILL, POWER, SOME_POWER, ERROR, FULL)
#: Nothing of the node's: its processes, the tests' own things, the lock.
APART = ('/run/', '/proc/', '/share/', '/bin-fake/', '/var/log/')
#: The exit code of a run that the fault ended.
CUT = 9
subprocess_call = subprocess.call


class Clock(object):
    """A time in which nothing has to be waited for."""

    passed = 0.0

    def time(self):
        return time.time() + self.passed

    def sleep(self, seconds):
        self.passed += seconds


def newest_change(root, paths_of_files):
    """services.newest_change by the times of contents: a node's copy has other times of change."""
    return max([0.0] + [os.lstat(root.at(path)).st_mtime for path in paths_of_files if os.path.lexists(root.at(path))])


def oldest_change(root, paths_of_files):
    """services.oldest_change, of the same."""
    return min([os.lstat(root.at(path)).st_mtime for path in paths_of_files if os.path.lexists(root.at(path))] or [0.0])


class Layer(object):
    """Counts the acts of this process under `top`, and brings about a fault before act number `at` (none if None)."""

    def __init__(self, node, kind=KILL, at=None):
        self.node, self.kind, self.at, self.acts = node, kind, at, 0
        self.world = World(node)
        self.open, self.unsynced, self.undo = {}, set(), []
        self.stash = tempfile.mkdtemp(prefix='stash', dir=os.path.dirname(node.top))
        self.real = dict((name, getattr(os, name)) for name in (
            'open', 'close', 'write', 'fsync', 'fchmod', 'mkdir', 'rmdir', 'link', 'symlink', 'unlink', 'rename'))

    def ours(self, path):
        path = os.path.abspath(path)
        return path.startswith(self.node.top + '/') and not path[len(self.node.top):].startswith(APART)

    def act(self, what, space=False, syncs=False):
        """One act is about to happen."""
        if syncs and self.kind == KILL:
            return
        self.acts += 1
        if self.at is None or self.acts < self.at:
            return
        if self.kind == FULL:
            if space:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), what)
        elif self.acts == self.at:
            if self.kind == ERROR:
                raise OSError(errno.EIO, os.strerror(errno.EIO), what)
            if self.kind in (POWER, SOME_POWER):
                self.lose_power()
            os._exit(CUT)

    def read(self, path, *mode):
        """For files.open: a file of the package's share that cannot be read, as open() and read() say it on either Python."""
        if self.kind == ERROR and path.startswith(self.node.share + '/'):
            self.acts += 1
            if self.acts == self.at:
                raise IOError(errno.EIO, os.strerror(errno.EIO), path)
        return open(path, *mode)

    def lose_power(self):
        """Take back what was not synced (SOME_POWER: of each directory's changes, from one of them on)."""
        chance, last = random.Random(self.at), {}
        for directory in sorted(set(entry[0] for entry in self.undo)):
            count = len([entry for entry in self.undo if entry[0] == directory])
            last[directory] = chance.randint(0, count) if self.kind == SOME_POWER else 0
        lost = []
        for directory, undo in self.undo:
            last[directory] -= 1
            if last[directory] < 0:
                lost.append(undo)
        for undo in reversed(lost):
            try:
                undo()
            except OSError as error:
                # The directory itself went, and with it what was in it.
                if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                    raise
        for path in self.unsynced:
            if os.path.isfile(path):
                open(path, 'wb').close()
        self.world.boot()

    def keep(self, path):
        """A second name, outside of the node, for what is at `path`; None if nothing is."""
        if not os.path.lexists(path):
            return None
        kept = '%s/%d' % (self.stash, len(os.listdir(self.stash)))
        self.real['link'](path, kept)
        return kept

    def undoing(self, path, undo):
        self.undo.append((os.path.dirname(path), undo))

    def calls(self):
        """{name: replacement} of functions of os."""
        real = self.real

        def back(kept, path):
            return lambda: real['link'](kept, path)

        def one(name, space, undo):
            def call(path, *rest):
                if not self.ours(path):
                    return real[name](path, *rest)
                self.act('%s %s' % (name, path), space)
                undone = undo(path)
                answer = real[name](path, *rest)
                self.undoing(path, undone)
                return answer
            return call

        def unlink_undo(path):
            if not os.path.lexists(path):
                return lambda: None
            return back(self.keep(path), path)

        def rmdir_undo(path):
            return lambda: real['mkdir'](path, 0o755)

        def mkdir_undo(path):
            def undo():
                # Not shutil.rmtree: it calls what these functions replace, and otherwise than the installer does.
                for directory, names, leaves in os.walk(path, topdown=False):
                    for leaf in names + leaves:
                        leaf = os.path.join(directory, leaf)
                        real['unlink' if os.path.islink(leaf) or not os.path.isdir(leaf) else 'rmdir'](leaf)
                real['rmdir'](path)
            return undo

        def two(name, space):
            def call(path, other):
                if not self.ours(other):
                    return real[name](path, other)
                self.act('%s %s' % (name, other), space)
                kept = self.keep(other) if name == 'rename' else None
                answer = real[name](path, other)
                if name == 'rename':
                    def undo():
                        real['rename'](other, path)
                        if kept:
                            real['link'](kept, other)
                    self.unsynced = set(other if one == path else one for one in self.unsynced)
                else:
                    def undo():
                        real['unlink'](other)
                self.undoing(other, undo)
                return answer
            return call

        def open_(path, flags, *rest):
            new = self.ours(path) and flags & os.O_CREAT and not os.path.lexists(path)
            if new:
                self.act('create %s' % path, True)
            descriptor = real['open'](path, flags, *rest)
            if new:
                self.unsynced.add(path)
                self.undoing(path, lambda: real['unlink'](path))
            if self.ours(path):
                self.open[descriptor] = path
            return descriptor

        def close(descriptor):
            self.open.pop(descriptor, None)
            return real['close'](descriptor)

        def write_(descriptor, data):
            if descriptor in self.open:
                self.act('write %s' % self.open[descriptor], True)
                if len(data) > 1:
                    # A write may be cut off, too.
                    half = real['write'](descriptor, data[:len(data) // 2])
                    self.act('write the rest of %s' % self.open[descriptor], True)
                    return half + real['write'](descriptor, data[len(data) // 2:])
            return real['write'](descriptor, data)

        def fchmod(descriptor, mode):
            if descriptor in self.open:
                self.act('chmod %s' % self.open[descriptor])
            return real['fchmod'](descriptor, mode)

        def fsync(descriptor):
            path = self.open.get(descriptor)
            if path:
                self.act('sync %s' % path, syncs=True)
                self.unsynced.discard(path)
                self.undo = [entry for entry in self.undo if entry[0] != path]
            return real['fsync'](descriptor)

        return {'open': open_, 'close': close, 'write': write_, 'fchmod': fchmod, 'fsync': fsync,
                'mkdir': one('mkdir', True, mkdir_undo), 'rmdir': one('rmdir', False, rmdir_undo),
                'unlink': one('unlink', False, unlink_undo), 'link': two('link', True),
                'symlink': two('symlink', True), 'rename': two('rename', False)}

    def program(self, argv, **keywords):
        """For subprocess.call in run.run."""
        changes = argv[0] in ('service', 'apparmor_parser') or '--add' in argv or '--remove' in argv
        if changes:
            try:
                self.act(' '.join(argv), argv[0] == 'dpkg-divert')
            except OSError:
                return 2
        if argv[0] == 'service':
            return self.world.restart(argv[1])
        if argv[0] == 'apparmor_parser':
            self.world.apparmor_parser(*argv[1:])
            return 0
        return subprocess_call(argv, **keywords)

    def query(self, _connection, sql, _arguments=(), **_patience):
        """For database.query."""
        if sql.startswith('ALTER'):
            self.act(sql)
        return self.world.query(sql)

    @contextlib.contextmanager
    def session(self, _url):
        """For database.session."""
        yield None

    def install(self):
        """Put the layer under the installer in this process, which has to end soon."""
        for name, call in self.calls().items():
            setattr(os, name, call)
        os.remove = os.unlink
        files.open = self.read
        run.subprocess.call = self.program
        database.query, database.session = self.query, self.session
        process.every = self.world.processes
        services.newest_change, services.oldest_change = newest_change, oldest_change
        process.connections = lambda _root, _pids: (set([('127.0.0.1', 8774)]), set())
        serving.web.status = lambda _address, _port, _path: 300
        serving.time, serving.SETTLED = Clock(), 0


def perform(node, argv, kind=KILL, at=None, told=False):
    """Run the command in a child; (exit code, acts counted, what it printed).

    :param told: what it printed is the list of what it did, in the form of `--dry-run --json`
    """
    said = node.top + '/var/log/said'
    child = os.fork()
    if child == 0:
        code = 70
        try:
            layer = Layer(node, kind, at)
            stdout, stderr = Text(), Text()
            layer.install()
            out = output.Output(argv[0], '--json' in argv, stdout, stderr)
            code = cli.main(list(argv), node.root, out, node.share)
            text = stderr.text + stdout.text
            if told:
                text = json.dumps({'changes': [dict(zip(('act', 'what', 'detail'), change))
                                               for change in rehearsal.changes(node.root)]})
        except BaseException:
            text = traceback.format_exc()
            code = 70
        try:
            with io.open(said, 'w', encoding='utf-8') as stream:
                stream.write(u'%d\n%s' % (layer.acts, text if isinstance(text, type(u'')) else text.decode('utf-8')))
        finally:
            os._exit(code)
    code = os.WEXITSTATUS(os.waitpid(child, 0)[1])
    for name in os.listdir(os.path.dirname(node.top)):
        if name.startswith('stash'):
            shutil.rmtree(os.path.dirname(node.top) + '/' + name)
    if code == CUT:
        return code, at, ''
    with io.open(said, encoding='utf-8') as stream:
        count, _, text = stream.read().partition('\n')
    return code, int(count), text


def well(node, *argv):
    """Run the command; it must succeed."""
    code, acts, text = perform(node, argv)
    assert code == 0, '%s: exit code %d: %s' % (' '.join(argv), code, text)
    return acts
