"""Incidents of raw alerts: sessions that are worth a look, and what unusual came around them.

A session tells when its signatures together are surprising enough, or a rule says so. It joins the incident that its
host is part of, or one that was told of elsewhere a short time before, or opens one. What else is unusual, surprising
enough or not, joins an incident of its host while that lasts, and of other hosts when a session of it told a short time
before; and when an incident opens, what was unusual shortly before it is looked at again.

What was told before surprises less: a host's signature that was part of n earlier incidents counts for 1 / (1 + n) of
its surprise. So a nightly update that the quiet time didn't hold is told a few times, not every night; together with
something new it still counts. Only what is told depends on that, never which alerts are one session.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.time import SECOND
from infrastress.detectors.alerts.novelty import Novelty
from infrastress.detectors.alerts.sessions import Session

__all__ = ["Incident", "IncidentOptions", "IncidentState", "Incidents", "Joined"]

_MOST_REMEMBERED, _MOST_RECENT = 20_000, 1000


class IncidentOptions(BaseModel):
    """What is told, and what belongs to it.

    Attributes:
        tell_bits: surprise from which on a session tells, bits; a signature never seen in a quiet day has 4.6, so it
            takes three of them on one host.
        join_s: an incident lasts so long after its last alert; unusual sessions of its hosts join it.
        near_s: what is unusual on other hosts joins it, when a session of it told no longer ago than this; and
            when it opens, unusual sessions whose last alert is no older.
        tiring: whether what was part of earlier incidents surprises less.
        most_hosts: of one incident; others that join are not remembered, and counted.
        most_active: incidents kept; beyond, the one that is silent for longest is closed and counted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tell_bits: float = Field(default=12.0, gt=0)
    join_s: float = Field(default=1800.0, ge=0)
    near_s: float = Field(default=300.0, ge=0)
    tiring: bool = True
    most_hosts: int = Field(default=1000, ge=1)
    most_active: int = Field(default=256, ge=1)


class Incident(msgspec.Struct):
    """Sessions told as one; ns: `until` of its last alert, `told_until` of the last of a session that tells."""

    number: int
    begin: int
    until: int
    told_until: int
    hosts: list[str]
    parts: int = 0


IncidentState = tuple[int, int, list[Incident], list[tuple[str, str, int, int]], list[Session]]


class Joined(NamedTuple):
    """A session became part of an incident, `new` with it; why: "surprise", "host", "near", or a rule's id."""

    incident: int
    new: bool
    why: str
    session: Session | None


class Incidents:
    """Decides which sessions are told, and together with which others."""

    def __init__(self, options: IncidentOptions, novelty: Novelty) -> None:
        self._novelty, self._tiring = novelty, options.tiring
        self._tell = int(options.tell_bits * 1000)
        self._lasts, self._near = int(options.join_s * SECOND), int(options.near_s * SECOND)
        self._most_hosts, self._most_active = options.most_hosts, options.most_active
        self.active: dict[int, Incident] = {}
        self._before: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()
        """Of a host and signature: in how many incidents it was, and the last; the one touched last comes last."""
        self._recent: OrderedDict[int, Session] = OrderedDict()
        """Unusual sessions that are part of nothing; the one begun first comes first."""
        self.number = 0
        self.evicted = 0

    def consider(self, session: Session, at: int, rule: str = "") -> list[Joined]:
        """Called at each alert of an unusual session, or of one that a rule hit; what that alert made part of what.

        A session that joined for another reason is told again when it has become surprising enough itself.

        Args:
            session: with the alert in it.
            at: time of that alert, ns.
            rule: the rule that hit, if one did.
        """
        tells = bool(rule) or session.told
        if session.incident:
            found = self.active.get(session.incident)
            news = not session.surprised and self._tells(session)
            session.surprised |= news
            tells = session.told = tells or news
            if found is not None:
                found.until = max(found.until, at)
                found.told_until = max(found.told_until, at) if tells else found.told_until
            return [Joined(session.incident, new=False, why="surprise", session=session)] if news else []
        session.surprised = session.surprised or (not rule and self._tells(session))
        tells = session.told = tells or session.surprised
        found = self._fitting(session.host, at)
        if found is None and not tells:
            self._recent[session.number] = session
            if len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)
            return []
        on_host = found is not None and session.host in found.hosts
        why = rule or ("surprise" if tells else "host" if on_host else "near")
        joined = [self._join(found or self._open(session.begin), session, at, new=found is None, why=why)]
        if found is None:
            joined += self._before_it(self.active[session.incident])
        return joined

    def without_session(self, host: str, at: int, rule: str) -> list[Joined]:
        """A rule hit that no alert made: something failed to come. `host` may be "" for the whole site."""
        found = self._fitting(host, at)
        incident = found or self._open(at)
        self._add(incident, host, at, at)
        incident.told_until = max(incident.told_until, at)
        joined = [Joined(incident.number, found is None, rule, None)]
        return joined if found else joined + self._before_it(incident)

    def _join(self, incident: Incident, session: Session, at: int, *, new: bool, why: str) -> Joined:
        self._add(incident, session.host, session.begin, at)
        if session.told:
            incident.told_until = max(incident.told_until, at)
        session.incident = incident.number
        self._recent.pop(session.number, None)
        self._remember(session)
        return Joined(incident.number, new, why, session)

    def _before_it(self, incident: Incident) -> list[Joined]:
        """What was unusual shortly before an incident that opens."""
        late = [one for one in self._recent.values() if incident.begin - one.until <= self._near]
        self._recent.clear()
        return [self._join(incident, one, one.until, new=False, why="near") for one in late]

    def _tells(self, session: Session) -> bool:
        return session.surprise >= self._tell and self._surprise(session) >= self._tell

    def _surprise(self, session: Session) -> int:
        if not self._tiring:
            return session.surprise
        total = 0
        for signature in session.signatures:
            times, last = self._before.get((session.host, signature), (0, 0))
            times -= session.incident > 0 and last == session.incident  # its own doesn't tire
            total += self._novelty.surprise(session.host, signature) // (1 + times)
        return total

    def _remember(self, session: Session) -> None:
        for signature in session.signatures:
            pair = session.host, signature
            times, last = self._before.pop(pair, (0, 0))
            self._before[pair] = times + (last != session.incident), session.incident
            if len(self._before) > _MOST_REMEMBERED:
                self._before.popitem(last=False)

    def _fitting(self, host: str, at: int) -> Incident | None:
        for number in [n for n, one in self.active.items() if at - one.until > max(self._lasts, self._near)]:
            del self.active[number]
        best: Incident | None = None
        for one in self.active.values():
            fits = (host in one.hosts and at - one.until <= self._lasts) or at - one.told_until <= self._near
            if fits and (best is None or (one.until, one.number) > (best.until, best.number)):
                best = one
        return best

    def _open(self, begin: int) -> Incident:
        self.number += 1
        if len(self.active) >= self._most_active:
            oldest = min(self.active.values(), key=lambda one: (one.until, one.number))
            del self.active[oldest.number]
            self.evicted += 1
        incident = self.active[self.number] = Incident(self.number, begin, begin, begin, [])
        return incident

    def _add(self, incident: Incident, host: str, begin: int, at: int) -> None:
        incident.begin, incident.until = min(incident.begin, begin), max(incident.until, at)
        incident.parts += 1
        if host and host not in incident.hosts and len(incident.hosts) < self._most_hosts:
            incident.hosts.append(host)

    def dump(self) -> IncidentState:
        """The state, for `load`."""
        before = [(*pair, *times) for pair, times in self._before.items()]
        return self.number, self.evicted, list(self.active.values()), before, list(self._recent.values())

    def load(self, state: IncidentState, opened: Iterable[Session]) -> None:
        """Replace the state; a session that is among the open ones too is that one, not a second."""
        same = {session.number: session for session in opened}
        number, evicted, active, before, recent = state
        self._recent = OrderedDict((one.number, same.get(one.number, one)) for one in recent)
        self._before = OrderedDict(((host, signature), (times, last)) for host, signature, times, last in before)
        self.number, self.evicted = number, evicted
        self.active = {one.number: one for one in active}
