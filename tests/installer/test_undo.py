"""A first installation whose services do not come back is undone; another one is not, nor one on a host with layers."""
import os
import shutil

import pytest

import crash_checks
import crashes
from crash_node import RUNNING, CrashNode, World
from installer_fakes import write
from light_snapshot_installer import apparmor

UUID = '11111111-2222-3333-4444-555555555555'


def breaks(node, name):
    """The service does not live with our code, and does with nova's alone."""
    write(node.top + '/var/log/dies-' + name, type(u'')(node.at('light_snapshot')))


@pytest.fixture
def controller(node, services):
    """nova-conductor, nova-api and nova-compute run; nova-compute is the last to restart, and breaks."""
    node.add_nova(controller=True)
    services.start('nova-compute', 'nova-conductor', 'nova-api')
    breaks(node, 'nova-compute')
    return node


def test_undone(controller, services):
    before = controller.tree()
    code, out, err = controller.run('install', '--wait', '15')
    assert code == 1, out
    assert 'nova-compute does not serve' in err and 'The installation was undone' in err and 'install` again' in err
    assert controller.tree() == before
    assert 'light-snapshot' not in open(controller.top + '/var/lib/dpkg/diversions').read()
    # Each twice: with our code, and without.
    assert services.asked() == ['service %s restart' % name for name in ('nova-conductor', 'nova-api', 'nova-compute')] * 2
    os.kill(services.pid('nova-compute'), 0)
    assert controller.run('verify')[0] == 1
    os.unlink(controller.top + '/var/log/dies-nova-compute')
    assert controller.run('install')[0] == 0
    assert controller.run('verify')[0] == 0


def test_what_had_not_restarted_is_left_alone(node, services):
    node.add_nova(controller=True)
    services.start('nova-compute', 'nova-conductor')
    breaks(node, 'nova-conductor')
    pid = services.pid('nova-compute')
    assert node.run('install', '--wait', '2')[0] == 1
    assert services.asked() == ['service nova-conductor restart'] * 2
    assert services.pid('nova-compute') == pid and services.pid('nova-conductor')


def test_not_on_a_host_with_layers(controller, services):
    controller.record(UUID, u'{"live": [1], "root": {"file": "disk"}}')
    code, _out, err = controller.run('install', '--wait', '2')
    assert code == 1 and 'was not undone' in err and UUID in err
    assert os.path.exists(controller.at('light_snapshot'))
    os.unlink(controller.top + '/var/log/dies-nova-compute')
    # nova-compute does not run, and ran before: the next run starts it.
    code, out, err = controller.run('install')
    assert code == 0, err
    assert services.pid('nova-compute') and controller.run('verify')[0] == 0


@pytest.mark.parametrize('lost', [False, True])
def test_not_over_an_earlier_one(compute, services, lost):
    services.start('nova-compute')
    assert compute.run('install')[0] == 0
    if lost:
        os.unlink(compute.top + '/var/lib/light-snapshot/state.json')
    write(compute.share + '/overlay/dist-packages/light_snapshot/engine/engine.py', u'NEW = 3\n')
    breaks(compute, 'nova-compute')
    code, _out, err = compute.run('install', '--wait', '2')
    assert code == 1 and 'was not undone, because' in err
    assert os.path.exists(compute.at('light_snapshot'))


def test_layers_that_come_while_it_is_undone(controller, services, monkeypatch):
    from light_snapshot_installer import copying
    real = copying.take_away

    def late(*arguments):
        controller.record(UUID, u'{"live": [1], "root": {"file": "disk"}}')
        return real(*arguments)
    monkeypatch.setattr(copying, 'take_away', late)
    code, _out, err = controller.run('install', '--wait', '2')
    assert code == 1 and UUID in err and 'run `light-snapshot install` now' in err
    monkeypatch.undo()
    os.unlink(controller.top + '/var/log/dies-nova-compute')


@pytest.fixture
def broken(tmp_path):
    """An all-in-one node on which nova-api does not start with our code."""
    node = CrashNode(str(tmp_path / 'broken')).build()
    world = World(node)
    world.data['broken'] = ['nova-api']
    world.save()
    return node


def settled(node, tree):
    """The node is as before, and every service runs that code."""
    assert node.tree() == tree
    crash_checks.check_settled(node)
    assert sorted(World(node).data['services']) == sorted(RUNNING)
    assert sorted(World(node).data['loaded']) == sorted(apparmor.PROFILES)


def test_killed_anywhere_and_run_again(broken, tmp_path):
    """Whatever it is killed at, the same command undoes it, and rollback as well; with the fault gone, it installs."""
    tree = broken.tree()
    whole = broken.copy(str(tmp_path / 'whole'))
    code, acts, text = crashes.perform(whole, ('install',))
    assert code == 1 and 'was undone' in text, text
    settled(whole, tree)
    # The second half is the undoing; of the copying, test_crashes.py tries more.
    points = list(range(acts // 2, acts + 1, acts // 18))
    for at in points:
        node = broken.copy(str(tmp_path / 'node'))
        assert crashes.perform(node, ('install',), crashes.KILL, at)[0] == crashes.CUT
        crash_checks.check_startable(node, [node.share])
        others = [node.copy(str(tmp_path / ('other%d' % number))) for number in range(2)]
        code, _acts, text = crashes.perform(node, ('install',))
        assert code == 1 and 'was undone' in text, '%d: %s' % (at, text)
        settled(node, tree)
        crashes.well(others[0], 'rollback')
        settled(others[0], tree)
        world = World(others[1])
        world.data['broken'] = []
        world.save()
        crashes.well(others[1], 'install')
        crash_checks.check_settled(others[1])
        crashes.well(others[1], 'verify')
        assert sorted(World(others[1]).data['services']) == sorted(RUNNING)
        for one in [node] + others:
            shutil.rmtree(one.top)
    assert len(points) > 7
