"""Starts Django with Horizon's test settings and our plugin."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
# The stub of the API is shared with the command line's tests.
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'osc'))

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')

import django  # noqa: E402
import pytest  # noqa: E402

django.setup()


@pytest.fixture(scope='session', autouse=True)
def django_as_in_its_own_runner():
    """What Django's test runner does around the tests."""
    from django.test import utils
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0, interactive=False)
    utils.setup_test_environment()
    databases = runner.setup_databases()
    yield
    runner.teardown_databases(databases)
    utils.teardown_test_environment()
