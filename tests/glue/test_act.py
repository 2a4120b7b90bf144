"""What rootwrap lets nova do as root, and the program that does it (nova before 17)."""

import json
import os
import re
import subprocess
import sys

import pytest

from light_snapshot.engine import privileged

DIST = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(privileged.__file__))))
FILTERS = os.path.join(os.path.dirname(DIST), 'etc', 'nova', 'rootwrap.d', 'light-snapshot.filters')
POLICY = os.path.join(os.path.dirname(DIST), 'etc', 'nova', 'policy.d', 'light-snapshot.json')
WHERE = '/var/lib/nova/instances/8a1c2f3e-0b6d-4f57-9c11-5e8f0a7d2b34'

#: What the engine asks for; see engine/files.py.
ASKED = [
    ['commit', WHERE, 'disk.light-4', 'disk'], ['commit', WHERE, 'disk.light-4', 'disk.light-root-2'],
    ['copy', WHERE + '_resize', WHERE, 'disk.light-root-2'],
    ['create', WHERE, 'disk.light-4', 'disk', 'raw', '1073741824'],
    ['create', WHERE, 'disk.light-root-4', 'disk.light-3', 'qcow2', '1073741824'],
    ['flatten', WHERE, 'disk.light-root-4', 'disk', 'qcow2'], ['grow', WHERE, 'disk.light-root-4', '2147483648'],
    ['info', WHERE, 'disk', 'raw'], ['info', WHERE, 'disk.light-root-4', 'qcow2'],
    ['link', WHERE, 'disk', 'snapshots/disk'], ['link', WHERE, 'disk.light-3', 'snapshots/disk.light-3'],
    ['repoint', WHERE, 'disk.light-3', 'disk', 'raw'],
]
REFUSED = [
    ['remove', WHERE, 'disk'], ['info', WHERE, 'disk', 'vmdk'], ['info', '/etc', 'disk', 'raw'],
    ['info', WHERE, '../shadow', 'raw'], ['commit', WHERE, 'disk', 'disk.light-4'],
    ['commit', WHERE, 'disk.light-4', '/etc/shadow'], ['commit', WHERE, 'disk.light-4'],
    ['create', WHERE, 'disk', 'disk.light-4', 'qcow2', '1'], ['create', WHERE, 'disk.light-4', 'disk', 'qcow2', '-1'],
    ['link', WHERE, 'disk', '/etc/cron.d/x'], ['info', WHERE, 'disk', 'raw', '--force'],
    ['copy', '/etc', WHERE, 'disk.light-root-2'],
]


def filters():
    """[[pattern of each word]] as oslo.rootwrap's RegExpFilter takes them: the whole word has to match."""
    with open(FILTERS) as handle:
        lines = [line.split(':', 1)[1] for line in handle if line.startswith('light-snapshot-')]
    words = [[word.strip() for word in line.split(',')] for line in lines]
    assert all(line[:3] == ['RegExpFilter', '/usr/lib/light-snapshot/light-snapshot-act', 'root'] for line in words)
    return [line[3:] for line in words]


def passes(words):
    return any(len(line) == len(words) and all(re.match(pattern + '$', word) for pattern, word in zip(line, words))
               for line in filters())


@pytest.mark.parametrize('words', ASKED, ids=' '.join)
def test_what_the_engine_asks_for_passes(words):
    assert passes(['light-snapshot-act'] + words)
    assert len(words) - 1 == privileged.ACTS[words[0]]


@pytest.mark.parametrize('words', REFUSED, ids=' '.join)
def test_nothing_else_passes(words):
    assert not passes(['light-snapshot-act'] + words)


def test_each_act_has_its_filter():
    assert sorted(line[1] for line in filters()) == sorted(privileged.ACTS)


def act(*words):
    """Run the program as rootwrap would: (exit code, what it printed)."""
    child = subprocess.Popen([sys.executable, '-s', '-m', 'light_snapshot.engine.act'] + list(words),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=DIST))
    out, err = child.communicate()
    return child.returncode, out.decode('utf-8') or err.decode('utf-8')


def test_an_act_and_its_answer(tmpdir):
    directory = str(tmpdir)
    with open(os.path.join(directory, 'disk'), 'wb') as handle:
        handle.truncate(2 ** 20)
    code, out = act('create', directory, 'disk.light-1', 'disk', 'raw', str(2 ** 20))
    assert (code, json.loads(out)) == (0, [True, None])
    code, out = act('info', directory, 'disk.light-1', 'qcow2')
    assert code == 0 and json.loads(out)[1]['backing-filename'] == 'disk'


def test_a_failure_is_an_answer_too(tmpdir):
    code, out = act('info', str(tmpdir), 'disk', 'raw')
    done, message = json.loads(out)
    assert (code, done) == (0, False) and 'qemu-img info' in message


@pytest.mark.parametrize('words', [[], ['attempt', 'info', '[]'], ['_run', 'id'], ['info', '/tmp'],
                                   ['info', '/tmp', '../etc/shadow', 'raw']], ids=' '.join)
def test_what_is_no_act_is_not_tried(words):
    code, out = act(*words)
    assert code == 2 and out.startswith('light-snapshot-act: not a')


def test_the_policy_file_of_12_and_13_says_what_the_code_says_from_14_on():
    with open(POLICY) as handle:
        rules = json.load(handle)
    with open(os.path.join(DIST, 'light_snapshot', 'nova', 'policy.py')) as handle:
        text = handle.read()
    verbs = re.findall(r"^    '(\w+)': \(", text, re.M)
    owner = re.search(r"^OWNER = '(.*)'$", text, re.M).group(1)
    admin = re.search(r"^ADMIN = '(.*)'$", text, re.M).group(1)
    expected = dict(('os_compute_api:light-snapshot:' + verb, admin if verb in ('all', 'hosts', 'repair', 'summary_all') else owner) for verb in verbs)
    expected['os_compute_api:light-snapshot:discoverable'] = '@'
    assert len(verbs) == 20 and rules == expected
