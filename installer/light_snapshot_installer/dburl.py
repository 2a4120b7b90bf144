"""Database URLs as SQLAlchemy writes them, and the templates of nova's cell mappings."""
import re

try:
    from urllib.parse import parse_qsl, unquote, urlparse
except ImportError:  # Python 2
    from urllib import unquote
    from urlparse import parse_qsl, urlparse

from light_snapshot_installer import errors

_URL = re.compile(r'^(?P<scheme>[\w+.-]+)://(?:(?P<user>[^:@/]*)(?::(?P<password>.*))?@)?'
                  r'(?P<host>\[[^\]]+\]|[^:/?@]*)(?::(?P<port>\d+))?(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?$')


class DatabaseUrl(object):
    """One MySQL or MariaDB database and the account for it. Printing it shows no secret."""

    def __init__(self, url):
        """Parse `url`; raises errors.InstallerError, without the URL in its text, if it is not a database URL."""
        found = _URL.match(url.strip())
        if not found:
            raise errors.InstallerError("a database URL in nova's configuration cannot be read",
                                        next_step='look at [database] connection in /etc/nova/nova.conf')
        self.scheme = found.group('scheme')
        self.user = unquote(found.group('user') or '')
        self.password = unquote(found.group('password') or '')
        self.host = (found.group('host') or 'localhost').strip('[]')
        self.port = int(found.group('port') or 3306)
        self.database = unquote(found.group('database') or '')
        self.options = dict(parse_qsl(found.group('query') or ''))

    @property
    def is_mysql(self):
        """True for MySQL and MariaDB, whatever driver nova names."""
        return self.scheme.split('+')[0] in ('mysql', 'mariadb')

    @property
    def key(self):
        """What tells two databases apart, without the account."""
        return (self.options.get('unix_socket') or '%s:%s' % (self.host, self.port), self.database)

    def __str__(self):
        return '%s on %s' % (self.database, self.key[0])

    def __repr__(self):
        return '<DatabaseUrl %s>' % self


def expand_template(template, default):
    """A cell mapping's URL with {username}, {password}, {hostname}, {port}, {path}, {query}... of `default` filled in.

    The same substitution as nova's CellMapping. A URL without braces comes back as it is. Raises
    errors.InstallerError if a name in braces is unknown.
    """
    if '{' not in template:
        return template
    parts = urlparse(default)
    values = {'username': parts.username, 'password': parts.password, 'hostname': parts.hostname, 'port': parts.port,
              'scheme': parts.scheme, 'query': parts.query, 'fragment': parts.fragment, 'path': parts.path.lstrip('/')}
    try:
        return template.format(**values)
    except (KeyError, IndexError, ValueError):
        raise errors.InstallerError(
            "a cell mapping's database URL has a template that [database] connection cannot fill",
            next_step='look at `nova-manage cell_v2 list_cells --verbose`')
