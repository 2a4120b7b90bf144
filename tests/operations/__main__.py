"""python3 -m tests.operations [--sample] [--operation TEXT]... [--state TEXT]...: what nova can do to a server, on servers in each state of light snapshots.

As root, on the testbed, which has to be up; the second host is brought up where it takes two. Prints the table. The last line is
`N cells: a kept, b committed, c refused, 0 LOST`; the exit code is 0 only with that zero, and where nothing was refused or failed that
should not have been.
"""

import argparse
import os
import signal
import sys
import threading
import time

from tests.operations import judge, matrix
from tests.operations.states import STATES
from tests.operations.world import World

#: What counts as kept: nova was told to make the disk anew, or to remove it, and nothing was left of the old one.
_KEPT = (judge.KEPT, judge.ANEW, judge.GONE)


class Report:
    """What has come out so far."""

    def __init__(self, states):
        self.states, self.cells, self.began, self._lock = states, [], time.monotonic(), threading.Lock()

    def tell(self, cell):
        """One line for a cell; more where something is wrong. Cells may come from several threads."""
        with self._lock:
            self._tell(cell)

    def _tell(self, cell):
        self.cells.append(cell)
        print('%-10s %5.1f s  %s: %s' % (cell.verdict, cell.seconds, cell.subject.state.title, cell.operation.title), flush=True)
        if cell.verdict in (judge.LOST, judge.FAILED):
            for text in cell.found:
                print('        %s' % text.replace('\n', '\n        '), flush=True)

    def finish(self):
        """Print the table and the last line; the exit code."""
        known = {cell.operation.title for cell in self.cells}
        titles = [operation.title for operation in matrix.OPERATIONS if operation.title in known]
        print('\n%-42s %s seconds' % ('operation', ' '.join('%-10s' % state.title for state in self.states)))
        verdicts = {(cell.operation.title, cell.subject.state.title): cell.verdict for cell in self.cells}
        for title in titles:
            print('%-42s %s %7.0f' % (title, ' '.join('%-10s' % verdicts.get((title, state.title), '-') for state in self.states),
                                      sum(cell.seconds for cell in self.cells if cell.operation.title == title)))
        self._refusals()
        counts = {word: sum(1 for cell in self.cells if cell.verdict == word) for word in (judge.COMMITTED, judge.REFUSED, judge.LOST, judge.FAILED)}
        kept = [cell.verdict for cell in self.cells if cell.verdict in _KEPT]
        print('anew, gone: the disk was to be made anew (%d) or removed (%d), and was; counted as kept' % (
            kept.count(judge.ANEW), kept.count(judge.GONE)))
        print('%.0f s in all' % (time.monotonic() - self.began))
        print('%d cells: %d kept, %d committed, %d refused, %d LOST%s' % (
            len(self.cells), len(kept), counts[judge.COMMITTED], counts[judge.REFUSED], counts[judge.LOST],
            ', %d FAILED' % counts[judge.FAILED] if counts[judge.FAILED] else ''))
        return 0 if self.cells and not counts[judge.LOST] and not counts[judge.FAILED] else 1

    def _refusals(self):
        reasons = {}
        for cell in self.cells:
            if cell.verdict == judge.REFUSED:
                reasons.setdefault(matrix.REFUSED[cell.operation.title, cell.subject.state.title], []).append(cell)
        for reason, cells in reasons.items():
            print('refused (%d): %s' % (len(cells), reason))


def main():
    parser = argparse.ArgumentParser(prog='python3 -m tests.operations', description=__doc__.split('\n\n')[0])
    parser.add_argument('--sample', action='store_true', help='the fixed choice of cells that fits in three minutes')
    parser.add_argument('--operation', metavar='TEXT', action='append', default=[], help='operations whose name contains TEXT (any of several)')
    parser.add_argument('--state', metavar='TEXT', action='append', default=[], help='states whose name contains TEXT (any of several)')
    parser.add_argument('--workers', type=int, default=4, help='how many servers go through an operation at a time')
    arguments = parser.parse_args()
    if os.getuid():
        parser.error('has to run as root')
    states, chosen = list(STATES), list(matrix.OPERATIONS)
    if arguments.sample:
        states = [state for state in states if state.title in matrix.SAMPLE[0]]
        chosen = [one for one in chosen if one.title in matrix.SAMPLE[1]]
    states = [state for state in states if not arguments.state or any(text in state.title for text in arguments.state)]
    chosen = [one for one in chosen if not arguments.operation or any(text in one.title for text in arguments.operation)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    world, report = World(), Report(states)
    try:
        world.open()
        matrix.Matrix(world, states, chosen, report.tell, max(1, arguments.workers)).run()
    finally:
        try:
            world.close()
        finally:
            code = report.finish()
    return code


if __name__ == '__main__':
    sys.exit(main())
