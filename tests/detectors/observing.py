"""Events of a day in March 2026 at the reference depot, and detectors that are told of them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from infrastress.events import AccessAttempt, DoorState, LoginAttempt, SessionState, make_event
from infrastress.events.frames import Block
from tests.detectors.plant import frames_of, still

__all__ = ["MINUTE", "SECOND", "at", "badge", "door", "event", "login", "raised", "say", "session"]

ROME = ZoneInfo("Europe/Rome")
SECOND = 10**9
MINUTE = 60 * SECOND


def at(clock: str, day: int = 10) -> int:
    """Nanoseconds of a local time HH:MM or HH:MM:SS; the 10th is a Tuesday, the 14th a Saturday."""
    parts = [int(part) for part in clock.split(":")]
    return int(datetime(2026, 3, day, *parts, tzinfo=ROME).timestamp()) * SECOND


def event(when, body, *, assets=(), sequence=0, source="test"):
    return make_event(site="depot", source=source, sequence=sequence, occurred=when, body=body, assets=assets)


def say(detector, *events, until=None):
    """Tell events, and that time has come to `until`, or to the minute behind the last of them."""
    newest = until or max(e.occurred for e in events)
    end = -(-newest // MINUTE) * MINUTE
    block = Block(frames_of(still(1), start=end - MINUTE), tuple(sorted(events, key=lambda e: (e.occurred, e.id))))
    return detector.update(block)


def raised(findings):
    return [(f.body.rule, f.body.severity) for f in findings if f.body.phase == "raised"]


def badge(person, zone, door="D-X", **more):
    return AccessAttempt(person=person, door=door, zone=zone, **more)


def door(name, state, **more):
    return DoorState(door=name, state=state, **more)


def login(account, host, **more):
    return LoginAttempt(account=account, host=host, origin=more.pop("origin", "10.20.20.21"), **more)


def session(account, host, state="opened", **more):
    return SessionState(account=account, host=host, origin=more.pop("origin", host), state=state, **more)
