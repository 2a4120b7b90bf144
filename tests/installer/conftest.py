"""The installer's fixtures: fake nodes, fake services, a private MariaDB."""
import os
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from installer_fakes import TREE, FakeNode, FakeServices, MariaDB, MySQL  # noqa: E402


@pytest.fixture
def node(tmp_path):
    """An empty node."""
    return FakeNode(str(tmp_path / 'node'))


@pytest.fixture
def compute(node):
    """A compute host with nova and nothing running."""
    node.add_nova()
    return node


@pytest.fixture
def services(node, monkeypatch):
    """Fake services and init commands for `node`; short waits."""
    from light_snapshot_installer import serving
    monkeypatch.setattr(serving, 'SETTLED', 0.2)
    monkeypatch.setattr(serving, 'DEADLINE', 20)
    monkeypatch.setenv('PATH', node.bin + os.pathsep + os.environ['PATH'])
    fakes = FakeServices(node)
    yield fakes
    fakes.stop()


@pytest.fixture(scope='session')
def mariadb(tmp_path_factory):
    """The private server; its socket's path has to be short. `make test-mysql` has the same tests run on a MySQL."""
    real = os.environ.get('LIGHT_SNAPSHOT_MYSQL')
    server = MySQL(real) if real else MariaDB(tempfile.mkdtemp(prefix='lsdb'))
    yield server
    server.stop()


@pytest.fixture(scope='session')
def deb(tmp_path_factory):
    """The package, built from this tree."""
    top = str(tmp_path_factory.mktemp('deb'))
    path = subprocess.check_output([os.path.join(TREE, 'tools', 'build-deb'), top], universal_newlines=True).strip()
    assert os.listdir(top) == [os.path.basename(path)]
    return path
