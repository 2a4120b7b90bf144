"""The testbed under the suite: its hosts and their services, and an image and flavors of the suite's own."""

import contextlib
import json
import subprocess
import sys
import uuid
from pathlib import Path

import environment
from testbed import catalog, services, settings, shell, updown
from testbed import second as other
from testbed.cloud import Cloud
from testbed.second import host as other_host
from tests.operations import TOP

HOST, OTHER = settings.HOST, other.NAME
NOVA_CONF = Path('/etc/nova/nova.conf')
PATIENCE = 600      # seconds that anything may take: the guests run in emulation, beside other work
#: Everything that the suite makes in the cloud is called so; an earlier run that was cut off may have left some.
PREFIX = 'operations-'
LEVELS = 6          # flavors, each with a larger root disk than the one before


class World:
    """
    `image`: the name of what servers are made of. `second`: how the second host is up: None, 'own' (directories) or 'shared'. `devices`: whether
    volumes and interfaces are there
    """

    def __init__(self):
        self.admin, self.demo = Cloud.of('admin'), Cloud.of('demo')
        self.image, self.second, self.devices = settings.IMAGE, None, False
        self._made, self._name = [], PREFIX + uuid.uuid4().hex[:8]

    # ---- its beginning and its end

    def open(self):
        """Have the package, the image and the flavors there, and nothing of an earlier run."""
        environment.install()
        command('second', 'down')
        self._forget_earlier()
        self._copy_image()
        for ephemeral in (0, 1):
            for level in range(1, LEVELS + 1):
                body = {'name': self.flavor(level, ephemeral), 'ram': 128, 'disk': level, 'vcpus': 1, 'OS-FLV-EXT-DATA:ephemeral': ephemeral}
                made = self.admin.must('compute', 'POST', '/flavors', {'flavor': body})['flavor']
                self._made.append(('compute', '/flavors/' + made['id']))
        self.schedule(HOST)

    def close(self):
        """Leave the testbed as it was: every service up, no server of ours, one host."""
        start(*services.ALL)
        for service in self._hosts().values():
            self._put(service, status='enabled')
        self._forget_earlier()
        if self.devices:
            self._forget_devices()
            command('devices', 'down')
        command('second', 'down')

    def _forget_earlier(self):
        for server in self.admin.servers(everybody=True):
            if server['name'].startswith(PREFIX):
                self.admin.delete_server(server['id'], PATIENCE)
        for flavor in self.admin.must('compute', 'GET', '/flavors?is_public=None')['flavors']:
            if flavor['name'].startswith(PREFIX):
                self.admin.call('compute', 'DELETE', '/flavors/' + flavor['id'])
        for image in self.admin.must('image', 'GET', '/v2/images?limit=500')['images']:
            if image['name'].startswith(PREFIX):
                self.admin.call('image', 'DELETE', '/v2/images/' + image['id'])

    def bring_devices(self):
        """Have cinder and neutron's agent up, and nothing of an earlier run in them."""
        if not self.devices:
            command('devices', 'up')
            self.devices = True
            for cloud in (self.admin, self.demo):
                cloud.renew()
            self._forget_devices()

    def _forget_devices(self):
        for volume in self.admin.must('volumev3', 'GET', '/volumes/detail?all_tenants=1')['volumes']:
            if volume['name'].startswith(PREFIX):
                # One that an earlier run left attached has lost its server without cinder being told.
                for action in ({'os-reset_status': {'status': 'error', 'attach_status': 'detached'}}, {'os-force_delete': {}}):
                    self.admin.must('volumev3', 'POST', '/volumes/%s/action' % volume['id'], action)
        for network in self.admin.must('network', 'GET', '/v2.0/networks')['networks']:
            if network['name'].startswith(PREFIX):
                self.admin.must('network', 'DELETE', '/v2.0/networks/' + network['id'])

    def flavor(self, level, ephemeral=0):
        """The name of a flavor."""
        return '%s-%d-%d' % (self._name, level, ephemeral)

    def _copy_image(self):
        """An image that may be deleted: others need the testbed's own."""
        known = self.admin.must('image', 'GET', '/v2/images/' + self.admin.image_id(settings.IMAGE))
        names = ('kernel_id', 'ramdisk_id', 'os_command_line', 'hw_qemu_guest_agent', 'min_disk', 'disk_format', 'container_format')
        body = dict({name: known[name] for name in names}, name=self._name, visibility='public')
        made = self.admin.must('image', 'POST', '/v2/images', body)['id']
        path = settings.GLANCE_IMAGES / known['id']
        with path.open('rb') as data:
            headers = {'Content-Type': 'application/octet-stream', 'Content-Length': str(path.stat().st_size)}
            self.admin.must('image', 'PUT', '/v2/images/%s/file' % made, data, headers=headers)
        self.image = self._name

    def delete_image(self):
        """Have the image deleted that the servers were made of; later ones are made of the testbed's."""
        self.admin.must('image', 'DELETE', '/v2/images/' + self.admin.image_id(self._name))
        self.image = settings.IMAGE

    # ---- hosts

    def _hosts(self):
        return {host: service for (binary, host), service in self.admin.compute_services().items() if binary == 'nova-compute'}

    def _put(self, service, **change):
        if any(service[name] != value for name, value in change.items()):
            self.admin.must('compute', 'PUT', '/os-services/%s' % service['id'], change)

    def schedule(self, *hosts):
        """The scheduler chooses among these hosts."""
        for host, service in self._hosts().items():
            self._put(service, status='enabled' if host in hosts else 'disabled')

    def bring_second(self, how):
        """Have the second host up: 'own' or 'shared'. No server may be on it where it is up otherwise."""
        if self.second not in (None, how):
            command('second', 'down')
        if self.second != how:
            command('second', 'up', *(['shared'] if how == 'shared' else []))
        self.second = how

    @contextlib.contextmanager
    def second_dies(self):
        """The second host loses its power, and nova knows; afterwards it comes back."""
        command('second', 'kill')
        self.admin.force_down(OTHER, True)
        try:
            yield
        finally:
            command('second', 'up', *(['shared'] if self.second == 'shared' else []))

    def instances(self, host):
        """A host's directory of instances, as this process sees it."""
        return other.INSTANCES if host == OTHER and self.second != 'shared' else environment.INSTANCES

    @staticmethod
    def inside(host):
        """The words that run a command among a host's files."""
        return ('nsenter', '-t', str(other_host.pid()), '--mount') if host == OTHER else ()

    @staticmethod
    def uri(host):
        """A host's libvirt."""
        return other.LIBVIRT_URI if host == OTHER else environment.LIBVIRT_URI

    # ---- services of the first host

    @contextlib.contextmanager
    def configured(self, *restarted, default='', sections=''):
        """nova.conf says something else, and these services know; afterwards as before."""
        before = NOVA_CONF.read_text()
        NOVA_CONF.write_text(before.replace('[DEFAULT]\n', '[DEFAULT]\n' + default, 1) + sections)
        try:
            restart(*restarted)
            yield
        finally:
            NOVA_CONF.write_text(before)
            restart(*restarted)


def command(part, *words):
    """A command of a part of the testbed: 'second' (the second host) or 'devices'."""
    done = subprocess.run([sys.executable, '-m', 'testbed.' + part, *words], cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, 'testbed.%s %s: %s' % (part, ' '.join(words), (done.stdout + done.stderr)[-800:])


def restart(*names):
    """Stop services of the first host, and start them again; all serve on return."""
    chosen = [services.BY_NAME[name] for name in names]
    for service in chosen:
        service.stop()
    start(*chosen)


def start(*chosen):
    """Start services; all serve on return."""
    updown.serve(chosen)
    reporting = [service for service in chosen if service in services.REPORTING]
    if reporting:
        updown.wait_heard(reporting, catalog.admin().compute_services)


def pids(uuids):
    """The QEMUs of these servers on the first host: {uuid: process id}."""
    found = {}
    for place in Path('/proc').iterdir():
        if place.name.isdigit():
            try:
                words = (place / 'cmdline').read_bytes().decode(errors='replace').split('\0')
            except OSError:
                continue
            if 'qemu-system' in words[0] and '-uuid' in words and words[words.index('-uuid') + 1] in uuids:
                found[words[words.index('-uuid') + 1]] = int(place.name)
    return found


def rows(uuid, table='instances'):
    """What a table says of a server: a list of dictionaries, our columns and `deleted` among them."""
    names = ('deleted', 'light_snapshot_enable', 'snapshot_committed', 'snapshot_index', 'root_index', 'snapshot_store', 'snapshot_daily')
    said = environment.sql("SELECT JSON_ARRAY(%s) FROM %s WHERE uuid = '%s'" % (', '.join(names), table, uuid))
    return [dict(zip(names, json.loads(line))) for line in said.splitlines()]


def poll(question, what, seconds=PATIENCE):
    """Ask until the answer is true; that.

    :raises AssertionError: `what` is not so within the seconds
    """
    answer = shell.poll(question, seconds, 0.3)
    assert answer, '%s: not within %d s' % (what, seconds)
    return answer


