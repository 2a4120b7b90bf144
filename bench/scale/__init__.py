"""What light snapshots cost in a cloud of 1,000 servers on 20 hosts: `python3 -m bench.scale`, as root, where the testbed is up.

nova-api, nova-conductor, RabbitMQ, MariaDB, keystone and placement are real, and so is all of light-snapshot, its engine included.
Only what lies below the engine is played: libvirt, QEMU and qemu-img (`recorded`).
"""

import os
from pathlib import Path

#: Everything that a run makes outside the databases; gone at its end.
TOP = Path(os.environ.get('LIGHT_SNAPSHOT_SCALE', '/var/tmp/light-snapshot-scale'))
LOGS, COUNTERS, JOURNALS, GUESTS, SITES = (TOP / name for name in ('logs', 'counters', 'journals', 'guests', 'sites'))
TEMPLATE = TOP / 'template'

#: Hosts, and servers at first and at last; a smaller one is for trying things out.
SIZE = os.environ.get('LIGHT_SNAPSHOT_SCALE_SIZE', '20 100 1000')
_COUNT, FEW, MANY = (int(number) for number in SIZE.split())
HOSTS = ['scale-%02d' % number for number in range(1, _COUNT + 1)]
POINTS = 30             # restore points of each server at the beginning

PORTS = {'ours': 18774, 'plain': 18775, 'placement': 18778}
VHOST = 'light-snapshot-scale'
#: Databases, and the one account that owns them.
DATABASES = {name: 'scale_' + name for name in ('nova_api', 'nova', 'nova_cell0', 'placement')}
ACCOUNT = 'light_snapshot_scale'
#: What our own processes have to know.
ENVIRONMENT = {'LIGHT_SNAPSHOT_SCALE': str(TOP), 'LIGHT_SNAPSHOT_SCALE_SIZE': SIZE}


def instances(host):
    """The directory in which a host has its servers."""
    return TOP / 'hosts' / host / 'instances'
