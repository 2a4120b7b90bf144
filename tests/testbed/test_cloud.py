"""Which cloud and whose account testbed.cloud speaks for, by the environment; against the testbed's own API."""

import os

import pytest

from testbed import catalog, settings
from testbed.cloud import Cloud

NOVA = settings.ENDPOINTS["compute"][1]


@pytest.fixture
def environment(monkeypatch):
    """Sets OS_* variables, in place of all that there are."""
    def put(**variables):
        for name in [name for name in os.environ if name.startswith("OS_")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
    put()
    return put


def test_without_an_environment_it_is_the_testbed(environment):
    session = Cloud.of("demo")
    assert session.endpoint("compute") == NOVA
    assert session.must("compute", "GET", "/servers") is not None and session.project_id != "demo"


def test_no_newer_microversion_than_the_cloud_announces(environment):
    environment(OS_AUTH_URL=settings.AUTH_URL, OS_PASSWORD=settings.PASSWORD)
    session = Cloud.of("demo")
    assert session.version == "2.90" and session.has("2.37") and not session.has("2.100")
    environment(OS_AUTH_URL=settings.AUTH_URL, OS_PASSWORD=settings.PASSWORD, OS_COMPUTE_API_VERSION="2.12")
    session = Cloud.of("demo")
    assert session.version == "2.12" and not session.has("2.37")
    assert session.call("compute", "GET", "/servers").headers["OpenStack-API-Version"] == "compute 2.12"


def test_noauth2_names_user_and_project_and_asks_no_keystone(environment):
    environment(OS_AUTH_TYPE="noauth2", OS_COMPUTE_ENDPOINT_OVERRIDE="http://127.0.0.1:8774/v2.1/%(project_id)s")
    session = Cloud(username="admin", project="demo")
    assert session.token() == "admin:demo" and (session.user_id, session.project_id) == ("admin", "demo")
    assert session.endpoint("compute") == "http://127.0.0.1:8774/v2.1/demo"
    # The list of versions is open to all; for the rest, this nova wants a keystone's token.
    assert session.version == "2.90"
    assert session.call("compute", "GET", "/servers").status == 401


def test_an_endpoint_in_place_of_the_catalogs(environment):
    environment(OS_AUTH_URL=settings.AUTH_URL, OS_PASSWORD=settings.PASSWORD,
                OS_COMPUTE_ENDPOINT_OVERRIDE="http://127.0.0.1:1/v2.1/")
    assert Cloud.of("demo").endpoint("compute") == "http://127.0.0.1:1/v2.1"


def test_the_testbeds_administrator_whatever_the_environment_says(environment):
    environment(OS_AUTH_TYPE="noauth2", OS_USERNAME="nobody", OS_COMPUTE_ENDPOINT_OVERRIDE="http://127.0.0.1:1")
    assert catalog.admin().endpoint("compute") == NOVA
