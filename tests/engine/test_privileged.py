"""What is done as root in a directory that somebody else owns, who may put other things there at any time."""

import os

import pytest

from light_snapshot.engine import privileged

SOMEBODY = 65534
CALLS = {
    'create': lambda directory: privileged.create(directory, 'disk.light-1', 'disk', 'qcow2', 2 ** 20),
    'hand_over': lambda directory: privileged.hand_over(directory, 'disk.light-1'),
}


@pytest.fixture
def place(tmpdir):
    """(the directory, a file of somebody else's outside of it)."""
    directory, secret = tmpdir.mkdir('instance'), tmpdir.join('secret')
    os.chown(str(directory), SOMEBODY, SOMEBODY)
    secret.write('of the host')
    os.chmod(str(secret), 0o640)
    return str(directory), str(secret)


@pytest.mark.parametrize('name', sorted(CALLS))
def test_a_link_that_comes_after_the_look_leads_nowhere(place, monkeypatch, name):
    directory, secret = place
    looks = privileged._path

    def look(where, leaf):
        path = looks(where, leaf)
        os.symlink(secret, path)
        return path
    monkeypatch.setattr(privileged, '_path', look)
    before = os.stat(secret)
    with pytest.raises(OSError):
        CALLS[name](directory)
    after = os.stat(secret)
    assert (before.st_uid, before.st_gid, before.st_mode) == (after.st_uid, after.st_gid, after.st_mode)
    with open(secret) as handle:
        assert handle.read() == 'of the host'


def test_what_is_no_file_is_not_handed_over(place):
    directory, _secret = place
    os.mkfifo(directory + '/disk.light-1')
    with pytest.raises(ValueError):
        privileged.hand_over(directory, 'disk.light-1')
    assert os.stat(directory + '/disk.light-1').st_uid == 0


def test_a_layer_is_its_owner_s_alone(place):
    directory, _secret = place
    before = os.umask(0)
    try:
        CALLS['create'](directory)
    finally:
        os.umask(before)
    made = os.stat(directory + '/disk.light-1')
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (SOMEBODY, SOMEBODY, 0o600)
