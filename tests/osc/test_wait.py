"""--wait: until the task state is null, with a deadline, and with the failure's words."""

import pytest

DB = '22222222-bbbb'


def reads(api):
    return [address for method, address, _body in api.requests if (method, address) == ('GET', '/servers/' + DB)]


@pytest.mark.parametrize('args', [['disable'], ['create'], ['commit'], ['recover', '--yes'], ['store', 'off']])
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
