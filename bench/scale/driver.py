"""nova's fake driver, with what light-snapshot asks of the libvirt driver: a way from a server to its (recorded) guest.

Everything else that nova-compute does for light snapshots is the product's own code.
"""

import json
import os
import time

from nova.compute import power_state
from nova.virt import fake
from nova.virt import hardware
from nova.virt.libvirt import utils as libvirt_utils

import bench.scale
from bench.scale import recorded
from light_snapshot.nova import privileges
from light_snapshot.nova import settling
from light_snapshot.nova import turns

GUESTS = str(bench.scale.GUESTS)


class _Guests:
    """In the place of the driver's connection to libvirt: every server that has a directory has a guest that runs."""

    def __init__(self):
        self._known = {}

    def get_guest(self, instance):
        if instance.uuid not in self._known:
            self._known[instance.uuid] = recorded.Guest(libvirt_utils.get_instance_path(instance), GUESTS)
        return _Found(self._known[instance.uuid])


class _Found:
    def __init__(self, guest):
        self._domain = guest


class LibvirtDriver(fake.FakeDriver):
    """By this name light-snapshot knows that its host can carry layers."""

    def init_host(self, host):
        super().init_host(host)
        self._host = _Guests()

    def get_info(self, instance, use_cache=True):
        return hardware.InstanceInfo(state=power_state.RUNNING)


def record(host):
    """Have the product's acts recorded in this process, and write down when each snapshot of many had its turn: what is
    measured by is the journal of the host, a line of JSON each."""
    privileges.run = recorded.Acts(GUESTS).run
    path = os.path.join(str(bench.scale.JOURNALS), host)

    def noted(kind, function, size):
        def run(*args):
            began, outcome = time.time(), 'cut off'
            try:
                answer = function(*args)
                outcome = 'taken' if answer is None or 'index' in answer else str(answer.get('message'))
                return answer
            except Exception as exc:
                outcome = 'failed: %s: %s' % (type(exc).__name__, exc)
                raise
            finally:
                line = {'kind': kind, 'what': size(args), 'began': began, 'ended': time.time(), 'outcome': outcome}
                with open(path, 'a') as handle:
                    handle.write(json.dumps(line) + '\n')
        return run
    turns.take = noted('snapshot', turns.take, lambda args: args[2])
    settling.settle_all = noted('settle', settling.settle_all, lambda args: len(args[1]))
