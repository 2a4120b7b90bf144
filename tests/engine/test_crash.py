"""The engine stopped between any two of its acts on a stopped server, and started again.

The process is ended by an exception that nothing catches before each single act (a fault between two calls:
what the real thing cannot be made to show at will). After it a new engine settles, and every byte is compared.
"""

import os
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
    server.write(30, 10, 3)
    return sums


OPERATIONS = {
    'snapshot': lambda e: e.snapshot('x'),
    'recover last': lambda e: e.recover(),
    'recover root': lambda e: e.recover(use_root=True),
    'recover index': lambda e: e.recover(index=1),
    'commit all': lambda e: e.commit_all(),
    'disable': lambda e: e.disable(),
    'store on': lambda e: e.store(True),
}
CASES = [(name, store) for name in sorted(OPERATIONS) for store in (False, True)
         if not (name == 'recover index' and not store) and not (name == 'store on' and store)]


@pytest.mark.parametrize('name,store', CASES, ids=['%s, %s' % (n, 'store' if s else 'plain') for n, s in CASES])
def test_killed_before_each_act(tmpdir, name, store):
    boundary, ended = 0, False
    prepared = Server(tmpdir, size=16 * 2 ** 20)
    sums = prepare(prepared, store)
    now = prepared.sum()
    while not ended:
        server = prepared.clone(tmpdir.join('run%d' % boundary))
        after = {'recover last': sums[3], 'recover root': sums[2], 'recover index': sums[1]}.get(name, now)
        patch = pytest.MonkeyPatch() if hasattr(pytest, 'MonkeyPatch') else _old_monkeypatch()
        countdown = Countdown(patch, boundary)
        try:
            engine = engines.Engine(server.directory, None, countdown.run)
            OPERATIONS[name](engine)
            engine.finish()
            ended = True
        except Killed:
            pass
        finally:
            patch.undo()
        engine = server.engine()
        engine.settle()
        engine.finish()
        assert server.sum() in (now, after), (name, boundary)
        check_nothing_lost_or_leaked(server, sums, boundary)
        boundary += 1
    assert boundary > 2
    assert server.sum() == after


def _old_monkeypatch():
    from _pytest.monkeypatch import MonkeyPatch
    return MonkeyPatch()


def check_nothing_lost_or_leaked(server, sums, boundary):
    record = server.engine().record
    if record is None:
        assert server.files() == []
        return
    assert record.job is None
    for index in server.indices():
        if index in sums:
            assert server.point_sum(index) == sums[index], (boundary, index)
    known = set(layer['file'] for layer in record.live) | set(entry['file'] for entry in record.kept.values())
    known.add(record.root['file'])
    known.update([layout.kept(entry['file']) for entry in record.kept.values()])
    left = [name for name in server.files() if name not in known and not name.startswith('snapshots/deleted/')]
    assert left == [], boundary
