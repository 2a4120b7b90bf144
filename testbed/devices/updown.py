"""The commands: bring cinder and neutron's agent up on top of the testbed, take them down, tell how they are."""
from pathlib import Path

from .. import catalog, config, databases, install as packaging, packages, services as zed, settings, shell, updown
from . import services

VOLUMES = Path("/var/lib/cinder/volumes")
KIND, NAME = "volumev3", "cinderv3"
URL = "http://%s:%d/v3/%%(project_id)s" % (settings.IP, settings.PORTS["cinder-api"])
DRIVER = settings.STATE / "devices" / "light_snapshot_testbed.py"
# As in config.
FILES = {
    "devices/cinder.conf": ("/etc/cinder/cinder.conf", "root", "cinder", 0o640, ("cinder-api", "cinder-scheduler", "cinder-volume")),
    "devices/cinder.filters": ("/etc/cinder/rootwrap.d/light-snapshot-testbed.filters", "root", "root", 0o644, ()),
    "devices/cinder-volume": ("/etc/default/cinder-volume", "root", "root", 0o644, ("cinder-volume",)),
    "devices/linuxbridge_agent.ini": ("/etc/neutron/plugins/ml2/linuxbridge_agent.ini", "root", "neutron", 0o644,
                                      ("neutron-linuxbridge-agent",)),
}
UWSGI = {"cinder-api": ("cinder", "/usr/bin/cinder-wsgi", "/etc/cinder/cinder-api-uwsgi.ini", "cinder-api",
                        "/var/log/cinder/cinder-api.log", 1, "")}


def install():
    """Install the Debian packages; start nothing.  Raises TestbedError."""
    packaging.install(tuple(packages.DEVICES))


def _configure():
    DRIVER.parent.mkdir(parents=True, exist_ok=True)
    changed = config.write(FILES, UWSGI)
    if config.put(DRIVER, (settings.HERE / "devices/driver.py").read_text()):
        changed.add("cinder-volume")
    for service in services.ALL:
        service.forget_if_gone()
        if service.name in changed and service.ours():
            service.stop()


def _list_services():
    """What cinder and neutron have heard of their services, as nova tells it of its own."""
    session = catalog.admin()
    known = {(one["binary"], one["host"].partition("@")[0]): one for one in session.must(KIND, "GET", "/os-services")["services"]}
    for one in session.must("network", "GET", "/v2.0/agents")["agents"]:
        known[one["binary"], one["host"]] = {"state": "up" if one["alive"] else "down", "updated_at": one["heartbeat_timestamp"]}
    return known


def up():
    """Bring everything up, the testbed too where it is not.  Raises TestbedError or CloudError."""
    install()
    updown.up()
    _configure()
    databases.cinder()
    updown.serve(services.ALL)
    catalog.offer(KIND, NAME, URL)
    updown.wait_heard(services.REPORTING, _list_services)
    shell.say("up: cinder on port %d, and neutron's agent" % services.API.port)


def forget_if_gone():
    """Where cinder does not run the catalog has none; keystone serves."""
    if services.API.pid() is None:
        catalog.withdraw(KIND)


def down():
    """Stop what `up` started; volumes stay, but no server of the testbed can use them any more.  Raises TestbedError."""
    mine = services.mine()
    if not mine:
        return
    shell.together({service.name: service.stop for service in mine})
    if zed.KEYSTONE.serving():
        forget_if_gone()
    for path in VOLUMES.iterdir() if VOLUMES.is_dir() else ():
        _, out = shell.run(["losetup", "-j", str(path)])
        for line in out.splitlines():
            shell.run(["losetup", "-d", line.split(":")[0]])
    shell.say("stopped: %s" % " ".join(service.name for service in mine))


def status():
    """Return the rows of the services, as updown.rows() does."""
    rows = updown.rows(services.ALL)
    found = {row["name"]: row for row in rows}
    if found[services.API.name]["serving"] and zed.KEYSTONE.serving():
        updown.mark_mute(found, services.REPORTING, _list_services())
    return rows
