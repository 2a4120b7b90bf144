"""The commands: bring the Ocata cloud up on top of the testbed, take it down, make it new, tell how it is."""
import shutil

from .. import catalog, cloud, leftovers, services as zed_services, settings as zed, shell, updown
from . import node, place, services, settings

# What it shares with the testbed's own cloud.
SHARED = ("mariadb", "rabbitmq-server", "virtlogd", "libvirtd", "keystone", "glance-api", "neutron-api")


def admin():
    """Return a session of the Ocata cloud's administrator."""
    return cloud.Cloud("admin", zed.PASSWORD, "admin", zed.AUTH_URL, zed.REGION,
                       endpoints={"compute": settings.API + "/v2.1"})


def _prepare():
    """Have all that the cloud stands on, the testbed included."""
    if not all(zed_services.BY_NAME[name].serving() for name in SHARED):
        updown.up()
    for service in services.ALL:
        service.forget_if_gone()
    if node.make():
        _stop()
    shell.together({"message queue": place.message_queue, "schemas": place.schema})


def up():
    """Bring everything up, the testbed's own cloud too where it is not.  Raises TestbedError or CloudError."""
    _prepare()
    updown.serve(services.ALL)
    updown.wait_heard(services.REPORTING, admin().compute_services)
    place.map_host()
    catalog.flavors(admin())
    shell.say("up: openrc %s, the API at %s" % (settings.OPENRC, settings.API))


def package():
    """Install the project's package, built from this tree, on the node, and bring everything up with it.

    Raises TestbedError or CloudError.
    """
    _prepare()
    _, deb = shell.run([str(node.TOP / "tools/build-deb"), str(node.TOP / "dist")])
    _stop()
    node.package(deb.split()[-1])
    shell.say("light-snapshot is installed on Ocata's node")
    up()


def _stop():
    mine = services.mine()
    shell.together({service.name: service.stop for service in mine})
    return [service.name for service in mine]


def down():
    """Stop what `up` started; the cloud's guests lose their power.  Raises TestbedError."""
    if services.mine():
        services.COMPUTE.stop()
        if zed_services.BY_NAME["libvirtd"].serving():
            updown.destroy_guests(False, settings.DOMAINS)
        shell.say("stopped: Ocata's %s" % " ".join(_stop()))


def clear():
    """Delete every server of the cloud, which is up.  Raises CloudError."""
    leftovers.clear(admin(), settings.INSTANCES)


def forget():
    """Drop the databases, the instances and libvirt's domains; MariaDB and libvirt serve."""
    updown.destroy_guests(True, settings.DOMAINS)
    place.drop()
    updown.empty(settings.INSTANCES)


def reset():
    """Stop what `up` started, and drop databases, instances and the node itself.  Raises TestbedError."""
    down()
    if zed_services.BY_NAME["mariadb"].serving() and zed_services.BY_NAME["libvirtd"].serving():
        forget()
    shutil.rmtree(settings.TOP, ignore_errors=True)
    shell.say("Ocata's databases, instances and node are gone")


def install():
    """Install what `up` needs; start nothing.  Raises TestbedError."""
    node.make()


def status():
    """Return the rows of the services, as updown.rows() does."""
    rows = updown.rows(services.ALL)
    found = {row["name"]: row for row in rows}
    if found[services.API.name]["serving"] and zed_services.KEYSTONE.serving():
        updown.mark_mute(found, services.REPORTING, admin().compute_services())
    return rows
