"""Live admission: the watermark goes by the event clock, so silence holds nobody up and a frame waits for no next row.

Each source is waited for by its stated `lateness_s` and by how late it usually is, which is learned; one that is silent
or was never heard only for its patience. Rows behind the watermark become records of their own (`late`), which history
has and detection passes over; rows ahead of the clock are quarantined as `time-ahead`. Everything that a clock decided
is in the log, so that a replay of the log needs none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.core.time import SECOND
from infrastress.events import Event
from infrastress.events.delivery import Delivery, Raw
from infrastress.runtime.admission import Admission
from infrastress.runtime.gate import Window
from infrastress.runtime.kept import chief_reason
from infrastress.site import Site
from infrastress.site.sources import Source
from infrastress.store.ports import Output

__all__ = ["LiveAdmission", "Reread", "patience_s"]

AHEAD_S = 60.0
"""A row further ahead of the event clock than this is refused: its source's clock is wrong, or ours."""
LEAST_PATIENCE_S, LONGEST_PATIENCE_S = 10.0, 60.0
FIRST_S = 7200.0
"""Rows up to this old count when a site is started for the very first time."""
LONGEST_WAIT_S = 120.0
"""Nobody is waited for longer than this beyond the promptest source and its own `lateness_s`."""
_SLACK_S = 0.05
_SETTLING_S = 1.0
"""Waited for in addition while a source that has just begun shows how late it usually is."""
_LEARNED_S = 60.0
_LARGEST = 3
"""The third largest lag of the last one to two minutes counts: one straggler delays nobody."""


def patience_s(source: Source) -> float:
    """How long a silent source is waited for beyond its lateness, and how long one that begins settles, s."""
    return min(LONGEST_PATIENCE_S, max(LEAST_PATIENCE_S, 3 * (source.cadence_s or 0.0)))


class Reread(NamedTuple):
    """A kept message, and what it gave when it was read again; its delivery's `raw` is what is left of it."""

    raw: Raw
    delivery: Delivery


class _Lags(msgspec.Struct):
    """What is known of a connected source's punctuality, all in ns of the event clock.

    Attributes:
        since: when it was connected.
        heard: when it last delivered rows, None before the first.
        fresh: how old the newest row then was.
        began, count: when the newer of two spans of learning began, and deliveries in it.
        now, before: the largest lags in the two spans, largest first.
    """

    since: int
    heard: int | None = None
    fresh: int = 0
    began: int = 0
    count: int = 0
    now: list[int] = []
    before: list[int] = []

    def learn(self, clock: int, oldest: int, newest: int, *, settling: bool) -> None:
        """Take the times of a delivery's oldest and newest row."""
        lag = max(0, clock - oldest)
        self.heard, self.fresh = clock, max(0, clock - newest)
        if settling:  # what waited while it was away says nothing: the last few deliveries count
            self.now, self.before, self.began, self.count = [lag, *self.now][:_LARGEST], [], clock, 0
            return
        if self.count >= _LARGEST and clock - self.began > _LEARNED_S * SECOND:
            self.before, self.now, self.began, self.count = self.now, [], clock, 0
        self.now = sorted([lag, *self.now], reverse=True)[:_LARGEST]
        self.count += 1

    @property
    def usual(self) -> int:
        """How old its rows usually are at most when they come."""
        lags = sorted(self.now + self.before, reverse=True)[:_LARGEST]
        return lags[-1] if lags else 0


class _State(msgspec.Struct):
    admission: bytes
    lags: dict[str, _Lags]
    links: dict[str, dict[str, str]]
    clock: int


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


class LiveAdmission(Admission):
    """Admission of a live site. Call `start`, then `take` and `tick` with the event clock.

    Args:
        site: the site model.
        sources: all its sources; only those connected are waited for.
        batch_rows: most rows per record.
    """

    def __init__(self, site: Site, sources: Iterable[Source], *, batch_rows: int = 10_000) -> None:
        super().__init__(site, sources, batch_rows=batch_rows)
        self._lags: dict[str, _Lags] = {}
        self._links: dict[str, dict[str, str]] = {}
        self._clock = 0
        self._refused: dict[str, tuple[int, bool]] = {}
        self._told: dict[str, int] = {}

    def start(self, clock: int) -> None:
        """Begin, or go on after a standstill: every source gets its patience to bring what waited meanwhile."""
        if self._state.watermark is None:
            latest = max((s.lateness_s for s in self._sources.values()), default=0.0)
            self._state.watermark = clock - round((latest + FIRST_S) * SECOND)
        for lags in self._lags.values():
            lags.since, lags.heard = clock, None

    @property
    def joined(self) -> set[str]:
        """Sources that are connected."""
        return set(self._lags)

    def join(self, source: str, clock: int) -> None:
        """A source was connected: it is waited for."""
        lags = self._lags.setdefault(source, _Lags(clock))
        lags.since, lags.heard = clock, None

    def leave(self, source: str, clock: int) -> list[Output]:
        """A source was disconnected: nobody waits for it, and its silence is none."""
        if self._lags.pop(source, None) is None:
            return []
        self._links.pop(source, None)
        fields = {"source": source, "member": "", "state": "gone", "detail": "disconnected", "clock": clock}
        return [self._note("link", fields)]

    def take(self, delivery: Delivery, clock: int, *, keep_every: int = 1) -> list[Output]:
        """Check a delivery that came when the event clock showed `clock`; raises what `admit` does."""
        floor, ceiling = self._state.watermark or 0, clock + round(AHEAD_S * SECOND)
        self._window = Window(floor, ceiling)
        offset = round(self._source(delivery.source).clock_offset_s * SECOND)
        times = [samples.times for samples in delivery.samples if len(samples)]
        lags = self._lags.get(delivery.source)
        if times and lags is not None:
            oldest, newest = min(int(t.min()) for t in times), max(int(t.max()) for t in times)
            source = self._sources[delivery.source]
            if self._silent(source, lags, clock):
                lags.since = clock
            settling = clock - lags.since < round(patience_s(source) * SECOND)
            lags.learn(clock, oldest - offset, newest - offset, settling=settling)
            if newest - offset < floor or oldest - offset > ceiling:
                self._refused[source.id] = (newest - offset, newest - offset > ceiling)
        ends = [records.ends for records in delivery.network if len(records)]
        if ends and min(int(t.min()) for t in ends) - offset > ceiling:
            self._refused[delivery.source] = (max(int(t.max()) for t in ends) - offset, True)
        events = tuple(_not_ahead(event, clock + offset) for event in delivery.events)
        return self.admit(replace(delivery, events=events), keep_every=keep_every)

    def reingest(self, found: Sequence[Reread], clock: int) -> list[Output]:
        """Take what kept messages gave when they were read again. It says nothing of the source's punctuality."""
        self._window = Window(self._state.watermark or 0, clock + round(AHEAD_S * SECOND))
        outputs: list[Output] = []
        for raw, delivery in found:
            source = self._source(delivery.source)
            state = self._state.sources[source.id]
            left = delivery.raw[0].refused if delivery.raw else {}
            state.ledger.book_again(delivery.balance, raw.refused, left)
            state.budget.release(raw, chief_reason(raw.refused))
            if left:
                state.budget.hold(raw, chief_reason(left))
            for samples in delivery.samples:
                outputs += self._samples(source, samples, 1)
            offset = round(source.clock_offset_s * SECOND)
            outputs += self._events(source, [_not_ahead(event, clock + offset) for event in delivery.events])
        return outputs

    def link(self, source: str, member: str, state: str, detail: str, clock: int) -> list[Output]:
        """How a connection stands, if that is news."""
        known = self._links.setdefault(source, {})
        said = f"{state}: {detail}"
        if known.get(member) == said:
            return []
        known[member] = said
        fields = {"source": source, "member": member, "state": state, "detail": detail, "clock": clock}
        return [self._note("link", fields)]

    def decide(self, clock: int, **fields: Any) -> Output:
        """A decision of the runtime, such as that the machine's clock was set."""
        return self._note("decision", {**fields, "clock": clock})

    def tick(self, clock: int) -> list[Output]:
        """The watermark and the event clock as they stand; neither ever falls.

        Before it, at most once a second each, sources that spoke and of which nothing could be taken.
        """
        self._clock = clock = max(clock, self._clock)
        state = self._state
        outputs = []
        for source, (newest, ahead) in sorted(self._refused.items()):
            if clock - self._told.get(source, 0) >= SECOND:
                self._told[source] = clock
                outputs.append(self.decide(clock, decision="refused", source=source, newest=newest, ahead=ahead))
        self._refused.clear()
        heights = [
            self._height(self._sources[name], lags, clock)
            for name, lags in self._lags.items()
            if lags.heard is not None or self._sources[name].kind == "telemetry"  # late events count anyway
        ]
        if None not in heights:
            height = min((h for h in heights if h is not None), default=clock - round(_SETTLING_S * SECOND))
            state.watermark = max(height, state.watermark or 0)
        return [*outputs, self._tick(state.watermark or 0, clock=clock)]

    def waits_s(self) -> dict[str, float]:
        """How long each connected source is waited for, s."""
        return {name: self._hold(self._sources[name], lags, self._clock) / SECOND for name, lags in self._lags.items()}

    def dump(self) -> bytes:
        """State as canonical bytes."""
        return _ENCODER.encode(_State(super().dump(), self._lags, self._links, self._clock))

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; of another version of the site, what still fits is kept.

        Raises:
            DecodeError: the bytes are no such state.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no state of a live admission: {error}") from None
        self._adopt(state.admission)
        self._lags = {source: lags for source, lags in state.lags.items() if source in self._sources}
        self._links = {source: links for source, links in state.links.items() if source in self._sources}
        self._clock = state.clock

    def _advance(self) -> list[Output]:
        return []  # ticks come by the clock

    def _silent(self, source: Source, lags: _Lags, clock: int) -> bool:
        """Whether a source has been quiet for longer than it is waited for; one that comes in batches has time for two.

        One that has just been connected brings what waited for it at once, however slow it is.
        """
        if lags.heard is None:
            return clock - lags.since > round((source.lateness_s + LEAST_PATIENCE_S) * SECOND)
        batches = min(2 * lags.usual, round(LONGEST_WAIT_S * SECOND))
        return clock - lags.heard > round(source.lateness_s * SECOND) + max(round(patience_s(source) * SECOND), batches)

    def _height(self, source: Source, lags: _Lags, clock: int) -> int | None:
        """No row before this is waited for; None where the source is to show itself first."""
        if lags.heard is None and source.kind == "telemetry" and not self._silent(source, lags, clock):
            return None
        return clock - self._hold(source, lags, clock)

    def _hold(self, source: Source, lags: _Lags, clock: int) -> int:
        wait = 0.0
        if lags.heard is not None and not self._silent(source, lags, clock):
            wait = 1.25 * lags.usual / SECOND
            if clock - lags.since < round(patience_s(source) * SECOND):
                wait += _SETTLING_S
            else:
                fresh = (other.fresh for other in self._lags.values() if other.heard is not None)
                wait = min(wait, min(fresh) / SECOND + LONGEST_WAIT_S)
        return round((source.lateness_s + _SLACK_S + wait) * SECOND)


def _not_ahead(event: Event, clock: int) -> Event:
    """An event of the future happened now, as far as one can know."""
    ahead = event.occurred - clock
    if ahead <= round(_SETTLING_S * SECOND):
        return event
    uncertainty = max(event.uncertainty_ns, ahead)
    return msgspec.structs.replace(event, occurred=clock, observed=max(clock, 0), uncertainty_ns=uncertainty)
