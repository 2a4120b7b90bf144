"""--root and --python through the command line itself: another tree than this machine's, nova in an environment."""
import os
import shutil
import subprocess
import sys

import pytest

from installer_fakes import NOT_IN_LIBERTY, TREE, add_nova_code, tree_of, write
from light_snapshot_installer import paths

UUID = '11111111-2222-3333-4444-555555555555'
INSTALLER = os.path.join(TREE, 'installer')


def light_snapshot(*argv, **keywords):
    """Run the command from this tree; (exit code, output of both streams)."""
    process = subprocess.Popen([keywords.get('python', sys.executable), '-B', INSTALLER] + list(argv),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return process.communicate()[0], process.returncode


def well(*argv, **keywords):
    """Run it; it must succeed. Returns the output."""
    output, code = light_snapshot(*argv, **keywords)
    assert code == 0, output
    return output


def test_tree_of_a_node(node):
    node.add_nova(without=NOT_IN_LIBERTY)
    before = node.tree()
    outside = paths.STATE_DIR + '/python'
    assert not os.path.exists(outside)
    well('--root', node.top, '--share', node.share, 'install')
    assert '"ours"' in open(node.at('nova/compute/manager.py')).read()
    shown = well('--root', node.top, '--share', node.share, 'verify')
    assert 'not looked at: this node is a tree' in shown and 'all is well' in shown
    well('--root', node.top, '--share', node.share, 'status')
    well('--root=' + node.top, '--share', node.share, 'rollback')
    assert node.tree() == before
    # Nothing was asked of a Python outside of the tree later on.
    assert not os.path.exists(node.top + paths.PYTHON_FILE) and not os.path.exists(outside)


def test_processes_of_this_machine_are_not_a_trees(node, services):
    """A tree may have this machine's /proc mounted: what runs there is not the tree's."""
    node.add_nova()
    services.start('nova-compute')
    pid = services.pid('nova-compute')
    well('--root', node.top, '--share', node.share, 'install')
    assert services.asked() == [] and services.pid('nova-compute') == pid


def test_link_out_of_the_tree(node):
    """Debian links Horizon's local/enabled to /etc: in a tree that is this machine's /etc."""
    node.add_dashboard()
    enabled = node.at('openstack_dashboard/local/enabled')
    os.rmdir(enabled)
    os.mkdir(node.top + '-outside')
    os.symlink(node.top + '-outside', enabled)
    before = node.tree()
    write(node.top + '-outside/_9101_light_snapshot.py', u'OF_THE_MACHINE = 1\n')
    for verb in ('install', 'rollback'):
        output, code = light_snapshot('--root', node.top, '--share', node.share, verb)
        assert code == 1 and 'leads out of the tree' in output and 'Nothing was changed' in output
    assert node.tree() == before and os.listdir(node.top + '-outside') == ['_9101_light_snapshot.py']
    # Within the tree a link is followed.
    os.unlink(enabled)
    os.symlink('../../enabled', enabled)
    os.mkdir(node.at('enabled'))
    well('--root', node.top, '--share', node.share, 'install')
    assert '_9101_light_snapshot.py' in os.listdir(node.at('enabled'))


@pytest.fixture
def linked(node):
    """A tree with absolute links: its own files are `node.top` + the link's text, this machine's what the text names."""
    outside = node.top + '-outside'
    write(outside + '/nova.conf', u'[database]\nconnection = mysql://nova:secret@127.0.0.1:1/of_the_machine\n')
    write(outside + '/default', u'APPARMOR=of-the-machine\n')
    write(outside + '/instances/%s/light-snapshot.json' % UUID, u'{"live": [1]}')
    write(outside + '/state/state.json', u'{"format": 99}')
    os.mkdir(outside + '/enabled')
    os.mkdir(outside + '/run')
    node.add_nova(controller=True)
    node.add_dashboard()
    shutil.copytree(outside, node.top + outside)
    os.rename(node.top + '/etc/nova/nova.conf', node.top + outside + '/nova.conf')
    write(node.top + outside + '/default', u'APPARMOR=keep\n')
    os.unlink(node.top + outside + '/state/state.json')
    os.unlink(node.top + outside + '/instances/%s/light-snapshot.json' % UUID)
    places = {'/etc/nova/nova.conf': 'nova.conf', '/etc/default/light-snapshot': 'default', '/var/lib/nova/instances': 'instances',
              '/var/lib/light-snapshot': 'state', '/run': 'run', node.code + '/openstack_dashboard/local/enabled': 'enabled'}
    for path, name in places.items():
        if os.path.isdir(node.top + path):
            shutil.rmtree(node.top + path)
        elif not os.path.isdir(os.path.dirname(node.top + path)):
            os.makedirs(os.path.dirname(node.top + path))
        os.symlink(outside + '/' + name, node.top + path)
    return outside


def test_absolute_links_are_the_trees_own(node, linked):
    """As in a chroot: nothing of this machine is read in the tree's place, and nothing of it changes."""
    before, outside = node.tree(), tree_of(linked)
    options = ['--root', node.top, '--share', node.share]
    shown = well(*(options + ['install']))
    # Neither this machine's nova.conf nor its record.
    assert 'this node: compute, dashboard' in shown
    assert os.path.exists(node.top + linked + '/enabled/_9101_light_snapshot.py')
    assert os.path.exists(node.top + linked + '/state/state.json') and os.path.exists(node.top + linked + '/run/light-snapshot.lock')
    well(*(options + ['verify']))
    assert '0 with a record' in well(*(options + ['status']))
    write(node.top + linked + '/instances/%s/light-snapshot.json' % UUID, u'{"live": [1]}')
    shown, code = light_snapshot(*(options + ['rollback']))
    assert code == 3 and UUID in shown
    os.unlink(node.top + linked + '/instances/%s/light-snapshot.json' % UUID)
    assert '_9101' in well(*(options + ['rollback', '--dry-run']))
    well(*(options + ['rollback']))
    after = dict((path, facts) for path, facts in node.tree().items() if not path.startswith((linked + '/state/', linked + '/run/')))
    assert after == before
    assert tree_of(linked) == outside


@pytest.mark.parametrize('name', ['nova/compute/manager.py', 'light_snapshot/osc/__init__.py'])
def test_file_that_is_a_link_out_of_the_tree(node, name):
    node.add_nova()
    write(node.top + '-outside/file.py', u'OF_THE_MACHINE = 1\n')
    if not os.path.isdir(os.path.dirname(node.at(name))):
        os.makedirs(os.path.dirname(node.at(name)))
    if os.path.exists(node.at(name)):
        os.unlink(node.at(name))
    os.symlink(node.top + '-outside/file.py', node.at(name))
    before = node.tree()
    output, code = light_snapshot('--root', node.top, '--share', node.share, 'install')
    assert code == 1 and 'leads out of the tree: %s/%s' % (node.code, name) in output and 'Nothing was changed' in output
    assert node.tree() == before


def test_links_that_go_round_in_a_circle(node):
    node.add_nova()
    os.unlink(node.top + '/etc/nova/nova.conf')
    os.symlink('/etc/nova/nova.conf', node.top + '/etc/nova/nova.conf')
    before = node.tree()
    output, code = light_snapshot('--root', node.top, '--share', node.share, 'install')
    assert code == 1 and '/etc/nova/nova.conf' in output
    assert node.tree() == before


def test_dpkgs_database_of_another_tree(node):
    os.rename(node.top + '/var/lib/dpkg', node.top + '-dpkg')
    os.symlink(node.top + '-dpkg', node.top + '/var/lib/dpkg')
    output, code = light_snapshot('--root', node.top, '--share', node.share, 'install')
    assert code == 2 and 'not in that tree' in output


def test_tree_without_dpkgs_database(node):
    node.add_nova()
    shutil.rmtree(node.top + '/var/lib/dpkg')
    before = node.tree()
    output, code = light_snapshot('--root', node.top, '--share', node.share, 'install')
    assert code == 2 and 'has no var/lib/dpkg' in output
    assert node.tree() == before


@pytest.fixture
def environment(node):
    """nova in an environment on the node; its Python is started as that of a real environment is."""
    top = node.top + '/opt/nova'
    if sys.version_info[0] == 2:
        # There is no `venv` to make one: a copy of the one that we run in, without its packages.
        shutil.copytree(sys.prefix, top, symlinks=True, ignore=lambda directory, names: [
            name for name in names if os.path.basename(directory) == 'site-packages'])
    else:
        subprocess.check_call([sys.executable, '-m', 'venv', '--without-pip', top])
    python = top + '/bin/python'
    searched = subprocess.check_output([python, '-c', 'import sys; print("\\n".join(sys.path))']).decode().splitlines()
    code = [directory for directory in searched if directory.startswith(top) and directory.endswith('-packages')][-1]
    add_nova_code(code, NOT_IN_LIBERTY)
    write(top + '/bin/nova-compute', u'#!%s\n' % python, 0o755)
    write(node.top + '/etc/nova/nova.conf', u'[DEFAULT]\ntransport_url = fake://\n')
    node.code = code[len(node.top):]
    return python


def test_nova_in_an_environment(node, environment):
    before = node.tree()
    options = ['--root', node.top, '--share', node.share]
    shown = well(*(options + ['--python', environment, 'install']))
    assert 'this node: compute' in shown
    assert '"ours"' in open(node.at('nova/compute/manager.py')).read()
    with open(node.top + paths.PYTHON_FILE) as stream:
        assert stream.read() == environment[len(node.top):] + '\n'
    # The choice is remembered: as when the package is upgraded.
    assert 'diverted' in well(*(options + ['verify']))
    assert '0 changed now' in well(*(options + ['install']))
    well(*(options + ['rollback']))
    assert node.tree() == before


def test_choice_in_the_defaults_file(node, environment):
    write(node.top + paths.DEFAULTS_FILE, u'PYTHON="%s"\n' % environment[len(node.top):])
    well('--root', node.top, '--share', node.share, 'install')
    assert '"ours"' in open(node.at('nova/compute/manager.py')).read()
    assert not os.path.exists(node.top + paths.PYTHON_FILE)


def test_environment_that_went_away_is_not_taken_for_a_node_without_nova(node, environment):
    options = ['--root', node.top, '--share', node.share]
    well(*(options + ['--python', environment, 'install']))
    before = node.tree()
    os.rename(environment, environment + '-away')
    output, code = light_snapshot(*(options + ['install']))
    assert code == 1 and 'is not there' in output and '--python PATH install' in output
    os.symlink('/bin/true', environment)
    output, code = light_snapshot(*(options + ['install']))
    assert code == 1 and 'does not run' in output
    os.unlink(environment)
    os.rename(environment + '-away', environment)
    assert node.tree() == before


def test_python_without_nova(node):
    node.add_nova()
    before = node.tree()
    # A link in a directory of its own is no environment: it imports what this Python imports.
    os.makedirs(node.top + '/opt/bin')
    os.symlink(sys.executable, node.top + '/opt/bin/python')
    output, code = light_snapshot('--root', node.top, '--share', node.share, '--python', node.top + '/opt/bin/python',
                                  'install')
    assert code == 1 and 'imports neither nova nor Horizon' in output
    os.unlink(node.top + '/opt/bin/python')
    os.removedirs(node.top + '/opt/bin')
    assert node.tree() == before


def test_no_verb(node):
    assert light_snapshot('--root', node.top)[1] == 2


@pytest.mark.parametrize('wrong', [['--root', '/no/such'], ['--python', '/no/such'], ['--python', '/etc/passwd'],
                                   ['--python', '/bin/true']])
def test_what_is_not_there(wrong):
    output, code = light_snapshot(*(wrong + ['status']))
    assert code == 2 and wrong[1] in output


def snippet(tmp_path, **files):
    """The Python that installer/python.sh finds in a tree where nothing but `files` is there."""
    with open(os.path.join(INSTALLER, 'python.sh')) as stream:
        text = stream.read()
    top = str(tmp_path)
    for name in ('/var/lib/light-snapshot/', '/etc/default/', '/usr/bin/', '/usr/lib/'):
        text = text.replace(name, top + name)
    for name, content in files.items():
        write(top + name.replace('__', '/').replace('_', '-'), content.replace(u'TOP', u'' + top))
    output = subprocess.check_output(['sh', '-euc', text + '\nprintf %s "$python"'])
    return output.decode()[len(top):]


def test_interpreter_that_the_shell_finds(tmp_path):
    for name in ('/usr/bin/python3', '/usr/bin/python2.7', '/opt/bin/python', '/opt/bin/python-2'):
        write(str(tmp_path) + name, u'#!/bin/sh\necho 1\n', 0o755)
    write(str(tmp_path) + '/opt/bin/true', u'#!/bin/sh\n', 0o755)
    write(str(tmp_path) + '/opt/bin/broken', u'#!/bin/sh\necho no library >&2; exit 127\n', 0o755)
    assert snippet(tmp_path) == '/usr/bin/python3'
    assert snippet(tmp_path, __usr__bin__nova_api=u'#! TOP/usr/bin/python2.7 -s\n') == '/usr/bin/python2.7'
    assert snippet(tmp_path, __etc__default__light_snapshot=u'APPARMOR=keep\nPYTHON="TOP/opt/bin/python"\n'
                   ) == '/opt/bin/python'
    assert snippet(tmp_path, __var__lib__light_snapshot__python=u'TOP/opt/bin/python-2\n') == '/opt/bin/python-2'
    # One that is gone does not count, nor one that is no Python.
    for name in (u'true', u'broken'):
        assert snippet(tmp_path, __var__lib__light_snapshot__python=u'TOP/opt/bin/%s\n' % name) == '/usr/bin/python2.7'
    assert snippet(tmp_path, __var__lib__light_snapshot__python=u'TOP/gone\n') == '/usr/bin/python2.7'


def test_interpreter_on_a_dashboard_without_nova(tmp_path):
    for name in ('/usr/bin/python3', '/usr/bin/python2.7'):
        write(str(tmp_path) + name, u'', 0o755)
    horizon = '/usr/lib/%s/dist-packages/horizon/__init__.py'
    write(str(tmp_path) + horizon % 'python2.7', u'')
    assert snippet(tmp_path) == '/usr/bin/python2.7'
    write(str(tmp_path) + horizon % 'python3', u'')
    assert snippet(tmp_path) == '/usr/bin/python3'
