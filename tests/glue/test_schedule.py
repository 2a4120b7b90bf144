"""When a daily snapshot is due: days that are longer or shorter than others, clocks that are set back, services that were down,
and a thousand servers in one window."""

import calendar
import datetime
import os
import time
import uuid as uuids

import pytest

from light_snapshot.nova import schedule

MINUTE, HOUR, DAY = 60, 3600, 86400
SERVERS = [str(uuids.uuid5(uuids.NAMESPACE_DNS, 'server-%d' % number)) for number in range(1000)]
ONE = SERVERS[0]


def at(text):
    """'2026-11-26 02:30' of UTC in seconds since 1970."""
    return calendar.timegm(time.strptime(text, '%Y-%m-%d %H:%M'))


def noted(day):
    return {'slot': day, 'taken': day}


@pytest.fixture
def host_zone():
    """Sets the zone of this process, as TZ of a host does; put back afterwards."""
    before = os.environ.get('TZ')

    def change(name):
        os.environ['TZ'] = name
        time.tzset()
    yield change
    if before is None:
        os.environ.pop('TZ')
    else:
        os.environ['TZ'] = before
    time.tzset()


class Host(object):
    """Servers whose snapshots are taken as soon as they are due, by what was noted."""

    def __init__(self, plan, servers, now):
        self.plan, self.noted = plan, dict((one, plan.first(one, now)) for one in servers)
        self.taken = dict((one, []) for one in servers)

    def look(self, now):
        for one in self.noted:
            if self.plan.due(one, self.noted[one], now) is not None:
                self.noted[one] = self.plan.note(one, now)
                self.taken[one].append(now)

    def run(self, start, end, step=10 * MINUTE):
        for now in range(start, end, step):
            self.look(now)

    def days(self, one):
        return [self.plan.day(now) for now in self.taken[one]]


# ---- switched off and on again

@pytest.mark.parametrize('since, wanted', [
    ('2026-11-27 14:59', '2026-11-27'), ('2026-11-27 05:01', '2026-11-27'), ('2026-11-28 14:59', '2026-11-27'),
    ('2026-11-27 05:00', None), ('2026-11-20 00:00', None),     # it was on by then: a slot that was missed
    ('2026-11-28 15:01', None), ('2031-01-01 00:00', None)])    # a clock that is wrong
def test_a_slot_before_the_daily_ones_were_switched_on_is_not_due(since, wanted):
    plan, now = schedule.Schedule('05:00', 1), at('2026-11-27 15:00')
    assert at('2026-11-27 05:00') <= plan.due(ONE, noted('2026-11-17'), now) < at('2026-11-27 05:01')
    found = plan.renewed(ONE, noted('2026-11-17'), at(since), now)
    assert found == (wanted and {'slot': wanted, 'taken': '2026-11-17'})
    if found:
        assert plan.due(ONE, found, now) is None and plan.due(ONE, found, now + DAY) is not None


def test_what_is_not_due_is_not_noted_anew():
    plan, now = schedule.Schedule('05:00', 1), at('2026-11-27 15:00')
    assert plan.renewed(ONE, noted('2026-11-27'), now, now) is None


def test_off_and_on_gives_no_second_one_a_day():
    """A slot shortly before midnight, taken shortly after it; then off and on."""
    plan, taken = schedule.Schedule('23:58', 1), {'slot': '2026-11-26', 'taken': '2026-11-27'}
    since = at('2026-11-27 12:00')
    for now in range(since, at('2026-11-28 00:00'), 10 * MINUTE):
        assert plan.due(ONE, taken, now) is None or plan.renewed(ONE, taken, since, now) is not None
    assert plan.due(ONE, taken, at('2026-11-28 00:00')) is not None
    assert plan.renewed(ONE, taken, since, at('2026-11-28 00:00')) is None


# ---- the window

def test_a_thousand_servers_are_spread_over_the_window():
    plan = schedule.Schedule('02:00', 240)
    slots = [plan.slot(one) for one in SERVERS]
    assert min(slots) >= 2 * HOUR and max(slots) < 6 * HOUR
    for number in range(16):        # quarters of an hour; 62.5 of them in each on average
        first = 2 * HOUR + number * 15 * MINUTE
        assert 40 < sum(first <= slot < first + 15 * MINUTE for slot in slots) < 90
    assert len(set(slots)) > 950


def test_a_slot_is_the_same_in_every_process_and_on_every_python():
    assert [schedule.Schedule('02:00', 240).slot(one) for one in SERVERS[:3]] == [18014, 18657, 9233]
    assert schedule.Schedule('23:30', 1).slot(ONE) == 23 * HOUR + 30 * MINUTE + 45


def test_a_window_over_midnight():
    plan = schedule.Schedule('22:00', 240)
    slots = [plan.slot(one) for one in SERVERS]
    assert all(slot >= 22 * HOUR or slot < 2 * HOUR for slot in slots)
    assert 400 < sum(slot < 2 * HOUR for slot in slots) < 600


@pytest.mark.parametrize('start, minutes, zone, word', [
    ('2', 240, 'UTC', 'time of the day'), ('24:00', 240, 'UTC', 'time of the day'), ('02:60', 1, 'UTC', 'time of the day'),
    ('02:00\n', 1, 'UTC', 'time of the day'), ('02:00', 0, 'UTC', 'window of 0 minutes'),
    ('02:00', 1441, 'UTC', '1441'), ('02:00', 1, 'Europe/Berlin', 'Europe/Berlin'), ('02:00', 1, '+8', '+8'),
    ('02:00', 1, '', 'no time zone')])
def test_what_is_no_window(start, minutes, zone, word):
    with pytest.raises(ValueError) as refused:
        schedule.Schedule(start, minutes, zone)
    assert word in str(refused.value)


@pytest.mark.parametrize('zone, day', [('UTC', '2026-11-25'), ('utc', '2026-11-25'), ('+08:00', '2026-11-26'),
                                       ('-05:30', '2026-11-25'), ('+00:45', '2026-11-26')])
def test_the_calendar_day_of_a_zone(zone, day):
    assert schedule.Schedule('02:00', 240, zone).day(at('2026-11-25 23:20')) == day


# ---- days

@pytest.mark.parametrize('zone, first, days', [
    ('Europe/Berlin', '2026-03-27', 5),         # the 29th has no 02:00 to 03:00
    ('Europe/Berlin', '2026-10-23', 5),         # the 25th has it twice
    ('America/New_York', '2026-03-06', 5), ('America/New_York', '2026-10-30', 5),
    ('America/Sao_Paulo', '2018-11-02', 5),     # the 4th begins at 01:00
    ('America/Sao_Paulo', '2018-02-15', 5),     # the 17th has 23:00 to 24:00 twice
    ('Australia/Lord_Howe', '2026-10-02', 5),   # half an hour
    ('Asia/Kathmandu', '2026-11-24', 3)])
def test_every_day_has_one_whatever_the_clocks_do(host_zone, zone, first, days):
    host_zone(zone)
    plan, servers = schedule.Schedule('00:00', 1440, 'local'), SERVERS[:48]
    start = at(first + ' 00:00') - 2 * DAY
    host = Host(plan, servers, start)
    host.run(start, start + (days + 4) * DAY)
    date = datetime.datetime.strptime(first, '%Y-%m-%d').date()
    wanted = [(date + datetime.timedelta(number)).isoformat() for number in range(days)]
    for one in servers:
        assert [day for day in host.days(one) if wanted[0] <= day <= wanted[-1]] == wanted, (one, plan.slot(one))
        assert len(set(host.days(one))) == len(host.days(one))


def test_a_slot_that_the_clocks_jump_over_comes_that_much_later(host_zone):
    host_zone('Europe/Berlin')
    plan = schedule.Schedule('02:30', 1, 'local')
    late = at('2026-03-29 01:30')       # 03:30 there
    assert plan.due(ONE, noted('2026-03-28'), late - 1) is None
    assert late <= plan.due(ONE, noted('2026-03-28'), late + MINUTE) < late + MINUTE


def test_a_slot_that_comes_twice_is_taken_the_first_time(host_zone):
    host_zone('Europe/Berlin')
    plan = schedule.Schedule('02:30', 1, 'local')
    first = at('2026-10-25 00:30')      # 02:30, in summer time
    assert first <= plan.due(ONE, noted('2026-10-24'), first + MINUTE) < first + MINUTE
    assert plan.due(ONE, noted('2026-10-25'), first + MINUTE + HOUR) is None


def test_a_day_that_a_zone_leaves_out_is_none(host_zone):
    host_zone('Pacific/Apia')
    if time.localtime(at('2011-12-31 00:00')).tm_mday == time.localtime(at('2011-12-30 00:00')).tm_mday + 1:
        pytest.skip('this host does not know that Samoa left 2011-12-30 out')
    plan = schedule.Schedule('00:00', 1440, 'local')
    start = at('2011-12-28 00:00')
    host = Host(plan, SERVERS[:24], start)
    host.run(start, start + 6 * DAY)
    for one in SERVERS[:24]:
        days = [day for day in host.days(one) if '2011-12-29' <= day <= '2012-01-01']
        assert days == ['2011-12-29', '2011-12-31', '2012-01-01']


# ---- who is seen for the first time

def test_the_first_is_the_next_slot():
    plan = schedule.Schedule('02:00', 1)
    before, after = at('2026-11-26 01:50'), at('2026-11-26 02:10')
    assert plan.first(ONE, before)['slot'] == '2026-11-25' and plan.first(ONE, after)['slot'] == '2026-11-26'
    assert plan.due(ONE, plan.first(ONE, before), after) is not None
    assert plan.due(ONE, plan.first(ONE, after), after + 20 * HOUR) is None
    assert plan.due(ONE, plan.first(ONE, after), after + DAY) is not None


# ---- the service was down

def test_a_slot_that_was_missed_is_caught_up_once():
    plan = schedule.Schedule('02:00', 1)
    host = Host(plan, [ONE], at('2026-11-20 12:00'))
    host.run(at('2026-11-20 12:00'), at('2026-11-22 00:00'))
    up = at('2026-11-25 09:00')
    host.run(up, at('2026-11-27 00:00'))
    assert host.days(ONE) == ['2026-11-21', '2026-11-25', '2026-11-26']
    assert host.taken[ONE][1] == up


def texts(host):
    return [time.strftime('%d %H:%M', time.gmtime(now)) for now in host.taken[ONE]]


def test_a_little_late_past_midnight_skips_no_day_and_doubles_none():
    plan = schedule.Schedule('23:50', 1)
    host = Host(plan, [ONE], at('2026-11-20 12:00'))
    host.run(at('2026-11-21 00:10'), at('2026-11-24 12:00'), MINUTE)
    assert texts(host) == ['21 00:10', '22 00:00', '23 00:00', '24 00:00']


def test_a_look_that_is_always_after_midnight_skips_no_day():
    plan = schedule.Schedule('23:59', 1)
    host = Host(plan, [ONE], at('2026-11-20 12:00'))
    host.run(at('2026-11-20 12:05'), at('2026-11-24 12:00'), 10 * MINUTE)
    assert texts(host) == ['21 00:05', '22 00:05', '23 00:05', '24 00:05']


def test_a_downtime_over_midnight_moves_no_server_out_of_its_window():
    plan = schedule.Schedule('14:00', 1)
    host = Host(plan, [ONE], at('2026-11-20 12:00'))
    host.run(at('2026-11-21 00:30'), at('2026-11-25 12:00'), MINUTE)
    assert texts(host) == ['21 00:30', '22 14:01', '23 14:01', '24 14:01']


def test_who_is_due_longest_comes_first():
    plan = schedule.Schedule('02:00', 240)
    now = at('2026-11-26 07:00')
    came = sorted((plan.due(one, noted('2026-11-25'), now), one) for one in SERVERS)
    assert [plan.slot(one) for _came, one in came] == sorted(plan.slot(one) for one in SERVERS)


# ---- the clock is set back

@pytest.mark.parametrize('back', [1, 10 * MINUTE, 3 * HOUR, 20 * HOUR])
def test_a_clock_that_is_set_back_makes_no_second_one(back):
    plan = schedule.Schedule('02:00', 1)
    host = Host(plan, [ONE], at('2026-11-25 12:00'))
    taken = at('2026-11-26 02:10')
    host.look(taken)
    host.run(taken - back, at('2026-11-27 00:00'))
    assert host.taken[ONE] == [taken]
    assert plan.mended(host.noted[ONE], taken - back) is None
    host.look(at('2026-11-27 02:10'))
    assert len(host.taken[ONE]) == 2


def test_a_clock_that_was_years_ahead_does_not_stop_them_for_years():
    plan = schedule.Schedule('02:00', 1)
    now = at('2026-11-26 12:00')
    assert plan.due(ONE, noted('2031-01-01'), now) is None
    assert plan.mended(noted('2031-01-01'), now) == plan.mended(noted('2026-11-28'), now) == noted('2026-11-26')
    assert plan.mended(noted('2026-11-27'), now) is None and plan.mended(noted(''), now) is None
    assert plan.due(ONE, noted('2026-11-26'), at('2026-11-27 02:10')) is not None
