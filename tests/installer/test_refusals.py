"""What rollback refuses, what the package's scripts may decide, and who else holds the node."""
import errno
import io
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from installer_fakes import TREE, write
from light_snapshot_installer import cli, copying, errors, lock, paths, serving, state

UUID = '11111111-2222-3333-4444-555555555555'


COMMITTED = u'{"live": [], "root": {"file": "disk"}, "job": null}'
# Where history is kept, what was committed is not in `disk`: nova alone would boot an old state.
HISTORY = u'{"live": [], "root": {"file": "disk.light-root-4"}, "job": null}'
CUT_OFF = u'{"live": [], "root": {"file": "disk"}, "job": {"kind": "push"}}'


@pytest.mark.parametrize('text', [u'{"live": [{"index": 1}], "root": {"file": "disk"}}', HISTORY, CUT_OFF, u'',
                                  u'{"live": ', u'[]', u'{"layers": []}', u'{"live": null, "root": {"file": "disk"}}',
                                  u'{"live": "x", "root": {"file": "disk"}}', u'{"live": []}'])
def test_live_or_unreadable_record_refuses(compute, text):
    compute.run('install')
    compute.record(UUID, text)
    before = compute.tree()
    code, _out, err = compute.run('rollback')
    assert code == 3
    assert 'openstack server light snapshot disable ' + UUID in err
    assert 'Nothing was changed' in err
    assert compute.tree() == before
    assert compute.run('verify')[0] == 0
    # So does the removal of the package.
    assert compute.run('rollback', '--maintainer-script')[0] == 3


@pytest.fixture
def broken(monkeypatch):
    """Lets every look at a path, or at what is below it, fail with an error of the file system; `broken()` ends that."""
    away = {}

    def watch(owner, name):
        real = getattr(owner, name)

        def look(path, *rest, **keywords):
            for top, number in away.items():
                if isinstance(path, (type(''), type(u''))) and (path + '/').startswith(top + '/'):
                    raise OSError(number, os.strerror(number), path)
            return real(path, *rest, **keywords)
        monkeypatch.setattr(owner, name, look)

    def fail(path=None, number=None):
        away.clear()
        away.update({path: number} if path else {})
    for owner, name in [(io, 'open')] + [(os, name) for name in ('listdir', 'scandir', 'stat', 'lstat', 'open') if hasattr(os, name)]:
        watch(owner, name)
    return fail


@pytest.mark.parametrize('number', [errno.EACCES, errno.ESTALE, errno.EIO])
@pytest.mark.parametrize('place', ['', '/' + UUID, '/%s/light-snapshot.json' % UUID])
def test_what_cannot_be_seen_may_be_live(compute, broken, place, number):
    """As with a root-squashed or a stale NFS: what root may not see is not what is not there."""
    compute.run('install')
    compute.record(UUID, COMMITTED)
    before, top = compute.tree(), compute.top + '/var/lib/nova/instances'
    broken(top + place, number)
    code, _out, err = compute.run('rollback')
    assert code == 3 and 'Nothing was changed' in err and os.strerror(number) in err
    assert (UUID if place else '/var/lib/nova/instances cannot be read') in err and compute.top not in err.partition(UUID)[0]
    assert compute.run('rollback', '--maintainer-script')[0] == 3
    status = compute.run('status')
    assert status[0] == 1 and 'cannot be ' in status[1]
    assert 'cannot be ' in [line for line in compute.run('doctor')[1].splitlines() if line.startswith('FAIL  chains')][0]
    broken()
    assert compute.tree() == before
    assert compute.run('rollback')[0] == 0


def test_links_to_what_is_not_mounted(compute):
    compute.run('install')
    top = compute.top + '/var/lib/nova/instances'
    os.symlink(compute.top + '/srv/not-mounted', top + '/' + UUID)
    code, _out, err = compute.run('rollback')
    assert code == 3 and UUID in err
    os.unlink(top + '/' + UUID)
    os.rename(top, top + '-away')
    os.symlink(compute.top + '/srv/not-mounted', top)
    code, _out, err = compute.run('rollback')
    assert code == 3 and '/var/lib/nova/instances cannot be read' in err
    os.unlink(top)
    # None is there: nova has not run yet.
    assert compute.run('rollback')[0] == 0


def test_what_is_no_server_does_not_refuse(compute, broken):
    compute.run('install')
    top = compute.top + '/var/lib/nova/instances'
    for name in ('_base', 'locks', 'lost+found', '.snapshot', UUID):
        os.mkdir(top + '/' + name)
    write(top + '/compute_nodes', u'{}')
    broken(top + '/lost+found', errno.EACCES)
    assert compute.run('rollback')[0] == 0


def test_files_stay_where_it_cannot_be_seen_whether_layers_are(compute, broken):
    """nova is gone, perhaps to come back."""
    compute.run('install')
    os.rename(compute.at('nova/__init__.py'), compute.top + '/var/log/init')
    os.unlink(compute.top + '/usr/bin/nova-compute')
    broken(compute.top + '/var/lib/nova/instances', errno.ESTALE)
    code, out, _err = compute.run('install')
    assert code == 0 and 'it cannot be seen whether' in out
    assert os.path.exists(compute.at('light_snapshot/nova/hooks.py'))


def test_layers_that_cannot_be_seen_any_more(compute, services, broken, monkeypatch):
    """The directory goes away in the middle of a roll-back."""
    compute.run('install')
    services.start('nova-compute')
    pid, real = services.pid('nova-compute'), copying.take_away

    def meanwhile(*arguments):
        broken(compute.top + '/var/lib/nova/instances', errno.ESTALE)
        return real(*arguments)
    monkeypatch.setattr(copying, 'take_away', meanwhile)
    code, _out, err = compute.run('rollback')
    assert code == 1 and 'cannot be seen any more' in err and 'must not restart' in err and '`light-snapshot install` now' in err
    assert services.pid('nova-compute') == pid
    broken()
    assert compute.run('install')[0] == 0 and compute.run('verify')[0] == 0


def test_json_names_the_servers(compute):
    compute.run('install')
    compute.record(UUID, u'{"live": [1]}')
    code, out, err = compute.run('rollback', '--json')
    document = json.loads(out)
    assert code == document['exit_code'] == 3 and document['ok'] is False
    assert UUID in document['error']['next_step']


@pytest.mark.parametrize('restarted', [False, True])
def test_a_server_that_gets_layers_meanwhile(compute, services, monkeypatch, restarted):
    """nova-compute serves until it restarts, and has our code in its memory until then."""
    compute.run('install')
    services.start('nova-compute')
    pid = services.pid('nova-compute')
    owner, name = (serving, 'restart_all') if restarted else (copying, 'take_away')
    real = getattr(owner, name)

    def meanwhile(*arguments):
        compute.record(UUID, u'{"live": [{"index": 1}], "root": {"file": "disk"}, "job": null}')
        return real(*arguments)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, meanwhile)
        code, _out, err = compute.run('rollback')
    assert code == 1 and '1 server(s) got live layers while this went on: ' + UUID in err and '`light-snapshot install` now' in err
    assert (services.pid('nova-compute') != pid) == restarted
    assert ('must not restart' in err) == (not restarted) and ('has restarted' in err) == restarted
    assert compute.run('rollback')[0] == 3
    assert compute.run('install')[0] == 0
    assert compute.run('verify')[0] == 0


def test_committed_record_does_not_refuse(compute):
    compute.run('install')
    compute.record(UUID, COMMITTED)
    assert compute.run('rollback')[0] == 0
    assert os.path.exists(compute.top + '/var/lib/nova/instances/%s/light-snapshot.json' % UUID)


def test_directories_of_a_resize_and_of_a_deletion(compute):
    compute.run('install')
    compute.record(UUID + '_del', u'{"live": [1]}')
    compute.record(UUID + '_resize', HISTORY)
    assert compute.run('status')[1].count('0 with a record') == 1
    compute.record(UUID, COMMITTED)
    compute.record(UUID + '_resize', u'{"live": [1]}')
    code, _out, err = compute.run('rollback')
    assert code == 3
    assert '_resize' not in err and err.count(UUID) == 2


def test_package_stays_off_after_the_operators_rollback(compute):
    before = compute.tree()
    compute.run('install')
    compute.run('rollback')
    code, out, _err = compute.run('install', '--maintainer-script')
    assert code == 0 and 'stays off' in out
    assert compute.tree() == before
    assert compute.run('status')[0] == 1
    assert compute.run('install')[0] == 0
    assert compute.run('verify')[0] == 0


def test_package_comes_back_after_its_removal(compute):
    compute.run('install')
    compute.run('rollback')
    compute.run('rollback', '--maintainer-script')
    assert compute.run('install', '--maintainer-script')[0] == 0
    assert compute.run('verify')[0] == 0


def test_second_installer_waits_and_then_says_so(compute, monkeypatch):
    with lock.NodeLock(compute.root):
        started = time.time()
        with pytest.raises(errors.Locked):
            with lock.NodeLock(compute.root, seconds=0.5):
                pass
        assert 0.4 < time.time() - started < 5
    with lock.NodeLock(compute.root, seconds=0):
        pass


def test_two_installers_at_once(compute):
    codes = []
    threads = [threading.Thread(target=lambda: codes.append(compute.run('install')[0])) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0]
    assert compute.run('verify')[0] == 0


def test_record_that_cannot_be_read(compute):
    compute.run('install')
    write(compute.top + paths.STATE_FILE, u'{"format": 1, ')
    for verb in ('install', 'rollback', 'verify', 'status'):
        code, _out, err = compute.run(verb)
        assert code == 1
        assert 'state.json cannot be read' in err


def test_record_of_a_newer_version(compute):
    write(compute.top + paths.STATE_FILE, u'{"format": 99}')
    code, _out, err = compute.run('install')
    assert code == 1 and 'newer light-snapshot' in err


def test_record_survives_a_failing_write(compute, monkeypatch):
    record = state.State(compute.root)
    record.enter(state.INSTALLED)
    before = open(record.path).read()
    record['parts'] = ['compute']

    def full(*_arguments):
        raise OSError(28, 'No space left on device')
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', full)
        with pytest.raises(OSError):
            record.save()
    assert open(record.path).read() == before


def test_usage(capsys):
    assert cli.main([]) == 2
    for wrong in (['fly'], ['install', '--apparmor=maybe'], ['rollback', '--wait', 'x'], ['install', '--wait', '0'],
                  ['install', '--wait=-5']):
        with pytest.raises(SystemExit) as caught:
            cli.main(wrong)
        assert caught.value.code == 2


def test_not_root(compute, monkeypatch):
    monkeypatch.setattr(cli.os, 'geteuid', lambda: 1000)
    code, _out, err = compute.run('install')
    assert code == 2 and 'must run as root' in err


@pytest.mark.parametrize('verb', ['install', 'verify', 'status', 'rollback'])
def test_json_is_one_document(compute, verb):
    compute.run('install')
    code, out, _err = compute.run(verb, '--json')
    document = json.loads(out)
    assert code == 0 and document['ok'] is True and document['verb'] == verb


def read_only(node, *argv):
    """Run the command on a node whose /usr is mounted read-only; (exit code, output)."""
    script = 'mount --bind "$1/usr" "$1/usr"; mount -o remount,ro,bind "$1/usr"; shift; exec "$@"'
    process = subprocess.Popen(
        ['unshare', '--mount', '--propagation=private', 'sh', '-euc', script, 'sh', node.top, sys.executable, '-B',
         os.path.join(TREE, 'installer'), '--root', node.top, '--share', node.share] + list(argv),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    output = process.communicate()[0]
    return process.returncode, output


def test_read_only_usr(node):
    """A controller: no database is looked for before the files can be put in place."""
    node.add_nova(controller=True, config=u'[database]\nconnection = mysql+pymysql://nova@127.0.0.1:1/nova\n')
    before = node.tree()
    for verb in (('install',), ('install', '--dry-run'), ('install', '--only-files')):
        code, output = read_only(node, *verb)
        assert code == 3 and 'cannot be written to' in output and 'Nothing was changed' in output and 'mount it writable' in output, output
        assert node.tree() == before and not os.path.exists(node.top + paths.STATE_FILE)


def test_read_only_usr_of_a_node_that_has_us(compute):
    compute.run('install')
    compute.make_share(u'2.0')
    before = compute.tree()
    with open(compute.top + paths.STATE_FILE) as stream:
        record = stream.read()
    for verb in (('rollback',), ('rollback', '--maintainer-script'), ('install',)):
        code, output = read_only(compute, *verb)
        assert code == 3 and 'cannot be written to' in output and 'Nothing was changed' in output, output
        with open(compute.top + paths.STATE_FILE) as stream:
            assert stream.read() == record
        assert compute.tree() == before
    assert compute.run('rollback')[0] == 0


def test_verify_sees_every_kind_of_damage(compute):
    compute.run('install')
    damage = {
        'light_snapshot/engine/engine.py': lambda path: write(path, u'other'),
        'light_snapshot/nova/hooks.py': os.unlink,
        'nova/compute/manager.py.light-snapshot-orig': os.unlink,
        'light_snapshot/osc/__init__.py': lambda path: os.chmod(path, 0o666),
    }
    for name, harm in damage.items():
        harm(compute.at(name))
    code, out, _err = compute.run('verify', '--quiet')
    assert code == 1
    for name in damage:
        assert any(line.startswith('FAIL') and name in line for line in out.splitlines()), name
    # What is ours, install mends; nova's own file is for nova's package to bring back.
    write(compute.at('nova/compute/manager.py.light-snapshot-orig'), u'VALUE = 1\n')
    os.chmod(compute.at('light_snapshot/osc/__init__.py'), 0o644)
    assert compute.run('install')[0] == 0
    assert compute.run('verify')[0] == 0


def test_hotfix_is_honoured_and_noted(compute):
    path = compute.at('nova/compute/manager.py')
    write(compute.top + '/var/lib/dpkg/info/python3-nova.md5sums',
          u'00000000000000000000000000000000  %s/nova/compute/manager.py\n' % compute.code[1:])
    write(path, u'VALUE = "hotfix"\n')
    compute.run('install')
    code, out, _err = compute.run('verify')
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith('note') and 'hotfix' in line]
    compute.run('rollback')
    assert 'hotfix' in open(path).read()
