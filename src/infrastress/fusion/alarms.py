"""Alarms: one record for all repeats of a rule on the same assets on one day, with the life cycle of IEC 62682.

The state is computed from times that were gathered, not stepped through, so that it is the same in whatever order
detections and operators' actions arrive:

    condition   acknowledged   shelved -> state
    stands      no                        unacknowledged
    stands      yes                       acknowledged
    gone        no                        returned
    gone        yes                       closed
    any         any            yes        shelved

An acknowledgement holds for what was raised before it; a later raise alarms again. From the fifth raise of a day the
alarm chatters: it is then acknowledged once for the rest of that day, unless it becomes more severe, and its condition
counts as gone only when it has stayed away for `OFF_DELAY` (the off-delay of IEC 62682).
"""

from bisect import insort
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from infrastress.core.ids import content_hash, event_id
from infrastress.core.time import DAY, HOUR, MINUTE
from infrastress.events import Alarm, AlarmAction, Detection, Event
from infrastress.events.kinds import CALLING, SEVERITIES, AlarmState, Severity, SourceKind, Suspicion
from infrastress.fusion.evidence import Evidence, rank_of, severity_of
from infrastress.fusion.signs import WARNERS
from infrastress.site import Site

__all__ = [
    "CHATTER",
    "FOREVER",
    "HOLD",
    "HOLD_ACT",
    "HOLD_NOTICE",
    "KEPT_IDS",
    "LIFE_CYCLE",
    "OFF_DELAY",
    "AlarmRecord",
    "alarm_event",
    "alarm_key",
    "priority",
    "stands",
    "version_id",
]

CHATTER = 5
OFF_DELAY = 15 * MINUTE
HOLD = 2 * HOUR
HOLD_ACT = 8 * HOUR
HOLD_NOTICE = HOUR
"""How long an alarm attracts other evidence behind its end: a condition, an act; and a notice another notice."""
FOREVER = 1 << 62
LIFE_CYCLE = ("acknowledge", "shelve", "unshelve")
"""Acts that change how an alarm stands; the others are between people."""
KEPT_IDS = 8
"""How many detections of one alarm are named, the earliest; all are counted, and summed up in the digest."""
_MODULUS = 1 << 64
_CALLING = min(rank_of(severity) for severity in SEVERITIES if severity in CALLING)
_LASTING = frozenset({*WARNERS, "level_switch"})


def alarm_key(event: Event, body: Detection, *, belated: bool) -> str:
    """Name of the alarm a detection belongs to: hash of detector, rule, assets, zone and day (UTC) of the onset.

    One that is so belated that its alarm may have been forgotten gets an alarm of its own.
    """
    day = min(body.began, event.occurred) // DAY
    return _name((body.detector, body.rule, *event.assets, event.zone, str(day), event.id if belated else ""))


def version_id(key: str, number: int) -> str:
    """Id of the event that is a version of an alarm or incident: versions before a known one can be looked up."""
    return event_id("fusion", number, key.encode())


@lru_cache(maxsize=1 << 15)
def _name(parts: tuple[str, ...]) -> str:
    return "alm-" + content_hash("\0".join(parts).encode())[:16]


def stands(event: Event, body: Detection, site: Site) -> bool:
    """Whether the detection is of a condition, which stands until it is cleared, and not of an act, which is over.

    A signal, and what warns of gas, fire or a level, has a condition; a badge, a door, a fence, a login and a report
    tell of acts.
    """
    if body.source_kind == "telemetry":
        return True
    known = site.asset_by_id
    return any(known[asset].type in _LASTING for asset in event.assets if asset in known)


def priority(severity: Severity, assets: tuple[str, ...], site: Site) -> int:
    """Priority of an alarm, 1 (highest) to 4, from severity x asset criticality x hazard.

    Points: severity 0 (info) to 4 (critical); +1 when an asset has criticality 5, -1 when none is above 2; +1 when a
    hazard of severity high or critical hangs on an asset or on a barrier it is part of. 5 points are priority 1, 4 are
    2, 3 are 3, fewer are 4.
    """
    known = [site.asset_by_id[asset] for asset in assets if asset in site.asset_by_id]
    points = rank_of(severity)
    if known:
        top = max(asset.criticality for asset in known)
        points += 1 if top == 5 else -1 if top <= 2 else 0
    named = set(assets)
    grave = {hazard.id: hazard.asset for hazard in site.hazards if rank_of(hazard.severity) >= rank_of("high")}
    if named & set(grave.values()) or any(
        named & set(barrier.assets) and set(barrier.prevents) & set(grave) for barrier in site.barriers
    ):
        points += 1
    return min(max(6 - points, 1), 4)


def alarm_event(
    record: "AlarmRecord", state: AlarmState, *, site: Site, priority: int, title: str, incident: str, now: int
) -> Event:
    """An alarm as it stands at event time `now`; its number is the record's `emitted`."""
    return Event(
        id=version_id(record.key, record.emitted),
        site=site.id,
        source="fusion",
        sequence=record.emitted,
        occurred=max(record.last, record.acknowledged),
        observed=now,
        assets=record.assets,
        zone=record.zone,
        body=Alarm(
            alarm=record.key,
            state=state,
            severity=severity_of(record.severity),
            priority=priority,
            title=title,
            sentence=record.sentence,
            detection=record.worst[1],
            rule=record.rule,
            source_kind=record.source_kind,
            incident=incident,
            cleared=not record.active(now),
            count=record.raises,
            chattering=record.chattering,
            last_raise=record.last_raise if record.last_raise > record.first else 0,
            realarmed=record.realarmed,
        ),
    )


class AlarmRecord(msgspec.Struct, kw_only=True, array_like=True, gc=False):
    """What is kept of one alarm. Times are ns UTC; spans say when it was so, less than a notice's hold apart in one.

    `beside` are assets whose signals take part in detections that don't say what is wrong.
    """

    key: str
    detector: str
    rule: str
    assets: tuple[str, ...]
    zone: str
    source_kind: SourceKind
    condition: bool
    began: int = FOREVER
    first: int = FOREVER
    last: int = -FOREVER
    last_raise: int = -FOREVER
    last_clear: int = -FOREVER
    first_raises: list[int] = msgspec.field(default_factory=list)
    severity: int = -1
    worst: tuple[int, str] = (FOREVER, "")
    sentence: str = ""
    suspicion: Suspicion = "unknown"
    confidence: float = 0.0
    techniques: list[str] = msgspec.field(default_factory=list)
    raises: int = 0
    taken: int = 0
    digest: int = 0
    ids: list[tuple[int, str]] = msgspec.field(default_factory=list)
    standing: dict[str, int] = msgspec.field(default_factory=dict)
    spans: list[tuple[int, int]] = msgspec.field(default_factory=list)
    acknowledged: int = -FOREVER
    shelved: tuple[int, str, int] = (-FOREVER, "", 0)
    group: str = ""
    emitted: int = 0
    shown: tuple[str, int, bool, int, str] = ("", 0, False, 0, "")
    beside: list[str] = msgspec.field(default_factory=list)

    def raised(self, event: Event, body: Detection) -> tuple[int, int]:
        """Take a raised detection; returns the span it adds, with its hold."""
        moment = event.occurred
        start = min(body.began, moment)
        self._count(event)
        if body.episode not in self.standing:
            self.raises += 1
            insort(self.first_raises, moment)
            del self.first_raises[CHATTER:]
            self.last_raise = max(self.last_raise, moment)
        insort(self.ids, (moment, event.id))
        del self.ids[KEPT_IDS:]
        self.began = min(self.began, start)
        self.first = min(self.first, moment)
        rank = rank_of(body.severity)
        if rank > self.severity or (rank == self.severity and (moment, event.id) < self.worst):
            self.severity, self.worst = rank, (moment, event.id)
            self.sentence, self.suspicion = body.sentence, body.suspicion
        self.confidence = max(self.confidence, body.confidence)
        for technique in body.techniques:
            if technique not in self.techniques:
                insort(self.techniques, technique)
        if self.condition:
            self.standing[body.episode] = min(start, self.standing.get(body.episode, start))
            return start, FOREVER
        end = max(moment, body.until)
        self._add_span(start, end)
        return start, end + self.hold

    def widened(self, assets: Iterable[str]) -> bool:
        """Take assets whose signals take part too; True when there were new ones."""
        new = set(assets).difference(self.assets, self.beside)
        self.beside = sorted(new.union(self.beside))
        return bool(new)

    def cleared(self, event: Event, body: Detection, start: int) -> tuple[int, int]:
        """Take the clearing of an episode that began at `start`; returns its final span, with its hold."""
        self._count(event)
        self.standing.pop(body.episode, None)
        self.last_clear = max(self.last_clear, event.occurred)
        end = max(event.occurred, start)
        self._add_span(start, end)
        return start, end + self.hold

    def acted(self, event: Event, body: AlarmAction) -> None:
        """Take what a person did; what is none of the life cycle's acts changes nothing."""
        if body.action == "acknowledge":
            self.acknowledged = max(self.acknowledged, event.occurred)
        elif body.action in ("shelve", "unshelve"):
            until = body.until if body.action == "shelve" else event.occurred
            self.shelved = max(self.shelved, (event.occurred, event.id, until))

    @property
    def calls(self) -> bool:
        """Whether it calls somebody by itself; otherwise it is a notice."""
        return self.severity >= _CALLING

    @property
    def hold(self) -> int:
        """How long it attracts other evidence behind its end, ns."""
        return HOLD_NOTICE if not self.calls else HOLD if self.condition else HOLD_ACT

    @property
    def chattering(self) -> bool:
        """Whether it was raised too often today to be annunciated one by one."""
        return self.raises >= CHATTER

    def active(self, now: int) -> bool:
        """Whether its condition stands at event time `now`, or went so lately that it may be back at once."""
        return bool(self.standing) or (self.chattering and now < self.last_clear + OFF_DELAY)

    def state(self, now: int) -> AlarmState:
        """State of the life cycle at event time `now`."""
        if self.shelved[0] <= now < self.shelved[2]:
            return "shelved"
        if self.acknowledged >= self.due:
            return "acknowledged" if self.active(now) else "closed"
        return "unacknowledged" if self.active(now) or not self.condition else "returned"

    @property
    def due(self) -> int:
        """The raise that is to be acknowledged."""
        return max(self.first_raises[-1], self.worst[0]) if self.chattering else self.last_raise

    @property
    def realarmed(self) -> bool:
        """Whether it was raised again after it had been acknowledged, and has not been acknowledged since."""
        return -FOREVER < self.acknowledged < self.due

    @property
    def end(self) -> int:
        """When it stops to attract other evidence; FOREVER while it stands."""
        return FOREVER if self.standing else self.spans[-1][1] + self.hold

    @property
    def latest_start(self) -> int:
        """Where its last span begins."""
        starts = [span[0] for span in self.spans[-1:]] + list(self.standing.values())
        return max(starts)

    def effective_spans(self) -> list[tuple[int, int]]:
        """All spans with their hold, those of standing episodes without end, sorted by start."""
        return self._held(self.hold)

    def drawn_spans(self) -> list[tuple[int, int]]:
        """The same with the hold that it would have if it called: what draws a notice to an alarm."""
        return self._held(HOLD if self.condition else HOLD_ACT)

    def held_until(self, moment: int) -> int:
        """End of the span, with its hold, that holds a moment; before all time where none does."""
        if self.standing and min(self.standing.values()) <= moment:
            return FOREVER
        for start, end in reversed(self.spans):
            if start <= moment <= end + self.hold:
                return end + self.hold
        return -FOREVER

    def _held(self, hold: int) -> list[tuple[int, int]]:
        held = [(start, end + hold) for start, end in self.spans]
        return sorted([*held, (min(self.standing.values()), FOREVER)]) if self.standing else held

    def evidence(self, title: str) -> Evidence:
        """The record as a scorer sees it."""
        return Evidence(
            alarm=self.key,
            detector=self.detector,
            rule=self.rule,
            title=title,
            assets=self.assets,
            zone=self.zone,
            source_kind=self.source_kind,
            severity=severity_of(self.severity),
            suspicion=self.suspicion,
            confidence=self.confidence,
            sentence=self.sentence,
            techniques=tuple(self.techniques),
            count=self.raises,
            began=self.began,
            first=self.first,
            last=self.last,
            standing=bool(self.standing),
        )

    def _count(self, event: Event) -> None:
        self.taken += 1
        self.digest = (self.digest + int(event.id[:16], 16)) % _MODULUS
        self.last = max(self.last, event.occurred)

    def _add_span(self, start: int, end: int) -> None:
        if self.spans and self.spans[-1][0] <= start <= self.spans[-1][1] + HOLD_NOTICE:
            self.spans[-1] = (self.spans[-1][0], max(end, self.spans[-1][1]))
            return
        merged: list[tuple[int, int]] = []
        for low, high in sorted([*self.spans, (start, end)]):
            if merged and low <= merged[-1][1] + HOLD_NOTICE:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        self.spans = merged
