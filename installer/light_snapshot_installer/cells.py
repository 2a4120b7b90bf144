"""Which databases hold nova's `instances` tables: one for each cell."""
from light_snapshot_installer import database, dburl

NO_SUCH_TABLE = 1146


def find(config):
    """A list of (cell name, DatabaseUrl), each database once, from nova's configuration and its cell mappings.

    cell0 is among them. Without [api_database], or before cells existed (no table of mappings), [database] is the
    only one. Empty if nova keeps its data in something other than MySQL or MariaDB. Raises errors.InstallerError.
    """
    connection = nova_connection(config)
    if not connection:
        return []
    own = dburl.DatabaseUrl(connection)
    cells = []
    api = config.get('api_database', 'connection')
    if api:
        for name, url in _mappings(dburl.DatabaseUrl(api)):
            cells.append((name, dburl.DatabaseUrl(dburl.expand_template(url, connection))))
    # [database] is a cell's or cell0's own; it is listed once more only if no mapping names it.
    cells.append(('[database]', own))
    seen, unique = set(), []
    for name, url in cells:
        if url.is_mysql and url.key not in seen:
            seen.add(url.key)
            unique.append((name, url))
    return unique


def nova_connection(config):
    """[database] connection, or what very old files call it; None without one."""
    return (config.get('database', 'connection') or config.get('DATABASE', 'sql_connection')
            or config.get('DEFAULT', 'sql_connection'))


def _mappings(api):
    if not api.is_mysql:
        return []
    with database.session(api) as connection:
        found = database.query(connection, 'SELECT COUNT(*) FROM information_schema.tables'
                                           ' WHERE table_schema = DATABASE() AND table_name = %s', ('cell_mappings',))
        if not found[0][0]:
            return []
        rows = database.query(connection, 'SELECT name, uuid, database_connection FROM cell_mappings ORDER BY id')
    return [(name or uuid, url) for name, uuid, url in rows]
