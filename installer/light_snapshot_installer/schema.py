"""The six columns in every cell database: added, checked, dropped; each only if needed, under the database's lock."""
import contextlib
import hashlib
import re

from light_snapshot_installer import database, errors

LOCK_SECONDS = 120
#: How long a statement waits for nova's own transactions on the table.
TABLE_LOCK_SECONDS = 60
DUPLICATE_COLUMN = 1060
NO_SUCH_COLUMN = 1091


def normal_type(name):
    """A column type as every server writes it: MySQL 8 drops the display width of int(11), and tinyint(1) keeps its."""
    name = name.lower()
    return name if name.startswith('tinyint') else re.sub(r'\(\d+\)', '', name)


def columns(connection, tables):
    """{(table, column): (type, nullable)} of the connection's own database, and the set of tables that exist."""
    marks = ', '.join(['%s'] * len(tables))
    rows = database.query(connection, 'SELECT table_name, column_name, column_type, is_nullable FROM'
                                      ' information_schema.columns WHERE table_schema = DATABASE()'
                                      ' AND table_name IN (' + marks + ')', tuple(tables))
    found = dict(((row[0], row[1]), (normal_type(row[2]), row[3] == 'YES')) for row in rows)
    return found, set(row[0] for row in rows)


def problems(url, statements):
    """What is wrong with the columns of one database: a list of (table, column, text), empty if all are right."""
    with database.session(url) as connection:
        found, tables = columns(connection, sorted(set(s.table for s in statements)))
    return _compare(found, tables, statements)


def _compare(found, tables, statements):
    wrong = []
    for statement in statements:
        kind = found.get((statement.table, statement.column))
        if statement.table not in tables:
            wrong.append((statement.table, statement.column, 'the table does not exist'))
        elif kind is None:
            wrong.append((statement.table, statement.column, 'missing'))
        elif kind != (normal_type(statement.type), True):
            wrong.append((statement.table, statement.column, 'is %s%s, not %s NULL' % (
                kind[0], '' if kind[1] else ' NOT NULL', statement.type)))
    return wrong


@contextlib.contextmanager
def _locked(url, act=True):
    """A session that holds the database's own lock, so that several controllers take turns; without, if nothing is done."""
    if not act:
        with database.session(url) as connection:
            yield connection
        return
    name = 'light-snapshot:' + hashlib.sha1(url.database.encode('utf-8')).hexdigest()[:20]
    with database.session(url) as connection:
        if database.query(connection, 'SELECT GET_LOCK(%s, %s)', (name, LOCK_SECONDS))[0][0] != 1:
            raise errors.InstallerError('another node has held the schema lock of %s for %d s' % (url, LOCK_SECONDS),
                                        next_step='wait for the other controller, then run this again')
        database.query(connection, 'SET SESSION lock_wait_timeout = %d' % TABLE_LOCK_SECONDS)
        # Closing the session releases the lock.
        yield connection


def check_before(cells, statements):
    """Look at every database before any is changed. Raises errors.InstallerError naming the cell that is not fit."""
    for name, url in cells:
        try:
            wrong = problems(url, statements)
        except errors.InstallerError as error:
            raise errors.InstallerError('cell %s: %s' % (name, error.what), next_step=error.next_step)
        for table, column, text in wrong:
            if text == 'missing':
                continue
            next_step = ('let `nova-manage db sync` make the tables, then run this again'
                         if text.startswith('the table') else
                         'another program made this column; rename it or make it nullable of that type')
            raise errors.InstallerError('cell %s: %s: %s.%s: %s' % (name, url, table, column, text),
                                        next_step=next_step)


def add(name, url, statements, intent, withdraw, act=True):
    """Add what is missing in one database; returns how many columns were added.

    `intent(statement)` is called before each statement, so that the record of what we added survives a crash, and
    `withdraw(statement)` if another node added it first. Without `act` no statement is run. Raises
    errors.InstallerError naming the cell and what is in place.
    """
    added = []
    try:
        with _locked(url, act) as connection:
            for statement in statements:
                found, _tables = columns(connection, [statement.table])
                if (statement.table, statement.column) in found:
                    continue
                intent(statement)
                if not act or _execute(connection, statement, DUPLICATE_COLUMN):
                    added.append('%s.%s' % (statement.table, statement.column))
                else:
                    withdraw(statement)
            found, tables = columns(connection, sorted(set(s.table for s in statements)))
    except errors.InstallerError as error:
        raise errors.InstallerError(
            'cell %s: %s' % (name, error.what),
            'Columns added to this database so far: %s. They are nullable; nova works with them as without.' % (
                ', '.join(added) or 'none'),
            error.next_step or 'run `light-snapshot install` again: it goes on where it stopped')
    wrong = _compare(found, tables, statements)
    if wrong and act:
        raise errors.InstallerError('cell %s: %s: %s.%s: %s' % ((name, url) + wrong[0]), 'Other columns are in place.')
    return len(added)


def _execute(connection, statement, harmless):
    """Run one statement; False if the server says that another node was faster."""
    try:
        database.query(connection, statement.text)
    except Exception as error:
        # A Galera cluster's GET_LOCK is of one member only: two controllers may still meet here.
        if database.error_code(error) == harmless:
            return False
        raise
    return True


def enabled_servers(url):
    """UUIDs of servers that a cell database says use light snapshots; empty if the column is not there."""
    with database.session(url) as connection:
        found, _tables = columns(connection, ['instances'])
        if ('instances', 'light_snapshot_enable') not in found:
            return []
        rows = database.query(connection, 'SELECT uuid FROM instances WHERE deleted = 0'
                                          ' AND light_snapshot_enable = 1 ORDER BY uuid')
    return [row[0] for row in rows]


def drop(url, statements, ours, intent, done, act=True):
    """Drop the columns of one database that `ours`, a set of (table, column), names; returns how many.

    `intent(statement)` is called before each that is run (with `act`), `done(statement)` after each.
    """
    dropped = 0
    with _locked(url, act) as connection:
        for statement in statements:
            key = (statement.table, statement.column)
            if key not in ours:
                continue
            if key in columns(connection, [statement.table])[0]:
                intent(statement)
                dropped += 1 if not act or _execute(connection, statement, NO_SUCH_COLUMN) else 0
            done(statement)
    return dropped
