"""Run `light-snapshot` when Python is given this directory."""
import sys

from light_snapshot_installer import cli

sys.exit(cli.main(sys.argv[1:]))
