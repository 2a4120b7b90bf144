"""install, verify and rollback on a fake node: nothing is left, nothing is lost."""
import json
import os
import shutil
import subprocess

import pytest

from installer_fakes import SHIMS, write
from light_snapshot_installer import copying, diversions, files, keeping, paths, serving


def read(path):
    with open(path) as stream:
        return stream.read()


def test_install_puts_every_file_in_place(compute):
    code, out, err = compute.run('install')
    assert code == 0, out + err
    for name in SHIMS:
        assert '"ours"' in read(compute.at('nova/' + name))
        assert '"nova %s"' % name in read(compute.at('nova/' + name) + paths.SUFFIX)
    assert read(compute.at('nova/privsep/light_snapshot.py')) == 'NEW = 1\n'
    assert os.path.exists(compute.at('light_snapshot/engine/engine.py'))
    assert os.path.exists(compute.at('light_snapshot.egg-info/PKG-INFO'))
    assert not os.path.exists(compute.at('light_snapshot_dashboard'))
    assert sorted(diversions.ours(compute.root)) == sorted(
        '%s/nova/%s' % (compute.code, name) for name in SHIMS)
    assert oct(os.stat(compute.top + paths.STATE_FILE).st_mode)[-3:] == '600'
    # Python compares a source's time with its compiled file: ours are new.
    assert os.stat(compute.at('nova/compute/manager.py')).st_mtime > 1600000001


@pytest.mark.parametrize('dashboard', [False, True])
def test_rollback_leaves_the_tree_as_it_was(compute, dashboard):
    if dashboard:
        compute.add_dashboard()
    before = compute.tree()
    assert compute.run('install')[0] == 0
    assert compute.tree() != before
    code, out, err = compute.run('rollback')
    assert code == 0, out + err
    assert compute.tree() == before
    assert diversions.ours(compute.root) == {}


def test_dashboard_only(node):
    node.add_dashboard()
    before = node.tree()
    code, out, _err = node.run('install')
    assert code == 0
    assert os.path.exists(node.at('light_snapshot_dashboard/templates/t.html'))
    assert os.path.exists(node.at('openstack_dashboard/local/enabled/_9101_light_snapshot.py'))
    assert not os.path.exists(node.at('light_snapshot'))
    assert node.run('verify')[0] == 0
    assert node.run('rollback')[0] == 0
    assert node.tree() == before


def test_node_without_openstack(node):
    before = node.tree()
    code, out, _err = node.run('install')
    assert code == 0 and 'nothing is installed' in out
    assert node.run('verify')[0] == 0
    assert node.run('rollback')[0] == 0
    assert node.tree() == before


def test_install_twice_changes_nothing_more(compute):
    compute.run('install')
    once = compute.tree()
    code, out, _err = compute.run('install', '--json')
    assert code == 0
    assert json.loads(out)['changed'] == []
    assert compute.tree() == once


def test_rollback_twice(compute):
    before = compute.tree()
    compute.run('install')
    assert compute.run('rollback')[0] == 0
    code, out, _err = compute.run('rollback')
    assert code == 0 and 'was not on this node' in out
    assert compute.tree() == before


def test_files_that_python_leaves_later_go_as_well(compute):
    before = compute.tree()
    compute.run('install')
    write(compute.at('light_snapshot/engine/__pycache__/gone.cpython-39.pyc'), u'x')
    write(compute.at('nova/compute/__pycache__/manager.cpython-39.pyc'), u'x')
    write(compute.at('nova/compute/__pycache__/manager.py.cpython-311.pyc'), u'x')
    write(compute.at('light_snapshot/engine/engine.pyc'), u'x')
    assert compute.run('rollback')[0] == 0
    after = compute.tree()
    # The directory is nova's business where its own Python would have made it (Python 2 makes none).
    after.pop(compute.code + '/nova/compute/__pycache__', None)
    before.pop(compute.code + '/nova/compute/__pycache__', None)
    assert after == before


def test_files_of_others_in_our_directories_stay(compute):
    compute.run('install')
    write(compute.at('light_snapshot/notes.txt'), u'mine')
    code, out, _err = compute.run('rollback')
    assert code == 0
    assert 'holds files that are not ours' in out
    assert read(compute.at('light_snapshot/notes.txt')) == 'mine'


def test_stray_file_at_a_path_of_ours_comes_back(compute):
    """What another program put there is not ours to delete, though it is no package's file."""
    write(compute.share + '/overlay/dist-packages/nova/virt/extra.py', u'OURS = 1\n')
    write(compute.at('nova/virt/extra.py'), u'# by hand\n')
    before = compute.tree()
    assert compute.run('install')[0] == 0
    assert read(compute.at('nova/virt/extra.py')) == 'OURS = 1\n'
    assert compute.run('verify')[0] == 0
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


def test_copy_made_by_hand_is_taken_over(compute):
    """Somebody copied an older light_snapshot/ in with cp: it is ours by name, replaced now and removed later.

    Of what version it was, or what was changed in it, nobody knows: it is kept.
    """
    before = compute.tree()
    write(compute.at('light_snapshot/engine/engine.py'), u'# older\n')
    write(compute.at('nova/privsep/light_snapshot.py'), u'# older\n')
    assert compute.run('install')[0] == 0
    assert compute.run('verify')[0] == 0
    assert [read(compute.top + path) for path in keeping.stored(compute.root)] == ['# older\n', '# older\n']
    assert compute.run('rollback')[0] == 0
    shutil.rmtree(compute.top + '/var/backups')
    assert compute.tree() == before


def test_upgrade_of_our_package(compute):
    before = compute.tree()
    compute.run('install')
    compute.make_share(version=u'2.0')
    overlay = compute.share + '/overlay/dist-packages/'
    os.unlink(overlay + 'light_snapshot/engine/engine.py')
    os.unlink(overlay + 'nova/conductor/manager.py')
    write(overlay + 'light_snapshot/engine/more.py', u'X = 1\n')
    assert compute.run('verify')[0] == 1
    code, out, _err = compute.run('install')
    assert code == 0
    assert not os.path.exists(compute.at('light_snapshot/engine/engine.py'))
    assert '"nova conductor/manager.py"' in read(compute.at('nova/conductor/manager.py'))
    assert compute.run('verify')[0] == 0
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


def test_nova_upgraded_while_installed(compute):
    """dpkg writes the new file to the diverted name; that one is nova's own afterwards."""
    compute.run('install')
    original = compute.at('nova/compute/manager.py') + paths.SUFFIX
    write(original + '.dpkg-new', u'VALUE = "nova 2"\n')
    os.utime(original + '.dpkg-new', (1700000000, 1700000000))
    os.rename(original + '.dpkg-new', original)
    assert compute.run('verify')[0] == 0
    assert compute.run('rollback')[0] == 0
    path = compute.at('nova/compute/manager.py')
    assert 'nova 2' in read(path)
    assert os.stat(path).st_mtime == 1700000000


def test_nova_purged_while_installed(compute):
    compute.run('install')
    for name in ('compute/manager.py', 'virt/libvirt/driver.py'):
        os.unlink(compute.at('nova/' + name) + paths.SUFFIX)
    assert compute.run('rollback')[0] == 0
    assert not os.path.exists(compute.at('nova/compute/manager.py'))
    assert diversions.ours(compute.root) == {}


def test_lost_record(compute):
    before = compute.tree()
    compute.run('install')
    os.unlink(compute.top + paths.STATE_FILE)
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


def test_shim_without_an_original_is_left_out(compute):
    os.unlink(compute.at('nova/conductor/manager.py'))
    code, out, _err = compute.run('install')
    assert code == 0
    assert 'nova/conductor/manager.py is left out' in out
    assert not os.path.exists(compute.at('nova/conductor/manager.py'))


def test_file_for_a_directory_that_this_nova_does_not_have(compute):
    """Liberty has no nova/privsep."""
    subprocess.check_call(['rm', '-r', compute.at('nova/privsep')])
    code, out, _err = compute.run('install')
    assert code == 0
    assert 'nova/privsep/light_snapshot.py is left out' in out
    assert compute.run('verify')[0] == 0


def test_syntax_that_this_python_does_not_know(compute):
    before = compute.tree()
    write(compute.share + '/overlay/dist-packages/light_snapshot/engine/engine.py', u'def x(:\n')
    code, _out, err = compute.run('install')
    assert code == 1
    assert 'does not compile' in err
    assert compute.tree() == before


def cut_off(monkeypatch, module, name, after, error=KeyboardInterrupt):
    """Let `module.name` fail as at a power cut, or with `error`, from its `after`-th call on."""
    calls = []
    whole = getattr(module, name)

    def cut(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) > after:
            raise error
        return whole(*arguments, **keywords)
    monkeypatch.setattr(module, name, cut)


@pytest.mark.parametrize('after', range(0, 18, 2))
@pytest.mark.parametrize('then', ['install', 'rollback'])
def test_install_cut_off(compute, monkeypatch, after, then):
    before = compute.tree()
    with monkeypatch.context() as patch:
        cut_off(patch, files.Disk, 'copy', after)
        code, _out, err = compute.run('install')
        assert (code == 1 and 'interrupted' in err) or after > 11
    if then == 'install':
        assert compute.run('install')[0] == 0
        code, out, _err = compute.run('verify')
        assert code == 0, out
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


@pytest.mark.parametrize('module,name', [(diversions, 'restore'), (files.Disk, 'remove'), (files.Disk, 'remove_directory')])
@pytest.mark.parametrize('after', [0, 1, 3, 7])
def test_rollback_cut_off(compute, monkeypatch, module, name, after):
    before = compute.tree()
    compute.run('install')
    with monkeypatch.context() as patch:
        cut_off(patch, module, name, after)
        compute.run('rollback')
    code, out, err = compute.run('rollback')
    assert code == 0, out + err
    assert compute.tree() == before


def fails(monkeypatch, after, kind=OSError):
    """Let all copying fail but that of `after` files, as a full disk does, or as a read does: on Python 2 two kinds of errors."""
    calls = []
    whole = files.Disk.copy

    def full(disk, source, target):
        calls.append(target)
        if len(calls) > after:
            raise kind(28, 'No space left on device', target)
        whole(disk, source, target)
    monkeypatch.setattr(files.Disk, 'copy', full)


@pytest.mark.parametrize('after,kind', [(0, OSError), (4, OSError), (9, OSError), (4, IOError)])
def test_copying_that_fails_is_undone(compute, monkeypatch, after, kind):
    before = compute.tree()
    fails(monkeypatch, after, kind)
    code, _out, err = compute.run('install')
    assert code == 1
    assert 'No space left' in err and 'Every file was put back' in err
    assert compute.tree() == before
    assert diversions.ours(compute.root) == {}


@pytest.mark.parametrize('after', [0, 2])
def test_copying_that_fails_after_an_installation_that_was_cut_off_is_undone(compute, monkeypatch, after):
    before = compute.tree()
    with monkeypatch.context() as patch:
        cut_off(patch, files.Disk, 'copy', 9)
        assert compute.run('install')[0] == 1
    with monkeypatch.context() as patch:
        fails(patch, after)
        code, _out, err = compute.run('install')
    assert code == 1 and 'Every file was put back' in err, err
    assert compute.tree() == before and diversions.ours(compute.root) == {}
    assert compute.run('install')[0] == 0 and compute.run('verify')[0] == 0


@pytest.mark.parametrize('down', [False, True])
def test_what_has_to_restart_after_an_installation_that_was_cut_off_is_undone(compute, services, monkeypatch, down):
    """Nothing runs our code then; but a service that the cut left between its end and its start is not forgotten."""
    before = compute.tree()
    services.start('nova-compute')
    if down:
        write(compute.top + '/var/log/dies-nova-compute', u'')
    with monkeypatch.context() as patch:
        cut_off(patch, *((serving, '_first_sign', 0) if down else (copying, 'compile_all', 0)))
        assert compute.run('install')[0] == 1
    with monkeypatch.context() as patch:
        cut_off(patch, copying, 'compile_all', 0, IOError(5, 'Input/output error'))
        code, _out, err = compute.run('install')
    assert code == 1 and 'Every file was put back' in err, err
    with open(compute.top + paths.STATE_FILE) as stream:
        assert json.load(stream)['pending'] == (['nova-compute'] if down else [])
    if down:
        os.unlink(compute.top + '/var/log/dies-nova-compute')
    open(compute.calls, 'w').close()
    assert compute.run('rollback')[0] == 0
    assert services.asked() == (['service nova-compute restart'] if down else [])
    assert services.pid('nova-compute') and compute.tree() == before


@pytest.mark.parametrize('used', ['layers', 'service'])
def test_copying_that_fails_where_what_was_there_is_used_is_not_undone(compute, services, monkeypatch, used):
    """The node has been started since, with what the cut left in place."""
    with monkeypatch.context() as patch:
        cut_off(patch, files.Disk, 'copy', 9)
        assert compute.run('install')[0] == 1
    if used == 'layers':
        compute.record('11111111-2222-3333-4444-555555555555', u'{"live": [1], "root": {"file": "disk"}}')
    else:
        services.start('nova-compute')
    with monkeypatch.context() as patch:
        fails(patch, 1)
        code, _out, err = compute.run('install')
    assert code == 1 and 'were not taken away again' in err and ('have live layers' if used == 'layers' else 'nova-compute') in err, err
    assert os.path.exists(compute.at('light_snapshot/engine/engine.py'))
    assert compute.run('install')[0] == 0 and compute.run('verify')[0] == 0
