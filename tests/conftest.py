"""What every test needs: our code on the path. Nothing here needs a newer Python than 2.7."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
for place in ('overlay/dist-packages', 'installer', ''):
    path = os.path.join(ROOT, place).rstrip('/')
    if path not in sys.path:
        sys.path.insert(0, path)
# Ours is `light_snapshot`; nova's stubs in the overlay must not shadow the real nova: a shim without its
# diverted original beside it is no module.
sys.path = [p for p in sys.path if p != os.path.join(ROOT, 'overlay/dist-packages')] + [
    os.path.join(ROOT, 'overlay/dist-packages')]
