"""How many statements a process has sent to its databases: a number in a file that both it and the bench have mapped."""

import mmap
import struct

_FORMAT = struct.Struct('<Q')


class Counter:
    """The number of one process.

    :param path: of the file; made where it is not there
    """

    def __init__(self, path):
        with open(path, 'a+b') as handle:
            handle.truncate(_FORMAT.size)
            self._map = mmap.mmap(handle.fileno(), _FORMAT.size)

    @property
    def value(self):
        return _FORMAT.unpack_from(self._map)[0]

    def add(self):
        _FORMAT.pack_into(self._map, 0, self.value + 1)


def count_statements(path):
    """Have SQLAlchemy, in this process, count every statement that it sends."""
    import sqlalchemy.event
    counter = Counter(path)
    sqlalchemy.event.listen(sqlalchemy.engine.Engine, 'before_cursor_execute', lambda *_args: counter.add())
