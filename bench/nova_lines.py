"""Light snapshots against what nova itself offers, through the HTTP API, on one server."""

import time

from testbed import cloud as clouds
from testbed import guestctl

from bench import table

PAUSE = 0.05    # between two looks at the server; the same for ours and for nova's


class Server:
    """A server of the bench's own, with `mib` MiB of data on its disk; gone at the end of the `with`."""

    def __init__(self, mib):
        self.mib = mib
        self.cloud = clouds.Cloud.of('demo')

    def __enter__(self):
        self.uuid = self.cloud.create_server('light-snapshot-bench', flavor='m1.big')
        try:
            self.guest = guestctl.Guest(self.uuid)
            self.guest.wait_up()
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc):
        self.cloud.delete_server(self.uuid)

    def _fill(self):
        # Copies of one file that hold data in every block: written faster than they could be made in emulation.
        self.guest.write('/data/0', 64, 'bench')
        for number in range(1, self.mib // 64):
            self.guest.run('cat /data/0 >/data/%d' % number, check=True)
        self.guest.run('sync', timeout=300, check=True)

    def act(self, body):
        """Seconds until the API has answered, and until the work is done."""
        began = time.monotonic()
        answer = self.cloud.action(self.uuid, body)
        answered = time.monotonic() - began
        if not 200 <= answer.status < 300:
            raise clouds.CloudError('%r: %d %.500r' % (body, answer.status, answer.body), answer)
        self.cloud.wait_server(self.uuid, 'ACTIVE', pause=PAUSE, timeout=600)
        return answered, time.monotonic() - began

    def check(self):
        """Nothing that went on in the background has failed: a failure is quick, and shall not count as speed."""
        for action in self.cloud.must('compute', 'GET', '/servers/%s/os-instance-actions' % self.uuid)['instanceActions']:
            if action['message'] == 'Error':
                raise clouds.CloudError('%s of the server %s failed' % (action['action'], self.uuid))

    def create_image(self):
        """Seconds until nova's own snapshot is an active image; bytes of the image."""
        began = time.monotonic()
        image = self.cloud.must('compute', 'POST', '/servers/%s/action' % self.uuid,
                                {'createImage': {'name': 'light-snapshot-bench'}})['image_id']
        self.cloud.wait_server(self.uuid, 'ACTIVE', pause=PAUSE, timeout=900)
        while True:
            found = self.cloud.must('image', 'GET', '/v2/images/' + image)
            if found['status'] == 'active':
                break
            time.sleep(PAUSE)
        took = time.monotonic() - began
        self.cloud.must('image', 'DELETE', '/v2/images/' + image)
        return took, found['size']


def measure(count, mib, images):
    """:returns: the lines"""
    with Server(mib) as server:
        created = [server.create_image() for _number in range(images)]
        server.act({'enableSnapshot': None})
        answered, done = [], []
        for _number in range(count):
            one = server.act({'createSnapshot': None})
            answered.append(one[0])
            done.append(one[1])
        recovered, rebooted = [], []
        for _number in range(count):
            recovered.append(server.act({'recoverInstance': None})[1])
            server.guest.wait_up()
            rebooted.append(server.act({'reboot': {'type': 'HARD'}})[1])
            server.guest.wait_up()
        server.check()
    seconds = [took for took, _size in created]
    size = created[0][1] // 2 ** 20
    median = table.median
    reference = table.spread(seconds) + ', %d MiB' % size
    return [
        table.Line('`image create` / light snapshot, through nova, done; 4 GiB disk, %d MiB of data' % mib, table.spread(done),
                   reference, median(seconds) / median(done), (table.AT_LEAST, 50)),
        table.Line('the same, until the API has answered: the restore point is there', table.spread(answered), reference,
                   median(seconds) / median(answered)),
        table.Line('recover of a running server / hard reboot, through nova', table.spread(recovered),
                   table.spread(rebooted), median(recovered) / median(rebooted), (table.AT_MOST, 1.3))]
