"""Processes and listening sockets, as /proc and ss tell them."""
import os
import re
import signal
from pathlib import Path

from . import shell


def command_line(pid):
    """Return the command line of process PID, empty when it is gone or a zombie."""
    try:
        return Path("/proc/%d/cmdline" % pid).read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def pid_of(pidfile, expect):
    """Return the live process id in PIDFILE whose command line contains EXPECT, else None.

    The command line is looked at because the number in an old file may belong to another process by now.
    """
    try:
        pid = int(Path(pidfile).read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if expect in command_line(pid) else None


def started_at(pid):
    """Return when process PID was started, in seconds since 1970; 0 when it is gone."""
    try:
        ticks = int(Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[19])
        boot = next(line for line in open("/proc/stat") if line.startswith("btime "))
    except (OSError, ValueError, IndexError):
        return 0
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    """Return the ids of process PID and of all its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(parents.get(one, ()))
    return found


def listeners():
    """Return [(address, port, {pid, ...})] for every listening TCP socket of the machine."""
    _, out = shell.run(["ss", "-H", "-ltnp"])
    result = []
    for line in out.splitlines():
        fields = line.split()
        address, _, port = fields[3].rpartition(":")
        pids = {int(p) for p in re.findall(r"pid=(\d+)", line)}
        result.append((address.strip("[]").partition("%")[0], int(port), pids))
    return result


def is_loopback(address):
    """Return whether ADDRESS, as ss prints it, can be reached from this machine alone."""
    return address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")


def stop(pid, expect, seconds=30):
    """Ask process PID to end, insist after SECONDS; do nothing unless its command line contains EXPECT.

    Raises TestbedError when it is still there after that.
    """
    for number, wait in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
        if expect not in command_line(pid):
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if shell.poll(lambda: expect not in command_line(pid), wait):
            return
    raise shell.TestbedError("process %d (%s) does not end" % (pid, expect))
