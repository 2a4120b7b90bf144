"""How files of ours that were changed on this node differ from the package's."""
import difflib
import os

from light_snapshot_installer import files

RED, GREEN, BLUE, PLAIN = '\x1b[31m', '\x1b[32m', '\x1b[36m', '\x1b[0m'


def lines(root, entries, colour):
    """The lines of a unified diff, for each file that differs: `-` is the package's line, `+` this node's."""
    for entry in entries:
        here = root.at(entry.target)
        if not os.path.isfile(here) or files.sha256(here) == files.sha256(entry.source):
            continue
        ours, found = _text(entry.source), _text(here)
        if ours is None or found is None:
            yield '%s: not text, no comparison' % entry.target
            continue
        for line in difflib.unified_diff(ours, found, 'package%s' % entry.target, 'node%s' % entry.target, lineterm=''):
            yield _painted(line) if colour else line


def _text(path):
    with open(path, 'rb') as stream:
        data = stream.read()
    try:
        return None if b'\0' in data else data.decode('utf-8').splitlines()
    except UnicodeDecodeError:
        return None


def _painted(line):
    shade = BLUE if line.startswith(('---', '+++', '@@')) else RED if line[:1] == '-' else GREEN if line[:1] == '+' else ''
    return shade + line + PLAIN if shade else line
