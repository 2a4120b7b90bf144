"""What each test of the engine leaves is removed when it is over: there are thousands of small images, perhaps in memory."""

import shutil

import pytest


@pytest.fixture(autouse=True)
def removed(tmpdir):
    yield
    shutil.rmtree(str(tmpdir), ignore_errors=True)
