"""Runs nova's own tests and writes down what became of each; under the Python and beside the nova that are tested.

    python suite.py OUTCOMES [--list] [--only IDS] MODULE ...

OUTCOMES gets one JSON object a line: {"test": id, "outcome": "ok" | "skip" | "failure" | "error", "why": text}. With
--list nothing is run, and the outcome is "listed". IDS is a JSON list of the ids to leave it at. Knows nothing of the
project. CPython 2.7 and 3.6 or later.
"""
from __future__ import absolute_import, print_function

import argparse
import importlib
import io
import json
import pkgutil
import sys
import traceback
import unittest

#: How much of a traceback is kept: its end says what is wrong.
KEPT = 4000


def modules(name):
    """A module's name, or for a package the names of all test modules in it."""
    found = importlib.import_module(name)
    if not hasattr(found, '__path__'):
        return [name]
    inner = pkgutil.walk_packages(found.__path__, name + '.')
    return sorted(one for _finder, one, package in inner if not package and one.rpartition('.')[2].startswith('test_'))


def flat(suite):
    """Every test case of a suite. A suite that makes others in `run` (testresources) is not needed here."""
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            for inner in flat(one):
                yield inner
        else:
            yield one


class Outcomes(unittest.TestResult):
    """Writes each outcome at once: what a crash of the interpreter leaves is known to be missing."""

    def __init__(self, stream):
        super(Outcomes, self).__init__()
        self.stream = stream

    def write(self, test, outcome, why=''):
        name = test if isinstance(test, str) else test.id()
        line = json.dumps({'test': name, 'outcome': outcome, 'why': why[-KEPT:]}, sort_keys=True) + '\n'
        self.stream.write(line if isinstance(line, type(u'')) else line.decode('ascii'))
        self.stream.flush()

    def _why(self, error, details):
        if error is not None:
            return ''.join(traceback.format_exception(*error))
        # testtools hands over everything it collected, logs included; the traceback is one of it.
        return '\n'.join(content.as_text() for name, content in sorted((details or {}).items())
                         if name.startswith(('traceback', 'reason')))

    def addSuccess(self, test, details=None):
        self.write(test, 'ok')

    def addError(self, test, error=None, details=None):
        self.write(test, 'error', self._why(error, details))

    def addFailure(self, test, error=None, details=None):
        self.write(test, 'failure', self._why(error, details))

    def addSkip(self, test, reason=None, details=None):
        self.write(test, 'skip', reason or '')

    def addExpectedFailure(self, test, error=None, details=None):
        self.write(test, 'ok')

    def addUnexpectedSuccess(self, test, details=None):
        self.write(test, 'failure', 'passes though it is expected to fail')

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.write(test, 'failure', self._why(error, None))


def tests_of(names, outcomes):
    """The tests of some modules; a module that does not load is an error of its own name."""
    loader = unittest.TestLoader()
    for name in names:
        try:
            parts = modules(name)
        except Exception:
            outcomes.write(name, 'error', traceback.format_exc())
            continue
        for part in parts:
            try:
                for one in flat(loader.loadTestsFromModule(importlib.import_module(part))):
                    yield one
            except Exception:
                outcomes.write(part, 'error', traceback.format_exc())


def main(argv):
    """Run or list; the exit code says only whether it came to the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument('outcomes')
    parser.add_argument('modules', nargs='+')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--only')
    arguments = parser.parse_args(argv)
    wanted = None
    if arguments.only:
        with io.open(arguments.only, encoding='utf-8') as stream:
            wanted = set(json.load(stream))
    with io.open(arguments.outcomes, 'w', encoding='ascii') as stream:
        outcomes = Outcomes(stream)
        tests = [test for test in tests_of(arguments.modules, outcomes) if wanted is None or test.id() in wanted]
        if arguments.list:
            for test in tests:
                outcomes.write(test, 'listed')
        else:
            run(tests, outcomes)
    return 0


def run(tests, outcomes):
    """Run the tests; one that ends the interpreter (nova's managers do where a driver is not there) ends only itself."""
    done = 0
    while done < len(tests):
        try:
            unittest.TestSuite(tests[done:]).run(outcomes)
            return
        except SystemExit:
            done = outcomes.testsRun
            outcomes.write(tests[done - 1], 'error', traceback.format_exc())


if __name__ == '__main__':
    # Not this directory, whose names are not nova's.
    sys.path.pop(0)
    sys.exit(main(sys.argv[1:]))
