"""What the operator sees: progress lines, tables, or one JSON document."""
from __future__ import print_function

import json
import os
import sys
import time

from light_snapshot_installer import errors, rehearsal


class Output(object):
    """Prints progress with elapsed seconds; with `as_json` it prints only the final document, to standard output."""

    def __init__(self, verb, as_json=False, stream=None, err=None):
        self.verb = verb
        self.as_json = as_json
        self.stream = stream or sys.stdout
        self.err = err or sys.stderr
        self.started = time.time()
        self.notes = []
        self.steps = []
        self._rehearsed = None
        self._unheard = []

    def rehearse(self, root):
        """What the verb says that it does is not done: `finish` lists it instead, from the changes of root's disk."""
        self._rehearsed = root

    def _print(self, text, stream):
        """Print a line. What is being done does not end because nobody reads of it any more (`| head`) or a disk is full."""
        if stream is None or stream in self._unheard:
            return
        try:
            try:
                print(text, file=stream)
            except UnicodeError:
                # The terminal's encoding lacks a character; Python 2 has none in a pipe.
                print(text.encode('ascii', 'backslashreplace').decode('ascii'), file=stream)
            stream.flush()
        except (IOError, OSError, ValueError):
            self._unheard.append(stream)
            _silence(stream)

    def _line(self, text):
        self._print('[%6.1f s] %s' % (time.time() - self.started, text), self.err if self.as_json else self.stream)

    def step(self, text):
        """Say what is done next, or how it goes."""
        if self._rehearsed:
            return
        self.steps.append(text)
        self._line(text)

    def note(self, text):
        """Say something that the operator should know and that is not a failure."""
        self.notes.append(text)
        self._line('note: ' + text)

    def table(self, rows):
        """Print (word, subject, detail) rows, the words first."""
        if self.as_json:
            return
        width = max([len(row[1]) for row in rows] or [0])
        for word, subject, detail in rows:
            self.say(('%-4s  %-*s  %s' % (word, min(width, 76), subject, detail)).rstrip())

    def colour(self):
        """True if colours can be seen where this prints to."""
        return getattr(self.stream, 'isatty', lambda: False)() and not os.environ.get('NO_COLOR')

    def say(self, text):
        """Print a line without a time, unless --json."""
        if not self.as_json:
            self._print(text, self.stream)

    def error(self, error):
        """Print an InstallerError in full to standard error."""
        if self.as_json:
            return
        self._print('light-snapshot %s: %s' % (self.verb, error.what), self.err)
        if error.state:
            self._print('  State: ' + error.state, self.err)
        if error.next_step:
            self._print('  Next:  ' + error.next_step, self.err)

    def finish(self, code, error=None, **fields):
        """Print the JSON document (with --json) and return the exit code: not 0 if the document could not be written."""
        if self._rehearsed and error is None:
            changes = rehearsal.changes(self._rehearsed)
            fields = {'dry_run': True, 'changes': [dict(zip(('act', 'what', 'detail'), change)) for change in changes]}
            for change in changes:
                self.say(('%-18s %s  %s' % change).rstrip())
            self.say('%d changes would be made; nothing was changed' % len(changes))
        if self.as_json:
            document = {'verb': self.verb, 'ok': code == errors.EXIT_OK, 'exit_code': code, 'notes': self.notes,
                        'seconds': round(time.time() - self.started, 1)}
            document.update(fields)
            if error is not None:
                document['error'] = error.as_dict()
            self._print(json.dumps(document, indent=2, sort_keys=True), self.stream)
            if self.stream in self._unheard:
                self._print('light-snapshot %s: the document could not be written (the exit code would have been %d)' % (self.verb, code),
                            self.err)
                return code or errors.EXIT_FAILED
        return code


def _silence(stream):
    """What is still in the stream's buffer goes nowhere, so that Python does not stumble over it at its end."""
    try:
        descriptor = stream.fileno()
    except (AttributeError, ValueError, IOError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
