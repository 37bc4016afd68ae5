"""The quarantine, driven as a person does: refused over a real connection, mended, tried, taken in, seen in history."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from playwright.sync_api import expect

from infrastress.app.service.reload import request as reload
from infrastress.client import Client
from infrastress.core.clock import EventClock
from infrastress.core.time import to_iso
from tests.app.service.serving import Service, serving, wait_for
from tests.console.browsing import drawn, listening
from tests.peers.processes import free_port

COUNT = 30
expect.set_options(timeout=20_000)


@dataclass
class Toy:
    """A served tank with a gateway that pushes to it."""

    service: Service
    gateway: int
    clock: EventClock
    accounts: bool = False

    @property
    def address(self) -> str:
        return self.service.status.address

    def push(self, items: list[dict]) -> httpx.Response:
        return httpx.post(f"http://127.0.0.1:{self.gateway}/", json=items, timeout=20)


def connect(folder: Path, port: int, **mapping: object) -> None:
    """The gateway's connection as an engineer writes it."""
    options = {"port": port, "token_secret": None, "mapping": mapping}
    (folder / "connections.yaml").write_text(
        yaml.safe_dump({"gateway": {"connector": "http_push", "options": options}})
    )


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    folder, port = tmp_path / "toy", free_port()
    folder.mkdir()
    model = {
        "schema_version": 1,
        "id": "toy",
        "name": "Toy tank",
        "assets": [{"id": "tank", "type": "other"}],
        "signals": [
            {"id": "level", "asset": "tank", "kind": "level", "unit": "m", "source": "gateway"},
            {"id": "valve", "asset": "tank", "kind": "state", "source": "gateway"},
        ],
        "sources": [{"id": "gateway", "kind": "telemetry", "cadence_s": 1}],
        "runtime": {"frame_s": 1},
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(model, sort_keys=False))
    connect(folder, port)
    monkeypatch.setenv("INFRASTRESS_UPKEEP_S", "2")
    clock = EventClock(time.time_ns(), time.time_ns(), 1.0)
    with serving(folder, clock, without=("--without", "notifier")) as service:
        service.ready()
        yield Toy(service, port, clock)


def test_refused_mended_tried_taken_in_and_seen(toy: Toy, open_page) -> None:
    began = toy.clock.now() // 10**6 - 600_000
    pushed = [{"time": began + 1000 * i, "level": i / 10} for i in range(COUNT)]
    pushed.append({"time": began + 1000 * COUNT, "level": 9.5, "valve": "ajar"})
    wait_for(lambda: toy.push(pushed).status_code == 422, 20)

    page = listening(open_page(toy, "/quarantine"))
    page.get_by_role("link", name=re.compile("Time can’t be read.*gateway")).click()
    expect(page.get_by_text("mapping.time.format")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text('"valve":"ajar"')
    expect(page.get_by_text(f"{COUNT + 1} rows refused; 0 taken in since; {COUNT + 1} still refused.")).to_be_visible()

    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(f"{COUNT + 1} not at all.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Take"))).to_have_count(0)

    connect(toy.service.plant, toy.gateway, time={"format": "epoch_ms"})
    assert reload(toy.service.live, by="anna", why="the gateway tells milliseconds").ok
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(f"{COUNT} would now be read wholly, 1 in part, 0 not at all.")).to_be_visible()
    page.get_by_label("What was mended").fill("time is in milliseconds")
    page.get_by_role("button", name=f"Take {COUNT + 1} messages in").click()
    expect(page.get_by_text(f"{COUNT} were taken in wholly, 1 in part, 0 not at all.")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Text in place of a number.*gateway"))).to_be_visible()
    page.goto("/quarantine?source=gateway&reason=text-in-number")
    expect(page.locator("pre mark").first).to_have_text('"ajar"')
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("0 would now be read wholly, 0 in part, 1 not at all.")).to_be_visible()

    with Client(toy.address) as api:
        history = api.history(["level"], to_iso((began - 1) * 10**6), to_iso(toy.clock.now()))
        values = [value for value in history.series[0].values if value is not None]
        assert values == [*(i / 10 for i in range(COUNT)), 9.5]
        balance = next(one.balance for one in api.health().sources if one.source == "gateway")
        assert balance is not None
        assert balance.balances
        assert (balance.late, balance.reingested) == (COUNT + 1, {"time-unreadable": COUNT + 1})
        told = [d.content for d in api.decisions(kind="decision") if d.content["decision"] == "reingest"]
        assert told[-1]["comment"] == "time is in milliseconds"


def test_storage_says_what_is_kept_and_when_the_disk_is_full(toy: Toy, open_page) -> None:
    with Client(toy.address) as api:
        wait_for(lambda: api.storage().measured is not None, 30)
    page = drawn(open_page(toy, "/storage"))
    expect(page.get_by_role("heading", name="Disk")).to_be_visible()
    expect(page.get_by_text("Not measured for long enough")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Log: what came in"))).to_be_visible()
    expect(page.get_by_text("No backup is known of.")).to_be_visible()


def test_the_quarantine_of_a_phone_shows_one_thing_at_a_time(toy: Toy, open_page) -> None:
    wait_for(lambda: toy.push([{"time": "yesterday", "level": 1}]).status_code == 422, 20)
    page = listening(open_page(toy, "/quarantine", width=390, theme="dark", language="de"))
    page.get_by_role("link", name=re.compile("Zeit nicht lesbar.*gateway")).click()
    expect(page.get_by_role("button", name="Erneut versuchen")).to_be_visible()
    expect(page.get_by_role("heading", name="Abgewiesen")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name=re.compile("Alle Gründe")).click()
    expect(page.get_by_role("heading", name="Abgewiesen")).to_be_visible()
