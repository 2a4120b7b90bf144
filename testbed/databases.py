"""The databases of the stack: accounts, schemas, and nova's cells."""
import shutil
from pathlib import Path

from . import settings, shell, state

KEYS = (Path("/etc/keystone/fernet-keys"), Path("/etc/keystone/credential-keys"))
# The package whose version tells whether a schema may have to be brought up to date.
PACKAGES = {"keystone": "keystone", "glance": "glance-common", "placement": "placement-common", "nova": "nova-common",
            "neutron": "neutron-common", "cinder": "cinder-common"}


def sql(text, database=""):
    """Run the SQL TEXT as MariaDB's root and return its rows as lists of strings.  Raises TestbedError."""
    _, out = shell.run(["mariadb", "-u", "root", "-N", "-B"] + ([database] if database else []), text=text)
    return [line.split("\t") for line in out.splitlines()]


def tables(database):
    """Return how many tables DATABASE has."""
    return int(sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='%s'" % database)[0][0])


def accounts():
    """Make the databases and the accounts that own them, with today's password even where another testbed left others."""
    lines = []
    for name, user in settings.DATABASES.items():
        lines.append("CREATE DATABASE IF NOT EXISTS %s CHARACTER SET utf8;" % name)
        for host in (settings.IP, "localhost"):
            account = "'%s'@'%s'" % (user, host)
            lines.append("CREATE USER IF NOT EXISTS %s IDENTIFIED BY '%s';" % (account, settings.PASSWORD))
            lines.append("ALTER USER %s IDENTIFIED BY '%s';" % (account, settings.PASSWORD))
            lines.append("GRANT ALL ON %s.* TO %s;" % (name, account))
    sql("\n".join(lines))


def drop():
    """Drop every database of the stack."""
    sql("\n".join("DROP DATABASE IF EXISTS %s;" % name for name in settings.DATABASES))


def _schema(project, names, commands):
    """Bring the databases NAMES of PROJECT up to date with COMMANDS, unless that was done with the same package version.

    A first creation that was interrupted leaves a schema that cannot be continued: such databases are made anew.
    """
    _, version = shell.run(["dpkg-query", "-W", "-f=${Version}", PACKAGES[project]])
    stamp = "schema-" + project
    if state.stamp(stamp) == version and all(tables(name) for name in names):
        return
    begun = state.stamp(stamp + "-begun")
    if begun is not None:
        for name in names:
            sql("DROP DATABASE IF EXISTS %s; CREATE DATABASE %s CHARACTER SET utf8;" % (name, name))
        shell.say("%s: an interrupted schema was dropped" % project)
    state.set_stamp(stamp, None)
    if not any(tables(name) for name in names):
        state.set_stamp(stamp + "-begun", version)
    for number, command in enumerate(commands):
        shell.run(command, user=project, log=settings.LOGS / ("schema-%s-%d.log" % (project, number)), timeout=900)
    state.set_stamp(stamp, version)
    state.set_stamp(stamp + "-begun", None)


def keystone():
    """Make keystone's schema, keys and first administrator."""
    for path, command in zip(KEYS, ("fernet_setup", "credential_setup")):
        if not (path / "0").exists():
            path.mkdir(mode=0o700, exist_ok=True)
            shutil.chown(path, "keystone", "keystone")
            shell.run(["keystone-manage", command, "--keystone-user", "keystone", "--keystone-group", "keystone"], user="keystone")
    _schema("keystone", ["keystone"], [["keystone-manage", "db_sync"]])
    if state.stamp("keystone-bootstrap") is None:
        bootstrap()


def bootstrap():
    """Give keystone its administrator, or the administrator today's password."""
    url = settings.AUTH_URL + "/"
    shell.run(["keystone-manage", "bootstrap", "--bootstrap-password", settings.PASSWORD, "--bootstrap-region-id", settings.REGION,
               "--bootstrap-admin-url", url, "--bootstrap-internal-url", url, "--bootstrap-public-url", url],
              user="keystone", log=settings.LOGS / "keystone-bootstrap.log")
    state.set_stamp("keystone-bootstrap", "done")


def glance():
    """Make glance's schema."""
    _schema("glance", ["glance"], [["glance-manage", "db_sync"]])


def placement():
    """Make placement's schema."""
    _schema("placement", ["placement"], [["placement-manage", "db", "sync"]])


def neutron():
    """Make neutron's schema."""
    _schema("neutron", ["neutron"], [[
        "neutron-db-manage", "--config-file", "/etc/neutron/neutron.conf", "--config-file", "/etc/neutron/plugins/ml2/ml2_conf.ini",
        "upgrade", "heads"]])


def cinder():
    """Make cinder's schema."""
    _schema("cinder", ["cinder"], [["cinder-manage", "db", "sync"]])


def _cell_addresses():
    """Put today's addresses into nova's list of cells: databases of another testbed may hold another password."""
    if tables("nova_api"):
        sql("UPDATE cell_mappings SET database_connection='%s' WHERE name='cell0';"
            "UPDATE cell_mappings SET database_connection='%s', transport_url='%s' WHERE name='cell1';" % (
                settings.database_url("nova_cell0"), settings.database_url("nova"), settings.TRANSPORT_URL), "nova_api")


def nova():
    """Make nova's schemas and its two cells."""
    # Before the schemas, because the one of cell0 is reached by the address in that list.
    if state.stamp("schema-nova-begun") is None:
        _cell_addresses()
    _schema("nova", ["nova_api", "nova_cell0", "nova"], [
        ["nova-manage", "api_db", "sync"],
        ["nova-manage", "cell_v2", "map_cell0", "--database_connection", settings.database_url("nova_cell0")],
        ["nova-manage", "db", "sync"],
    ])
    if not sql("SELECT 1 FROM cell_mappings WHERE name='cell1'", "nova_api"):
        shell.run(["nova-manage", "cell_v2", "create_cell", "--name", "cell1"], user="nova", log=settings.LOGS / "cell1.log")


def host_mapped():
    """Return whether nova knows this machine's compute service as a member of a cell."""
    return bool(sql("SELECT 1 FROM host_mappings WHERE host='%s'" % settings.HOST, "nova_api"))


def map_host():
    """Make the compute service a member of its cell."""
    if not host_mapped():
        shell.run(["nova-manage", "cell_v2", "discover_hosts", "--verbose"], user="nova", log=settings.LOGS / "discover.log")
    if not host_mapped():
        raise shell.failed("nova-compute on %s was not found by discover_hosts" % settings.HOST, settings.LOGS / "discover.log")
