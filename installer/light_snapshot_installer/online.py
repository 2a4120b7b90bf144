"""How a table is changed while nova works on it: at once, rebuilt online, or copied, which takes the operator's word.

So does a rebuild of a large one in a Galera cluster: it carries out a change of a definition on all members at one place in the
order of all that is committed (total order isolation), and nothing else is committed until that is over.
"""
import collections
import re

from light_snapshot_installer import database, errors, node as nodes

INSTANT, INPLACE, COPY, STOPPED = 'instant', 'inplace', 'copy', 'stopped'
#: What makes the server do it so or not at all; nothing is left to its choice.
CLAUSES = ((INSTANT, ', ALGORITHM=INSTANT'), (INPLACE, ', ALGORITHM=INPLACE, LOCK=NONE'))
#: The server's numbers for "not this way": no such algorithm (5.5: no such syntax), not for this table or this change,
#: too many instant changes.
NOT_THIS_WAY = (1064, 1800, 1845, 1846, 4092)
#: Only in a Galera cluster both are set: MariaDB has the first one everywhere, MySQL neither.
_GALERA = "SHOW VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_provider')"
#: For estimates: MiB a second that a server rebuilds or copies. A slow disk's, so that the truth is rather less.
RATE = 20
#: MiB up to which a table is copied without asking: some seconds, on a server that knows no other way.
SMALL = 64
#: The first versions that do it, by (what, 'mariadb' or 'mysql').
_INSTANT = {('add', 'mariadb'): (10, 3, 2), ('add', 'mysql'): (8, 0, 12),
            ('drop', 'mariadb'): (10, 4, 0), ('drop', 'mysql'): (8, 0, 29)}
_INPLACE = {'mariadb': (10, 0, 0), 'mysql': (5, 6, 0)}

#: One table: its name, rows and MiB (the server's estimates), and the way that its change will take, as far as that is known
#: before it is tried.
Estimate = collections.namedtuple('Estimate', 'table rows mib way')


def options(parser):
    """Add the option that allows a copy."""
    parser.add_argument('--allow-table-copy', action='store_true',
                        help='let a database server that can neither change a table at once nor rebuild it online copy a large one:'
                             ' nova cannot write to it meanwhile; or a Galera cluster that cannot change it at once rebuild it: nothing'
                             ' can be written to the cluster meanwhile (for dpkg -i: ALLOW_TABLE_COPY=yes in'
                             ' /etc/default/light-snapshot)')


def allowed(root, arguments):
    """The operator's word, from the command line or the defaults file."""
    return arguments.allow_table_copy or nodes.defaults(root).get('DEFAULT', 'ALLOW_TABLE_COPY', '').lower() == 'yes'


def way(version, engine, row_format, what):
    """The way that a server of this version (as it says it itself) takes: `what` is 'add' or 'drop'."""
    if (engine or '').lower() != 'innodb':
        return COPY
    numbers = re.match(r'(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)', version)
    kind = 'mariadb' if 'mariadb' in version.lower() else 'mysql'
    number = tuple(int(part) for part in numbers.groups()) if numbers else (0, 0, 0)
    if number >= _INSTANT[(what, kind)] and (row_format or '').lower() != 'compressed':
        return INSTANT
    return INPLACE if number >= _INPLACE[kind] else COPY


def galera(connection):
    """True if the server is a member of a Galera cluster, which stops for every change of a table that takes time."""
    found = dict((row[0].lower(), (row[1] or '').lower()) for row in database.query(connection, _GALERA))
    return found.get('wsrep_on') in ('on', '1') and found.get('wsrep_provider', 'none') not in ('', 'none')


def estimates(url, tables, what):
    """An Estimate for each of the tables of one database that are there."""
    if not tables:
        return []
    with database.session(url) as connection:
        version = database.query(connection, 'SELECT VERSION()')[0][0]
        clustered = galera(connection)
        marks = ', '.join(['%s'] * len(tables))
        rows = database.query(connection, 'SELECT table_name, table_rows, data_length + index_length, engine, row_format FROM'
                                          ' information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ('
                              + marks + ') ORDER BY table_name', tuple(tables))
    ways = [way(version, engine, row_format, what) for _table, _count, _size, engine, row_format in rows]
    ways = [STOPPED if clustered and one != INSTANT else one for one in ways]
    return [Estimate(table, int(count or 0), int(size or 0) >> 20, one) for one, (table, count, size, _engine, _format) in zip(ways, rows)]


def seconds_of(estimate):
    """How long one table's change takes, about."""
    return 1 if estimate.way == INSTANT else estimate.mib // RATE + 1


def describe(estimate):
    """What is going to happen to one table, in words."""
    seconds = seconds_of(estimate)
    return '%s, about %d rows, %d MiB: %s' % (estimate.table, estimate.rows, estimate.mib, {
        INSTANT: 'changed at once',
        INPLACE: 'rebuilt while nova works on it, in about %d s' % seconds,
        STOPPED: 'REBUILT, about %d s in which the whole Galera cluster takes no writes, not of nova nor of anything else' % seconds,
        COPY: 'COPIED, about %d s in which nova cannot write to it' % seconds}[estimate.way])


def copyable(name, found, word):
    """The names of the tables that may be copied, or for which a cluster may stop: small ones that the server can change in no other
    way; all with the operator's `word`. Raises errors.Refused if a large one would be changed so without it."""
    large = [estimate for estimate in found if estimate.way in (COPY, STOPPED) and not word and estimate.mib > SMALL]
    if large:
        raise errors.Refused(
            'cell %s: its database server can change a table only by %s: %s' % (
                name, 'stopping its Galera cluster' if large[0].way == STOPPED else 'copying it', '; '.join(describe(one) for one in large)),
            next_step='choose a time at which nova may wait, then say so with --allow-table-copy (for dpkg -i: ALLOW_TABLE_COPY=yes'
                      ' in /etc/default/light-snapshot); or let a DBA run sql/*.sql')
    return [estimate.table for estimate in found if word or estimate.way in (COPY, STOPPED)]


def alter(connection, statements, allow_copy):
    """Change one table by all of the statements (sqlfiles.Statement) at once; raises what the server says in the end.

    First without touching a row, then as an online rebuild; as a copy, and in a Galera cluster as a rebuild, only with `allow_copy`.
    """
    text, clustered = combined(statements), not allow_copy and galera(connection)
    for one, clause in CLAUSES:
        if clustered and one != INSTANT:
            continue
        try:
            return database.query(connection, text + clause, patience=None)
        except Exception as error:
            if database.error_code(error) not in NOT_THIS_WAY:
                raise
    if not allow_copy:
        raise errors.InstallerError('the server would %s the table %s' % (
            'stop its Galera cluster to rebuild' if clustered else 'copy', statements[0].table),
                                    next_step='run this again with --allow-table-copy at a time at which nova may wait')
    return database.query(connection, text, patience=None)


def combined(statements):
    """One ALTER TABLE for all statements of a table."""
    start = re.compile(r'ALTER\s+TABLE\s+`?\w+`?\s+', re.I)
    return 'ALTER TABLE %s %s' % (statements[0].table, ', '.join(start.sub('', one.text, 1) for one in statements))
