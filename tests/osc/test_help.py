"""What teaches: each command's help with its examples, and the completion of a shell."""

import shlex

import pytest

from light_snapshot.client import options     # noqa: F401  ours, from this tree


def commands():
    """The words of each command that the package adds."""
    import os
    import light_snapshot
    path = os.path.join(os.path.dirname(os.path.dirname(light_snapshot.__file__)), 'light_snapshot.egg-info', 'entry_points.txt')
    with open(path) as handle:
        lines = handle.read().partition('[openstack.compute.v2]')[2].partition('\n[')[0].split('\n')
    return sorted((line.partition(' = ')[0][len('server_light_snapshot_'):].replace('_', ' '), line.partition(' = ')[2])
                  for line in lines if line.strip())


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


def test_the_shell_s_completion_knows_them(openstack_itself):
    done = openstack_itself('complete', '--shell', 'bash')
    assert done.code == 0
    line = [line for line in done.out.splitlines() if line.strip().startswith("cmds_server_light_snapshot=")]
    assert len(line) == 1
    for word in ('all', 'check', 'create', 'daily', 'delete', 'enable', 'list', 'recover', 'store'):
        assert word in line[0].partition('=')[2].strip("'").split()
    assert any('--quiesce' in one for one in done.out.splitlines() if 'cmds_server_light_snapshot_create' in one)
