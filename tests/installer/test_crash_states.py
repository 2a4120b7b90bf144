"""Two states count as one only if no command can tell them apart (crash_states.py)."""
import io
import json
import os
import shutil

import pytest

import crashes
from crash_node import CrashNode, World
from crash_states import States, fingerprint, times_of
from light_snapshot_installer import apparmor, paths

MANAGER = 'nova/compute/manager.py'


@pytest.fixture(scope='module')
def bare(tmp_path_factory):
    """A node without us."""
    return CrashNode(str(tmp_path_factory.mktemp('states') / 'bare')).build()


@pytest.fixture(scope='module')
def whole(bare):
    """It with us."""
    node = bare.copy(bare.top + '-whole')
    crashes.well(node, 'install')
    return node


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of the latter."""
    return whole.copy(str(tmp_path / 'node'))


def compiled(node):
    """The compiled file of our manager.py."""
    directory = os.path.dirname(node.at(MANAGER))
    names = ['manager.pyc'] + ['__pycache__/' + name for name in (
        os.listdir(directory + '/__pycache__') if os.path.isdir(directory + '/__pycache__') else [])]
    found, = [directory + '/' + name for name in names if name.endswith('.pyc') and '.py.' not in name
              and os.path.basename(name).startswith('manager.') and os.path.exists(directory + '/' + name)]
    return found


def test_runs_that_did_the_same_leave_one_state(bare, tmp_path):
    times, found = times_of(bare), set()
    for number in range(2):
        node = bare.copy(str(tmp_path / str(number)))
        assert crashes.perform(node, ('install',), crashes.KILL, 200)[0] == crashes.CUT
        found.add(fingerprint(node, times))
    assert len(found) == 1


def append(path):
    with open(path, 'a') as stream:
        stream.write('\n')


def stamp(path):
    """As if it had been written now, with the same bytes."""
    os.utime(path, None)


def part(node):
    """Our file and nova's own, two names of one file at a cut, as two files."""
    path = node.at(MANAGER)
    shutil.copy2(path, path + '.part')
    os.rename(path + '.part', path)


def record(node, change):
    with open(node.top + paths.STATE_FILE) as stream:
        found = json.load(stream)
    change(found)
    with open(node.top + paths.STATE_FILE, 'w') as stream:
        json.dump(found, stream)


def world(node, change):
    found = World(node)
    change(found.data)
    found.save()


def source_time(found):
    for facts in found['bytecode'].values():
        facts['mtime'] += 5


CHANGES = {
    'bytes': lambda node: append(node.at('light_snapshot/__init__.py')),
    'mode': lambda node: os.chmod(node.at(MANAGER), 0o600),
    'mode of a directory': lambda node: os.chmod(node.at('light_snapshot'), 0o700),
    'owner': lambda node: os.chown(node.at(MANAGER), 0, 1),
    "time of nova's own": lambda node: stamp(node.at(MANAGER) + paths.SUFFIX),
    'a file that is gone': lambda node: os.unlink(node.at(MANAGER)),
    'a link': lambda node: os.symlink('x', node.at('nova/x')),
    'a second name': lambda node: os.link(node.at('nova/__init__.py'), node.at('nova/x')),
    'a compiled file without its source': lambda node: os.utime(node.at(MANAGER), (2 ** 30, 2 ** 30 + 1)),
    'a compiled file that is cut off': lambda node: open(compiled(node), 'w').close(),
    "another's diversion": lambda node: append(node.top + '/var/lib/dpkg/diversions'),
    'what is in the share': lambda node: append(node.share + '/sql/0001-columns.up.sql'),
    'phase': lambda node: record(node, lambda found: found.update(phase='installing')),
    'pending': lambda node: record(node, lambda found: found.update(pending=['nova-api'])),
    'the time of a source in the record': lambda node: record(node, source_time),
    'a column': lambda node: world(node, lambda data: data['columns'].pop()),
    'a profile': lambda node: world(node, lambda data: data['loaded'].append(apparmor.PROFILES[0])),
    "a service's code": lambda node: world(node, lambda data: data['services']['nova-api'].update(runs='other')),
    'a service that is older than a file of ours': lambda node: world(
        node, lambda data: data['services']['nova-compute'].update(start=os.lstat(node.at(MANAGER)).st_mtime - 0.001)),
    'a service that is gone': lambda node: world(node, lambda data: data['services'].pop('nova-api')),
}


@pytest.mark.parametrize('name', sorted(CHANGES))
def test_what_a_command_can_tell_apart_is_another_state(bare, copy, name):
    times = times_of(bare)
    before = fingerprint(copy, times)
    CHANGES[name](copy)
    assert fingerprint(copy, times) != before


def test_two_files_of_one_text_are_not_two_names_of_one_file(bare, tmp_path):
    times, node = times_of(bare), bare.copy(str(tmp_path / 'node'))
    os.link(node.at(MANAGER), node.at(MANAGER) + paths.SUFFIX)
    before = fingerprint(node, times)
    part(node)
    assert fingerprint(node, times) != before


def test_what_only_tells_when_does_not_count(bare, copy):
    times = times_of(bare)
    before = fingerprint(copy, times)
    stamp(copy.at('light_snapshot.egg-info/PKG-INFO'))
    # Its services are older than the file now, unless they start again.
    world(copy, lambda data: [facts.update(start=facts['start'] + 3600, pid=facts['pid'] + 10) for facts in data['services'].values()])
    record(copy, lambda found: found.update(time=5, restarted=[]))
    assert fingerprint(copy, times) == before


def test_a_state_is_recovered_once_and_then_each_twentieth_time(bare):
    states, recovered = States(times_of(bare)), []

    def recover():
        recovered.append(None)
        return ''
    for _number in range(41):
        states.judge(bare, recover)
    assert (len(recovered), states.seen, states.again, len(states.verdicts)) == (3, 40, 2, 1)


def test_what_does_not_recover_fails_each_time_it_is_seen(bare):
    states = States(times_of(bare))
    for _number in range(30):
        with pytest.raises(AssertionError, match='a file is left'):
            states.judge(bare, lambda: 'a file is left')


def test_another_end_of_a_state_that_was_seen_is_a_failure(bare):
    states, ends = States(times_of(bare)), ['', 'a file is left']
    for _number in range(20):
        states.judge(bare, lambda: ends.pop(0))
    with pytest.raises(AssertionError, match='has another end: a file is left, and before: well'):
        states.judge(bare, lambda: ends.pop(0))
