"""How nova-compute, which is the user nova, becomes root on Ocata: by sudo and rootwrap, for our acts alone."""

import json
import shutil
import subprocess
import uuid

import pytest

from testbed.ocata import services, settings


def as_root(*words):
    """Ask for a command as nova does; the exit code and what it printed."""
    done = subprocess.run(
        services.inside(['sudo', '-n', 'nova-rootwrap', '/etc/nova/rootwrap.conf', *words]), cwd='/', text=True,
        env=settings.ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def directory():
    """A server's directory with a root disk that only root can read."""
    path = settings.INSTANCES / str(uuid.uuid4())
    path.mkdir()
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', path / 'disk', '1M'], check=True)
    (path / 'disk').chmod(0o600)
    yield path
    shutil.rmtree(path)


def test_an_act_of_ours(directory):
    code, out, error = as_root('light-snapshot-act', 'info', str(directory), 'disk', 'qcow2')
    assert code == 0, error
    done, found = json.loads(out)
    assert done and found['virtual-size'] == 2 ** 20, out


def test_an_act_that_fails_says_why(directory):
    code, out, _error = as_root('light-snapshot-act', 'info', str(directory), 'disk.light-7', 'qcow2')
    assert code == 0
    done, message = json.loads(out)
    assert not done and 'disk.light-7' in message, out


@pytest.mark.parametrize('words', [
    ('info', '/etc', 'disk', 'qcow2'), ('info', '%s', '../disk', 'qcow2'), ('info', '%s', 'disk', 'vmdk'),
    ('info', '%s', 'disk', 'qcow2', 'more'), ('info', '%s'), ('create', '%s', 'disk', 'disk', 'raw', '1'),
    ('commit', '%s', 'disk.light-1', '/etc/shadow'), ('chown', '%s', 'disk', 'raw')], ids=' '.join)
def test_what_the_filters_do_not_let_through(directory, words):
    before = (directory / 'disk').read_bytes()
    code, out, error = as_root('light-snapshot-act', *[str(directory) if word == '%s' else word for word in words])
    assert code == 99 and out == '' and 'no filter matched' in error
    assert (directory / 'disk').read_bytes() == before


def test_nothing_but_our_acts():
    code, _out, error = as_root('sh', '-c', 'id')
    assert code == 99 and 'no filter matched' in error
