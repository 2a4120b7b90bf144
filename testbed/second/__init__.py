"""A second compute host on the same machine, in namespaces of its own; host 1, which `python3 -m testbed up` makes, is left as it is."""
from .. import settings

NAME = "compute2"
TOP = settings.STATE / "second"
HOME = TOP / "host"             # what host 2 has in place of host 1's directories
SOCKETS = TOP / "sockets"
SSH = TOP / "ssh"
LOGS = settings.LOGS / "second"
INSTANCES = HOME / "nova" / "instances"

# The two ends of the only link between the hosts.
ADDRESS1, ADDRESS2 = "10.77.0.1", "10.77.0.2"
LINK1, LINK2 = "second0", "second1"
LIBVIRT_PORT = 16509
LIBVIRT_URI = "qemu+tcp://%s/system" % ADDRESS2
SSH_PORT = 2222
# Where a guest that comes from host 2 is listened for on host 1 (libvirt's own default range), and the other way round.
MIGRATION1, MIGRATION2 = range(49152, 49162), (49300, 49399)

#: Ports that host 2 finds on its own 127.0.0.1 and host 1 has on its: the control plane, and host 1's sshd and guests.
RELAYED = tuple(settings.PORTS[name] for name in (
    "keystone", "rabbitmq-server", "placement-api", "glance-api", "neutron-api", "cinder-api")) + (SSH_PORT,) + tuple(MIGRATION1)
