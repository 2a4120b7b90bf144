"""Two trees of this machine's nova: as it was without light-snapshot, and with this tree's. Neither is installed; the machine's own
nova is only read, whether or not the package is installed there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bench
import bench.scale
from light_snapshot import shim

OURS, PLAIN = bench.scale.SITES / 'ours', bench.scale.SITES / 'plain'
_LEFT_OUT = shutil.ignore_patterns('tests', 'locale')


def installed():
    """Where this machine's Python has nova."""
    script = 'import importlib.util; print(importlib.util.find_spec("nova").submodule_search_locations[0])'
    # Without this tree on the path, whose overlay has a `nova` as well.
    return Path(subprocess.run([sys.executable, '-c', script], cwd='/', stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def _overlay():
    """Paths, below nova, of the files that the package brings."""
    top = Path(bench.OVERLAY) / 'nova'
    return [path.relative_to(top) for path in sorted(top.rglob('*.py'))]


def make():
    """Make both."""
    nova = installed()
    for site in (OURS, PLAIN):
        shutil.copytree(nova, site / 'nova', ignore=_LEFT_OUT)
    for name in _overlay():
        mine = Path(bench.OVERLAY) / 'nova' / name
        is_shim = mine.read_text().startswith('# light-snapshot shim')
        _original(PLAIN / 'nova' / name, is_shim)
        _original(OURS / 'nova' / name, is_shim)
        if is_shim:
            os.rename(OURS / 'nova' / name, '%s%s' % (OURS / 'nova' / name, shim.SUFFIX))
        shutil.copy(mine, OURS / 'nova' / name)


def _original(path, is_shim):
    """Bring a file back to what it was before the package."""
    aside = Path(str(path) + shim.SUFFIX)
    if aside.exists():
        os.rename(aside, path)
    elif not is_shim:
        path.unlink(missing_ok=True)
