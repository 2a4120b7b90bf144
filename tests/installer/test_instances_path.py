"""Where nova-compute keeps its servers, by its configuration; and that a rollback is refused where that is not known, or not there now."""
import os
import shutil
import socket

import pytest

from installer_fakes import PYTHON_DIR, write
from test_doctor import answer

UUID = '11111111-2222-3333-4444-555555555555'


@pytest.mark.parametrize('setting,path', [
    (u'instances_path = /srv/vms', '/srv/vms'),
    (u'state_path = /srv/nova', '/srv/nova/instances'),
    (u'state_path = /srv/nova\ninstances_path = $state_path/i', '/srv/nova/i'),
    (u'state_path = "/srv/nova"\ninstances_path = ${state_path}/i', '/srv/nova/i'),
    (u'instances_path = $state_path/i', '/var/lib/nova/i'),
    (u'instances_path = ${state_path}/instances', '/var/lib/nova/instances'),
    (u'instances_path = ${DEFAULT.state_path}/i', '/var/lib/nova/i'),
    (u'instances_path = /srv/$host', '/srv/' + socket.gethostname()),
    (u'host = one\ninstances_path = /srv/$host', '/srv/one'),
    (u'state_path = $pybasedir', PYTHON_DIR + '/instances'),
    # nova's own default, where no nova.conf names the distribution's.
    (u'', PYTHON_DIR + '/instances'),
])
def test_instances_path_of_the_configuration(compute, setting, path):
    write(compute.top + '/etc/nova/nova-compute.conf', u'[DEFAULT]\n' + setting)
    compute.run('install')
    write('%s%s/%s/light-snapshot.json' % (compute.top, path, UUID), u'{"live": [1]}')
    code, _out, err = compute.run('rollback')
    assert code == 3 and UUID in err


@pytest.mark.parametrize('setting', [u'instances_path = /srv/$my_ip', u'instances_path = ${nothing}/i', u'state_path = srv',
                                     u'instances_path = $instances_path'])
def test_instances_path_that_is_not_known(compute, monkeypatch, setting):
    answer(monkeypatch)
    compute.run('install')
    write(compute.top + '/etc/nova/nova-compute.conf', u'[DEFAULT]\n' + setting)
    before = compute.tree()
    code, _out, err = compute.run('rollback')
    assert code == 3 and 'not known here' in err and 'write it out' in err and 'Nothing was changed' in err
    assert compute.run('rollback', '--maintainer-script')[0] == 3
    assert compute.run('status')[0] == 1
    assert compute.run('doctor')[0] == 1
    assert compute.tree() == before


@pytest.mark.parametrize('live', [True, False])
def test_link_above_to_what_is_not_mounted(compute, live):
    """On a node that runs, and in a tree, where an absolute link begins at the tree's top."""
    compute.run('install')
    compute.root.live = live
    os.rename(compute.top + '/var/lib/nova', compute.top + '/var/lib/away')
    os.symlink((compute.top if live else '') + '/data/nova', compute.top + '/var/lib/nova')
    code, _out, err = compute.run('rollback')
    assert code == 3 and '/var/lib/nova/instances cannot be read' in err
    os.unlink(compute.top + '/var/lib/nova')
    os.rename(compute.top + '/var/lib/away', compute.top + '/var/lib/nova')
    assert compute.run('rollback')[0] == 0


def mounted(node, *points):
    """What the kernel says is mounted."""
    write(node.top + '/proc/self/mountinfo', u''.join(
        u'%d 1 8:1 / %s rw,relatime shared:1 - ext4 /dev/x rw\n' % pair for pair in enumerate(('/',) + points)))


@pytest.mark.parametrize('point', ['/var/lib/nova/instances', '/var/lib/nova/', '/var', '/srv/with\\040blank', '/srv'])
def test_file_system_that_is_not_mounted(compute, point):
    """An empty directory is what `nofail` leaves to be seen."""
    compute.run('install')
    if point.startswith('/srv'):
        os.makedirs(compute.top + '/srv/with blank/nova/instances')
        shutil.rmtree(compute.top + '/var/lib/nova')
        os.symlink(compute.top + '/srv/with blank/nova', compute.top + '/var/lib/nova')
    write(compute.top + '/etc/fstab', u'# what is where\nUUID=1 / ext4 defaults 0 1\n/dev/y none swap sw 0 0\n'
                                      u'/dev/v /home/caf\xe9 xfs nofail 0 2\n/dev/x %s xfs nofail 0 2\n/dev/z /home xfs nofail 0 2\n' % point)
    mounted(compute)
    before = compute.tree()
    code, _out, err = compute.run('rollback')
    assert code == 3 and 'nothing is mounted at ' + point.rstrip('/').replace('\\040', ' ') in err and 'mount it' in err, err
    assert compute.run('rollback', '--maintainer-script')[0] == 3
    assert compute.tree() == before
    mounted(compute, '/home', point.rstrip('/'))
    assert compute.run('rollback')[0] == 0


def fstab(node, *lines):
    write(node.top + '/etc/fstab', u''.join(u'%s 0 2\n' % line for line in lines))


@pytest.mark.parametrize('point', ['/var', '/var/lib/nova'])
def test_what_is_mounted_nearer_hides_nothing(compute, point):
    compute.run('install')
    fstab(compute, u'/dev/x %s xfs nofail' % point, u'/dev/y /var/lib/nova/instances xfs nofail', u'/dev/z /var/lib/nova/instances/deeper xfs nofail')
    mounted(compute, '/var/lib/nova/instances')
    code, _out, err = compute.run('rollback')
    assert code == 0, err


def test_what_is_mounted_nearer_where_a_link_leads(compute):
    """fstab may name a mount point by way of a link, which the kernel does not."""
    compute.run('install')
    os.makedirs(compute.top + '/srv/nova/instances')
    shutil.rmtree(compute.top + '/var/lib/nova')
    os.symlink(compute.top + '/srv/nova', compute.top + '/var/lib/nova')
    fstab(compute, u'/dev/x /var/lib/nova/instances xfs nofail', u'/dev/y /srv xfs nofail')
    mounted(compute, '/srv/nova')
    assert compute.run('rollback')[0] == 3
    mounted(compute, '/srv/nova/instances')
    code, _out, err = compute.run('rollback')
    assert code == 0, err


def test_noauto_counts_as_any_other(compute):
    compute.run('install')
    fstab(compute, u'/dev/drbd0 /var/lib/nova/instances xfs noauto')
    mounted(compute)
    assert compute.run('rollback')[0] == 3
    mounted(compute, '/var/lib/nova/instances')
    assert compute.run('rollback')[0] == 0


def test_other_file_systems_are_not_looked_at(compute, monkeypatch):
    """One on a dead server of NFS would not answer."""
    compute.run('install')
    os.makedirs(compute.top + '/mnt/backup')
    fstab(compute, u'server:/x /mnt/backup nfs hard', u'server:/y /mnt/other nfs hard,noauto')
    mounted(compute, '/mnt/backup')
    looked, lstat = [], os.lstat
    monkeypatch.setattr(os, 'lstat', lambda path, **more: looked.append(str(path)) or lstat(path, **more))
    assert compute.run('rollback')[0] == 0
    assert any(path.startswith(compute.top + '/var/lib/nova') for path in looked)
    assert not [path for path in looked if path.startswith(compute.top + '/mnt')]


def test_file_system_that_is_not_mounted_is_none_of_a_tree(compute):
    """What this machine has mounted says nothing of an image."""
    compute.root.live = False
    write(compute.top + '/etc/fstab', u'/dev/x /var/lib/nova/instances xfs nofail 0 2\n')
    assert compute.run('install')[0] == 0
    assert compute.run('rollback')[0] == 0
