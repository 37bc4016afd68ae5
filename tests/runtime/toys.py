"""A small site, small judges, a small fusion and sources in memory, for driving the runtime."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.core.time import MINUTE, SECOND
from infrastress.events import (
    Alarm,
    Detection,
    Event,
    Incident,
    Report,
    Samples,
    Tick,
    TimelineEntry,
    decode_event,
    encode_event,
    make_event,
)
from infrastress.events.delivery import Balance, Delivery
from infrastress.events.frames import Block, Finding
from infrastress.runtime.unit import Unit
from infrastress.site import Site
from infrastress.site.sources import Source
from infrastress.store.ports import Output, Record, type_of

START = 1_767_225_600 * SECOND  # 2026-01-01
TAGS = ("level", "flow", "switch")


def toy_site(**sources: dict) -> Site:
    described = sources or {"plc": {}, "people": {"kind": "reports"}}
    return Site.model_validate(
        {
            "id": "toy",
            "assets": [{"id": "tank", "type": "other"}],
            "signals": [
                {"id": "level", "asset": "tank", "kind": "level", "unit": "m"},
                {"id": "flow", "asset": "tank", "kind": "flow", "unit": "m3/s"},
                {"id": "switch", "asset": "tank", "kind": "switch"},
            ],
            "sources": [{"id": name, "kind": "telemetry", **fields} for name, fields in described.items()],
        }
    )


def rows(times: Sequence[int], values: Sequence[Sequence[float]], *, source="plc", sequence=0, tags=TAGS) -> Samples:
    table = np.array(values, dtype=np.float64).reshape(len(times), len(tags))
    return Samples("toy", source, sequence, np.array(times, dtype=np.int64), tuple(tags), table)


def report(
    occurred: int, text: str, *, sequence: int, observed: int | None = None, source="people", site="toy"
) -> Event:
    body = Report(reporter="r", channel="phone", category="smell", text=text)
    return make_event(
        site=site, source=source, sequence=sequence, occurred=occurred, observed=observed, body=body, assets=("tank",)
    )


def telemetry(n: int, *, seed=1, step=10 * SECOND, source="plc") -> Samples:
    """A random walk with a jump in the middle, some empty cells."""
    random = np.random.default_rng(seed)
    times = START + np.arange(1, n + 1) * step
    values = np.cumsum(random.normal(0, 0.01, (n, 3)), axis=0)
    values[n // 2 : n // 2 + n // 10, 0] += 5.0
    values[:, 2] = (random.random(n) < 0.02).astype(float)
    values[random.random((n, 3)) < 0.05] = np.nan
    return Samples("toy", source, 0, times.astype(np.int64), TAGS, values)


@dataclass
class Recording:
    """A source in memory; hands out its items (rows or events) `size` at a time."""

    source: Source
    samples: Samples | None = None
    events: tuple[Event, ...] = ()
    size: int = 100

    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        begin = int(after or b"0")
        total = len(self.samples) if self.samples is not None else len(self.events)
        for start in range(begin, total, self.size):
            stop = min(start + self.size, total)
            balance = Balance(read=stop - start, accepted=stop - start)
            position = str(stop).encode()
            if self.samples is not None:
                part = self.samples.slice(start, stop)
                balance.cells_accepted = int(np.isfinite(part.values).sum())
                top = int(self.samples.times[:stop].max())
                yield Delivery(self.source.id, position, (part,), balance=balance, progress=top)
            else:
                events = self.events[start:stop]
                top = max(event.occurred for event in self.events[:stop])
                yield Delivery(self.source.id, position, events=events, balance=balance, progress=top)


class Threshold:
    """Raises where a frame's mean level is above 3, clears where it isn't; says each report on."""

    name = "threshold"
    version = "1"

    def __init__(self) -> None:
        self.up = 0

    def update(self, block: Block) -> list[Finding]:
        level = block.frames.mean[:, block.frames.tags.index("level")]
        found = []
        for end, value in zip(block.frames.ends.tolist(), level.tolist(), strict=True):
            if value > 3 and not self.up:
                self.up = end
                found.append(self._finding(end, "raised", value))
            elif value <= 3 and self.up:
                found.append(self._finding(end, "cleared", value))
                self.up = 0
        for event in block.events:
            known = max(event.occurred, event.observed)
            found.append(finding(self, "report", event.id, known, began=event.occurred, evidence=(event.id,)))
        return found

    def _finding(self, end: int, phase: str, value: float) -> Finding:
        return finding(self, "high", str(self.up), end, phase=phase, score=value, sentence=f"level {value!r} m")

    def dump(self) -> bytes:
        return json.dumps(self.up).encode()

    def load(self, data: bytes) -> None:
        self.up = json.loads(data)


class Cusum:
    """A one-sided cumulative sum of flow, restarted at its limit: a state made of floats, to the last bit."""

    name = "cusum"
    version = "1"

    def __init__(self) -> None:
        self.sum = 0.0
        self.seen = 0

    def update(self, block: Block) -> list[Finding]:
        flow = block.frames.mean[:, block.frames.tags.index("flow")]
        found = []
        for end, value, count in zip(
            block.frames.ends.tolist(), flow.tolist(), block.frames.count[:, 1].tolist(), strict=True
        ):
            self.seen += count
            if not math.isnan(value):
                self.sum = max(0.0, self.sum + abs(value) - 0.01)
            if self.sum > 1.0:
                found.append(finding(self, "drift", str(end), end, score=self.sum, sentence=f"{self.seen} values"))
                self.sum = 0.0
        return found

    def dump(self) -> bytes:
        return json.dumps([self.sum.hex(), self.seen]).encode()

    def load(self, data: bytes) -> None:
        text, self.seen = json.loads(data)
        self.sum = float.fromhex(text)


class Bomb(Cusum):
    """A cumulative sum that throws at the n-th frame."""

    name = "bomb"

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.frames = 0

    def update(self, block: Block) -> list[Finding]:
        self.frames += len(block.frames)
        if self.frames >= self.at:
            raise RuntimeError("kaboom")
        return super().update(block)

    def dump(self) -> bytes:
        return json.dumps([super().dump().decode(), self.frames]).encode()

    def load(self, data: bytes) -> None:
        inner, self.frames = json.loads(data)
        super().load(inner.encode())


def finding(judge, rule: str, episode: str, occurred: int, *, began: int | None = None, phase="raised", **more):
    fields = {"score": 1.0, "sentence": rule, **more}
    body = Detection(
        detector=judge.name,
        detector_version=judge.version,
        rule=rule,
        episode=episode,
        phase=phase,
        source_kind="telemetry",
        severity="high",
        began=occurred if began is None else began,
        until=occurred,
        **fields,
    )
    return Finding(occurred, ("tank",), body)


class _Kept(msgspec.Struct):
    said: int = 0
    incident: str = ""
    began: int = 0
    latest: int = 0
    revision: int = 0
    members: tuple[str, ...] = ()


class ToyFusion(Unit):
    """Each raise is an alarm; raises close together are one incident, closed by a tick 15 minutes later."""

    def __init__(self, site: str = "toy") -> None:
        self.site = site
        self.kept = _Kept()

    def update(self, record: Record) -> list[Output]:
        body = decode_event(record.data).body
        if isinstance(body, Tick):
            late = self.kept.incident and (body.final or body.watermark > self.kept.latest + 15 * MINUTE)
            return [self._incident("closed")] if late else []
        if not isinstance(body, Detection):
            raise DecodeError("no detection")
        kept = self.kept
        if not kept.incident:
            kept.incident, kept.began, kept.revision, kept.members = record.id, body.until, 0, ()
        kept.latest = max(kept.latest, body.until)
        kept.members += (record.id,)
        alarm = Alarm(
            alarm=body.episode,
            state="unacknowledged",
            severity=body.severity,
            priority=1,
            title=body.rule,
            sentence=body.sentence,
            detection=record.id,
            rule=body.rule,
            source_kind=body.source_kind,
            incident=kept.incident,
            cleared=body.phase == "cleared",
        )
        return [self._output(alarm, body.until, f"a-{body.episode}"), self._incident("open")]

    def _incident(self, state: str) -> Output:
        kept = self.kept
        kept.revision += 1
        body = Incident(
            incident=kept.incident,
            revision=kept.revision,
            state=state,
            hypothesis="toy",
            title="toy",
            severity="high",
            confidence=0.5,
            why=f"{len(kept.members)} detections",
            began=kept.began,
            updated=kept.latest,
            first_alarm=kept.began,
            detections=kept.members,
            source_kinds=("telemetry",),
            timeline=(
                TimelineEntry(
                    occurred=kept.began, source_kind="telemetry", event=kept.members[0], assets=("tank",), text="x"
                ),
            ),
        )
        output = self._output(body, kept.latest, f"i-{kept.incident}")
        if state == "closed":
            self.kept = _Kept(said=kept.said)
        return output

    def _output(self, body, occurred: int, key: str) -> Output:
        event = make_event(site=self.site, source="fusion", sequence=self.kept.said, occurred=occurred, body=body)
        self.kept.said += 1
        return Output(event.id, f"result/{self.site}:event", encode_event(event), key, occurred)

    def dump(self) -> bytes:
        return msgspec.json.encode(self.kept)

    def load(self, data: bytes) -> None:
        self.kept = msgspec.json.decode(data, type=_Kept)


def toy_recordings(site: Site, *, n: int = 2000, size: int = 100, seed: int = 1) -> list[Recording]:
    """Telemetry with a jump, and reports, two of them told late, one out of order."""
    begin = START + 10 * MINUTE
    events = [report(begin + i * 20 * MINUTE, f"smell {i}", sequence=i) for i in range(12)]
    events[4] = report(events[4].occurred, "told late", sequence=4, observed=events[4].occurred + 35 * MINUTE)
    events[7] = report(events[2].occurred, "out of order", sequence=7)
    return [
        Recording(site.source_by_id["plc"], telemetry(n, seed=seed), size=size),
        Recording(site.source_by_id["people"], events=tuple(events), size=3),
    ]


def subjects(records: Sequence[Record]) -> Counter:
    return Counter(type_of(record.subject) for record in records)
