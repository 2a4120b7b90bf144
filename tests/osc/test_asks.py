"""What loses data: without --yes the user is told what, and asked."""

import io

import pytest

from light_snapshot.client import confirm


@pytest.fixture
def answers(monkeypatch):
    """Puts a user at the terminal who answers with the given line."""
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def give(line):
        monkeypatch.setattr('sys.stdin', Terminal())
        monkeypatch.setattr(confirm, '_read_line', lambda: line)
    return give


def recovered(api):
    return any('recoverInstance' in body for method, _address, body in api.requests if method == 'POST')


@pytest.mark.parametrize('args, point', [
    ([], '2 (after upgrade) '), (['--root'], '0 '), (['--index', '1'], '1 (before upgrade) ')])
def test_says_what_is_lost(api, openstack, answers, args, point):
    answers('y')
    done = openstack('recover', '--no-safety', *(args + ['db']))
    assert done.code == 0
    assert 'Server db goes back to restore point %sof 2026-01-02T03:04:' % point in done.out
    assert 'Everything written to its disks since then is lost, and it restarts' in done.out
    assert recovered(api)


@pytest.mark.parametrize('args', [[], ['--safety']])
def test_says_that_a_safety_snapshot_keeps_it_and_asks_for_that(api, openstack, answers, args):
    answers('y')
    done = openstack('recover', '--index', '1', *(args + ['db']))
    assert done.code == 0 and 'lost' not in done.out
    assert 'What it has on its disks now stays, as a restore point of its own' in done.out
    assert api.requests[-1][2] == {'recoverInstance': {'snap_index': 1, 'safety': True}}


def test_a_server_that_does_not_keep_its_snapshots_gets_no_safety_snapshot(api, openstack, answers):
    api.servers['22222222-bbbb'].store = False
    answers('y')
    done = openstack('recover', 'db')
    assert 'Everything written to its disks since then is lost' in done.out
    assert api.requests[-1][2] == {'recoverInstance': {}}


@pytest.mark.parametrize('line', ['', 'n', 'nein'])
def test_no(api, openstack, answers, line):
    answers(line)
    done = openstack('recover', 'db')
    assert done.code == 1
    assert 'Nothing was done.' in done.err
    assert not recovered(api)


def test_nobody_to_ask(api, openstack, monkeypatch):
    monkeypatch.setattr('sys.stdin', io.StringIO())
    done = openstack('recover', 'db')
    assert done.code == 1
    assert '--yes' in done.err
    assert not recovered(api)


def test_unknown_target_is_refused_by_the_api(openstack, monkeypatch):
    monkeypatch.setattr('sys.stdin', io.StringIO())
    done = openstack('recover', '--index', '9', 'db')
    assert done.code == 1
    assert 'Restore point 9 of server 22222222-bbbb could not be found. (HTTP 404)' in done.err


def deleted(api):
    return [address for method, address, _body in api.requests if method == 'DELETE']


def test_a_deletion_says_what_it_gives_back(api, openstack, answers):
    answers('y')
    done = openstack('delete', 'db', '1')
    assert done.code == 0
    assert 'Restore point 1 (before upgrade) of 2026-01-02T03:04:01Z of server db is deleted for good. ' in done.out
    assert 'That gives back 1.0 KiB.' in done.out and 'The restore points that stand on it stay' in done.out
    assert deleted(api) == ['/servers/22222222-bbbb/light-snapshots/1']


def test_a_deletion_of_a_leaf_whose_space_is_not_known(api, openstack, answers):
    api.servers['22222222-bbbb'].point(2)['frees'] = None
    answers('y')
    done = openstack('delete', 'db', '2')
    assert done.code == 0 and 'for good.\nGo on?' in done.out


PREVIEW_ENDS = [('keep', 'What its disks held before the preview, and no restore point holds, is lost.', 'keepPreview'),
                ('undo', 'everything written to them in the preview is lost', 'undoPreview')]


@pytest.mark.parametrize('command, lost, action', PREVIEW_ENDS)
def test_the_end_of_a_preview(api, openstack, answers, command, lost, action):
    api.servers['22222222-bbbb'].preview = 1
    answers('y')
    done = openstack(command, 'db')
    assert done.code == 0
    assert 'Server db previews restore point 1 (before upgrade) of 2026-01-02T03:04:01Z.' in done.out
    assert lost in done.out and api.requests[-1][2] == {action: None}


@pytest.mark.parametrize('args', [['delete', 'db', '1'], ['keep', 'db'], ['undo', 'db']])
def test_no_and_nobody_to_ask_for_each(api, openstack, answers, monkeypatch, args):
    api.servers['22222222-bbbb'].preview = 1
    answers('')
    done = openstack(*args)
    assert done.code == 1 and 'Nothing was done.' in done.err
    monkeypatch.setattr('sys.stdin', io.StringIO())
    done = openstack(*args)
    assert done.code == 1 and '--yes' in done.err
    assert all(method == 'GET' for method, _address, _body in api.requests)


@pytest.mark.parametrize('args, words', [
    (['delete', 'db', '9'], 'Restore point 9 of server 22222222-bbbb could not be found. (HTTP 404)'),
    (['keep', 'db'], 'previews nothing. (HTTP 409)'), (['undo', 'db'], 'previews nothing. (HTTP 409)')])
def test_what_is_not_there_is_refused_by_the_api(openstack, monkeypatch, args, words):
    monkeypatch.setattr('sys.stdin', io.StringIO())
    done = openstack(*args)
    assert done.code == 1 and words in done.err
