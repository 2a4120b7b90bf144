"""Who took each restore point: with a real engine on real files, and a context as nova-compute has it."""

import contextlib
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'engine'))
from disk import Server  # noqa: E402

from light_snapshot.engine import engine as engines  # noqa: E402
from light_snapshot.engine import files as engine_files  # noqa: E402
from light_snapshot.nova import driver, manager, names, places, takers  # noqa: E402

from stand_in import Context, Instance, came  # noqa: E402

NAMED = {'name': '', 'description': '', 'quiesce': False}


class Manager(object):
    """A compute manager of the host `h`, whose driver gives the server's engine."""

    host, driver = 'h', None


class Killed(Exception):
    pass


@contextlib.contextmanager
def reporter(*_args):
    yield


@pytest.fixture
def server(tmpdir, monkeypatch):
    """A server that is off, with history, whose operations are nova-compute's."""
    made = Server(tmpdir)
    monkeypatch.setattr(driver, 'engine_of', lambda _driver, _instance: made.engine())
    monkeypatch.setattr(driver, 'save_columns', lambda *_args: None)
    monkeypatch.setattr(places, 'event_reporter', reporter)
    monkeypatch.setattr(manager.hooks, 'problems', [])
    engine = made.engine()
    takers.by(engine, 'enabler', engine.enable, made.nova_disks(), True)
    engine.finish()
    return made


def of(user):
    context = Context()
    context.user_id = user
    return context


def operate(user, operation, **args):
    """The answer, once all of the work is done."""
    work = manager.Work(Manager(), of(user), Instance(names.TASK_STATES[operation]), operation, args)
    work.run()
    return work.answer


def told():
    """{index: who took it}, as the list tells."""
    return dict((point['index'], point['taken_by'])
                for point in came(manager.Endpoint(Manager()).points(Context(), Instance()))['points'])


def test_each_by_whoever_asked(server):
    first = operate('alice', 'snapshot', **NAMED)['index']
    second = operate('bob', 'snapshot', **NAMED)['index']
    daily = operate(None, 'snapshot', daily={'slot': '2026-11-27', 'taken': '2026-11-27'}, **NAMED)['index']
    assert told() == {0: 'enabler', first: 'alice', second: 'bob', daily: 'daily'}


def test_those_that_other_operations_make(server):
    point = operate('alice', 'snapshot', **NAMED)['index']
    safety = server.engine().record.live[-1]['index']
    assert operate('bob', 'recover', index=point, use_root=False, safety=True) == {}
    assert told()[safety] == 'bob'
    safety = server.engine().record.live[-1]['index']
    operate('bob', 'preview', index=point, use_root=False)
    assert operate('carol', 'keep_preview') == {}
    assert told()[safety] == 'carol' and told()[point] == 'alice'
    last = server.engine().record.live[-1]['index']
    assert operate('dave', 'commit') == {}
    assert told()[last] == 'dave'


def test_history_that_is_switched_on(server):
    operate('alice', 'store', enable=False)
    for _number in range(2):
        operate('alice', 'snapshot', **NAMED)
    active = server.engine().record.live[-1]['index']
    assert operate('bob', 'store', enable=True) == {}
    assert told()[active] == 'bob'


def test_what_a_preview_leaves_is_as_before(server):
    point = operate('alice', 'snapshot', **NAMED)['index']
    before = told()
    operate('bob', 'preview', index=0, use_root=False)
    assert told() == before
    operate('bob', 'undo_preview')
    assert told() == before and told()[point] == 'alice'


def test_refused_snapshot_is_nobodys(server):
    operate('alice', 'snapshot', **NAMED)
    operate('alice', 'preview', index=0, use_root=False)
    assert operate('mallory', 'snapshot', **NAMED)['code'] == 409
    operate('alice', 'undo_preview')
    assert operate('bob', 'snapshot', **NAMED)['index'] in told()
    assert 'mallory' not in told().values()


def test_one_that_was_cut_off_is_its_own_users(server):
    def run(name, *args):
        if name == 'create':
            raise Killed()
        return engine_files.run_here(name, *args)
    engine = engines.Engine(server.directory, None, run)
    with pytest.raises(Killed):
        takers.by(engine, 'alice', engine.snapshot, 'never made')
    index = operate('bob', 'snapshot', **NAMED)['index']
    assert told() == {0: 'enabler', index: 'bob'}


def test_forgotten_with_its_restore_point(server):
    for _number in range(3):
        gone = operate('alice', 'snapshot', **NAMED)['index']
        operate('alice', 'snapshot', **NAMED)
        operate('alice', 'delete', index=gone)
    operate('bob', 'snapshot', **NAMED)
    record = server.engine().record
    assert set(record.data[takers.KEY]) == set(record.points)


def test_record_of_an_older_release(server):
    record = server.engine().record
    del record.data[takers.KEY]
    record.save()
    assert told() == {0: None}
    index = operate('alice', 'snapshot', **NAMED)['index']
    assert told() == {0: None, index: 'alice'}


def test_a_plain_server(server, monkeypatch):
    monkeypatch.setattr(driver, 'engine_of', lambda _driver, _instance: engines.Engine('/nowhere', None))
    assert operate('alice', 'snapshot', **NAMED)['code'] == 409
