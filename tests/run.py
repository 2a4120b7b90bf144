"""python3 -m tests.run: every test, part by part, with the time that each part took.

Runs as root on a machine where `python3 -m testbed install` was run. Starts what it needs, and stops at the end what
it has started: a testbed that was up before stays up. Exit code 0 only when every part passed.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testbed.ocata.settings import OPENRC
from tests.environments import REQUIREMENTS, TOP, VENV, VENV27, VENV27_HORIZON, VENV27_NOVACLIENT, python

PYTHON = python(VENV)
PYTHON27 = python(VENV27)
#: The one of its file that fits the time; `make test-live` runs them all.
ENDLESS = 'test_a_commit_of_all_under_endless_writes_ends_and_the_guest_is_as_before'
#: Of the end-to-end tests what `make test-e2e` alone runs: minutes each. Liberty's client is run on Ocata's cloud, and pause,
#: suspend and rescue are in the sample of nova's operations.
LONG = ('test_disks.py', 'test_daily.py', 'test_away.py::test_it_goes_away_at_the_end_of_each_operation',
        'test_away.py::test_it_goes_away_during_a_commit[rabbitmq-server]', 'test_novaclient.py',
        'test_story.py::test_pause_suspend_and_rescue',
        'test_moves.py::test_what_comes_to_nothing_changes_nothing',
        'test_moves.py::test_evacuation_from_shared_storage', 'test_moves.py::test_evacuation_without_shared_storage')
#: Of the tests in a browser what `make test-browser` alone runs: every page, in both languages.
LONG_IN_BROWSER = ('test_reachable.py::test_axe_finds_nothing_and_everything_fits',)
LOGS = TOP / '.artefacts'

COUNT = re.compile(r'(\d+) (passed|failed|error|errors|skipped)')
MATRIX = re.compile(r'^\d+ releases, (\d+) tests, (\d+) new failures$')
FAULTS = re.compile(r'^(\d+) cells, (\d+) lost, (\d+) stuck, (\d+) leaked$')
OPERATIONS = re.compile(r'^(\d+) cells: \d+ kept, \d+ committed, \d+ refused, (\d+) LOST(?:, (\d+) FAILED)?$')


def ticks():
    """(busy, spare) of all processors since the machine's start, in the kernel's ticks (proc(5), stat)."""
    user, nice, system, idle, iowait, irq, softirq = map(int, Path('/proc/stat').read_text().split('\n')[0].split()[1:8])
    return user + nice + system + irq + softirq, idle + iowait


def yields(pid):
    """Have a process that leads a session come after all others. Where the kernel shares the processor among sessions first
    (sched(7), autogroup), `nice` tells only within one, and each service and guest of the testbed has its own."""
    with contextlib.suppress(OSError):
        Path('/proc/%d/autogroup' % pid).write_text('19')


class Part:
    """One line of the table: what ran, how long, how it ended."""

    def __init__(self, name):
        self.name, self.seconds, self.code = name, 0.0, None
        self.counts = {'passed': 0, 'failed': 0, 'error': 0, 'skipped': 0}


class Run:
    """The parts run so far; `logs` is the directory that keeps what they said."""

    def __init__(self, logs):
        self.parts, self.logs, self._lock, self._beside, self._yielding = [], logs, threading.Lock(), [], []
        self.began, self._ticks = time.monotonic(), ticks()
        logs.mkdir(parents=True, exist_ok=True)
        for old in logs.glob('*.log'):
            old.unlink()

    def part(self, name, *commands, needed=False, together=False, later=False):
        """Run some commands one after another, output shown and kept; a failing `needed` one ends the run.

        :param together: run them at the same time, two at most; what each says is shown once it has ended
        :param later: the same of a part that runs beside others
        """
        part = self._begin(name)
        print('\n=== %s' % name, flush=True)
        began, part.code = time.monotonic(), 0
        if together:
            with ThreadPoolExecutor(2) as pool:
                part.code = max(pool.map(lambda command: self._run(part, command, later=True), commands), key=abs)
        for command in () if together else commands:
            part.code = part.code or self._run(part, command, later)
        self._ended(part, began)
        if part.code and needed:
            raise SystemExit(self.finish())
        return part.code == 0

    def beside(self, name, *commands):
        """Run some commands one after another beside the parts that follow, with what these leave of the processor; what they
        say is shown once they have ended."""
        part = self._begin(name)

        def work():
            began, part.code = time.monotonic(), 0
            for command in commands:
                part.code = self._run(part, ['nice', '-n', '19', *command], later=True, yielding=True) or part.code
            self._ended(part, began)
        self.aside(work)

    def stop(self):
        """End what runs beside and would not hear of a Ctrl-C: it has a session of its own."""
        for child in self._yielding:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)

    def aside(self, function):
        """Call a function, which runs parts of its own, beside the parts that follow."""
        thread = threading.Thread(target=function)
        thread.start()
        self._beside.append(thread)
        return thread

    def _begin(self, name):
        part = Part(name)
        with self._lock:
            self.parts.append(part)
            part.log = self.logs / ('%02d-%s.log' % (len(self.parts), re.sub(r'[^a-z0-9]+', '-', part.name.lower())))
        return part

    @staticmethod
    def _ended(part, began):
        part.seconds = time.monotonic() - began
        print('--- %s: %s in %.0f s' % (part.name, 'ok' if part.code == 0 else 'FAILED (%d)' % part.code, part.seconds),
              flush=True)

    def _run(self, part, command, later=False, yielding=False):
        """The exit code of a command; `yielding`: it gets what all others leave of the processor."""
        command, said = [str(word) for word in command], []
        with part.log.open('a') as kept:
            child = subprocess.Popen(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=yielding,
                                     env=dict(os.environ, PYTHONDONTWRITEBYTECODE='1'))
            if yielding:
                self._yielding.append(child)
                yields(child.pid)
            last = ''
            for line in child.stdout:
                if later:
                    said.append(line)
                else:
                    self._show(line, kept)
                last = line if any(one(line) for one in (COUNT.search, MATRIX.match, FAULTS.match, OPERATIONS.match)) else last
            code = child.wait()
            with self._lock:
                self._show(''.join(said), kept)
                self._count(part, command, last)
        return code

    @staticmethod
    def _count(part, command, last):
        if 'pytest' in command:
            for number, word in COUNT.findall(last):
                part.counts[word.rstrip('s') if word == 'errors' else word] += int(number)
        elif MATRIX.match(last):
            tests, failed = map(int, MATRIX.match(last).groups())
            part.counts['passed'] += tests - failed
            part.counts['failed'] += failed
        elif FAULTS.match(last) or OPERATIONS.match(last):
            cells, *bad = (int(word or 0) for word in (FAULTS.match(last) or OPERATIONS.match(last)).groups())
            part.counts['passed'] += cells - sum(bad)
            part.counts['failed'] += sum(bad)

    @staticmethod
    def _show(text, kept):
        sys.stdout.write(text)
        sys.stdout.flush()
        kept.write(text)

    def _busy(self):
        """The share of the time since the start that the machine's processors had something to do."""
        busy, spare = (now - before for now, before in zip(ticks(), self._ticks))
        return busy / max(1, busy + spare)

    def finish(self):
        """Print the table; the exit code of the whole."""
        for thread in self._beside:
            thread.join()
        print('\n%-58s %8s  %6s %6s %7s' % ('part', 'seconds', 'passed', 'failed', 'skipped'))
        totals = dict.fromkeys(('passed', 'failed', 'error', 'skipped'), 0)
        for part in self.parts:
            for word in totals:
                totals[word] += part.counts[word]
            failed = part.counts['failed'] + part.counts['error']
            print('%-58s %8.0f  %6s %6s %7s%s' % (
                part.name, part.seconds, part.counts['passed'] or '', failed or '', part.counts['skipped'] or '',
                '' if part.code == 0 else '  FAILED'))
        print('%-58s %8.0f  processors busy for %.0f %% of it' % (
            'all, some of it side by side', time.monotonic() - self.began, 100 * self._busy()))
        broken = [part.name for part in self.parts if part.code]
        failed = totals['failed'] + totals['error'] + sum(
            1 for part in self.parts if part.code and not part.counts['failed'] + part.counts['error'])
        print('\n%d passed, %d failed, %d skipped' % (totals['passed'], failed, totals['skipped']))
        return 1 if broken else 0


def pytest(python, *paths):
    return [python, '-m', 'pytest', '-q', '-ra', '-p', 'no:cacheprovider', '--durations=5', *paths]


def scratch():
    """A directory for tests that sync thousands of small files: on a file system in memory, if there is one with room."""
    memory = '/dev/shm'
    room = os.path.isdir(memory) and shutil.disk_usage(memory).free >= 4 * 2 ** 30
    return tempfile.mkdtemp(prefix='light-snapshot-tests-', dir=memory if room else None)


def unit(run, top):
    """The unit tests, two commands at a time."""
    installer, installer27 = ('--basetemp=' + os.path.join(top, name) for name in ('installer', 'installer27'))
    run.part('unit tests, Python 3.11 and 2.7',
             pytest(PYTHON, installer, 'tests/glue', 'tests/installer', 'tests/releases', 'tests/upgrades/test_judge.py',
                    'tests/upgrades/test_cloud.py', 'tests/upgrades/test_rebuilt.py'),
             *(pytest(PYTHON, 'tests/' + name) for name in ('nova', 'osc', 'novaclient', 'dashboard', 'ansible', 'bench', 'operations')),
             pytest(PYTHON27, installer27, 'tests/glue', 'tests/installer'), pytest(PYTHON27, 'tests/osc'),
             pytest(python(VENV27_NOVACLIENT), 'tests/novaclient'),
             pytest(python(VENV27_HORIZON), '-W', 'ignore', 'tests/dashboard'), together=True)


def engine(run, top):
    """The engine's tests, beside what follows."""
    run.beside('the engine on stopped servers, Python 3.11 and 2.7', *(
        pytest(interpreter, '--basetemp', os.path.join(top, str(number)), 'tests/engine')
        for number, interpreter in enumerate((PYTHON, PYTHON27))))


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
        # A run that was cut off may have left servers, whose layers forbid a rollback. Where it was up they are somebody's.
        cleared = [] if was_up else [testbed + ['clear']]
        if run.part('Ocata on Python 2.7: up, with the package', testbed + ['package'], *cleared, later=True):
            # The rest was run on Zed just now; `make test-e2e` runs all of it on any cloud.
            chosen = ['tests/e2e/test_%s.py' % name for name in ('story', 'novaclient')]
            run.part('Ocata: end to end', ['sh', '-c', '. "$0" && exec "$@"', OPENRC, *pytest(PYTHON, *chosen)], later=True)
            run.part('Ocata: rootwrap, and the way back', pytest(PYTHON, 'tests/ocata'), later=True)
    finally:
        if not was_up:
            run.part('Ocata: down', testbed + ['down'], later=True)


def main():
    run = Run(LOGS)
    run.part('virtual environments (Python 3.11 and 2.7)', [
        '/usr/bin/python3', '-m', 'tests.environments', *(place.name for place in REQUIREMENTS)], needed=True)
    run.part('package: build, lintian', ['tools/build-deb', 'dist'],
             ['sh', '-c', 'exec lintian --allow-root --pedantic --fail-on error,warning,pedantic dist/*.deb'], needed=True)
    run.part('shell scripts: shellcheck', ['shellcheck', '-x', *scripts()])
    top = scratch()
    try:
        unit(run, top)
        run.part('faults: a sample of the matrix, on a real guest', ['/usr/bin/python3', '-m', 'tests.faults', '--sample'])
        # Neither of the two touches what is installed on this machine, and the guests of what follows wait much.
        engine(run, top)
        run.beside('nova\'s own tests with the overlay: Ocata on Python 2.7, Zed on 3.11',
                   ['/usr/bin/python3', '-m', 'tests.releases', '--quick'])
        return on_clouds(run)
    except BaseException:
        run.stop()
        raise
    finally:
        shutil.rmtree(top, ignore_errors=True)


def on_clouds(run):
    """What needs a cloud; the exit code of the whole."""
    testbed, was_up, other = ['/usr/bin/python3', '-m', 'testbed'], served(), None
    try:
        cleared = [] if was_up else [testbed + ['clear']]
        run.part('testbed: a real OpenStack Zed', testbed + ['up'], *cleared, needed=True)
        run.part('the engine on real guests: endless writes, hung calls', pytest(
            PYTHON, 'tests/live/test_hung.py', 'tests/live/test_endless_writes.py::' + ENDLESS))
        run.part('testbed: its own tests', pytest(PYTHON, 'tests/testbed'))
        run.part('end to end: dpkg -i, and the feature through nova', pytest(
            PYTHON, 'tests/e2e', *('--deselect=tests/e2e/' + name for name in LONG)))
        run.part('nova\'s operations: a sample of the matrix', ['/usr/bin/python3', '-m', 'tests.operations', '--sample'])
        # A cloud of its own, on what the testbed serves to both: database, message queue, keystone, libvirt. Nothing that follows stops these.
        other = run.aside(lambda: ocata(run))
        run.part('Horizon in a browser', pytest(
            PYTHON, 'tests/browser', *('--deselect=tests/browser/' + name for name in LONG_IN_BROWSER)))
        run.part('end to end: rollback and purge', pytest(PYTHON, 'tests/rollback'))
    finally:
        if other is not None:
            other.join()
        if not was_up:
            run.part('testbed: down', testbed + ['down'])
    return run.finish()


if __name__ == '__main__':
    sys.exit(main())
