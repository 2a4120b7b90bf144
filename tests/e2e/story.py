"""One server, driven through nova's API, with its guest's bytes in view."""

import errno
import hashlib
import json
import os
import uuid as uuids
import xml.etree.ElementTree as ET
from pathlib import Path

import environment


class Server:
    """A server and its guest."""

    def __init__(self, cloud, uuid):
        self.cloud, self.uuid, self.guest = cloud, uuid, environment.guest(uuid)

    @classmethod
    def create(cls, cloud, name, flavor='m1.tiny'):
        # An earlier run that was cut off may have left one of the same name.
        name = '%s-%s' % (name, uuids.uuid4().hex[:8])
        server = cls(cloud, cloud.create_server(name, flavor=flavor))
        server.name = name
        server.guest.wait_up()
        return server

    @property
    def directory(self):
        return environment.INSTANCES / self.uuid

    def delete(self):
        self.cloud.delete_server(self.uuid)

    def body(self):
        return self.cloud.server(self.uuid)

    # ---- our API

    def post(self, action, options=None, cloud=None):
        """POST one of our actions; the Response, whatever its status."""
        return (cloud or self.cloud).action(self.uuid, {action: options})

    def act(self, action, options=None, status=('ACTIVE', 'SHUTOFF')):
        """One of our actions, until it is done and recorded as successful; its answer."""
        return self._until_done(self.post(action, options), status)

    def delete_point(self, index):
        """Have a restore point deleted, until that is done and recorded as successful."""
        self._until_done(self.cloud.call('compute', 'DELETE', '/servers/%s/light-snapshots/%s' % (self.uuid, index)))

    def check(self):
        """What a check finds."""
        answer = self.post('checkSnapshots')
        assert answer.status == 200, answer
        return answer.body['findings']

    def _until_done(self, answer, status=('ACTIVE', 'SHUTOFF')):
        assert answer.status == 202, answer
        self.cloud.wait_server(self.uuid, status)
        newest = self.events()[0]
        assert newest['action'].startswith('light_snapshot_') and not newest['message'], newest
        return answer.body

    def events(self):
        """Instance actions, the newest first."""
        return self.cloud.must('compute', 'GET', '/servers/%s/os-instance-actions' % self.uuid)['instanceActions']

    def listing(self):
        return self.cloud.must('compute', 'GET', '/servers/%s/light-snapshots' % self.uuid)

    def points(self):
        return {point['index']: point for point in self.listing()['light_snapshots']}

    def snapshot(self, **options):
        return self.act('createSnapshot', options or None)['light_snapshot']['index']

    def recover(self, **options):
        self.act('recoverInstance', options or None)

    # ---- nova's own

    def nova(self, body, status='ACTIVE'):
        return self.cloud.act(self.uuid, body, status=status)

    def stop(self):
        self.nova({'os-stop': None}, 'SHUTOFF')

    def start(self):
        self.nova({'os-start': None})
        self.guest.wait_up()

    def reboot(self, kind):
        self.nova({'reboot': {'type': kind}})
        self.guest.wait_up()

    # ---- the host's view

    def record(self):
        return json.loads((self.directory / 'light-snapshot.json').read_text())

    def active(self):
        """The file that the guest writes to, as libvirt tells it."""
        return Path(ET.fromstring(self.guest.virsh('dumpxml', self.uuid)).find('./devices/disk/source').get('file'))

    def columns(self):
        """Our six columns in the database."""
        names = ('light_snapshot_enable', 'snapshot_committed', 'snapshot_index', 'root_index', 'snapshot_store',
                 'snapshot_daily')
        out = environment.sql("SELECT %s FROM instances WHERE uuid = '%s'" % (', '.join(names), self.uuid))
        return dict(zip(names, out.rstrip('\n').split('\t')))

    # ---- bytes

    def write(self, name, seed, mib=4):
        """Write seeded data in the guest; its checksum, computed on the host."""
        return self.guest.write('/var/' + name, mib, seed)

    def sums(self, *names):
        """{name: checksum as the guest reads it from its disk, or None where it has no such file}."""
        self.guest.drop_caches()
        return {name: self.guest.sha256('/var/' + name) if self.guest.exists('/var/' + name) else None
                for name in names}


def base_images():
    """{name: checksum} of the image cache's files, which belong to every server."""
    return {path.name: _checksum(path) for path in (environment.INSTANCES / '_base').iterdir()}


def _checksum(path):
    """Of what a file holds and where it holds it: a raw image is holes for the most part, and minutes to read."""
    digest, end = hashlib.sha256(), 0
    with path.open('rb') as stream:
        size = os.fstat(stream.fileno()).st_size
        while end < size:
            try:
                start = os.lseek(stream.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:      # no more data: a hole up to the end
                    raise
                break
            end = os.lseek(stream.fileno(), start, os.SEEK_HOLE)
            digest.update(b'%d-%d:' % (start, end))
            stream.seek(start)
            digest.update(stream.read(end - start))
    digest.update(b'%d' % size)
    return digest.hexdigest()
