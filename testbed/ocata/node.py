"""The Ocata node: a directory laid out as one, with nova and its libraries from PyPI, and its settings."""
import hashlib
import os
import shlex
import shutil
import sys
from pathlib import Path

from .. import config, install, packages, settings as zed, shell
from . import services, settings

TOP = Path(__file__).resolve().parents[2]
TOOLS = TOP / "tools"
STAMP = settings.TOP / "identity"

# What of the node's /usr lies over the machine's.  Not all of it: its interpreter may stand on the machine's own 2.7.
OVER = ("bin/privsep-helper", "lib/testbed", "lib/light-snapshot", "share/light-snapshot", "sbin/light-snapshot")
PYTHON = settings.USR / "bin/python"
CODE = settings.USR / "lib/python2.7/site-packages"

# template: (file, group)
FILES = {
    "nova.conf": (settings.ETC / "nova.conf", "nova"),
    "placement.conf": (settings.ETC / "placement/nova.conf", "nova"),
    "api-paste.ini": (settings.ETC / "api-paste.ini", "nova"),
    "rootwrap.conf": (settings.ETC / "rootwrap.conf", "root"),
    "nova.filters": (settings.ETC / "rootwrap.d/nova.filters", "root"),
}


def identity():
    """Return a checksum of what the virtual environment is made of."""
    parts = [settings.REQUIREMENTS, TOOLS / "libvirt-python27", TOOLS / "python27"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()[:16]


def _with_network():
    """pip and apt, unlike the stack, may need the machine's proxy settings."""
    return dict(os.environ, **zed.ENVIRONMENT)


def _python27():
    """Return a Python 2.7 that nova's account can run: the machine's, or a copy where that is in somebody's home."""
    _, path = shell.run([str(TOOLS / "python27")], environment=_with_network())
    python = Path(path.split()[-1]).resolve()
    if shell.run([str(python), "-c", ""], user="nova", check=False)[0] == 0:
        return python
    shutil.rmtree(settings.PYTHON27, ignore_errors=True)
    shutil.copytree(python.parents[1], settings.PYTHON27, symlinks=True,
                    ignore=shutil.ignore_patterns("test", "*.a", "share"))
    return settings.PYTHON27 / "bin" / python.name


def _pip(environment, name, *words):
    shell.run([str(environment / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *words],
              log=zed.LOGS / ("ocata-pip-%s.log" % name), timeout=1800, environment=_with_network())


def _virtualenv(python):
    """Make the node's /usr: a virtual environment with nova in it."""
    shutil.rmtree(settings.NODE, ignore_errors=True)
    if not (settings.MAKER / "bin/virtualenv").exists():
        shell.run([sys.executable, "-m", "venv", "--clear", str(settings.MAKER)])
        _pip(settings.MAKER, "maker", "virtualenv<20.22")
    shell.run([str(settings.MAKER / "bin/virtualenv"), "-q", "--always-copy", "-p", str(python), str(settings.USR)],
              environment=_with_network())
    _pip(settings.USR, "nova", "--no-deps", "-r", str(settings.REQUIREMENTS))
    shell.run([str(TOOLS / "libvirt-python27"), str(settings.USR)], log=zed.LOGS / "ocata-libvirt-python.log",
              environment=_with_network())
    # Where a Debian or Ubuntu node has its packages.
    (settings.USR / "lib/python2.7/dist-packages").symlink_to("site-packages")


def _link(name, target):
    if not name.is_symlink() or os.readlink(name) != str(target):
        name.unlink(missing_ok=True)
        name.parent.mkdir(parents=True, exist_ok=True)
        name.symlink_to(target)


def _directories():
    """Make the node's directories; nova's own belong to nova."""
    own = (settings.STATE_PATH, settings.STATE_PATH / "lock", settings.INSTANCES)
    for path in own + (
            settings.ETC / "rootwrap.d", settings.ETC / "policy.d", settings.ETC / "placement", settings.LOGS,
            settings.RUN, settings.USR / "lib/testbed", settings.NODE / "var/lib/dpkg/info"):
        path.mkdir(parents=True, exist_ok=True)
    for path in own:
        shutil.chown(path, "nova", "nova")
    # dpkg keeps the node's diversions there.
    (settings.NODE / "var/lib/dpkg/status").touch()
    shutil.copy(settings.LOOK, settings.USR / "lib/testbed/qemu-img")
    for name in OVER + tuple("bin/" + program.name for program in (settings.USR / "bin").glob("nova-*")):
        _link(settings.OVER / name, settings.USR / name)
    # The installer reads the node's settings as the node's: its directories have the machine's names there too. Seen from
    # the tree an absolute link would begin at the tree's top, and name itself.
    name = settings.NODE / str(settings.NODE).lstrip("/")
    _link(name, os.path.relpath(settings.NODE, name.parent))


def _words():
    """Return the words of the templates that are Ocata's own."""
    start = ["env", "PYTHONPATH=%s" % TOP, sys.executable, "-m", "testbed.ocata", "up"]
    words = {"database_" + name: settings.database_url(name) for name in settings.DATABASES}
    return dict(
        words, state_path=settings.STATE_PATH, instances=settings.INSTANCES, transport_url=settings.TRANSPORT_URL,
        domains=settings.DOMAINS, api=settings.API, api_port=settings.PORTS["ocata-api"],
        placement_port=settings.PORTS["ocata-placement"], site=CODE, cell=settings.CELL,
        compute_pid=services.COMPUTE.pidfile,
        verify=shlex.quote(shlex.join(command("verify", "--json"))), start=shlex.quote(shlex.join(start)))


def _write():
    """Write the node's settings; return the set of files that changed."""
    _directories()
    changed = {name for name, (path, group) in FILES.items()
               if config.put(path, config.render("ocata/" + name, **_words()), group=group, mode=0o640)}
    config.put_private(settings.OPENRC, config.render("ocata/openrc", **_words()))
    return changed


def make():
    """Have the node: packages, virtual environment, settings.  Return the set of settings that changed.

    Raises TestbedError.
    """
    if install.missing(packages.BINDING):
        install.install(tuple(packages.BINDING))
    for path in (settings.TOP, zed.LOGS):
        path.mkdir(parents=True, exist_ok=True)
    if not STAMP.exists() or STAMP.read_text() != identity():
        shell.say("installing nova 15.1.5 for Python 2.7")
        STAMP.unlink(missing_ok=True)
        _virtualenv(_python27())
        STAMP.write_text(identity())
        shell.say("nova 15.1.5 installed")
    return _write()


def command(*words):
    """Return the package's command for the node: a tree, so that it restarts nothing."""
    return services.entered(["/usr/sbin/light-snapshot", "--root", str(settings.NODE), "--python", str(PYTHON), *words])


def package(deb):
    """Unpack the package DEB on the node and have it extend the node's nova.  Raises TestbedError."""
    shell.run(["dpkg-deb", "-x", str(deb), str(settings.NODE)])
    for verb in ("install", "verify"):
        shell.run(command(verb), log=zed.LOGS / ("ocata-light-snapshot-%s.log" % verb))
