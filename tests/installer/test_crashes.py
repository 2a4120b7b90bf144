"""All or nothing: install and rollback cut off at every act that changes something, then run again.

INSTALLER_POINTS=all tries every point (`make test-installer`), a number that many of each pair; else a few of each.
"""
import os
import shutil
import tempfile
import time

import pytest

import crashes
from crashes import CrashNode, World

#: name: (what was done before, what is cut off, what is installed afterwards)
SCENARIOS = {
    'first installation': ((), ('install',)),
    'roll-back': ((('install',),), ('rollback', '--drop-columns')),
    'upgrade': ((('install',), 'upgrade'), ('install',)),
    'nova unpacked': (('nova goes', ('install',), 'nova comes'), ('install', '--only-files')),
    'profiles kept after all': ((('install',),), ('install', '--apparmor=keep')),
}
#: How many points a run tries of each scenario and kind, if not all of them.
POINTS = os.environ.get('INSTALLER_POINTS') or '2'


@pytest.fixture(scope='module')
def place():
    """A directory in memory, where there is one: thousands of files are synced."""
    top = tempfile.mkdtemp(prefix='installer-crashes-', dir='/dev/shm' if os.path.isdir('/dev/shm') else None)
    yield top
    shutil.rmtree(top)


class Case(object):
    """A scenario's node before, and what has to become of it."""

    def __init__(self, top, name):
        self.top, (earlier, self.command) = top, SCENARIOS[name]
        os.mkdir(top)
        node = CrashNode(top + '/bare').build()
        self.nothing = node.tree()
        self.start = node.copy(top + '/start')
        self.versions = [node.share]
        for step in earlier:
            if step == 'upgrade':
                self.start.upgrade_package()
                self.versions.append(self.start.share)
            elif step == 'nova goes':
                self.start.nova_goes()
            elif step == 'nova comes':
                self.start.nova_comes()
            else:
                crashes.well(self.start, *step)
        self.since = time.time() - 3600
        end = self.start.copy(top + '/end')
        crashes.well(end, 'install')
        # What the last choice of profiles was stays so. What dpkg's first trigger does, the second one completes.
        self.again = self.command if '--apparmor=keep' in self.command else ('install',)
        if self.again != ('install',):
            crashes.well(end, *self.again)
        self.everything, self.record = crashes.normal(end.tree(), self.since), end.record_of_installer()

    def count(self, kind):
        """How many acts the command takes."""
        node = self.start.copy(self.top + '/count')
        code, acts, text = crashes.perform(node, self.command, kind)
        assert code == 0, text
        shutil.rmtree(node.top)
        return acts

    def attempt(self, kind, at):
        """Cut the command off before act `at`, look, and run either command."""
        node = self.start.copy(self.top + '/node')
        other = None
        try:
            code, _acts, text = crashes.perform(node, self.command, kind, at)
            if kind in (crashes.ERROR, crashes.FULL):
                assert code in (0, 1), text
                assert code == 0 or ('State:' in text and 'Next:' in text), text
            else:
                assert code == crashes.CUT, text
            crashes.check_startable(node, self.versions)
            other = node.copy(self.top + '/other')
            self.check_everything(node)
            self.check_nothing(other)
        finally:
            for left in (node, other):
                if left:
                    shutil.rmtree(left.top)

    def check_everything(self, node):
        crashes.well(node, *self.again)
        found = crashes.normal(node.tree(), self.since)
        assert found == self.everything, crashes.differences(found, self.everything)
        record = node.record_of_installer()
        assert record == self.record, crashes.differences(record, self.record)
        assert len(World(node).data['columns']) == 12
        crashes.check_settled(node)
        crashes.well(node, 'verify')

    def check_nothing(self, node):
        crashes.well(node, 'rollback', '--drop-columns')
        found = node.tree()
        assert found == self.nothing, crashes.differences(found, self.nothing)
        record, world = node.record_of_installer(), World(node).data
        assert (record['files'], record['directories'], record['bytecode'], record['columns']) == ({}, [], {}, [])
        assert world['columns'] == [] and sorted(world['loaded']) == sorted(crashes.apparmor.PROFILES)
        crashes.check_settled(node)


@pytest.fixture(scope='module')
def cases(place):
    """Each scenario's case, made when it is asked for."""
    made = {}

    def case(name):
        if name not in made:
            made[name] = Case('%s/%d' % (place, len(made)), name)
        return made[name]
    return case


@pytest.mark.parametrize('kind', crashes.KINDS)
@pytest.mark.parametrize('name', sorted(SCENARIOS))
def test_cut_off_at_every_point(cases, capsys, name, kind):
    case = cases(name)
    points = range(1, case.count(kind) + 1)
    chosen = list(points)
    if POINTS != 'all' and int(POINTS) < len(points):
        # Others for each kind and scenario, and always the same.
        count, shift = int(POINTS), (crashes.KINDS.index(kind) * 7 + sorted(SCENARIOS).index(name) * 3) % 19
        chosen = [points[(len(points) * (19 * number + shift)) // (19 * count)] for number in range(count)]
    failed = []
    for at in chosen:
        try:
            case.attempt(kind, at)
        except AssertionError as error:
            failed.append('before act %d: %s' % (at, error))
    with capsys.disabled():
        print('\n%s, %s: %d of %d points, %d failed' % (name, kind, len(chosen), len(points), len(failed)))
    assert not failed, '\n\n'.join(failed[:5])
