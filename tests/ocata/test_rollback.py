"""Taken off again, the package leaves the node's nova as PyPI has it, by the checksums of its own wheel."""

import base64
import csv
import hashlib
import subprocess

import pytest

from testbed.ocata import node, settings


def light_snapshot(*words):
    done = subprocess.run(node.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def checksum(path):
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip('=')


@pytest.fixture
def rolled_back():
    """The node without the package; its running services keep what they have loaded."""
    light_snapshot('rollback')
    yield
    light_snapshot('install')
    light_snapshot('verify')


def test_the_node_is_as_it_was(rolled_back):
    with (node.CODE / 'nova-15.1.5.dist-info/RECORD').open() as lines:
        wanted = {name: digest.partition('=')[2] for name, digest, _size in csv.reader(lines)
                  if name.startswith('nova/') and not name.endswith('.pyc')}
    found = {str(path.relative_to(node.CODE)): checksum(path) for path in (node.CODE / 'nova').rglob('*')
             if path.is_file() and path.suffix != '.pyc'}
    assert len(wanted) > 1000
    assert {name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)} == set()
    left = [path for top in (node.CODE, settings.ETC) for path in top.rglob('*light*snapshot*')]
    assert left == []
    assert not [path for path in (node.CODE / 'nova').rglob('*.pyc') if not path.with_suffix('.py').exists()]
