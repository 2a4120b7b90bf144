"""The lines of the result, their bounds, and how they are printed."""

import statistics
import time

AT_MOST, AT_LEAST, EXACTLY = '<=', '>=', '='


class Line:
    """One measure: what ours took, what the reference took, and the bound on their ratio.

    :param ours, reference: words, with their unit
    :param ratio: the number that the bound is on
    :param bound: (AT_MOST, AT_LEAST or EXACTLY, number), or None for a line that only informs
    """

    def __init__(self, measure, ours, reference, ratio, bound=None, digits=2):
        self.measure, self.ours, self.reference, self.ratio, self.bound = measure, ours, reference, ratio, bound
        self.digits = digits

    @property
    def ok(self):
        if self.bound is None:
            return True
        sign, limit = self.bound
        return {AT_MOST: self.ratio <= limit, AT_LEAST: self.ratio >= limit, EXACTLY: self.ratio == limit}[sign]

    def cells(self):
        bound = '%s %g' % self.bound if self.bound else ''
        verdict = ('ok' if self.ok else 'OVER LIMIT') if self.bound else ''
        return [self.measure, self.ours, self.reference, '%.*f' % (self.digits, self.ratio), bound, verdict]


def median(values):
    return statistics.median(values)


def spread(values, unit='ms', factor=1000):
    """`median unit (lowest..highest, n = count)`."""
    return '%.0f %s (%.0f..%.0f, n = %d)' % (factor * median(values), unit, factor * min(values),
                                             factor * max(values), len(values))


def show(title, names, rows):
    """Print a table as Markdown, so that it can go into docs/bench.md as it is."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [names] + rows) for column in range(len(names))]
    print('\n%s\n' % title)
    for row in [names, ['-' * width for width in widths]] + rows:
        print('| %s |' % ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)), flush=True)


def verdict(lines, began):
    """Name what is beyond its bound, and count; the exit code.

    :param began: `time.monotonic()` at the beginning
    """
    over = [line for line in lines if not line.ok]
    for line in over:
        print('\nOVER LIMIT: %s' % line.measure)
    print('\n%d lines, %d OVER LIMIT, %.0f s' % (len(lines), len(over), time.monotonic() - began))
    return 1 if over else 0
