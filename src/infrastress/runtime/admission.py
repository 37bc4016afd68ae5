"""Admission: what connectors deliver becomes the log: accepted rows and events, the watermark, and what was refused.

The log written here is the recording: everything behind it is a function of it. Every row delivered ends as accepted,
quarantined or dropped, in the balance of its source.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.errors import ConfigurationError, DecodeError
from infrastress.core.ids import canonical_json, event_id
from infrastress.core.time import SECOND, to_iso
from infrastress.events import Event, NetworkRecords, Samples, Tick, encode_event, make_event
from infrastress.events.delivery import Balance, Delivery, Raw, Refusal
from infrastress.runtime.gate import LARGEST_JUMP, Gate, Window, steps_left_out
from infrastress.runtime.kept import KEPT_DAYS, Budget, kept_output
from infrastress.runtime.ledger import Ledger, SourceNotes
from infrastress.runtime.pressure import kept_rows
from infrastress.runtime.traffic import admitted
from infrastress.site import Site
from infrastress.site.sources import Source
from infrastress.store.ports import Output

__all__ = ["Admission", "SourceNotes", "books_of"]

_EXAMPLES = 100
"""Refusals kept as records, per source and reason; all are counted."""
_RECENT = 2048
"""Ids of a source's newest events, by which a repeated one is counted (the log itself keeps an id once for ever)."""
_OWN = frozenset({"tick", "alarm", "incident"})


class _Source(msgspec.Struct):
    gate: Gate
    ledger: Ledger
    position: bytes | None = None
    progress: int | None = None
    ended: bool = False
    passed: int = 0
    thinning: int = 1
    expected: int | None = None
    missing: int = 0
    overdue: int = 0
    late_events: int = 0
    ahead_ns: int = 0
    oldest: int | None = None
    refusals: int = 0
    examples: dict[str, int] = {}
    recent: list[str] = []
    raw: int = 0
    budget: Budget = msgspec.field(default_factory=Budget)


class _State(msgspec.Struct):
    site: str
    sources: dict[str, _Source]
    watermark: int | None = None
    ticks: int = 0
    decisions: int = 0
    final: bool = False


class _Wrapped(msgspec.Struct):
    """What a live admission dumps: this state, and more beside it."""

    admission: bytes


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


class Admission:
    """Turns deliveries into outputs for `ingest/<site>/main` and `quarantine/<site>`.

    Args:
        site: the site model.
        sources: all sources of the partition; each holds back the watermark until it has spoken and while it is open.
        batch_rows: most rows per record.
    """

    def __init__(self, site: Site, sources: Iterable[Source], *, batch_rows: int = 10_000) -> None:
        self._site = site
        self._sources = {source.id: source for source in sources}
        self._batch_rows = batch_rows
        self._width = round(site.runtime.frame_s * SECOND)
        self._tags = frozenset(site.signal_by_id)
        self._switches = frozenset(s.id for s in site.signals if s.kind in {"state", "switch"})
        self._states: dict[str, dict[str, float]] = {}
        self._shown: dict[str, dict[str, int]] = {}
        self._window: Window | None = None
        self._state = _State(site.version, {source: _Source(Gate(), Ledger()) for source in sorted(self._sources)})

    @property
    def ingest(self) -> str:
        """The partition it writes."""
        return f"ingest/{self._site.id}/main"

    @property
    def watermark(self) -> int | None:
        """No row before this time will be accepted any more, ns."""
        return self._state.watermark

    @property
    def finished(self) -> bool:
        """Whether every source has ended and the final tick is out."""
        return self._state.final

    def position(self, source: str) -> bytes | None:
        """Where to go on reading a source; None from its beginning."""
        return self._state.sources[source].position

    def progress(self, source: str) -> int | None:
        """Highest event time a source has told, ns."""
        return self._state.sources[source].progress

    def ended(self, source: str) -> bool:
        """Whether a source has ended."""
        return self._state.sources[source].ended

    @property
    def balances(self) -> dict[str, Balance]:
        """Read = accepted + quarantined + dropped, by source."""
        return {source: state.ledger.balance() for source, state in self._state.sources.items()}

    @property
    def notes(self) -> dict[str, SourceNotes]:
        """What else is known of each source."""
        return {
            source: SourceNotes(
                state.missing,
                state.overdue,
                state.late_events,
                state.ahead_ns / SECOND,
                state.oldest,
                state.gate.newest,
                state.ended,
            )
            for source, state in self._state.sources.items()
        }

    def admit(self, delivery: Delivery, *, keep_every: int = 1) -> list[Output]:
        """Check a delivery row by row.

        Args:
            delivery: the next of its source.
            keep_every: under overload, keep one telemetry row of so many (`runtime.pressure` says which).

        Raises:
            ConfigurationError: its source isn't one of this partition, or has ended.
        """
        source = self._source(delivery.source)
        state = self._state.sources[source.id]
        state.ledger.book(delivery.balance)
        outputs: list[Output] = []
        for refusal in delivery.refusals:
            self._keep(source.id, refusal, outputs)
        self._keep_raw(source.id, delivery.raw, outputs)
        self._thinning(source.id, keep_every, outputs)
        skipped = delivery.balance.read - sum(map(len, delivery.samples)) - len(delivery.events)
        for samples in delivery.samples:
            skipped = self._numbering(state, samples, skipped)
            outputs += self._samples(source, samples, keep_every)
        outputs += self._events(source, delivery.events)
        for records in delivery.network:
            outputs += self._network(source, records)
        state.position = delivery.position
        if delivery.progress is not None:
            state.progress = max(delivery.progress, state.progress or delivery.progress)
        return outputs + self._advance()

    def end(self, source: str) -> list[Output]:
        """A source has ended: it holds back the watermark no longer; the last one's end is the final tick."""
        self._state.sources[source].ended = True
        return self._advance()

    def dump(self) -> bytes:
        """State, positions and balances as canonical bytes."""
        return _ENCODER.encode(self._state)

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no such state.
            ConfigurationError: it belongs to other sources or another version of the site.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no admission state: {error}") from None
        if state.site != self._site.version or state.sources.keys() != self._sources.keys():
            raise ConfigurationError(
                f"what is stored belongs to sources {', '.join(state.sources)} of site version {state.site}; these are "
                f"{', '.join(sorted(self._sources))} of {self._site.version}",
                remedy="replay into an empty output folder",
            )
        self._state, self._states, self._shown = state, {}, {}

    def _source(self, name: str) -> Source:
        source = self._sources.get(name)
        if source is None or self._state.sources[name].ended:
            known = ", ".join(sorted(self._sources))
            raise ConfigurationError(f"source {name!r} is unknown here or has ended", remedy=f"open: {known}")
        return source

    def _adopt(self, data: bytes) -> None:
        """Take of a dumped state what belongs to the sources that are still there; raises DecodeError."""
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no admission state: {error}") from None
        state.site = self._site.version
        kept = {name: source for name, source in state.sources.items() if name in self._sources}
        state.sources = {name: kept.get(name) or _Source(Gate(), Ledger()) for name in sorted(self._sources)}
        self._state, self._states, self._shown = state, {}, {}

    def _samples(self, source: Source, samples: Samples, keep_every: int) -> list[Output]:
        """Accepted rows of one batch, cut to records of `batch_rows`."""
        outputs: list[Output] = []
        state = self._state.sources[source.id]
        samples = self._known_tags(state.ledger, samples)
        if source.clock_offset_s:
            times = samples.times - round(source.clock_offset_s * SECOND)
            samples = replace(samples, times=times)
        before = state.gate.newest
        lateness = round(source.lateness_s * SECOND)

        behind = np.zeros(len(samples), dtype=np.bool_)

        def refuse(reason: str, row: int) -> None:
            if reason == "late" and self._window is not None:
                behind[row] = True  # detection has passed it; history hasn't
                return
            cells = int(np.isfinite(samples.values[row]).sum())
            state.ledger.refuse(reason, 1, cells)
            where = f"row {samples.sequence + row}"
            self._keep(source.id, Refusal(reason, where, f"time {_iso(int(samples.times[row]))}"), outputs)

        keep = state.gate.rows(samples, lateness, refuse, self._window)
        if source.cadence_s and len(samples):
            state.overdue += steps_left_out(samples.times[keep], before, round(source.cadence_s * SECOND))
        if keep_every > 1:
            first, last = self._news(source.id, samples)
            stays = kept_rows(samples, state.passed, keep_every, self._width, self._switches, first=first, last=last)
            thinned = (keep | behind) & ~stays
            if thinned.any():
                cells = int(np.isfinite(samples.values[thinned]).sum())
                state.ledger.refuse("thinned", int(thinned.sum()), cells)
            keep &= stays
            behind &= stays
        state.passed += len(samples)
        outputs += self._records(state, samples, keep, "samples")
        if behind.any():
            state.ledger.late += int(behind.sum())
            outputs += self._records(state, samples, behind, "late")
        return outputs

    def _records(self, state: _Source, samples: Samples, rows: npt.NDArray[np.bool_], kind: str) -> list[Output]:
        """Some rows of a batch as records: what detection judges (`samples`), or what history alone takes (`late`)."""
        if not rows.all():
            samples = replace(samples, times=samples.times[rows], values=samples.values[rows])
        if len(samples):
            low = int(samples.times.min())
            state.oldest = low if state.oldest is None else min(low, state.oldest)
        parts = (
            samples.slice(start, min(start + self._batch_rows, len(samples)))
            for start in range(0, len(samples), self._batch_rows)
        )
        return [Output(part.id, f"{self.ingest}:{kind}", part.encode()) for part in parts]

    def _news(self, source: str, samples: Samples) -> tuple[bool, bool]:
        """Whether a state may have changed before the first row, and whether the last tells what its frame hasn't yet.

        Sources that deliver row by row would otherwise keep every one. Forgotten with a restart: then more is kept.
        """
        if not len(samples):
            return False, False
        states, told = self._states.setdefault(source, {}), self._shown.setdefault(source, {})
        frame = -(-int(samples.times[-1]) // self._width)
        first = last = False
        for i, tag in enumerate(samples.tags):
            if tag in self._switches:
                column = samples.values[:, i]
                shown = column[np.isfinite(column)]
                if len(shown):
                    first |= states.get(tag) != float(shown[0])
                    states[tag] = float(shown[-1])
            if np.isfinite(samples.values[-1, i]) and told.get(tag) != frame:
                last, told[tag] = True, frame
        return first, last

    def _known_tags(self, ledger: Ledger, samples: Samples) -> Samples:
        known = [i for i, tag in enumerate(samples.tags) if tag in self._tags]
        if len(known) == len(samples.tags):
            return samples
        strange = [i for i, tag in enumerate(samples.tags) if tag not in self._tags]
        cells = int(np.isfinite(samples.values[:, strange]).sum())
        ledger.refuse("unknown-tag", 0, cells)
        return replace(samples, tags=tuple(samples.tags[i] for i in known), values=samples.values[:, known])

    def _events(self, source: Source, events: Collection[Event]) -> list[Output]:
        outputs: list[Output] = []
        state = self._state.sources[source.id]
        gate, subject = state.gate, f"{self.ingest}:event"
        offset, lateness = round(source.clock_offset_s * SECOND), round(source.lateness_s * SECOND)
        recent = dict.fromkeys(state.recent)
        for event in events:
            occurred = event.occurred - offset
            observed = event.observed - offset if event.observed == event.occurred else event.observed
            reason = self._unfit(event, occurred, observed)
            if event.id in recent:
                reason = "duplicate"
            elif not reason:
                reason = gate.plausible(occurred, self._window)
            if reason:
                state.ledger.refuse(reason, 1, 0)
                if reason != "duplicate":
                    where, what = f"event {event.id}", f"{event.kind} at {_iso(event.occurred)}"
                    self._keep(source.id, Refusal(reason, where, what), outputs)
                continue
            recent[event.id] = None
            if len(recent) > _RECENT:
                del recent[next(iter(recent))]
            state.ahead_ns = max(state.ahead_ns, occurred - observed)
            observed = max(observed, occurred)
            if gate.newest is None or occurred > gate.newest:
                gate.newest = occurred
            elif occurred < gate.newest - lateness:
                state.late_events += 1
                observed = max(observed, gate.newest - lateness)  # known at the earliest when it came
            if self._window is not None:
                observed = max(observed, self._window.floor)
            state.oldest = occurred if state.oldest is None else min(occurred, state.oldest)
            admitted = event
            uncertainty = max(event.uncertainty_ns, state.ahead_ns)
            if (occurred, observed, uncertainty) != (event.occurred, event.observed, event.uncertainty_ns):
                fields = {"occurred": occurred, "observed": observed, "uncertainty_ns": uncertainty}
                admitted = msgspec.structs.replace(event, **fields)
            outputs.append(Output(event.id, subject, encode_event(admitted)))
        state.recent = list(recent)
        return outputs

    def _network(self, source: Source, records: NetworkRecords) -> list[Output]:
        """Accepted network records, cut to records of the log of `batch_rows`; each counts as a cell in the balance."""
        outputs: list[Output] = []
        state, ends = self._state.sources[source.id], records.ends

        def refuse(reason: str, row: int) -> None:
            state.ledger.refuse(reason, 0, 1)
            where = f"record {records.sequence + row}"
            self._keep(source.id, Refusal(reason, where, f"time {_iso(int(ends[row]))}"), outputs)

        offset, lateness = round(source.clock_offset_s * SECOND), round(source.lateness_s * SECOND)
        records = admitted(records, state.gate, refuse, offset=offset, lateness=lateness, window=self._window)
        if len(records):
            low = int(records.ends.min())
            state.oldest = low if state.oldest is None else min(low, state.oldest)
        for start in range(0, len(records), self._batch_rows):
            part = records.slice(start, start + self._batch_rows)
            outputs.append(Output(part.id, f"{self.ingest}:network", part.encode()))
        return outputs

    def _unfit(self, event: Event, occurred: int, observed: int) -> str:
        if event.site != self._site.id:
            return "other-site"
        if event.kind in _OWN:
            return "not-an-observation"
        return "time-future" if abs(observed - occurred) > LARGEST_JUMP else ""

    def _numbering(self, state: _Source, samples: Samples, skipped: int) -> int:
        """Count rows that the numbering skipped beyond those the connector accounts for; returns what is left."""
        gap = 0 if state.expected is None else max(0, samples.sequence - state.expected)
        state.missing += max(0, gap - skipped)
        state.expected = max(state.expected or 0, samples.sequence + len(samples))
        return max(0, skipped - gap)

    def _thinning(self, source: str, keep_every: int, outputs: list[Output]) -> None:
        """Write into the log that thinning began, changed or ended."""
        state = self._state.sources[source]
        if keep_every == state.thinning:
            return
        state.thinning = keep_every
        fields = {"decision": "thinning", "source": source, "keep_every": keep_every, "rows": state.passed}
        outputs.append(self._note("decision", fields))

    def _note(self, kind: str, fields: dict[str, Any]) -> Output:
        """What the runtime decided or saw, as a record of the log."""
        data = canonical_json(fields)
        identity = event_id("runtime", self._state.decisions, data)
        self._state.decisions += 1
        return Output(identity, f"{self.ingest}:{kind}", data)

    def _keep(self, source: str, refusal: Refusal, outputs: list[Output]) -> None:
        """A refusal as a record, unless there are enough examples of its reason."""
        state = self._state.sources[source]
        kept = state.examples.get(refusal.reason, 0)
        if kept >= _EXAMPLES:
            return
        state.examples[refusal.reason] = kept + 1
        data = canonical_json({"source": source, "number": state.refusals, **refusal._asdict()})
        identity = event_id(source, state.refusals, data)
        state.refusals += 1
        outputs.append(Output(identity, f"quarantine/{self._site.id}:refusal", data))

    def _keep_raw(self, source: str, messages: Sequence[Raw], outputs: list[Output]) -> None:
        """Messages of which something was refused, as far as there is room for them."""
        state = self._state.sources[source]
        days = self._site.runtime.retention_days.get("quarantine", KEPT_DAYS)
        kept = state.budget.admit(messages, days)
        if not kept:
            return
        for raw in kept:
            state.ledger.keep(raw.refused)
        outputs.append(kept_output(self._site.id, source, state.raw, kept))
        state.raw += len(kept)

    def _advance(self) -> list[Output]:
        """The tick that follows, if the watermark rose or everything has ended."""
        state = self._state
        heights = {source: s.gate.newest for source, s in state.sources.items()}
        if state.final:
            return []
        if all(s.ended for s in state.sources.values()):
            state.final = True
            highest = max((h for h in heights.values() if h is not None), default=0)
            return [self._tick(max(highest, state.watermark or 0), final=True)]
        low: int | None = None
        for source, s in state.sources.items():
            if s.ended:
                continue
            if s.gate.newest is None:
                return []
            height = s.gate.newest - round(self._sources[source].lateness_s * SECOND)
            low = height if low is None else min(low, height)
        if low is None or (state.watermark is not None and low <= state.watermark):
            return []
        state.watermark = low
        return [self._tick(low)]

    def _tick(self, watermark: int, *, final: bool = False, clock: int = 0) -> Output:
        body = Tick(watermark=watermark, final=final, clock=clock)
        event = make_event(
            site=self._site.id, source="runtime", sequence=self._state.ticks, occurred=watermark, body=body
        )
        self._state.ticks += 1
        return Output(event.id, f"{self.ingest}:tick", encode_event(event))


def _iso(time: int) -> str:
    try:
        return to_iso(time)
    except OverflowError:
        return f"{time} ns"


def books_of(data: bytes) -> dict[str, tuple[Balance, SourceNotes]]:
    """Balance and notes of each source, from what an admission dumped, live or not; for whoever only reads.

    Raises:
        DecodeError: the bytes are no such state.
    """
    try:
        with suppress(msgspec.ValidationError):
            data = msgspec.msgpack.decode(data, type=_Wrapped).admission
        state = _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no admission state: {error}") from None
    return {
        name: (
            one.ledger.balance(),
            SourceNotes(
                one.missing,
                one.overdue,
                one.late_events,
                one.ahead_ns / SECOND,
                one.oldest,
                one.gate.newest,
                one.ended,
            ),
        )
        for name, one in state.sources.items()
    }
