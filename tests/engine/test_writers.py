"""Who writes to a file, as nova's privsep daemon can see it."""

import os
import subprocess
import sys

import pytest

from light_snapshot.engine import privileged

#: Of nova.privsep.sys_admin_pctxt, 17 and later; the descriptors of another user's process take CAP_SYS_PTRACE as well.
CAPABILITIES = ('chown', 'dac_override', 'dac_read_search', 'fowner', 'net_admin', 'sys_admin')
#: A QEMU runs as a user of its own. It may go through the test's own directories.
ANOTHER_USER = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps', '-all,+dac_override',
                '--ambient-caps', '-all,+dac_override']
OVERLAY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(privileged.__file__))))


@pytest.fixture
def chain(tmpdir):
    """A layer and what it stands on."""
    directory = str(tmpdir.realpath())
    for name, more in (('disk', []), ('disk.light-1', ['-b', 'disk', '-F', 'qcow2'])):
        subprocess.check_call(['qemu-img', 'create', '-q', '-f', 'qcow2'] + more + [os.path.join(directory, name), '1M'])
    return directory


class Qemu(object):
    """A process of QEMU's own that has an image open, as a guest has; for `with`."""

    def __init__(self, path, *options):
        self.argv = ANOTHER_USER + ['qemu-io', '--image-opts'] + list(options) + ['driver=qcow2,file.driver=file,file.filename=' + path]

    def __enter__(self):
        self.child = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.child.stdin.write(b'read 0 512\n')
        self.child.stdin.flush()
        said = b''
        while b'ops;' not in said:
            line = self.child.stdout.readline()
            assert line, said
            said += line
        return self

    def __exit__(self, *_exc):
        self.child.communicate(b'quit\n')


def seen_by_novas_daemon(directory):
    """What `written` says with the daemon's capabilities."""
    program = 'import sys; sys.path.insert(0, %r); from light_snapshot.engine import privileged; print(" ".join(privileged.written(%r)))'
    done = subprocess.Popen(['setpriv', '--bounding-set', '-all,' + ','.join('+' + name for name in CAPABILITIES), '--', sys.executable, '-c',
                             program % (OVERLAY, directory)], stdout=subprocess.PIPE)
    said = done.communicate()[0].decode().split()
    assert done.returncode == 0
    return said


def test_a_qemu_of_another_user_is_seen(chain):
    assert seen_by_novas_daemon(chain) == []
    with Qemu(os.path.join(chain, 'disk.light-1')):
        # What the layer stands on is read.
        assert seen_by_novas_daemon(chain) == ['disk.light-1'] == privileged.written(chain)
    assert seen_by_novas_daemon(chain) == []


def test_who_only_reads_is_none(chain):
    with Qemu(os.path.join(chain, 'disk.light-1'), '-r'):
        assert seen_by_novas_daemon(chain) == [] == privileged.written(chain)


def test_the_target_of_a_commit_is_seen(chain):
    with Qemu(os.path.join(chain, 'disk')):
        assert seen_by_novas_daemon(chain) == ['disk']


def test_the_daemon_sees_no_descriptors_of_others(chain):
    """Without the locks it would be blind: this is what they are for."""
    with Qemu(os.path.join(chain, 'disk.light-1') + ',file.locking=off') as qemu:
        place = '/proc/%d/fd' % qemu.child.pid
        found = subprocess.call(['setpriv', '--bounding-set', '-all,' + ','.join('+' + name for name in CAPABILITIES), '--', sys.executable,
                                 '-c', 'import os; [os.stat(%r + "/" + name) for name in os.listdir(%r)]' % (place, place)],
                                stderr=subprocess.PIPE)
        assert found == 1
        assert privileged.written(chain) == ['disk.light-1']


def test_what_cannot_be_told_is_no_silence(chain, monkeypatch):
    listed = os.listdir

    def full(path):
        if path.startswith('/proc/'):
            raise OSError(24, 'Too many open files')
        return listed(path)
    monkeypatch.setattr(os, 'listdir', full)
    with pytest.raises(OSError):
        privileged.written(chain)
