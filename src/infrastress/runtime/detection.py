"""The unit that judges: admitted rows and events in, detections out.

What goes out is the same to the last bit, and in the same order, however rows were batched and sources interleaved:
frames depend on their rows alone; an event is judged in the frame in which it was known (the later of `occurred` and
`observed`), a network record in that of its `known`; findings leave in order of time; the tick is forwarded on a fixed
grid and behind every frame in which something was found, so that fusion need not wait.

While a site is live, detectors that are `prompt` (doors, gas heads, tracks, reports) don't wait for frames: each tick
that carries a clock gives them the events that came since. The log holds the ticks, so it replays to the same bytes.
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.errors import ConfigurationError, DecodeError
from infrastress.core.ids import content_hash
from infrastress.core.time import MINUTE, SECOND
from infrastress.events import (
    Detection,
    Event,
    NetworkRecords,
    Samples,
    Tick,
    WorkNotice,
    decode_event,
    encode_event,
    make_event,
)
from infrastress.events.frames import Block, Finding, Frames, known_between
from infrastress.events.health import Health, Pulse, encode_health
from infrastress.runtime.frames import Framer, frame_of
from infrastress.runtime.traffic import Traffic
from infrastress.runtime.unit import Unit, refusal
from infrastress.runtime.waiting import Waiting
from infrastress.runtime.watch import Watch
from infrastress.runtime.watchwords import HEALTH, HEALTH_VERSION
from infrastress.site import Site
from infrastress.store.ports import Output, Record, type_of

__all__ = ["HEALTH", "DetectionUnit", "Judge"]

_TICK = 10 * MINUTE
_PASS = 5 * SECOND
"""How often detectors that needn't wait are told that time has passed, where nothing else is new."""
_WATCHED = frozenset({"process.silence", "device.source_silent"})
"""Rules that speak of the same as the watch, which knows the clock: they are silent while a site is live."""


class Judge(Protocol):
    """What the runtime needs of a detector."""

    @property
    def name(self) -> str:
        """Unique among the site's detectors."""

    @property
    def version(self) -> str:
        """Version of its rules."""

    def update(self, block: Block) -> list[Finding]:
        """Judge the next block."""

    def dump(self) -> bytes:
        """State as canonical bytes."""

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one."""


@runtime_checkable
class Continuing(Protocol):
    """A detector that can tell whether it may go on from the state of one of another site model."""

    def continues(self, other: Any) -> bool:
        """Whether the other's state is laid out as its own."""


@runtime_checkable
class Scoring(Protocol):
    """A detector that can tell how unusual each frame was."""

    def scores(self) -> npt.NDArray[np.float64] | None:
        """float64[k] of the block it judged last; None where it has no such measure."""


@runtime_checkable
class Heeding(Protocol):
    """A detector that wants to know what those before it said of the block that it judges next."""

    def heed(self, said: Sequence[Event]) -> None:
        """Detections of the block, by the detectors that come before it."""


class _Part(msgspec.Struct):
    """What is kept of one detector: how much it said, what it threw, its state."""

    name: str
    version: str
    said: int = 0
    failed: str = ""
    state: bytes = b""


class _State(msgspec.Struct, frozen=True):
    framer: bytes
    pending: tuple[bytes, ...]
    ticks: int
    health: int
    parts: tuple[_Part, ...]
    watch: bytes = b""
    pulsed: int = 0
    acted: tuple[int, ...] = ()
    network: tuple[bytes, ...] = ()
    judged: tuple[bool, ...] = ()
    passed: int = 0
    ahead: int = 0


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


class DetectionUnit(Unit):
    """Runs a site's detectors over `ingest/<site>/main`; outputs go to `fusion/<site>`.

    A detector that throws is judged again frame by frame: what it found before stays, the frame at which it threw
    becomes a detection of rule `detector-failed`, and it stays off for as long as this state lives (a restart must not
    change a replay). Another version of it starts afresh.

    Args:
        site: the site model; its signals are the columns of the frames, `runtime.frame_s` their width.
        detectors: in fixed order, names unique.
        scores: hand over each detector's score of each frame too, as Samples to `score/<site>`, a column a detector.

    Raises:
        ConfigurationError: two detectors of one name.
    """

    def __init__(self, site: Site, detectors: Sequence[Judge], *, scores: bool = False) -> None:
        names = [detector.name for detector in detectors]
        if len(set(names)) < len(names) or HEALTH in names:
            raise ConfigurationError(f"detector names must be unique and not {HEALTH!r}: {', '.join(names)}")
        self._site = site
        self._width = round(site.runtime.frame_s * SECOND)
        self._tick = self._width * max(1, _TICK // self._width)
        self._framer = Framer(self._width, [signal.id for signal in site.signals])
        self._traffic = Traffic()
        self._detectors = tuple(detectors)
        self._scores = scores
        self._fresh = [detector.dump() for detector in detectors]
        self._parts = [_Part(d.name, d.version, state=state) for d, state in zip(detectors, self._fresh, strict=True)]
        self._waiting = Waiting(self._width, self._framer.reach)
        self._prompt = [getattr(detector, "prompt", False) for detector in detectors]
        # What says that something is missing (no badge, no more of a track) waits for sources that may still tell it.
        late = [source.lateness_s for source in site.sources if source.kind == "access"]
        self._patience = round(max(late, default=0.0) * SECOND)
        self._passed = 0  # event clock when detectors that needn't wait were last given something
        self._ahead = 0  # watermark that fusion was told last
        self._acted: list[int] = []  # ends of frames in which people did something, still to be forwarded
        self._ticks = 0
        self._health = 0
        self._watch = Watch(site)
        self._unwatched = self._watch.dump()
        self._pulsed = 0

    @property
    def failed(self) -> dict[str, str]:
        """Detectors that are off, and what they threw."""
        return {part.name: part.failed for part in self._parts if part.failed}

    def update(self, record: Record) -> list[Output]:
        """Buffer rows and events; judge what a tick closes; hand on what people did about alarms."""
        kind = type_of(record.subject)
        try:
            if kind == "samples":
                samples = Samples.decode(record.data)
                self._framer.add(samples)
                self._watch.samples(samples)
            elif kind == "network":
                self._hear(NetworkRecords.decode(record.data))
            elif kind == "event":
                event = self._waiting.hold(record.data)
                self._watch.event(event)
                if isinstance(event.body, WorkNotice):  # nothing to be judged, but what fusion has to know
                    return self._hand_on(record, event.occurred)
            elif kind in ("link", "decision"):
                self._watch.note(kind, _fields(record.data))
            elif kind == "action":
                return self._hand_on(record, decode_event(record.data).occurred)
            elif kind == "tick":
                body = decode_event(record.data).body
                if not isinstance(body, Tick):
                    raise DecodeError(f"a tick's body is of kind {type(body).__name__}")
                return self._advance(body)
        except DecodeError as error:
            return [refusal(self._site.id, record, error)]
        return []

    def dump(self) -> bytes:
        """State as canonical bytes."""
        pending, judged = self._waiting.dump()
        framer, parts = self._framer.dump(), tuple(self._parts)
        watch = self._watch.dump() if self._watch.clock else b""
        return _ENCODER.encode(
            _State(
                framer,
                pending,
                self._ticks,
                self._health,
                parts,
                watch,
                self._pulsed,
                tuple(self._acted),
                self._traffic.dump(),
                judged,
                self._passed,
                self._ahead,
            )
        )

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; detectors unknown to it, or of another version, start afresh.

        Raises:
            DecodeError: the bytes are no such state.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no detection state: {error}") from None
        known = {(part.name, part.version): part for part in state.parts}
        said = {part.name: part.said for part in state.parts}
        self._framer.load(state.framer)
        self._traffic.load(state.network)
        self._waiting.load(state.pending, state.judged)
        self._passed, self._ahead = state.passed, state.ahead
        self._ticks, self._health, self._pulsed = state.ticks, state.health, state.pulsed
        self._acted = list(state.acted)
        self._watch.load(state.watch or self._unwatched)
        for i, detector in enumerate(self._detectors):
            part = known.get((detector.name, detector.version))
            if part is None:
                part = _Part(detector.name, detector.version, said.get(detector.name, 0), state=self._fresh[i])
            if not part.failed:
                detector.load(part.state)
            self._parts[i] = part

    def carry(self, old: "DetectionUnit") -> tuple[str, ...]:
        """Take over what still fits of a unit of another site model: what waits, and detectors that may go on.

        Returns:
            Detectors of the old unit that are gone or begin afresh, and episodes of the watch over silence that nobody
            follows any more, as "health/<episode>".
        """
        self._framer.adopt(old._framer)
        self._traffic.adopt(old._traffic)
        self._waiting.load(*old._waiting.dump())
        self._passed, self._ahead = old._passed, old._ahead
        self._ticks, self._health, self._pulsed, self._acted = old._ticks, old._health, old._pulsed, old._acted
        ended = self._watch.adopt(old._watch)
        parts = {part.name: part for part in old._parts}
        before = {detector.name: detector for detector in old._detectors}
        kept = set()
        for i, detector in enumerate(self._detectors):
            part, other = parts.get(detector.name), before.get(detector.name)
            if part is None or other is None:
                continue
            self._parts[i].said = part.said
            if part.version == detector.version and isinstance(detector, Continuing) and detector.continues(other):
                if not part.failed:
                    detector.load(part.state)
                self._parts[i] = part
                kept.add(detector.name)
        return (*(name for name in before if name not in kept), *(f"{HEALTH}/{episode}" for episode in ended))

    def _hear(self, records: NetworkRecords) -> None:
        if not len(records):
            return
        known = records.known
        self._framer.reach(int(known.min()))
        self._framer.reach(int(known.max()))
        self._traffic.add(records)
        self._watch.network(records)

    def _hand_on(self, record: Record, occurred: int) -> list[Output]:
        """What fusion hears as it is, and soon: a tick follows even where nothing is found."""
        self._acted = sorted({*self._acted, frame_of(occurred, self._width) * self._width})
        return [Output(record.id, f"fusion/{self._site.id}:event", record.data)]

    def _advance(self, tick: Tick) -> list[Output]:
        outputs: list[Output] = []
        fresh = self._waiting.fresh(tick.clock) if tick.clock else ()
        closed: list[Frames] = []
        for frames in self._framer.close(None if tick.final else tick.watermark):
            closed.append(frames)
            for block, unjudged in self._waiting.blocks(frames, self._traffic.upto(int(frames.ends[-1]))):
                outputs += self._judge(block, None if tick.clock else unjudged)
        if tick.clock:
            outputs += self._at_once(tick.clock, closed, fresh)
            outputs += self._look(tick)
        upto = self._reached(tick)
        if self._acted and self._acted[0] <= upto:  # what people did is not to wait for the next finding
            self._acted = [end for end in self._acted if end > upto]
            outputs.append(self._forward(upto))
        if tick.final:
            end = self._framer.closed_until
            outputs.append(self._forward(tick.watermark if end is None else end, final=True))
        return outputs

    def _look(self, tick: Tick) -> list[Output]:
        """What the watch sees by the clock. Its findings get the end of the last frame judged, so they lie in order."""
        upto = self._reached(tick)
        findings, healths = self._watch.tick(tick.clock, upto)
        outputs = []
        for found in findings:
            outputs.append(self._output(self._event(HEALTH, self._health, found)))
            self._health += 1
        if findings:
            outputs.append(self._forward(upto))
        outputs += [self._status("health", health, health.key, health.last_seen) for health in healths]
        for turn in self._watch.turns:
            data = encode_health(turn)
            outputs.append(Output(content_hash(data)[:32], f"standing/{self._site.id}:turn", data))
        if tick.clock - self._pulsed >= SECOND:
            self._pulsed = tick.clock
            pulse = Pulse(site=self._site.id, clock=tick.clock, watermark=tick.watermark, failed=self.failed)
            outputs.append(self._status("pulse", pulse, self._site.id, tick.clock))
        return outputs

    def _reached(self, tick: Tick) -> int:
        """End of the last frame judged; where no row ever came, of the last that the watermark has passed."""
        upto = self._framer.closed_until
        return tick.watermark // self._width * self._width if upto is None else upto

    def _status(self, kind: str, body: Health | Pulse, key: str, sort: int) -> Output:
        data = encode_health(body)
        return Output(content_hash(data)[:32], f"status/{self._site.id}:{kind}", data, key, sort)

    def _at_once(self, clock: int, closed: list[Frames], events: tuple[Event, ...]) -> list[Output]:
        """What detectors that needn't wait say of frames that closed and of events that came; or that time passed."""
        if not closed and not events and clock - self._passed < _PASS:
            return []
        self._passed = clock
        empty = self._framer.none()
        blocks = [*(Block(frames, ()) for frames in closed), Block(empty, events, (), clock - self._patience)]
        found: list[Event] = []
        for part, detector, prompt in zip(self._parts, self._detectors, self._prompt, strict=True):
            if part.failed or not prompt:
                continue
            try:
                for block in blocks:
                    found += self._ask(part, detector, block)
            except Exception as error:  # a stranger's code may throw anything, and must not stop the others
                part.failed, part.state = f"{type(error).__name__}: {error}", b""
                found.append(self._failure(part, clock))
        found.sort(key=lambda event: (event.occurred, event.source, event.sequence))
        outputs = [self._output(event) for event in found]
        if found:
            outputs.append(self._forward(frame_of(found[-1].occurred, self._width) * self._width))
        return outputs

    def _judge(self, block: Block, unjudged: tuple[Event, ...] | None) -> list[Output]:
        """What is found in a block; who needn't wait gets `unjudged` alone, nothing where it is None."""
        found: list[tuple[int, int, int, Event]] = []
        scores = np.full((len(block.frames), len(self._parts)), np.nan)
        whole = block
        for number, (part, detector) in enumerate(zip(self._parts, self._detectors, strict=True)):
            if part.failed or (self._prompt[number] and unjudged is None):
                continue
            block = whole._replace(events=unjudged) if self._prompt[number] and unjudged is not None else whole
            try:
                if isinstance(detector, Heeding):
                    detector.heed([event for *_, event in found])
                events = self._ask(part, detector, block)
            except Exception as error:  # a stranger's code may throw anything, and must not stop the others
                events, at = self._narrow(part, detector, block)
                part.failed, part.state = f"{type(error).__name__}: {error}", b""
                failure = self._failure(part, at)
                found.append((failure.occurred, len(self._parts), failure.sequence, failure))
            else:
                if self._scores and isinstance(detector, Scoring) and (own := detector.scores()) is not None:
                    scores[:, number] = own
            found += [(event.occurred, number, event.sequence, event) for event in events]
        found.sort(key=lambda item: item[:3])
        ends = block.frames.ends
        begin, end = int(ends[0]) - self._width, int(ends[-1])
        grid = range((begin // self._tick + 1) * self._tick, end + 1, self._tick)
        said = {min(end, frame_of(max(at, begin + 1), self._width) * self._width) for at, *_ in found}
        outputs: list[Output] = []
        i = 0
        for mark in sorted(said.union(grid)):
            while i < len(found) and found[i][0] <= mark:
                outputs.append(self._output(found[i][3]))
                i += 1
            outputs.append(self._forward(mark))
        outputs += [self._output(item[3]) for item in found[i:]]
        if self._scores:
            outputs.append(self._scored(block.frames, scores))
        return outputs

    def _scored(self, frames: Frames, scores: npt.NDArray[np.float64]) -> Output:
        tags = tuple(part.name for part in self._parts)
        samples = Samples(self._site.id, "detection", int(frames.ends[0]) // self._width, frames.ends, tags, scores)
        return Output(samples.id, f"score/{self._site.id}:samples", samples.encode())

    def _ask(self, part: _Part, detector: Judge, block: Block) -> list[Event]:
        """Detections of one detector; its part moves on only when nothing was thrown."""
        found = detector.update(block)
        if self._watch.clock:
            found = [finding for finding in found if finding.body.rule not in _WATCHED]
        findings = sorted(found, key=lambda found: (found.occurred, found.body.rule, found.assets))
        events = [self._event(part.name, part.said + i, finding) for i, finding in enumerate(findings)]
        for event in events:
            decode_event(encode_event(event))  # raises for what fusion couldn't read, such as a score that is NaN
        part.state = detector.dump()
        part.said += len(events)
        return events

    def _narrow(self, part: _Part, detector: Judge, block: Block) -> tuple[list[Event], int]:
        """Detections up to the frame at which the detector throws, and the end of that frame."""
        events: list[Event] = []
        left = list(block.events)
        for i, end in enumerate(block.frames.ends.tolist()):
            mine = tuple(event for event in left if max(event.occurred, event.observed) <= end)
            left = [event for event in left if max(event.occurred, event.observed) > end]
            try:
                if i == 0:
                    detector.load(part.state)
                said = known_between(block.network, end - self._width, end)
                events += self._ask(part, detector, Block(block.frames.part(i, i + 1), mine, said))
            except Exception:  # the same throw, found again
                return events, end
        return events, int(block.frames.ends[-1])

    def _failure(self, part: _Part, at: int) -> Event:
        detection = Detection(
            detector=HEALTH,
            detector_version=HEALTH_VERSION,
            rule="detector-failed",
            episode=content_hash(f"{part.name}\0{part.version}\0{at}".encode())[:16],
            phase="raised",
            source_kind="telemetry",
            severity="medium",
            score=1.0,
            sentence=f"Detector {part.name} {part.version} is off, so what it watches is unwatched: {part.failed}",
            began=at,
            until=at,
            confidence=1.0,
        )
        event = self._event(HEALTH, self._health, Finding(at, (), detection))
        self._health += 1
        return event

    def _event(self, source: str, sequence: int, finding: Finding) -> Event:
        return make_event(
            site=self._site.id,
            source=source,
            sequence=sequence,
            occurred=finding.occurred,
            body=finding.body,
            assets=finding.assets,
            zone=finding.zone,
        )

    def _output(self, event: Event) -> Output:
        return Output(event.id, f"fusion/{self._site.id}:event", encode_event(event))

    def _forward(self, watermark: int, *, final: bool = False) -> Output:
        self._ahead = watermark = max(watermark, self._ahead)  # what comes behind it is taken at once
        body = Tick(watermark=watermark, final=final)
        event = make_event(site=self._site.id, source="detection", sequence=self._ticks, occurred=watermark, body=body)
        self._ticks += 1
        return Output(event.id, f"fusion/{self._site.id}:tick", encode_event(event))


def _fields(data: bytes) -> dict[str, Any]:
    """Fields of a note of the runtime; raises DecodeError."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no note of the runtime: {error}") from None
