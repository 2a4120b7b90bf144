"""The engine stopped between any two of its acts on a stopped server, and started again.

The process is ended by an exception that nothing catches before each single act (a fault between two calls:
what the real thing cannot be made to show at will). After it a new engine settles, and every byte is compared.
"""

import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server  # noqa: E402

from light_snapshot.engine import engine as engines, files as engine_files, layout, record as records  # noqa: E402


class Killed(BaseException):
    """Not an Exception: no clean-up code of the engine may run after it, as after SIGKILL."""


class Countdown(object):
    """Ends the process before the n-th act: privileged acts, saves of the record, renames and removals."""

    def __init__(self, monkeypatch, after):
        self.left = after
        for owner, name in ((records.Record, 'save'), (records.Record, 'remove'), (engine_files.Files, 'remove'),
                            (engine_files.Files, 'discard'), (engine_files.Files, 'keep')):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def tick(self):
        if self.left == 0:
            raise Killed()
        self.left -= 1

    def _counted(self, original):
        def counted(*args, **kwargs):
            self.tick()
            return original(*args, **kwargs)
        return counted

    def run(self, name, *args):
        self.tick()
        return engine_files.run_here(name, *args)


def prepare(server, store):
    """A server with three snapshots and writes since; gives {index: checksum}."""
    server.enable(store)
    sums = {}
    for number in (1, 2, 3):
        server.write(number, number)
        sums[number] = server.sum()
        server.snapshot()
    server.write(30, 4, 3)
    return sums


def _previewed(server):
    engine = server.engine()
    engine.preview(use_root=True)
    engine.finish()


def _branched(server):
    """Two things stand on 1."""
    server.recover(index=1, safety=False)


#: what a server is brought to before some operations
BEFORE = {'keep a preview': _previewed, 'undo a preview': _previewed, 'delete a fork': _branched}

OPERATIONS = {
    'snapshot': lambda e: e.snapshot('x'),
    'recover last': lambda e: e.recover(),
    'recover root': lambda e: e.recover(use_root=True),
    'recover index': lambda e: e.recover(index=1),
    'commit all': lambda e: e.commit_all(),
    'disable': lambda e: e.disable(),
    'store on': lambda e: e.store(True),
    'recover last, no safety': lambda e: e.recover(safety=False),
    'preview last': lambda e: e.preview(),
    'preview root': lambda e: e.preview(use_root=True),
    'preview index': lambda e: e.preview(index=1),
    'keep a preview': lambda e: e.keep_preview(),
    'undo a preview': lambda e: e.undo_preview(),
    'delete the last': lambda e: e.delete(3),
    'delete the root': lambda e: e.delete(2),
    'delete a kept one': lambda e: e.delete(1),
    'delete a fork': lambda e: e.delete(1),
    'retain one': lambda e: e.retain(1),
}
ON_TWO_DISKS = ('snapshot', 'recover root', 'delete a kept one')
#: On 2.7 before each third act: what the engine does between them is the same, and it takes minutes.
STEP = 1 if sys.version_info[0] > 2 else 3
WITH_STORE = ('recover index', 'preview index', 'delete a kept one', 'delete a fork', 'retain one', 'recover last, no safety')
CASES = [(name, store) for name in sorted(OPERATIONS) for store in (False, True)
         if not (name in WITH_STORE and not store) and not (name == 'store on' and store)]


def _old_monkeypatch():
    from _pytest.monkeypatch import MonkeyPatch
    return MonkeyPatch()


def run(server, name, boundary):
    """An operation that is killed before its act of this number, from 0 on. Returns whether it came to its end."""
    patch = pytest.MonkeyPatch() if hasattr(pytest, 'MonkeyPatch') else _old_monkeypatch()
    countdown = Countdown(patch, boundary)
    try:
        engine = engines.Engine(server.directory, None, countdown.run)
        OPERATIONS[name](engine)
        engine.finish()
        return True
    except Killed:
        return False
    finally:
        patch.undo()


def come_back(server):
    """What nova-compute does when it starts."""
    engine = server.engine()
    engine.settle()
    engine.finish()


@pytest.mark.parametrize('name,store', CASES, ids=['%s, %s' % (n, 'store' if s else 'plain') for n, s in CASES])
def test_killed_before_each_act(tmpdir, name, store):
    boundary, ended = 0, False
    prepared = Server(tmpdir, size=8 * 2 ** 20, others=('disk.swap',) if store and name in ON_TWO_DISKS else ())
    sums = prepare(prepared, store)
    now = prepared.sum()
    BEFORE.get(name, lambda server: None)(prepared)
    shown = prepared.sum()
    while not ended:
        server = prepared.clone(tmpdir.join('run%d' % boundary))
        after = {'recover last': sums[3], 'recover root': sums[2], 'recover index': sums[1],
                 'recover last, no safety': sums[3], 'preview last': sums[3], 'preview root': sums[2],
                 'preview index': sums[1], 'undo a preview': now}.get(name, shown)
        ended = run(server, name, boundary)
        come_back(server)
        assert server.sum() in (shown, after), (name, boundary)
        last = server.sum()
        check_nothing_lost_or_leaked(server, sums, boundary)
        shutil.rmtree(server.directory)
        boundary += STEP
    assert boundary > 2
    assert last == after


@pytest.mark.parametrize('name', ['snapshot', 'recover index', 'delete the last'])
def test_renamed_after_a_crash(tmpdir, name):
    """The job that was cut off takes the name back at none of its acts."""
    prepared = Server(tmpdir, size=8 * 2 ** 20)
    prepare(prepared, True)
    boundary, ended, under_way = 0, False, 0
    while not ended:
        server = prepared.clone(tmpdir.join('run%d' % boundary))
        ended = run(server, name, boundary)
        under_way += server.engine().record.job is not None
        server.engine().describe(1, 'mine', 'for good')
        come_back(server)
        assert [(point['name'], point['description']) for point in server.engine().points() if point['index'] == 1] == [('mine', 'for good')]
        shutil.rmtree(server.directory)
        boundary += 1
    assert under_way > 1


def check_nothing_lost_or_leaked(server, sums, boundary):
    record = server.engine().record
    if record is None:
        assert server.files() == []
        return
    assert record.job is None
    if boundary % (3 * STEP) == 0:
        # It looks into every file; what is left over is seen each time, below.
        assert server.engine().check() == [], boundary
    for index in server.indices():
        if index in sums:
            assert server.point_sum(index) == sums[index], (boundary, index)
    known = set(layout.of(disk, name) for disk in record.disk_names for name in record.files())
    known.update([layout.kept(name) for name in known])
    assert [name for name in server.files() if name not in known and not name.startswith(layout.DELETED + '/')] == [], boundary
