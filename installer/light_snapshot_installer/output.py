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

    def rehearse(self, root):
        """What the verb says that it does is not done: `finish` lists it instead, from the changes of root's disk."""
        self._rehearsed = root

    def _line(self, text):
        stream = self.err if self.as_json else self.stream
        print('[%6.1f s] %s' % (time.time() - self.started, text), file=stream)
        stream.flush()

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
            print(('%-4s  %-*s  %s' % (word, min(width, 76), subject, detail)).rstrip(), file=self.stream)
        self.stream.flush()

    def colour(self):
        """True if colours can be seen where this prints to."""
        return getattr(self.stream, 'isatty', lambda: False)() and not os.environ.get('NO_COLOR')

    def say(self, text):
        """Print a line without a time, unless --json."""
        if not self.as_json:
            print(text, file=self.stream)

    def error(self, error):
        """Print an InstallerError in full to standard error."""
        if self.as_json:
            return
        print('light-snapshot %s: %s' % (self.verb, error.what), file=self.err)
        if error.state:
            print('  State: ' + error.state, file=self.err)
        if error.next_step:
            print('  Next:  ' + error.next_step, file=self.err)
        self.err.flush()

    def finish(self, code, error=None, **fields):
        """Print the JSON document (with --json) and return the exit code."""
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
            print(json.dumps(document, indent=2, sort_keys=True), file=self.stream)
        return code
