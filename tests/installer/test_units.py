"""Services that the init system calls by other names than ours, or does not know: restarted, or never taken for new code."""
import os
import subprocess
import sys

import pytest

from installer_fakes import write
from light_snapshot_installer import process, services as table
from test_root import INSTALLER, environment  # noqa: F401 (a fixture)

DEVSTACK = u'0::/system.slice/system-devstack.slice/devstack@n-cpu.service\n'


@pytest.fixture
def systemd(compute):
    """A compute host under systemd that has no unit of the name that packages use."""
    os.makedirs(compute.top + '/run/systemd/system')
    os.unlink(compute.top + '/etc/init.d/nova-compute')
    write(compute.top + '/var/log/unit-devstack@n-cpu', u'nova-compute')
    write(compute.top + '/var/log/unit-devstack@n-cpu.service', u'nova-compute')
    return compute


def group(node, text):
    """The control group in which nova-compute starts."""
    write(node.top + '/var/log/cgroup-nova-compute', text)


@pytest.mark.parametrize('text,unit', [
    (u'0::/system.slice/nova-compute.service\n', 'nova-compute.service'),
    (DEVSTACK, 'devstack@n-cpu.service'),
    (u'9:name=systemd:/system.slice/a.service\n4:memory:/b.service\n0::/\n', 'a.service'),
    (u'1:name=systemd:/lxc/one/system.slice/nova-compute.service\n', 'nova-compute.service'),
    (u'0::/user.slice/user-0.slice/session-3.scope\n', ''),
    (u'0::/user.slice/user-1000.slice/user@1000.service/app.slice/n.service\n', ''),
    (u'0::/system.slice/docker-0123.scope\n', ''),
    (u'9:name=systemd:/\n4:memory:/x\n0::/\n', None),
])
def test_unit_of_a_process(node, text, unit):
    write(node.top + '/proc/77/cgroup', text)
    assert process.unit(node.root, process.Process(77, 1, 1.0, ['x'], 'x')) == unit


def test_unit_of_another_name_restarts(systemd, services):
    group(systemd, DEVSTACK)
    services.start('nova-compute')
    old = services.pid('nova-compute')
    code, out, err = systemd.run('install')
    assert code == 0, out + err
    assert services.asked() == ['systemctl restart devstack@n-cpu.service'] and services.pid('nova-compute') != old
    code, out, _err = systemd.run('verify')
    assert code == 0 and 'runs the code on disk' in out
    write(systemd.calls, u'')
    assert systemd.run('rollback')[0] == 0
    assert services.asked() == ['systemctl restart devstack@n-cpu.service']


def test_one_of_another_name_that_died_in_its_restart_is_started(systemd, services):
    group(systemd, DEVSTACK)
    services.start('nova-compute')
    write(systemd.top + '/var/log/dies-nova-compute', type(u'')(systemd.at('light_snapshot')))
    code, _out, err = systemd.run('install', '--wait', '2')
    assert code == 1 and 'was undone' in err
    assert services.asked() == ['systemctl restart devstack@n-cpu.service'] * 2 and services.pid('nova-compute')


@pytest.mark.parametrize('text', [u'0::/user.slice/user-0.slice/session-3.scope\n', u'0::/system.slice/ssh.service\n'])
def test_one_that_no_unit_runs(systemd, services, text):
    """Nor is a unit restarted that has only started it, such as that of the ssh it was started from."""
    write(systemd.top + '/var/log/unit-ssh', u'ssh')
    write(services.pids + '/ssh', u'1')
    group(systemd, text)
    services.start('nova-compute')
    pid = services.pid('nova-compute')
    by_hand(systemd, services, pid)
    os.unlink(services.pids + '/ssh')


def by_hand(node, services, pid):
    """install, verify and rollback of one that only the operator can restart."""
    code, _out, err = node.run('install')
    assert code == 4 and 'nova-compute (process %d)' % pid in err and 'restart them the way' in err
    assert services.asked() == [] and services.pid('nova-compute') == pid
    for _time in range(2):
        code, out, _err = node.run('verify', '--quiet')
        assert code == 1 and 'does not know process %d' % pid in out and 'the way it was started' in out
        assert node.run('install')[0] == 4
    services.start('nova-compute')
    code, out, _err = node.run('verify')
    assert code == 0, out
    # Neither does the way back take it for one that has restarted since.
    assert node.run('rollback')[0] == 4
    assert not os.path.exists(node.at('light_snapshot'))
    assert node.run('rollback')[0] == 4
    services.start('nova-compute')
    assert node.run('rollback')[0] == 0 and node.run('status')[1].find('rolled-back') > 0
    assert services.asked() == []


def test_one_that_sysv_does_not_know(compute, services):
    os.unlink(compute.top + '/etc/init.d/nova-compute')
    services.start('nova-compute')
    by_hand(compute, services, services.pid('nova-compute'))


def test_dry_run_says_so(systemd, services):
    group(systemd, DEVSTACK)
    services.start('nova-compute')
    code, out, _err = systemd.run('install', '--dry-run')
    assert code == 0 and 'restart            devstack@n-cpu.service' in out
    group(systemd, u'0::/user.slice/user-0.slice/session-3.scope\n')
    services.start('nova-compute')
    code, out, _err = systemd.run('install', '--dry-run')
    assert code == 0 and 'not restarted, because' in out and 'restart    ' not in out
    assert services.asked() == []


@pytest.mark.parametrize('line,hosted', [
    (u'    WSGIScriptAlias / /usr/bin/nova-api-wsgi\n', True),
    (u'WSGIScriptAlias / /var/www/cgi-bin/nova/nova-api\n', True),
    (u'WSGIScriptAlias / /usr/bin/nova-api-metadata-wsgi\n', False),
    (u'WSGIScriptAlias / /usr/bin/nova-placement-api\n', False),
    (u'#WSGIScriptAlias / /usr/bin/nova-api-wsgi\n', False),
    (u'ProxyPass / unix:/run/uwsgi/nova-api-wsgi.socket|uwsgi://x\n', False),
])
def test_api_within_apache(node, line, hosted):
    """Its files are Apache's business then."""
    write(node.top + '/etc/apache2/sites-enabled/one.conf', u'<VirtualHost *:8774>\n%s</VirtualHost>\n' % line)
    routes = '/usr/lib/python3/dist-packages/nova/api/openstack/compute/routes.py'
    assert table.relevant([routes], 'apache2', node.root) == ([routes] if hosted else [])


def test_service_of_an_environment_restarts(node, services, environment):  # noqa: F811
    """--python on a running node: what runs under that Python, by a unit of the operator's own."""
    os.makedirs(node.top + '/run/systemd/system')
    write(node.top + '/var/log/unit-my-compute', u'nova-compute')
    write(node.top + '/var/log/unit-my-compute.service', u'nova-compute')
    group(node, u'0::/system.slice/my-compute.service\n')
    helper = node.bin + '/helper.py'
    write(helper, open(helper).read().replace('sys.executable', repr(environment)))
    services.start('nova-compute')
    old = services.pid('nova-compute')
    program = ('import sys; sys.path.insert(0, %r); from light_snapshot_installer import cli, paths, serving; serving.SETTLED = 0.2;'
               ' sys.exit(cli.main(sys.argv[1:], paths.Root(%r), None, %r))' % (INSTALLER, node.top, node.share))
    for verb in ('install', 'verify'):
        child = subprocess.Popen([environment, '-B', '-c', program, '--under-python', environment, verb], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, universal_newlines=True)
        said = child.communicate()[0]
        assert child.returncode == 0, said
    assert 'runs the code on disk' in said and sys.executable != environment
    assert services.asked() == ['systemctl restart my-compute.service'] and services.pid('nova-compute') != old
