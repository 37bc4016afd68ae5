"""The stream: nothing missed and nothing twice over a restart, few frames, slow followers dropped, gaps told."""

import json
import socket
import threading
import time

import httpx
import pytest

from infrastress.client import ApiError, Client
from infrastress.client.stream import messages
from infrastress.events.health import Health, Pulse
from tests.app.api.running import copy_store, raise_alarms, running, tell
from tests.app.service.serving import wait_for


class Follower:
    """Follows in a thread and keeps what it was told."""

    def __init__(self, address: str, *topics: str, after: str | None = None, token: str | None = None) -> None:
        self.client = Client(address, token=token)
        self.told: list = []
        self.error: Exception | None = None
        self._topics, self._after = topics, after
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Follower":
        self._thread.start()
        wait_for(lambda: bool(self.told) or self._after is not None or self.error is not None, 20)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def _run(self) -> None:
        try:
            for told in self.client.follow(*self._topics, after=self._after):
                self.told.append(told)
        except Exception as error:
            self.error = error

    @property
    def alarms(self) -> list[tuple[str, int]]:
        return [(alarm.id, alarm.version) for told in self.told for alarm in told.update.alarms]

    @property
    def kinds(self) -> list[str]:
        return [told.kind for told in self.told]


@pytest.fixture
def store(recorded, tmp_path):
    return copy_store(recorded, tmp_path)


def test_nothing_is_missed_and_nothing_told_twice_over_a_restart(site_folder, store, tmp_path):
    expected = {(f"alm-{number:016x}", 1) for number in range(300)}
    with running(site_folder, store, tmp_path / "state") as first:
        port = first.port
        with Follower(first.address, "alarms") as follower:
            for number in range(0, 150, 3):
                raise_alarms(first.store, range(number, number + 3))
                time.sleep(0.005)
            wait_for(lambda: len(follower.alarms) > 60, 20)
            seen_before = len(follower.alarms)
            first.stop()
            assert seen_before > 60
            for number in range(150, 250, 5):  # nobody serves
                raise_alarms(first.store, range(number, number + 5))
            with running(site_folder, store, tmp_path / "state", port=port) as second:
                for number in range(250, 300, 2):
                    raise_alarms(second.store, range(number, number + 2))
                    time.sleep(0.005)
                wait_for(lambda: len(follower.alarms) >= 300, 30, lambda: f"{len(follower.alarms)} {follower.kinds}")
                time.sleep(0.5)
                assert len(follower.alarms) == len(set(follower.alarms)) == 300
                assert set(follower.alarms) == expected
                assert follower.kinds.count("start") == 1
                assert "reset" not in follower.kinds


def test_frames_are_few_hold_the_newest_version_and_their_ids_rise(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, Follower(api.address, "alarms") as follower:
        began = time.monotonic()
        for version in range(1, 101):
            raise_alarms(api.store, range(1), version=version)
            time.sleep(0.01)
        wait_for(lambda: bool(follower.alarms) and follower.alarms[-1][1] == 100, 20)
        frames = follower.kinds.count("update")
        assert frames <= 5 * (time.monotonic() - began) + 2
        versions = [version for _, version in follower.alarms]
        assert versions == sorted(set(versions))
        positions = [int(told.update.position[1:].partition(".")[0]) for told in follower.told]
        assert positions == sorted(positions)


def test_a_list_and_the_stream_behind_its_position_are_one(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        raise_alarms(api.store, range(5))
        position = client.position()
        known = {alarm.id for alarm in client.alarms()}
        raise_alarms(api.store, range(5, 10))
        with Follower(api.address, "alarms", after=position) as follower:
            everything = {f"alm-{number:016x}" for number in range(10)}
            wait_for(lambda: everything <= known | {name for name, _ in follower.alarms}, 10)


def test_what_is_not_kept_any_more_is_told_as_a_reset(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state", catch_up=4) as api:
        raise_alarms(api.store, range(5))
        with Follower(api.address, "alarms", after=f"r{api.store.log.end('result/depot') - 5}.s0.i0") as follower:
            wait_for(lambda: bool(follower.told), 10)
            assert follower.kinds[0] == "reset"  # too far back
        end = api.store.log.end("result/depot")
        api.store.log.retire("result/depot", end - 1)
        for after, kind in (
            (f"r{end - 3}.s0.i0", "reset"),
            ("r999999.s0.i0", "reset"),
            (f"r{end - 1}.s0.i0", "update"),
        ):
            with Follower(api.address, "alarms", after=after) as follower:
                wait_for(lambda f=follower: bool(f.told), 10)
                assert follower.kinds[0] == kind, after
        for after in ("r1", "x", "r1.s1.i1.", "r-1.s0.i0", "r" + "9" * 30 + ".s0.i0"):
            assert httpx.get(f"{api.address}/api/v1/stream", params={"after": after}).status_code == 400


def test_a_follower_that_takes_nothing_is_dropped_and_harms_nobody(site_folder, store, tmp_path):
    limits = {"ring_frames": 8, "frame_s": 0.05, "send_s": 1.0, "heartbeat_s": 0.5}
    with running(site_folder, store, tmp_path / "state", **limits) as api, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", api.port))
        slow.sendall(b"GET /api/v1/stream?topics=alarms HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream = api.app.state.stream
        with Follower(api.address, "alarms") as follower:
            wait_for(lambda: stream.followers == 2, 10)
            for number in range(0, 400, 4):
                raise_alarms(api.store, range(number, number + 4), words="w" * 20_000)
                if stream.dropped:
                    break
                time.sleep(0.06)
            wait_for(lambda: stream.dropped == 1 and stream.followers == 1, 20)
            raise_alarms(api.store, range(1000, 1001))
            wait_for(lambda: (f"alm-{1000:016x}", 1) in follower.alarms, 10)
            assert "reset" not in follower.kinds
        assert stream._bytes <= api.app.state.plant.settings.ring_bytes


def test_who_may_not_follow_any_more_is_cut_off(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state", host="192.0.2.7", heartbeat_s=0.2) as api:
        token = api.token("operator")
        with Follower(api.address, token=token) as follower:
            api.book.revoke_token("test-operator")
            wait_for(lambda: follower.error is not None, 10)
            assert isinstance(follower.error, ApiError)
            assert follower.error.status == 401
        liaison = {"Authorization": f"Bearer {api.token('reporter-liaison')}"}
        refused = httpx.get(f"{api.address}/api/v1/stream", params={"topics": "decisions"}, headers=liaison)
        assert refused.status_code == 403


def test_there_are_so_many_followers_and_no_more(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state", max_streams=2, heartbeat_s=0.3) as api:
        with Follower(api.address), Follower(api.address):
            assert httpx.get(f"{api.address}/api/v1/stream").status_code == 503
        wait_for(lambda: api.app.state.stream.followers == 0, 10)


def test_a_pulse_that_stops_is_told_and_makes_everything_unknown(site_folder, store, tmp_path):
    limits = {"pulse_s": 1.0, "heartbeat_s": 0.2}
    with running(site_folder, store, tmp_path / "state", **limits) as api, api.client() as client:
        assert client.health().state == "unknown"
        live = [Health(site="depot", source=source.id, state="live", last_seen=1) for source in api.site.sources]
        level = Health(site="depot", source="scada", member="LT-101", state="frozen", value=5.0, cadence_s=10.0)
        with Follower(api.address, "pulse", "health") as follower:
            tell(api.store, *live, level, Pulse(site="depot", clock=api.clock.now(), watermark=api.clock.now()))
            wait_for(lambda: any(t.update.pulse and t.update.pulse.fresh for t in follower.told), 10)
            changes = [change for told in follower.told for change in told.update.health]
            assert ("scada", "LT-101", "frozen") in [(c.source, c.member, c.state) for c in changes]
            health = client.health()
            if health.pulse.fresh:
                assert health.counts == {"live": len(live)}
                assert client.signal("LT-101").health.state == "frozen"
                assert client.signal("LT-102").health.state == "unknown"
            wait_for(lambda: follower.told[-1].update.pulse and not follower.told[-1].update.pulse.fresh, 10)
        health = client.health()
        assert (health.state, set(health.counts)) == ("unknown", {"unknown"})
        assert health.sources[0].told == "live"
        assert client.signal("LT-101").health.state == "unknown"
        assert client.source("scada").members["LT-101"].told == "frozen"
        assert client.ready().ready is False
        assert client.ready().reasons == ["detection has not told anything lately"]


def test_a_beat_is_heard_where_nothing_happens(site_folder, store, tmp_path):
    with (
        running(site_folder, store, tmp_path / "state", heartbeat_s=0.2) as api,
        httpx.stream("GET", f"{api.address}/api/v1/stream") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        head = [next(lines) for _ in range(8)]
        assert head[0] == "retry: 2000"
        assert ": beat" in head
        (start,) = messages(iter([*head, ""]))
        assert json.loads(start.data)["position"] == start.id


def test_messages_are_read_as_the_standard_says():
    lines = [
        ":comment",
        "data: YHOO",
        "data: +2",
        "data:10",
        "",
        "id: 1",
        "data",
        "",
        "event: add",
        "data:  x",
        "",
        "id",
        "event: y",
        "",
        "data: z",
        "id: a\0b",
        "",
        "data: cut off",
    ]
    assert [tuple(message) for message in messages(lines)] == [
        ("", "message", "YHOO\n+2\n10"),
        ("1", "message", ""),
        ("1", "add", " x"),
        ("", "message", "z"),
    ]
