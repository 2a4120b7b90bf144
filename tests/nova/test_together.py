"""snapshotAll on one host: each named server has its turn, a few at a time, on nova-api's way, and what became of it is in its
instance actions."""

import contextlib
import threading

import pytest

from nova import config     # noqa: F401  nova registers its options with it
from nova import exception
from nova import objects

from light_snapshot.nova import driver
from light_snapshot.nova import manager
from light_snapshot.nova import options
from light_snapshot.nova import places
from light_snapshot.nova import together
from light_snapshot.nova import turns

import held as holding
from stand_in import Engine, Instance

ONE, TWO, THREE = ('%08d-0000-4000-8000-000000000000' % number for number in (1, 2, 3))
ARGS = {'name': 'n', 'description': 'd', 'quiesce': True}


class Context(object):
    user_id, project_id, request_id, is_admin = 'operator', 'admins', 'req-1', False

    def elevated(self):
        made = Context()
        made.is_admin = True
        return made

    def update_store(self):
        pass


class Manager(object):
    host, driver = 'h', None


class Server(Instance):
    def __init__(self, uuid, log):
        super(Server, self).__init__()
        self.uuid, self.host, self._log, self.engine = uuid, 'h', log, Engine()

    def save(self, expected_task_state=None, expected_vm_state=None):
        self._log.append((self.uuid, self.task_state))


class World(object):
    def __init__(self):
        self.log, self.manager = [], Manager()
        self.servers = dict((uuid, Server(uuid, self.log)) for uuid in (ONE, TWO, THREE))

    def ask(self, *uuids):
        return manager.Endpoint(self.manager).snapshot_all(Context(), list(uuids), dict(ARGS))

    def taken(self):
        return [uuid for uuid, server in sorted(self.servers.items()) for one in server.engine.done()
                if one[0] == 'snapshot' and one[1:4] == ('n', 'd', True)]


@pytest.fixture
def world(monkeypatch):
    objects.register_all()
    config.CONF([], project='nova', default_config_files=[])
    made = World()

    def get_by_uuid(_cls, context, uuid, expected_attrs=()):
        assert context.is_admin and context.request_id == 'req-1' and 'system_metadata' in expected_attrs
        if uuid not in made.servers:
            raise exception.InstanceNotFound(instance_id=uuid)
        return made.servers[uuid]

    @contextlib.contextmanager
    def reporter(context, host, event, uuid):
        try:
            yield
        except Exception as exc:
            made.log.append((uuid, event, host, str(exc)))
            raise
        made.log.append((uuid, event, host, None))
    monkeypatch.setattr(objects.Instance, 'get_by_uuid', classmethod(get_by_uuid))
    monkeypatch.setattr(objects.InstanceAction, 'action_start', classmethod(
        lambda _cls, context, uuid, action, want_result: made.log.append((uuid, action, context.request_id))))
    monkeypatch.setattr(driver, 'engine_of', lambda _driver, instance: instance.engine)
    monkeypatch.setattr(driver, 'save_columns', lambda *_args: None)
    monkeypatch.setattr(places, 'event_reporter', reporter)
    monkeypatch.setattr(manager, 'in_background', lambda function, *args: function(*args))
    monkeypatch.setattr(manager, 'PAUSES', ())
    monkeypatch.setattr(manager.hooks, 'problems', [])
    yield made
    driver.CONF.clear_override('all_concurrency', group='light_snapshot')


def test_each_goes_the_way_of_nova_api_under_the_one_request(world):
    assert world.ask(TWO, ONE) == {'accepted': [TWO, ONE]}
    assert world.taken() == [ONE, TWO]
    for uuid in (ONE, TWO):
        assert [entry for entry in world.log if entry[0] == uuid] == [
            (uuid, 'light_snapshot_creating'), (uuid, 'light_snapshot_create', 'req-1'),
            (uuid, 'compute_light_snapshot_create', 'h', None), (uuid, None)]
        assert world.servers[uuid].task_state is None


@pytest.mark.parametrize('change, words', [
    ({'task_state': 'rebooting'}, 'another task is under way (rebooting)'),
    ({'vm_state': 'paused'}, 'it is paused, and has to be active or stopped'), ({'host': 'elsewhere'}, 'it has left this host')])
def test_who_can_have_none_is_skipped_with_the_reason_and_stops_nobody(world, caplog, change, words):
    world.servers[ONE].__dict__.update(change)
    assert world.ask(ONE, TWO) == {'accepted': [ONE, TWO]}
    assert world.taken() == [TWO] and words in caplog.text
    (start, event) = [entry for entry in world.log if entry[0] == ONE]
    assert start == (ONE, 'light_snapshot_create', 'req-1')
    assert event[1] == 'compute_light_snapshot_create' and words in event[3] and 'Nothing was changed' in event[3]
    assert all(getattr(world.servers[ONE], name) == value for name, value in change.items())


def test_somebody_else_who_comes_first_is_not_disturbed(world, monkeypatch, caplog):
    def save(expected_task_state=None, expected_vm_state=None):
        assert expected_task_state == [None] and expected_vm_state == ['active', 'stopped']
        raise exception.UnexpectedTaskStateError(instance_uuid=ONE, expected={}, actual={})
    monkeypatch.setattr(world.servers[ONE], 'save', save)
    world.ask(ONE)
    assert world.taken() == [] and 'another task has just begun' in caplog.text


def test_what_goes_wrong_before_it_begins_is_told_where_the_outcomes_are(world, monkeypatch, caplog):
    def save(expected_task_state=None, expected_vm_state=None):
        raise RuntimeError('the queue is away')
    monkeypatch.setattr(world.servers[ONE], 'save', save)
    assert world.ask(ONE, TWO) == {'accepted': [ONE, TWO]}
    assert world.taken() == [TWO] and 'the queue is away' in caplog.text
    (start, event) = [entry for entry in world.log if entry[0] == ONE]
    assert start == (ONE, 'light_snapshot_create', 'req-1')
    assert event[1] == 'compute_light_snapshot_create' and 'could not be begun (RuntimeError: the queue is away)' in event[3]


def test_nobody_is_stopped_where_the_outcome_cannot_be_told_either(world, monkeypatch, caplog):
    def away(*_args, **_kwargs):
        raise RuntimeError('the queue is away')
    monkeypatch.setattr(world.servers[ONE], 'save', away)
    told = objects.InstanceAction.action_start

    def action_start(_cls, context, uuid, action, want_result):
        return away() if uuid == ONE else told(context, uuid, action, want_result=want_result)
    monkeypatch.setattr(objects.InstanceAction, 'action_start', classmethod(action_start))
    world.ask(ONE, TWO)
    assert world.taken() == [TWO] and 'could not be told in the actions of ' + ONE in caplog.text


def test_one_that_is_gone(world, caplog):
    del world.servers[ONE]
    world.ask(ONE, TWO)
    assert world.taken() == [TWO] and 'not there any more' in caplog.text


def test_the_engine_s_refusal_is_its_action_s(world, caplog):
    world.servers[ONE].engine.refuses = 'snapshot'
    world.ask(ONE)
    assert world.log[2][3] == 'snapshot is refused' and 'snapshot is refused' in caplog.text
    assert world.servers[ONE].task_state is None


def test_a_database_that_goes_away_leaves_no_task_state(world, monkeypatch, caplog):
    def away(_cls, *_args, **_kwargs):
        raise RuntimeError('the database is away')
    with monkeypatch.context() as change:
        change.setattr(objects.InstanceAction, 'action_start', classmethod(away))
        world.ask(ONE, TWO)
    assert world.servers[ONE].task_state is None and 'the database is away' in caplog.text and world.taken() == []
    world.ask(ONE, TWO)
    assert world.taken() == [ONE, TWO]


def test_hooks_that_do_not_hold(world, monkeypatch):
    monkeypatch.setattr(manager.hooks, 'problems', ['this nova is unknown'])
    answer = world.ask(ONE)
    assert answer['code'] == 409 and 'this nova is unknown' in answer['message'] and world.log == []


def test_an_option_that_cannot_be(world, monkeypatch):
    def broken(_conf):
        raise ValueError('Should be greater than or equal to 1')
    monkeypatch.setattr(options, 'together', broken)
    answer = world.ask(ONE)
    assert answer['code'] == 409 and 'greater than or equal to 1' in answer['message'] and world.log == []


def test_what_may_hold_after_all_is_looked_at_later(world, monkeypatch):
    def save(expected_task_state=None, expected_vm_state=None):
        raise RuntimeError('no answer')
    monkeypatch.setattr(world.servers[ONE], 'save', save)
    later = []
    with monkeypatch.context() as change:
        change.setattr(manager, 'in_background', lambda *call: later.append(call))
        with pytest.raises(RuntimeError):
            turns._claim(world.manager, Context().elevated(), ONE)
    (function, arguments), = [(call[0], call[1:]) for call in later]
    assert function is turns._give_back and arguments[2:] == (ONE, world.servers[ONE].system_metadata[driver.CLAIM])


def test_a_service_that_stops_waits_for_no_conductor(world, held, monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(together, 'STOPPING', 0)
    monkeypatch.setattr(together.faults, 'tell', lambda *_args: go.wait(30))
    world.ask(ONE, TWO, THREE)
    held.wait(2)
    manager.cleanup_host(lambda _self: None, world.manager)
    assert held.threads[-1].is_alive()
    go.set()
    held.end()


# ---- turns

@pytest.fixture
def held(world, monkeypatch):
    made = holding.Held(monkeypatch)
    monkeypatch.setattr(turns, 'take', lambda _manager, _context, uuid, _arguments: made.take(uuid) or {})
    return made


def test_as_many_at_a_time_as_the_option_says_in_the_order_that_was_asked(world, held):
    options.together(driver.CONF)
    driver.CONF.set_override('all_concurrency', 1, group='light_snapshot')
    world.ask(THREE, ONE)
    held.wait(1)
    assert world.ask(TWO) == {'accepted': [TWO]}
    for count in (2, 3):
        assert len(held.begun) == count - 1
        held.go.release()
        held.wait(count)
    held.end()
    assert held.begun == [THREE, ONE, TWO]


def test_two_by_default(world, held):
    world.ask(ONE, TWO, THREE)
    assert held.wait(2) == held.begun and len(held.threads) == 2
    held.go.release()
    held.wait(3)
    held.end()
    assert sorted(held.begun) == [ONE, TWO, THREE]


def test_who_waits_or_is_under_way_is_not_taken_twice(world, held):
    options.together(driver.CONF)
    driver.CONF.set_override('all_concurrency', 1, group='light_snapshot')
    world.ask(ONE, TWO)
    held.wait(1)
    assert world.ask(ONE, TWO, THREE) == {'accepted': [THREE]}
    assert world.ask(ONE, TWO, THREE) == {'accepted': []}
    held.end()
    assert held.begun == [ONE, TWO, THREE]


def test_a_service_that_stops_begins_none_any_more_and_says_so(world, held, caplog):
    world.ask(ONE, TWO, THREE)
    held.wait(2)
    assert manager.cleanup_host(lambda _self: 'nova\'s answer', world.manager) == 'nova\'s answer'
    assert '1 servers that waited' in caplog.text and THREE in caplog.text
    (start, event) = world.log
    assert start == (THREE, 'light_snapshot_create', 'req-1') and event[:3] == (THREE, 'compute_light_snapshot_create', 'h')
    assert 'was stopped before its turn came' in event[3]
    held.end()
    assert sorted(held.begun) == [ONE, TWO]
    # A SIGHUP starts the service anew in the same process.
    assert world.ask(THREE) == {'accepted': [THREE]}
    held.wait(3)
    held.end()
