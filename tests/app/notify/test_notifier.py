"""The whole notifier over a real store: out-box, retries, kills at every step, clock steps, settings that change."""

import json
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listen

from infrastress.app.notify import outbox, run
from infrastress.app.notify.clock import SteadyClock
from infrastress.app.notify.notifier import SOURCE, Notifier
from infrastress.app.notify.outbox import Message
from infrastress.app.notify.policy import DEAF
from infrastress.app.notify.trial import all_messages
from infrastress.app.service.models import prepare
from infrastress.core.clock import EventClock
from infrastress.core.errors import Fenced
from infrastress.core.secrets import Secrets
from infrastress.events import encode_event
from infrastress.events.health import Pulse, decode_health, encode_health
from infrastress.store import open_store
from infrastress.store.ports import Output, Store
from infrastress.store.sqlite import SqliteStore
from tests.victims import POINTS, Victims

from .plant import NOON, SITE, alarm, incident, publish
from .victim import BETWEEN


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store") as one:
        yield one


@pytest.fixture
def siren(tmp_path: Path) -> Path:
    """A script that notes each message it gets, and fails as long as a file says so."""
    file = tmp_path / "siren"
    log = tmp_path / "heard"
    file.write_text(f"#!/bin/sh\n[ -e {tmp_path}/broken ] && exit 7\nm=$(cat)\nprintf '%s\\n' \"$m\" >> {log}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def heard(tmp_path: Path) -> list[dict[str, Any]]:
    """Messages told; a sender that was killed before it told anything leaves an empty line."""
    file = tmp_path / "heard"
    return [json.loads(line) for line in file.read_text().splitlines() if line] if file.exists() else []


def configure(folder: Path, siren: Path, more: str = "", step: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "notifications.yaml").write_text(
        f"channels:\n  siren: {{type: command, argv: [{siren}], timeout_s: 5}}\n"
        f"routes:\n  - {{name: all, severity: medium, steps: [{{channels: [siren]}}{step}]}}\n{more}"
    )


def notifier(store: Store, folder: Path, **more: Any) -> Notifier:
    one = Notifier(store, SITE, folder, Secrets, cards={}, clock=more.pop("clock", EventClock()), **more)
    one.start()
    return one


def until(one: Notifier, done: Callable[[], bool], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it never happened"
        one.step(0.02)


def messages(store: Store) -> list[Message]:
    return all_messages(store, SITE.id)


def test_an_incident_sounds_the_siren_once(store: Store, tmp_path: Path, siren: Path) -> None:
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical", inc="i"), incident("i", "critical"))
    until(one, lambda: [m.state for m in messages(store)] == ["sent"])
    for _ in range(5):
        one.step(0.01)
    (got,) = heard(tmp_path)
    (message,) = messages(store)
    assert (got["id"], got["severity"], got["kind"]) == (message.id, "critical", "incident")
    assert got["title"] == "CRITICAL incident: Overfill attack in preparation: T-1"
    assert "Where: Petrol tank 1 (T-1)" in got["text"]
    assert "How sure: likely (82%)" in got["text"]
    assert "Since: 2026-03-02 12:00 UTC" in got["text"]
    assert "First: Do not trust the gauge of Petrol tank 1 (T-1)." in got["text"]
    assert "CT-02" not in json.dumps(got)  # nobody's name or badge leaves the console
    row = store.records.get("health", f"{SITE.id}/{SOURCE}/siren")
    assert row is not None
    assert decode_health(row.data).state == "live"


def test_what_people_reported_and_who_they_are_is_never_told(store: Store, tmp_path: Path, siren: Path) -> None:
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    report = alarm("r", "critical", source_kind="reports", sentence="Maria Rossi, 0123 456, smells petrol")
    publish(store, report)
    until(one, lambda: bool(heard(tmp_path)))
    assert "Rossi" not in json.dumps(heard(tmp_path))


def test_a_failure_is_shown_and_tried_again_under_the_same_id(
    store: Store, tmp_path: Path, siren: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_FIRST_S", 0.02)
    (tmp_path / "broken").touch()
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical"))
    until(one, lambda: any(m.attempts >= 3 and m.reason for m in messages(store)))
    (message,) = messages(store)
    assert message.undelivered
    assert "status 7" in message.reason
    assert one.counts()["undelivered"] == 1
    assert one.counts()["channels_down"] == 1
    (tmp_path / "broken").unlink()
    until(one, lambda: messages(store)[0].state == "sent")
    assert [got["id"] for got in heard(tmp_path)] == [message.id]
    assert one.counts() == {"lag": 0, "queued": 0, "undelivered": 0, "channels_down": 0}


def test_what_cannot_be_delivered_is_given_up_shown_and_escalates(
    store: Store, tmp_path: Path, siren: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_FIRST_S", 0.01)
    monkeypatch.setattr("infrastress.app.notify.notifier.ATTEMPTS", 2)
    configure(tmp_path / "site", siren)
    text = (tmp_path / "site" / "notifications.yaml").read_text()
    text = text.replace("routes:", "  dead: {type: command, argv: [/nowhere/lamp]}\nroutes:")
    text = text.replace("[{channels: [siren]}]", "[{channels: [dead]}, {channels: [siren], after_min: 60}]")
    (tmp_path / "site" / "notifications.yaml").write_text(text)
    one = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical"))
    until(one, lambda: bool(heard(tmp_path)))
    until(one, lambda: {m.channel: m.state for m in messages(store)} == {"dead": "given_up", "siren": "sent"})
    assert [m.undelivered for m in messages(store) if m.channel == "dead"] == [True]
    row = store.records.get("health", f"{SITE.id}/{SOURCE}/dead")
    assert row is not None
    assert decode_health(row.data).state == "down"


def test_a_channel_that_hangs_holds_up_no_other(store: Store, tmp_path: Path, siren: Path) -> None:
    configure(tmp_path / "site", siren)
    file = tmp_path / "site" / "notifications.yaml"
    text = file.read_text().replace(
        "routes:", "  slow: {type: command, argv: [/bin/sleep, '60'], timeout_s: 2}\nroutes:"
    )
    file.write_text(text.replace("channels: [siren]", "channels: [slow, siren]"))
    one = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical"))
    began = time.monotonic()
    until(one, lambda: bool(heard(tmp_path)))
    assert time.monotonic() - began < 2.0
    until(one, lambda: any("longer than 2 s" in m.reason for m in messages(store)))


def test_what_was_acknowledged_before_it_could_be_sent_is_withdrawn(store: Store, tmp_path: Path, siren: Path) -> None:
    (tmp_path / "broken").touch()
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical"))
    until(one, lambda: any(m.reason for m in messages(store)))
    publish(store, alarm("a", "critical", "acknowledged"))
    until(one, lambda: [m.state for m in messages(store)] == ["withdrawn"])


def test_a_store_that_cannot_be_written_keeps_nobody_from_being_told(store: Store, tmp_path: Path, siren: Path) -> None:
    assert isinstance(store, SqliteStore)
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical"))
    full = [True]
    listen(store.database.engine, "begin", lambda c: c.exec_driver_sql(f"PRAGMA query_only={int(full[0])}"))
    until(one, lambda: bool(heard(tmp_path)))
    for _ in range(10):
        one.step(0.01)
    assert one.store_fault
    assert messages(store) == []
    full[0] = False
    until(one, lambda: [m.state for m in messages(store)] == ["sent"])
    assert one.store_fault == ""
    assert [got["id"] for got in heard(tmp_path)] == [m.id for m in messages(store)]


def test_a_detection_that_stands_still_is_told_until_it_goes_on(
    store: Store, tmp_path: Path, siren: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastress.app.notify.notifier.DEAF_S", 1.0)
    monkeypatch.setattr("infrastress.app.notify.notifier._RELOAD_S", 0.02)
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    lease = store.checkpoints.acquire("judge", store.checkpoints.observe("judge"), "judge")

    def beat(number: int) -> None:
        pulse = encode_health(Pulse(site=SITE.id, clock=NOON + number, watermark=NOON))
        lease.commit(number, None, [Output(str(number), f"status/{SITE.id}:pulse", pulse, SITE.id, 0)])

    began, number = time.monotonic(), 0
    while time.monotonic() < began + 2.0:
        number += 1
        beat(number)
        one.step(0.02)
    assert heard(tmp_path) == []
    until(one, lambda: bool(heard(tmp_path)))
    (got,) = heard(tmp_path)
    assert got["title"] == "CRITICAL: nobody is watching plant"
    assert "nothing was judged since 2026-03-02 12:00 UTC" in got["text"]
    beat(number + 1)
    until(one, lambda: not one._policy.waits(DEAF))
    until(one, lambda: len(heard(tmp_path)) == 2)  # it stopped again


def test_history_from_before_is_not_told_but_what_still_waits_is(store: Store, tmp_path: Path, siren: Path) -> None:
    old = [event for i in range(600) for event in (alarm(f"old{i}"), alarm(f"old{i}", state="closed"))]
    publish(store, *old, alarm("a", "critical"))
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    until(one, lambda: bool(heard(tmp_path)))
    assert [m.subjects for m in messages(store)] == [("a",)]


def test_a_restart_goes_on_where_it_was(store: Store, tmp_path: Path, siren: Path) -> None:
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical"))
    until(one, lambda: [m.state for m in messages(store)] == ["sent"])
    one.finish(1)
    two = notifier(store, tmp_path / "site")
    for _ in range(5):
        two.step(0.01)
    assert len(messages(store)) == 1
    publish(store, alarm("b", "critical"))
    until(two, lambda: len(heard(tmp_path)) == 2)


def test_a_second_notifier_takes_over_and_the_first_sends_nothing_more(
    store: Store, tmp_path: Path, siren: Path
) -> None:
    configure(tmp_path / "site", siren)
    one = notifier(store, tmp_path / "site")
    two = notifier(store, tmp_path / "site")
    publish(store, alarm("a", "critical"))
    with pytest.raises(Fenced):
        until(one, lambda: False)
    until(two, lambda: [m.state for m in messages(store)] == ["sent"])
    assert len(heard(tmp_path)) == 1


class Link:
    """What the supervisor gives, and what it is told."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.is_ready = threading.Event()
        self.told: dict[str, object] = {}
        self.on_other: Callable[[str], None] = lambda _: None

    def ready(self, **_: object) -> None:
        self.is_ready.set()

    def beat(self, **told: object) -> None:
        self.told = told

    def on_site(self, callback: Callable[[str], None]) -> None:
        self.on_other = callback


@dataclass
class Config:
    site: Path
    store: str
    site_id: str = "depot"
    secrets: Path | None = None


def test_it_runs_as_a_part_of_the_service_and_stops_when_told(tmp_path: Path, siren: Path, depot_folder: Path) -> None:
    shutil.copytree(depot_folder, tmp_path / "depot")
    configure(tmp_path / "depot", siren)
    prepared = prepare(tmp_path / "depot", tmp_path / "state")
    with open_store(tmp_path / "store") as store:
        decision = {"decision": "site", "setup": store.blobs.put(prepared.data)}
        lease = store.checkpoints.acquire("start", store.checkpoints.observe("start"), "test")
        told = Output("d", "ingest/depot/main:decision", json.dumps(decision).encode(), "depot/site")
        lease.commit(1, None, [told])
    (tmp_path / "depot" / "site.yaml").write_text("an edit with faults")
    link = Link()
    config = Config(tmp_path / "depot", str(tmp_path / "store"))
    running = threading.Thread(target=run, args=(config, link))
    running.start()
    assert link.is_ready.wait(30)
    link.on_other("digest")
    event = alarm("a", "critical")
    with open_store(tmp_path / "store") as store:
        lease = store.checkpoints.acquire("fusion/depot", store.checkpoints.observe("fusion/depot"), "fusion")
        lease.commit(1, None, [Output("a", "result/depot:event", encode_event(event), "depot/a", 1)])
        ends = time.monotonic() + 30
        while not heard(tmp_path) and time.monotonic() < ends:
            time.sleep(0.02)
        while (link.told.get("lag"), link.told.get("queued")) != (0, 0) and time.monotonic() < ends:
            time.sleep(0.02)
        link.stopping.set()
        running.join(10)
        assert not running.is_alive()
        assert link.told == {
            "lag": 0,
            "queued": 0,
            "undelivered": 0,
            "channels_down": 0,
            "settings_fault": "",
            "store_fault": "",
        }
        assert [m.state for m in all_messages(store, "depot")] == ["sent"]
        assert store.checkpoints.observe("notify/depot").owner == ""
    (got,) = heard(tmp_path)
    assert got["title"].startswith("CRITICAL alarm: Level does not fit: a")


class TestSettings:
    def test_a_change_counts_without_a_restart(self, store: Store, tmp_path: Path, siren: Path) -> None:
        (tmp_path / "site").mkdir()
        one = notifier(store, tmp_path / "site")
        publish(store, alarm("a", "critical"))
        for _ in range(3):
            one.step(0.01)
        assert messages(store) == []
        configure(tmp_path / "site", siren)
        until(one, lambda: bool(heard(tmp_path)))

    def test_faulty_ones_leave_the_old_in_force_and_are_told(self, store: Store, tmp_path: Path, siren: Path) -> None:
        configure(tmp_path / "site", siren)
        lines: list[str] = []
        one = notifier(store, tmp_path / "site", log=lines.append)
        configure(tmp_path / "site", siren, more="quite_hours: never\n")
        until(one, lambda: bool(one.settings_fault))
        assert "quite_hours" in one.settings_fault
        publish(store, alarm("a", "critical"))
        until(one, lambda: bool(heard(tmp_path)))
        row = store.records.get("health", f"{SITE.id}/{SOURCE}/settings")
        assert row is not None
        assert decode_health(row.data).state == "down"
        configure(tmp_path / "site", siren)
        until(one, lambda: not one.settings_fault)


class TestClock:
    def test_a_clock_set_back_holds_up_no_escalation(
        self, store: Store, tmp_path: Path, siren: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure(tmp_path / "site", siren, step=", {channels: [siren], after_min: 0.01}")
        one = notifier(store, tmp_path / "site")
        publish(store, alarm("a", "critical"))
        until(one, lambda: len(heard(tmp_path)) == 1)
        wall = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: wall() - 3600 * 10**9)
        until(one, lambda: len(heard(tmp_path)) == 2, seconds=10)

    def test_it_never_goes_back_nor_stands_still(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wall, tick = [10**18], [0]
        monkeypatch.setattr(time, "time_ns", lambda: wall[0])
        monkeypatch.setattr(time, "monotonic_ns", lambda: tick[0])
        clock = SteadyClock(EventClock())
        assert clock.now() == 10**18
        wall[0], tick[0] = 10**18 - 10**12, 5
        assert clock.now() == 10**18 + 5
        wall[0], tick[0] = 10**18 + 10**12, 6
        assert clock.now() == 10**18 + 10**12
        assert SteadyClock(EventClock(), last=2 * 10**18).now() == 2 * 10**18


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    one = Victims("tests.app.notify.victim")
    yield one
    one.close()


@pytest.mark.parametrize(
    ("point", "nth"),
    [(point, nth) for point in POINTS if point != "before acknowledgement" for nth in (1, 3)]
    + [(p, 1) for p in BETWEEN],
)
def test_killed_anywhere_each_message_arrives_and_a_second_copy_has_the_same_id(
    victims: Victims, tmp_path: Path, siren: Path, point: str, nth: int
) -> None:
    configure(tmp_path / "site", siren)
    with open_store(tmp_path / "store") as store:
        publish(store, alarm("a", "critical", inc="i"), incident("i", "critical"), alarm("b", "critical"))
    job = {"point": point, "nth": nth, "delay_s": 0.001, "target": str(tmp_path / "store")}
    assert victims.run(job | {"folder": str(tmp_path / "site")})["killed"]
    with open_store(tmp_path / "store") as store:
        one = notifier(store, tmp_path / "site")
        until(one, lambda: sorted(m.state for m in messages(store)) == ["sent", "sent"])
        found = {m.id: m.subjects for m in messages(store)}
        assert sorted(found.values()) == [("b",), ("i",)]
        got = [one["id"] for one in heard(tmp_path)]
        assert set(got) == set(found)
        assert len(got) <= len(found) + 1  # at most the one that was under way, under its id
