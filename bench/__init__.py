"""What light snapshots cost, as ratios from one run: `python3 -m bench`, as root, where the testbed is up."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OVERLAY = os.path.join(ROOT, 'overlay', 'dist-packages')

# The engine of this tree, not one that is installed here. The overlay also holds a `nova`, whose shims are no modules
# without the diverted originals beside them: it must not stay on the path.
sys.path.insert(0, OVERLAY)
import light_snapshot  # noqa: E402
sys.path.remove(OVERLAY)
assert os.path.dirname(light_snapshot.__file__) == os.path.join(OVERLAY, 'light_snapshot')
