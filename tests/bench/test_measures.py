"""How the scale simulation counts: what a number in its table says must be what happened."""

import datetime
import json
import os
import time

import pytest

import bench.scale
from bench import table
from bench.scale import counting
from bench.scale import daily
from bench.scale import lists
from bench.scale import many
from bench.scale import stack


def entry(host, began, ended, what='a', outcome='taken'):
    return {'host': host, 'kind': 'snapshot', 'what': what, 'began': began, 'ended': ended, 'outcome': outcome}


def test_the_most_at_once_is_of_one_host():
    assert many.at_once([]) == 0
    assert many.at_once([entry('a', 0, 2), entry('b', 1, 3), entry('a', 2, 4)]) == 1    # one ends as the next begins
    assert many.at_once([entry('a', 0, 5), entry('a', 1, 2), entry('a', 1.5, 3), entry('b', 0, 9)]) == 3


def test_a_journal_is_read_up_to_its_last_whole_line(tmp_path, monkeypatch):
    monkeypatch.setattr(bench.scale, 'JOURNALS', tmp_path)
    lines = [json.dumps(dict(entry('', began, began + 1), kind=kind)) for began, kind in ((3, 'snapshot'), (1, 'snapshot'), (2, 'settle'))]
    (tmp_path / 'h').write_text('\n'.join(lines) + '\n' + lines[0][:20])
    assert [(one['host'], one['began']) for one in many.journal()] == [('h', 1), ('h', 3)]
    assert [one['began'] for one in many.journal(since=2)] == [3]
    assert [one['began'] for one in many.journal('settle')] == [2]


@pytest.mark.parametrize('hour', range(24))
def test_it_is_noon_whatever_the_hour(hour, monkeypatch):
    class Now(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return cls(2026, 1, 2, hour, 30)
    monkeypatch.setattr(daily.datetime, 'datetime', Now)
    now = (datetime.datetime(2026, 1, 2, hour, 30) - datetime.datetime(1970, 1, 1)).total_seconds()
    monkeypatch.setattr(daily.time, 'time', lambda: now)
    clock = daily.Clock()
    assert clock.at(now).hour == 12
    window = daily.Window(clock, 90, 3)
    assert window.opens % 60 == 0 and 90 <= window.opens - now < 150 and window.closes - window.opens == 180
    slots = [window.slot(uuid) for uuid in many.spread(1000, 200)]
    assert all(window.opens <= slot < window.closes for slot in slots)
    assert clock.yesterday < clock.day == window.day


def test_p95_and_queries_of_requests():
    cost = lists.Cost()
    cost.seconds, cost.processor, cost.statements = list(range(1, 101)), [0.5, 0.1, 0.2], [9, 4, 4]
    assert (cost.p95, cost.cpu, cost.queries) == (95, 0.2, 4)
    cost.seconds = [7]
    assert cost.p95 == 7


def test_processor_time_of_another_process():
    parent = os.getppid()
    assert stack.processor(parent) > 0
    before = stack.processor(os.getpid())
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert stack.processor(os.getpid()) - before == pytest.approx(0.05, abs=0.04)
    assert stack.processor(2 ** 22) == 0.0       # beyond the largest number of a process


def test_both_see_a_counter(tmp_path):
    one, other = counting.Counter(tmp_path / 'c'), counting.Counter(tmp_path / 'c')
    for _number in range(3):
        one.add()
    assert other.value == counting.Counter(tmp_path / 'c').value == 3


@pytest.mark.parametrize('bound, good, bad', [((table.AT_MOST, 2), 2, 2.1), ((table.AT_LEAST, 2), 2, 1.9), ((table.EXACTLY, 1), 1, 1.1)])
def test_bounds(bound, good, bad):
    assert table.Line('', '', '', good, bound).ok and not table.Line('', '', '', bad, bound).ok
    assert 'OVER LIMIT' in table.Line('', '', '', bad, bound).cells()


def test_servers_are_asked_for_on_all_hosts():
    known = {bench.scale.seed.uuid_of(number): number for number in range(1000)}
    numbers = [known[uuid] for uuid in many.spread(1000, 40)]
    assert len(set(numbers)) == 40 and {number % 20 for number in numbers} == set(range(20))


def test_who_got_none_is_named_with_what_its_host_noted():
    class Outcome:
        entries = [{'what': 'a', 'host': 'h1', 'outcome': 'taken'}, {'what': 'b', 'host': 'h2', 'outcome': 'failed: Timeout: x'}]
    assert many.amiss(Outcome, ['a', 'b', 'c'], {'a': 1, 'b': 0, 'c': 0}) == [
        'b got 0 restore points; h2: failed: Timeout: x', 'c got 0 restore points; it had no turn']
