"""Whether nova's account at a database server may change tables, told before any is changed.

The grants are read, and no statement is tried: in a Galera cluster one that fails is carried to every member all the same. What
cannot be judged by reading (roles, partial revokes, a syntax to come) counts as allowed; the server then says so itself.
"""
import re

from light_snapshot_installer import database, errors

#: What adding and dropping columns takes. The manuals name CREATE and INSERT as well; the servers ask for neither.
NEEDED = 'ALTER'
_GRANT = re.compile(r'^GRANT (?P<rights>.+?) ON (?:TABLE )?(?P<what>(?:`(?:[^`]|``)*`|\*)\.(?:`(?:[^`]|``)*`|\*)) TO ', re.S)
#: Grants that say nothing about tables.
_OTHER = re.compile(r'^GRANT (?:PROXY ON |.+ ON (?:FUNCTION|PROCEDURE|PACKAGE) )')


def check(cell, url, tables):
    """Raise errors.Refused if nova's account certainly may not change one of these tables of a cell's database."""
    if not tables:
        return
    with database.session(url) as connection:
        lacking = missing([row[0] for row in database.query(connection, 'SHOW GRANTS FOR CURRENT_USER()')], url.database, tables)
        if not lacking:
            return
        account = database.query(connection, 'SELECT CURRENT_USER()')[0][0]
    user, _at, host = account.rpartition('@')
    raise errors.Refused(
        'cell %s: the account %s may not change tables of %s: it lacks %s on %s' % (cell, account, url, NEEDED, ', '.join(lacking)),
        next_step="let a DBA run  GRANT %s ON `%s`.* TO '%s'@'%s'  or sql/*.sql by hand; then run this again" % (
            NEEDED, url.database, user, host))


def missing(grants, schema, tables):
    """The tables that an account certainly may not change, by its lines of SHOW GRANTS; none if that cannot be told."""
    have = dict((table, set()) for table in tables)
    for line in grants:
        found = _GRANT.match(line)
        if found is None:
            if _OTHER.match(line):
                continue
            return []
        where, _dot, name = _parts(found.group('what'))
        for table in tables:
            if _covers(where, schema, True) and _covers(name, table, False):
                have[table].update(_rights(found.group('rights')))
    return [table for table in tables if grants and not have[table] & set((NEEDED, 'ALL PRIVILEGES'))]


def _parts(what):
    """('`db`', '.', '`table`'): a dot may be in a name."""
    cut = re.match(r'`(?:[^`]|``)*`|\*', what).end()
    return what[:cut], '.', what[cut + 1:]


def _covers(written, name, pattern):
    """True if what a grant names is, or may be, this; a database's name there is a pattern."""
    if written == '*':
        return True
    written = written[1:-1].replace('``', '`')
    if pattern:
        words = {'%': '.*', '_': '.'}
        text = ''.join(words[part] if part in words else re.escape(part[-1:]) for part in re.findall(r'\\.|.', written, re.S))
        return re.match('(?:%s)$' % text, name, re.S | re.I) is not None
    return written.lower() == name.lower()


def _rights(text):
    """{right} of the whole table out of 'SELECT, INSERT (a, b), ALTER'; what is of some columns is none."""
    return set(' '.join(one.split()) for one in re.sub(r'\w+(?: \w+)* ?\([^)]*\)', '', text).upper().split(',') if one.strip())
