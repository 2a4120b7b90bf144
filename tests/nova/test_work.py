"""What nova-compute does for each operation: which of the engine's methods, in which order, with the power where."""

import contextlib

import pytest

from light_snapshot.nova import checking
from light_snapshot.engine import errors
from light_snapshot.nova import driver
from light_snapshot.nova import faults
from light_snapshot.nova import manager
from light_snapshot.nova import names
from light_snapshot.nova import places
from light_snapshot.nova import settling

from stand_in import Context, Engine, Instance, came

OFF, ON, JOB, FINISH, SAVED = ('power off',), ('power on',), ('finish_job',), ('finish',), ('columns',)
CUT = ('consistency', 'crash-consistent')
#: Those that a running server is switched off for.
WITHOUT_POWER = pytest.mark.parametrize('operation, args', [
    ('recover', {'index': 3, 'use_root': False}), ('undo_preview', {}), ('preview', {'index': 3, 'use_root': False})])


class Manager(object):
    host = 'h'

    def __init__(self, engine):
        self.driver = self
        self._engine = engine

    def _get_instance_block_device_info(self, _context, _instance):
        if self._engine.away:
            raise IOError('the message queue is away')

    def power_off(self, _instance, _timeout, _interval):
        self._engine.asked.append(OFF)
        self._engine.on = False


@pytest.fixture
def engine(monkeypatch):
    """The engine behind a manager whose driver and database are noted beside it."""
    made = Engine()
    made.away = False
    monkeypatch.setattr(driver, 'engine_of', lambda _driver, _instance: made)
    monkeypatch.setattr(driver, 'save_columns', lambda _context, _instance, _record: made.asked.append(SAVED))
    monkeypatch.setattr(manager, '_start', lambda *_args: made.asked.append(ON))

    @contextlib.contextmanager
    def reporter(_context, _host, event, _uuid):
        made.event = event
        yield
    monkeypatch.setattr(places, 'event_reporter', reporter)
    monkeypatch.setattr(manager.hooks, 'problems', [])
    monkeypatch.setattr(faults.compute_utils, 'add_instance_fault_from_exc',
                        lambda _context, _instance, exc, _info: made.asked.append(('fault', str(exc))))
    return made


def operate(engine, operation, **args):
    """The answer, once all of the work is done; the task state has to be given back."""
    instance = Instance(names.TASK_STATES[operation])
    work = manager.Work(Manager(engine), Context(), instance, operation, args)
    work.run()
    assert work.begun.is_set() and instance.task_state is None
    return work.answer


@pytest.mark.parametrize('operation, args, asked', [
    ('delete', {'index': 3}, [('check_enabled',), ('delete', 3), FINISH, SAVED]),
    ('keep_preview', {}, [('check_enabled',), ('keep_preview',), FINISH, SAVED]),
    ('retain', {'count': 5, 'days': 30}, [('check_enabled',), ('retain', ('count', 5), ('days', 30)), FINISH, SAVED]),
    ('recover', {'index': 3, 'use_root': False},
     [('check_recover', 3, False, None), OFF, ('recover', 3, False, None, CUT), JOB, ON, FINISH, SAVED]),
    ('recover', {'index': None, 'use_root': True, 'safety': False},
     [('check_recover', None, True, False), OFF, ('recover', None, True, False, CUT), JOB, ON, FINISH, SAVED]),
    ('preview', {'index': 3, 'use_root': False},
     [('check_enabled',), ('check_preview', 3, False), ('prepare_preview', 3, False), OFF,
      ('preview', 3, False, CUT), JOB, ON, FINISH, SAVED]),
    ('undo_preview', {}, [('check_enabled',), ('check_undo',), OFF, ('undo_preview',), JOB, ON, FINISH, SAVED]),
])
def test_an_operation(engine, operation, args, asked):
    assert operate(engine, operation, **args) == {}
    assert engine.done() == asked
    assert engine.event == 'compute_light_snapshot_' + operation


@WITHOUT_POWER
def test_a_server_that_is_off_stays_off(engine, operation, args):
    engine.on = False
    operate(engine, operation, **args)
    asked = engine.done()
    assert OFF not in asked and ON not in asked and operation in [one[0] for one in asked]


@pytest.mark.parametrize('operation, args, check', [
    ('delete', {'index': 9}, 'delete'), ('keep_preview', {}, 'keep_preview'), ('undo_preview', {}, 'check_undo'),
    ('retain', {'count': 1}, 'retain'), ('preview', {'index': 9, 'use_root': False}, 'check_preview'),
    ('recover', {'index': 9, 'use_root': False}, 'check_recover')])
def test_what_the_engine_refuses_is_an_answer_and_nothing_follows(engine, operation, args, check):
    engine.refuses = check
    assert operate(engine, operation, **args) == {'code': 404 if check == 'delete' else 409,
                                                  'message': '%s is refused' % check}
    assert engine.done()[-1][0] == check


@pytest.mark.parametrize('operation', sorted(names.TASK_STATES))
def test_nothing_is_begun_where_the_layers_have_to_stay_as_they_are(engine, operation):
    engine.holds = 'libvirt keeps the memory'
    assert operate(engine, operation) == {'code': 409, 'message': 'libvirt keeps the memory'}
    assert engine.done() == []


@WITHOUT_POWER
def test_a_failure_with_the_power_off_gives_it_back(engine, operation, args):
    engine.refuses = operation
    assert operate(engine, operation, **args) == {}
    asked = engine.done()
    since = asked[asked.index(OFF):]
    assert [one[0] for one in since] == ['power off', operation, 'power on', 'columns', 'fault']
    assert since[-1] == ('fault', '%s is refused' % operation)


@WITHOUT_POWER
def test_nothing_is_switched_off_that_could_not_be_switched_on_again(engine, operation, args):
    engine.away = True
    assert operate(engine, operation, **args) == {}
    asked = engine.done()
    assert OFF not in asked and ON not in asked and asked[-1] == ('fault', 'the message queue is away')


def test_a_limit_that_is_not_named_stays(engine):
    engine.record.retention = {'count': 5, 'days': 30}
    operate(engine, 'retain', days=None)
    assert ('retain', ('count', 5), ('days', None)) in engine.done()


def test_a_repair_answers_with_what_it_found(engine, monkeypatch):
    found = [{'code': 'orphan'}]
    monkeypatch.setattr(checking, 'findings', lambda _context, _instance, asked, repair: (
        found if asked is engine and repair else None))
    assert operate(engine, 'repair') == {'findings': found}
    assert engine.done() == [FINISH, SAVED]


def test_each_operation_has_its_names():
    for operation in names.NEW:
        assert hasattr(manager.Work, 'begin_' + operation)
        assert operation in names.TASK_STATES and operation in names.ACTIONS
    assert len(set(names.TASK_STATES.values())) == len(names.TASK_STATES)
    assert sorted(names.ACTIONS) == sorted(list(names.TASK_STATES) + ['daily', 'update'])


# ---- what the list tells

def test_how_things_stand(engine):
    endpoint = manager.Endpoint(Manager(engine))
    answer = came(endpoint.points(Context(), Instance()))
    assert answer['points'] == [dict(point, taken_by=None) for point in engine.points()] and answer['disks_left_out'] == ['vdb']
    assert (answer['written'], answer['progress'], answer['preview'], answer['retention']) == (
        5, engine.progress(), None, {'count': None, 'days': None})
    engine.record.preview = {'index': 3, 'more': 'of the engine\'s'}
    assert came(endpoint.points(Context(), Instance()))['preview'] == 3
    engine.record = None
    assert came(endpoint.points(Context(), Instance())) == {'points': [], 'enabled': False}


# ---- nova-compute's start

@pytest.mark.parametrize('operation', sorted(names.TASK_STATES))
def test_who_was_switched_off_by_an_operation_that_was_cut_off_runs_again(engine, operation):
    engine.on, instance = False, Instance(names.TASK_STATES[operation])
    settling.settle_all(Manager(engine), [instance])
    asked = engine.done()
    # What takes long comes once the guest is up.
    powered = [ON] if operation in ('recover', 'preview', 'undo_preview') else []
    assert asked == [('settle',), JOB] + powered + [FINISH, SAVED]
    assert instance.task_state is None


@pytest.fixture
def told(monkeypatch):
    """What a server's actions are told."""
    found = []
    monkeypatch.setattr(faults, 'tell', lambda _context, host, uuid, operation, words: found.append((host, uuid, operation, words)))
    return found


def test_who_is_rescued_or_suspended_is_left_as_it_is(engine, told):
    """The database is brought to what is on the disk all the same."""
    engine.holds, instance = 'The rescue system runs', Instance()
    settling.settle_all(Manager(engine), [instance])
    assert engine.done() == [SAVED] and told == []


def test_who_was_suspended_after_it_was_cut_off_is_told_that_it_waits(engine, told):
    """As where the host has saved its guests' memory when it was shut down."""
    engine.holds, instance = 'libvirt keeps the memory', Instance(names.TASK_STATES['recover'])
    settling.settle_all(Manager(engine), [instance])
    (kind, words), saved = engine.done()
    assert (instance.task_state, kind, saved) == (None, 'fault', SAVED) and told[0][3] == words
    assert words.endswith('tried again before the next operation. libvirt keeps the memory')


@pytest.mark.parametrize('refuses', ['settle', 'finish_job', 'finish'])
def test_what_cannot_be_finished_leaves_a_server_that_can_be_asked_again(engine, told, refuses):
    engine.refuses, instance = refuses, Instance(names.TASK_STATES['snapshot'])
    settling.settle_all(Manager(engine), [instance])
    asked = engine.done()
    assert instance.task_state is None and asked[-1] == SAVED
    (kind, words), = [one for one in asked if one[0] == 'fault']
    assert refuses + ' is refused' in words and 'tried again before the next operation' in words
    assert told == [('h', instance.uuid, 'snapshot', words)]


def test_a_guest_that_cannot_be_started_again_is_told(engine, told, monkeypatch):
    def start(*_args):
        raise RuntimeError('no port')
    monkeypatch.setattr(manager, '_start', start)
    engine.on, instance = False, Instance(names.TASK_STATES['recover'])
    settling.settle_all(Manager(engine), [instance])
    assert instance.task_state is None and 'If the server is off, hard reboot it. no port' in told[0][3]


def test_who_cannot_be_finished_stops_nobody(engine, told, monkeypatch):
    def engine_of(_driver, instance):
        if instance is first:
            raise errors.EngineError('the record is damaged')
        return engine
    first, second = (Instance(names.TASK_STATES['commit']) for _each in range(2))
    monkeypatch.setattr(driver, 'engine_of', engine_of)
    settling.settle_all(Manager(engine), [first, second])
    assert first.task_state is None and second.task_state is None
    assert engine.done() == [('fault', told[0][3]), ('settle',), JOB, FINISH, SAVED] and len(told) == 1


def test_the_task_state_of_an_operation_that_has_begun_meanwhile_stays(engine, told):
    """A server that had a record alone may be asked for something as soon as nova-compute answers."""
    instance, engine.refuses = Instance(), 'finish'
    instance.refresh = lambda: setattr(instance, 'task_state', names.TASK_STATES['delete'])
    settling.settle_all(Manager(engine), [instance])
    assert instance.task_state == names.TASK_STATES['delete'] and engine.done()[-1] == SAVED and told == []


def away_at_first(monkeypatch, engine, times):
    """The database is away so many times, and takes what it is told then."""
    left = [times]

    def save_columns(_context, _instance, _record):
        left[0] -= 1
        if left[0] >= 0:
            raise RuntimeError('the database is away')
        engine.asked.append(SAVED)
    monkeypatch.setattr(driver, 'save_columns', save_columns)


def test_who_could_not_be_told_after_a_start_holds_up_nobody(engine, monkeypatch):
    later = []
    away_at_first(monkeypatch, engine, 1)
    monkeypatch.setattr(manager, 'in_background', later.append)
    monkeypatch.setattr(manager.time, 'sleep', lambda _seconds: None)
    instance = Instance(names.TASK_STATES['snapshot'])
    settling.settle_all(Manager(engine), [instance])
    assert engine.done() == [('settle',), JOB, FINISH] and instance.task_state is not None
    later.pop()()
    assert engine.done() == [SAVED] and instance.task_state is None


def test_a_database_that_is_away_is_told_later(engine, monkeypatch):
    pauses = []
    away_at_first(monkeypatch, engine, 3)
    monkeypatch.setattr(manager.time, 'sleep', pauses.append)
    assert operate(engine, 'delete', index=3) == {}
    assert engine.done() == [('check_enabled',), ('delete', 3), FINISH, SAVED]
    assert pauses == list(manager.PAUSES[:2])
