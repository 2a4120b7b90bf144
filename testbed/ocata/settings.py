"""Every name, address and path of the Ocata cloud, once."""
from pathlib import Path

from .. import settings

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
ENTER = HERE / "enter-node"
LOOK = HERE / "qemu-img"

TOP = settings.STATE / "ocata"
# A Python 2.7 that nova's account can read, where the machine's is not.
PYTHON27 = TOP / "python27"
# What makes virtual environments of Python 2.7.
MAKER = TOP / "maker"
# Laid out like the file system of an Ocata node: its own /usr, /etc/nova, /var/lib/nova.
NODE = TOP / "node"
USR = NODE / "usr"
# What of the node's /usr lies over the machine's where its programs run: links.
OVER = NODE / "over/usr"
ETC = NODE / "etc/nova"
LOGS = NODE / "var/log/nova"
RUN = NODE / "run/nova"
STATE_PATH = NODE / "var/lib/nova"
INSTANCES = STATE_PATH / "instances"
OPENRC = TOP / "openrc"

PORTS = {"ocata-api": 28774, "ocata-placement": 28778}
VHOST = "ocata"
DATABASES = API_DATABASE, CELL0, CELL = "nova_ocata_api", "nova_ocata_cell0", "nova_ocata"
# Two clouds share one libvirt.
DOMAINS = "ocata-"

API = "http://%s:%d" % (settings.IP, PORTS["ocata-api"])
TRANSPORT_URL = settings.TRANSPORT_URL + VHOST

# What nova's programs run with: their node's programs first, then the machine's.
ENVIRONMENT = dict(
    settings.ENVIRONMENT, PATH="%s:%s" % (USR / "lib/testbed", settings.ENVIRONMENT["PATH"]), HOME=str(STATE_PATH),
    OS_PLACEMENT_CONFIG_DIR=str(ETC / "placement"))


def database_url(name):
    """Return the SQLAlchemy URL of database NAME."""
    return "mysql+pymysql://nova:%s@%s/%s?charset=utf8" % (settings.PASSWORD, settings.IP, name)
