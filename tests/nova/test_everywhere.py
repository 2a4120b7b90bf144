"""nova-api's part of snapshotAll: who is asked, and what is said of each server."""

import threading

import pytest

import oslo_messaging as messaging

from nova import config     # noqa: F401  nova registers its options with it
from nova import objects
from nova import servicegroup

from light_snapshot.nova import beside
from light_snapshot.nova import everywhere
from light_snapshot.nova import hosts
from light_snapshot.nova import places
from light_snapshot.nova import rpcapi
from light_snapshot.nova import state

ARGS = {'name': '', 'description': '', 'quiesce': False}


class Context(object):
    request_id, cell = 'req-1', None

    def __init__(self, is_admin=False, cell=None):
        self.is_admin, self.cell = is_admin, cell

    def elevated(self):
        return Context(True)


class Cloud(object):
    """Cells of servers; `answers` says what a host does when it is asked."""

    def __init__(self):
        self.cells, self.silent, self.down, self.answers = {'cell1': []}, [], [], {}
        self.queries, self.asked = [], []
        self._lock = threading.Lock()

    def add(self, host, count=1, cell='cell1', vm_state='active', daily=False):
        of = self.cells.setdefault(cell, [])
        of += [{'id': '%s-%d' % (host, len(of) + number), 'name': 'n%s' % host, 'host': host, 'vm_state': vm_state, 'daily': daily}
               for number in range(count)]

    def in_each_cell(self, context, function):
        assert context.is_admin
        return [function(Context(True, cell)) for cell in sorted(self.cells)], self.silent

    def enabled(self, context, daily):
        self.queries.append('servers')
        return [dict((key, value) for key, value in server.items() if key != 'daily')
                for server in self.cells[context.cell] if server['daily'] or not daily]

    def services(self, _cls, context):
        self.queries.append('services')
        hosts = set(server['host'] for server in self.cells[context.cell] if server['host'] != 'unknown')
        return [objects.Service(host=host, binary=binary) for host in hosts for binary in ('nova-compute', 'nova-other')]

    def snapshot_all(self, context, host, uuids, args):
        with self._lock:
            self.asked.append((context.cell, host, len(uuids)))
        assert args == ARGS
        answer = self.answers.get(host, {'accepted': uuids})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def post(self, **options):
        return everywhere.EverywhereController().take(Context(), options)


@pytest.fixture
def cloud(monkeypatch):
    objects.register_all()
    made = Cloud()
    monkeypatch.setattr(places, 'in_each_cell', made.in_each_cell)
    monkeypatch.setattr(state, 'enabled', made.enabled)
    monkeypatch.setattr(objects.ServiceList, 'get_all', classmethod(made.services))
    monkeypatch.setattr(servicegroup, 'API', lambda *_args, **_kwargs: made)
    monkeypatch.setattr(rpcapi, 'ComputeAPI', lambda: made)
    monkeypatch.setattr(everywhere.asking.compute, 'API', lambda *_args, **_kwargs: None)
    made.service_is_up = lambda service: service.binary == 'nova-compute' and service.host not in made.down
    return made


def said(answer):
    return sorted((one['host'], one['status']) for one in answer['servers'])


def test_a_thousand_servers_cost_two_queries_a_cell_and_one_call_a_host(cloud):
    for number in range(20):
        cloud.add('h%02d' % number, 50, 'cell%d' % (number % 2))
    answer = cloud.post()
    assert len(answer['servers']) == 1000 and set(one['status'] for one in answer['servers']) == {'accepted'}
    assert sorted(cloud.queries) == 2 * ['servers'] + 2 * ['services']
    assert sorted(cloud.asked) == sorted(('cell%d' % (number % 2), 'h%02d' % number, 50) for number in range(20))
    assert (answer['request_id'], answer['cells_left_out']) == ('req-1', [])
    assert sorted(answer['servers'][0]) == ['host', 'id', 'name', 'reason', 'status']


def test_the_daily_ones_alone(cloud):
    cloud.add('a', daily=True)
    cloud.add('b')
    assert said(cloud.post(daily=True)) == [('a', 'accepted')]
    assert said(cloud.post(daily=False)) == [('a', 'accepted'), ('b', 'accepted')]


def test_a_host_that_is_down_is_named_and_not_asked(cloud):
    for host in ('down', 'unknown', 'up'):
        cloud.add(host, 2)
    cloud.down = ['down']
    answer = cloud.post()
    assert said(answer) == 2 * [('down', 'host_down')] + 2 * [('unknown', 'host_down')] + 2 * [('up', 'accepted')]
    assert cloud.asked == [('cell1', 'up', 2)]
    assert [one['reason'] for one in answer['servers'] if one['host'] == 'down'] == 2 * ['The compute host down is down.']


@pytest.mark.parametrize('answer, status, words', [
    (messaging.MessagingTimeout('x'), 'host_silent', 'did not answer in time'),
    (messaging.RemoteError('UnsupportedVersion', 'x'), 'host_older', 'an older light-snapshot'),
    (messaging.RemoteError('NoSuchMethod', 'x'), 'host_older', 'an older light-snapshot'),
    (messaging.RemoteError('DBError', 'gone away'), 'failed', 'DBError: gone away'),
    (RuntimeError('the message queue is away'), 'failed', 'could not be asked: RuntimeError'),
    ({'code': 409, 'message': 'Switched off.'}, 'failed', 'Switched off.'),
    ({'accepted': []}, 'skipped', 'One of an earlier request')])
def test_what_a_host_says_is_said_of_each_of_its_servers_and_of_no_other(cloud, answer, status, words):
    cloud.add('a', 2)
    cloud.add('b', 1)
    cloud.answers['a'] = answer
    found = cloud.post()
    assert said(found) == 2 * [('a', status)] + [('b', 'accepted')]
    assert all(words in one['reason'] for one in found['servers'] if one['host'] == 'a')


@pytest.mark.parametrize('host, vm_state, words', [
    ('a', 'paused', 'The server is paused, and has to be active or stopped.'), ('a', 'error', 'The server is error'),
    (None, 'active', 'The server is on no compute host.')])
def test_a_server_whose_state_forbids_it_is_skipped(cloud, host, vm_state, words):
    cloud.add(host, vm_state=vm_state)
    cloud.add('b', vm_state='stopped')
    found = dict((one['host'], one) for one in cloud.post()['servers'])
    assert (found[host]['status'], found['b']['status']) == ('skipped', 'accepted')
    assert words in found[host]['reason'] and cloud.asked == [('cell1', 'b', 1)]


def test_a_cell_that_is_silent_is_named(cloud):
    cloud.add('a')
    cloud.silent = ['cell9']
    answer = cloud.post()
    assert (answer['cells_left_out'], said(answer)) == (['cell9'], [('a', 'accepted')])


def test_nobody_uses_them(cloud):
    assert cloud.post() == {'request_id': 'req-1', 'cells_left_out': [], 'servers': []}


def test_hosts_are_asked_beside_each_other(cloud):
    """Each of two hosts answers once the other was asked."""
    asked = {'a': threading.Event(), 'b': threading.Event()}

    def snapshot_all(_context, host, uuids, _args):
        asked[host].set()
        both = asked['b' if host == 'a' else 'a'].wait(30)
        return {'accepted': uuids if both else []}
    cloud.snapshot_all = snapshot_all
    cloud.add('a')
    cloud.add('b')
    assert said(cloud.post()) == [('a', 'accepted'), ('b', 'accepted')]


class Watch(object):
    """Time goes by where somebody waits: for a host that does not answer, 20 s in each of the threads at once."""

    passed = 0.0

    def __init__(self, seconds):
        self.seconds = seconds

    def start(self):
        Watch.passed = 0.0

    def expired(self):
        return Watch.passed > self.seconds


def test_hosts_that_do_not_answer_keep_a_request_no_longer_than_a_minute(cloud, monkeypatch):
    monkeypatch.setattr(everywhere.timeutils, 'StopWatch', Watch)

    def snapshot_all(_context, host, _uuids, _args):
        with cloud._lock:
            cloud.asked.append(host)
            Watch.passed += float(rpcapi.ALL_TIMEOUT) / beside.AT_ONCE
        raise messaging.MessagingTimeout('x')
    cloud.snapshot_all = snapshot_all
    for number in range(200):
        cloud.add('h%03d' % number)
    cloud.add(None)
    answer = cloud.post()
    assert everywhere.ASKED_WITHIN + rpcapi.ALL_TIMEOUT < 60
    assert 28 <= len(cloud.asked) <= 28 + beside.AT_ONCE + 1
    for one in answer['servers']:
        if one['host'] is not None:
            words = 'may still take' if one['host'] in cloud.asked else 'was not asked'
            assert one['status'] == 'host_silent' and words in one['reason'] and one['host'] in one['reason']
    assert [one['status'] for one in answer['servers'] if one['host'] is None] == ['skipped']


@pytest.mark.parametrize('waited, left', [(0.5, 34.5), (20, 15), (60, everywhere.ASKED_AT_LEAST)])
def test_what_was_waited_for_a_cell_is_of_the_same_time(cloud, monkeypatch, waited, left):
    now, watches = [1000.0], []

    class Kept(Watch):
        def __init__(self, seconds):
            super(Kept, self).__init__(seconds)
            watches.append(seconds)

    def in_each_cell(context, function):
        now[0] += waited
        return cloud.in_each_cell(context, function)
    monkeypatch.setattr(everywhere.timeutils, 'StopWatch', Kept)
    monkeypatch.setattr(everywhere.timeutils, 'now', lambda: now[0])
    monkeypatch.setattr(places, 'in_each_cell', in_each_cell)
    cloud.add('a')
    cloud.about = lambda _context, _host: {'version': None, 'on_disk': None, 'problems': []}
    assert said(cloud.post()) == [('a', 'accepted')]
    assert [one['status'] for one in hosts.HostsController().told(Context())['hosts']] == ['answered']
    assert watches == [left, left]
    assert 60 + everywhere.ASKED_AT_LEAST + rpcapi.ALL_TIMEOUT < 90


# ---- cells

def test_before_16_there_is_one_cell(monkeypatch):
    monkeypatch.setitem(places.PLACES, 'each_cell', ())
    assert places.in_each_cell('context', lambda context: context + ' of the cell') == (['context of the cell'], [])


def test_a_cell_that_fails_or_does_not_answer_is_told_apart(monkeypatch):
    def each(context, function):
        return {'c1': function('one'), 'c2': RuntimeError('x'), 'c3': object(), 'c4': function('four')}
    monkeypatch.setattr(places, 'find', lambda word: each if word == 'each_cell' else None)
    assert places.in_each_cell('context', lambda context: context) == (['one', 'four'], ['c2', 'c3'])


def test_what_the_client_of_a_host_is_found_by():
    class Newer(object):
        def client(self, context):
            return 'by ' + context

    class Older(object):
        def by_host(self, context, host):
            return 'by %s and %s' % (context, host)
        by_instance = None
    assert places.rpc_client_of_host(Newer(), 'context', 'h') == 'by context'
    assert places.rpc_client_of_host(Older(), 'context', 'h') == 'by context and h'
    assert places.rpc_client_of_host('the one', 'context', 'h') == 'the one'
