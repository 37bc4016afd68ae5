"""Health: how a source, or a member of it, stands. Silence is never green: who hasn't spoken is unknown."""

from typing import Literal

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json

__all__ = ["Health", "HealthState", "Pulse", "Turn", "decode_health", "decode_turn", "encode_health"]

HealthState = Literal["unknown", "live", "delayed", "frozen", "stopped", "down"]
"""How it stands.

`unknown`: never spoke, or nobody watches. `live`: speaks at its cadence. `delayed`: what it says is old when it comes.
`frozen`: repeats its last digits. `stopped`: silent for three cadences. `down`: its connection is known to be lost.
"""


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one source or member stands; newest version by key in Records, kind "health".

    Attributes:
        site, source: whose.
        member: a signal, device or camera of the source; empty for the source as a whole.
        state: see there.
        since: when this state began, event time in ns.
        last_seen: newest time that was told, ns; 0 before the first.
        last_good: newest time of a good value, ns; 0 before the first.
        value: last good value in SI, of a signal.
        cadence_s: how often it should speak; 0 where that isn't known.
        lag_s: how old its newest value was when it came.
        every_s: how often it comes, a mean; of a source, 0 while that isn't known.
        detail: for people.
    """

    site: str
    source: str
    member: str = ""
    state: HealthState = "unknown"
    since: int = 0
    last_seen: int = 0
    last_good: int = 0
    value: float | None = None
    cadence_s: float = 0.0
    lag_s: float = 0.0
    every_s: float = 0.0
    detail: str = ""

    @property
    def key(self) -> str:
        """Key in Records."""
        return f"{self.site}/{self.source}/{self.member}" if self.member else f"{self.site}/{self.source}"


class Pulse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far detection of a site is; newest version by site id in Records, kind "pulse".

    Attributes:
        site: whose.
        clock: event clock of the newest tick that detection has taken, ns.
        watermark: event time up to which everything was judged, ns.
        failed: detectors that are off, and what they threw.
    """

    site: str
    clock: int
    watermark: int
    failed: dict[str, str] = {}


class Turn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a source, or a signal by itself, began to stand differently; kept so that the past can be shown.

    Attributes:
        site, source: whose.
        member: a signal that stands worse than its source, or again as that does (`live`); empty for the source.
        state, was: how it stands from then on, and how it stood.
        at: event clock, ns.
        detail: for people.
    """

    site: str
    source: str
    member: str = ""
    state: HealthState
    was: HealthState
    at: int
    detail: str = ""


def encode_health(health: Health | Pulse | Turn) -> bytes:
    """Canonical bytes."""
    return canonical_json(health)


def decode_health(data: bytes) -> Health:
    """Inverse of `encode_health` for a Health; raises DecodeError."""
    try:
        return msgspec.json.decode(data, type=Health)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no health: {error}") from None


def decode_turn(data: bytes) -> Turn:
    """Inverse of `encode_health` for a Turn; raises DecodeError."""
    try:
        return msgspec.json.decode(data, type=Turn)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no turn: {error}") from None
