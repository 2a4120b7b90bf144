"""python3 -m testbed.devices install|up|status|down"""
import argparse
import sys

from . import updown
from .. import __main__ as testbed


def main():
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="testbed.devices", description="Volumes and interfaces for the testbed's servers.")
    return testbed.run(parser, {
        "install": (updown.install, "install the Debian packages; starts nothing"),
        "up": (updown.up, "bring cinder and neutron's agent up, and the testbed where it is not"),
        "down": (updown.down, "stop what `up` started"),
    }, updown.status)


if __name__ == "__main__":
    sys.exit(main())
