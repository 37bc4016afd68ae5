"""The door: from the first moment on there is a page and an honest answer, then the API itself at the same address."""

import socket
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import httpx
import pytest

from infrastress.app.api import door
from infrastress.app.api.opened import Opened
from infrastress.app.api.settings import ApiSettings
from infrastress.app.console import Pages
from infrastress.core.clock import EventClock
from infrastress.store import open_store
from tests.app.api.running import Api, copy_store


@pytest.fixture
def opened(site_folder, monkeypatch):
    monkeypatch.setattr(door, "_HELD_S", 60.0)
    listening = socket.create_server(("127.0.0.1", 0))
    opened = Opened(SimpleNamespace(site=site_folder, listen=listening.detach()))
    yield opened
    opened.stop.set()
    opened.wait()


@pytest.fixture
def impatient(monkeypatch, opened):
    del opened
    monkeypatch.setattr(door, "_HELD_S", 0.05)


@pytest.mark.usefixtures("impatient")
def test_before_the_site_is_known(opened):
    with httpx.Client(base_url=f"http://127.0.0.1:{opened.port}") as client:
        assert client.get("/api/v1/health/live").json() == {"live": True}
        ready = client.get("/api/v1/health/ready")
        assert ready.status_code == 503
        assert ready.json()["ready"] is False
        assert "starting" in ready.json()["reasons"][0]
        for refused in (client.get("/api/v1/alarms"), client.get("/metrics"), client.post("/api/v1/session", json={})):
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["content-type"] == "application/problem+json"
            assert "starting" in refused.json()["detail"]
        page = client.get("/alarms", headers={"Accept": "text/html"})
        assert page.status_code == (200 if Pages().built else 503)
        assert page.headers["x-frame-options"] == "DENY"
        assert "content-security-policy" in page.headers
        assert client.get("/assets/none.js").status_code == 404


@pytest.mark.parametrize("story", ["", "overflow"])
def test_then_the_api_answers_at_the_same_address(opened, site_folder, recorded, tmp_path, story):
    clock = EventClock(10**18, 1, 60.0) if story else EventClock()
    store = open_store(copy_store(recorded, tmp_path))
    api = Api(site_folder, store, tmp_path / "state", ApiSettings(story=story), clock=clock)
    with httpx.Client(base_url=f"http://127.0.0.1:{opened.port}") as client:
        with ThreadPoolExecutor() as pool:  # who asks just before it is up waits for it
            asked = pool.submit(client.get, "/api/v1/alarms")
            assert client.get("/api/v1/health/ready").status_code == 503
            assert not asked.done()
            opened.admit(api.app)
            assert asked.result().status_code == 200
        assert client.get("/api/v1/alarms").json()["total"] >= 0
        told = client.get("/api/v1/session").json()["demonstration"]
        assert told == ({"speed": 60.0, "story": "overflow", "run": f"{10**18}:1"} if story else None)
    opened.stop.set()
    opened.wait()
    store.close()
