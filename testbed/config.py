"""The configuration files of the stack: templates filled in, the packages' own files kept aside."""
import grp
import os
import pwd
import shutil
import string
from pathlib import Path

from . import settings, shell

ORIGINALS = settings.STATE / "original"
# How every file made from a template begins.
MARK = "# testbed"

# template: (file, owner, group, mode, the services that read it)
FILES = {
    "mariadb.cnf": ("/etc/mysql/mariadb.conf.d/99-light-snapshot-testbed.cnf", "root", "root", 0o644, ("mariadb",)),
    "memcached.conf": ("/etc/memcached.conf", "root", "root", 0o644, ("memcached",)),
    "rabbitmq-env.conf": ("/etc/rabbitmq/rabbitmq-env.conf", "root", "root", 0o644, ("rabbitmq-server",)),
    "libvirtd.conf": ("/etc/libvirt/libvirtd.conf", "root", "root", 0o644, ("libvirtd",)),
    "keystone.conf": ("/etc/keystone/keystone.conf", "root", "keystone", 0o640, ("keystone",)),
    "glance-api.conf": ("/etc/glance/glance-api.conf", "root", "glance", 0o640, ("glance-api",)),
    "placement.conf": ("/etc/placement/placement.conf", "root", "placement", 0o640, ("placement-api",)),
    "neutron.conf": ("/etc/neutron/neutron.conf", "root", "neutron", 0o640, ("neutron-api", "neutron-rpc-server")),
    "ml2_conf.ini": ("/etc/neutron/plugins/ml2/ml2_conf.ini", "root", "neutron", 0o644, ("neutron-api", "neutron-rpc-server")),
    "nova.conf": ("/etc/nova/nova.conf", "root", "nova", 0o640,
                  ("nova-api", "nova-conductor", "nova-scheduler", "nova-novncproxy", "nova-compute")),
    "nova-compute.conf": ("/etc/nova/nova-compute.conf", "root", "nova", 0o644, ("nova-compute",)),
    "nova-consoleproxy": ("/etc/default/nova-consoleproxy", "root", "root", 0o644, ("nova-novncproxy",)),
    "apache-ports.conf": ("/etc/apache2/ports.conf", "root", "root", 0o644, ("apache2",)),
    "apache-testbed.conf": ("/etc/apache2/conf-available/light-snapshot-testbed.conf", "root", "root", 0o644, ("apache2",)),
    "horizon.py": ("/etc/openstack-dashboard/local_settings.d/_0900_light_snapshot_testbed.py", "root", "root", 0o644,
                   ("apache2",)),
}

# service: (system user, application, ini file, the name its init script looks for in /etc/default, log, threads, further lines)
UWSGI = {
    "keystone": ("keystone", "/usr/bin/keystone-wsgi-public", "/etc/keystone/keystone-uwsgi.ini", "keystone",
                 "/var/log/keystone/keystone.log", 8, ""),
    "placement-api": ("placement", "/usr/bin/placement-api", "/etc/placement/placement-api-uwsgi.ini", "placement-api",
                      "/var/log/placement/placement-api.log", 8, ""),
    # Eventlet's locks do not go with uwsgi's threads: a request that waits for one that another thread gives back waits for ever.
    "nova-api": ("nova", "/usr/bin/nova-api-wsgi", "/etc/nova/nova-api-uwsgi.ini", "nova-api",
                 "/var/log/nova/nova-api.log", 1, ""),
    # The init script's own name for neutron-api is neutron-server.
    "neutron-api": ("neutron", "/usr/bin/neutron-api", "/etc/neutron/neutron-api-uwsgi.ini", "neutron-server",
                    "/var/log/neutron/neutron-api.log", 1, "paste = config:/etc/neutron/api-paste.ini"),
}

# Apache sites and configurations: what is on and what is off.  The dashboard's package switches default-ssl on without mod_ssl.
APACHE_ON = {"sites": ("openstack-dashboard-alias-only",), "conf": ("light-snapshot-testbed",)}
APACHE_OFF = {"sites": ("000-default", "default-ssl"), "conf": ()}


def values():
    """Return the words that the templates may use."""
    words = {
        "ip": settings.IP, "host": settings.HOST, "region": settings.REGION, "password": settings.PASSWORD,
        "auth_url": settings.AUTH_URL, "transport_url": settings.TRANSPORT_URL, "libvirt_uri": settings.LIBVIRT_URI,
        "instances": settings.INSTANCES, "state": settings.STATE,
    }
    for name in settings.DATABASES:
        words["database_" + name] = settings.database_url(name)
    return words


def render(template, **more):
    """Return the text of TEMPLATE with its words filled in.  Raises KeyError for a word that is not known."""
    text = (settings.TEMPLATES / template).read_text()
    return string.Template(text).substitute(values(), **more)


def put(path, text, owner="root", group="root", mode=0o644):
    """Make the file PATH hold TEXT; return whether it had to change.

    The first time, what was there is copied to the state directory.  Raises TestbedError when the directory or the owner is missing,
    which means that the package is.
    """
    path = Path(path)
    try:
        uid, gid = pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        raise shell.TestbedError("no user %s or group %s: is everything installed? (testbed install)" % (owner, group)) from None
    if not path.parent.is_dir():
        raise shell.TestbedError("no directory %s: is everything installed? (testbed install)" % path.parent)
    aside = ORIGINALS / str(path).lstrip("/")
    if path.exists() and not aside.exists():
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, aside)
    changed = not path.exists() or path.read_text(errors="replace") != text
    if changed:
        fresh = path.with_name(path.name + ".light-snapshot-testbed")
        fresh.write_text(text)
        os.chown(fresh, uid, gid)
        fresh.chmod(mode)
        os.replace(fresh, path)
    else:
        os.chown(path, uid, gid)
        path.chmod(mode)
    return changed


def _apache():
    """Switch Apache's sites and configurations on and off; return whether anything changed."""
    changed = False
    for kind, tool_on, tool_off in (("sites", "a2ensite", "a2dissite"), ("conf", "a2enconf", "a2disconf")):
        for name in APACHE_ON[kind]:
            if not Path("/etc/apache2/%s-enabled/%s.conf" % (kind, name)).exists():
                shell.run([tool_on, "-q", name])
                changed = True
        for name in APACHE_OFF[kind]:
            if Path("/etc/apache2/%s-enabled/%s.conf" % (kind, name)).is_symlink():
                shell.run([tool_off, "-q", name])
                changed = True
    return changed


def _directories():
    """Make the lock directories, which live on a file system that a reboot may empty."""
    for user in ("nova", "neutron", "glance"):
        path = Path("/var/lock") / user
        path.mkdir(parents=True, exist_ok=True)
        shutil.chown(path, user, user)


def foreign():
    """Return {service: path} of the configuration files that are there and not the testbed's."""
    found = {}
    for path, _, _, _, readers in FILES.values():
        path = Path(path)
        if path.exists() and not path.read_text(errors="replace").startswith(MARK):
            for service in readers:
                found.setdefault(service, str(path))
    return found


def write(files, uwsgi):
    """Write configuration files, tables like FILES and UWSGI.  Return the set of services whose configuration changed."""
    changed = set()
    for template, (path, owner, group, mode, services) in files.items():
        if put(path, render(template), owner, group, mode):
            changed.update(services)
    for service, (user, application, ini, default, log, threads, extra) in uwsgi.items():
        text = render("uwsgi.ini", name=service, user=user, application=application, log=log, threads=threads, extra=extra)
        arguments = render("uwsgi-default", port=settings.PORTS[service], ini=ini)
        if put(ini, text) | put("/etc/default/" + default, arguments):
            changed.add(service)
    return changed


def write_all():
    """Write every configuration file.  Return the set of services whose configuration changed."""
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    changed = write(FILES, UWSGI)
    if _apache():
        changed.add("apache2")
    _directories()
    for user in ("admin",) + tuple(settings.TENANTS):
        path = settings.OPENRC if user == "admin" else settings.STATE / ("openrc." + user)
        put_private(path, render("openrc", user=user))
    return changed


def put_private(path, text):
    """Make PATH hold TEXT, readable by its owner alone."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
