"""The files of host 2, and the keys by which nova's user goes from one host to the other."""
import re
import shutil
from pathlib import Path

from .. import settings, shell
from . import ADDRESS2, HOME, LIBVIRT_PORT, MIGRATION2, NAME, SSH, SSH_PORT, TOP

_LIBVIRTD = """unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
listen_tls = 0
listen_tcp = 1
tcp_port = "%d"
listen_addr = "%s"
auth_tcp = "none"
host_uuid = "22222222-0000-4000-8000-0000000000c2"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
""" % (LIBVIRT_PORT, ADDRESS2)
_QEMU = """cgroup_controllers = []
migration_host = "%s"
migration_port_min = %d
migration_port_max = %d
""" % ((ADDRESS2,) + MIGRATION2)
_COMPUTE = """[DEFAULT]
compute_driver = libvirt.LibvirtDriver
[libvirt]
virt_type = qemu
cpu_mode = none
live_migration_inbound_addr = %s
""" % ADDRESS2
_SSHD = """Port %d
ListenAddress %%s
HostKey %s
PidFile %%s
AuthorizedKeysFile %s
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
""" % (SSH_PORT, SSH / "hostkey", SSH / "authorized_keys")
_CLIENT = """Host *
  Port %d
  IdentityFile /var/lib/nova/.ssh/id
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
""" % SSH_PORT
#: The programs of these packages are run from a directory: installed, they would bring a user and a service.
_PACKAGES = ("openssh-server", "openssh-sftp-server", "libwrap0")
PROGRAMS = TOP / "programs"
SSHD = PROGRAMS / "usr/sbin/sshd"
NOVA_HOME = Path("/var/lib/nova")
SETTINGS = {"my_ip": ADDRESS2, "host": NAME, "server_listen": ADDRESS2, "server_proxyclient_address": ADDRESS2}


def _write(path, text, mode=0o644):
    path.write_text(text)
    path.chmod(mode)


def _nova(*paths):
    for path in paths:
        shutil.chown(path, "nova", "nova")


def _directories():
    for name in ("varlibvirt", "cache", "etclibvirt", "lognova", "loglibvirt"):
        (HOME / name).mkdir(parents=True, exist_ok=True)
    for name in ("", "instances", "keys", "tmp", ".cache", ".ssh"):
        (HOME / "nova" / name).mkdir(exist_ok=True)
        _nova(HOME / "nova" / name)
    for name in ("varlibvirt", "cache"):
        (HOME / name).chmod(0o711)
    shutil.chown(HOME / "lognova", "nova", "adm")


def _libvirt():
    # Kept from one `up` to the next after a `kill`, as a host that lost power keeps its domains.
    place = HOME / "etclibvirt"
    if not (place / "libvirtd.conf").exists():
        shutil.copytree("/etc/libvirt", place, symlinks=True, dirs_exist_ok=True)
        for found in list((place / "qemu").glob("*.xml")):
            found.unlink()
        for name in ("networks", "autostart"):
            shutil.rmtree(place / "qemu" / name, ignore_errors=True)
    _write(place / "libvirtd.conf", _LIBVIRTD)
    _write(place / "qemu.conf", _QEMU)


def _nova_conf():
    place = HOME / "etcnova"
    shutil.rmtree(place, ignore_errors=True)
    shell.run(["cp", "-a", "/etc/nova", str(place)])
    text = (place / "nova.conf").read_text()
    for name, value in SETTINGS.items():
        text = re.sub(r"(?m)^%s = .*$" % name, "%s = %s" % (name, value), text)
    # A compute host has no database: with these lines nova-compute waits a minute for cells that it cannot reach.
    text = re.sub(r"(?m)^connection = mysql.*\n", "", text)
    (place / "nova.conf").write_text(text)
    (place / "nova-compute.conf").write_text(_COMPUTE)


def _programs():
    if SSHD.exists():
        return
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    shell.run(["sh", "-c", 'cd "$0" && apt-get -q download "$@" && for one in *.deb; do dpkg -x "$one" . || exit 1; done',
               str(PROGRAMS), *_PACKAGES])


def _ssh():
    SSH.mkdir(exist_ok=True)
    for name in ("id", "hostkey"):
        if not (SSH / name).exists():
            shell.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(SSH / name)])
    shutil.copy(SSH / "id.pub", SSH / "authorized_keys")
    for host, address in ((1, settings.IP), (2, ADDRESS2)):
        _write(SSH / ("host%d.conf" % host), _SSHD % (address, pid_file(host)))
    for home in (NOVA_HOME, HOME / "nova"):
        (home / ".ssh").mkdir(exist_ok=True)
        (home / ".ssh").chmod(0o700)
        shutil.copy(SSH / "id", home / ".ssh/id")
        _write(home / ".ssh/config", _CLIENT, 0o600)
        _nova(home / ".ssh", home / ".ssh/id", home / ".ssh/config")
        (home / ".ssh/id").chmod(0o600)
    _nova(SSH, *SSH.iterdir())
    for name in ("id", "hostkey"):
        (SSH / name).chmod(0o600)


def pid_file(host):
    """Where the sshd of host 1 or 2 leaves its process id."""
    return SSH / ("host%d.pid" % host)


def start_sshd(host):
    """Start the sshd of host 1 or 2: as nova, so that it needs no user of its own and only nova can come in."""
    library = PROGRAMS / "usr/lib/x86_64-linux-gnu"
    shell.run([str(SSHD), "-f", str(SSH / ("host%d.conf" % host)), "-E", str(SSH / ("host%d.log" % host))], log=TOP / ("sshd%d.out" % host),
              environment=dict(settings.ENVIRONMENT, LD_LIBRARY_PATH="%s:%s" % (library, PROGRAMS / "lib/x86_64-linux-gnu")), user="nova")


def prepare():
    """Make all of them."""
    TOP.mkdir(parents=True, exist_ok=True)
    TOP.chmod(0o755)
    _directories()
    _libvirt()
    _nova_conf()
    _write(HOME / "hosts", "127.0.0.1 localhost %s\n%s %s\n" % (settings.HOST, ADDRESS2, NAME))
    _write(HOME / "hostname", NAME + "\n")
    _write(HOME / "machine-id", "2222222200004000800000000000002c\n")
    _programs()
    _ssh()


def remove():
    """The keys on host 1, and all of host 2: the next one is new. Never through a mount."""
    shutil.rmtree(NOVA_HOME / ".ssh", ignore_errors=True)
    if " %s" % HOME not in Path("/proc/self/mountinfo").read_text():
        shutil.rmtree(HOME, ignore_errors=True)
    for path in (SSH, TOP / "sockets"):
        shutil.rmtree(path, ignore_errors=True)
