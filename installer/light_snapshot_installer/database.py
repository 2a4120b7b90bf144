"""Connections to nova's databases through PyMySQL."""
import contextlib
import os
import socket

from light_snapshot_installer import errors

#: How long a server may take to let us in, and to answer a statement that is not known to take long (seconds).
CONNECT_SECONDS = 10
PATIENCE = 60
#: The driver's numbers for a server that cannot be reached, or does not answer (any more).
LOST = (2002, 2003, 2006, 2013)
_AGAIN = 'see that it is up and that nova itself can use it, then run this again'


class Silent(errors.InstallerError):
    """A database server does not answer, or does not any more."""


def _driver():
    try:
        import pymysql
    except ImportError:
        raise errors.InstallerError('Python has no PyMySQL, which is needed to look at nova\'s database',
                                    next_step='apt install python3-pymysql (Python 2: python-pymysql)')
    return pymysql


def connect(url):
    """Open a connection for a DatabaseUrl. Raises errors.InstallerError naming the database, never the password: Silent if nothing
    answers."""
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
    for name, path in sorted(tls.items()):
        if not os.path.isfile(path):
            raise errors.InstallerError("the database %s: there is no file %s, which its URL in nova's configuration names as ssl_%s" % (
                url, path, name), next_step='correct the URL or put the file there, then run this again')
    try:
        return _open(pymysql, options)
    except (pymysql.MySQLError, IOError, OSError) as error:
        if error_code(error) in LOST:
            raise Silent('the database %s does not answer: %s' % (url, reason(error)), next_step=_AGAIN)
        raise errors.InstallerError('the database %s does not let us in as user %s: %s' % (url, url.user, reason(error)), next_step=_AGAIN)


def _open(pymysql, options):
    """A connection to a server that greets us in time, as every PyMySQL since 0.6 can be told."""
    known = pymysql.connections.Connection.__init__.__code__.co_varnames
    options.update((name, CONNECT_SECONDS) for name in ('read_timeout', 'write_timeout') if name in known)
    before = socket.getdefaulttimeout()
    if 'read_timeout' not in known:
        socket.setdefaulttimeout(CONNECT_SECONDS)
    try:
        return pymysql.connect(**options)
    finally:
        socket.setdefaulttimeout(before)


def _wait_for(connection, seconds):
    """The server has so long (None: for ever) for each answer from now on."""
    if hasattr(connection, '_read_timeout'):
        connection._read_timeout = seconds
    else:
        # PyMySQL 0.6 leaves the time that it had to connect on the socket.
        _socket(connection).settimeout(seconds)


def _socket(connection):
    """A connection's socket, by the name that it has in this PyMySQL."""
    return getattr(connection, '_sock', None) or connection.socket


def hang_up(connection):
    """End a connection on which another thread waits for an answer: that one hears at once that it is lost."""
    try:
        _socket(connection).shutdown(socket.SHUT_RDWR)
    except (AttributeError, IOError, OSError):
        # It has ended by itself meanwhile.
        pass


@contextlib.contextmanager
def session(url):
    """A connection that is closed at the end; what the server refuses becomes errors.InstallerError naming `url`, Silent if it has
    gone."""
    pymysql = _driver()
    connection = connect(url)
    try:
        yield connection
    except pymysql.MySQLError as error:
        if error_code(error) in LOST:
            raise Silent('the connection to the database %s broke: %s' % (url, reason(error)), next_step=_AGAIN)
        raise errors.InstallerError('the database %s refused: %s' % (url, reason(error)))
    finally:
        try:
            connection.close()
        except pymysql.MySQLError:
            pass


def query(connection, sql, arguments=(), patience=PATIENCE):
    """All rows of one statement; `patience`: seconds that the server has to answer, None for as long as it takes."""
    _wait_for(connection, patience)
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
