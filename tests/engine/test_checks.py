"""`check`: what it finds, what it repairs, and what it leaves to people."""

import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server, qemu_io  # noqa: E402

from light_snapshot.engine import errors, layout, privileged  # noqa: E402


@pytest.fixture
def server(tmpdir):
    server = Server(tmpdir, others=('disk.local',))
    server.enable(store=True)
    for number in (1, 2, 3):
        server.write(number, number)
        server.snapshot()
    return server


def codes(server, repair=False):
    return sorted((one['code'], one['file'], one['repaired']) for one in server.engine().check(repair))


def test_all_is_well(server):
    assert codes(server) == []


def test_an_orphan_goes_to_the_discarded_ones(server):
    for name in ('disk.light-77', 'disk.local.light-root-3', 'snapshots/disk.light-78'):
        with open(server.path(name), 'w'):
            pass
    found = [('orphan', name, False) for name in ('disk.light-77', 'disk.local.light-root-3', 'snapshots/disk.light-78')]
    assert codes(server) == found and os.path.exists(server.path('disk.light-77'))
    assert codes(server, repair=True) == [one[:2] + (True,) for one in found]
    assert codes(server) == [] and 'snapshots/deleted/disk.light-77' in server.files()


def test_an_orphan_that_somebody_has_open_stays(server):
    name = server.path('disk.light-77')
    with open(name, 'w'):
        pass
    with open(name, 'a') as handle:
        holder = subprocess.Popen(['sleep', '60'], stdout=handle)
    try:
        found = server.engine().check(repair=True)
    finally:
        holder.kill()
        holder.wait()
    assert [(one['code'], one['repaired']) for one in found] == [('orphan', False)] and 'open' in found[0]['message']
    assert os.path.exists(name)


def test_a_second_name_is_made_again(server):
    os.unlink(server.path('snapshots/disk.light-1'))
    assert codes(server) == [('second-name', 'snapshots/disk.light-1', False)]
    assert codes(server, repair=True) == [('second-name', 'snapshots/disk.light-1', True)]
    assert codes(server) == []
    assert os.path.samefile(server.path('snapshots/disk.light-1'), server.path('disk.light-1'))


def test_a_mode_that_lets_others_read(server):
    os.chmod(server.path('disk.light-1'), 0o644)
    assert codes(server) == [('mode', 'disk.light-1', False)]
    assert codes(server, repair=True) == [('mode', 'disk.light-1', True)]
    assert os.stat(server.path('disk.light-1')).st_mode & 0o777 == 0o600


@pytest.mark.parametrize('backing', ['/etc/shadow', 'disk.light-2'])
def test_a_foreign_backing_file_is_only_told(server, backing):
    subprocess.check_call(['qemu-img', 'rebase', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', 'raw',
                           server.path('disk.light-1')])
    found = server.engine().check(repair=True)
    assert [(one['code'], one['file'], one['repaired']) for one in found] == [('backing', 'disk.light-1', False)]
    assert backing in found[0]['message'] and found[0]['severity'] == 'error'


def test_a_file_that_is_gone_is_only_told(server):
    os.unlink(server.path('disk.local.light-1'))
    assert ('missing', 'disk.local.light-1', False) in codes(server, repair=True)


def test_a_damaged_image_is_only_told(server):
    record = server.engine().record
    name = record.active
    qemu_io(record.path(name), 'qcow2', 'write -P 3 0 64k')
    with open(record.path(name), 'r+b') as handle:
        # The second entry of the refcount block: the L1 table's cluster, say, is free.
        handle.seek(2 * 65536)
        handle.write(b'\0' * 16)
    found = server.engine().check(repair=True)
    assert [(one['code'], one['file'], one['repaired']) for one in found] == [('image', name, False)]


def test_while_an_operation_is_under_way_its_files_are_no_orphans(server):
    engine = server.engine()
    engine.snapshot()
    assert engine.record.job
    assert [code for code, _name, _repaired in codes(server)] == ['unfinished']
    engine.finish()
    assert codes(server) == [] and layout.RECORD in os.listdir(server.directory)


def test_a_server_that_libvirt_takes_for_off_and_somebody_writes_to(server):
    """A QEMU that libvirt has lost: no commit under it."""
    record = server.engine().record
    before = server.sum(), open(record.path(layout.RECORD)).read()
    with open(record.path(record.active_of('disk.local')), 'a') as handle:
        holder = subprocess.Popen(['sleep', '60'], stdout=handle)
    try:
        for method in ('commit_all', 'snapshot', 'recover', 'disable', 'prepare_start', 'settle'):
            with pytest.raises(errors.EngineError) as caught:
                getattr(server.engine(), method)()
            assert 'disk.local.light-4' in str(caught.value) and 'nothing was touched' in str(caught.value)
    finally:
        holder.kill()
        holder.wait()
    assert before == (server.sum(), open(record.path(layout.RECORD)).read())
    server.act('commit_all')


def test_clusters_that_nobody_uses_are_given_back(server):
    before = server.sum()
    with open(server.path('disk.light-2'), 'r+b') as handle:
        # One cluster more, which has a user in the refcount block (the third cluster of a small image) and nowhere else.
        handle.seek(0, 2)
        number = (handle.tell() + 65535) // 65536
        handle.truncate((number + 1) * 65536)
        handle.seek(2 * 65536 + 2 * number)
        handle.write(b'\0\1')
    assert codes(server) == [('leaks', 'disk.light-2', False)]
    assert codes(server, repair=True) == [('leaks', 'disk.light-2', True)]
    assert codes(server) == [] and server.sum() == before


def test_who_writes_is_seen_also_while_it_closes_other_files(tmpdir, monkeypatch):
    tmpdir.join('disk').write('x')
    writer = subprocess.Popen([sys.executable, '-c', 'import sys; handle = open(%r, "r+"); print(1); sys.stdout.flush(); sys.stdin.read()'
                               % str(tmpdir.join('disk'))], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert writer.stdout.readline()
        listed, place = os.listdir, '/proc/%d/fd' % writer.pid
        # The first that is listed has been closed when it is looked at.
        monkeypatch.setattr(os, 'listdir', lambda path: (['99999'] if path == place else []) + listed(path))
        assert privileged.written(str(tmpdir)) == ['disk']
    finally:
        monkeypatch.undo()
        writer.communicate()
