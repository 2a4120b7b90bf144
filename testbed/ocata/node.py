"""The Ocata node: a directory laid out as one, with nova and its libraries from PyPI, its settings, and its place in the testbed."""
import hashlib
import os
import shlex
import shutil
import sys
from pathlib import Path

from .. import config, databases, install, packages, settings as zed, shell, state
from . import services, settings

TOP = Path(__file__).resolve().parents[2]
TOOLS = TOP / "tools"
STAMP = settings.TOP / "identity"
RABBIT_STAMP = "ocata-rabbitmq"
SCHEMA_STAMP = "ocata-schema"


def identity():
    """Return a checksum of what the virtual environment is made of."""
    parts = [settings.REQUIREMENTS, TOOLS / "libvirt-python27", TOOLS / "python27"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()[:16]


def _python27():
    """Return a Python 2.7 that nova's account can run: the machine's, or a copy where that is in somebody's home."""
    _, path = shell.run([str(TOOLS / "python27")], environment=_with_network())
    python = Path(path.split()[-1]).resolve()
    code, _ = shell.run([str(python), "-c", ""], user="nova", check=False)
    if code == 0:
        return python
    shutil.rmtree(settings.PYTHON27, ignore_errors=True)
    shutil.copytree(python.parents[1], settings.PYTHON27, symlinks=True, ignore=shutil.ignore_patterns("test", "*.a", "share"))
    return settings.PYTHON27 / "bin" / python.name


def _with_network():
    """pip and apt, unlike the stack, may need the machine's proxy settings."""
    return dict(os.environ, **zed.ENVIRONMENT)


def _virtualenv(python):
    """Make the node's /usr: a virtual environment with nova in it."""
    shutil.rmtree(settings.NODE, ignore_errors=True)
    if not (settings.MAKER / "bin/virtualenv").exists():
        shell.run([sys.executable, "-m", "venv", "--clear", str(settings.MAKER)])
        _pip(settings.MAKER, "maker", "virtualenv<20.22")
    # No links: the interpreter it is made of lies where only root can look, perhaps.
    shell.run([str(settings.MAKER / "bin/virtualenv"), "-q", "--always-copy", "-p", str(python), str(settings.USR)],
              environment=_with_network())
    _pip(settings.USR, "nova", "--no-deps", "-r", str(settings.REQUIREMENTS))
    shell.run([str(TOOLS / "libvirt-python27"), str(settings.USR)], log=zed.LOGS / "ocata-libvirt-python.log",
              environment=_with_network())
    # Where a Debian or Ubuntu node has its packages.
    (settings.USR / "lib/python2.7/dist-packages").symlink_to("site-packages")


def _pip(environment, name, *words):
    shell.run([str(environment / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"] + list(words),
              log=zed.LOGS / ("ocata-pip-%s.log" % name), timeout=1800, environment=_with_network())


def _directories():
    """Make the node's directories; nova's own belong to nova."""
    for path in (settings.ETC / "rootwrap.d", settings.ETC / "policy.d", settings.ETC / "placement", settings.USR / "lib/testbed",
                 settings.OVER / "bin", settings.OVER / "lib", settings.OVER / "sbin", settings.OVER / "share", settings.RUN, settings.LOGS, settings.NODE / "var/lib/dpkg/info"):
        path.mkdir(parents=True, exist_ok=True)
    for path in (settings.STATE_PATH, settings.STATE_PATH / "lock", settings.INSTANCES):
        path.mkdir(parents=True, exist_ok=True)
        shutil.chown(path, "nova", "nova")
    # dpkg keeps the node's diversions there.
    (settings.NODE / "var/lib/dpkg/status").touch()
    shutil.copy(settings.LOOK, settings.USR / "lib/testbed/qemu-img")
    # Not the whole of its /usr: the interpreter there stands on the machine's own Python 2.7, perhaps.
    ours = ["lib/testbed", "lib/light-snapshot", "share/light-snapshot", "sbin/light-snapshot"]
    for name in ours + ["bin/" + program.name for program in (settings.USR / "bin").glob("nova-*")]:
        if not (settings.OVER / name).is_symlink():
            (settings.OVER / name).symlink_to(settings.USR / name)
    # The node's own name of its directories, as its settings and the installer know them, is the machine's name of them too.
    here = settings.NODE / str(settings.NODE).lstrip("/")
    if not here.is_symlink():
        here.parent.mkdir(parents=True, exist_ok=True)
        here.symlink_to(settings.NODE)


def _words():
    words = {"database_" + name: settings.database_url(name) for name in settings.DATABASES}
    return dict(words, state_path=settings.STATE_PATH, instances=settings.INSTANCES, transport_url=settings.TRANSPORT_URL,
                domains=settings.DOMAINS, api=settings.API, api_port=settings.PORTS["ocata-api"],
                placement_port=settings.PORTS["ocata-placement"], glance_port=settings.PORTS["ocata-glance"],
                glance_images=zed.GLANCE_IMAGES, cell=settings.CELL, compute_pid=services.COMPUTE.pidfile,
                verify=shlex.quote(shlex.join(_command("verify", "--json"))),
                compute_start=shlex.quote(shlex.join(["env", "PYTHONPATH=%s" % TOP, sys.executable, "-m", "testbed.ocata", "up"])))


def write():
    """Write the node's settings; return the set of files that changed."""
    _directories()
    files = {
        "nova.conf": (settings.ETC / "nova.conf", "nova"), "placement.conf": (settings.ETC / "placement/nova.conf", "nova"),
        "api-paste.ini": (settings.ETC / "api-paste.ini", "nova"), "rootwrap.conf": (settings.ETC / "rootwrap.conf", "root"),
        "nova.filters": (settings.ETC / "rootwrap.d/nova.filters", "root"),
        "glance-api.conf": (settings.ETC / "glance-api.conf", "glance"),
    }
    changed = {name for name, (path, group) in files.items()
               if config.put(path, config.render("ocata/" + name, **_words()), group=group, mode=0o640)}
    config.put_private(settings.OPENRC, config.render("ocata/openrc", **_words()))
    return changed


def make():
    """Have the node: packages, virtual environment, settings.  Return the set of settings that changed.  Raises TestbedError."""
    if install.missing(packages.BINDING):
        install.install(tuple(packages.BINDING))
    settings.TOP.mkdir(parents=True, exist_ok=True)
    zed.LOGS.mkdir(parents=True, exist_ok=True)
    if not STAMP.exists() or STAMP.read_text() != identity():
        shell.say("installing nova 15.1.5 for Python 2.7")
        STAMP.unlink(missing_ok=True)
        _virtualenv(_python27())
        STAMP.write_text(identity())
        shell.say("nova 15.1.5 installed")
    return write()


def _command(*words):
    """Return the package's command for the node: a tree, so that it restarts nothing."""
    return services.entered(["/usr/sbin/light-snapshot", "--root", str(settings.NODE), "--python", str(settings.USR / "bin/python")]
                            + list(words))


def light_snapshot(*words):
    """Run the package's command on the node.  Raises TestbedError."""
    shell.run(_command(*words), log=zed.LOGS / ("ocata-light-snapshot-%s.log" % words[0]))


def package(deb):
    """Unpack the package DEB on the node and have it extend the node's nova."""
    shell.run(["dpkg-deb", "-x", str(deb), str(settings.NODE)])
    light_snapshot("install")
    light_snapshot("verify")


# --- its place in the testbed's MariaDB and RabbitMQ


def _manage(name, *words):
    shell.run(services.inside(["nova-manage"] + list(words)), log=_schema_log(name), timeout=900, environment=settings.ENVIRONMENT)


def _schema_log(name):
    return zed.LOGS / ("ocata-schema-%s.log" % name)


def schema():
    """Make the databases and their schemas, once; an interrupted creation begins anew."""
    if state.stamp(SCHEMA_STAMP) == identity() and all(databases.tables(name) for name in settings.DATABASES):
        return
    drop_databases()
    lines = []
    for name in settings.DATABASES:
        lines.append("CREATE DATABASE %s CHARACTER SET utf8;" % name)
        lines.extend("GRANT ALL ON %s.* TO 'nova'@'%s';" % (name, host) for host in (zed.IP, "localhost"))
    databases.sql("\n".join(lines))
    shell.together({"API": lambda: _manage("api", "api_db", "sync"), "cell": lambda: _manage("cell", "db", "sync", "--local_cell")})
    # The cell of what was never scheduled has the same schema; a copy takes two seconds, its migrations fifteen.
    _, dump = shell.run(["mariadb-dump", "-u", "root", settings.CELL])
    databases.sql(dump, settings.CELL0)
    _manage("cell0", "cell_v2", "map_cell0", "--database_connection", settings.database_url(settings.CELL0))
    _manage("cell1", "cell_v2", "create_cell", "--name", "cell1")
    state.set_stamp(SCHEMA_STAMP, identity())
    shell.say("Ocata's schemas are there")


def map_host():
    """Make the compute service a member of its cell."""
    asked = "SELECT 1 FROM host_mappings WHERE host='%s'" % zed.HOST
    if not databases.sql(asked, settings.API_DATABASE):
        _manage("discover", "cell_v2", "discover_hosts", "--verbose")
        if not databases.sql(asked, settings.API_DATABASE):
            raise shell.failed("Ocata's nova-compute was not found by discover_hosts", _schema_log("discover"))


def drop_databases():
    """Drop Ocata's databases."""
    databases.sql("\n".join("DROP DATABASE IF EXISTS %s;" % name for name in settings.DATABASES))


def message_queue():
    """Have a virtual host of its own in RabbitMQ."""
    if state.stamp(RABBIT_STAMP) is None:
        _, found = shell.run(["rabbitmqctl", "-q", "list_vhosts"])
        if settings.VHOST not in found.split():
            shell.run(["rabbitmqctl", "-q", "add_vhost", settings.VHOST])
        shell.run(["rabbitmqctl", "-q", "set_permissions", "-p", settings.VHOST, "openstack", ".*", ".*", ".*"])
        state.set_stamp(RABBIT_STAMP, "done")
