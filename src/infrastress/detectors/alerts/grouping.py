"""AlertGrouping: raw alerts in, sessions and incidents out; pure, streaming, the same for every split into batches.

An alert is held until the stream has gone on for `hold_s`, then judged in order of time; at equal times the rest of
its content decides, so the order in which tools deliver doesn't matter as long as they are no later than that. What
is later still is judged when it comes, against what stands, and counted; rules don't see it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.time import SECOND
from infrastress.detectors.alerts.correlation import Correlation, CorrelationState, Hit
from infrastress.detectors.alerts.incidents import IncidentOptions, Incidents, IncidentState, Joined
from infrastress.detectors.alerts.novelty import Novelty, QuietTime
from infrastress.detectors.alerts.records import RawAlert, fault_of, normalised
from infrastress.detectors.alerts.rules import AlertRule
from infrastress.detectors.alerts.sessions import Session, SessionOptions, Sessions, SessionState
from infrastress.events.kinds import Severity

__all__ = ["AlertGrouping", "GroupingOptions", "Placed", "Told"]

_FORMAT = 1


class GroupingOptions(BaseModel):
    """Options of the grouping.

    Attributes:
        hold_s: how late, against the newest alert, an alert may come and still be judged in order.
        most_held: alerts held for that; beyond, the earliest are judged at once, and counted.
        reviewed: held pairs of the baseline that somebody found right, as "host: signature".
        sessions: when a session is over.
        incidents: what is told.
        rules: correlation rules.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hold_s: float = Field(default=5.0, ge=0)
    most_held: int = Field(default=100_000, ge=1)
    reviewed: tuple[str, ...] = ()
    sessions: SessionOptions = SessionOptions()
    incidents: IncidentOptions = IncidentOptions()
    rules: tuple[AlertRule, ...] = ()


class Placed(NamedTuple):
    """An alert in its session.

    Attributes:
        alert: with its host normalised.
        session: number of its session.
        surprise: of its host and signature, thousandths of a bit; 0 where that is usual.
        incident: number of the session's incident by then, 0 for none.
        known: time of the alert that showed that the stream had gone on, ns.
        late: whether it came too late to be judged in order.
    """

    alert: RawAlert
    session: int
    surprise: int
    incident: int
    known: int
    late: bool


class Told(NamedTuple):
    """A session became part of an incident.

    Attributes:
        incident: its number.
        session: number of the session, 0 where something that failed to come is told.
        new: whether the incident began with it.
        why: "surprise", "host" or "near" (unusual, on a host of the incident or shortly before or after what it told
            elsewhere), or the id of a rule.
        at: when it happened, ns.
        known: when it could be told, ns.
        sentence: for people.
        host: whom it is about, "" for the site.
        began: of the session's first alert, ns.
        severity: the highest of the session's alerts, "info" without one.
        evidence: ids of the session's first alerts and of its last up to then; of a rule's, those that it looked at.
        techniques: that they name.
        signature: of the alert that made it so, "" where none did.
    """

    incident: int
    session: int
    new: bool
    why: str
    at: int
    known: int
    sentence: str
    host: str = ""
    began: int = 0
    severity: Severity = "info"
    evidence: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    signature: str = ""


class _State(msgspec.Struct):
    format: int
    rules: str
    held: list[RawAlert]
    newest: int
    floor: int
    counts: dict[str, int]
    sessions: SessionState
    incidents: IncidentState
    correlation: CorrelationState


class AlertGrouping:
    """Groups the raw alerts of a site.

    Args:
        options: of the grouping.
        learned: the approved baseline; without one nothing is unusual, and only rules tell.
        names: asset by address and by lower-case host name.
    """

    def __init__(
        self,
        options: GroupingOptions | None = None,
        learned: QuietTime | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.options = options if options is not None else GroupingOptions()
        self._novelty = Novelty(learned, self.options.reviewed)
        self._names = names or {}
        self._hold = int(self.options.hold_s * SECOND)
        self._rules = content_hash(canonical_json([rule.model_dump(mode="json") for rule in self.options.rules]))
        self._reset()

    def _reset(self) -> None:
        self._held: list[RawAlert] = []
        self._newest = self._floor = -1
        self._counts = Counter[str]()
        self._sessions = Sessions(self.options.sessions, self._novelty)
        self._incidents = Incidents(self.options.incidents, self._novelty)
        self._correlation = Correlation(self.options.rules)

    @property
    def counts(self) -> dict[str, int]:
        """What was read, judged (`placed`), `late`, `refused:*`, judged early, closed or forgotten for want of room."""
        found = dict(self._counts)
        found["held"] = len(self._held)
        found["sessions_evicted"], found["incidents_evicted"] = self._sessions.evicted, self._incidents.evicted
        found["keys_evicted"], found["hits_suppressed"] = self._correlation.evicted, self._correlation.suppressed
        return found

    def update(self, alerts: Iterable[RawAlert], until: int | None = None) -> list[Placed | Told]:
        """Take alerts as they come.

        Args:
            alerts: in the order of their arrival.
            until: ns; the sources have told everything up to here, less `hold_s`.

        Returns:
            What is known now of these and of earlier ones: each alert once, in order of time but for late ones.
        """
        out: list[Placed | Told] = []
        names, held, counts, most = self._names, self._held, self._counts, self.options.most_held
        for told in alerts:
            counts["read"] += 1
            fault = fault_of(told)
            if fault:
                counts["refused:" + fault] += 1
                continue
            alert = normalised(told, names)
            if alert.time < self._floor:
                self._late(alert, out)
                continue
            heappush(held, alert)
            if alert.time > self._newest:
                self._pass(alert.time)
            while held and (held[0].time < self._floor or len(held) > most):
                if held[0].time >= self._floor:
                    counts["judged_early"] += 1
                    self._floor = held[0].time
                self._judge(heappop(held), out)
        if until is not None and until > self._newest:
            self._pass(until)
            while held and held[0].time < self._floor:
                self._judge(heappop(held), out)
            for hit in self._correlation.advance(self._floor - 1):
                self._hit(hit, None, out)
        return out

    def finish(self) -> list[Placed | Told]:
        """Judge what is held: a recording is over."""
        out: list[Placed | Told] = []
        while self._held:
            self._judge(heappop(self._held), out)
        self._floor = max(self._floor, self._newest + 1)
        return out

    def _pass(self, moment: int) -> None:
        self._newest = moment
        self._floor = max(self._floor, moment - self._hold)

    def _judge(self, alert: RawAlert, out: list[Placed | Told]) -> None:
        self._counts["placed"] += 1
        surprise = self._novelty.surprise(alert.host, alert.signature)
        hits = self._correlation.take(alert, unusual=surprise > 0) if self.options.rules else ()
        session = self._sessions.take(alert, surprise)
        self._tell(alert, session, surprise, hits, out)
        out.append(Placed(alert, session.number, surprise, session.incident, self._newest, late=False))

    def _late(self, alert: RawAlert, out: list[Placed | Told]) -> None:
        self._counts["placed"] += 1
        self._counts["late"] += 1
        surprise = self._novelty.surprise(alert.host, alert.signature)
        session = self._sessions.take_late(alert, surprise)
        self._tell(alert, session, surprise, (), out)
        out.append(Placed(alert, session.number, surprise, session.incident, self._newest, late=True))

    def _tell(
        self, alert: RawAlert, session: Session, surprise: int, hits: Iterable[Hit], out: list[Placed | Told]
    ) -> None:
        for hit in hits:
            self._hit(hit, session if hit.by_alert else None, out, alert.signature if hit.by_alert else "")
        if surprise:
            for joined in self._incidents.consider(session, alert.time):
                told = _told(joined, alert.time, self._newest, str(joined.session))
                out.append(told._replace(signature=alert.signature))

    def _hit(self, hit: Hit, session: Session | None, out: list[Placed | Told], signature: str = "") -> None:
        rule = next(one for one in self.options.rules if one.id == hit.rule)
        common = ", ".join(f"{field} {value}" for field, value in zip(rule.by, hit.key, strict=True))
        sentence = f"{rule.title}{f' ({common})' if common else ''}"
        host = dict(zip(rule.by, hit.key, strict=True)).get("host", "")
        if session is None:
            joined = self._incidents.without_session(host, hit.at, hit.rule)
        else:
            joined = self._incidents.consider(session, hit.at, hit.rule)
            if all(one.why != hit.rule for one in joined):  # it is part of one already
                joined = [Joined(session.incident, new=False, why=hit.rule, session=session), *joined]
        for one in joined:
            said = sentence if one.why == hit.rule else str(one.session)
            told = _told(one, hit.at, self._newest, said)
            rests_on = hit.evidence if one.why == hit.rule else told.evidence
            out.append(told._replace(signature=signature, host=told.host or host, evidence=rests_on))

    def dump(self) -> bytes:
        """The whole state as canonical JSON."""
        return canonical_json(
            _State(
                _FORMAT, self._rules, sorted(self._held), self._newest, self._floor, dict(self._counts),
                self._sessions.dump(), self._incidents.dump(), self._correlation.dump(),
            )
        )  # fmt: skip

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one. Where the rules are others than then, they start anew.

        Raises:
            DecodeError: the bytes are no state of this version.
        """
        try:
            state = msgspec.json.decode(data, type=_State)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no state of alert grouping: {error}") from None
        if state.format != _FORMAT:
            raise DecodeError(f"no state of alert grouping: format {state.format}")
        self._reset()
        self._held, self._newest, self._floor = state.held, state.newest, state.floor
        self._counts.update(state.counts)
        self._sessions.load(state.sessions)
        self._incidents.load(state.incidents, self._sessions.open.values())
        if state.rules == self._rules:
            self._correlation.load(state.correlation)


def _told(joined: Joined, at: int, known: int, sentence: str) -> Told:
    one = joined.session
    if one is None:
        return Told(joined.incident, 0, joined.new, joined.why, at, known, sentence, began=at)
    return Told(
        joined.incident, one.number, joined.new, joined.why, at, known, sentence,
        one.host, one.begin, one.severity, tuple(one.ids), tuple(one.techniques),
    )  # fmt: skip
