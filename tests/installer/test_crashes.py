"""All or nothing: install and rollback cut off at every act that changes something, then run again.

INSTALLER_POINTS=all tries every point (`make test-installer`), a number that many of each pair; else a few of each. Many points
leave the same state, which is recovered once (crash_states.py).
"""
import os
import shutil
import sys
import tempfile

import pytest

import crash_checks
import crashes
from crash_node import CrashNode, World
from crash_states import States, times_of
from installer_fakes import FakeNode
from light_snapshot_installer import apparmor

#: name: (what was done before, what is cut off, what is installed afterwards)
SCENARIOS = {
    'first installation': ((), ('install',)),
    'roll-back': ((('install',),), ('rollback', '--drop-columns')),
    'upgrade': ((('install',), 'upgrade'), ('install',)),
    'nova unpacked': (('nova goes', ('install',), 'nova comes'), ('install', '--only-files')),
    'profiles kept after all': ((('install',),), ('install', '--apparmor=keep')),
}
#: What says that something does not hold; a file that has to be there may be missing.
WRONG = (AssertionError, IOError, OSError)
#: How many points a run tries of each scenario and kind, if not all of them.
POINTS = os.environ.get('INSTALLER_POINTS') or '2'


@pytest.fixture(scope='module')
def place():
    """A directory in memory, where there is one: thousands of files are synced."""
    top = tempfile.mkdtemp(prefix='installer-crashes-', dir='/dev/shm' if os.path.isdir('/dev/shm') else None)
    # What the commands import and compile at their first use, each child has then from its parent.
    warm = FakeNode(top + '/warm')
    warm.add_nova()
    warm.add_dashboard()
    for command in ('install', 'verify', 'rollback'):
        assert warm.run(command)[0] == 0
    shutil.rmtree(warm.top)
    yield top
    shutil.rmtree(top)


class Case(object):
    """A scenario's node before, and what has to become of it."""

    def __init__(self, top, name):
        self.top, (earlier, self.command) = top, SCENARIOS[name]
        os.mkdir(top)
        node = CrashNode(top + '/bare').build()
        self.nothing, self.times = node.tree(), times_of(node)
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
        self.states = States(times_of(self.start))
        end = self.start.copy(top + '/end')
        crashes.well(end, 'install')
        # What the last choice of profiles was stays so. What dpkg's first trigger does, the second one completes.
        self.again = self.command if '--apparmor=keep' in self.command else ('install',)
        if self.again != ('install',):
            crashes.well(end, *self.again)
        self.everything, self.record = crash_checks.normal(end.tree(), self.times), end.record_of_installer()

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
        try:
            code, _acts, text = crashes.perform(node, self.command, kind, at)
            if kind in (crashes.ERROR, crashes.FULL):
                assert code in (0, 1), text
                assert code == 0 or ('State:' in text and 'Next:' in text), text
            else:
                assert code == crashes.CUT, text
            crash_checks.check_startable(node, self.versions)
            self.states.judge(node, lambda: self.recover(node))
        finally:
            shutil.rmtree(node.top)

    def recover(self, node):
        """Run either command, each on a node of its own; what is wrong then, or ''."""
        other = node.copy(self.top + '/other')
        try:
            self.check_everything(node)
            self.check_nothing(other)
        except WRONG as error:
            return str(error) or 'no reason was given'
        finally:
            shutil.rmtree(other.top)
        return ''

    def check_everything(self, node):
        crashes.well(node, *self.again)
        found = crash_checks.normal(node.tree(), self.times)
        assert found == self.everything, crash_checks.differences(found, self.everything)
        record = node.record_of_installer()
        assert record == self.record, crash_checks.differences(record, self.record)
        assert len(World(node).data['columns']) == 12
        crash_checks.check_settled(node)
        crashes.well(node, 'verify')

    def check_nothing(self, node):
        crashes.well(node, 'rollback', '--drop-columns')
        found = node.tree()
        assert found == self.nothing, crash_checks.differences(found, self.nothing)
        record, world = node.record_of_installer(), World(node).data
        assert (record['files'], record['directories'], record['bytecode'], record['columns']) == ({}, [], {}, [])
        assert world['columns'] == [] and sorted(world['loaded']) == sorted(apparmor.PROFILES)
        crash_checks.check_settled(node)


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
    failed, states, seen, again = [], len(case.states.verdicts), case.states.seen, case.states.again
    for at in chosen:
        try:
            case.attempt(kind, at)
        except WRONG as error:
            failed.append('before act %d: %s' % (at, error))
    with capsys.disabled():
        print('\nPython %d.%d: %s, %s: %d of %d points, %d states; %d points left one of before, %d of which were recovered all the same;'
              ' %d failed' % (sys.version_info[:2] + (
                  name, kind, len(chosen), len(points), len(case.states.verdicts) - states, case.states.seen - seen,
                  case.states.again - again, len(failed))))
    assert not failed, '\n\n'.join(failed[:5])
