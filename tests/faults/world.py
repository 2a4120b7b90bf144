"""What the cells of one worker need, all of it in namespaces of its own: a libvirtd whose death touches nobody else's guests, and a file system in
memory. Nothing is left of it when the worker ends, however it ends."""

import glob
import os
import shutil
import signal
import subprocess

import libvirt

from tests.faults import contents, kvm
from tests.faults.commands import HarnessError, run, wait

URI = 'qemu:///system'
BASE_RECORDS = 700

_PRIVATE = ('/run/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt', '/etc/libvirt')
_LIBVIRTD = """unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "2:stderr"
"""
# No cgroups and no virtlogd: they would be shared with others. A mount namespace for each QEMU would keep our file systems busy.
_QEMU = """stdio_handler = "file"
cgroup_controllers = []
namespaces = []
security_driver = "none"
"""


def assemble(directory):
    """The first sector of the guest's disk, made of guest.S; what else comes with it is left in the directory."""
    for program in ('as', 'ld'):
        if not shutil.which(program):
            raise HarnessError('%s is missing, which the guest is made with. Install the package binutils.' % program)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'guest.S')
    binary = os.path.join(directory, 'guest')
    run('as', '--32', '-o', binary + '.o', source)
    run('ld', '-m', 'elf_i386', '-Ttext', '0x7c00', '--oformat', 'binary', '-o', binary, binary + '.o')
    with open(binary, 'rb') as handle:
        return handle.read()


class World:
    """
    :param top: an empty directory; a tmpfs is mounted on it here
    """

    def __init__(self, top):
        self.top = top
        for path in _PRIVATE:
            os.makedirs(path, exist_ok=True)
            run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', path)
        run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', top)
        kvm.hide(self.path('no-kvm'))
        self._write('/etc/libvirt/libvirtd.conf', _LIBVIRTD)
        self._write('/etc/libvirt/qemu.conf', _QEMU)
        self.boot = assemble(top)
        self.base = bytes(contents.image(BASE_RECORDS, self.boot))
        self.swap_base = bytes(contents.image(BASE_RECORDS))
        self._read = 0
        self.libvirtd = None
        self.connection = None
        libvirt.registerErrorHandler(lambda _context, _error: None, None)
        self.start_libvirtd()

    @staticmethod
    def _write(path, text):
        with open(path, 'w') as handle:
            handle.write(text)

    def path(self, *names):
        return os.path.join(self.top, *names)

    # ---- libvirtd

    def start_libvirtd(self):
        with open(self.path('libvirtd.log'), 'ab') as log:
            self.libvirtd = subprocess.Popen(['/usr/sbin/libvirtd', '-p', '/run/libvirt/libvirtd.pid'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.connection = wait(self._connect, 30)
        if self.connection is None:
            raise HarnessError('libvirtd does not answer: %s' % run('tail', '-n', '5', self.path('libvirtd.log')).decode())

    def _connect(self):
        try:
            return libvirt.open(URI)
        except libvirt.libvirtError:
            if self.libvirtd.poll() is not None:
                raise HarnessError('libvirtd ended: %s' % run('tail', '-n', '5', self.path('libvirtd.log')).decode())
            return None

    def complaints(self):
        """What libvirtd has logged as an error or a warning since this was asked last."""
        with open(self.path('libvirtd.log'), errors='replace') as handle:
            handle.seek(self._read)
            lines = handle.read().splitlines()
            self._read = handle.tell()
        return [line[33:] for line in lines if (': error :' in line or ': warning :' in line) and 'Ethtool' not in line]

    def kill_libvirtd(self):
        """SIGKILL, and start it again, as its supervisor does."""
        self.libvirtd.send_signal(signal.SIGKILL)
        self.libvirtd.wait()
        self.start_libvirtd()


def processes():
    """{pid: command line} of this worker's namespace, without threads of the kernel."""
    found = {}
    for path in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            with open(path, 'rb') as handle:
                words = handle.read().rstrip(b'\0').split(b'\0')
        except OSError:
            continue
        if words != [b'']:
            found[int(path.split('/')[2])] = [word.decode('utf-8', 'replace') for word in words]
    return found


def holders(directory):
    """[(pid, path)] of the files below a directory that processes of this namespace have open."""
    found = []
    for path in glob.glob('/proc/[0-9]*/fd/*'):
        try:
            target = os.readlink(path)
        except OSError:
            continue
        if target.startswith(directory + '/'):
            found.append((int(path.split('/')[2]), target))
    return found
