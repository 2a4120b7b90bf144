"""Which services restart, by which command, and how the installer knows that they serve again."""
import os
import subprocess
import sys
import time

import pytest

from installer_fakes import write
from light_snapshot_installer import process, run, serving, services as table


def test_only_running_services_that_changed_restart(node, services):
    node.add_nova(controller=True)
    services.start('nova-compute', 'nova-conductor')
    old = services.pid('nova-compute')
    code, out, err = node.run('install')
    assert code == 0, out + err
    assert services.asked() == ['service nova-conductor restart', 'service nova-compute restart']
    assert services.pid('nova-compute') != old
    assert 'nova-compute serves again' in out
    # nova-api is installed and was stopped: it stays stopped.
    assert not os.path.exists(services.pids + '/nova-api')
    code, out, _err = node.run('verify')
    assert code == 0, out


def test_nothing_restarts_when_nothing_changed(compute, services):
    services.start('nova-compute')
    compute.run('install')
    write(compute.calls, u'')
    assert compute.run('install')[0] == 0
    assert services.asked() == []


def test_only_users_of_a_changed_file_restart(node, services):
    node.add_nova(controller=True)
    services.start('nova-compute', 'nova-conductor', 'nova-api')
    code, out, err = node.run('install')
    assert code == 0, out + err
    write(node.calls, u'')
    write(node.share + '/overlay/dist-packages/light_snapshot/engine/engine.py', u'NEW = 3\n')
    assert node.run('install')[0] == 0
    assert services.asked() == ['service nova-compute restart']


def test_rollback_restarts_what_ran_our_code(compute, services):
    services.start('nova-compute')
    compute.run('install')
    write(compute.calls, u'')
    code, out, _err = compute.run('rollback')
    assert code == 0
    assert services.asked() == ['service nova-compute restart']


def test_verify_finds_a_service_that_runs_old_code(compute, services):
    compute.run('install')
    services.start('nova-compute')
    assert compute.run('verify')[0] == 0
    time.sleep(0.1)
    path = compute.at('light_snapshot/engine/engine.py')
    with open(path) as stream:
        text = stream.read()
    write(path, type(u'')(text))
    code, out, _err = compute.run('verify', '--quiet')
    assert code == 1
    assert 'nova-compute' in out and 'runs the code of before' in out
    # Running install again is what verify advises, and it is enough.
    assert compute.run('install')[0] == 0
    assert services.asked() == ['service nova-compute restart']
    assert compute.run('verify')[0] == 0


def test_run_cut_off_before_the_restart_is_made_up_for(compute, services, monkeypatch):
    services.start('nova-compute')
    with monkeypatch.context() as patch:
        def cut(*_arguments, **_keywords):
            raise KeyboardInterrupt
        patch.setattr(serving, 'restart_all', cut)
        assert compute.run('install')[0] == 1
    assert compute.run('status')[0] == 1
    assert compute.run('install')[0] == 0
    assert services.asked() == ['service nova-compute restart']
    assert compute.run('status')[0] == 0


def test_rollback_cut_off_before_the_restart(compute, services, monkeypatch):
    services.start('nova-compute')
    compute.run('install')
    write(compute.calls, u'')
    with monkeypatch.context() as patch:
        def cut(*_arguments, **_keywords):
            raise KeyboardInterrupt
        patch.setattr(serving, 'restart_all', cut)
        assert compute.run('rollback')[0] == 1
    assert compute.run('rollback')[0] == 0
    assert services.asked() == ['service nova-compute restart']


def test_service_that_cannot_restart(compute, services):
    services.start('nova-compute')
    write(compute.top + '/var/log/fail-nova-compute', u'')
    code, _out, err = compute.run('install')
    assert code == 1
    assert 'nova-compute did not restart' in err and 'is broken' in err
    assert compute.run('status')[0] == 1
    os.unlink(compute.top + '/var/log/fail-nova-compute')
    assert compute.run('install')[0] == 0


def test_a_stop_that_takes_longer_than_the_init_script_waits(compute, services):
    """The script ends then with nothing started, and says that it failed."""
    services.start('nova-compute')
    write(compute.top + '/var/log/slow-nova-compute', u'')
    code, out, err = compute.run('install')
    assert code == 0, out + err
    assert services.asked() == ['service nova-compute restart', 'service nova-compute start']
    assert services.pid('nova-compute') and compute.run('verify')[0] == 0


def test_service_that_dies_after_its_restart(compute, services):
    services.start('nova-compute')
    write(compute.top + '/var/log/dies-nova-compute', u'')
    code, _out, err = compute.run('install', '--wait', '1')
    assert code == 1
    assert 'nova-compute does not serve 1 s after its restart: it has no process' in err
    assert '/var/log/nova/nova-compute.log' in err
    assert 'and with every file put back: nova-compute does not serve' in err
    # It ran before our restart, so the next run of either command starts it.
    os.unlink(compute.top + '/var/log/dies-nova-compute')
    assert compute.run('rollback')[0] == 0
    assert services.pid('nova-compute')


def test_api_that_answers_with_errors(node, services):
    node.add_nova(controller=True)
    services.start('nova-api')
    time.sleep(1)
    write(node.top + '/var/log/http-500', u'')
    code, _out, err = node.run('install', '--wait', '3')
    assert code == 1
    assert 'answered 300 before and answers 500 now' in err
    os.unlink(node.top + '/var/log/http-500')
    assert node.run('install')[0] == 0
    assert node.run('verify')[0] == 0


def test_policy_that_forbids_restarts(compute, services):
    services.start('nova-compute')
    write(compute.top + '/usr/sbin/policy-rc.d', u'#!/bin/sh\n[ "$1 $2" != "nova-compute restart" ] || exit 101\n',
          0o755)
    code, _out, err = compute.run('install', '--maintainer-script')
    assert code == 4
    assert 'policy-rc.d forbids to restart nova-compute' in err
    assert compute.run('verify')[0] == 1
    assert compute.run('install')[0] == 0
    assert compute.run('verify')[0] == 0


@pytest.mark.parametrize('code', [0, 104])
def test_policy_that_allows_restarts(compute, services, code):
    services.start('nova-compute')
    write(compute.top + '/usr/sbin/policy-rc.d', u'#!/bin/sh\nexit %d\n' % code, 0o755)
    assert compute.run('install', '--maintainer-script')[0] == 0
    assert services.asked() == ['service nova-compute restart']


def test_systemd(compute, services):
    os.makedirs(compute.top + '/run/systemd/system')
    services.start('nova-compute')
    assert compute.run('install')[0] == 0
    assert services.asked() == ['systemctl restart nova-compute']


def test_upstart_is_told_from_sysv(compute, services):
    from light_snapshot_installer import node as nodes
    assert nodes.init_system(compute.root) == 'sysv'
    write(compute.top + '/sbin/initctl', u'#!/bin/sh\necho "init (upstart 1.12.1)"\n', 0o755)
    write(compute.top + '/etc/init/nova-compute.conf', u'')
    assert nodes.init_system(compute.root) == 'upstart'
    services.start('nova-compute')
    assert compute.run('install')[0] == 0
    assert services.asked() == ['service nova-compute restart']


def test_services_do_not_see_the_operators_environment(compute, services, monkeypatch):
    monkeypatch.setenv('SECRET_OF_THE_SHELL', 'x')
    write(compute.bin + '/service', u'#!/bin/sh\nenv > %s/var/log/env\n' % compute.top, 0o755)
    run.run(['service'], clean=True)
    with open(compute.top + '/var/log/env') as stream:
        text = stream.read()
    assert 'SECRET' not in text and 'LC_ALL' not in text


@pytest.mark.parametrize('argv,name', [
    (['/usr/bin/python3', '/usr/bin/nova-compute', '--config-file', '/etc/nova/nova.conf'], 'nova-compute'),
    (['/usr/bin/python2.7', '-s', '/usr/bin/nova-conductor'], 'nova-conductor'),
    (['/usr/bin/uwsgi_python3', '--http-socket', '127.0.0.1:8774', '--ini', '/etc/nova/nova-api-uwsgi.ini'],
     'nova-api'),
    (['/usr/bin/uwsgi_python3', '--ini', '/etc/nova/nova-api-metadata-uwsgi.ini'], None),
    (['/usr/bin/uwsgi', '--wsgi-file', '/usr/local/bin/nova-api-wsgi'], 'nova-api'),
    (['/usr/bin/python3', '-m', 'nova.cmd.compute'], 'nova-compute'),
    (['/usr/bin/uwsgi_python3', '--ini', '/etc/keystone/keystone-uwsgi.ini'], None),
    (['/usr/bin/python3', '/usr/bin/privsep-helper', '--config-file', '/etc/nova/nova-compute.conf'], None),
    (['less', '/var/log/nova/nova-compute'], None),
    (['/usr/bin/python3', '/usr/bin/nova-scheduler'], None),
    (['/opt/nova/bin/python3', '/opt/nova/bin/nova-compute'], None),
])
def test_processes_are_known_by_what_they_run(argv, name, monkeypatch):
    monkeypatch.setattr(sys, 'executable', '/usr/bin/python3')
    one = process.Process(1, 1, 1.0, argv, 'x')
    assert [key for key, service in table.SERVICES.items() if service.owns(one)] == ([name] if name else [])


@pytest.mark.parametrize('path,names', [
    ('/usr/lib/python3/dist-packages/nova/virt/libvirt/driver.py', ('nova-compute',)),
    ('/usr/lib/python2.7/dist-packages/nova/conductor/manager.py', ('nova-conductor',)),
    ('/usr/lib/python3/dist-packages/nova/api/openstack/compute/routes.py', ('nova-api', 'nova-api-os-compute')),
    ('/usr/lib/python3/dist-packages/nova/objects/new.py',
     ('nova-compute', 'nova-conductor', 'nova-api', 'nova-api-os-compute')),
    ('/usr/lib/python3/dist-packages/light_snapshot/engine/a.py', ('nova-compute',)),
    ('/usr/lib/python3/dist-packages/light_snapshot/osc/a.py', ()),
    ('/usr/lib/python3/dist-packages/light_snapshot/client/a.py', ()),
    ('/usr/lib/python3/dist-packages/light_snapshot/novaclient/a.py', ()),
    ('/usr/lib/python3/dist-packages/light_snapshot/nova/hooks.py',
     ('nova-compute', 'nova-conductor', 'nova-api', 'nova-api-os-compute')),
    ('/usr/lib/python2.7/dist-packages/light_snapshot.egg-info/PKG-INFO', ()),
    ('/usr/lib/python2.7/dist-packages/light_snapshot.egg-info/entry_points.txt', ('nova-api', 'nova-api-os-compute')),
    ('/etc/nova/rootwrap.d/light-snapshot.filters', ('nova-compute',)),
    ('/etc/nova/policy.d/light-snapshot.json', ('nova-api', 'nova-api-os-compute')),
    ('/usr/share/openstack-dashboard/light_snapshot_dashboard/urls.py', ('apache2',)),
    ('/usr/lib/python3/dist-packages/openstack_dashboard/local/enabled/_9101_light_snapshot.py', ('apache2',)),
])
def test_table_of_users(path, names):
    assert table.users(path) == names


def test_entry_points_are_no_business_of_an_api_with_a_list_of_routes(node):
    code = '/usr/lib/python3/dist-packages/'
    entry_points = code + 'light_snapshot.egg-info/entry_points.txt'
    root = node.root
    assert table.relevant([entry_points], 'nova-api', root) == [entry_points]
    routes = code + 'nova/api/openstack/compute/routes.py'
    assert table.relevant([entry_points, routes], 'nova-api', root) == [routes]


def test_apache_counts_its_wsgi_daemons_only():
    own = [process.Process(10, 5, 5.0, ['/usr/sbin/apache2'], 'apache2'),
           process.Process(11, 9, 9.0, ['(wsgi:horizon)   -k start'], 'apache2')]
    assert table.oldest('apache2', own).pid == 11
    assert table.oldest('apache2', own[:1]).pid == 10


def config(text):
    from light_snapshot_installer import ini
    found = ini.Config()
    found.read_text(text)
    return found


@pytest.mark.parametrize('text,ports', [
    (u'[DEFAULT]\ntransport_url = rabbit://openstack:pw@10.0.0.1:5673/', {5673}),
    (u'[DEFAULT]\ntransport_url = rabbit://u:p%3A1@a:5671,u:p@b:5674/v?ssl=1', {5671, 5674}),
    (u'[DEFAULT]\ntransport_url = rabbit://openstack:pw@rabbit', {5672}),
    (u'[DEFAULT]\ntransport_url = fake://', set()),
    (u'[oslo_messaging_rabbit]\nrabbit_host = x\nrabbit_port = 5680', {5680}),
    (u'[DEFAULT]\nrpc_backend = rabbit\nrabbit_host = x', {5672}),
    (u'[DEFAULT]\nrpc_backend = zmq', set()),
])
def test_ports_of_the_broker(text, ports):
    assert serving.broker_ports(config(text)) == ports


def test_report_in_the_database_is_what_counts(compute, services, mariadb):
    mariadb.make_cell('nova_r')
    mariadb.query('CREATE TABLE services (host varchar(255), `binary` varchar(255), report_count int, deleted int)',
                  'nova_r')
    mariadb.query("INSERT INTO services VALUES ('me', 'nova-compute', 7, 0), ('other', 'nova-compute', 90, 0)",
                  'nova_r')
    services.start('nova-compute')
    settings = config(u'[DEFAULT]\nhost = me\n[database]\nconnection = ' + mariadb.url('nova_r'))
    watch = serving.Watch(compute.root, 'nova-compute', settings)
    assert watch.missing() == 'its old process is still there'
    services.start('nova-compute')
    assert watch.missing() == 'it has not reported to the database yet'
    mariadb.query("UPDATE services SET report_count = report_count + 1 WHERE host = 'other'", 'nova_r')
    assert watch.missing() == 'it has not reported to the database yet'
    # The old process' last report, which waited in the queue for a conductor.
    mariadb.query("UPDATE services SET report_count = report_count + 1 WHERE host = 'me'", 'nova_r')
    assert watch.missing() == 'it has not reported to the database yet'
    mariadb.query("UPDATE services SET report_count = report_count + 1 WHERE host = 'me'", 'nova_r')
    assert watch.missing() == ''


@pytest.mark.parametrize('name', ['nova-compute.conf', 'nova-compute.conf.d/host.conf'])
def test_host_that_nova_compute_alone_is_told(node, services, mariadb, monkeypatch, name):
    mariadb.make_cell('nova_h')
    mariadb.query('CREATE TABLE services (host varchar(255), `binary` varchar(255), report_count int, deleted int)', 'nova_h')
    mariadb.query("INSERT INTO services VALUES ('of-compute', 'nova-compute', 7, 0), ('of-all', 'nova-conductor', 1, 0)", 'nova_h')
    node.add_nova(controller=True, config=u'host = of-all\n[database]\nconnection = %s\n' % mariadb.url('nova_h'))
    write(node.top + '/etc/nova/' + name, u'[DEFAULT]\nhost = of-compute\n')
    services.start('nova-compute', 'nova-conductor')
    real, asked = serving.report_counts, []

    def reports(config, service):
        asked.append(service)
        mariadb.query("UPDATE services SET report_count = report_count + 1 WHERE `binary` = '%s'" % service, 'nova_h')
        return real(config, service)
    monkeypatch.setattr(serving, 'report_counts', reports)
    code, out, err = node.run('install', '--wait', '20')
    assert code == 0, out + err
    assert set(asked) == set(['nova-compute', 'nova-conductor'])


def test_a_nova_of_another_python_is_left_alone(compute, services, tmp_path):
    """A second nova on the machine, from a virtual environment: neither restarted nor waited for."""
    services.start('nova-compute')
    elsewhere = tmp_path / 'venv' / 'bin'
    elsewhere.mkdir(parents=True)
    os.symlink(sys.executable, str(elsewhere / 'python'))
    other = subprocess.Popen([str(elsewhere / 'python'), services.node.bin + '/nova-compute'])
    try:
        os.symlink('/proc/%d' % other.pid, '%s/proc/%d' % (compute.top, other.pid))
        code, _out, err = compute.run('install')
        assert code == 0, err
        assert other.poll() is None
        assert services.asked() == ['service nova-compute restart']
    finally:
        other.kill()
        other.wait()


def test_chroot_without_proc(node, services, monkeypatch):
    """An image that is being built has no /proc: nothing runs there, and nothing is asked to restart."""
    node.add_nova()
    services.start('nova-compute')
    monkeypatch.setattr(process, '_world', lambda proc, pid: None)
    assert process.every(node.root) == []
    assert node.run('install')[0] == 0 and services.asked() == []
    code, out, _err = node.run('verify')
    assert code == 0 and 'is not running' in out
