"""Connections to nova's databases through PyMySQL."""
import contextlib

from light_snapshot_installer import errors

CONNECT_SECONDS = 10


def _driver():
    try:
        import pymysql
    except ImportError:
        raise errors.InstallerError('Python has no PyMySQL, which is needed to look at nova\'s database',
                                    next_step='apt install python3-pymysql (Python 2: python-pymysql)')
    return pymysql


def connect(url):
    """Open a connection for a DatabaseUrl. Raises errors.InstallerError naming the database, never the password."""
    pymysql = _driver()
    # The old names are about to go; PyMySQL 0.6, which Liberty may have, does not know all of the new ones.
    password, database = ('passwd', 'db') if pymysql.VERSION[:2] < (0, 7) else ('password', 'database')
    options = {'user': url.user, password: url.password, database: url.database, 'autocommit': True,
               'charset': url.options.get('charset', 'utf8'), 'connect_timeout': CONNECT_SECONDS}
    if url.options.get('unix_socket'):
        options['unix_socket'] = url.options['unix_socket']
    else:
        options.update(host=url.host, port=url.port)
    tls = dict((name[len('ssl_'):], value) for name, value in url.options.items()
               if name in ('ssl_ca', 'ssl_cert', 'ssl_key'))
    if tls:
        options['ssl'] = tls
    try:
        return pymysql.connect(**options)
    except pymysql.MySQLError as error:
        what = 'the database %s does not let us in as user %s: %s' % (url, url.user, reason(error))
        raise errors.InstallerError(what, next_step='see that it is up and that nova itself can use it, then run this again')


@contextlib.contextmanager
def session(url):
    """A connection that is closed at the end; what the server refuses becomes errors.InstallerError naming `url`."""
    pymysql = _driver()
    connection = connect(url)
    try:
        yield connection
    except pymysql.MySQLError as error:
        raise errors.InstallerError('the database %s refused: %s' % (url, reason(error)))
    finally:
        try:
            connection.close()
        except pymysql.MySQLError:
            pass


def query(connection, sql, arguments=()):
    """All rows of one statement."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql, arguments or None)
        # PyMySQL 0.6 (Liberty's) has None where a statement gives no rows.
        return list(cursor.fetchall() or ())
    finally:
        cursor.close()


def error_code(error):
    """The server's number in a PyMySQL error, or 0."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def reason(error):
    """A PyMySQL error as one line."""
    return ' '.join(str(part) for part in error.args[1:]) or str(error)
