"""python3 -m testbed install|up|status|down|reset"""
import argparse
import json
import os
import sys

from . import cloud, install, shell, state, updown


def _status(arguments):
    rows = updown.status()
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            word = "serving" if row["serving"] else "NOT SERVING"
            where = "port %d" % row["port"] if row["port"] else ""
            pid = "pid %d" % row["pid"] if row["pid"] else "not running"
            note = row["note"] or ("" if row["serving"] else "log: " + row["log"])
            print(("%-20s %-12s %-10s %-12s %s" % (row["name"], word, where, pid, note)).rstrip())
    return 0 if all(row["serving"] for row in rows) else 1


def main(arguments=None):
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="testbed", description="A real OpenStack Zed on 127.0.0.1, from Debian 12's packages.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("install", help="install the Debian packages; starts nothing")
    commands.add_parser("up", help="bring everything up (installs what is missing); quick when it is up already")
    commands.add_parser("down", help="stop what `up` started; guests lose their power")
    commands.add_parser("reset", help="down, and drop databases, images, instances and caches")
    status = commands.add_parser("status", help="one line a service; exit code 0 only when all serve")
    status.add_argument("--json", action="store_true", help="as JSON")
    chosen = parser.parse_args(arguments)
    if os.geteuid() != 0:
        parser.error("must be run as root")
    try:
        if chosen.command == "status":
            return _status(chosen)
        with state.exclusive():
            {"install": install.install, "up": updown.up, "down": updown.down, "reset": updown.reset}[chosen.command]()
        return 0
    except (shell.TestbedError, cloud.CloudError) as error:
        shell.die(error)


if __name__ == "__main__":
    sys.exit(main())
