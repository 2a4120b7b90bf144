"""Which cloud the end-to-end tests run against: the testbed's Zed, unless the environment says otherwise.

The cloud and its users come from the OS_* variables (see testbed/cloud.py): the users admin, demo and other, each in the
project of its name, all with the password OS_PASSWORD. It must have the testbed's image `guest` and flavors m1.tiny,
m1.small, m1.big, and its nova-compute and libvirt must be on this machine. What else the tests need is here:

LIGHT_SNAPSHOT_E2E_VERIFY         a command that verifies the package, which is installed already. Without it the tests
                                  install the package on this machine themselves (dpkg -i), and verify that
LIGHT_SNAPSHOT_E2E_INSTANCES      nova's directory of instances, /var/lib/nova/instances
LIGHT_SNAPSHOT_E2E_LIBVIRT_URI    nova-compute's libvirt, qemu:///system
LIGHT_SNAPSHOT_E2E_DATABASE       the name of the cell's database, nova
LIGHT_SNAPSHOT_E2E_MARIADB        the command that runs SQL in it, mariadb (as root, by its socket)
LIGHT_SNAPSHOT_E2E_COMPUTE_PID    nova-compute's pid file, for the tests that kill it
LIGHT_SNAPSHOT_E2E_COMPUTE_START  the command that starts nova-compute again and leaves it running
"""

import json
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

from testbed import procs, services, settings, shell
from testbed.guestctl import Guest

TOP = Path(__file__).resolve().parents[2]


def _setting(name, default=None):
    return os.environ.get('LIGHT_SNAPSHOT_E2E_' + name) or default


INSTANCES = Path(_setting('INSTANCES', settings.INSTANCES))
LIBVIRT_URI = _setting('LIBVIRT_URI', settings.LIBVIRT_URI)
_VERIFY = _setting('VERIFY')
COMPUTE_CONF = Path('/etc/nova/nova-compute.conf')     # of the testbed
_COMPUTE_PID = Path(_setting('COMPUTE_PID', services.NOVA_COMPUTE.pidfile))
_COMPUTE_START = _setting('COMPUTE_START')


def elsewhere():
    """Whether the cloud is another one than this project's testbeds."""
    return _VERIFY is not None


def guest(uuid):
    """The guest of a server."""
    return Guest(uuid, LIBVIRT_URI, INSTANCES)


def sql(text):
    """Run SQL in the cell's database; what it prints, a line for each row, tabs between the columns."""
    command = shlex.split(_setting('MARIADB', 'mariadb')) + ['-N', '-B', _setting('DATABASE', 'nova'), '-e', text]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def newest_deb():
    """The package in dist/, built from this tree where there is none."""
    found = sorted((TOP / 'dist').glob('light-snapshot_*_all.deb'))
    if not found:
        subprocess.run([str(TOP / 'tools' / 'build-deb'), str(TOP / 'dist')], check=True)
        found = sorted((TOP / 'dist').glob('light-snapshot_*_all.deb'))
    return found[-1]


def install():
    """Have the package on the cloud, verified; the seconds that this took."""
    began = time.monotonic()
    if _VERIFY:
        subprocess.run(shlex.split(_VERIFY), check=True, stdin=subprocess.DEVNULL)
        return time.monotonic() - began
    subprocess.run(['dpkg', '-i', str(newest_deb())], check=True, stdin=subprocess.DEVNULL)
    # After an earlier `light-snapshot rollback` dpkg -i leaves the node alone, as it should.
    subprocess.run(['light-snapshot', 'install'], check=True, stdin=subprocess.DEVNULL)
    verified = subprocess.run(['light-snapshot', 'verify', '--json'], stdout=subprocess.PIPE)
    assert verified.returncode == 0, verified.stdout.decode()
    json.loads(verified.stdout.decode())
    return time.monotonic() - began


def kill_compute():
    """Kill nova-compute, as a crash would."""
    pid = int(_COMPUTE_PID.read_text())
    os.kill(pid, signal.SIGKILL)
    # A zombie has no command line.
    assert shell.poll(lambda: not procs.command_line(pid), 10, 0.05)


def start_compute():
    """Start nova-compute again."""
    if _COMPUTE_START:
        subprocess.run(shlex.split(_COMPUTE_START), check=True, stdin=subprocess.DEVNULL)
    else:
        services.NOVA_COMPUTE.start()
        services.NOVA_COMPUTE.wait()
