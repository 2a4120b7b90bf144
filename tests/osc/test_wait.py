"""--wait: until the task state is null, with a deadline, and with the failure's words."""

import io

import pytest

import stub_api

DB = '22222222-bbbb'


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self):
        return True

    def write(self, text):
        super(Terminal, self).write(u'%s' % text)


def reads(api):
    return [address for method, address, _body in api.requests if (method, address) == ('GET', '/servers/' + DB)]


@pytest.mark.parametrize('args', [['disable'], ['create'], ['commit'], ['recover', '--yes'], ['store', 'off'],
                                  ['preview'], ['retain', '--count', '3']])
def test_waits_for_the_end(api, openstack, args):
    server = api.servers[DB]
    act = api._act

    def slow(*args):
        answer = act(*args)
        server.busy_for = 3
        return answer
    api._act = slow
    assert openstack(*(args + ['--wait', DB])).code == 0
    # One to find the server, three that find it busy, one that finds it idle.
    assert len(reads(api)) == 5
    assert server.task is None


def test_without_wait_returns_at_once(api, openstack):
    assert openstack('disable', DB).code == 0
    assert len(reads(api)) == 1


def test_failure_is_told(api, openstack):
    api.servers[DB].fails = 'No space left for the new layer.'
    done = openstack('create', '--wait', DB)
    assert done.code == 1
    assert 'No space left for the new layer.' in done.err


def test_deadline(api, openstack):
    act = api._act

    def endless(*args):
        answer = act(*args)
        api.servers[DB].busy_for = 10 ** 6
        return answer
    api._act = endless
    done = openstack('disable', '--wait', '--wait-timeout', '0.05', DB)
    assert done.code == 1
    assert 'still busy (light_snapshot_disabling)' in done.err


def test_words_of_an_event_without_details():
    from light_snapshot.client import wait
    from light_snapshot.osc.http import Compute
    said = wait._words(Compute, {'id': 'i'}, [{'traceback': 'Traceback:\n  File x\nRuntimeError: boom\n'}])
    assert said == 'RuntimeError: boom'
    assert 'openstack server event list i' in wait._words(Compute, {'id': 'i'}, [{}])
    assert wait._words(Compute, {'id': 'i', 'fault': {'message': 'full'}}, [{}]) == 'full'


def test_a_deletion_waits_too(api, openstack):
    begin = api._begin

    def slow(*args):
        answer = begin(*args)
        api.servers[DB].busy_for = 3
        return answer
    api._begin = slow
    assert openstack('delete', '--yes', '--wait', DB, '1').code == 0
    assert len(reads(api)) == 5
    api.servers[DB].fails = 'The disk is full.'
    done = openstack('delete', '--yes', '--wait', DB, '2')
    assert done.code == 1 and 'The disk is full.' in done.err


@pytest.fixture
def percent(api, monkeypatch):
    """The next action is so far at each look; gives what each look is answered with."""
    server, act, ahead = api.servers[DB], api._act, []
    listing = server.listing

    def slow(*args):
        answer = act(*args)
        server.busy_for = len(ahead)
        return answer

    def told():
        one = ahead.pop(0)
        if isinstance(one, Exception):
            raise one
        return dict(listing(), progress=one and {'operation': 'commit', 'done': 0, 'total': 1, 'percent': one})
    monkeypatch.setattr(api, '_act', slow)
    monkeypatch.setattr(server, 'listing', told)
    return ahead


def test_says_how_far_it_is(api, openstack, percent):
    percent[:] = [None, 12, 15, 15, 61, stub_api.Refused(409, 'no'), 99]
    done = openstack('commit', '--wait', DB)
    assert done.code == 0 and percent == []
    assert done.err == 'commit: 12 %\ncommit: 61 %\ncommit: 99 %\n'


def test_says_it_on_one_line_of_a_terminal(api, openstack, percent, monkeypatch):
    from light_snapshot.client import progress
    screen = Terminal()
    real = progress.Line
    monkeypatch.setattr(progress, 'Line', lambda _stream: real(screen))
    percent[:] = [12, 15]
    assert openstack('commit', '--wait', DB).code == 0
    said = screen.getvalue()
    assert [line.strip() for line in said.split('\r')] == ['', 'commit: 12 %', 'commit: 15 %'] and said.endswith('\n')


def test_another_s_task_is_nothing_to_ask_about(api, openstack, percent):
    act = api._act

    def resize(*args):
        answer = act(*args)
        api.servers[DB].task, api.servers[DB].busy_for = 'resize_prep', 2
        return answer
    api._act = resize
    assert openstack('commit', '--wait', DB).code == 0
