"""The API of a real service: a live source in, an alarm out by stream, acknowledged, and seen acknowledged."""

import threading
import time

import httpx
import pytest

from infrastress.client import Client
from infrastress.core.clock import EventClock
from infrastress.core.time import DAY, SECOND
from tests.app.service.serving import Feed, make_plant, serving, wait_for

WITHOUT = ("--without", "notifier")
SPEED = 300.0


def test_an_alarm_reaches_a_follower_and_its_acknowledgement_comes_back(tmp_path):
    clock = EventClock(origin=20_500 * DAY, wall=time.time_ns(), speed=SPEED)
    attacked = threading.Event()
    with Feed(clock, value=lambda n: 5.0 if attacked.is_set() else 1.0) as feed:
        plant = make_plant(tmp_path / "plant", plc=feed.port)
        with serving(plant, clock, without=WITHOUT) as service:
            service.ready()
            with Client(service.status.address) as client:
                seen: dict[str, str] = {}
                stopping = threading.Event()

                def follow() -> None:
                    for told in client.follow("alarms"):
                        seen.update({alarm.id: alarm.state for alarm in told.update.alarms})
                        if stopping.is_set():
                            return

                follower = threading.Thread(target=follow, daemon=True)
                follower.start()
                time.sleep(1.0)
                attacked.set()
                wait_for(lambda: bool(seen), 20, lambda: str(client.ready()) + str(service.log[-5:]))
                assert "level" in next(client.alarms()).sentence or next(client.alarms()).assets == ["tank"]
                (name, *_) = seen
                result = client.acknowledge(name, "seen, sending somebody", key="one")
                assert result.changed
                assert not client.acknowledge(name, key="one").changed
                wait_for(lambda: seen[name] == "acknowledged", 60, lambda: str(client.alarm(name)))
                detail = client.alarm(name)
                assert [(act.by, act.comment, act.taken) for act in detail.acts] == [
                    ("local", "seen, sending somebody", True)
                ]
                assert detail.pending == []
                wait_for(lambda: client.ready().ready, 30, lambda: str(client.ready()))
                assert client.health().state == "live", client.health()
                decided = {decision.kind for decision in client.decisions()}
                assert decided >= {"action", "decision"}
                metrics = client.metrics()
                assert 'infrastress_process_up{process="judge"} 1.0' in metrics
                assert 'infrastress_rows_total{outcome="accepted",source="plc"}' in metrics
                history = client.history(["level"], *_span(clock, feed), width=50)
                assert max(value for value in history.series[0].values if value is not None) > 4.9
                stopping.set()
                follower.join(15)  # a tick of health or another alarm ends it, or the client's own end
            assert service.stop() == 0
        with pytest.raises(httpx.TransportError):
            httpx.get(service.status.address)


def _span(clock: EventClock, feed: Feed) -> tuple[str, str]:
    from infrastress.core.time import to_iso

    return to_iso(feed._began - SECOND), to_iso(clock.now() + SECOND)
