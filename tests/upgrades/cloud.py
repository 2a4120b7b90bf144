"""A node with all of a small cloud, our package on it, and a server that has layers: what the tests of upgrades work on."""
import glob
import json
import os
import shutil
import subprocess
import time

from tests.upgrades import base, judge, node, placement, rebuilt, sampler, watch

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
#: In the order of their start. nova-compute waits for a conductor, all for the database and the queue.
SERVICES = ('mariadb', 'rabbitmq-server', 'libvirtd', 'nova-conductor', 'nova-api', 'nova-compute', 'apache2')
#: How often each has to report. nova-compute does it through the queue and the conductor, and waits for the answer: what the process
#: before it asked for last may be carried out only now, and that is one report.
REPORTS = {'nova-compute': 2, 'nova-conductor': 1}
#: Exit code 0 if nova-api names its versions.
ASKS = 'import urllib.request\nurllib.request.urlopen("http://127.0.0.1:8774/", timeout=20)'
SERVER = '11111111-2222-3333-4444-555555555555'
RECORD = {'version': 2, 'disks': [{'name': 'disk', 'target': 'vda', 'format': 'qcow2', 'size': 1 << 20}], 'index': 2, 'store': False,
          'live': [{'index': 1, 'file': 'disk.light-1'}, {'index': 2, 'file': 'disk.light-2'}], 'job': None,
          'root': {'file': 'disk', 'index': 0, 'on': None, 'dirty': True}}
SAMPLES = '/var/log/samples'
APT = ['apt-get', '-q', '-y', '-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold']


def built():
    """Our package of this tree."""
    place = os.path.join(base.PLACE, 'ours')
    os.makedirs(place, exist_ok=True)
    return subprocess.check_output([os.path.join(TREE, 'tools', 'build-deb'), place], text=True).strip()


class Cloud(node.Node):
    """The node."""

    def __init__(self, work):
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(rebuilt.POOL, exist_ok=True)
        for left in glob.glob(rebuilt.POOL + '/stage-*'):
            # Of a run that was killed.
            shutil.rmtree(left)
        super().__init__(base.root(), work, rebuilt.POOL)
        self.helpers, self.stages, self.before = [], [], set()
        self.debian = dict((name, rebuilt.archive(self.lower, name)) for name in rebuilt.NOVA + rebuilt.HORIZON + rebuilt.LIBVIRT)

    def prepare(self):
        """Start the services, the watch and the sampler."""
        # The root may be older than these settings.
        base.settings(self.at(''))
        # What a power loss would leave is not looked at here.
        self.put('/etc/dpkg/dpkg.cfg.d/upgrades', 'force-unsafe-io\n')
        self._watch()
        for name in SERVICES:
            if name == 'nova-compute':
                self._beside('placement')
            self.well('service', name, 'start')
        self.serving()
        self._beside('sampler', SAMPLES)

    def _watch(self):
        self.well('mkdir', '-m', '1777', watch.DIRECTORY)
        for module in (watch, sampler, placement):
            self.put(watch.CODE + 'upgrade_%s.py' % module.__name__.rpartition('.')[2], base.read(module.__file__))
        self.put(watch.CODE + 'zz-upgrade-watch.pth', 'import upgrade_watch\n')

    def put(self, path, text):
        """Write a text file there."""
        base.write(self.at(''), path, text)

    def _beside(self, name, *arguments):
        """Run one of the modules of this directory there until the end."""
        self.helpers.append(subprocess.Popen(self.command(['/usr/bin/python3', '-S', '%supgrade_%s.py' % (watch.CODE, name), *arguments])))

    def __exit__(self, *exc):
        super().__exit__(*exc)
        for helper in self.helpers:
            helper.wait()
        for name in self.stages:
            shutil.rmtree(os.path.join(rebuilt.POOL, name))

    def serving(self, stays=False, seconds=300):
        """Wait until nova's services have reported to the database from now on, and nova-api answers.

        nova-compute has to be another process than before the last `apt`, unless it `stays`.
        """
        def another():
            now = self.running('nova-compute')
            return now and (stays or not now & self.before)
        self.wait('a nova-compute runs' if stays else 'another nova-compute runs than before', another, seconds)
        before = self._reports()

        def reported():
            now = self._reports()
            return another() and all(now.get(name, 0) >= before.get(name, 0) + count for name, count in REPORTS.items())
        self.wait(' and '.join(REPORTS) + ' report', reported, seconds)
        self.wait('nova-api answers', lambda: self.run('/usr/bin/python3', '-S', '-c', ASKS)[1] == 0, seconds)

    def running(self, program):
        """{PID.TICKS} of the processes that run one of nova's programs now."""
        found = sampler.services(self.at('/proc'))
        return set(key for key, command in found.items() if any(os.path.basename(word) == program for word in command.split()[:3]))

    def _reports(self):
        """{service: how often it has reported to the database}."""
        rows = self.sql('SELECT `binary`, report_count FROM nova.services WHERE deleted = 0')
        return dict((row[0], int(row[1])) for row in rows)

    def stage(self, *debs):
        """From now on apt knows these packages."""
        name = 'stage-%d' % time.monotonic_ns()
        self.stages.append(name)
        line = rebuilt.stage(name, debs)
        self.put('/etc/apt/sources.list', line)
        self.well('apt-get', '-q', 'update')

    def apt(self, *argv):
        """apt-get, which has to succeed; its output."""
        began, self.before = time.monotonic(), self.running('nova-compute')
        output = self.well(*(APT + list(argv)))
        base.log('%.0f s: apt-get %s' % (time.monotonic() - began, ' '.join(argv)))
        return output

    def add_server(self):
        """A server's directory with two layers, as it is while light snapshots are enabled."""
        directory = '/var/lib/nova/instances/' + SERVER
        self.well('mkdir', '-p', directory)
        for name in ('disk', 'disk.light-1', 'disk.light-2'):
            self.well('qemu-img', 'create', '-q', '-f', 'qcow2', '%s/%s' % (directory, name), '1M')
        self.put(directory + '/light-snapshot.json', json.dumps(RECORD))
        self.well('chmod', '600', directory + '/light-snapshot.json')
        self.well('chown', '-R', 'nova:nova', directory)

    def remove_server(self):
        """It is gone again."""
        self.well('rm', '-r', '/var/lib/nova/instances/' + SERVER)

    def verify(self):
        """`light-snapshot verify` has to say that all is well."""
        return self.well('light-snapshot', 'verify', '--quiet')

    def pids(self, name):
        """The processes of a service, as `light-snapshot` sees them."""
        shown = self.well('/usr/bin/python3', '-c', 'import sys; sys.path.insert(0, "/usr/share/light-snapshot/installer")\n'
                          'from light_snapshot_installer import paths, services\n'
                          'print(*[one.pid for one in services.processes(paths.Root(), %r)])' % name)
        return [int(word) for word in shown.split()]

    def watched(self):
        """Every process since the start."""
        return judge.processes(self.at(watch.DIRECTORY))

    def samples(self):
        """What the sampler saw."""
        return judge.Samples(self.at(SAMPLES))

    def version(self, name):
        """The version of a package that is installed."""
        return self.well('dpkg-query', '-W', '-f=${Version}', name)
