"""python3 -m tests.faults [--sample] [--operation TEXT]... [--only TEXT]...: the fault matrix of the engine, on a real guest (see docs/faults.md).

As root. The last line is `N cells, 0 lost, 0 stuck, 0 leaked`; the exit code is 0 only with those zeros, and N at least 300 (but for
--sample, --operation and --only).
"""

import argparse
import os
import signal
import sys
import time

from tests.faults import TOP, faults, matrix, operations
from tests.faults.commands import HarnessError

LEAST = 300
LOGS = os.path.join(TOP, '.artefacts', 'faults')


class Report:
    """What has come out so far."""

    def __init__(self):
        self.tasks, self.began = [], time.monotonic()

    def tell(self, task):
        """One line for a cell; more where something is wrong."""
        answer = task.answer
        self.tasks.append(task)
        print('%-11s %4.1f s  %s' % (answer['verdict'], answer['seconds'], task.label), flush=True)
        if answer['verdict'] != 'ok':
            for verdict, text in answer['problems']:
                print('        %s: %s' % (verdict, text))
            print('        the engine: %s' % answer['outcome'])
            for note in answer['notes']:
                print('        %s' % note, flush=True)

    def finish(self, least):
        """Print the table and the last line; the exit code."""
        cells = [task for task in self.tasks if task.fault and task.answer['verdict'] != 'not reached']
        missed = [task for task in self.tasks if task.answer['verdict'] == 'not reached']
        broken = [task for task in self.tasks if task.fault is None and task.answer['verdict'] != 'ok']
        names = [fault.name for fault in faults.FAULTS]
        print('\n%-36s %10s  %s' % ('operation', 'boundaries', '  '.join('%15s' % name for name in names)))
        for operation in operations.OPERATIONS:
            mine = [task for task in cells if task.operation == operation.name]
            if mine:
                print('%-36s %10d  %s' % (operation.name, len(set(task.boundary for task in mine)),
                                          '  '.join('%15s' % _count(mine, name) for name in names)))
        print('%-36s %10s  %s' % ('all', '', '  '.join('%15s' % _count(cells, name) for name in names)))
        seconds = time.monotonic() - self.began
        print('\n%.0f s in all, %.1f s a cell' % (seconds, sum(task.answer['seconds'] for task in cells) / max(1, len(cells))))
        print('%d cells with clusters in a layer that a killed QEMU had allocated and not used yet' % sum(
            1 for task in cells if task.answer['clusters']))
        for task in cells:
            if task.answer['restarted']:
                print('the guest had to be stopped and started, as the engine\'s error said: %s' % task.label)
        for task in cells:
            if task.answer['crashed']:
                print('QEMU ended by a fault of its own: %s: %s' % (task.label, task.answer['crashed']))
        for task in missed:
            print('not reached: %s' % task.label)
        for task in broken:
            print('undisturbed, and yet not ok: %s' % task.label)
        counts = dict((word, sum(1 for task in cells if task.answer['verdict'] == word)) for word in ('lost', 'stuck', 'leaked'))
        print('%d cells, %d lost, %d stuck, %d leaked' % (len(cells), counts['lost'], counts['stuck'], counts['leaked']))
        return 0 if not any(counts.values()) and not broken and not missed and len(cells) >= least else 1


def _count(tasks, fault):
    mine = [task for task in tasks if task.fault == fault]
    bad = sum(1 for task in mine if task.answer['verdict'] != 'ok')
    return '-' if not mine else '%d ok' % len(mine) if not bad else '%d of %d bad' % (bad, len(mine))


def main():
    parser = argparse.ArgumentParser(prog='python3 -m tests.faults', description=__doc__.split('\n\n')[0])
    parser.add_argument('--sample', action='store_true', help='the fixed choice of cells that `make test` runs')
    parser.add_argument('--only', metavar='TEXT', action='append', default=[], help='cells whose line contains TEXT; may be given several times: all must match')
    parser.add_argument('--operation', metavar='TEXT', action='append', default=[], help='operations whose name contains TEXT')
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if os.getuid():
        parser.error('has to run as root')
    os.makedirs(LOGS, exist_ok=True)
    names = [operation.name for operation in operations.OPERATIONS]
    wanted = lambda cell: all(text in cell.label for text in arguments.only)  # noqa: E731
    if arguments.sample:
        wanted, chosen = matrix.sample(), set(line[0] for line in matrix.SAMPLE)
        names = [name for name in names if name in chosen]
    names = [name for name in names if all(text in name for text in arguments.operation)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    try:
        matrix.Matrix(LOGS, names, wanted, report.tell).run(max(1, arguments.workers))
    except KeyboardInterrupt:
        print('stopped', flush=True)
        return 130
    except HarnessError as exc:
        print('the matrix could not be run to its end: %s' % exc, file=sys.stderr)
        report.finish(LEAST)
        return 1
    if arguments.sample:
        print('\na sample of the matrix; all of it: make test-faults')
    return report.finish(len(matrix.SAMPLE) if arguments.sample else 1 if arguments.only or arguments.operation else LEAST)


if __name__ == '__main__':
    sys.exit(main())
