"""The role and its playbooks by real Ansible on nodes whose commands are recorded: the order, and where it stops."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from collection import BIN, COLLECTION, TOP, playbook, run

#: What each fake command does beside being recorded, by the node's files.
COMMANDS = {
    'dpkg-deb': 'echo 0.1.0',
    'dpkg-query': '[ -e "$STATE/package" ] && cat "$STATE/package"',
    'dpkg': 'case $1 in --install) printf "ii 0.1.0" > "$STATE/package" ;; --purge) rm -f "$STATE/package" ;; esac',
    'light-snapshot': '''
case $1 in
install)
    if [ -e "$STATE/busy" ]; then rm "$STATE/busy"; echo another is at work >&2; exit 5; fi
    changed='"/x.py"'; [ ! -e "$STATE/done" ] || changed=
    touch "$STATE/done"; echo "{\\"changed\\": [$changed]}" ;;
verify) [ ! -e "$STATE/broken" ] || { echo "FAIL column light_snapshot_enable"; exit 1; } ;;
rollback)
    [ ! -e "$STATE/live" ] || { echo "server 8a1c has live layers" >&2; exit 3; }
    [ -e "$STATE/done" ] || echo "light-snapshot was not on this node" >&2
    rm -f "$STATE/done"; echo "{}" ;;
esac''',
}
NODES = ('c1', 'c2', 'h1', 'd1')
INVENTORY = '''[controllers]
c1
c2
[computes]
h1
[dashboards]
d1
[all:vars]
ansible_connection=local
ansible_become=false
ansible_python_interpreter={top}/python-{{{{ inventory_hostname }}}}
light_snapshot_staging={top}/{{{{ inventory_hostname }}}}
'''


class Fleet:
    def __init__(self, top, environment):
        self.top, self.log, self.package = top, top / 'log', top / 'light-snapshot_0.1.0_all.deb'
        self.package.write_bytes(b'a package')
        (top / 'bin').mkdir()
        for name, does in COMMANDS.items():
            self._script('bin/' + name, 'echo "$NODE %s $*" >> %s\n%s' % (name, self.log, does))
        for node in NODES:
            (top / node).mkdir()
            # Each module of a node runs under this: so its commands know whose they are.
            self._script('python-' + node, 'NODE=%s STATE=%s exec %s "$@"' % (node, top / node, sys.executable))
        (top / 'inventory').write_text(INVENTORY.format(top=top))
        self.environment = dict(environment, PATH='%s:%s' % (top / 'bin', environment['PATH']))

    def _script(self, name, text):
        path = self.top / name
        path.write_text('#!/bin/sh\nexport NODE STATE\n%s\n' % text)
        path.chmod(0o755)

    def play(self, name, *words, wrapper=()):
        """(exit code, what was said, the commands that changed something or looked for that)"""
        self.log.write_text('')
        code, said = playbook(self.environment, self.top / 'inventory', name, *words,
                              *(('-e', 'light_snapshot_package=%s' % self.package) if self.package else ()), wrapper=wrapper)
        told = [line.replace(str(self.top) + '/', '') for line in self.log.read_text().splitlines()]
        return code, said, [line for line in told if line.split()[1] in ('dpkg', 'light-snapshot')]

    def mark(self, node, what):
        (self.top / node / what).touch()


def changed(said):
    """{node: how many tasks have changed it}"""
    return {node: int(count) for node, count in re.findall(r'^(\w+) +: ok=\d+ +changed=(\d+)', said, re.M)}


@pytest.fixture
def fleet(tmp_path, environment):
    return Fleet(tmp_path, environment)


def installed(node):
    return ['%s dpkg --install %s/light-snapshot_0.1.0_all.deb' % (node, node)] + again(node)


def again(node):
    return ['%s light-snapshot install --json --wait 120' % node, '%s light-snapshot verify --quiet' % node]


def test_node_by_node_controllers_first(fleet):
    code, said, done = fleet.play('install')
    assert code == 0, said
    assert done == sum([installed(node) for node in NODES], [])
    assert changed(said) == dict.fromkeys(NODES, 2)
    assert not list(fleet.top.glob('*/*.deb'))
    (fleet.top / 'c2' / 'package').write_text('ii 0.0.9')       # of another version
    code, said, done = fleet.play('install')
    assert code == 0 and changed(said) == {'c1': 0, 'c2': 1, 'h1': 0, 'd1': 0}
    assert done == again('c1') + installed('c2') + again('h1') + again('d1')


def test_it_stops_at_the_first_that_is_not_well(fleet):
    fleet.mark('c2', 'broken')
    code, said, done = fleet.play('install')
    assert code != 0 and 'FAIL column light_snapshot_enable' in said
    assert done == installed('c1') + installed('c2')


def test_a_node_where_another_one_is_at_work_is_asked_again(fleet):
    fleet.mark('h1', 'busy')
    code, said, done = fleet.play('install', '--limit', 'h1')
    assert code == 0, said
    assert done == installed('h1')[:2] + again('h1')


def test_check_mode_changes_no_node(fleet):
    code, said, done = fleet.play('install', '--check', '--limit', 'h1')
    assert code == 0, said
    assert done == [] and list((fleet.top / 'h1').iterdir()) == []


def test_without_a_package_nothing_begins(fleet):
    fleet.package = None
    code, said, done = fleet.play('install')
    assert code != 0 and done == [] and 'light_snapshot_package' in said


# ---- back

def rolled_back(node, *more):
    return ' '.join(('%s light-snapshot rollback --json --wait 120' % node,) + more)


@pytest.fixture
def everywhere(fleet):
    """The package is on all nodes."""
    for node in NODES:
        (fleet.top / node / 'package').write_text('ii 0.1.0')
        fleet.mark(node, 'done')
    return fleet


PURGED = '%s dpkg --purge light-snapshot'


def test_back_in_the_opposite_order(everywhere):
    code, said, done = everywhere.play('rollback', '-e', 'light_snapshot_purge=true')
    assert code == 0, said
    assert done == sum([[rolled_back(node), PURGED % node] for node in ('d1', 'h1', 'c2', 'c1')], [])
    code, said, done = everywhere.play('rollback', '-e', 'light_snapshot_purge=true', '--limit', 'c1')
    assert code == 0 and done == [] and set(changed(said).values()) == {0}


def test_the_columns_are_dropped_by_the_last_controller(everywhere):
    code, said, done = everywhere.play('rollback', '--limit', 'c1', '-e', 'light_snapshot_drop_columns=true')
    assert code == 0, said
    assert done == [rolled_back('c1', '--drop-columns')] and changed(said) == {'c1': 1}


def test_a_host_with_live_layers_stops_it(everywhere):
    everywhere.mark('h1', 'live')
    code, said, done = everywhere.play('rollback')
    assert code != 0 and 'server 8a1c has live layers' in said
    assert done == [rolled_back('d1'), rolled_back('h1')]


# ---- the first installation's settings

@pytest.mark.skipif(os.geteuid() != 0, reason='a mount namespace of its own takes root')
def test_the_settings_that_the_package_reads_are_there_before_it(fleet):
    place = fleet.top / 'default'
    place.mkdir()
    fleet._script('bin/dpkg', 'echo "$NODE dpkg $*" >> %s\ncp /etc/default/light-snapshot %s/seen' % (fleet.log, fleet.top))
    code, said, _done = fleet.play(
        'install', '--limit', 'h1', '-e', 'light_snapshot_python=/opt/nova/bin/python', '-e', 'light_snapshot_apparmor=keep',
        wrapper=('unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/default && exec "$@"', place))
    assert code == 0, said
    text = (fleet.top / 'seen').read_text()
    assert text == (place / 'light-snapshot').read_text() == 'PYTHON=/opt/nova/bin/python\nAPPARMOR=keep\n'


# ---- the collection

def test_the_collection_is_of_the_package_s_version():
    version = subprocess.run(['dpkg-parsechangelog', '-l', TOP / 'debian' / 'changelog', '-S', 'Version'], check=True,
                             stdout=subprocess.PIPE, text=True).stdout.strip()
    with (COLLECTION / 'galaxy.yml').open() as handle:
        assert yaml.safe_load(handle)['version'] == version


def test_its_documentation_is_one(environment):
    code, said = run(environment, BIN / 'ansible-doc', '-t', 'module', 'light_snapshot.openstack.light_snapshot')
    assert code == 0 and 'A restore point before the upgrade' in said, said
    code, said = run(environment, BIN / 'ansible-doc', '-t', 'role', 'light_snapshot.openstack.node')
    assert code == 0 and 'light_snapshot_package' in said, said


def test_the_documentation_says_what_the_module_takes(module):
    told = yaml.safe_load(module.DOCUMENTATION)['options']
    assert sorted(told) == sorted(module.ARGUMENTS)
    for name, argument in module.ARGUMENTS.items():
        for key in ('type', 'choices', 'default', 'required', 'aliases'):
            assert told[name].get(key) == argument.get(key), (name, key)
    assert yaml.safe_load(module.EXAMPLES) and yaml.safe_load(module.RETURN)
