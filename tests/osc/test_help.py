"""What teaches: each command's help with its examples, and the completion of a shell."""

import shlex

import pytest

from light_snapshot.client import options     # noqa: F401  ours, from this tree


def commands(prefix='server_light_snapshot_'):
    """The words of each command that the package adds, and its class."""
    import os
    import light_snapshot
    path = os.path.join(os.path.dirname(os.path.dirname(light_snapshot.__file__)), 'light_snapshot.egg-info', 'entry_points.txt')
    with open(path) as handle:
        lines = handle.read().partition('[openstack.compute.v2]')[2].partition('\n[')[0].split('\n')
    return sorted((line.partition(' = ')[0][len(prefix):].replace('_', ' '), line.partition(' = ')[2])
                  for line in lines if line.startswith(prefix))


@pytest.mark.parametrize('words, _place', commands())
def test_each_command_s_help_ends_with_examples(openstack, monkeypatch, words, _place):
    monkeypatch.setenv('COLUMNS', '80')
    done = openstack(*(words.split() + ['--help']))
    assert done.code == 0
    said = done.out.partition('Examples:\n')[2]
    assert '\n  openstack server light snapshot %s' % words in said
    # The description is there as well, and reads as text.
    assert len(done.out.partition('Examples:')[0].split()) > 10


@pytest.mark.parametrize('words, place', commands())
def test_each_example_is_one_that_the_command_takes(words, place):
    import importlib
    from light_snapshot.osc import examples
    module, _colon, name = place.partition(':')
    parser = getattr(importlib.import_module(module), name)(None, None).get_parser('openstack server light snapshot ' + words)
    assert examples.EXAMPLES[words]
    for what, typed in examples.EXAMPLES[words]:
        assert typed.startswith(words) and what
        assert parser.parse_args(shlex.split(typed[len(words):]))


def test_no_example_is_of_a_command_that_is_not_there():
    from light_snapshot.osc import examples
    assert sorted(examples.EXAMPLES) == [words for words, _place in commands()]


def test_the_verbs_that_there_are():
    found = set(words.split()[0] for words, _place in commands())
    assert {'enable', 'disable', 'create', 'list', 'show', 'set', 'delete', 'recover', 'store', 'daily', 'all'} <= found


@pytest.mark.parametrize('words, _place', commands('server_light-snapshot_'))
def test_with_the_hyphen_each_is_the_same(openstack_itself, monkeypatch, words, _place):
    monkeypatch.setenv('COLUMNS', '80')
    one, other = (openstack_itself('server', *(name + words.split() + ['--help'])) for name in (['light', 'snapshot'], ['light-snapshot']))
    assert one.code == other.code == 0 and 'Examples:' in other.out
    assert ' '.join(other.out.replace('server light-snapshot', 'server light snapshot').split()) == ' '.join(one.out.split())


def test_with_the_hyphen_there_are_as_many_and_none_is_listed(openstack_itself):
    assert [words for words, _place in commands('server_light-snapshot_')] == [words for words, _place in commands()]
    listed = openstack_itself('--help').out
    assert 'server light snapshot create' in listed and 'light-snapshot' not in listed


def test_the_shell_s_completion_knows_them(openstack_itself):
    done = openstack_itself('complete', '--shell', 'bash')
    assert done.code == 0
    line = [line for line in done.out.splitlines() if line.strip().startswith("cmds_server_light_snapshot=")]
    # With the hyphen they are the same variables.
    assert len(line) == 2 and len(set(line)) == 1
    for word in ('all', 'check', 'create', 'daily', 'delete', 'enable', 'list', 'recover', 'store'):
        assert word in line[0].partition('=')[2].strip("'").split()
    assert any('--quiesce' in one for one in done.out.splitlines() if 'cmds_server_light_snapshot_create' in one)
