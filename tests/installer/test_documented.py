"""What the command line takes is what the manual page, its help and the completion in bash say: every verb, option and choice."""
import argparse
import os
import re
import subprocess
import sys

import pytest

from installer_fakes import TREE
from light_snapshot_installer import apparmor, cli, errors

pytestmark = pytest.mark.skipif(sys.version_info[0] == 2, reason='the texts are looked at once, by the CPython 3 run')

PAGE = os.path.join(TREE, 'debian', 'light-snapshot.8')
COMPLETION = os.path.join(TREE, 'debian', 'light-snapshot.completion')
VERBS = [name for name, _module in cli.VERBS]


def parser_of(verb=None):
    """The parser of a verb, or the one above them."""
    top = cli.parser()
    if verb is None:
        return top
    return [action for action in top._actions if isinstance(action, argparse._SubParsersAction)][0].choices[verb]


def options(verb=None):
    """{long option: its choices, or None}, without those that are nobody's business."""
    return dict((action.option_strings[-1], action.choices) for action in parser_of(verb)._actions
                if action.option_strings and action.help != argparse.SUPPRESS)


@pytest.fixture(scope='module')
def page():
    """{heading: text} of the manual page as it is read."""
    process = subprocess.Popen(['man', '--warnings', '-l', PAGE], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               universal_newlines=True, env=dict(os.environ, MANWIDTH='80', LC_ALL='C.UTF-8', MANPAGER='cat'))
    text, warnings = process.communicate()
    assert warnings == '' and process.returncode == 0
    assert max(map(len, text.splitlines())) <= 80
    parts = re.split(r'^([A-Z][A-Z ]+)$', text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def synopses(page):
    """{verb, or None for the last line: {option: its choices as text, or None}}"""
    found = {}
    for line in re.split(r'^       light-snapshot ', page['SYNOPSIS'], flags=re.M)[1:]:
        verb = ([word for word in re.findall(r'(?<![\w\-])[a-z]+(?![\w|=])', line) if word in VERBS] or [None])[0]
        found[verb] = dict(re.findall(r'(--[a-z-]+)(?:=([a-z|]+))?', line))
    return found


def test_synopsis(page):
    found = synopses(page)
    assert sorted(found, key=str) == sorted(VERBS + [None], key=str)
    above = set(options()) - set(('--help', '--version'))
    assert above and set(found.pop(None)) == set(('--help', '--version'))
    for verb, shown in found.items():
        wanted = options(verb)
        assert set(shown) == above | set(wanted) - set(['--help']), verb
        for option, choices in wanted.items():
            if choices:
                assert sorted(shown[option].split('|')) == sorted(choices)


def test_every_option_is_explained_and_no_other(page):
    explained = re.findall(r'^       (--[a-z-]+)', page['OPTIONS'], flags=re.M)
    assert len(explained) == len(set(explained))
    assert set(explained) == set(option for verb in [None] + VERBS for option in options(verb))


def test_every_verb_and_exit_code_is_explained(page):
    assert re.findall(r'^       ([a-z]+)(?: |$)', page['VERBS'], flags=re.M) == VERBS
    codes = set(value for name, value in vars(errors).items() if name.startswith('EXIT_'))
    assert set(map(int, re.findall(r'^       (\d) ', page['EXIT STATUS'], flags=re.M))) == codes
    assert set(map(int, re.findall(r'^  (\d)  ', cli._EXIT_CODES, flags=re.M))) == codes


def test_names_the_version_of_the_package():
    with open(PAGE) as stream, open(os.path.join(TREE, 'debian', 'changelog')) as changelog:
        version = re.match(r'light-snapshot \((.*?)\)', changelog.readline()).group(1)
        assert '"light-snapshot %s"' % version in stream.readline()


@pytest.mark.parametrize('verb', VERBS)
def test_help_has_every_option(verb):
    text = parser_of(verb).format_help()
    assert set(re.findall(r'--[a-z-]+', text)) >= set(options(verb))
    assert '--maintainer-script' not in text


def test_default_of_the_profiles():
    """Help and manual say what install does where nobody has chosen (test_apparmor.py shows that it does)."""
    text = ' '.join(parser_of('install').format_help().split())
    assert 'else confine where that can be, else disable)' in text
    assert 'disable all three' in text and len(apparmor.PROFILES) == 3
    with open(PAGE) as stream:
        assert 'Default: confine where that can be, else disable.' in stream.read()


def complete(*words):
    """What bash offers for the last of some words, split as bash splits them (a `=` is one of its own)."""
    script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _light_snapshot; printf "%s\\n" "${COMPREPLY[@]}"'
    return subprocess.check_output(['bash', '-c', script, 'bash', COMPLETION, 'light-snapshot'] + list(words),
                                   universal_newlines=True).split()


def test_completion_offers_the_verbs_and_what_stands_before_them():
    assert sorted(complete('')) == sorted(VERBS + list(options()))


@pytest.mark.parametrize('verb', VERBS)
def test_completion_offers_every_option_and_choice(verb):
    wanted = options(verb)
    assert sorted(complete(verb, '')) == sorted(wanted)
    assert sorted(complete('--root', '=', '/tmp', verb, '--')) == sorted(wanted)
    for option, choices in wanted.items():
        if choices:
            assert sorted(complete(verb, option, '=')) == sorted(complete(verb, option, '')) == sorted(choices)
            assert complete(verb, option, '=', choices[0][:2]) == [choices[0]]
            # What comes after the value is an option again.
            assert sorted(complete(verb, option, '=', choices[0], '')) == sorted(wanted)


@pytest.mark.parametrize('words', [('doctor', '--bundle'), ('--root',), ('--python',)])
def test_completion_of_a_path(words):
    assert complete(*(words + ('/et',))) == ['/etc'] == complete(*(words + ('=', '/et')))
    assert '/etc' in complete(*(words + ('=', '/')))


def test_nothing_is_offered_for_a_number():
    assert complete('install', '--wait', '') == []
