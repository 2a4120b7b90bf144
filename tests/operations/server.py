"""One server of the suite, on whichever host it is, and what can be seen of it."""

import hashlib

import environment
import story
from light_snapshot.engine import layout
from light_snapshot.engine import record as records
from testbed.guestctl import Guest
from tests.faults import layers
from tests.operations import chains
from tests.operations.chains import MIB, PLACE
from tests.operations.world import HOST, PATIENCE, poll, rows


class Refused(Exception):
    """nova's answer was a 4xx."""

    def __init__(self, answer):
        super().__init__('%d %.300r' % (answer.status, answer.body))
        self.status = answer.status


class Server(story.Server):
    """
    `known`: {name: checksum that the guest has to read, None: no such file}. `at`: {index of a restore point: what `known` was}.
    `devices`: disks beside the root disk that hold data of ours. `level`: of its flavor. `killed`: whether a QEMU of it was
    """

    def __init__(self, world, uuid, devices=()):
        super().__init__(world.demo, uuid)
        self.world, self.devices = world, devices
        self.known, self.at, self.level, self.where, self.killed = {}, {}, 1, HOST, False

    @classmethod
    def make(cls, world, name, devices=()):
        """A new one on the first host, its guest up."""
        uuid = world.demo.create_server(name, flavor=world.flavor(1, len(devices)), image=world.image, timeout=PATIENCE)
        one = cls(world, uuid, devices)
        one.look()
        one.guest.wait_up(PATIENCE)
        return one

    # ---- where it is

    @property
    def directory(self):
        return self.world.instances(self.where) / self.uuid

    @property
    def place(self):
        """Its directory, for what reads its layers."""
        return chains.Place(self.directory, environment.INSTANCES / self.uuid, self.world.inside(self.where))

    def details(self):
        return self.world.admin.server(self.uuid)

    def look(self):
        """See it where it is now."""
        self.where = self.details()['OS-EXT-SRV-ATTR:host']
        self.guest = Guest(self.uuid, self.world.uri(self.where), self.world.instances(self.where))

    # ---- nova

    def ask(self, body, cloud=None):
        """POST an action; the answer.

        :raises Refused: a 4xx
        """
        answer = (cloud or self.cloud).action(self.uuid, body)
        if 400 <= answer.status < 500:
            raise Refused(answer)
        assert 200 <= answer.status < 300, answer
        return answer

    def wait(self, *status):
        """Nothing is under way, and the server has one of these states; see it there."""
        self.world.admin.wait_server(self.uuid, status, timeout=PATIENCE)
        self.look()

    def nova(self, body, status='ACTIVE', cloud=None):
        answer = self.ask(body, cloud)
        self.wait(*([status] if isinstance(status, str) else status))
        return answer

    def power(self, on):
        """Have it run, its guest up, or be off."""
        status = self.details()['status']
        if on and status == 'SHUTOFF':
            self.nova({'os-start': None})
        elif not on and status == 'ACTIVE':
            self.nova({'os-stop': None}, 'SHUTOFF')
        if on:
            self.guest.wait_up(PATIENCE)

    def migrate(self, where):
        """Cold migration, confirmed."""
        self.nova({'migrate': {'host': where}}, 'VERIFY_RESIZE', self.world.admin)
        self.confirm()
        assert self.where == where, 'it is on %s instead of %s' % (self.where, where)

    def confirm(self):
        """Confirm a resize."""
        self.nova({'confirmResize': None}, ('ACTIVE', 'SHUTOFF'), self.world.admin)

    # ---- bytes

    def fill(self, name):
        """Something new on each disk."""
        self.known[name] = self.guest.write('/var/' + name, 1, self.uuid + name, PATIENCE)
        for device in self.devices:
            self.known[device] = hashlib.sha256(self.write_device(device, '%s-%s' % (name, device))).hexdigest()
        self.guest.sync()

    def write_device(self, device, line):
        """Write MIB bytes of that line, again and again, at PLACE MiB of a disk; the bytes."""
        self.guest.run('yes %s | head -c %d | dd of=/dev/%s bs=1M seek=%d conv=notrunc,fsync 2>/dev/null' % (line, MIB, device, PLACE),
                       PATIENCE, check=True)
        line = ('%s\n' % line).encode()
        return (line * (MIB // len(line) + 1))[:MIB]

    def device_sum(self, device):
        """Checksum of what the guest reads there."""
        return self.guest.run('dd if=/dev/%s bs=1M skip=%d count=1 2>/dev/null | sha256sum' % (device, PLACE), PATIENCE, check=True)[1].split()[0]

    def sums(self, *names):
        """{name: checksum as the guest reads it from its disk, or None where it has no such file}."""
        self.guest.drop_caches()
        files = ' '.join('/var/' + name for name in names if name not in self.devices)
        said = self.guest.run('for one in %s; do [ ! -e $one ] || sha256sum $one; done' % files, PATIENCE, check=True)[1]
        found = {line.split()[1].rpartition('/')[2]: line.split()[0] for line in said.splitlines()}
        return {name: self.device_sum(name) if name in self.devices else found.get(name) for name in names}

    def recover_to(self, index):
        """Recover to a restore point whose bytes are known; the guest is up then, and has those alone."""
        self.recover(snap_index=index)
        self.power(True)
        self.known = dict(dict.fromkeys(self.known), **self.at[index])

    def snapshot(self, **options):
        """A restore point; what the guest has then is noted."""
        index = super().snapshot(**options)
        self.at[index] = dict(self.known)
        return index

    # ---- at rest

    def loaded(self):
        """Its record, or None."""
        return records.load(str(self.directory))

    def settled(self):
        """Wait until nothing is under way, in nova or in the background."""
        def quiet():
            record = self.loaded()
            return self.details()['OS-EXT-STS:task_state'] is None and (record is None or record.job is None and len(record.live) <= 2)
        poll(quiet, 'the end of what is under way for %s' % self.uuid)

    def actives(self):
        """Names of the files that the guest writes to, as libvirt tells them. (A volume is a block device.)"""
        lines = [line.split() for line in self.guest.virsh('domblklist', self.uuid, '--details').splitlines()]
        return sorted(words[3].rpartition('/')[2] for words in lines if words[:1] == ['file'] and words[2].startswith('vd'))

    def must_write_to(self):
        """The same, as its record tells them."""
        record = self.loaded()
        own = [path.name for path in self.directory.iterdir() if layout.is_disk(path.name)]
        return sorted(own if record is None else [name for name, _format in layers.actives(record)])

    def columns(self):
        """Our columns in the database: of a flag, NULL is no."""
        row = rows(self.uuid)[0]
        return {name: bool(row[name]) if name in ('light_snapshot_enable', 'snapshot_committed', 'snapshot_store') else row[name]
                for name in ('light_snapshot_enable', 'snapshot_committed', 'snapshot_store', 'snapshot_index', 'root_index')}
