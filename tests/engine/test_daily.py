"""Daily restore points: once a day whatever is cut off, none on a chain that is not well, and which of them stay."""

import datetime
import json
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server  # noqa: E402

from light_snapshot.engine import engine as engines  # noqa: E402
from light_snapshot.engine import errors, files as engine_files, plans, thinning  # noqa: E402


@pytest.fixture
def server(tmpdir):
    made = Server(tmpdir, 'raw')
    made.enable(store=True)
    return made


def noted(day):
    return {'slot': day, 'taken': day}


def take(server, day, **options):
    engine = server.engine(**options)
    index = engine.snapshot('daily-' + day, daily=noted(day))
    engine.finish()
    return index


def points(server):
    return dict((point['index'], point) for point in server.engine().points())


def test_it_is_marked_and_noted(server):
    own = server.snapshot('mine')
    index = take(server, '2026-11-26')
    assert points(server)[index]['daily'] == '2026-11-26' and points(server)[own]['daily'] is None
    assert server.engine().record.daily == noted('2026-11-26')


@pytest.mark.parametrize('day', ['2026-11-26', '2026-11-25'])
def test_never_two_a_day(server, day):
    index = take(server, '2026-11-26')
    with pytest.raises(errors.Refused) as refused:
        take(server, day)
    assert '2026-11-26 is there already' in str(refused.value)
    assert max(server.indices()) == index


def test_what_is_cut_off_before_it_took_effect_is_not_noted(server):
    class Killed(BaseException):
        """As in test_crash.py."""

    def run(name, *args):
        if name == 'create':
            raise Killed()
        return engine_files.run_here(name, *args)
    engine = engines.Engine(server.directory, None, run)
    with pytest.raises(Killed):
        engine.snapshot('daily', daily=noted('2026-11-26'))
    assert server.engine().record.job['op'] == 'snapshot' and server.engine().record.daily is None
    index = take(server, '2026-11-26')      # undoes it first
    assert [one for one, point in points(server).items() if point['daily']] == [index]


def test_a_note_without_a_snapshot(server):
    server.engine().note_daily(noted('2026-11-25'))
    assert json.load(open(server.path('light-snapshot.json')))['daily'] == noted('2026-11-25')
    take(server, '2026-11-26')
    server.act('disable')
    with pytest.raises(errors.Refused):
        server.engine().note_daily(noted('2026-11-27'))


def test_it_survives_a_recover_and_a_preview(server):
    take(server, '2026-11-26')
    server.recover(index=0)
    assert server.engine().record.daily == noted('2026-11-26')
    server.act('preview', 0)
    with pytest.raises(errors.Refused) as refused:
        take(server, '2026-11-27')
    assert 'preview' in str(refused.value)
    server.act('undo_preview')
    assert server.engine().record.daily == noted('2026-11-26')


def test_none_on_a_chain_that_is_not_well(server):
    server.snapshot('mine')
    before, kept = server.indices(), server.path('disk.light-1')
    os.rename(kept, kept + '.away')
    with pytest.raises(errors.Refused) as refused:
        take(server, '2026-11-26')
    assert 'not well' in str(refused.value) and 'The file is gone' in str(refused.value)
    os.rename(kept + '.away', kept)
    assert server.indices() == before and server.engine().record.daily is None
    take(server, '2026-11-26')


def test_none_without_space(server, monkeypatch):
    def need(*_args):
        raise errors.Refused('no space')
    monkeypatch.setattr('light_snapshot.engine.files.Files.need', need)
    with pytest.raises(errors.Refused):
        take(server, '2026-11-26')
    assert server.engine().record.daily is None and server.engine().record.job is None


# ---- retention

def days(count, first=datetime.date(2026, 11, 2)):
    """Calendar days from a Monday on."""
    return [(first + datetime.timedelta(number)).isoformat() for number in range(count)]


def kept(listed, own=()):
    """A record's state with a kept restore point for each day; those of `own` are not daily ones."""
    state = {'kept': {}, 'points': {}, 'live': [], 'root': {'index': 1000, 'file': 'disk.light-root-1', 'on': None},
             'retention': {'count': None, 'days': None}, 'preview': None}
    for number, day in enumerate(listed):
        state['kept'][str(number)] = {'file': 'disk.light-%d' % number, 'on': number - 1 if number else None}
        state['points'][str(number)] = plans.point(None, day + 'T02:00:00Z', plans.STOPPED)
        if day not in own:
            state['points'][str(number)]['daily'] = day
    return state


@pytest.mark.parametrize('keep, weeks, stay', [
    (7, 0, range(23, 30)), (7, 4, [6, 13, 20] + list(range(23, 30))), (3, 2, [13, 20, 27, 28, 29]),
    (1, 5, [6, 13, 20, 27, 29]), (1, 1, [27, 29]), (0, 0, range(30)), (100, 0, range(30))])
def test_which_of_thirty_days_stay(keep, weeks, stay):
    gone = thinning.expired_daily(kept(days(30)), keep, weeks)
    assert sorted(set(range(30)) - set(gone)) == list(stay)


def test_applied_day_by_day_the_same_ones_stay():
    """A week's last one is there when the week is over, whatever went before."""
    left = []
    for day in days(30):
        left.append(day)
        gone = thinning.expired_daily(kept(left), 7, 4)
        left = [one for number, one in enumerate(left) if number not in gone]
    assert left == [days(30)[number] for number in [6, 13, 20] + list(range(23, 30))]


def test_the_turn_of_the_year_is_in_one_week():
    listed = days(9, datetime.date(2026, 12, 28))       # ISO week 53 of 2026 goes to Sunday, 2027-01-03
    assert sorted(set(range(9)) - set(thinning.expired_daily(kept(listed), 1, 2))) == [6, 8]


def test_what_is_in_use_or_not_daily_stays():
    state = kept(days(10), own=days(3))
    assert thinning.expired_daily(state, 1, 0) == [3, 4, 5, 6, 7, 8]
    state['root']['index'] = 4
    assert thinning.expired_daily(state, 1, 0) == [3, 5, 6, 7, 8]
    state['live'] = [{'index': 5, 'file': 'disk.light-5'}, {'index': 2000, 'file': 'disk.light-2000'}]
    assert thinning.expired_daily(state, 1, 0) == [3, 6, 7, 8]


def test_retention_on_disk_leaves_what_its_owner_has_named(server):
    own = server.snapshot('before the upgrade')
    taken = [take(server, day) for day in days(3)]
    server.engine().describe(taken[0], None, 'a description alone makes it nobody\'s own')
    server.engine().describe(taken[1], 'mine', None)
    assert points(server)[taken[1]]['daily'] is None
    server.engine().describe(taken[2], 'daily-' + days(3)[2], None)     # the name that it has
    for day in days(6)[3:]:
        taken.append(take(server, day, daily_keep=2, daily_keep_weekly=0))
    listed = points(server)
    assert own in listed and [one for one in taken if one in listed] == [taken[1], taken[4], taken[5]]
    assert server.engine().check() == []
