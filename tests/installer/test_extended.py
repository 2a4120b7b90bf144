"""A nova in which a file that we extend became a package, or went away: nova runs on without us, and verify and doctor say so."""
import os
import shutil

import pytest

from installer_fakes import write
from light_snapshot_installer import diagnosis

DRIVER = 'nova/virt/libvirt/driver.py'
UUID = '11111111-2222-3333-4444-555555555555'


@pytest.fixture
def told(monkeypatch):
    """What doctor says of a node, whose probe finds nothing wrong."""
    monkeypatch.setattr(diagnosis, 'ask', lambda *_arguments: {
        'python': '3.11.2', 'nova': '40.0.0', 'hooks': [], 'servers': {}, 'daily': ''})
    return lambda node: node.run('doctor')


def package(node, path):
    write(node.at(path[:-3] + '/__init__.py'), u'VALUE = "another layout"\n')


def rows(node, *words):
    code, out, _err = node.run('verify', '--quiet')
    return code, [line for line in out.splitlines() if 'FAIL' in line]


def test_all_is_well(compute, told):
    assert compute.run('install')[0] == 0
    assert rows(compute) == (0, [])
    assert told(compute)[0] == 0


@pytest.mark.parametrize('path', [DRIVER, 'nova/virt/libvirt/imagebackend.py', 'nova/compute/manager.py'])
def test_a_package_at_the_first_installation(compute, told, path):
    os.unlink(compute.at(path))
    package(compute, path)
    before = compute.tree()
    assert compute.run('install')[0] == 0
    code, failed = rows(compute)
    assert code == 1 and len(failed) == 1 and path in failed[0] and 'has a package in its place: it is not extended' in failed[0]
    code, out, _err = told(compute)
    assert code == 1 and 'hooks: ' in out and 'start and move no server that has layers' in out
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


def test_a_file_that_is_gone(compute, told):
    os.unlink(compute.at(DRIVER))
    assert compute.run('install')[0] == 0
    code, failed = rows(compute)
    assert code == 1 and len(failed) == 1 and 'this nova has no such file' in failed[0]
    assert told(compute)[0] == 1


def test_an_upgrade_of_nova_brings_a_package(compute, told):
    """dpkg takes nova's diverted file away; ours stays beside the package, where nobody imports it."""
    assert compute.run('install')[0] == 0
    compute.record(UUID, u'{"live": [{"index": 1}], "root": {"file": "disk"}}')
    os.unlink(compute.at(DRIVER + '.light-snapshot-orig'))
    package(compute, DRIVER)
    for verb in ('install', '--only-files'):
        assert compute.run(*(['install'] if verb == 'install' else ['install', verb]))[0] == 0
        code, failed = rows(compute)
        assert code == 1 and len(failed) == 1 and DRIVER in failed[0] and 'package' in failed[0]
    out = told(compute)[1]
    assert 'bring back the nova of before' in out and 'apt install --reinstall' not in out
    # The nova of before comes back behind our file, where its diversion still leads.
    write(compute.at(DRIVER + '.light-snapshot-orig'), u'VALUE = "nova %s"\n' % DRIVER)
    shutil.rmtree(compute.at(DRIVER[:-3]))
    assert compute.run('install')[0] == 0
    assert rows(compute) == (0, [])


def test_what_runs_elsewhere_alone_is_not_missed(node):
    """A controller runs no driver; a compute host no conductor."""
    node.add_nova()
    os.unlink(node.at('nova/conductor/manager.py'))
    assert node.run('install')[0] == 0
    assert rows(node) == (0, [])
