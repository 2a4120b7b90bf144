"""The package on the cloud, and servers of the user demo."""

import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from testbed.cloud import Cloud  # noqa: E402

import environment  # noqa: E402
import story  # noqa: E402


@pytest.fixture(scope='session', autouse=True)
def package():
    """The package is on the cloud, and verify says that all is well; the seconds that this took."""
    return environment.install()


@pytest.fixture(scope='session')
def demo():
    return Cloud.of('demo')


@pytest.fixture(scope='session')
def other():
    return Cloud.of('other')


@pytest.fixture(scope='session')
def admin():
    return Cloud.of('admin')


@pytest.fixture(scope='module')
def server(demo, package):
    """A server of demo's, its guest up; deleted afterwards, and nothing of it may be left on the host."""
    one = story.Server.create(demo, 'e2e')
    yield one
    directory = one.directory
    one.delete()
    assert not directory.exists()
