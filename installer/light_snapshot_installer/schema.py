"""The six columns in every cell database: added, checked, dropped; each only if needed, under the database's lock."""
import collections
import contextlib
import hashlib
import re
import time

from light_snapshot_installer import database, errors, online, progress

#: How long another node may hold the lock without a statement under way.
LOCK_SECONDS = 120
#: How long a statement waits for nova's own transactions on the table.
TABLE_LOCK_SECONDS = 60
DUPLICATE_COLUMN = 1060
_UNDER_WAY = ' A change that was under way is carried out by the server or taken back by it; the record holds what is ours.'
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
def _locked(url, act=True, say=lambda text: None):
    """A session that holds the database's own lock, so that several controllers take turns; without, if nothing is done."""
    if not act:
        with database.session(url) as connection:
            yield connection
        return
    name = 'light-snapshot:' + hashlib.sha1(url.database.encode('utf-8')).hexdigest()[:20]
    with database.session(url) as connection:
        _take_turn(connection, url, name, say)
        database.query(connection, 'SET SESSION lock_wait_timeout = %d' % TABLE_LOCK_SECONDS)
        # Closing the session releases the lock.
        yield connection


def _take_turn(connection, url, name, say):
    """Wait for the lock as long as who holds it is at work, hours if a large table takes that."""
    busy = began = time.time()
    while database.query(connection, 'SELECT GET_LOCK(%s, %s)', (name, min(progress.HEARTBEAT, LOCK_SECONDS)))[0][0] != 1:
        holder = database.query(connection, 'SELECT IS_USED_LOCK(%s)', (name,))[0][0]
        found = database.query(connection, 'SELECT command, host FROM information_schema.processlist WHERE id = %s', (holder,))
        if found and found[0][0] != 'Sleep':
            busy = time.time()
        if time.time() - busy >= LOCK_SECONDS:
            raise errors.InstallerError(
                'another node holds the schema lock of %s, and has done nothing there for %d s' % (url, LOCK_SECONDS),
                next_step='look for a light-snapshot that hangs there (its connection to the server has the number %s), then run this again'
                          % holder)
        say('%s: another node%s changes the tables; waiting for it, %d s so far' % (
            url, ' (%s)' % found[0][1] if found and found[0][1] else '', time.time() - began))


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


def missing(url, statements):
    """The names of the tables of one database that `add` would change."""
    with database.session(url) as connection:
        found, tables = columns(connection, by_table(statements).keys())
    return sorted(set(s.table for s in statements if s.table in tables and (s.table, s.column) not in found))


def by_table(statements):
    """{table: its statements}, in their order."""
    tables = collections.OrderedDict()
    for statement in statements:
        tables.setdefault(statement.table, []).append(statement)
    return tables


def add(name, url, statements, hooks, act=True, copyable=()):
    """Add what is missing in one database, one statement for each table; returns how many columns were added.

    `hooks`: `intent(statements)` is called before each, so that the record of what we added survives a crash, and
    `withdraw(statement)` if another node added a column first; see ledger.py for `say` and `seconds`. Without `act`
    nothing is run. `copyable`: tables that may be copied, see online.py.
    Raises errors.InstallerError naming the cell and what is in place.
    """
    added = []
    try:
        with _locked(url, act, hooks.say) as connection:
            for table, wanted in by_table(statements).items():
                added.extend(_add_to(connection, url, table, wanted, hooks, act, table in copyable))
            found, tables = columns(connection, by_table(statements).keys())
    except errors.InstallerError as error:
        raise errors.InstallerError(
            'cell %s: %s' % (name, error.what),
            'Columns added to this database so far: %s. They are nullable; nova works with them as without.%s' % (
                ', '.join(added) or 'none', _UNDER_WAY if isinstance(error, database.Silent) else ''),
            error.next_step or 'run `light-snapshot install` again: it goes on where it stopped')
    wrong = _compare(found, tables, statements)
    if wrong and act:
        raise errors.InstallerError('cell %s: %s: %s.%s: %s' % ((name, url) + wrong[0]), 'Other columns are in place.')
    return len(added)


def _add_to(connection, url, table, wanted, hooks, act, allow_copy):
    """Add what is missing in one table; the names of the columns that were added."""
    found = columns(connection, [table])[0]
    todo = [statement for statement in wanted if (table, statement.column) not in found]
    while todo:
        hooks.intent(todo)
        if not act or _execute(connection, url, todo, DUPLICATE_COLUMN, allow_copy, hooks):
            break
        found = columns(connection, [table])[0]
        for statement in [one for one in todo if (table, one.column) in found]:
            hooks.withdraw(statement)
        todo = [one for one in todo if (table, one.column) not in found]
    return ['%s.%s' % (table, statement.column) for statement in todo]


def _execute(connection, url, statements, harmless, allow_copy, hooks):
    """Change one table; False if the server says that another node was faster with some of it."""
    try:
        table = statements[0].table
        with progress.told(connection, url, table, hooks.seconds.get(table), hooks.say):
            online.alter(connection, statements, allow_copy)
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


def drop(url, statements, ours, hooks, act=True, copyable=()):
    """Drop the columns of one database that `ours`, a set of (table, column), names; returns how many.

    `hooks`: `intent(statements)` is called before each statement, one for each table, and `done(statement)` of each
    column after it. Without `act` nothing is run. Raises errors.InstallerError naming how far it went.
    """
    dropped = []
    try:
        _drop(url, statements, ours, hooks, act, copyable, dropped)
    except errors.InstallerError as error:
        raise errors.InstallerError(
            error.what, 'What was done before stays done. Columns dropped from this database so far: %s.%s' % (
                ', '.join(dropped) or 'none', _UNDER_WAY if isinstance(error, database.Silent) else ''),
            error.next_step or 'run the same command again: it goes on where it stopped')
    return len(dropped)


def _drop(url, statements, ours, hooks, act, copyable, dropped):
    with _locked(url, act, hooks.say) as connection:
        for table, wanted in by_table(statements).items():
            wanted = [statement for statement in wanted if (table, statement.column) in ours]
            while True:
                found = columns(connection, [table])[0]
                todo = [statement for statement in wanted if (table, statement.column) in found]
                if not todo:
                    break
                hooks.intent(todo)
                if not act or _execute(connection, url, todo, NO_SUCH_COLUMN, table in copyable, hooks):
                    dropped.extend('%s.%s' % (table, statement.column) for statement in todo)
                    break
            for statement in wanted:
                hooks.done(statement)
