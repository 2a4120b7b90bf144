"""The Ocata cloud with the package on its node (python3 -m testbed.ocata package)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
