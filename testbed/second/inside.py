"""python3 -m testbed.second.inside: process 1 of host 2. Everything in its namespaces ends with it."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .. import settings, shell
from . import ADDRESS2, HOME, LINK2, LOGS, NAME, TOP, files

SHARED = TOP / "shared"         # there while host 2 uses host 1's directory of instances
BARE = TOP / "bare"             # there while it runs nova alone, without what the package has extended
READY = TOP / "ready"
NFS = TOP / "nfs.so"            # of nfs.c

_BOUND = (("nova", "/var/lib/nova"), ("varlibvirt", "/var/lib/libvirt"), ("etclibvirt", "/etc/libvirt"), ("etcnova", "/etc/nova"),
          ("lognova", "/var/log/nova"), ("loglibvirt", "/var/log/libvirt"), ("cache", "/var/cache/libvirt"),
          ("hosts", "/etc/hosts"), ("hostname", "/etc/hostname"), ("machine-id", "/etc/machine-id"))


def _nova_alone():
    """nova's own files, which lie beside those that extend them, in their places again."""
    ending = ".light-snapshot-orig"
    for path in Path("/usr/lib/python3/dist-packages/nova").rglob("*.py" + ending):
        shell.run(["mount", "--bind", str(path), str(path)[:-len(ending)]])


def _mounts():
    shell.run(["mount", "--make-rprivate", "/"])
    shell.run(["mount", "-t", "proc", "proc", "/proc"])
    if BARE.exists():
        _nova_alone()
    if SHARED.exists():
        shell.run(["mount", "--bind", str(settings.INSTANCES), str(HOME / "nova/instances")])
    for name, place in _BOUND:
        shell.run(["mount", "--rbind", str(HOME / name), place])
    shell.run(["mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run"])
    for path in ("/run/lock", "/run/libvirt", "/run/sudo", "/run/nova", "/run/lock/nova"):
        Path(path).mkdir(exist_ok=True)
    os.chmod("/run/lock", 0o1777)
    for path in ("/run/nova", "/run/lock/nova"):
        shell.run(["chown", "nova:nova", path])


def _network():
    shell.run(["ip", "link", "set", "lo", "up"])
    if not shell.poll(lambda: Path("/sys/class/net", LINK2).exists() or not shell.run(["ip", "link", "show", LINK2], check=False)[0], 10, 0.05):
        raise shell.TestbedError("host 2 has got no network device")
    shell.run(["ip", "addr", "add", ADDRESS2 + "/30", "dev", LINK2])
    shell.run(["ip", "link", "set", LINK2, "up"])


def start_compute():
    """Start nova-compute here."""
    shell.run(["service", "nova-compute", "start"], log=LOGS / "nova-compute-start.log")


def _libvirtd_environment():
    if not SHARED.exists():
        return settings.ENVIRONMENT
    return dict(settings.ENVIRONMENT, LD_PRELOAD=str(NFS), TESTBED_SHARED=str(settings.INSTANCES))


def main():
    shell.run(["hostname", NAME])
    _mounts()
    _network()
    subprocess.Popen([sys.executable, "-m", "testbed.second.relay", "in"], stdin=subprocess.DEVNULL, stdout=open(LOGS / "relay-in.log", "w"),
                     stderr=subprocess.STDOUT)
    for name, options in (("virtlogd", ("-d",)), ("libvirtd", ("-d", "--listen"))):
        shell.run([name, *options], log=LOGS / (name + ".log"), environment=_libvirtd_environment())
    files.start_sshd(2)
    start_compute()
    READY.touch()
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(0))
    while True:
        # Orphans are ours to bury.
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(1)


if __name__ == "__main__":
    main()
