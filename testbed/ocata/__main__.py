"""python3 -m testbed.ocata install|up|package|clear|status|down|reset"""
import argparse
import sys

from . import updown
from .. import __main__ as testbed


def main():
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="testbed.ocata", description="nova 15.1.5 (Ocata), beside the testbed's Zed.")
    return testbed.run(parser, {
        "install": (updown.install, "make the node: nova from PyPI; starts nothing"),
        "up": (updown.up, "bring the cloud up, and the testbed where it is not; quick when it is up already"),
        "package": (updown.package, "up, with the project's package installed on the node"),
        "clear": (updown.clear, "delete every server, those of a run that was cut off among them"),
        "down": (updown.down, "stop what `up` started; guests lose their power"),
        "reset": (updown.reset, "down, and drop databases, instances and the node"),
    }, updown.status)


if __name__ == "__main__":
    sys.exit(main())
