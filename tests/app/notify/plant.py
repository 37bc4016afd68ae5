"""Alarms and incidents for the tests of notifications, over the tank farm of the tests of fusion."""

from typing import Any

from infrastress.app.notify.settings import Settings
from infrastress.core.time import from_iso
from infrastress.events import Alarm, Event, Incident, encode_event
from infrastress.store.ports import Output, Store
from tests.fusion.plant import SITE

__all__ = ["NOON", "SITE", "alarm", "incident", "publish", "settings"]

NOON = from_iso("2026-03-02T12:00:00Z")  # a Monday


def alarm(name: str, severity: str = "high", state: str = "unacknowledged", inc: str = "", **more: Any) -> Event:
    body = Alarm(
        alarm=name,
        state=state,
        severity=severity,
        priority=1,
        title=more.pop("title", f"Level does not fit: {name}"),
        sentence=more.pop("sentence", "T-1 rises 3 cm"),
        detection="d",
        rule="mass_balance",
        source_kind=more.pop("source_kind", "telemetry"),
        incident=inc,
    )
    return event(name, body, **more)


def incident(name: str, severity: str = "high", state: str = "open", **more: Any) -> Event:
    body = Incident(
        incident=name,
        revision=more.pop("revision", 1),
        state=state,
        hypothesis="overfill_attack",
        title="Overfill attack in preparation: T-1",
        severity=severity,
        confidence=0.82,
        why="CT-02 entered Control room",
        began=NOON,
        updated=NOON,
        first_alarm=NOON,
        detections=("d",),
        source_kinds=more.pop("source_kinds", ("telemetry", "access")),
        timeline=(),
        superseded_by=more.pop("superseded_by", ""),
    )
    return event(name, body, **more)


_count = 0


def event(name: str, body: Any, *, assets: tuple[str, ...] = ("T-1",), zone: str = "") -> Event:
    global _count  # noqa: PLW0603 - each version has an id of its own
    _count += 1
    return Event(
        id=f"{name}-{_count}", site=SITE.id, source="fusion", sequence=1, occurred=NOON, observed=NOON, body=body,
        assets=assets, zone=zone,
    )  # fmt: skip


def settings(*routes: dict[str, Any], channels: dict[str, Any] | None = None, **more: Any) -> Settings:
    default = {"type": "command", "argv": ("/bin/true",)}
    named = {name for route in routes for step in route["steps"] for name in step["channels"]}
    return Settings.model_validate({"channels": channels or dict.fromkeys(named, default), "routes": routes, **more})


def publish(store: Store, *events: Event) -> None:
    """As fusion does: records of the result partition, newest versions by key."""
    name = f"fusion/{SITE.id}"
    lease = store.checkpoints.acquire(name, store.checkpoints.observe(name), "fusion")
    outputs = [
        Output(
            one.id,
            f"result/{SITE.id}:event",
            encode_event(one),
            f"{SITE.id}/{getattr(one.body, 'alarm', '') or one.body.incident}",
            one.occurred,
        )
        for one in events
    ]
    lease.commit(lease.offset + 1, None, outputs)
