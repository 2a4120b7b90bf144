"""The same installed package and servers as the end-to-end tests have. Run last: it ends with the package purged."""

import importlib.util
import sys
from pathlib import Path

import pytest

for name in ('e2e', 'ansible'):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / name))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


_SPEC = importlib.util.spec_from_file_location(
    'e2e_conftest', str(Path(__file__).resolve().parents[1] / 'e2e' / 'conftest.py'))
_E2E = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_E2E)

package, demo, server = _E2E.package, _E2E.demo, _E2E.server


@pytest.fixture(scope='session')
def newest():
    """The package's file."""
    return _E2E.environment.newest_deb()
