"""A check: the engine's findings, the database's columns beside the record, and the server's lock."""

import threading

import pytest

from nova import utils

from light_snapshot.engine import errors
from light_snapshot.nova import checking
from light_snapshot.nova import driver
from light_snapshot.nova import manager
from light_snapshot.nova import state

from stand_in import Context, Engine, Instance

FOUND = {'code': 'orphan', 'severity': 'warning', 'file': 'disk.light-9', 'message': 'm', 'repaired': False}
RIGHT = {'light_snapshot_enable': True, 'snapshot_committed': False, 'snapshot_index': 7, 'root_index': 3,
         'snapshot_store': True, 'snapshot_daily': True}
PLAIN = {'light_snapshot_enable': False, 'snapshot_committed': False, 'snapshot_index': None, 'root_index': None,
         'snapshot_store': False, 'snapshot_daily': False}


class Columns(object):
    def __init__(self, values):
        self.__dict__.update(values)


@pytest.fixture
def columns(monkeypatch):
    """The row of the server in the database."""
    row = dict(RIGHT)
    monkeypatch.setattr(state.LightSnapshotState, 'get', classmethod(lambda _cls, _context, _uuid: Columns(row)))
    return row


@pytest.fixture
def saved(monkeypatch):
    done = []
    monkeypatch.setattr(driver, 'save_columns', lambda _context, _instance, record: done.append(record))
    return done


def enabled():
    return Instance(light_snapshot_enable='True')


def test_nothing_is_wrong(columns, saved):
    assert checking.findings(None, enabled(), Engine()) == []
    assert checking.findings(None, enabled(), Engine(), repair=True) == []
    assert saved == []


def test_what_the_engine_finds_comes_first(columns, saved):
    engine, columns['root_index'] = Engine(), 2
    engine.found = [FOUND]
    found = checking.findings(None, enabled(), engine)
    assert found[0] == FOUND and found[1]['code'] == 'columns' and engine.done() == [('check', False)]
    assert 'root_index is 2 and has to be 3' in found[1]['message'] and 'snapshot_index' not in found[1]['message']
    assert (found[1]['severity'], found[1]['file'], found[1]['repaired']) == ('error', None, False)
    assert saved == []
    found = checking.findings(None, enabled(), engine, repair=True)
    assert [one['repaired'] for one in found] == [True, True] and engine.done() == [('check', True)]
    assert saved == [engine.record]


@pytest.mark.parametrize('name', sorted(set(RIGHT) - {'snapshot_daily'}))
def test_each_column_counts(columns, name):
    columns[name] = None if name.endswith('index') else not columns[name]
    assert [one['code'] for one in checking.findings(None, enabled(), Engine())] == ['columns']


def test_the_mark_counts(columns):
    found = checking.findings(None, Instance(), Engine())
    assert 'the mark in its system metadata is missing' in found[0]['message']


def test_a_plain_server(columns, saved):
    engine = Engine()
    engine.record = None
    columns.update(PLAIN)
    assert checking.findings(None, Instance(), engine) == []
    columns['snapshot_store'] = True
    found = checking.findings(None, enabled(), engine, repair=True)
    assert 'snapshot_store is True and has to be False' in found[0]['message']
    assert 'the mark in its system metadata is left over' in found[0]['message'] and saved == [None]


def test_an_engine_that_refuses(columns):
    class Refusing(Engine):
        def check(self, repair=False):
            raise errors.Refused('no')
    engine = Refusing()
    with pytest.raises(errors.Refused):
        checking.findings(None, enabled(), engine)
    engine.record = None
    columns.update(PLAIN)
    assert checking.findings(None, Instance(), engine) == []


# ---- through the endpoint

class Manager(object):
    driver = None


def look(monkeypatch, engine):
    def engine_of(_driver, _instance):
        if isinstance(engine, Exception):
            raise engine
        return engine
    monkeypatch.setattr(driver, 'engine_of', engine_of)
    return manager.Endpoint(Manager()).check(Context(), enabled())


def test_the_answer(columns, monkeypatch):
    engine = Engine()
    engine.found = [FOUND]
    assert look(monkeypatch, engine) == {'findings': [FOUND]}


def test_a_record_that_cannot_be_read_is_a_finding(columns, monkeypatch):
    found, = look(monkeypatch, errors.EngineError('The record is damaged'))['findings']
    assert (found['code'], found['severity'], found['file'], found['message'], found['repaired']) == (
        'record', 'error', 'light-snapshot.json', 'The record is damaged', False)


@pytest.mark.parametrize('error, code', [(errors.EngineError('cannot be'), 409), (ValueError('cannot be'), 500)])
def test_a_check_that_cannot_be(columns, monkeypatch, error, code):
    engine = Engine()

    def check(repair=False):
        raise error
    engine.check = check
    answer = look(monkeypatch, engine)
    assert answer['code'] == code and 'cannot be' in answer['message']


def test_a_server_that_is_busy_is_not_looked_at(columns, monkeypatch):
    """What is under way looks broken. The check waits, but not for ever."""
    monkeypatch.setattr(checking, 'PATIENCE', 0.1)
    held, over = threading.Event(), threading.Event()

    @utils.synchronized(Instance.uuid)
    def busy():
        held.set()
        over.wait(30)
    thread = threading.Thread(target=busy)
    thread.start()
    assert held.wait(30)
    engine = Engine()
    answer = look(monkeypatch, engine)
    assert answer['code'] == 409 and 'Something else is under way' in answer['message']
    over.set()
    thread.join(30)
    assert look(monkeypatch, engine) == {'findings': []}
