"""python3 -m tests.run: every test, part by part, with the time that each part took.

Runs as root on a machine where `python3 -m testbed install` was run. Starts what it needs, and stops at the end what
it has started: a testbed that was up before stays up. Exit code 0 only when every part passed.
"""

import os
import re
import subprocess
import sys
import time

from testbed.ocata.settings import OPENRC
from tests.environments import REQUIREMENTS, TOP, VENV, VENV27, VENV27_HORIZON, VENV27_NOVACLIENT, python

PYTHON = python(VENV)
PYTHON27 = python(VENV27)
LOGS = TOP / '.artefacts'

COUNT = re.compile(r'(\d+) (passed|failed|error|errors|skipped)')
MATRIX = re.compile(r'^\d+ releases, (\d+) tests, (\d+) new failures$')


class Part:
    """One line of the table: what ran, how long, how it ended."""

    def __init__(self, name):
        self.name, self.seconds, self.code = name, 0.0, None
        self.counts = {'passed': 0, 'failed': 0, 'error': 0, 'skipped': 0}


class Run:
    """The parts run so far; `logs` is the directory that keeps what they said."""

    def __init__(self, logs):
        self.parts, self.logs = [], logs
        logs.mkdir(parents=True, exist_ok=True)
        for old in logs.glob('*.log'):
            old.unlink()

    def part(self, name, *commands, needed=False):
        """Run some commands one after another, output shown and kept; a failing `needed` one ends the run."""
        part = Part(name)
        self.parts.append(part)
        print('\n=== %s' % name, flush=True)
        began, part.code = time.monotonic(), 0
        for command in commands:
            part.code = part.code or self._run(part, [str(word) for word in command])
        part.seconds = time.monotonic() - began
        print('--- %s: %s in %.0f s' % (name, 'ok' if part.code == 0 else 'FAILED (%d)' % part.code, part.seconds),
              flush=True)
        if part.code and needed:
            raise SystemExit(self.finish())
        return part.code == 0

    def _run(self, part, command):
        log = self.logs / ('%02d-%s.log' % (len(self.parts), re.sub(r'[^a-z0-9]+', '-', part.name.lower())))
        with log.open('a') as kept:
            child = subprocess.Popen(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, errors='replace',
                                     env=dict(os.environ, PYTHONDONTWRITEBYTECODE='1'))
            last = ''
            for line in child.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                kept.write(line)
                last = line if COUNT.search(line) or MATRIX.match(line) else last
        if 'pytest' in command:
            for number, word in COUNT.findall(last):
                part.counts[word.rstrip('s') if word == 'errors' else word] += int(number)
        elif MATRIX.match(last):
            tests, failed = map(int, MATRIX.match(last).groups())
            part.counts['passed'] += tests - failed
            part.counts['failed'] += failed
        return child.wait()

    def finish(self):
        """Print the table; the exit code of the whole."""
        print('\n%-58s %8s  %6s %6s %7s' % ('part', 'seconds', 'passed', 'failed', 'skipped'))
        totals = dict.fromkeys(('passed', 'failed', 'error', 'skipped'), 0)
        for part in self.parts:
            for word in totals:
                totals[word] += part.counts[word]
            failed = part.counts['failed'] + part.counts['error']
            print('%-58s %8.0f  %6s %6s %7s%s' % (
                part.name, part.seconds, part.counts['passed'] or '', failed or '', part.counts['skipped'] or '',
                '' if part.code == 0 else '  FAILED'))
        print('%-58s %8.0f' % ('all', sum(part.seconds for part in self.parts)))
        broken = [part.name for part in self.parts if part.code]
        failed = totals['failed'] + totals['error'] + sum(
            1 for part in self.parts if part.code and not part.counts['failed'] + part.counts['error'])
        print('\n%d passed, %d failed, %d skipped' % (totals['passed'], failed, totals['skipped']))
        return 1 if broken else 0


def pytest(python, *paths):
    return [python, '-m', 'pytest', '-q', '-ra', '-p', 'no:cacheprovider', '--durations=5', *paths]


def scripts():
    found = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '--', 'tools', '.ci', 'installer', 'debian',
                            'testbed'], cwd=TOP, capture_output=True, text=True, check=True).stdout.split()
    return [name for name in found if (TOP / name).is_file() and
            (TOP / name).open('rb').readline().startswith((b'#!/bin/sh', b'#!/bin/bash', b'#!/usr/bin/env bash'))]


def served():
    return subprocess.run(['/usr/bin/python3', '-m', 'testbed', 'status'], cwd=TOP,
                          stdout=subprocess.DEVNULL).returncode == 0


def ocata(run):
    """The same end-to-end tests on the oldest nova that PyPI has, on Python 2.7."""
    testbed = ['/usr/bin/python3', '-m', 'testbed.ocata']
    was_up = subprocess.run(testbed + ['status'], cwd=TOP, stdout=subprocess.DEVNULL).returncode == 0
    try:
        if run.part('Ocata on Python 2.7: up, with the package', testbed + ['package']):
            run.part('Ocata: end to end', ['sh', '-c', '. "$0" && exec "$@"', OPENRC, *pytest(PYTHON, 'tests/e2e')])
            run.part('Ocata: rootwrap, and the way back', pytest(PYTHON, 'tests/ocata'))
    finally:
        if not was_up:
            run.part('Ocata: down', testbed + ['down'])


def main():
    run = Run(LOGS)
    was_up = served()
    run.part('virtual environments (Python 3.11 and 2.7)', [
        '/usr/bin/python3', '-m', 'tests.environments', *(place.name for place in REQUIREMENTS)], needed=True)
    run.part('package: build, lintian', ['tools/build-deb', 'dist'],
             ['sh', '-c', 'exec lintian --allow-root --fail-on error,warning dist/*.deb'], needed=True)
    run.part('shell scripts: shellcheck', ['shellcheck', '-x', *scripts()])
    run.part('unit tests, Python 3.11', pytest(PYTHON, 'tests/engine', 'tests/glue', 'tests/installer', 'tests/releases'),
             pytest(PYTHON, 'tests/nova'), pytest(PYTHON, 'tests/osc'), pytest(PYTHON, 'tests/novaclient'),
             pytest(PYTHON, 'tests/dashboard'))
    run.part('unit tests, Python 2.7', pytest(PYTHON27, 'tests/engine', 'tests/glue', 'tests/installer'),
             pytest(PYTHON27, 'tests/osc'), pytest(python(VENV27_NOVACLIENT), 'tests/novaclient'),
             pytest(python(VENV27_HORIZON), '-W', 'ignore', 'tests/dashboard'))
    run.part('nova\'s own tests with the overlay: Ocata on Python 2.7, Zed on 3.11',
             ['/usr/bin/python3', '-m', 'tests.releases', '--quick'])
    try:
        run.part('testbed: a real OpenStack Zed', ['/usr/bin/python3', '-m', 'testbed', 'up'], needed=True)
        run.part('testbed: its own tests', pytest(PYTHON, 'tests/testbed'))
        run.part('end to end: dpkg -i, and the feature through nova', pytest(PYTHON, 'tests/e2e'))
        run.part('Horizon in a browser', pytest(PYTHON, 'tests/browser'))
        run.part('end to end: rollback and purge', pytest(PYTHON, 'tests/rollback'))
        ocata(run)
    finally:
        if not was_up:
            run.part('testbed: down', ['/usr/bin/python3', '-m', 'testbed', 'down'])
    return run.finish()


if __name__ == '__main__':
    sys.exit(main())
