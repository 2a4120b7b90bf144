"""The package installed on this node as an operator does it, and servers of the user demo."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from testbed.cloud import Cloud  # noqa: E402

import story  # noqa: E402


def newest_deb():
    """The package in dist/, built from this tree where there is none."""
    found = sorted((TOP / 'dist').glob('light-snapshot_*_all.deb'))
    if not found:
        subprocess.run([str(TOP / 'tools' / 'build-deb'), str(TOP / 'dist')], check=True)
        found = sorted((TOP / 'dist').glob('light-snapshot_*_all.deb'))
    return found[-1]


@pytest.fixture(scope='session', autouse=True)
def package():
    """dpkg -i, and verify says that all is well."""
    began = time.monotonic()
    subprocess.run(['dpkg', '-i', str(newest_deb())], check=True, stdin=subprocess.DEVNULL)
    # After an earlier `light-snapshot rollback` dpkg -i leaves the node alone, as it should.
    subprocess.run(['light-snapshot', 'install'], check=True, stdin=subprocess.DEVNULL)
    verified = subprocess.run(['light-snapshot', 'verify', '--json'], stdout=subprocess.PIPE)
    assert verified.returncode == 0, verified.stdout.decode()
    json.loads(verified.stdout.decode())
    return time.monotonic() - began


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
