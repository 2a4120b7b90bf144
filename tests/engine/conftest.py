"""What each test of the engine leaves is removed when it is over: there are thousands of small images, perhaps in memory.

LIGHT_SNAPSHOT_QEMU_IMG=FILE in the environment: the engine's qemu-img is that one, such as one of an older QEMU; what the tests
themselves look with stays that of the machine.
"""

import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import other_qemu  # noqa: E402

from light_snapshot.engine import domain  # noqa: E402


@pytest.fixture(autouse=True)
def removed(tmpdir):
    yield
    shutil.rmtree(str(tmpdir), ignore_errors=True)


@pytest.fixture(autouse=True)
def new_libvirt(monkeypatch):
    """What stands for libvirt is one of today, where a test does not say otherwise."""
    monkeypatch.setattr(domain.Domain, '_is_libvirt_before', lambda _self, _version: False)


@pytest.fixture(autouse=True)
def chosen(monkeypatch):
    if os.environ.get('LIGHT_SNAPSHOT_QEMU_IMG'):
        other_qemu.use(monkeypatch, os.environ['LIGHT_SNAPSHOT_QEMU_IMG'])
