"""Fixtures of the testbed's own tests: they need the stack up (python3 -m testbed up)."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from testbed import cloud, guestctl  # noqa: E402


@pytest.fixture(scope="session")
def demo():
    """A session of the user demo, who is no administrator."""
    return cloud.Cloud.of("demo")


@pytest.fixture(scope="module")
def server(demo):
    """The uuid of a running server of demo's with the guest image; deleted afterwards."""
    uuid = demo.create_server("testbed-test", flavor="m1.small")
    yield uuid
    demo.delete_server(uuid)


@pytest.fixture(scope="module")
def guest(server):
    """The guest of that server, its agent answering."""
    one = guestctl.Guest(server)
    one.wait_up()
    return one
