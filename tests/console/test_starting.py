"""A page opened while the server is still starting: it says so, reads its screen, and then goes on by itself."""

import socket
from types import SimpleNamespace

import pytest

from infrastress.app.api import door
from infrastress.app.api.opened import Opened
from tests.console.browsing import listening


@pytest.fixture
def opened(monkeypatch, quiet):
    """A door behind which nothing is yet."""
    monkeypatch.setattr(door, "_HELD_S", 0.2)
    opened = Opened(SimpleNamespace(site=quiet.scene.site, listen=socket.create_server(("127.0.0.1", 0)).detach()))
    yield opened
    opened.stop.set()
    opened.wait()


def test_a_page_opened_early_shows_the_site_when_it_is_known(open_page, opened, quiet):
    page = open_page(SimpleNamespace(address=f"http://127.0.0.1:{opened.port}", accounts=False), "/alarms")
    page.troubles.expect(r"503 .*/api/v1/session", r"console error: Failed to load resource: .* 503 .*")
    page.get_by_role("status").get_by_text("Starting").wait_for()
    assert page.get_by_role("navigation").count() == 0
    with page.expect_response(lambda answer: answer.url.endswith("/session") and answer.status == 200):
        page.wait_for_function(
            "performance.getEntriesByType('resource').some((one) => /assets\\/alarms-.*js$/.test(one.name))"
        )  # the screen is there before anything is known of the site
        opened.admit(quiet.api.app)
    listening(page)
    assert page.get_by_role("navigation").first.is_visible()
