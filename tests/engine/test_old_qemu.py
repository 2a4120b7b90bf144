"""QEMU before 2.10 (Liberty's is 2.3, Ocata's 2.5): its qemu-img locks nothing, knows neither -U nor create's -u, and answers what it
does not know with its help and exit code 0; a new backing file it looks for where it runs. The stand-in for it is the machine's own qemu-img behind a script that does so; the rest of
this directory runs with a real one by LIGHT_SNAPSHOT_QEMU_IMG=FILE."""

import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import other_qemu  # noqa: E402
from disk import MIB, Server, checksum  # noqa: E402

from light_snapshot.engine import errors, privileged  # noqa: E402

OLD = '''#!/bin/sh
help() {
    echo "qemu-img version %s, Copyright (c) 2004-2008 Fabrice Bellard"
    echo "usage: qemu-img command [command options]"
    exit 0
}
verb=$1 unsafe= before= base=
for word; do
    case $verb:$word in
        *:--version|*:-U|create:-u) help ;;
        map:json:*) echo "qemu-img: Could not parse the JSON options" >&2; exit 1 ;;
        rebase:-u) unsafe=yes ;;
    esac
    [ "$before" != -b ] || base=$word
    before=$word
done
if [ $verb = rebase ] && [ -z "$unsafe" ] && [ ! -e "$base" ]; then
    echo "qemu-img: Could not open new backing file '$base'" >&2
    exit 0
fi
exec %s "$@"
'''


#: 2.11 knows the words, and no image without its backing files.
IN_BETWEEN = '''#!/bin/sh
case "$*" in
    *--version*) echo "qemu-img version 2.11.1(Debian 1:2.11)"; exit 0 ;;
    map*json:*) echo "qemu-img: Could not open it" >&2; exit 1 ;;
esac
exec %s "$@"
'''


@pytest.fixture(params=['2.3.0', '2.11.1'])
def old(request, tmpdir, monkeypatch):
    real = subprocess.check_output(['sh', '-c', 'command -v qemu-img']).decode().strip()
    program = tmpdir.join('qemu-img')
    program.write(OLD % (request.param, real) if request.param == '2.3.0' else IN_BETWEEN % real)
    program.chmod(0o755)
    other_qemu.use(monkeypatch, str(program))
    return str(program)


def test_the_stand_in_does_what_an_old_one_does(old, tmpdir):
    if b'2.3.0' not in subprocess.check_output([old, '--version']):
        assert subprocess.call([old, 'info', '-U', '-f', 'raw', '/dev/null']) == 0
        return
    assert b'usage' in subprocess.check_output([old, 'info', '-U', '-f', 'raw', '/dev/null'])
    assert b'usage' in subprocess.check_output([old, 'create', '-q', '-u', '-f', 'qcow2', '-b', 'x', str(tmpdir.join('y')), '1M'])
    assert not tmpdir.join('y').exists()


def test_a_life_on_an_old_qemu(old, tmpdir):
    server = Server(tmpdir, others=('disk.swap',))
    server.enable(store=True)
    sums = {}
    for number in range(1, 5):
        server.write(number, number)
        sums[number] = server.sum()
        assert server.snapshot() == number
    told = dict((point['index'], point) for point in server.engine().points())
    assert sorted(told) == [0, 1, 2, 3, 4]
    # What comes back with one that others stand on is what the next does not hide.
    assert told[2]['frees'] is not None
    for number in sums:
        assert server.point_sum(number) == sums[number]
    server.act('delete', 2)
    server.recover(index=1)
    assert server.sum() == sums[1]
    server.write(9, 7)
    before = server.sum()
    path, fmt = server._active('disk')
    expected = checksum(path, fmt, server.size)
    assert checksum(server.engine().export('qcow2'), 'qcow2', server.size) == expected
    assert [found for found in server.engine().check() if found['severity'] == 'error'] == []
    server.act('commit_all')
    assert server.sum() == before
    assert server.point_sum(3) == sums[3] and server.point_sum(4) == sums[4]
    server.act('disable')
    assert server.sum() == before and server.files() == []


def test_data_of_one_file_is_told_apart_from_what_lies_below(old, tmpdir):
    server = Server(tmpdir)
    server.enable(store=True)
    server.write(1, 1, 2)
    server.snapshot()
    server.write(2, 2, 2)
    record = server.engine().record
    below, above = [record.live[number]['file'] for number in (0, 1)]
    assert privileged._extents(server.directory, above, 'qcow2') == [(2 * MIB, 4 * MIB)]
    assert privileged.overlap(server.directory, below, 'qcow2', above, 'qcow2') == MIB


def test_a_layer_is_made_whole(old, tmpdir):
    server = Server(tmpdir)
    privileged.create(server.directory, 'disk.light-1', 'disk', 'qcow2', 40 * MIB)
    told = privileged.info(server.directory, 'disk.light-1', 'qcow2')
    assert (told['virtual-size'], told['backing-filename'], told['backing-filename-format']) == (40 * MIB, 'disk', 'qcow2')


def test_a_chain_is_flattened_wherever_we_run(old, tmpdir, monkeypatch):
    """An old one opens the backing file that is named from where it runs; exit code 0 is no proof."""
    monkeypatch.chdir('/')
    server = Server(tmpdir)
    for number, (backing, fmt) in enumerate((('disk', 'qcow2'), ('disk.light-1', 'qcow2')), 1):
        privileged.create(server.directory, 'disk.light-%d' % number, backing, fmt, 40 * MIB)
    privileged.flatten(server.directory, 'disk.light-2', 'disk', 'qcow2')
    assert privileged.info(server.directory, 'disk.light-2', 'qcow2')['backing-filename'] == 'disk'
    monkeypatch.setattr(privileged.subprocess, 'Popen', staticmethod(lambda argv, **keywords: subprocess.Popen(
        ['true'] if 'rebase' in argv else argv, **keywords)))
    with pytest.raises(errors.CommandFailed, match='another backing file still'):
        privileged.flatten(server.directory, 'disk.light-2', 'disk.light-1', 'qcow2')


def test_one_that_does_not_say_its_version_is_not_used(tmpdir, monkeypatch):
    server = Server(tmpdir)
    other_qemu.use(monkeypatch, '/bin/true')
    with pytest.raises(errors.EngineError, match='does not say its version'):
        privileged.create(server.directory, 'disk.light-1', 'disk', 'qcow2', 40 * MIB)
    assert not os.path.exists(server.path('disk.light-1'))


def test_a_new_one_is_looked_at_again(tmpdir, monkeypatch):
    """A package may be upgraded while nova-compute, or its privsep daemon, runs."""
    program = tmpdir.join('qemu-img')
    monkeypatch.setenv('PATH', '%s:%s' % (tmpdir, os.environ['PATH']))
    monkeypatch.setattr(privileged, '_versions', {})
    for version, older in (('2.3.0', True), ('2.10.0', False), ('10.0.0 (Debian 1:10.0)', False)):
        made = tmpdir.join('new')
        made.write('#!/bin/sh\necho "qemu-img version %s"\n' % version)
        made.chmod(0o755)
        made.rename(program)
        assert privileged._is_older(2, 10) is older


def test_a_commit_that_waits_for_ever_is_ended(tmpdir, monkeypatch):
    """2.3.0 does, once its job has failed."""
    program = tmpdir.join('qemu-img')
    program.write('#!/bin/sh\n[ "$1" = commit ] || { echo "qemu-img version 2.3.0"; exit 0; }\necho begun\nexec sleep 1000\n')
    program.chmod(0o755)
    other_qemu.use(monkeypatch, str(program))
    monkeypatch.setattr(privileged, 'STUCK', 1)
    server = Server(tmpdir)
    with pytest.raises(errors.CommandFailed, match='did nothing for 1 s and was ended'):
        privileged.commit(server.directory, 'disk.light-1', 'disk')


def test_one_that_fails_says_why(tmpdir, monkeypatch):
    program = tmpdir.join('qemu-img')
    program.write('#!/bin/sh\n[ "$1" = commit ] || { echo "qemu-img version 2.3.0"; exit 0; }\necho "no such base" >&2\nexit 1\n')
    program.chmod(0o755)
    other_qemu.use(monkeypatch, str(program))
    server = Server(tmpdir)
    with pytest.raises(errors.CommandFailed, match='no such base'):
        privileged.commit(server.directory, 'disk.light-1', 'disk')
