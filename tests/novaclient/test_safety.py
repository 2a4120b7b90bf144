"""What loses data asks, --wait tells the truth, and the transports of novaclient all serve."""

import os
import pty

import pytest

from stub_cloud import DB


@pytest.fixture
def terminal(nova):
    """Runs a command whose user sits at a terminal and types a line."""
    def run(line, *args):
        ours, theirs = pty.openpty()
        try:
            os.write(ours, line + b'\n')
            return nova(*args, stdin=theirs)
        finally:
            os.close(theirs)
            os.close(ours)
    return run


def recovered(api):
    return any('recoverInstance' in body for method, address, body in api.requests
               if method == 'POST' and address.endswith('/action'))


def test_says_what_is_lost(api, terminal):
    done = terminal(b'y', 'recover', '--no-safety', 'db')
    assert done.code == 0
    assert 'Server db goes back to restore point 2 (after upgrade) of 2026-01-02T03:04:' in done.out
    assert 'Everything written to its disks since then is lost' in done.out
    assert recovered(api)


def test_says_what_stays(api, terminal):
    done = terminal(b'y', 'recover', 'db')
    assert done.code == 0 and 'What it has on its disks now stays, as a restore point of its own' in done.out
    assert api.requests[-1][2] == {'recoverInstance': {'safety': True}}


@pytest.mark.parametrize('args, words', [
    (['light-snapshot-delete', 'db', '1'], 'Restore point 1 (before upgrade) of 2026-01-02T03:04:01Z of server db is '
                                           'deleted for good. That gives back 1.0 KiB.'),
    (['light-snapshot-keep', 'db'], 'and no restore point holds, is lost.'),
    (['light-snapshot-undo', 'db'], 'everything written to them in the preview is lost')])
def test_asks_before_each(api, nova, terminal, args, words):
    api.servers[DB].preview = 1
    done = terminal(b'n', *args)
    assert done.code == 1 and words in done.out and 'Nothing was done.' in done.err
    done = nova(*args)
    assert done.code == 1 and '--yes' in done.err
    assert not [address for method, address, _body in api.requests if method != 'GET' and '/v3' not in address]
    api.servers[DB].preview = 1 if 'delete' not in args[0] else None
    assert terminal(b'yes', *args).code == 0


def test_no(api, terminal):
    done = terminal(b'', 'recover', 'db', '--use-root')
    assert done.code == 1
    assert 'goes back to restore point 0 of' in done.out
    assert 'ERROR (CommandError): Nothing was done.' in done.err
    assert not recovered(api)


def test_end_of_input_is_no(api, terminal):
    done = terminal(b'\x04', 'recover', 'db')
    assert done.code == 1
    assert 'Nothing was done.' in done.err
    assert not recovered(api)


def test_nobody_to_ask(api, nova):
    done = nova('recover', 'db')
    assert done.code == 1
    assert '--yes' in done.err
    assert not recovered(api)


def test_unknown_target_is_refused_by_the_api(nova):
    done = nova('recover', '--index', '9', 'db')
    assert done.code == 1
    assert 'Restore point 9 of server %s could not be found. (HTTP 404)' % DB in done.err


def busy(api, reads):
    """Makes the next action last for so many reads of the server."""
    act = api._act

    def slow(*args):
        answer = act(*args)
        api.servers[DB].busy_for = reads
        return answer
    api._act = slow


def test_waits_for_the_end(api, nova):
    busy(api, 2)
    assert nova('disable-light-snapshot', '--wait', DB).code == 0
    action = [method for method, _address, _body in api.requests].index('POST', 2)
    reads = [address for method, address, _body in api.requests[action:] if address == '/servers/' + DB]
    # Two that find it busy, one that finds it idle.
    assert len(reads) == 3


def test_deadline(api, nova):
    busy(api, 10 ** 6)
    done = nova('disable-light-snapshot', '--wait', '--wait-timeout', '0.05', DB)
    assert done.code == 1
    assert 'still busy (light_snapshot_disabling)' in done.err
    assert '`nova show %s`' % DB in done.err


def test_failure_is_told(api, nova):
    api.servers[DB].fails = 'No space left for the new layer.'
    done = nova('light-snapshot', '--wait', DB)
    assert (done.code, done.out) == (1, '')
    assert 'ERROR (CommandError): No space left for the new layer.' in done.err


# With an endpoint of the user's choice, 2.30 sends its requests by a client class that later releases do not have.
def test_endpoint_without_catalogue(api, nova):
    more = {'NOVACLIENT_BYPASS_URL': api.endpoint, 'NOVACLIENT_ENDPOINT_OVERRIDE': api.endpoint,
            'OS_AUTH_TOKEN': 'token', 'OS_TOKEN': 'token'}
    done = nova('light-snapshot-show', 'db', '7', more=more)
    assert done.code == 1
    assert 'Restore point 7 of server %s could not be found. (HTTP 404)' % DB in done.err
    assert nova('disable-light-snapshot', '--wait', 'db', more=more).code == 0
    assert not api.servers[DB].enabled


def test_says_how_far_it_is(api, nova):
    busy(api, 2)
    api.servers[DB].progress = {'operation': 'commit', 'done': 1, 'total': 4, 'percent': 25}
    done = nova('disable-light-snapshot', '--wait', DB)
    assert (done.code, done.out, done.err) == (0, '', 'commit: 25 %\n')
