"""What goes to /etc/nova, by what this node's nova has: rootwrap's filters, policy's rules."""
import json
import os
import re
import shutil
import sys

import pytest

from installer_fakes import NOT_IN_LIBERTY, TREE, write
from light_snapshot.engine import privileged
from light_snapshot_installer import files, paths

FILTERS = '/etc/nova/rootwrap.d/light-snapshot.filters'
RULES = '/etc/nova/policy.d/light-snapshot.json'
ACT = '/usr/lib/light-snapshot/light-snapshot-act'
# A database that needs no server: a controller all the same.
SQLITE = u'[database]\nconnection = sqlite:////var/lib/nova/nova.sqlite\n'


def placed(node):
    """Those of our settings that are in place, with their modes."""
    return dict((path, os.stat(node.top + path).st_mode & 0o777) for path in (FILTERS, RULES)
                if os.path.exists(node.top + path))


@pytest.mark.parametrize('compute,controller,without,expected', [
    (True, False, NOT_IN_LIBERTY, [FILTERS]),
    (False, True, NOT_IN_LIBERTY, [RULES]),
    (True, True, NOT_IN_LIBERTY, [FILTERS, RULES]),
    (True, True, ('privsep/__init__.py',), [FILTERS]),
    (True, True, (), []),
])
def test_what_a_nova_needs(node, compute, controller, without, expected):
    node.add_nova(compute, controller, SQLITE if controller else u'', without)
    before = node.tree()
    code, out, err = node.run('install')
    assert code == 0, out + err
    assert placed(node) == dict.fromkeys(expected, 0o644)
    assert os.path.exists(node.at('nova/privsep/light_snapshot.py')) == ('privsep/__init__.py' not in without)
    code, out, _err = node.run('verify')
    assert code == 0, out
    assert all('ok    ' + path in out for path in expected)
    assert node.run('rollback')[0] == 0
    assert node.tree() == before


def test_directory_of_privsep_without_a_context_for_us(compute):
    """The question is whether privsep serves acts of others, not whether the directory is there."""
    write(compute.at('nova/privsep/__init__.py'), u'# to come\n')
    code, out, _err = compute.run('install')
    assert code == 0
    assert 'nova/privsep/light_snapshot.py is left out: privsep of this nova' in out
    assert not os.path.exists(compute.at('nova/privsep/light_snapshot.py'))
    assert list(placed(compute)) == [FILTERS]


def test_upgrade_to_a_nova_with_privsep(node):
    """After nova's upgrade `install` changes from rootwrap to privsep."""
    node.add_nova(without=NOT_IN_LIBERTY)
    node.run('install')
    before = node.tree()
    node.add_nova(without=('virt/libvirt/driver.py', 'virt/libvirt/imagebackend.py', 'compute/manager.py', 'conductor/manager.py',
                           'api/openstack/compute/routes.py'))
    assert node.run('verify')[0] == 1
    code, out, err = node.run('install')
    assert code == 0, out + err
    assert placed(node) == {} and FILTERS in before
    assert os.path.exists(node.at('nova/privsep/light_snapshot.py'))
    assert node.run('verify')[0] == 0


def test_file_of_that_name_that_is_not_ours_comes_back(node):
    node.add_nova(without=NOT_IN_LIBERTY)
    write(node.top + FILTERS, u'[Filters]\n')
    os.unlink(node.top + FILTERS)
    write(node.top + '/etc/nova/rootwrap.d/compute.filters', u'[Filters]\n')
    before = node.tree()
    node.run('install')
    # rootwrap and oslo.policy read every file whose name has no dot in front: none of another name may appear.
    assert sorted(os.listdir(node.top + '/etc/nova/rootwrap.d')) == ['compute.filters', 'light-snapshot.filters']
    assert os.path.basename(files.staged(FILTERS)).startswith('.')
    os.unlink(node.top + paths.STATE_FILE)
    assert node.run('rollback')[0] == 0
    assert node.tree() == before


def test_rules_are_those_of_the_code():
    with open(os.path.join(TREE, 'overlay' + RULES)) as stream:
        rules = dict((name.rpartition(':')[2], rule) for name, rule in json.load(stream).items())
    with open(os.path.join(TREE, 'overlay/dist-packages/light_snapshot/nova/policy.py')) as stream:
        text = stream.read()
    assert rules.pop('discoverable') == '@'
    assert set(rules) == set(re.findall(r"^    '(\w+)': \('", text, re.M))
    # What a repair removes is not for everybody to say, nor what other projects have for everybody to see.
    assert set(rules.pop(verb) for verb in ('all', 'hosts', 'repair', 'summary_all')) == {'is_admin:True'}
    assert set(rules.values()) == {'is_admin:True or project_id:%(project_id)s'}


@pytest.mark.skipif(sys.version_info[0] == 2, reason='oslo.rootwrap is asked once, by the CPython 3 run')
def test_what_the_filters_let_through(tmp_path):
    from oslo_rootwrap import wrapper
    program = str(tmp_path / 'light-snapshot-act')
    write(program, u'#!/bin/sh\n', 0o755)
    directory = str(tmp_path / 'rootwrap.d')
    os.mkdir(directory)
    shutil.copy(os.path.join(TREE, 'overlay' + FILTERS), directory)
    with open(directory + '/light-snapshot.filters') as stream:
        text = stream.read()
    assert text.count(ACT) == text.count('RegExpFilter')
    write(directory + '/light-snapshot.filters', text.replace(ACT, program))
    filters = wrapper.load_filters([directory])

    def allowed(*command):
        try:
            return wrapper.match_filter(filters, list(command)).get_command(list(command))
        except (wrapper.NoFilterMatched, wrapper.FilterMatchNotExecutable):
            return None
    server = '/var/lib/nova/instances/11111111-2222-3333-4444-555555555555'
    given = ['create', server, 'disk.light-1', 'disk', 'qcow2', '1073741824']
    assert allowed('light-snapshot-act', *given)[-7:] == [program] + given
    for place, wrong in enumerate(('fsync', 'instances', '/etc/passwd', '../disk', 'vmdk', '-1')):
        command = given[:place] + [wrong] + given[place + 1:]
        assert allowed('light-snapshot-act', *command) is None, command
    assert allowed('light-snapshot-act', *given[:-1]) is None
    assert allowed('light-snapshot-act', *(given + ['1'])) is None
    assert allowed('/tmp/light-snapshot-act', *given) is None
    acts = dict((one.args[1], len(one.args) - 2) for one in filters if one.exec_path == program)
    assert acts == privileged.ACTS
