"""nova's operations on servers in every state of light snapshots, on the real testbed: `python3 -m tests.operations` (see docs/operations.md)."""

import sys
from pathlib import Path

import tests.faults     # noqa: F401  has this tree's light_snapshot imported, not one that is installed on this machine

TOP = Path(__file__).resolve().parents[2]

# What the end-to-end tests know of a server is here as well: they are no package.
sys.path.insert(0, str(TOP / 'tests' / 'e2e'))
