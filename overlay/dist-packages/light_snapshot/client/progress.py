"""How far a long work is, shown while a command waits for it."""


class Line(object):
    """On a terminal one line that is written over; elsewhere a new line for every further ten percent.

    :param stream: where it is shown
    """

    def __init__(self, stream):
        self._stream = stream
        self._last = None

    def show(self, progress):
        """Shows one answer of the API: None, or a dictionary of `operation` and `percent` (which may be None)."""
        if not progress or progress.get('percent') is None:
            return
        now = progress['operation'], int(progress['percent'])
        if self._stream.isatty():
            self._stream.write('\r%-40s' % ('%s: %d %%' % now))
        elif self._last is None or (now[0], now[1] // 10) != (self._last[0], self._last[1] // 10):
            self._stream.write('%s: %d %%\n' % now)
        self._stream.flush()
        self._last = now

    def end(self):
        """Leaves the line."""
        if self._last and self._stream.isatty():
            self._stream.write('\n')
            self._stream.flush()
