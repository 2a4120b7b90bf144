"""Ocata's place in the testbed's MariaDB and RabbitMQ."""
from .. import databases, settings as zed, shell, state
from . import node, services, settings

RABBIT_STAMP = "ocata-rabbitmq"
SCHEMA_STAMP = "ocata-schema"


def _log(name):
    return zed.LOGS / ("ocata-schema-%s.log" % name)


def _manage(name, *words):
    shell.run(services.inside(["nova-manage", *words]), log=_log(name), timeout=900, environment=settings.ENVIRONMENT)


def schema():
    """Make the databases and their schemas, once; an interrupted creation begins anew.  Raises TestbedError."""
    if state.stamp(SCHEMA_STAMP) == node.identity() and all(databases.tables(name) for name in settings.DATABASES):
        return
    drop()
    lines = []
    for name in settings.DATABASES:
        lines.append("CREATE DATABASE %s CHARACTER SET utf8;" % name)
        lines.extend("GRANT ALL ON %s.* TO 'nova'@'%s';" % (name, host) for host in (zed.IP, "localhost"))
    databases.sql("\n".join(lines))
    shell.together({"API": lambda: _manage("api", "api_db", "sync"),
                    "cell": lambda: _manage("cell", "db", "sync", "--local_cell")})
    # The cell of what was never scheduled has the same schema; a copy takes two seconds, its migrations fifteen.
    _, dump = shell.run(["mariadb-dump", "-u", "root", settings.CELL])
    databases.sql(dump, settings.CELL0)
    _manage("cell0", "cell_v2", "map_cell0", "--database_connection", settings.database_url(settings.CELL0))
    _manage("cell1", "cell_v2", "create_cell", "--name", "cell1")
    state.set_stamp(SCHEMA_STAMP, node.identity())
    shell.say("Ocata's schemas are there")


def map_host():
    """Make the compute service a member of its cell.  Raises TestbedError."""
    asked = "SELECT 1 FROM host_mappings WHERE host='%s'" % zed.HOST
    if not databases.sql(asked, settings.API_DATABASE):
        _manage("discover", "cell_v2", "discover_hosts", "--verbose")
        if not databases.sql(asked, settings.API_DATABASE):
            raise shell.failed("Ocata's nova-compute was not found by discover_hosts", _log("discover"))


def message_queue():
    """Have a virtual host of its own in RabbitMQ.  Raises TestbedError."""
    if state.stamp(RABBIT_STAMP) is None:
        _, found = shell.run(["rabbitmqctl", "-q", "list_vhosts"])
        if settings.VHOST not in found.split():
            shell.run(["rabbitmqctl", "-q", "add_vhost", settings.VHOST])
        shell.run(["rabbitmqctl", "-q", "set_permissions", "-p", settings.VHOST, "openstack", ".*", ".*", ".*"])
        state.set_stamp(RABBIT_STAMP, "done")


def drop():
    """Drop Ocata's databases, and forget that they and the queue were looked after."""
    databases.sql("\n".join("DROP DATABASE IF EXISTS %s;" % name for name in settings.DATABASES))
    for stamp in (SCHEMA_STAMP, RABBIT_STAMP):
        state.set_stamp(stamp, None)
