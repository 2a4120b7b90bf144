"""What every test needs: our code, from this tree. Nothing here needs a newer Python than 2.7."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OVERLAY = os.path.join(ROOT, 'overlay', 'dist-packages')

for path in (ROOT, os.path.join(ROOT, 'installer')):
    if path not in sys.path:
        sys.path.insert(0, path)

# The overlay also holds a `nova`, whose shims are no modules without the diverted originals beside them: it must
# not stand before the real one. And a light_snapshot that is installed on this machine must not stand before ours.
sys.path.insert(0, OVERLAY)
import light_snapshot  # noqa: E402
sys.path.remove(OVERLAY)
assert os.path.dirname(light_snapshot.__file__) == os.path.join(OVERLAY, 'light_snapshot')
