"""One operation a server, with two real processes. Each other process says on a pipe what it has done."""

import errno
import fcntl
import os
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server  # noqa: E402

from light_snapshot.engine import errors, lock  # noqa: E402

MIB = 2 ** 20

HOLD = '''
import sys
sys.path.insert(0, sys.argv[1])
from light_snapshot.engine import lock
NFS
with lock.Lock(sys.argv[2], 10):
    sys.stdout.write('held')
    sys.stdout.flush()
    sys.stdin.readline()
'''
# A file system like NFS: a directory, which cannot be open for writing, cannot be locked.
NFS = '''
import errno, fcntl, os, stat
real = fcntl.flock
def flock(fd, how):
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        raise IOError(errno.EBADF, 'Bad file descriptor')
    real(fd, how)
fcntl.flock = flock
'''
COUNT = '''
import os, sys
sys.path.insert(0, sys.argv[1])
from light_snapshot.engine import lock
NFS
for _number in range(100):
    with lock.Lock(sys.argv[2], 60):
        with open(sys.argv[3]) as handle:
            value = int(handle.read())
        with open(sys.argv[3], 'w') as handle:
            handle.write(str(value + 1))
'''
lock.POLL = 0.005


def start(script, nfs, *args):
    import light_snapshot
    top = os.path.dirname(os.path.dirname(os.path.abspath(light_snapshot.__file__)))
    return subprocess.Popen([sys.executable, '-c', script.replace('NFS\n', NFS if nfs else ''), top] + list(args),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


class Holder(object):
    """Another process that holds the lock of a directory."""

    def __init__(self, directory, nfs=False):
        self.process = start(HOLD, nfs, directory)
        assert self.process.stdout.read(4) == b'held'

    def let_go(self):
        self.process.communicate(b'\n')
        assert self.process.returncode == 0

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture(params=[False, True], ids=['directory', 'like NFS'])
def nfs(request, monkeypatch):
    if request.param:
        real = fcntl.flock
        scope = {}
        exec(NFS, scope)
        fcntl.flock = real
        monkeypatch.setattr(fcntl, 'flock', scope['flock'])
    return request.param


def test_refused_while_another_process_holds_it_and_nothing_is_changed(tmpdir, nfs):
    server = Server(tmpdir, size=8 * MIB)
    server.enable()
    other = Holder(server.directory, nfs)
    before, record = server.files(), server.engine().record.data
    for operation in (lambda e: e.snapshot(), lambda e: e.disable(), lambda e: e.describe(0, 'x', 'y'),
                      lambda e: e.recover(use_root=True), lambda e: e.commit_all(), lambda e: e.store(True),
                      lambda e: e.settle(), lambda e: e.finish(), lambda e: e.prepare_start()):
        began = time.time()
        with pytest.raises(errors.Refused) as caught:
            operation(server.engine(lock_timeout=0.2))
        assert 0.2 <= time.time() - began < 5
        assert server.directory in str(caught.value)
    assert (server.files(), server.engine().record.data) == (before, record)
    other.let_go()
    server.snapshot()
    assert lock.FILE not in os.listdir(server.directory)


def test_goes_on_as_soon_as_the_other_lets_go(tmpdir, nfs):
    server = Server(tmpdir, size=8 * MIB)
    server.enable()
    other = Holder(server.directory, nfs)
    engine = server.engine(lock_timeout=0)
    with pytest.raises(errors.Refused):
        engine.snapshot()
    other.let_go()
    engine.snapshot()       # the same engine: a refusal leaves it as it was
    engine.finish()


def test_a_process_that_dies_lets_go(tmpdir, nfs):
    server = Server(tmpdir, size=8 * MIB)
    server.enable()
    Holder(server.directory, nfs).kill()
    server.snapshot()
    assert lock.FILE not in os.listdir(server.directory)


def test_never_two_at_once(tmpdir, nfs):
    counter = tmpdir.join('counter')
    counter.write('0')
    directory = str(tmpdir.mkdir('instance'))
    both = [start(COUNT, nfs, directory, str(counter)) for _number in range(2)]
    for process in both:
        process.communicate()
        assert process.returncode == 0
    assert counter.read() == '200'
    assert os.listdir(directory) == []


def test_the_record_is_read_again_under_the_lock(tmpdir):
    server = Server(tmpdir, size=8 * MIB)
    early = server.engine()         # made before light snapshots are enabled, by "another process"
    server.enable()
    server.write(1)
    index = server.snapshot('first')
    assert early.record is None
    assert early.snapshot('second') == index + 1
    early.finish()
    late = server.engine()
    server.act('disable')
    with pytest.raises(errors.Refused):
        late.snapshot()
    assert not late.enabled and server.files() == []


def test_nothing_is_left_in_the_directory(tmpdir, nfs):
    server = Server(tmpdir, size=8 * MIB)
    server.enable(store=True)
    server.snapshot()
    server.act('disable')
    assert sorted(os.listdir(server.directory)) == ['disk']


def test_a_directory_that_is_gone_needs_no_lock(tmpdir):
    with lock.Lock(str(tmpdir.join('gone')), 0) as held:
        assert held.held


def test_children_do_not_inherit_it(tmpdir, nfs):
    directory = str(tmpdir)
    with lock.Lock(directory, 0):
        child = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], stdin=subprocess.PIPE,
                                 close_fds=False)
    with lock.Lock(directory, 5):       # not 0: the child lets go when it begins its own program
        pass
    child.communicate()


def test_another_error_is_not_taken_for_the_lock(tmpdir, monkeypatch):
    def broken(_fd, _how):
        raise IOError(errno.EIO, 'Input/output error')
    monkeypatch.setattr(fcntl, 'flock', broken)
    with pytest.raises(IOError):
        lock.Lock(str(tmpdir), 0).__enter__()
