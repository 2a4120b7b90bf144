"""How the bytes that are kept have come together, as a line to draw. Knows
nothing of Horizon."""

# The picture, in its own units: small enough to be read on a phone.
WIDTH, HEIGHT = 420, 170
LEFT, RIGHT, TOP, BOTTOM = 72, 408, 12, 138
# Restore points within so many units of one another make one step.
_STEP = 2
MOST_ROWS = 12


class Growth(object):
    """Restore points' own sizes, added up by when they were taken.

    :param sizes: [(seconds since 1970, bytes)]
    :param now: seconds since 1970, where the line ends
    """

    def __init__(self, sizes, now):
        self.sizes = sorted(sizes)
        self.total = sum(size for _moment, size in self.sizes)
        self.count = len(self.sizes)
        self.begin = self.sizes[0][0] if self.sizes else now
        self.end = max([now] + [moment for moment, _size in self.sizes[-1:]])

    @property
    def drawn(self):
        """True if there is something to draw: a time that passes, and
        bytes."""
        return self.count > 1 and self.total > 0 and self.end > self.begin

    def _x(self, moment):
        span = float(self.end - self.begin)
        return LEFT + (RIGHT - LEFT) * (moment - self.begin) / span

    def _y(self, size):
        return BOTTOM - (BOTTOM - TOP) * float(size) / self.total

    def steps(self):
        """[(x, bytes from there on)]: a step for all of nearly one time."""
        found, total = [], 0
        for moment, size in self.sizes:
            total += size
            x = self._x(moment)
            if found and x - found[-1][0] < _STEP:
                found[-1] = found[-1][0], total
            else:
                found.append((x, total))
        return found

    def line(self):
        """The line, as the words of an SVG path."""
        words, steps = [], self.steps()
        for number, (x, size) in enumerate(steps):
            words.append('%s %.1f' % ('H' if number else 'M %d %d H' % (
                LEFT, BOTTOM), x))
            words.append('V %.1f' % self._y(size))
        return ' '.join(words + ['H %d' % RIGHT])

    def area(self):
        """What lies below the line, as the words of an SVG path."""
        return '%s V %d Z' % (self.line(), BOTTOM)

    def rows(self):
        """[(seconds since 1970, restore points, bytes)]: the same in a few
        lines, each with what there was up to then."""
        if self.count <= MOST_ROWS:
            until = [moment for moment, _size in self.sizes]
        else:
            span = float(self.end - self.begin)
            until = [self.begin + span * (number + 1) / MOST_ROWS
                     for number in range(MOST_ROWS)]
        found, left, count, total = [], list(self.sizes), 0, 0
        for moment in sorted(set(until)):
            while left and left[0][0] <= moment:
                count, total = count + 1, total + left.pop(0)[1]
            found.append((moment, count, total))
        return found
