"""python3 -m testbed install|up|clear|status|down|reset"""
import argparse
import json
import os
import sys

from . import cloud, install, leftovers, shell, state, updown


def _status(rows, as_json):
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            word = "serving" if row["serving"] else "NOT SERVING"
            where = "port %d" % row["port"] if row["port"] else ""
            pid = "pid %d" % row["pid"] if row["pid"] else "not running"
            note = row["note"] or ("" if row["serving"] else "log: " + row["log"])
            print(("%-20s %-12s %-10s %-12s %s" % (row["name"], word, where, pid, note)).rstrip())
    return 0 if all(row["serving"] for row in rows) else 1


def run(parser, verbs, status, arguments=None):
    """Run one command of PARSER; return its exit code.

    VERBS are the changing commands: {name: (function, help)}.  STATUS is the function that returns the rows of `status`.
    """
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, text) in verbs.items():
        commands.add_parser(name, help=text)
    asked = commands.add_parser("status", help="one line a service; exit code 0 only when all serve")
    asked.add_argument("--json", action="store_true", help="as JSON")
    chosen = parser.parse_args(arguments)
    if os.geteuid() != 0:
        parser.error("must be run as root")
    try:
        if chosen.command == "status":
            return _status(status(), chosen.json)
        with state.exclusive():
            verbs[chosen.command][0]()
        return 0
    except (shell.TestbedError, cloud.CloudError) as error:
        shell.die(error)


def main():
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="testbed", description="A real OpenStack Zed on 127.0.0.1, from Debian 12's packages.")
    return run(parser, {
        "install": (install.install, "install the Debian packages; starts nothing"),
        "up": (updown.up, "bring everything up (installs what is missing); quick when it is up already"),
        "clear": (leftovers.clear, "delete every server, those of a run that was cut off among them"),
        "down": (updown.down, "stop what `up` started; guests lose their power"),
        "reset": (updown.reset, "down, and drop databases, images, instances and caches"),
    }, updown.status)


if __name__ == "__main__":
    sys.exit(main())
