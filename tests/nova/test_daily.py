"""The daily snapshots of a host: who is taken and when, on nova-api's way, and what a failure, a busy server, a restart and a
service that stops make of it. The schedule itself: tests/glue/test_schedule.py."""

import contextlib
import logging
import os

import pytest

from nova import config     # noqa: F401  nova registers its options with it
from nova import exception
from nova import objects

import light_snapshot
from light_snapshot.engine import errors
from light_snapshot.nova import daily
from light_snapshot.nova import driver
from light_snapshot.nova import manager
from light_snapshot.nova import places
from light_snapshot.nova import schedule
from light_snapshot.nova import state

import held as holding
from stand_in import Engine, Instance

PRIVSEP = os.path.join(os.path.dirname(os.path.dirname(light_snapshot.__file__)), 'nova', 'privsep')
ONE, TWO, THREE = ('%08d-0000-4000-8000-000000000000' % number for number in (1, 2, 3))
HOUR, DAY = 3600, 86400
NOON = 20000 * DAY + 12 * HOUR      # 2024-10-04, after the window
TODAY, YESTERDAY, TOMORROW = '2024-10-04', '2024-10-03', '2024-10-05'


class LibvirtDriver(object):
    _host = None


class Manager(object):
    host = 'h'

    def __init__(self, its_driver=None):
        self.driver = its_driver or LibvirtDriver()


class Server(Instance):
    """A server in the database: its task state, and who is told that he comes second."""

    def __init__(self, uuid, log):
        super(Server, self).__init__()
        self.uuid, self.host, self._log, self.engine = uuid, 'h', log, Engine()
        self.engine.record.daily = {'slot': YESTERDAY, 'taken': YESTERDAY}

    def save(self, expected_task_state=None, expected_vm_state=None):
        self._log.append((self.uuid, self.task_state))


class World(object):
    """Servers by uuid; `listed` are those that the database calls daily."""

    def __init__(self):
        self.log, self.queries, self.now = [], 0, NOON
        self.servers = dict((uuid, Server(uuid, self.log)) for uuid in (ONE, TWO, THREE))
        self.listed = [ONE]
        self.daily = daily.Daily(Manager(), schedule.Schedule('02:00', 240), 1, 60)

    def taken(self):
        """What the engines were asked for, since the last time: [(uuid, day)]."""
        found = []
        for uuid, server in sorted(self.servers.items()):
            for one in server.engine.done():
                if one[0] == 'snapshot' and not server.engine.refuses:
                    name, description, quiesce, noted = one[1:]
                    assert (name, description, quiesce) == ('daily-' + noted['taken'], '', True)
                    server.engine.record.daily = noted
                    found.append((uuid, noted['taken']))
        return found

    def look(self, now=None):
        self.now = now or self.now
        self.daily.look()
        return self.taken()


@pytest.fixture
def world(monkeypatch):
    objects.register_all()
    made = World()

    def get(_cls, context, host):
        assert context.is_admin and host == 'h'
        made.queries += 1
        return state.LightSnapshotDaily(host=host, uuids=list(made.listed))

    def get_by_uuid(_cls, _context, uuid, expected_attrs=()):
        if uuid not in made.servers:
            raise exception.InstanceNotFound(instance_id=uuid)
        assert 'system_metadata' in expected_attrs
        return made.servers[uuid]

    def note(uuid, noted):
        made.servers[uuid].engine.record.daily = noted

    @contextlib.contextmanager
    def reporter(context, host, event, uuid):
        made.log.append((uuid, event, host))
        yield
    monkeypatch.setattr(state.LightSnapshotDaily, 'get', classmethod(get))
    monkeypatch.setattr(state.LightSnapshotQuota, 'get', classmethod(
        lambda _cls, _context, project_id: state.LightSnapshotQuota(project_id=project_id, exceeded=None)))
    monkeypatch.setattr(objects.Instance, 'get_by_uuid', classmethod(get_by_uuid))
    monkeypatch.setattr(objects.InstanceAction, 'action_start', classmethod(
        lambda _cls, context, uuid, action, want_result: made.log.append((uuid, action, context.is_admin))))
    monkeypatch.setattr(driver, 'record_of', lambda uuid: made.servers[uuid].engine.record)
    monkeypatch.setattr(driver, 'note_daily', note)
    monkeypatch.setattr(driver, 'engine_of', lambda _driver, instance: instance.engine)
    monkeypatch.setattr(driver, 'save_columns', lambda *_args: None)
    monkeypatch.setattr(places, 'event_reporter', reporter)
    monkeypatch.setattr(manager, 'in_background', lambda function, *args: function(*args))
    monkeypatch.setattr(manager.hooks, 'problems', [])
    monkeypatch.setattr(daily.time, 'time', lambda: made.now)
    return made


def test_it_goes_the_way_of_nova_api(world):
    assert world.look() == [(ONE, TODAY)]
    assert world.log == [(ONE, 'light_snapshot_creating'), (ONE, 'light_snapshot_create', True),
                         (ONE, 'compute_light_snapshot_create', 'h'), (ONE, None)]
    assert world.servers[ONE].task_state is None


def test_one_query_a_look_and_one_snapshot_a_day(world):
    assert world.look() == [(ONE, TODAY)]
    for minute in range(1, 60):
        assert world.look(NOON + 60 * minute) == []
    assert world.queries == 60
    assert world.look(NOON + DAY) == [(ONE, TOMORROW)]


def test_nobody_is_daily(world, monkeypatch):
    world.listed = []
    monkeypatch.setattr(driver, 'record_of', None)
    assert world.look() == [] and world.queries == 1 and world.log == []


def test_a_record_that_was_seen_to_is_read_once_a_day(world, monkeypatch):
    read = []
    monkeypatch.setattr(driver, 'record_of', lambda uuid: read.append(uuid) or world.servers[uuid].engine.record)
    world.servers[ONE].engine.record.daily = {'slot': TODAY, 'taken': TODAY}
    for minute in range(3):
        assert world.look(NOON + minute * 60) == []
    assert read == [ONE]


def test_a_restart_takes_none_again(world):
    assert world.look() == [(ONE, TODAY)]
    world.daily = daily.Daily(Manager(), schedule.Schedule('02:00', 240), 1, 60)
    assert world.look() == []


def test_who_is_seen_for_the_first_time_is_taken_at_its_next_slot(world):
    world.servers[ONE].engine.record.daily = None
    assert world.look() == []
    assert world.servers[ONE].engine.record.daily == {'slot': TODAY, 'taken': ''}
    assert world.look(NOON + DAY) == [(ONE, TOMORROW)]


def test_who_cannot_be_noted_now_is_seen_at_the_next_look(world, monkeypatch, caplog):
    def busy(_uuid, _noted):
        raise errors.Refused('another operation is under way')
    world.servers[ONE].engine.record.daily = None
    with monkeypatch.context() as change:
        change.setattr(driver, 'note_daily', busy)
        assert world.look() == [] and not caplog.records
    assert world.look() == []
    assert world.servers[ONE].engine.record.daily == {'slot': TODAY, 'taken': ''}


def test_a_clock_that_was_ahead_is_told_and_today_counts_as_done(world, caplog):
    world.servers[ONE].engine.record.daily = {'slot': '2031-01-01', 'taken': '2031-01-01'}
    assert world.look() == []
    assert 'the clock was set back' in caplog.text and ONE in caplog.text
    assert world.look(NOON + DAY) == [(ONE, TOMORROW)]


def test_the_same_while_the_service_runs(world):
    assert world.look(NOON + 1000 * DAY) != []
    assert world.look(NOON) == [] and world.look(NOON + DAY) == [(ONE, TOMORROW)]


# ---- off and on again

@pytest.fixture
def off_for_days(world):
    """Switched off ten days ago and on again at noon; it was due early in the morning."""
    one = world.servers[ONE]
    one.engine.record.daily = {'slot': '2024-09-24', 'taken': '2024-09-24'}
    one.system_metadata[state.DAILY_SINCE] = str(NOON - 60)
    return one


def test_who_is_switched_on_again_is_taken_at_its_next_slot(world, off_for_days):
    assert world.look() == [] and world.log == []       # it has no task state for this
    assert off_for_days.engine.record.daily == {'slot': TODAY, 'taken': '2024-09-24'}
    assert world.look(NOON + HOUR) == []
    assert world.look(NOON + DAY) == [(ONE, TOMORROW)]


@pytest.mark.parametrize('since', [None, '', 'x', str(NOON - 11 * DAY), str(NOON + 400 * DAY)])
def test_a_slot_that_was_missed_is_caught_up(world, off_for_days, since):
    """nova-compute was down; when it was switched on, an older nova-api, or a clock that was wrong, does not tell."""
    off_for_days.system_metadata[state.DAILY_SINCE] = since
    assert world.look() == [(ONE, TODAY)]
    assert world.look(NOON + 60) == []


def test_what_cannot_be_noted_now_is_noted_later(world, off_for_days, monkeypatch, caplog):
    def busy(_uuid, _noted):
        raise errors.Refused('another operation is under way')
    with monkeypatch.context() as change:
        change.setattr(driver, 'note_daily', busy)
        assert world.look() == [] and not caplog.records
    assert world.look(NOON + 60) == []
    assert off_for_days.engine.record.daily['slot'] == TODAY


# ---- who has to wait

@pytest.mark.parametrize('change', [{'task_state': 'rebooting'}, {'vm_state': 'paused'}, {'host': 'elsewhere'}])
def test_a_busy_server_has_its_turn_later(world, change):
    one = world.servers[ONE]
    before = dict((name, getattr(one, name)) for name in change)
    one.__dict__.update(change)
    assert world.look() == [] and world.log == []
    one.__dict__.update(before)
    assert world.look(NOON + 60) == [(ONE, TODAY)]


def test_a_stopped_server_is_taken(world):
    world.servers[ONE].vm_state = 'stopped'
    assert world.look() == [(ONE, TODAY)]


@pytest.mark.parametrize('conflict', [exception.UnexpectedTaskStateError, exception.InstanceUpdateConflict])
def test_whoever_comes_first_is_not_disturbed(world, monkeypatch, caplog, conflict):
    def save(expected_task_state=None, expected_vm_state=None):
        assert expected_task_state == [None] and expected_vm_state == ['active', 'stopped']
        raise conflict(instance_uuid=ONE, expected={}, actual={})
    with monkeypatch.context() as change:
        change.setattr(world.servers[ONE], 'save', save)
        assert world.look() == [] and world.log == [] and not caplog.records
    world.servers[ONE].task_state = None
    assert world.look(NOON + 60) == [(ONE, TODAY)]      # its turn comes at the next look, and not in an hour


def test_a_server_that_is_gone(world):
    world.servers[ONE].engine.record = None
    assert world.look() == []
    world.listed.append('gone')
    world.servers['gone'] = world.servers[TWO]
    found = world.daily.due(NOON)
    del world.servers['gone']
    assert found == ['gone']
    world.daily._take('gone')
    assert world.log == []


def test_taken_meanwhile_by_somebody_else(world):
    """Such as by the worker of a service that was told to start anew."""
    assert world.daily.due(NOON) == [ONE]
    world.servers[ONE].engine.record.daily = {'slot': TODAY, 'taken': TODAY}
    world.daily._take(ONE)
    assert world.taken() == [] and world.log == [(ONE, 'light_snapshot_creating'), (ONE, None)]


def test_a_preview_is_left_alone(world, caplog):
    world.servers[ONE].engine.record.preview = {'index': 3}
    assert world.look() == [] and 'preview' in caplog.text
    assert world.servers[ONE].task_state is None
    assert [entry for entry in world.log if entry[1] == 'light_snapshot_create'] == []


# ---- the quota

@pytest.fixture
def quota(world, monkeypatch):
    """What the conductor says of a project."""
    said = {'exceeded': None, 'asked': []}

    def get(_cls, context, project_id):
        said['asked'].append((context.is_admin, project_id))
        if isinstance(said['exceeded'], Exception):
            raise said['exceeded']
        return state.LightSnapshotQuota(project_id=project_id, exceeded=said['exceeded'])
    monkeypatch.setattr(state.LightSnapshotQuota, 'get', classmethod(get))
    return said


def test_a_project_that_keeps_all_it_may_gets_none_until_there_is_room(world, quota, caplog):
    quota['exceeded'] = 'kept light snapshots: those of project p take 3.0 GiB'
    assert world.look() == [] and world.servers[ONE].task_state is None
    assert 'quota exceeded for kept light snapshots: those of project p' in caplog.text and 'in 60 minutes' in caplog.text
    assert world.look(NOON + HOUR - 1) == [] and len(quota['asked']) == 1
    quota['exceeded'] = None
    assert world.look(NOON + HOUR) == [(ONE, TODAY)]
    assert quota['asked'] == [(True, 'its project')] * 2


def test_a_server_that_does_not_keep_them_is_not_asked_for(world, quota, monkeypatch):
    quota['exceeded'] = 'kept light snapshots'
    monkeypatch.setattr(type(world.servers[ONE].engine.record), 'store', False)
    assert world.look() == [(ONE, TODAY)] and quota['asked'] == []


def test_where_the_conductor_cannot_tell_nothing_is_refused(world, quota):
    quota['exceeded'] = RuntimeError('a conductor with an older light-snapshot')
    assert world.look() == [(ONE, TODAY)]


# ---- failures

def test_a_refusal_is_a_warning_and_is_tried_again_less_and_less_often(world, caplog):
    engine = world.servers[ONE].engine
    engine.refuses, tried = 'snapshot', []
    for minute in range(0, 24 * 60, 5):
        world.now = NOON + minute * 60
        world.daily.look()
        tried += [minute] * len([one for one in engine.done() if one[0] == 'snapshot'])
    assert tried == [0, 60, 180, 420, 780, 1140]
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == len(tried) and ONE in told[0].getMessage()
    assert 'snapshot is refused' in told[0].getMessage() and 'in 60 minutes' in told[0].getMessage()
    assert world.servers[ONE].task_state is None
    assert len([entry for entry in world.log if entry[1:] == ('compute_light_snapshot_create', 'h')]) == len(tried)


def test_after_a_success_the_next_failure_is_the_first(world):
    engine = world.servers[ONE].engine
    engine.refuses = 'snapshot'
    world.look()
    world.look(NOON + HOUR)
    engine.refuses = None
    engine.done()
    assert world.look(NOON + 4 * HOUR) == [(ONE, TODAY)] and world.daily._failed == {}


def test_a_clock_that_is_set_back_does_not_make_a_failed_server_wait_for_ever(world):
    engine = world.servers[ONE].engine
    engine.refuses = 'snapshot'
    world.look(NOON + 100 * DAY)
    engine.refuses = None
    engine.done()
    assert world.look(NOON) == [(ONE, TODAY)]


def test_a_record_that_cannot_be_read_stops_nobody_else(world, monkeypatch, caplog):
    def record_of(uuid):
        if uuid == ONE:
            raise errors.EngineError('The record is damaged')
        return world.servers[uuid].engine.record
    monkeypatch.setattr(driver, 'record_of', record_of)
    world.listed = [ONE, TWO]
    assert world.look() == [(TWO, TODAY)] and 'The record is damaged' in caplog.text


def test_a_database_that_goes_away_leaves_no_task_state(world, monkeypatch, caplog):
    def away(_cls, *_args, **_kwargs):
        raise RuntimeError('the database is away')
    with monkeypatch.context() as change:
        change.setattr(objects.InstanceAction, 'action_start', classmethod(away))
        assert world.look() == []
    assert world.servers[ONE].task_state is None and 'the database is away' in caplog.text
    assert world.daily.turns._running == set() and world.daily.turns._workers == 0
    assert world.look(NOON + HOUR) == [(ONE, TODAY)]


# ---- a few at a time

@pytest.fixture
def held(world, monkeypatch):
    made = holding.Held(monkeypatch)
    monkeypatch.setattr(world.daily, '_take', made.take)
    return made


def test_the_bound_holds_and_the_next_begins_as_soon_as_one_ends(world, held):
    world.listed, world.daily.turns.concurrency = [ONE, TWO, THREE], 2
    order = sorted(world.listed, key=world.daily.schedule.slot)
    world.daily.look()
    assert sorted(held.wait(2)) == sorted(order[:2])
    for _again in range(3):
        world.daily.look()              # nobody is begun twice, and nobody beyond the bound
    assert len(held.begun) == 2
    held.go.release()
    assert held.wait(3)[2] == order[2]
    held.end()
    assert sorted(held.begun) == sorted(order) and world.daily.turns._workers == 0


def test_a_service_that_stops_begins_none_any_more(world, held):
    world.listed = [ONE, TWO, THREE]
    world.daily.look()
    held.wait(1)
    world.daily.stop()
    world.daily.look()
    held.end()
    assert len(held.begun) == 1


# ---- the service

@pytest.fixture
def started(world, monkeypatch):
    """What was begun in the background, and never runs; nova is one that our package extends."""
    if places.find('privsep'):
        import nova.privsep
        monkeypatch.setattr(nova.privsep, '__path__', [PRIVSEP] + list(nova.privsep.__path__))
    monkeypatch.setattr(manager.hooks, 'problems', [])
    monkeypatch.setattr('light_snapshot.nova.unextended.look', lambda _manager: None)
    begun = []
    monkeypatch.setattr(manager, 'in_background', lambda function, *_args: begun.append(function))
    yield begun
    for name in ('daily_start', 'daily_concurrency', 'daily_timezone', 'daily_interval'):
        driver.CONF.clear_override(name, group='light_snapshot')


def option(name, value):
    from light_snapshot.nova import options
    options.daily(driver.CONF)
    driver.CONF.set_override(name, value, group='light_snapshot')


def test_the_service_s_start_and_stop(world, started):
    config.CONF([], project='nova', default_config_files=[])
    its = Manager()
    for times in (1, 2):                # a SIGHUP starts the service anew in the same process
        assert manager.init_host(lambda _self: 'nova\'s answer', its) == 'nova\'s answer'
        assert len(started) == times
    assert manager.hooks.problems == []
    first, second = (run.__self__ for run in started)
    assert first._stopped and not second._stopped and second.turns.concurrency == 2
    assert manager.cleanup_host(lambda _self: 'nova\'s answer', its) == 'nova\'s answer'
    assert second._stopped
    manager.cleanup_host(lambda _self: None, its)


@pytest.mark.parametrize('name, value, word', [
    ('daily_start', 'noon', 'time of the day'), ('daily_timezone', 'Europe/Berlin', 'no time zone'),
    ('daily_concurrency', 0, None)])
def test_a_host_that_takes_none(world, started, caplog, name, value, word):
    config.CONF([], project='nova', default_config_files=[])
    option(name, value)
    daily.start(Manager())
    assert started == [] and (word is None or word in caplog.text)


def test_another_driver_has_none(world, started):
    daily.start(Manager(object()))
    assert started == []


def test_hooks_that_do_not_hold(world, started, monkeypatch):
    monkeypatch.setattr(manager.hooks, 'problems', ['this nova is unknown'])
    daily.start(Manager())
    assert started == []


def test_the_loop_lives_on_and_tells_once(world, monkeypatch, caplog):
    looks = []

    def look():
        looks.append(len(looks))
        if len(looks) in (1, 2, 4):
            raise RuntimeError('the database is away')

    def sleep(seconds):
        assert seconds == 60
        if len(looks) == 5:
            world.daily.stop()
    monkeypatch.setattr(world.daily, 'look', look)
    monkeypatch.setattr(daily.time, 'sleep', sleep)
    world.daily.run()
    assert looks == [0, 1, 2, 3, 4]
    told = [record for record in caplog.records if 'the database is away' in record.getMessage()]
    assert len(told) == 2               # away, back, away again
