"""nova's packages come, go and come back under ours: what stays while servers have layers, and what is put back before services start."""
import os
import shutil

from installer_fakes import SHIMS, add_nova_code, write
from light_snapshot_installer import diversions, errors

LIVE = u'{"live": [{"index": 1}], "root": {"file": "disk"}, "job": null}'
UUID = '11111111-2222-3333-4444-555555555555'


def take_nova_away(node):
    """As dpkg does: nova's own files go, the diverted ones included; directories that hold ours stay."""
    for name in ('nova-compute', 'nova-conductor', 'nova-api'):
        path = node.top + '/usr/bin/' + name
        if os.path.exists(path):
            os.unlink(path)
    for top, directories, leaves in os.walk(node.at('nova'), topdown=False):
        for leaf in leaves:
            path = os.path.join(top, leaf)
            if leaf.endswith('.light-snapshot-orig') and '__pycache__' not in top:
                os.unlink(path)
            elif '.pyc' in leaf or not (os.path.exists(path + '.light-snapshot-orig') or path[len(node.at('nova/')):] in SHIMS
                                        or leaf == 'light_snapshot.py'):
                os.unlink(path)
        for name in directories:
            if not os.listdir(os.path.join(top, name)):
                os.rmdir(os.path.join(top, name))


def put_nova_back(node):
    """As dpkg does: nova's files of diverted paths go to the diverted names."""
    add_nova_code(node.top + '/fresh')
    for top, _directories, leaves in os.walk(node.top + '/fresh/nova'):
        for leaf in leaves:
            relative = os.path.relpath(os.path.join(top, leaf), node.top + '/fresh')
            target = node.at(relative)
            if relative[len('nova/'):] in SHIMS and os.path.exists(target):
                target += '.light-snapshot-orig'
            if not os.path.isdir(os.path.dirname(target)):
                os.makedirs(os.path.dirname(target))
            shutil.copy(os.path.join(top, leaf), target)
    shutil.rmtree(node.top + '/fresh')
    with open(node.top + '/usr/bin/nova-compute', 'w') as stream:
        stream.write('#!/usr/bin/python\n')


def test_files_stay_without_nova_while_a_server_has_layers(compute):
    compute.record(UUID, LIVE)
    assert compute.run('install')[0] == 0
    take_nova_away(compute)
    code, out, _err = compute.run('install')
    assert code == 0 and 'files of ours stay' in out
    for name in ('light_snapshot/nova/hooks.py', 'nova/virt/libvirt/driver.py', 'nova/compute/manager.py'):
        assert os.path.exists(compute.at(name)), name
    code, out, _err = compute.run('verify')
    assert code == 0 and 'files of ours stay' in out, out
    assert compute.run('rollback')[0] == 3
    put_nova_back(compute)
    with open(compute.at('nova/virt/libvirt/driver.py')) as stream:
        assert 'VALUE = "ours"' in stream.read()
    assert compute.run('install')[0] == 0
    code, out, _err = compute.run('verify')
    assert code == 0, out


def test_a_file_that_stays_and_was_changed_fails_verify(compute):
    compute.record(UUID, LIVE)
    compute.run('install')
    take_nova_away(compute)
    with open(compute.at('light_snapshot/nova/hooks.py'), 'a') as stream:
        stream.write('# changed\n')
    code, out, _err = compute.run('verify')
    assert code == 1 and 'hooks.py' in out and 'changed' in out


def test_nothing_stays_without_nova_and_without_layers(compute):
    assert compute.run('install')[0] == 0
    take_nova_away(compute)
    assert compute.run('install')[0] == 0
    left = [os.path.join(top, leaf) for top, _names, leaves in os.walk(compute.top + compute.code) for leaf in leaves]
    assert left == [] and os.listdir(compute.top + compute.code) == []
    assert compute.run('verify')[0] == 0


def test_layers_that_are_committed_later_free_the_files(compute):
    compute.record(UUID, LIVE)
    compute.run('install')
    take_nova_away(compute)
    compute.run('install')
    shutil.rmtree(compute.top + '/var/lib/nova/instances/' + UUID)
    assert compute.run('install')[0] == 0
    assert os.listdir(compute.top + compute.code) == []
    assert compute.run('verify')[0] == 0


def test_only_files_puts_back_and_does_no_more(compute, services):
    compute.run('install')
    services.start('nova-compute')
    pid = services.pid('nova-compute')
    assert compute.run('install', '--only-files') == (0, '', '')
    os.unlink(compute.at('light_snapshot/nova/hooks.py'))
    code, out, _err = compute.run('install', '--only-files')
    assert code == 0 and 'before its services start' in out
    assert os.path.exists(compute.at('light_snapshot/nova/hooks.py'))
    assert services.pid('nova-compute') == pid and services.asked() == []
    # The second run restarts what runs the code of before.
    assert compute.run('install')[0] == 0
    assert services.pid('nova-compute') != pid and services.asked() == ['service nova-compute restart']
    assert compute.run('verify')[0] == 0


def test_only_files_where_nova_brings_a_file_that_it_did_not_have(node):
    node.add_nova(without=('conductor/manager.py',))
    assert node.run('install')[0] == 0
    write(node.at('nova/conductor/manager.py'), u'VALUE = "new in this nova"\n')
    assert node.run('install', '--only-files')[0] == 0
    with open(node.at('nova/conductor/manager.py')) as stream:
        assert '"ours"' in stream.read()
    assert node.run('verify')[0] == 0


def test_only_files_takes_nothing_away(compute):
    compute.run('install')
    take_nova_away(compute)
    assert compute.run('install', '--only-files')[0] == 0
    assert os.path.exists(compute.at('light_snapshot/nova/hooks.py'))


def test_only_files_on_a_node_that_was_rolled_back(compute):
    before = compute.tree()
    compute.run('install')
    compute.run('rollback')
    code, out, _err = compute.run('install', '--only-files', '--maintainer-script')
    assert code == 0 and 'stays off' in out
    assert compute.tree() == before


def test_only_files_that_fails_half_way_says_what_is_there(compute, monkeypatch):
    """nova's services start whatever happens: what is there stays, and the next run completes it."""
    empty = compute.top + '/var/log/nova'
    os.rename(compute.at('nova'), empty)
    assert compute.run('install')[0] == 0
    os.rename(empty, compute.at('nova'))
    real = diversions.divert

    def divert(root, path, digests):
        if path.endswith('compute/manager.py'):
            raise errors.CommandFailed(['dpkg-divert', path], 2, 'the database is locked')
        real(root, path, digests)
    with monkeypatch.context() as patch:
        patch.setattr(diversions, 'divert', divert)
        code, _out, err = compute.run('install', '--only-files', '--maintainer-script')
    assert code == 1 and 'the database is locked' in err and 'Nothing was changed' not in err
    assert 'partly of the new version' in err and 'run `light-snapshot install` again' in err
    assert os.path.exists(compute.at('light_snapshot/nova/hooks.py'))
    assert compute.run('install')[0] == 0


def test_horizon_goes_alone_with_our_directories(compute):
    def names():
        return sorted(name for name in compute.tree() if name.startswith(compute.code))
    compute.run('install')
    before = names()
    compute.add_dashboard()
    assert compute.run('install')[0] == 0
    assert os.path.exists(compute.at('light_snapshot_dashboard/templates/t.html'))
    # As dpkg does: Horizon's own files, and the directories that hold nothing then.
    for top, _directories, leaves in os.walk(compute.at('openstack_dashboard')):
        for leaf in leaves:
            if 'light_snapshot' not in leaf:
                os.unlink(os.path.join(top, leaf))
    assert compute.run('install')[0] == 0
    assert not os.path.exists(compute.at('light_snapshot_dashboard'))
    shutil.rmtree(compute.at('openstack_dashboard'))
    assert names() == before
    assert compute.run('verify')[0] == 0


def test_nova_goes_alone_with_the_directories_that_dpkg_left(compute):
    compute.add_dashboard()
    compute.run('install')
    take_nova_away(compute)
    assert compute.run('install')[0] == 0
    assert sorted(os.listdir(compute.top + compute.code)) == ['light_snapshot_dashboard', 'openstack_dashboard']
    assert compute.run('verify')[0] == 0
