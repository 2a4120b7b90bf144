"""What `up` has done, kept in the state directory for `down`, `status` and the next `up`."""
import contextlib
import fcntl
import json
import os
from pathlib import Path

from . import settings, shell

STARTED = settings.STATE / "started.json"
STAMPS = settings.STATE / "stamps"


def boot_id():
    """Return the identity of the machine's present boot: process ids of another boot mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started():
    """Return {service: pid} of the services that `up` started in this boot of the machine."""
    try:
        record = json.loads(STARTED.read_text())
    except (OSError, ValueError):
        return {}
    return record["services"] if record.get("boot") == boot_id() else {}


def _write(services):
    settings.STATE.mkdir(parents=True, exist_ok=True)
    fresh = STARTED.with_suffix(".new")
    fresh.write_text(json.dumps({"boot": boot_id(), "services": services}, indent=1) + "\n")
    os.replace(fresh, STARTED)


def record_started(name, pid):
    """Note that `up` started service NAME as process PID."""
    with _guard():
        _write(dict(started(), **{name: pid}))


def forget_started(name):
    """Note that service NAME was stopped."""
    with _guard():
        _write({key: pid for key, pid in started().items() if key != name})


@contextlib.contextmanager
def _guard():
    settings.STATE.mkdir(parents=True, exist_ok=True)
    with open(settings.STATE / "record.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def exclusive():
    """Hold the testbed for one changing command.  Raises TestbedError when another one is at work."""
    settings.STATE.mkdir(parents=True, exist_ok=True)
    with open(settings.STATE / "lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise shell.TestbedError("another testbed command is at work (%s)" % handle.name) from None
        yield


def stamp(name):
    """Return the text of the stamp NAME, None when there is none."""
    try:
        return (STAMPS / name).read_text()
    except OSError:
        return None


def set_stamp(name, text):
    """Keep TEXT as the stamp NAME; None removes it."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    if text is None:
        (STAMPS / name).unlink(missing_ok=True)
    else:
        (STAMPS / name).write_text(text)
