"""Bring the second host up, take its power, take it down, run something on it."""
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from .. import cloud, databases, procs, settings, shell
from . import ADDRESS1, LINK1, LINK2, LOGS, NAME, SOCKETS, TOP, files, inside

PID = TOP / "pid"               # of its process 1, as host 1 counts
RELAY = TOP / "relay.pid"
FORCED = TOP / "forced"         # there from `kill` on, until nova hears it again
_NFS_SOURCE = Path(__file__).with_name("nfs.c")
_INSIDE, _OUT = "testbed.second.inside", "testbed.second.relay out"
_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid")


def pid():
    """The process id of its process 1; None while it does not run."""
    return procs.pid_of(PID, _INSIDE)


def execute(*command):
    """Run a command there; its exit code."""
    return subprocess.run(["nsenter", "-t", str(pid()), *_NAMESPACES, "--", *command]).returncode


def _background(name, *command):
    log = open(LOGS / (name + ".log"), "w")
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=settings.HERE.parent,
                            env=settings.ENVIRONMENT, start_new_session=True).pid


def _unlink(*paths):
    for path in paths:
        Path(path).unlink(missing_ok=True)


def _link(process):
    shell.run(["ip", "link", "add", LINK1, "type", "veth", "peer", "name", LINK2, "netns", str(process)])
    shell.run(["ip", "addr", "add", ADDRESS1 + "/30", "dev", LINK1])
    shell.run(["ip", "link", "set", LINK1, "up"])


def _start():
    unshare = _background("inside", "unshare", *_NAMESPACES, "--fork", "--kill-child", sys.executable, "-m", _INSIDE)
    found = shell.poll(lambda: [one for one in procs.children(unshare) if one != unshare and _INSIDE in procs.command_line(one)], 10, 0.05)
    if not found:
        raise shell.failed("host 2 did not start", LOGS / "inside.log")
    PID.write_text("%d\n" % found[0])
    _link(found[0])
    if not shell.poll(inside.READY.exists, 30) or pid() is None:
        raise shell.failed("host 2 did not come up", LOGS / "inside.log")


def _known():
    return cloud.Cloud.of("admin").compute_services().get(("nova-compute", NAME))


def _heard():
    known = _known()
    if FORCED.exists() and known is not None:
        # nova refuses this until the restarted nova-compute has dealt with the servers that were evacuated from it.
        try:
            cloud.Cloud.of("admin").force_down(NAME, False)
            FORCED.unlink()
        except cloud.CloudError:
            return False
    return known is not None and known["state"] == "up" and not FORCED.exists()


def up(shared=False, bare=False):
    """Bring it up; returns once nova can place servers on it."""
    if pid() is not None:
        shell.say("%s is up already" % NAME)
        return
    _stop_outside()
    LOGS.mkdir(parents=True, exist_ok=True)
    files.prepare()
    _unlink(inside.READY, inside.SHARED, inside.BARE)
    if bare:
        inside.BARE.touch()
    if shared:
        shell.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-o", str(inside.NFS), str(_NFS_SOURCE), "-ldl"])
        inside.SHARED.touch()
    SOCKETS.mkdir(exist_ok=True)
    files.start_sshd(1)
    RELAY.write_text("%d\n" % _background("relay-out", sys.executable, "-m", *_OUT.split()))
    _start()
    shell.say("namespaces, libvirtd, sshd and nova-compute of %s run" % NAME)
    if not shell.poll(_heard, 90, 0.5):
        raise shell.failed("nova does not hear %s" % NAME, files.HOME / "lognova/nova-compute.log")
    shell.run(["nova-manage", "cell_v2", "discover_hosts"], user="nova")
    shell.say("nova hears %s" % NAME)


def _stop_outside():
    for path, expect in ((RELAY, _OUT), (files.pid_file(1), "sshd")):
        found = procs.pid_of(path, expect)
        if found is not None:
            procs.stop(found, expect)
    for name in SOCKETS.iterdir() if SOCKETS.is_dir() else ():
        name.unlink()


def kill():
    """Take its power: every process of its namespaces dies, and the network device goes with them."""
    process = pid()
    if process is not None:
        os.kill(process, signal.SIGKILL)
        shell.poll(lambda: pid() is None, 10, 0.05)
    _unlink(PID)
    shell.run(["ip", "link", "del", LINK1], check=False)
    FORCED.touch()
    shell.say("%s has lost its power" % NAME)


def power_off():
    """For the end of the whole testbed: as `kill`, and nothing of it is left running on host 1."""
    if pid() is not None:
        kill()
    _stop_outside()


def down():
    """End it and take it out of nova and placement."""
    if pid() is not None:
        execute("service", "nova-compute", "stop")
        kill()
    _stop_outside()
    if not TOP.exists():
        return
    known = _known()
    if known is not None:
        cloud.Cloud.of("admin").must("compute", "DELETE", "/os-services/%s" % known["id"])
    # What nova keeps of a deleted service it asks, when a host of the same name comes back, whether the host is up (volume detach).
    databases.sql("DELETE FROM services WHERE host = '%s' AND deleted != 0" % NAME, "nova")
    files.remove()
    _unlink(FORCED, inside.READY, inside.SHARED, inside.BARE, inside.NFS, RELAY)
    shutil.rmtree(SOCKETS, ignore_errors=True)
    shell.say("%s is gone" % NAME)
