"""The services' processes as /proc shows them. `service X status` is not asked: on sysv it takes any uwsgi for ours."""
import os
import re
import socket
import struct
import sys
import time


class Process(object):
    """One process: `pid`, `ticks` (its start since boot), `start` (seconds since 1970), `argv`, `comm`."""

    def __init__(self, pid, ticks, start, argv, comm):
        self.pid, self.ticks, self.start, self.argv, self.comm = pid, ticks, start, argv, comm

    @property
    def key(self):
        """What tells it from a later process of the same pid."""
        return (self.pid, self.ticks)


def _read(path):
    with open(path, 'rb') as stream:
        return stream.read().decode('utf-8', 'replace')


def _world(proc, pid):
    """What a process takes for its machine: its pid namespace and its root directory; None where it is gone."""
    try:
        # The directory itself and not its name: inside a chroot a process outside of it is shown to be at / as well.
        top = os.stat('%s/%s/root' % (proc, pid))
        return os.readlink('%s/%s/ns/pid' % (proc, pid)), top.st_dev, top.st_ino
    except OSError:
        return None


def every(root):
    """Every process of this node; what runs in a container, a chroot or a nested host is another node's."""
    proc = root.at('/proc')
    if not root.live or not os.path.isdir(proc):
        return []
    own = _world('/proc', 'self')
    if own is None:
        # A chroot without /proc, such as an image that is being built: nothing of it runs.
        return []
    boot = time.time() - float(_read('/proc/uptime').split()[0])
    found = []
    for name in os.listdir(proc):
        if not name.isdigit():
            continue
        try:
            stat = _read('%s/%s/stat' % (proc, name))
            argv = [part for part in _read('%s/%s/cmdline' % (proc, name)).split('\0') if part]
        except (IOError, OSError):
            continue
        if not argv or _world(proc, name) != own:
            continue
        # The command's name in brackets may hold blanks; what follows the last bracket is fixed.
        ticks = int(stat.rpartition(')')[2].split()[19])
        comm = stat[stat.index('(') + 1:stat.rindex(')')]
        found.append(Process(int(name), ticks, boot + float(ticks) / os.sysconf('SC_CLK_TCK'), argv, comm))
    return found


def program(process):
    """The base name of what a process runs: of the script, if the program is Python."""
    name = os.path.basename(process.argv[0])
    if re.match(r'^python[\d.]*$', name):
        for argument in process.argv[1:]:
            if not argument.startswith('-'):
                return os.path.basename(argument)
    return name


def unit(root, process):
    """The systemd service that a process belongs to, by its control group ('' for none of the system's, such as a login's); None
    where that cannot be told."""
    try:
        lines = _read(root.at('/proc/%d/cgroup' % process.pid)).splitlines()
    except (IOError, OSError):
        return None
    groups = [line.split(':', 2) for line in lines]
    # The group in systemd's own hierarchy, else in the one of all.
    for named in ('name=systemd', ''):
        for group in groups:
            if len(group) == 3 and group[1] == named and group[2].strip('/'):
                parts = group[2].split('/')
                services = [part for part in parts if part.endswith('.service')]
                user = any(part == 'user.slice' or part.endswith('.scope') for part in parts)
                return services[-1] if services and not user else ''
    return None


def same_python(process):
    """False if a process was started with a Python from elsewhere than ours, which is the one that runs nova on this
    node: a nova in a virtual environment beside the packaged one is another one's business."""
    directory = os.path.dirname(process.argv[0])
    return not directory or os.path.realpath(directory) == os.path.realpath(os.path.dirname(sys.executable))


def runs_uwsgi(process, names):
    """True for a uwsgi with one of these .ini files or programs."""
    return (os.path.basename(process.argv[0]).startswith('uwsgi')
            and any(os.path.basename(argument) in names for argument in process.argv[1:]))


def _sockets(root, pids):
    inodes = set()
    for pid in pids:
        directory = root.at('/proc/%d/fd' % pid)
        try:
            names = os.listdir(directory)
        except OSError:
            continue
        for name in names:
            try:
                target = os.readlink('%s/%s' % (directory, name))
            except OSError:
                continue
            if target.startswith('socket:['):
                inodes.add(target[len('socket:['):-1])
    return inodes


def _address(text):
    """('address', port) of one side of a line of /proc/net/tcp or tcp6."""
    words, port = text.split(':')
    raw = b''.join(struct.pack('=I', int(words[index:index + 8], 16)) for index in range(0, len(words), 8))
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, raw), int(port, 16)


def connections(root, pids):
    """(listening, established) of these processes: sets of local (address, port), and of remote ones."""
    inodes = _sockets(root, pids)
    listening, established = set(), set()
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        try:
            lines = _read(root.at(table)).splitlines()[1:]
        except (IOError, OSError):
            continue
        for line in lines:
            fields = line.split()
            if fields[9] not in inodes:
                continue
            if fields[3] == '0A':
                listening.add(_address(fields[1]))
            elif fields[3] == '01':
                established.add(_address(fields[2]))
    return listening, established
