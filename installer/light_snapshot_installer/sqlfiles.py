"""The statements in sql/*.up.sql and *.down.sql, which a DBA can also run by hand."""
import collections
import glob
import io
import os
import re

from light_snapshot_installer import errors

#: One statement: its text, its table, its column, and (up only) the column's type.
Statement = collections.namedtuple('Statement', 'text table column type')

_ADD = re.compile(r'ALTER\s+TABLE\s+`?(\w+)`?\s+ADD\s+COLUMN\s+`?(\w+)`?\s+(\w+(?:\(\d+\))?)(?=\s|$)', re.I)
_DROP = re.compile(r'ALTER\s+TABLE\s+`?(\w+)`?\s+DROP\s+COLUMN\s+`?(\w+)`?()', re.I)


def read(directory, direction):
    """The statements of every `*.<direction>.sql` in `directory`, in the order of names and lines.

    `direction` is 'up' or 'down'. Raises errors.InstallerError for a statement that adds or drops no single column.
    """
    statements = []
    for path in sorted(glob.glob(os.path.join(directory, '*.%s.sql' % direction))):
        with io.open(path, encoding='utf-8') as stream:
            statements.extend(parse(stream.read(), direction, path))
    if not statements:
        raise errors.InstallerError('%s holds no %s statements' % (directory, direction),
                                    next_step='reinstall the package light-snapshot')
    return statements


def parse(text, direction, name='sql'):
    """The statements in `text`; comments run from `--` to the end of the line."""
    pattern = _ADD if direction == 'up' else _DROP
    statements = []
    for part in re.sub(r'--[^\n]*', '', text).split(';'):
        statement = ' '.join(part.split())
        if not statement:
            continue
        found = pattern.match(statement)
        if not found:
            raise errors.InstallerError('%s: not a statement that this program runs: %s' % (name, statement))
        statements.append(Statement(statement, found.group(1), found.group(2), found.group(3).lower()))
    return statements
