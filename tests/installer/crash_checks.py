"""What has to hold on a node after a run that was cut off (test_crashes.py). CPython 2.7 and 3.11."""
import io
import os

from crash_node import World
from installer_fakes import SHIM, SHIMS
from light_snapshot_installer import paths


def normal(tree, times):
    """A tree whose files of ours have no time, and compiled files of ours no contents (they hold times): those whose time is not
    one of `times`."""
    found = {}
    for path, facts in tree.items():
        if facts[0] == 'file' and facts[2] not in times:
            compiled = path.endswith(('.pyc', '.pyo'))
            facts = ('file', 'compiled' if compiled else facts[1], 'new') + facts[3:]
        found[path] = facts
    return found


def differences(one, other):
    """What differs between two dictionaries, as text."""
    return '\n'.join('%s: %s, expected %s' % (key, one.get(key), other.get(key))
                     for key in sorted(set(one) | set(other)) if one.get(key) != other.get(key))


def check_settled(node):
    """Every service runs what is on the disk; nothing that was being written is left."""
    world = World(node)
    for name, facts in world.data['services'].items():
        assert facts['runs'] == world.what_would_run(name), '%s runs what was before' % name
    left = [os.path.join(directory, leaf) for directory, _names, leaves in os.walk(node.top) for leaf in leaves
            if leaf.endswith('.light-snapshot-new')]
    assert not left
    assert node.record_of_installer()['pending'] == []


def check_startable(node, versions):
    """A service that starts now, whatever happened, finds nova's code whole, and ours whole where nova's calls it."""
    ours = []
    for name in SHIMS:
        with io.open(node.at('nova/' + name), encoding='utf-8') as stream:
            text = stream.read()
        if text == SHIM:
            ours.append(name)
            with io.open(node.at('nova/' + name) + paths.SUFFIX, encoding='utf-8') as stream:
                text = stream.read()
        assert text.startswith(u'VALUE = "nova %s"\n' % name), name
    if ours:
        check_package(node, 'light_snapshot', versions)
    if os.path.exists(node.at('openstack_dashboard/local/enabled/_9101_light_snapshot.py')):
        check_package(node, 'light_snapshot_dashboard', versions)
    for directory, _names, leaves in os.walk(node.top + node.code):
        for leaf in leaves:
            path = os.path.join(directory, leaf)
            if leaf.endswith('.pyc') and os.stat(path).st_size < 20:
                raise AssertionError('%s is cut off' % path)


def check_package(node, name, versions):
    """Some version's file is at each place that all of the versions have."""
    wanted = [dict((path[len(top):], open(path, 'rb').read()) for top in [share + '/overlay/dist-packages/',
                                                                          share + '/overlay/openstack-dashboard/']
                   for path in walk(top + name)) for share in versions]
    for relative in set.intersection(*(set(one) for one in wanted)):
        with open(node.at(relative), 'rb') as stream:
            assert stream.read() in [one[relative] for one in wanted], relative


def walk(top):
    """Every file of a tree."""
    return [os.path.join(directory, leaf) for directory, _names, leaves in os.walk(top) for leaf in leaves]
