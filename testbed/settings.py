"""Every name, address, port and password of the testbed, once."""
import os
import socket
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "templates"
GUEST_FILES = HERE / "guest"

STATE = Path(os.environ.get("LIGHT_SNAPSHOT_TESTBED_STATE", "/var/tmp/light-snapshot-testbed"))
LOGS = STATE / "logs"
OPENRC = STATE / "openrc"

IP = "127.0.0.1"
HOST = socket.gethostname()
REGION = "RegionOne"
# The one password of every account (keystone users, database users, message queue).  It guards nothing: all listeners are on loopback.
PASSWORD = "testbed"

PORTS = {
    "mariadb": 3306,
    "memcached": 11211,
    "rabbitmq-server": 5672,
    "keystone": 5000,
    "glance-api": 9292,
    "placement-api": 8778,
    "neutron-api": 9696,
    "nova-api": 8774,
    "nova-novncproxy": 6080,
    "cinder-api": 8776,
    "apache2": 80,
}

AUTH_URL = "http://%s:%d/v3" % (IP, PORTS["keystone"])
TRANSPORT_URL = "rabbit://openstack:%s@%s:%d/" % (PASSWORD, IP, PORTS["rabbitmq-server"])
LIBVIRT_URI = "qemu:///system"
LIBVIRT_SOCKET = "/run/libvirt/libvirt-sock"
INSTANCES = Path("/var/lib/nova/instances")
GLANCE_IMAGES = Path("/var/lib/glance/images")

# database: the account that owns it
DATABASES = {
    "keystone": "keystone",
    "glance": "glance",
    "placement": "placement",
    "nova_api": "nova",
    "nova": "nova",
    "nova_cell0": "nova",
    "neutron": "neutron",
    "cinder": "cinder",
}

# project (and user of the same name): the roles of the user in the project
TENANTS = {"demo": ("member",), "other": ("member",)}
SERVICE_USERS = ("glance", "placement", "nova", "neutron", "cinder")
ENDPOINTS = {  # service type: (name, url)
    "image": ("glance", "http://%s:%d" % (IP, PORTS["glance-api"])),
    "placement": ("placement", "http://%s:%d" % (IP, PORTS["placement-api"])),
    "compute": ("nova", "http://%s:%d/v2.1" % (IP, PORTS["nova-api"])),
    "network": ("neutron", "http://%s:%d" % (IP, PORTS["neutron-api"])),
}
FLAVORS = {  # name: (RAM in MiB, disk in GiB, virtual processors)
    "m1.tiny": (128, 1, 1),
    "m1.small": (256, 2, 1),
    "m1.big": (256, 4, 1),
}

IMAGE = "guest"
KERNEL_IMAGE = "guest-kernel"
RAMDISK_IMAGE = "guest-ramdisk"

# What every command of the testbed runs with.  Proxies are left out on purpose: everything is on loopback.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}


def database_url(name):
    """Return the SQLAlchemy URL of database NAME."""
    return "mysql+pymysql://%s:%s@%s/%s?charset=utf8" % (DATABASES[name], PASSWORD, IP, name)
