"""A recovery loses data: without --yes the user is asked."""

import io

import pytest

from light_snapshot.client import recover


@pytest.fixture
def answers(monkeypatch):
    """Puts a user at the terminal who answers with the given line."""
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def give(line):
        monkeypatch.setattr('sys.stdin', Terminal())
        monkeypatch.setattr(recover, '_read_line', lambda: line)
    return give


def recovered(api):
    return any('recoverInstance' in body for method, _address, body in api.requests if method == 'POST')


@pytest.mark.parametrize('args, point', [
    ([], '2 (after upgrade) '), (['--root'], '0 '), (['--index', '1'], '1 (before upgrade) ')])
def test_says_what_is_lost(api, openstack, answers, args, point):
    answers('y')
    done = openstack('recover', *(args + ['db']))
    assert done.code == 0
    assert 'Server db goes back to restore point %sof 2026-01-02T03:04:' % point in done.out
    assert 'Everything written to its disks since then is lost' in done.out
    assert recovered(api)


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
