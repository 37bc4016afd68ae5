"""The watch over silence: how each source and signal of a live site stands, by what was told and by the event clock.

It follows the records of the log inside detection and moves only with ticks that carry a clock: recordings have none
and are judged as ever. It is a pure state machine, so a replay of the log finds the same.

A source is due every `cadence_s`, or as often as it usually comes where that is rarer (rows in batches): a mean of its
last 16 gaps, in which none counts that was called a stop, unless the rows that ended it told all of the time between.
It is

- `stopped` when nothing has come for 2.5 times that, at least 2 s, or not a word since it was connected;
- `delayed` when twice in a row its newest row was older on arrival than `lateness_s`, 1.5 times its usual age (a mean
  of 16 again) and one cadence (at least 2 s) together, or a minute and three cadences older than `lateness_s`; also
  when its rows are refused because its clock is ahead;
- `frozen` by the rule of `liveliness`;
- `down` while its connection is reported as lost and it says nothing.

What befalls a whole source is one finding, not one a signal. A signal alone is `stopped` when its source goes on and it
has missed 2.5 cadences; this is judged of signals with a `cadence_s` of their own, and of those that have come in time
300 times in a row. Each stop that mends by itself multiplies that number by four: a signal told by exception falls out.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.errors import DecodeError
from infrastress.core.time import SECOND
from infrastress.events import Event, NetworkRecords, Samples
from infrastress.events.frames import Finding
from infrastress.events.health import Health, HealthState, Turn
from infrastress.runtime.liveliness import Liveliness, LivelinessState
from infrastress.runtime.watchwords import Standing, finding, span
from infrastress.site import Site

__all__ = ["Watch"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

STATES: tuple[HealthState, ...] = ("unknown", "live", "delayed", "frozen", "stopped", "down")
UNKNOWN, LIVE, DELAYED, FROZEN, STOPPED, DOWN = range(6)
_MISSED, _LEAST_S = 2.5, 2.0
_STREAK, _HARDER, _HARDEST = 300, 4, 10**9
_REFRESH_S, _SHOWN = 5.0, 200
"""Each health is told again after its cadence or 5 s, at most so many a time, at most once a second."""

_ARRAYS = ("_owner", "_heard", "_streak", "_need", "_state", "_alone", "_since", "_told", "_dirty")


class _Source(msgspec.Struct):
    """What is known of one source; times in ns of the event clock, but for `newest`."""

    state: int = UNKNOWN
    since: int = 0
    connected: int = 0
    heard: int = 0
    newest: int = 0
    fresh: int = 0
    lag: int = -1
    gap: int = 0
    slow: int = 0
    grace: int = 0
    gone: bool = False
    began: int = 0
    episode: str = ""
    why: str = ""
    links: dict[str, tuple[str, str, int]] = {}
    told: int = 0


class _State(msgspec.Struct):
    clock: int
    sources: dict[str, _Source]
    lively: LivelinessState
    arrays: tuple[bytes, ...]
    pending: dict[str, tuple[int, int, bool]]
    arrived: bytes
    episodes: dict[str, tuple[str, str]]
    refreshed: int
    next: int


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


class Watch:
    """The watch of one site.

    Args:
        site: the site model.

    Attributes:
        turns: what began to stand differently at the newest tick.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._signals = site.signals
        self._row = {signal.id: i for i, signal in enumerate(self._signals)}
        self._names = [source.id for source in site.sources]
        self._index = {name: i for i, name in enumerate(self._names)}
        m = len(self._signals)
        self._stated = np.array([bool(s.cadence_s) for s in self._signals], dtype=np.bool_)
        self._own = np.array([round((s.cadence_s or 0.0) * SECOND) for s in self._signals], dtype=np.int64)
        self._cadence = np.array([round((s.cadence_s or 0.0) * SECOND) for s in site.sources] + [0], dtype=np.int64)
        self._columns: dict[tuple[str, ...], tuple[Ints, Ints]] = {}
        self._clock = 0
        self._sources = {name: _Source() for name in self._names}
        self._lively = Liveliness(self._signals)
        self._owner = np.array([self._index.get(s.source or "", -1) for s in self._signals], dtype=np.int64)
        self._heard: Ints = np.zeros(m, dtype=np.int64)
        self._streak: Ints = np.zeros(m, dtype=np.int64)
        self._need: Ints = np.full(m, _STREAK, dtype=np.int64)
        self._state: Ints = np.zeros(m, dtype=np.int64)
        self._since: Ints = np.zeros(m, dtype=np.int64)
        self._told: Ints = np.zeros(m, dtype=np.int64)
        self._dirty: Ints = np.zeros(m, dtype=np.int64)
        self._alone: Ints = np.zeros(m, dtype=np.int64)
        self._arrived: Flags = np.zeros(m, dtype=np.bool_)
        self._pending: dict[str, tuple[int, int, bool]] = {}
        self._episodes: dict[str, tuple[str, str]] = {}
        self._refreshed = self._next = 0
        self._seen_frozen: tuple[Flags, Flags] | None = None
        self.turns: list[Turn] = []

    @property
    def clock(self) -> int:
        """Event clock of the newest tick, ns; 0 while nothing is live."""
        return self._clock

    def adopt(self, other: "Watch") -> list[str]:
        """Take over what is known of the sources and signals that both have; returns the episodes of all others."""
        pairs = [(i, other._row[signal.id]) for i, signal in enumerate(self._signals) if signal.id in other._row]
        mine, theirs = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        owners = np.array([*(self._index.get(name, -1) for name in other._names), -1], dtype=np.int64)
        stated = self._owner[mine]
        for name in _ARRAYS:
            getattr(self, name)[mine] = getattr(other, name)[theirs]
        told_by = owners[other._owner[theirs]]
        self._owner[mine] = np.where(told_by >= 0, told_by, stated)
        self._arrived[mine] = other._arrived[theirs]
        self._lively.adopt(other._lively, mine, theirs)
        self._clock, self._refreshed = other._clock, other._refreshed
        gone = [source.episode for name, source in other._sources.items() if source.episode and name not in self._index]
        gone += [episode for signal, (_, episode) in other._episodes.items() if signal not in self._row]
        self._sources.update({name: source for name, source in other._sources.items() if name in self._index})
        self._pending = {name: news for name, news in other._pending.items() if name in self._index}
        self._episodes = {signal: known for signal, known in other._episodes.items() if signal in self._row}
        return gone

    # What the log says

    def samples(self, samples: Samples) -> None:
        """Rows came."""
        source = self._sources.get(samples.source)
        if source is None or not len(samples):
            return
        known = self._columns.get(samples.tags)
        if known is None:
            pairs = [(i, self._row[tag]) for i, tag in enumerate(samples.tags) if tag in self._row]
            known = (np.array([i for i, _ in pairs], dtype=np.int64), np.array([r for _, r in pairs], dtype=np.int64))
            if len(self._columns) > 1000:
                self._columns.clear()
            self._columns[samples.tags] = known
        cells, rows = known
        values = samples.values if len(cells) == len(samples.tags) else samples.values[:, cells]
        told = self._lively.take(samples.times, rows, values, self._state == FROZEN)
        self._arrived[told] = True
        self._owner[told] = self._index[samples.source]
        self._seen_frozen = None
        self._came(samples.source, int(samples.times.min()), int(samples.times.max()), ahead=False)

    def event(self, event: Event) -> None:
        """Something was observed."""
        if event.source in self._sources:
            self._came(event.source, event.occurred, event.occurred, ahead=False)

    def network(self, records: NetworkRecords) -> None:
        """Network records came."""
        if records.source in self._sources and len(records):
            ends = records.ends
            self._came(records.source, int(ends.min()), int(ends.max()), ahead=False)

    def note(self, kind: str, fields: dict[str, Any]) -> None:
        """The runtime told how a connection stands, or what it decided."""
        source, clock = self._sources.get(str(fields.get("source"))), int(fields.get("clock", 0))
        if kind == "link" and source is not None and fields["state"] == "gone":
            source.gone, source.connected, source.links = True, 0, {}
        elif kind == "link" and source is not None:
            source.gone, source.connected = False, source.connected or clock
            source.links[fields["member"]] = (fields["state"], fields["detail"], clock)
        elif fields.get("decision") == "refused" and source is not None:
            newest = int(fields["newest"])
            self._came(fields["source"], newest, newest, ahead=bool(fields["ahead"]))
        elif fields.get("decision") in ("start", "standstill", "clock-step"):
            self._clock = max(self._clock, clock)  # live from here on: the state counts before the first tick, too
            for each in self._sources.values():
                each.grace = clock

    def _came(self, source: str, oldest: int, newest: int, *, ahead: bool) -> None:
        before = self._pending.get(source)
        if before is not None:
            oldest, newest, ahead = min(oldest, before[0]), max(newest, before[1]), ahead and before[2]
        self._pending[source] = (oldest, newest, ahead)

    # What the clock says

    def tick(self, clock: int, occurred: int) -> tuple[list[Finding], list[Health]]:
        """Judge at an event clock.

        Args:
            clock: of the tick.
            occurred: the time to give findings: that up to which everything was judged.

        Returns:
            Findings in order of source and signal, and the healths that changed or are due to be told again.
        """
        self._clock = clock = max(clock, self._clock)
        for name, (oldest, newest, ahead) in self._pending.items():
            self._hear(name, oldest, newest, ahead=ahead)
        self._pending.clear()
        self.turns = []
        self._hear_signals()
        frozen, still = self._frozen()
        findings: list[Finding] = []
        healths: list[Health] = []
        for i, name in enumerate(self._names):
            source = self._sources[name]
            state, why = self._judge(name, source, frozen=bool(frozen[i]))
            if state != source.state:
                findings += self._turn(name, state, why, occurred)
                healths.append(self._health_of(name))
        findings += self._judge_signals(still, occurred)
        healths += self._due()
        return findings, healths

    def _due_every(self, name: str) -> int:
        """How often a source comes, ns; 0 where nobody knows."""
        cadence = int(self._cadence[self._index[name]])
        return max(cadence, self._sources[name].gap) if cadence else 0

    def _hear(self, name: str, oldest: int, newest: int, *, ahead: bool) -> None:
        clock, source, cadence = self._clock, self._sources[name], int(self._cadence[self._index[name]])
        age = clock - newest
        source.gone, source.connected = False, source.connected or clock
        lateness = round(self._site.source_by_id[name].lateness_s * SECOND)
        usual = lateness + (3 * source.lag) // 2 + max(cadence, round(_LEAST_S * SECOND))
        if ahead or (source.lag >= 0 and age > usual) or age > lateness + 3 * cadence + 60 * SECOND:
            source.slow = min(source.slow + 1, 100)
        else:
            source.slow, prompt = 0, max(age, 0)
            source.lag = prompt if source.lag < 0 else source.lag + (prompt - source.lag) // 16
        self._space(source, cadence, oldest, newest)
        source.heard, source.newest, source.fresh = clock, max(newest, source.newest), age

    def _space(self, source: _Source, cadence: int, oldest: int, newest: int) -> None:
        """Learn how often a source comes: by rows of a span at once when first heard, then by the gaps between."""
        gap = self._clock - source.heard
        if not source.heard:
            source.gap = newest - oldest + cadence if newest > oldest else 0
        elif source.heard <= source.grace:
            return
        elif source.state != STOPPED:
            source.gap += (gap - source.gap) // 16 if source.gap else gap
        elif not source.slow and oldest - source.newest <= round(_MISSED * cadence):
            source.gap = max(source.gap, gap)  # nothing is missing: it was no stop but a batch

    def _judge(self, name: str, source: _Source, *, frozen: bool) -> tuple[int, str]:
        """How a source stands, and why."""
        state, why = self._silence(name, source)
        if state != LIVE:
            return state, why
        if source.slow >= 2 or (source.slow and source.state == DELAYED):
            if source.fresh < 0:
                return DELAYED, f"its clock runs {span(-source.fresh)} ahead: what it says is refused"
            usual = f", usually {span(source.lag)}" if source.lag >= 0 else ""
            return DELAYED, f"what it says is {span(source.fresh)} old when it comes{usual}"
        return (FROZEN, "all its lively signals repeat their last digits") if frozen else (LIVE, "")

    def _silence(self, name: str, source: _Source) -> tuple[int, str]:
        """Whether a source speaks at all: LIVE where it does."""
        clock, due = self._clock, self._due_every(name)
        if source.gone:
            return UNKNOWN, "it isn't connected"
        lost = [(at, detail) for state, detail, at in source.links.values() if state == "down"]
        if lost and len(lost) == len(source.links) and max(lost)[0] > source.heard:
            return DOWN, max(lost)[1]
        up = max((at for state, _, at in source.links.values() if state == "up"), default=0)
        quiet = clock - max(source.heard or source.connected, source.grace, up)
        if due and source.connected and quiet > max(round(_MISSED * due), round(_LEAST_S * SECOND)):
            if not source.heard:
                return STOPPED, f"it has said nothing since it was connected; it should speak every {span(due)}"
            return STOPPED, f"it has said nothing for {span(clock - source.heard)}; it speaks every {span(due)}"
        if source.state in (STOPPED, DOWN) and source.heard != clock:
            return source.state, source.why
        return (LIVE, "") if source.heard else (UNKNOWN, "")

    def _turn(self, name: str, state: int, why: str, occurred: int) -> list[Finding]:
        """A source changes its state: what ended is cleared, what began is raised."""
        source, found = self._sources[name], []
        self._turned(name, "", state, source.state, why)
        if source.episode:
            standing = Standing(name, "", STATES[source.state], "", source.began, self._clock, source.episode)
            found.append(finding(self._site, standing, "cleared", occurred))
            source.episode = ""
        source.state, source.since, source.why = state, self._clock, why
        if state >= DELAYED:
            source.began = source.heard or source.connected
            standing = Standing(name, "", STATES[state], why, source.began, self._clock, "")
            source.episode = standing.new_episode()
            found.append(finding(self._site, standing._replace(episode=source.episode), "raised", occurred))
        return found

    # Signals

    def _frozen(self) -> tuple[Flags, Flags]:
        """Which sources, and which signals by themselves, are frozen; goes by what was told alone."""
        if self._seen_frozen is None:
            due = np.where(self._stated, self._own, self._cadence[self._owner])
            sources = self._lively.frozen_sources(self._owner, self._cadence[:-1] / SECOND)
            self._seen_frozen = sources, self._lively.frozen_alone(due / SECOND)
        return self._seen_frozen

    def _hear_signals(self) -> None:
        told = np.flatnonzero(self._arrived)
        if not len(told):
            return
        self._arrived[told] = False
        late = self._clock - np.maximum(self._heard[told], self._grace()[told]) > self._limits()[told]
        late &= self._heard[told] > 0
        mended = late & (self._alone[told] == STOPPED)
        self._need[told] = np.where(mended, np.minimum(self._need[told] * _HARDER, _HARDEST), self._need[told])
        self._streak[told] = np.where(late, 0, self._streak[told] + 1)
        self._heard[told] = self._clock

    def _grace(self) -> Ints:
        """When each signal's source last began, or came back."""
        of = [max(s.grace, s.since if s.state == LIVE else 0) for s in self._sources.values()]
        return np.array([*of, 0], dtype=np.int64)[self._owner]

    def _limits(self) -> Ints:
        """How long each signal may be silent; 0 where nobody knows."""
        gaps = np.array([*(s.gap for s in self._sources.values()), 0], dtype=np.int64)[self._owner]
        due = np.where(self._stated, self._own, self._cadence[self._owner])
        limit = np.maximum((_MISSED * np.maximum(due, gaps)).astype(np.int64), round(_LEAST_S * SECOND))
        return np.where(due > 0, limit, np.iinfo(np.int64).max)

    def _judge_signals(self, still: Flags, occurred: int) -> list[Finding]:
        """A signal stands as its source does, or worse by itself."""
        sources = np.array([*(s.state for s in self._sources.values()), LIVE], dtype=np.int64)
        base, heard = sources[self._owner], self._heard > 0
        going = heard & (base == LIVE)
        judged = going & (self._stated | (self._streak >= self._need))
        silent = judged & (self._clock - np.maximum(self._heard, self._grace()) > self._limits())
        silent |= (self._alone == STOPPED) & (self._heard < self._clock)
        alone = np.where(going, np.where(silent, STOPPED, np.where(still, FROZEN, 0)), self._alone)
        state = np.where(heard & (base != UNKNOWN), np.maximum(base, alone), UNKNOWN)
        changed = state != self._state
        self._since[changed], self._dirty[changed] = self._clock, 1
        turned, was = np.flatnonzero(alone != self._alone), self._alone.tolist()
        self._state, self._alone = state, alone
        found = []
        for i in turned.tolist():
            source, name = self._owner_of(i), self._signals[i].id
            self._turned(source, name, int(alone[i]) or LIVE, was[i] or LIVE, self._why(i) if alone[i] else "")
            standing = Standing(source, name, "", self._why(i), int(self._heard[i]), self._clock, "")
            if name in self._episodes:
                rule, episode = self._episodes.pop(name)
                over = standing._replace(state=rule, episode=episode)
                found.append(finding(self._site, over, "cleared", occurred))
            if alone[i]:
                standing = standing._replace(state=STATES[alone[i]])
                standing = standing._replace(episode=standing.new_episode())
                self._episodes[name] = (standing.state, standing.episode)
                found.append(finding(self._site, standing, "raised", occurred))
        return found

    def _turned(self, source: str, member: str, state: int, was: int, why: str) -> None:
        told = Turn(
            site=self._site.id, source=source, member=member, state=STATES[state], was=STATES[was], at=self._clock,
            detail=why,
        )  # fmt: skip
        self.turns.append(told)

    def _owner_of(self, i: int) -> str:
        return self._names[self._owner[i]] if self._owner[i] >= 0 else ""

    def _why(self, i: int) -> str:
        if self._alone[i] == FROZEN:
            return f"it has shown the very same number {self._lively.run[i] + 1} times in a row"
        return f"nothing for {span(int(self._clock - self._heard[i]))} while its source goes on"

    # Healths

    def _due(self) -> list[Health]:
        """Healths that changed since they were told, and some that are due again."""
        if self._clock - self._refreshed < SECOND:
            return []
        self._refreshed = self._clock
        healths = []
        for name in self._names:
            source = self._sources[name]
            due = source.heard > source.told and self._clock - source.told >= _REFRESH_S * SECOND
            if due or any(at > source.told for _, _, at in source.links.values()):
                source.told = self._clock
                healths.append(self._health_of(name))
                healths += self._healths_of_members(name, source)
        every = np.maximum(np.where(self._stated, self._own, self._cadence[self._owner]), round(_REFRESH_S * SECOND))
        stale = (self._heard > self._told) & (self._clock - self._told >= every)
        order = np.roll(np.arange(len(stale)), -self._next)
        news = self._dirty > 0
        shown = [*np.flatnonzero(news).tolist(), *order[(stale & ~news)[order]].tolist()][:_SHOWN]
        if shown:
            self._told[shown], self._dirty[shown] = self._clock, 0
            self._next = (shown[-1] + 1) % len(stale)
        return healths + [self._health_of_signal(i) for i in shown]

    def _health_of(self, name: str) -> Health:
        source = self._sources[name]
        return Health(
            site=self._site.id,
            source=name,
            state=STATES[source.state],
            since=source.since,
            last_seen=source.newest,
            last_good=source.newest,
            cadence_s=self._site.source_by_id[name].cadence_s or 0.0,
            lag_s=source.fresh / SECOND if source.heard else 0.0,
            every_s=source.gap / SECOND,
            detail=source.why,
        )

    def _healths_of_members(self, name: str, source: _Source) -> list[Health]:
        """Who is reached over a connection of the whole source is as lost as that."""
        whole = source.links.get("", ("up", "", 0))
        return [
            self._health_of_member(name, member, *(link if whole[0] == "up" or link[0] != "up" else whole))
            for member, link in sorted(source.links.items())
            if member
        ]

    def _health_of_member(self, name: str, member: str, state: str, detail: str, at: int) -> Health:
        shown: dict[str, HealthState] = {"up": "live", "down": "down"}
        return Health(
            site=self._site.id,
            source=name,
            member=member,
            state=shown.get(state, "unknown"),
            since=at,
            last_seen=self._clock if state == "up" else at,
            detail=detail,
        )

    def _health_of_signal(self, i: int) -> Health:
        name, value = self._owner_of(i), float(self._lively.value[i])
        source = self._sources.get(name)
        return Health(
            site=self._site.id,
            source=name,
            member=self._signals[i].id,
            state=STATES[self._state[i]],
            since=int(self._since[i]),
            last_seen=int(self._lively.seen[i]),
            last_good=int(self._lively.seen[i]),
            value=None if np.isnan(value) else value,
            cadence_s=float(self._own[i] if self._stated[i] else self._cadence[self._owner[i]]) / SECOND,
            lag_s=source.fresh / SECOND if source is not None else 0.0,
        )

    # State

    def dump(self) -> bytes:
        """State as canonical bytes."""
        return _ENCODER.encode(
            _State(
                self._clock,
                self._sources,
                self._lively.dump(),
                tuple(getattr(self, name).tobytes() for name in _ARRAYS),
                self._pending,
                self._arrived.tobytes(),
                self._episodes,
                self._refreshed,
                self._next,
            )
        )

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no such state, or one of other sources or signals.
        """
        m = len(self._signals)
        try:
            state = _DECODER.decode(data)
            arrays = [np.frombuffer(array, np.int64).copy() for array in state.arrays]
            if state.sources.keys() != self._sources.keys() or any(len(array) != m for array in arrays):
                raise ValueError("it is of other sources or signals")
            self._lively.load(state.lively)
            for name, array in zip(_ARRAYS, arrays, strict=True):
                setattr(self, name, array)
            self._arrived = np.frombuffer(state.arrived, np.bool_).copy()
        except (msgspec.MsgspecError, ValueError) as error:
            raise DecodeError(f"no state of the watch: {error}") from None
        self._clock, self._pending = state.clock, state.pending
        self._sources = {name: state.sources[name] for name in self._names}  # in the site's order, as arrays are
        self._episodes, self._refreshed, self._next = state.episodes, state.refreshed, state.next
        self._seen_frozen = None
