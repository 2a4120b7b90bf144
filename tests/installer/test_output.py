# -*- coding: utf-8 -*-
"""Where what is printed goes: nobody reads it, the disk is full, the terminal has no such character. The work is done all the same."""
import io
import json
import os
import sys

import pytest

from installer_fakes import Text
from light_snapshot_installer import cli, errors, output, state


def run(node, stream, *argv, **keywords):
    """Run the command with a real stream for its standard output; (exit code, standard error)."""
    err = Text()
    out = output.Output(argv[0], '--json' in argv, stream, err)
    code = cli.main(list(argv), keywords.get('root', node.root), out, node.share)
    return code, err.text


@pytest.fixture
def unread():
    """A pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, 'w')
    yield stream
    # What is left in its buffer has somewhere to go.
    stream.close()


@pytest.mark.parametrize('verb', ['install', 'verify', 'status', 'rollback'])
def test_a_pipe_that_nobody_reads(compute, unread, verb):
    if verb != 'install':
        assert compute.run('install')[0] == 0
    assert run(compute, unread, verb) == (0, '')
    assert state.State(compute.root)['phase'] == (state.ROLLED_BACK if verb == 'rollback' else state.INSTALLED)
    assert compute.run('verify')[0] == (1 if verb == 'rollback' else 0)


def test_a_document_that_could_not_be_written_is_a_failure(compute):
    stream = open('/dev/full', 'w')
    code, err = run(compute, stream, 'install', '--json')
    stream.close()
    assert code == errors.EXIT_FAILED and 'the document could not be written (the exit code would have been 0)' in err
    assert compute.run('verify')[0] == 0


def test_no_standard_output_at_all(compute, monkeypatch):
    monkeypatch.setattr(sys, 'stdout', None)
    assert run(compute, None, 'install') == (0, '')


def test_a_character_that_the_stream_lacks(tmp_path):
    path = str(tmp_path / 'said')
    stream = open(path, 'w') if sys.version_info[0] == 2 else open(path, 'w', encoding='ascii')
    out = output.Output('install', stream=stream)
    out.step(u'systemd says \u25cf failed')
    out.say(u'next')
    stream.close()
    with io.open(path, encoding='ascii') as said:
        assert said.read().endswith(u'systemd says \\u25cf failed\nnext\n')


@pytest.mark.parametrize('verb, told', [('verify', 'Nothing was changed'), ('install', 'says how far it went')])
def test_a_disk_error_in_the_middle(compute, monkeypatch, verb, told):
    def broken(_root):
        raise OSError(5, 'Input/output error')
    monkeypatch.setattr(state, 'State', broken)
    code, out, _err = compute.run(verb, '--json')
    error = json.loads(out)['error']
    assert code == 1 and 'Input/output error' in error['what'] and told in error['state'] and 'again' in error['next_step']
