"""The fault matrix of the engine: `python3 -m tests.faults` (see docs/faults.md)."""

import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_OVERLAY = os.path.join(TOP, 'overlay', 'dist-packages')

# The overlay also holds a `nova` that must not stand before the real one; a light_snapshot that is installed on this
# machine must not stand before this tree's.
sys.path.insert(0, _OVERLAY)
import light_snapshot  # noqa: E402
sys.path.remove(_OVERLAY)
assert os.path.dirname(light_snapshot.__file__) == os.path.join(_OVERLAY, 'light_snapshot')
