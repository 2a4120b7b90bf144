"""The .deb, installed by the real dpkg into a root that looks like a Liberty node (liberty_root.py), and taken off."""
import os
import shutil
import subprocess
import sys

import pytest

from installer_fakes import NOT_IN_LIBERTY, SHIMS, tree_of, write
from liberty_root import CODE, DEPENDS, HORIZON, SERVICES, SLEEPS, LibertyRoot, nova_code

pytestmark = pytest.mark.skipif(sys.version_info[0] == 2,
                                reason='what is tested runs on the CPython 2.7 in the root, whichever runs the test')

#: What the package may restart on an all-in-one Liberty node, in order.
OURS = ['nova-conductor', 'nova-api', 'nova-compute', 'apache2']
#: Not the node's files: dpkg's own books, what the stubs write down.
BOOKS = ('/var/lib/dpkg', '/var/log')
#: The kernel's name of our maintainer script, which has room for no more.
POSTINST = 'light-snapshot.'
ENABLED = HORIZON + '/openstack_dashboard/local/enabled/_9101_light_snapshot.py'
FILTERS = '/etc/nova/rootwrap.d/light-snapshot.filters'
RULES = '/etc/nova/policy.d/light-snapshot.json'


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    """The root without OpenStack."""
    root = LibertyRoot(str(tmp_path_factory.mktemp('liberty') / 'root'))
    root.make()
    return root


@pytest.fixture
def liberty(base, tmp_path):
    """A copy of it; what was started in it ends with the test."""
    root = base.copy(str(tmp_path / 'root'))
    yield root
    root.stop()


def well(answer):
    """The output of a program that has to succeed."""
    output, code = answer
    assert code == 0, output
    return output


def mounted(root):
    """What of this machine is mounted under the root: nothing, ever."""
    with open('/proc/self/mounts') as stream:
        return [line for line in stream if root.top in line]


def expected_calls(init, names):
    """The commands that restart services: service(8), and what that calls on this init system."""
    calls = []
    for name in names:
        calls.append('service %s restart' % name)
        upstart = init == 'upstart' and name != 'apache2'
        calls.append('initctl restart %s' % name if upstart else '/etc/init.d/%s restart' % name)
    return calls


@pytest.mark.parametrize('init', ['upstart', 'sysv'])
def test_all_in_one(liberty, deb, tmp_path, init):
    liberty.add_openstack(str(tmp_path), init)
    liberty.start(*SERVICES)
    before, pids = tree_of(liberty.top, BOOKS), liberty.pids()

    shown = well(liberty.dpkg('-i', deb))
    assert 'this node: controller, compute, dashboard' in shown
    assert liberty.asked() == expected_calls(init, OURS)
    restarted = [name for name, pid in liberty.pids().items() if pid != pids[name]]
    assert sorted(restarted) == sorted(OURS)
    check_files(liberty)
    shown = well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))
    assert 'all is well' in shown
    assert liberty.asked() == []

    well(liberty.chroot('/usr/sbin/light-snapshot', 'rollback'))
    assert liberty.asked() == expected_calls(init, OURS)
    check_nothing_left(liberty, before, but=('/usr/sbin/light-snapshot', '/usr/lib/light-snapshot',
                                             '/usr/share', '/var/lib/light-snapshot', '/run/light-snapshot.lock'))
    well(liberty.dpkg('--purge', 'light-snapshot'))
    check_nothing_left(liberty, before)
    # What had been rolled back already restarts nothing.
    assert liberty.asked() == []
    assert mounted(liberty) == []


def check_files(liberty):
    """Files, diversions, bytecode, and nova's own modules behind ours under the node's Python."""
    diverted = well(liberty.chroot('/usr/bin/dpkg-divert', '--list'))
    for name in SHIMS:
        path = '%s/nova/%s' % (CODE, name)
        line = 'diversion of %s to %s.light-snapshot-orig by light-snapshot' % (path, path)
        assert (line in diverted) == (name not in NOT_IN_LIBERTY)
    for path in (CODE + '/light_snapshot/engine/engine.py', CODE + '/light_snapshot/engine/engine.pyc',
                 CODE + '/light_snapshot.egg-info/entry_points.txt', FILTERS, RULES, ENABLED,
                 HORIZON + '/light_snapshot_dashboard/attach.pyc'):
        facts = os.stat(liberty.at(path))
        assert (facts.st_uid, facts.st_mode & 0o777) == (0, 0o644), path
    assert not os.path.exists(liberty.at(CODE + '/nova/privsep'))
    assert not [path for path in tree_of(liberty.top) if '__pycache__' in path]
    program = 'import nova.compute.manager as one; print(one.VALUE); print(one._light_snapshot_shim.__name__)'
    shown = well(liberty.chroot('/usr/bin/python2.7', '-B', '-c', program))
    assert shown.splitlines()[-2:] == ['nova compute/manager.py', 'light_snapshot.shim']
    traced, _code = liberty.chroot('/bin/sh', '-x', '/usr/lib/light-snapshot/light-snapshot-act', 'info', 'x')
    assert '+ exec /usr/bin/python -B -E -s -m light_snapshot.engine.act info x' in traced
    output, code = liberty.chroot('/usr/lib/light-snapshot/light-snapshot-act', 'fly', 'x')
    assert code == 2 and "not an act of light-snapshot: 'fly'" in output


def check_nothing_left(liberty, before, but=()):
    """The node's files are those of before."""
    after = tree_of(liberty.top, BOOKS + tuple(but))
    expected = dict((path, facts) for path, facts in before.items() if not path.startswith(tuple(but) or ('\0',)))
    assert after == expected
    assert 'by light-snapshot' not in well(liberty.chroot('/usr/bin/dpkg-divert', '--list'))


def test_purge_without_a_rollback(liberty, deb, tmp_path):
    """`dpkg --purge` alone rolls back first; a compute host, nothing running."""
    liberty.add_openstack(str(tmp_path), 'upstart', dashboard=False)
    before = tree_of(liberty.top, BOOKS)
    well(liberty.dpkg('-i', deb))
    assert os.path.exists(liberty.at(FILTERS))
    # The same version again, as `apt-get install --reinstall` does, changes nothing that is in place.
    once = tree_of(liberty.top, BOOKS + ('/var/lib/light-snapshot',))
    well(liberty.dpkg('-i', deb))
    again = tree_of(liberty.top, BOOKS + ('/var/lib/light-snapshot',))
    assert once == again
    well(liberty.dpkg('--purge', 'light-snapshot'))
    check_nothing_left(liberty, before)
    assert liberty.asked() == []


@pytest.mark.parametrize('word,number,last', [('--add', 1, 'dpkg'), ('--add', 3, POSTINST), ('restart', 1, POSTINST), ('restart', 3, 'dpkg')])
def test_dpkg_configures_what_a_kill_left(liberty, deb, tmp_path, word, number, last):
    """SIGKILL in the middle of postinst, also together with dpkg itself; `dpkg --configure -a` goes on."""
    liberty.add_openstack(str(tmp_path), 'sysv')
    liberty.start(*SERVICES)
    before, pids = tree_of(liberty.top, BOOKS), liberty.pids()
    liberty.cut(word, number, last)
    output, code = liberty.dpkg('-i', deb)
    assert code != 0 and not os.path.exists(liberty.at('/cut')), output
    shown, code = liberty.chroot('/usr/sbin/light-snapshot', 'verify')
    assert code == 1 and 'NOT well' in shown
    well(liberty.dpkg('--configure', '-a'))
    assert 'all is well' in well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))
    check_files(liberty)
    assert sorted(name for name, pid in liberty.pids().items() if pid != pids[name]) == sorted(OURS)
    well(liberty.dpkg('--purge', 'light-snapshot'))
    check_nothing_left(liberty, before)


def test_upgrade_of_nova(liberty, deb, tmp_path):
    """dpkg itself puts nova's new file behind ours, and it is what rollback leaves."""
    liberty.add_openstack(str(tmp_path), 'upstart', dashboard=False)
    well(liberty.dpkg('-i', deb))

    def newer(tree):
        nova_code(tree)
        with open(tree + CODE + '/nova/compute/manager.py', 'a') as stream:
            stream.write('NEWER = True\n')
    liberty.add_package(str(tmp_path / 'newer'), 'python-nova', '2:12.0.6-0ubuntu1~cloud0', newer)
    shown = well(liberty.chroot('/usr/sbin/light-snapshot', 'verify', '--quiet'))
    assert 'hotfix' not in shown
    program = 'import nova.compute.manager as one; print(one.NEWER, one.__name__, "_light_snapshot_shim" in dir(one))'
    shown = well(liberty.chroot('/usr/bin/python2.7', '-B', '-c', program))
    assert shown.splitlines()[-1] == "(True, 'nova.compute.manager', True)"
    well(liberty.dpkg('--purge', 'light-snapshot'))
    shown = well(liberty.chroot('/usr/bin/python2.7', '-B', '-c', program))
    assert shown.splitlines()[-1] == "(True, 'nova.compute.manager', False)"


def test_nova_comes_after_the_package(liberty, deb, tmp_path):
    """dpkg's triggers install on a node that had nothing, and take all away with nova."""
    for name, version in DEPENDS:
        liberty.add_package(str(tmp_path), name, version)
    shown = well(liberty.dpkg('-i', deb))
    assert 'no part of OpenStack was found' in shown
    before = tree_of(liberty.top, BOOKS + ('/var/lib/light-snapshot',))

    def compute(tree):
        nova_code(tree)
        write(tree + '/usr/bin/nova-compute', SLEEPS, 0o755)
    liberty.add_package(str(tmp_path / 'nova'), 'python-nova', '2:12.0.5-0ubuntu1~cloud0', compute)
    program = 'import nova.compute.manager as one; print(one.VALUE); print(one._light_snapshot_shim.__name__)'
    shown = well(liberty.chroot('/usr/bin/python2.7', '-B', '-c', program))
    assert shown.splitlines()[-2:] == ['nova compute/manager.py', 'light_snapshot.shim']
    well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))
    states = well(liberty.chroot('/usr/bin/dpkg-divert', '--list'))
    assert 'manager.py.light-snapshot-orig' in states
    with open(liberty.at('/var/lib/dpkg/status')) as stream:
        assert 'triggers-' not in stream.read()
    well(liberty.dpkg('--purge', 'python-nova'))
    after = tree_of(liberty.top, BOOKS + ('/var/lib/light-snapshot',))
    assert sorted(set(after) - set(before)) == [] and sorted(set(before) - set(after)) == []
    well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))


#: What a maintainer script of nova-compute's finds when it starts the service.
FIRST_START = """#!/bin/sh
/usr/bin/python2.7 -B -c 'import nova.compute.manager as one; print(hasattr(one, "_light_snapshot_shim"))' > /var/log/first-start
"""


def test_nova_compute_finds_our_files_when_it_is_first_started(liberty, deb, tmp_path):
    """On a host with layers: nova's service is configured after our files are in place, also where nova went and came back."""
    for name, version in DEPENDS:
        liberty.add_package(str(tmp_path), name, version)
    well(liberty.dpkg('-i', deb))
    write(liberty.at('/var/lib/nova/instances/11111111-2222-3333-4444-555555555555/light-snapshot.json'),
          u'{"live": [{"index": 1}], "root": {"file": "disk"}, "job": null}')

    def compute(tree):
        write(tree + '/usr/bin/nova-compute', SLEEPS, 0o755)
        write(tree + '/DEBIAN/postinst', FIRST_START, 0o755)
        with open(tree + '/DEBIAN/control', 'a') as stream:
            stream.write('Depends: python-nova\n')
    debs = [liberty.build_package(str(tmp_path / 'nova'), name, '2:12.0.5-0ubuntu1~cloud0', fill)
            for name, fill in (('nova-compute', compute), ('python-nova', nova_code))]
    for _time in range(2):
        well(liberty.dpkg('-i', *debs))
        with open(liberty.at('/var/log/first-start')) as stream:
            assert stream.read() == 'True\n'
        os.unlink(liberty.at('/var/log/first-start'))
        well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))
        shown = well(liberty.dpkg('--purge', 'nova-compute', 'python-nova'))
        assert 'files of ours stay' in shown
        well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))
        assert os.path.exists(liberty.at(CODE + '/nova/compute/manager.py'))


def test_removal_is_refused_while_a_server_has_layers(liberty, deb, tmp_path):
    liberty.add_openstack(str(tmp_path), 'sysv', dashboard=False)
    well(liberty.dpkg('-i', deb))
    directory = liberty.at('/var/lib/nova/instances/11111111-2222-3333-4444-555555555555')
    os.mkdir(directory)
    with open(directory + '/light-snapshot.json', 'w') as stream:
        stream.write('{"live": [{"index": 1}], "root": {"file": "disk"}, "job": null}')
    output, code = liberty.dpkg('--remove', 'light-snapshot')
    assert code != 0 and 'still have live layers' in output
    well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))


def test_removal_that_fails_on_its_way_is_taken_back(liberty, deb, tmp_path):
    """dpkg counts the package as installed then, and has nothing left to configure: the files are back by that time."""
    liberty.add_openstack(str(tmp_path), 'sysv', dashboard=False)
    liberty.start('nova-compute')
    before = tree_of(liberty.top, BOOKS)
    well(liberty.dpkg('-i', deb))
    script = liberty.at('/etc/init.d/nova-compute')
    shutil.copy2(script, str(tmp_path / 'script'))
    write(script, u'#!/bin/sh\n[ -d %s/light_snapshot ] || exit 1\nexec /usr/lib/job "$1" nova-compute\n' % CODE, 0o755)
    output, code = liberty.dpkg('--remove', 'light-snapshot')
    assert code != 0 and 'nova-compute did not restart' in output and 'is installed' in output, output
    assert 'all is well' in well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))
    assert well(liberty.dpkg('--audit')) == ''
    shutil.copy2(str(tmp_path / 'script'), script)
    well(liberty.dpkg('--purge', 'light-snapshot'))
    check_nothing_left(liberty, before)


def test_dashboard_alone(liberty, deb, tmp_path):
    """Horizon's code is in /usr/share, and no program of nova's says which Python runs it."""
    liberty.add_openstack(str(tmp_path), 'sysv', nova=False)
    # Ubuntu 14.04 has a Python 3.4 as well, which runs nothing of OpenStack's.
    os.symlink('/bin/false', liberty.at('/usr/bin/python3'))
    liberty.start('apache2')
    before = tree_of(liberty.top, BOOKS)
    shown = well(liberty.dpkg('-i', deb))
    assert 'this node: dashboard' in shown
    assert os.path.exists(liberty.at(ENABLED)) and not os.path.exists(liberty.at(CODE + '/light_snapshot'))
    assert liberty.asked() == expected_calls('sysv', ['apache2'])
    well(liberty.chroot('/usr/sbin/light-snapshot', 'verify'))
    well(liberty.dpkg('--purge', 'light-snapshot'))
    assert liberty.asked() == expected_calls('sysv', ['apache2'])
    check_nothing_left(liberty, before)


def test_policy_that_forbids_restarts(liberty, deb, tmp_path):
    liberty.add_openstack(str(tmp_path), 'upstart', dashboard=False)
    liberty.start('nova-compute')
    with open(liberty.at('/usr/sbin/policy-rc.d'), 'w') as stream:
        stream.write('#!/bin/sh\nexit 101\n')
    os.chmod(liberty.at('/usr/sbin/policy-rc.d'), 0o755)
    shown = well(liberty.dpkg('-i', deb))
    assert 'policy-rc.d forbids to restart nova-compute' in shown
    assert liberty.asked() == []
    well(liberty.chroot('/usr/sbin/light-snapshot', 'install'))
    assert liberty.asked() == expected_calls('upstart', ['nova-compute'])


def test_package_that_lacks_a_dependency_of_14_04_is_not_asked_for(deb):
    """Every dependency has an alternative that Ubuntu 14.04 carries."""
    depends = subprocess.check_output(['dpkg-deb', '-f', deb, 'Depends'], universal_newlines=True)
    carried = [name for name, _version in DEPENDS]
    for group in depends.strip().split(','):
        assert set(carried) & set(one.split()[0] for one in group.split('|')), group
