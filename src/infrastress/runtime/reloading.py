"""A unit that outlives changes of the site model: the log says which model holds from which record on.

A change is a `decision` record of the log that names a setup (site model, options, what was learned) by its content
hash. Whatever comes behind it is judged by a unit built of that setup, which takes over what still fits: rows waiting
for their frame, open alarms and incidents, detectors that go on. So the log replays to the same results without the
site's folder.

A detector that begins afresh leaves the conditions it had raised to the new one. What that hasn't raised again after
`SETTLING` is cleared.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json, event_id
from infrastress.core.time import MINUTE
from infrastress.events import Detection, Event, Tick, decode_event, encode_event, make_event
from infrastress.events.kinds import Severity
from infrastress.runtime.detection import HEALTH
from infrastress.runtime.unit import Unit, refusal
from infrastress.store.ports import Output, Record, type_of

__all__ = ["SETTLING", "Carrying", "SiteUnit", "decision_output"]

SETTLING = 15 * MINUTE
"""How long a condition stays raised whose detector began afresh, event time."""
_VERSION = "1"
_SOURCE = "service"
_LEVELS: dict[str, tuple[Severity, str]] = {
    "low": ("medium", "The disk is nearly full: telemetry is thinned. Free space or extend the disk."),
    "critical": (
        "high",
        "The disk is almost full: of telemetry only changes of state and one row of each frame are kept. "
        "Free space or extend the disk.",
    ),
}


class Carrying(Protocol):
    """What is needed of the unit that is built of a setup."""

    def update(self, record: Record) -> list[Output]:
        """Take the next record."""

    def dump(self) -> bytes:
        """State as canonical bytes."""

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one."""

    def carry(self, old: Self) -> tuple[str, ...]:
        """Take over what still fits of a unit of another setup.

        Returns:
            Detectors that are gone or begin afresh, and episodes about the platform that nobody follows any more, as
            "health/<episode>".
        """


U = TypeVar("U", bound=Carrying)


class _Open(msgspec.Struct):
    """An episode that was raised and not cleared, as its last event."""

    event: bytes
    due: int | None = None


class _State(msgspec.Struct):
    setup: str = ""
    inner: bytes = b""
    said: int = 0
    episodes: dict[str, _Open] = {}
    disk: str = ""


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


def decision_output(site: str, fields: Mapping[str, Any]) -> Output:
    """A decision for `ingest/<site>/main`, also the newest of its kind in Records under "<site>/<kind>".

    Args:
        site: the site's id.
        fields: "decision" is its kind ("site", "disk"), "at" its event time in ns; a "site" decision names its "setup",
            a "disk" decision the "level". The same decision at the same moment is one record.
    """
    data = canonical_json(dict(fields))
    identity, at = event_id(_SOURCE, int(fields["at"]), data), int(fields["at"])
    return Output(identity, f"ingest/{site}/main:decision", data, f"{site}/{fields['decision']}", at)


class SiteUnit(Unit, Generic[U]):
    """Runs the unit of the setup in force.

    Args:
        site: the site's id.
        build: makes a unit of a setup, by its content hash; a pure function of it.
        forward: partition to which decisions are handed on, for the stage behind; empty for none. Where it is given,
            conditions of detectors that began afresh are settled here.
    """

    def __init__(self, site: str, build: Callable[[str], U], *, forward: str = "") -> None:
        self._site, self._build, self._forward = site, build, forward
        self._state = _State()
        self.inner: U | None = None

    @property
    def setup(self) -> str:
        """Content hash of the setup in force; empty before the first."""
        return self._state.setup

    @property
    def failed(self) -> dict[str, str]:
        """Detectors that are off, and what they threw."""
        failed: dict[str, str] = getattr(self.inner, "failed", {})
        return failed

    def update(self, record: Record) -> list[Output]:
        """Take a decision, or let the unit in force take the record."""
        if type_of(record.subject) == "decision":
            try:
                return self._decided(record)
            except (DecodeError, msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
                return [refusal(self._site, record, DecodeError(f"no decision: {error}"))]
        if self.inner is None:
            return [refusal(self._site, record, DecodeError("no site model was in force yet"))]
        outputs = self.inner.update(record)
        return self._follow(outputs) if self._forward else outputs

    def dump(self) -> bytes:
        """State as canonical bytes; the setup by its hash."""
        self._state.inner = b"" if self.inner is None else self.inner.dump()
        return _ENCODER.encode(self._state)

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no such state.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no state of a site: {error}") from None
        if not state.setup:
            self.inner = None
        else:
            if self.inner is None or state.setup != self._state.setup:
                self.inner = self._build(state.setup)
            self.inner.load(state.inner)
        self._state = state

    def _decided(self, record: Record) -> list[Output]:
        fields = msgspec.json.decode(record.data)
        outputs: list[Output] = []
        if self._forward:
            outputs.append(Output(record.id, f"{self._forward}:decision", record.data))
        if fields["decision"] == "site" and "setup" in fields:
            self._change(str(fields["setup"]), int(fields["at"]))
        elif fields["decision"] == "disk" and self._forward:
            outputs += self._disk(str(fields["level"]), int(fields["at"]))
        elif self.inner is not None:
            outputs = self.inner.update(record)
        return outputs

    def _change(self, setup: str, at: int) -> None:
        if setup == self._state.setup:
            return
        old, new = self.inner, self._build(setup)
        if old is not None:
            gone = set(new.carry(old))
            for known in self._state.episodes.values() if gone else ():
                if known.due is None and _follows_nobody(_detection(decode_event(known.event)), gone):
                    known.due = at + SETTLING
        self.inner, self._state.setup = new, setup

    def _disk(self, level: str, at: int) -> list[Output]:
        state = self._state
        if level in _LEVELS:
            severity, sentence = _LEVELS[level]
            state.disk = state.disk or f"disk-{at}"
            return [self._say(_health(state.disk, at, "raised", severity, sentence))]
        if not state.disk:
            return []
        episode, state.disk = state.disk, ""
        sentence = "There is room on the disk again: all telemetry is kept."
        return [self._say(_health(episode, at, "cleared", "medium", sentence))]

    def _say(self, body: Detection) -> Output:
        event = make_event(site=self._site, source=_SOURCE, sequence=self._state.said, occurred=body.until, body=body)
        self._state.said += 1
        return Output(event.id, f"{self._forward}:event", encode_event(event))

    def _follow(self, outputs: list[Output]) -> list[Output]:
        """Note which episodes stand, and settle those whose detector began afresh."""
        followed: list[Output] = []
        for output in outputs:
            if output.subject == f"{self._forward}:event":
                event = decode_event(output.data)
                if isinstance(event.body, Detection):
                    self._note(event, output.data)
            elif output.subject == f"{self._forward}:tick":
                tick = decode_event(output.data).body
                if isinstance(tick, Tick):
                    followed += self._settle(tick.watermark)
            followed.append(output)
        return followed

    def _note(self, event: Event, data: bytes) -> None:
        body = _detection(event)
        key = f"{body.detector}\0{body.episode}"
        if body.phase == "raised":
            self._state.episodes[key] = _Open(data)
        else:
            self._state.episodes.pop(key, None)

    def _settle(self, now: int) -> list[Output]:
        episodes = self._state.episodes
        due = sorted((known.due, key) for key, known in episodes.items() if known.due is not None and known.due <= now)
        outputs = []
        for moment, key in due:
            event = decode_event(episodes.pop(key).event)
            body = msgspec.structs.replace(
                _detection(event),
                phase="cleared",
                score=0.0,
                until=moment,
                sentence="The site model was changed; judged afresh, this wasn't found again",
                contributions=(),
            )
            cleared = make_event(
                site=self._site,
                source=_SOURCE,
                sequence=self._state.said,
                occurred=moment,
                body=body,
                assets=event.assets,
                zone=event.zone,
            )
            self._state.said += 1
            outputs.append(Output(cleared.id, f"{self._forward}:event", encode_event(cleared)))
        return outputs


def _follows_nobody(body: Detection, gone: set[str]) -> bool:
    """Whether an episode is of what is gone or begins afresh; with a detector that does, its failure is over."""
    failed = body.rule == "detector-failed" and any(body.sentence.startswith(f"Detector {name} ") for name in gone)
    return body.detector in gone or f"{HEALTH}/{body.episode}" in gone or failed


def _detection(event: Event) -> Detection:
    if not isinstance(event.body, Detection):
        raise DecodeError(f"a detection is of kind {event.kind}")
    return event.body


def _health(episode: str, at: int, phase: Literal["raised", "cleared"], severity: Severity, sentence: str) -> Detection:
    return Detection(
        detector=HEALTH,
        detector_version=_VERSION,
        rule="disk-nearly-full",
        episode=episode,
        phase=phase,
        source_kind="telemetry",
        severity=severity,
        score=1.0 if phase == "raised" else 0.0,
        sentence=sentence,
        began=at,
        until=at,
        confidence=1.0,
    )
