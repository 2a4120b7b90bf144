"""A browser, a user's session in the testbed's Horizon, and a server of that user."""

import os
import pathlib
import sys
import uuid

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import horizon as horizon_pages  # noqa: E402

from testbed import settings  # noqa: E402
from testbed.cloud import Cloud  # noqa: E402
from testbed.guestctl import Guest  # noqa: E402


@pytest.fixture(scope='session')
def artefacts():
    """Where screenshots stay."""
    place = pathlib.Path(os.environ.get('LIGHT_SNAPSHOT_ARTEFACTS', '.artefacts')) / 'browser'
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.fixture(scope='session')
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=horizon_pages.BROWSER, args=horizon_pages.ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def session_of(browser, artefacts):
    """Logs a user of the testbed in; at the end no script may have failed in any of the windows."""
    opened = []

    def log_in(user):
        context = browser.new_context(viewport={'width': 1280, 'height': 900}, locale='en-US')
        context.set_default_timeout(horizon_pages.PAGE_TIMEOUT * 1000)
        session = horizon_pages.Horizon(context, artefacts)
        opened.append((context, session))
        session.log_in(user, settings.PASSWORD)
        return session

    yield log_in
    for context, session in opened:
        context.close()
        assert session.script_errors == []


@pytest.fixture
def server():
    """A running server of demo's: (id, name, guest)."""
    demo = Cloud.of('demo')
    name = 'browser-' + uuid.uuid4().hex[:6]
    server_id = demo.create_server(name, wait=False)
    try:
        demo.wait_server(server_id, 'ACTIVE', timeout=300)
        guest = Guest(server_id)
        guest.wait_up(120)
        yield server_id, name, guest
    finally:
        demo.delete_server(server_id)
