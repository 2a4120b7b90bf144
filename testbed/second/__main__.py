"""python3 -m testbed.second up [shared] [bare] | down | kill | status | exec COMMAND...

up        a second compute host, `compute2`, with instances of its own; with `shared`, with host 1's directory of instances;
          with `bare`, as if the package were not installed there
kill      it loses its power, guests and all; `up` brings it back with its files
down      end it, and take it out of nova
exec      run a command on it
"""
import os
import sys

from .. import cloud, shell, state
from . import host


def main(words):
    if os.geteuid() != 0:
        shell.die("must be run as root")
    verb = words[0] if words else ""
    if verb == "exec" and words[1:]:
        return host.execute(*words[1:])
    how = set(words[1:])
    if verb not in ("up", "down", "kill", "status") or how - {"shared", "bare"} or (how and verb != "up"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if verb == "status":
            print("%s is %s" % (host.NAME, "up" if host.pid() else "not running"))
            return 0 if host.pid() else 1
        with state.exclusive():
            host.up("shared" in how, "bare" in how) if verb == "up" else getattr(host, verb)()
        return 0
    except (shell.TestbedError, cloud.CloudError) as error:
        shell.die(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
