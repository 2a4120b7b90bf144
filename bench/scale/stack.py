"""The simulated cloud: databases and a virtual host of its own on the testbed's MariaDB and RabbitMQ, and nova's processes. All of it goes
at the end, or at the beginning of the next run where one was cut off."""

import contextlib
import datetime
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time

import bench
import bench.scale
from bench.scale import counting
from bench.scale import lists
from bench.scale import sites
from testbed import cloud as clouds
from testbed import config, databases, procs, services, settings, shell

_PIDS = bench.scale.TOP / 'pids.json'
# There as long as there is something outside of the directory.
_MARK = bench.scale.TOP / 'made'
# With the testbed's own state: nothing of a measurement may look like a file of the package.
_LOCK = settings.STATE / 'bench-scale.lock'
_OWN = ('bench.scale.', 'placement-api')
_SQL = os.path.join(bench.ROOT, 'sql', '0001-columns.up.sql')

# Read after the testbed's own nova.conf. Nobody here has a network, and no periodic task is to come in between but those that tell that
# a host lives.
_NOVA = """[DEFAULT]
my_ip = {ip}
transport_url = {transport}
state_path = {top}/state
log_dir = {top}/logs
compute_driver = scale.LibvirtDriver
osapi_compute_workers = 1
heal_instance_info_cache_interval = -1
sync_power_state_interval = -1
update_resources_interval = -1
report_interval = 20
[oslo_concurrency]
lock_path = {top}/state
[oslo_policy]
policy_dirs = {top}/policy.d
[placement]
endpoint_override = http://{ip}:{placement}
[light_snapshot]
# So high that nothing is refused: what asking for it costs is in the numbers.
max_kept_gigabytes_per_project = 1000000
[wsgi]
api_paste_config = /etc/nova/api-paste.ini
"""
_DATABASE = '[api_database]\nconnection = {nova_api}\n[database]\nconnection = {nova}\n'
_HOST = '[DEFAULT]\nhost = {host}\ninstances_path = {instances}\nstate_path = {state}\n[light_snapshot]\n{daily}\n'
NO_DAILY = 'daily_concurrency = 0'


def url(database):
    """SQLAlchemy's URL of one of our databases."""
    return 'mysql+pymysql://%s:%s@%s/%s?charset=utf8' % (
        bench.scale.ACCOUNT, settings.PASSWORD, settings.IP, bench.scale.DATABASES[database])


def transport():
    return settings.TRANSPORT_URL.rstrip('/') + '/' + bench.scale.VHOST


def _conf(*names):
    return [word for name in names for word in ('--config-file', str(bench.scale.TOP / name))]


CONTROL = _conf('nova.conf', 'scale.conf', 'database.conf')
_COMPUTE = _conf('nova.conf', 'scale.conf')


class Stack:
    """For `with`: up at its beginning, and nothing of it is left at its end.

    :param keep: but for the logs and the servers' directories
    """

    def __init__(self, keep=False):
        self.keep, self.children, self.counters = keep, {}, {}

    # ---- everything but nova-compute

    def __enter__(self):
        self._lock = open(_LOCK, 'w')
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise shell.TestbedError('another bench.scale is at work (%s)' % _LOCK) from None
        remove()
        shutil.rmtree(bench.scale.TOP, ignore_errors=True)
        try:
            self._up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc):
        for name in reversed(list(self.children)):
            self.stop(name)
        remove(self.keep)
        self._lock.close()

    def _up(self):
        for name in ('state', 'policy.d', 'placement'):
            (bench.scale.TOP / name).mkdir(parents=True)
        _MARK.touch()
        for path in (bench.scale.LOGS, bench.scale.COUNTERS, bench.scale.JOURNALS, bench.scale.GUESTS):
            path.mkdir()
        shell.together({'nova': sites.make, 'databases': _make_databases, 'queue': _make_vhost})
        _write_conf()
        shell.say('trees of nova, databases, virtual host')
        shell.together({'nova': self._schemas, 'placement': _placement_schema})
        for name in ('nova', 'nova_cell0'):
            databases.sql(open(_SQL).read(), bench.scale.DATABASES[name])
        shell.say('schemas')
        self._start_control()

    def _start_control(self):
        self.start('placement', ['/usr/bin/placement-api', '--host', settings.IP, '--port', str(bench.scale.PORTS['placement'])],
                   OS_PLACEMENT_CONFIG_DIR=str(bench.scale.TOP / 'placement'))
        self._start_nova('conductor', 'conductor', sites.OURS, CONTROL)
        for name, site in (('ours', sites.OURS), ('plain', sites.PLAIN)):
            own = bench.scale.TOP / ('%s.conf' % name)
            own.write_text('[DEFAULT]\nhost = scale-api-%s\nosapi_compute_listen_port = %d\n' % (name, bench.scale.PORTS[name]))
            self._start_nova(name, 'api_os_compute', site, CONTROL + ['--config-file', str(own)])
        for name in ('placement', 'ours', 'plain'):
            self._wait('http://%s:%d/' % (settings.IP, bench.scale.PORTS[name]), name)
        shell.say('nova-api with light-snapshot and without, nova-conductor and placement serve')

    def _start_nova(self, name, program, site, arguments):
        counter = bench.scale.COUNTERS / name
        self.counters[name] = counting.Counter(counter)
        self.start(name, [sys.executable, '-m', 'bench.scale.service', program, str(counter), *arguments, '--log-file',
                          str(bench.scale.LOGS / ('nova-%s.log' % name))], site)

    def _schemas(self):
        self.run('schemas', sites.PLAIN, url('nova_cell0'), url('nova'), transport())

    @staticmethod
    def run(program, site, *arguments):
        """Run one of our own programs to its end, with nova's configuration.

        :raises TestbedError: with the end of its log
        """
        shell.run([sys.executable, '-m', 'bench.scale.' + program, *CONTROL, '--', *arguments], timeout=900,
                  log=bench.scale.LOGS / ('%s-%s.out' % (program, arguments[0].rpartition('/')[2].partition('?')[0])),
                  environment=dict(settings.ENVIRONMENT, PYTHONPATH='%s:%s' % (site, bench.ROOT), **bench.scale.ENVIRONMENT))

    def start(self, name, command, site=None, **environment):
        """Start a process; it dies with this one.

        :param site: the tree that its nova is in
        """
        path = os.pathsep.join(str(one) for one in (site, bench.ROOT) if one is not None)
        log = open(bench.scale.LOGS / (name + '.out'), 'w')
        self.children[name] = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', '--', *command], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            cwd=bench.ROOT, start_new_session=True,
            env=dict(settings.ENVIRONMENT, PYTHONPATH=path, **bench.scale.ENVIRONMENT, **environment))
        self._note()

    def stop(self, name):
        """End a process that was started here."""
        child = self.children.pop(name, None)
        if child is not None:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._note()

    def _note(self):
        if bench.scale.TOP.exists():
            _PIDS.write_text(json.dumps([child.pid for child in self.children.values()]))

    def _wait(self, page, name):
        def serves():
            self.check()
            try:
                return clouds.http('GET', page, timeout=20).status < 500
            except clouds.CloudError:
                return False
        if not shell.poll(serves, 300, 0.3):
            raise shell.failed('%s does not serve' % name, bench.scale.LOGS / (name + '.out'))

    def check(self):
        """:raises TestbedError: a process has ended by itself"""
        for name, child in self.children.items():
            if child.poll() is not None:
                raise shell.failed('%s ended with %d' % (name, child.returncode), bench.scale.LOGS / (name + '.out'))

    def pid(self, name):
        return self.children[name].pid

    # ---- nova-compute

    def start_hosts(self, daily=NO_DAILY):
        """Start a nova-compute for each host, and wait until nova has heard of all of them; seconds that it took.

        :param daily: lines of their section [light_snapshot]
        """
        began = time.time()
        for host in bench.scale.HOSTS:
            place = bench.scale.TOP / 'hosts' / host
            bench.scale.instances(host).mkdir(parents=True, exist_ok=True)
            (place / 'nova.conf').write_text(_HOST.format(host=host, instances=bench.scale.instances(host), state=place, daily=daily))
        self.start('hosts', [sys.executable, '-m', 'bench.scale.hosts', *_COMPUTE, '--', *bench.scale.HOSTS], sites.OURS)
        admin = session('admin')
        for host in bench.scale.HOSTS:
            # One that the last run of the hosts had lost is as good as any now.
            if admin.compute_services().get(('nova-compute', host), {}).get('forced_down'):
                admin.force_down(host, False)
        if not shell.poll(lambda: not self._mute(admin, began), 600, 1):
            raise shell.failed('nova does not hear %s' % ', '.join(self._mute(admin, began)), bench.scale.LOGS / 'hosts.out')
        return time.time() - began

    def _mute(self, admin, since):
        self.check()
        known = admin.compute_services()
        return [host for host in bench.scale.HOSTS if not _heard(known.get(('nova-compute', host)), since)]

    @staticmethod
    def host_pid(host):
        return int((bench.scale.TOP / 'hosts' / host / 'pid').read_text())

    def seed(self, first, last, day):
        """Servers with a history, of the project demo, on all hosts; see `seed`.

        :param day: up to when their daily snapshots were seen to
        """
        owner = session('demo')
        owner.token()
        self.run('seed', sites.OURS, str(first), str(last), owner.project_id, owner.user_id, day)

    # ---- what it costs

    def cpu(self):
        """Seconds of the processor that nova has used up to now: {process or 'hosts': seconds}."""
        found = {name: processor(child.pid) for name, child in self.children.items() if name != 'hosts'}
        found['hosts'] = sum(processor(self.host_pid(host)) for host in bench.scale.HOSTS)
        return found

    def side(self, user, api):
        """One of our two nova-api, asked by a user: `lists.Side`."""
        def used():
            return processor(self.pid(api)) + processor(services.BY_NAME['mariadb'].pid())
        return lists.Side(session(user, api), self.counters[api], used)

    def memory(self):
        """MiB that are resident: {process or 'host' (the mean)}."""
        found = {name: _resident(child.pid) for name, child in self.children.items() if name != 'hosts'}
        each = [size for size in (_resident(self.host_pid(host)) for host in bench.scale.HOSTS) if size]
        found['host'] = sum(each) / len(each)
        return found


def session(user, api='ours'):
    """A session of one of the testbed's users with one of our two nova-api."""
    return clouds.Cloud(user, settings.PASSWORD, user, settings.AUTH_URL, settings.REGION, clouds.WANTED_VERSION,
                        {'compute': 'http://%s:%d/v2.1' % (settings.IP, bench.scale.PORTS[api])})


def _heard(service, since):
    if service is None or service['state'] != 'up' or not service.get('updated_at'):
        return False
    return datetime.datetime.fromisoformat(service['updated_at']).replace(tzinfo=datetime.timezone.utc).timestamp() >= since


def processor(pid):
    """Seconds of the processor that a process has used up to now; 0 where it is gone."""
    try:
        return time.clock_gettime(~pid << 3 | 2)        # Linux's clock of another process
    except OSError:
        return 0.0


def _resident(pid):
    """0 of a process that is gone."""
    try:
        lines = open('/proc/%d/status' % pid).read().splitlines()
    except OSError:
        lines = []
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith('VmRSS:'))


# ---- what it needs of others

def _make_databases():
    lines = ["CREATE USER '%s'@'%s' IDENTIFIED BY '%s';" % (bench.scale.ACCOUNT, settings.IP, settings.PASSWORD)]
    for name in bench.scale.DATABASES.values():
        lines.append('CREATE DATABASE %s CHARACTER SET utf8;' % name)
        lines.append("GRANT ALL ON %s.* TO '%s'@'%s';" % (name, bench.scale.ACCOUNT, settings.IP))
    databases.sql('\n'.join(lines))


def _make_vhost():
    # One that a run has left which was cut off is as good.
    shell.run(['rabbitmqctl', '-q', 'add_vhost', bench.scale.VHOST], check=False)
    shell.run(['rabbitmqctl', '-q', 'set_permissions', '-p', bench.scale.VHOST, 'openstack', '.*', '.*', '.*'])


def _write_conf():
    top = bench.scale.TOP
    text = config.render('nova.conf')
    # A compute host has no database.
    (top / 'nova.conf').write_text(''.join(line for line in text.splitlines(True) if not line.startswith('connection = ')))
    (top / 'scale.conf').write_text(_NOVA.format(ip=settings.IP, transport=transport(), top=top, placement=bench.scale.PORTS['placement']))
    (top / 'database.conf').write_text(_DATABASE.format(nova_api=url('nova_api'), nova=url('nova')))
    text = config.render('placement.conf').replace(settings.database_url('placement'), url('placement'))
    text = text.replace('/var/log/placement', str(bench.scale.LOGS)).replace('/etc/placement/policy.d', str(top / 'policy.d'))
    (top / 'placement' / 'placement.conf').write_text(text)


def _placement_schema():
    shell.run(['placement-manage', '--config-file', str(bench.scale.TOP / 'placement' / 'placement.conf'), 'db', 'sync'],
              log=bench.scale.LOGS / 'placement-manage.out', timeout=600)


def remove(keep=False):
    """Everything that a run leaves, that of one which was cut off included.

    :param keep: leave the logs and the servers' directories
    """
    if not _MARK.exists():
        return
    with contextlib.suppress(OSError, ValueError):
        for pid in json.loads(_PIDS.read_text()):
            for expect in _OWN:
                procs.stop(pid, expect)
    lines = ['DROP DATABASE IF EXISTS %s;' % name for name in bench.scale.DATABASES.values()]
    databases.sql('\n'.join(lines + ["DROP USER IF EXISTS '%s'@'%s';" % (bench.scale.ACCOUNT, settings.IP)]))
    # Not there where a run was cut off before it had made it.
    shell.run(['rabbitmqctl', '-q', 'delete_vhost', bench.scale.VHOST], check=False)
    _MARK.unlink()
    if not keep:
        shutil.rmtree(bench.scale.TOP)
