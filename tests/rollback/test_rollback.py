"""The way back: refused under live layers, then byte for byte as before, then nothing left after a purge."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import collection
from testbed import updown
from testbed.cloud import openrc

PACKAGES = ['python3-nova', 'nova-api', 'nova-common', 'nova-compute', 'nova-compute-qemu', 'nova-conductor',
            'nova-scheduler', 'python3-django-horizon', 'openstack-dashboard', 'openstack-dashboard-apache']
TOP = Path(__file__).resolve().parents[2]
DIST = Path('/usr/lib/python3/dist-packages')
OURS = [DIST / 'light_snapshot', DIST / 'light_snapshot_dashboard', DIST / 'light_snapshot.egg-info',
        DIST / 'nova/privsep/light_snapshot.py',
        DIST / 'openstack_dashboard/local/enabled/_9101_light_snapshot.py']


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def columns():
    """Our columns in every cell's two tables, and their number."""
    _code, out = run('mariadb', '-N', '-B', '-e', "SELECT table_schema, table_name, column_name FROM "
                     "information_schema.columns WHERE table_schema IN ('nova', 'nova_cell0') AND (column_name LIKE "
                     "'light_snapshot%' OR column_name LIKE 'snapshot_%' OR column_name = 'root_index') AND table_name "
                     "IN ('instances', 'shadow_instances')")
    return len(out.splitlines())


def tree():
    """Every file of nova's and Horizon's Python code: path, size, mode, mtime and checksum of its own."""
    found = {}
    for top in (DIST / 'nova', DIST / 'openstack_dashboard'):
        for path in top.rglob('*'):
            if path.is_file() and '__pycache__' not in path.parts:
                status = path.stat()
                found[str(path)] = (status.st_size, status.st_mode, status.st_mtime_ns)
    return found


def code_verifies():
    """No file below /usr of nova's or Horizon's packages differs from what dpkg installed."""
    _code, out = run('dpkg', '--verify', *PACKAGES)
    return not [line for line in out.splitlines() if ' /usr/' in line], out


def test_refused_while_a_server_has_layers(server):
    server.act('enableSnapshot', {'store': True})
    for words in (('light-snapshot', 'rollback'), ('dpkg', '--purge', 'light-snapshot')):
        code, out = run(*words)
        assert code != 0 and server.uuid in out, out
        assert 'openstack server light snapshot disable ' + server.uuid in out
    code, out = run('light-snapshot', 'verify')
    assert code == 0, out
    # dpkg notes that the removal was asked for: take that back.
    subprocess.run(['dpkg', '--set-selections'], input='light-snapshot install\n', text=True, check=True)
    server.guest.wait_record(server.guest.records() + 1)


def test_the_command_it_names_works(server):
    sums = server.write('kept', 'kept')
    server.guest.sync()
    done = subprocess.run(['openstack', 'server', 'light', 'snapshot', 'disable', server.uuid, '--wait'],
                          env=dict(os.environ, **openrc()), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert server.sums('kept') == {'kept': sums}
    assert server.active().name == 'disk'


def test_rollback(server):
    code, out = run('light-snapshot', 'rollback', '--json')
    assert code == 0, out
    json.loads(out[out.index('{'):])
    clean, out = code_verifies()
    assert clean, out
    assert 'light-snapshot' not in run('dpkg-divert', '--list')[1]
    assert [str(path) for path in OURS if path.exists()] == []
    assert not list(DIST.rglob('*light-snapshot-orig*')) and not list(DIST.glob('nova/**/__pycache__/*light_snapshot*'))
    assert columns() == 24, 'the columns are kept unless told otherwise'


def test_nova_runs_untouched(server):
    assert not [row for row in updown.status() if not row['serving'] and row['name'] != 'nova-scheduler']
    body = server.body()
    assert not {'light_snapshot_enabled', 'snapshot_store', 'snapshot_daily'} & set(body)
    assert server.post('createSnapshot').status == 400
    assert server.cloud.call('compute', 'GET', '/servers/%s/light-snapshots' % server.uuid).status == 404
    server.reboot('HARD')
    assert server.sums('kept')['kept']
    assert server.guest.records() > 0


def test_a_rolled_back_package_stays_off_until_it_is_asked_for(newest):
    before = tree()
    code, out = run('dpkg', '-i', str(newest))
    assert code == 0 and tree() == before, out
    assert run('light-snapshot', 'verify')[0] != 0


class Fleet:
    """This machine as a fleet that Ansible looks after: one node, which is controller, compute host and dashboard."""

    def __init__(self, top, package):
        self._environment, self._inventory, self._package = collection.environment(top), top / 'inventory', package
        self._inventory.write_text(''.join('[%s]\nnode\n' % group for group in ('controllers', 'computes', 'dashboards')) +
                                   '[all:vars]\nansible_connection=local\nansible_become=false\nansible_python_interpreter=%s\n' % sys.executable)

    def play(self, name, *words):
        """(exit code, what was said, how many tasks have changed the node)"""
        code, said = collection.playbook(self._environment, self._inventory, name, '-e', 'light_snapshot_package=%s' % self._package, *words)
        changed = re.search(r'^node +: ok=\d+ +changed=(\d+)', said, re.M)
        return code, said, changed and int(changed.group(1))


@pytest.fixture(scope='module')
def fleet(tmp_path_factory, newest):
    return Fleet(tmp_path_factory.mktemp('fleet'), newest)


def test_a_fleet_installs_with_the_columns_gone(fleet):
    subprocess.run('cat "%s" | mariadb nova; cat "%s" | mariadb nova_cell0' % (
        (next((TOP / 'sql').glob('*.down.sql')),) * 2), shell=True, check=True)
    assert columns() == 0
    before = tree()
    code, said, changed = fleet.play('install', '--check')
    assert code == 0 and changed == 0 and columns() == 0 and tree() == before, said
    code, said, changed = fleet.play('install')
    assert code == 0 and changed == 1 and columns() == 24, said
    code, out = run('light-snapshot', 'verify')
    assert code == 0, out
    code, said, changed = fleet.play('install')
    assert code == 0 and changed == 0, said


def test_a_fleet_rolls_back_with_the_columns_and_nothing_is_left(fleet):
    code, said, changed = fleet.play('rollback', '-e', 'light_snapshot_drop_columns=true', '-e', 'light_snapshot_purge=true')
    assert code == 0 and changed == 2 and columns() == 0, said
    assert run('dpkg-query', '--show', 'light-snapshot')[0] == 1
    # What has `testbed` in its name is the testbed's own configuration of the services.
    left = run('find', '/usr', '/etc', '/run', '/var/lib/dpkg', '/var/lib/light-snapshot', '/var/cache', '-xdev',
               '(', '-name', '*light-snapshot*', '-o', '-name', '*light_snapshot*', ')')[1].splitlines()
    left = [path for path in left if 'testbed' not in path and 'No such file' not in path]
    assert left == [] and list(Path('/var/tmp').glob('*.deb')) == []
    clean, out = code_verifies()
    assert clean, out
