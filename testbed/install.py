"""Installing the packages without letting them start anything."""
import contextlib
import os
from pathlib import Path

from . import packages, settings, shell

POLICY = Path("/usr/sbin/policy-rc.d")


def missing(names):
    """Return those of NAMES that dpkg does not call installed."""
    _, out = shell.run(["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n"])
    have = {line.split()[0] for line in out.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in have]


@contextlib.contextmanager
def no_service_starts():
    """Forbid package scripts to start services meanwhile, with the usual policy-rc.d; what was there before comes back."""
    kept = POLICY.with_name("policy-rc.d.light-snapshot-testbed")
    if POLICY.exists() and not kept.exists():
        POLICY.rename(kept)
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        if kept.exists():
            kept.rename(POLICY)
        else:
            POLICY.unlink()


def install(names=tuple(packages.ALL)):
    """Install the Debian packages NAMES; does nothing when all are there.

    Raises TestbedError with apt's log when that fails.
    """
    wanted = missing(names)
    if not wanted:
        shell.say("all %d packages are installed" % len(names))
        return
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    # apt, unlike the stack, may need the machine's proxy settings.
    environment = dict(os.environ, **settings.ENVIRONMENT)
    shell.say("installing %d packages: %s" % (len(wanted), " ".join(wanted)))
    with no_service_starts():
        shell.run(["apt-get", "update"], log=settings.LOGS / "apt-update.log", environment=environment)
        command = ["apt-get", "install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"] + wanted
        code, _output = shell.run(command, log=settings.LOGS / "apt-install.log", environment=environment, timeout=3600, check=False)
        if code:
            # Horizon's package compresses its style sheets in four threads, and pyScss, used first by several at once, may find a
            # syntax error where none is.
            shell.say("apt failed (%s); once more" % (settings.LOGS / "apt-install.log"))
            shell.run(command, log=settings.LOGS / "apt-install-again.log", environment=environment, timeout=3600)
    shell.say("packages installed")
