"""What the scale simulation plays below the engine: the engine itself must find nothing wrong with it."""

import os

import pytest

from bench.scale import recorded
from bench.scale import template
from light_snapshot.engine import domain
from light_snapshot.engine import engine

POINTS = 6


@pytest.fixture
def place(tmp_path):
    (tmp_path / 'guests').mkdir()
    made = template.Template(tmp_path / 'template', tmp_path / 'guests', POINTS, {'slot': '2026-01-01', 'taken': ''})
    made.copy(str(tmp_path / 'server'), str(tmp_path / 'guests'))
    recorded.hurry()
    yield made, str(tmp_path / 'server'), str(tmp_path / 'guests')
    recorded.hurry(False)


def engine_of(directory, guests):
    guest = recorded.Guest(directory, guests)
    return engine.Engine(directory, domain.Domain(guest, recorded.TARGET), recorded.Acts(guests).run)


def test_a_copy_has_the_restore_points_and_is_well(place):
    made, directory, guests = place
    one = engine_of(directory, guests)
    assert [point['index'] for point in one.points()] == list(range(POINTS))
    assert made.counters['count'] == POINTS
    assert one.check() == []
    assert os.stat(os.path.join(directory, 'disk')).st_nlink == 2


def test_the_chain_stays_short_and_the_history_grows(place):
    _made, directory, guests = place
    before = len(domain.Domain(recorded.Guest(directory, guests), recorded.TARGET).chain())
    for _number in range(3):
        one = engine_of(directory, guests)
        one.snapshot()
        one.finish()
    assert len(domain.Domain(recorded.Guest(directory, guests), recorded.TARGET).chain()) == before
    one = engine_of(directory, guests)
    assert len(one.points()) == POINTS + 3
    assert one.check() == []


def test_a_daily_snapshot_is_taken_once(place):
    _made, directory, guests = place
    noted = {'slot': '2026-01-02', 'taken': '2026-01-02'}
    one = engine_of(directory, guests)
    one.snapshot('daily', quiesce=True, daily=noted)
    one.finish()
    assert engine_of(directory, guests).record.daily == noted
    with pytest.raises(engine.errors.Refused):
        engine_of(directory, guests).snapshot('daily', daily=noted)


def test_the_commit_takes_its_time(place):
    _made, directory, guests = place
    recorded.hurry(False)
    one = engine_of(directory, guests)
    one.snapshot()
    assert one.domain.chain()[1:-1], 'the frozen layers are in the chain'
    deep = len(one.domain.chain())
    one.finish()
    assert len(one.domain.chain()) == deep - 1


def test_what_is_not_recorded_is_an_error(place):
    _made, directory, guests = place
    with pytest.raises(engine.errors.EngineError, match='not recorded'):
        recorded.Acts(guests).run('export', directory, 'disk', 'qcow2', 'raw')
