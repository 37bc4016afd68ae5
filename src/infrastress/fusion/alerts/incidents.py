"""Incidents of raw alerts: sessions that are worth a look, and what unusual came around them.

A session tells when its signatures together are surprising enough, or a rule says so. It joins the incident that its
host is part of, or one that was heard of elsewhere a short time before, or opens one. While an incident lasts,
whatever unusual its hosts raise joins it, surprising enough or not.
"""

from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.time import SECOND
from infrastress.fusion.alerts.sessions import Session

__all__ = ["Incident", "IncidentOptions", "Incidents", "Joined"]


class IncidentOptions(BaseModel):
    """What is told, and what belongs to it.

    Attributes:
        tell_bits: surprise from which on a session tells, bits; one signature never seen in a quiet day has 4.6.
        join_s: an incident lasts so long after its last alert; unusual sessions of its hosts join it.
        near_s: sessions that tell on other hosts join it, when no more than this has passed.
        most_hosts: of one incident; others that join are not remembered, and counted.
        most_active: incidents kept; beyond, the one that is silent for longest is closed and counted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tell_bits: float = Field(default=9.0, gt=0)
    join_s: float = Field(default=3600.0, ge=0)
    near_s: float = Field(default=900.0, ge=0)
    most_hosts: int = Field(default=1000, ge=1)
    most_active: int = Field(default=256, ge=1)


class Incident(msgspec.Struct):
    """Sessions told as one; times in ns."""

    number: int
    begin: int
    until: int
    hosts: list[str]
    parts: int = 0


class Joined(NamedTuple):
    """A session became part of an incident, `new` with it; why: "surprise", "host", or a rule's id."""

    incident: int
    new: bool
    why: str


class Incidents:
    """Decides which sessions are told, and together with which others."""

    def __init__(self, options: IncidentOptions) -> None:
        self._tell = int(options.tell_bits * 1000)
        self._join, self._near = int(options.join_s * SECOND), int(options.near_s * SECOND)
        self._most_hosts, self._most_active = options.most_hosts, options.most_active
        self.active: dict[int, Incident] = {}
        self.number = 0
        self.evicted = 0

    def consider(self, session: Session, at: int, rule: str = "") -> Joined | None:
        """Called at each alert of an unusual session, or of one that a rule hit; what that alert made it part of.

        Args:
            session: with the alert in it.
            at: time of that alert, ns.
            rule: the rule that hit, if one did.
        """
        if session.incident:
            found = self.active.get(session.incident)
            if found is not None:
                found.until = max(found.until, at)
            return None
        tells = bool(rule) or session.surprise >= self._tell
        found = self._fitting(session.host, at, anywhere=tells)
        if found is None and not tells:
            return None
        joined = Joined(
            found.number if found else self.number + 1, found is None, rule or ("surprise" if tells else "host")
        )
        self._add(found or self._open(session.begin), session.host, session.begin, at)
        session.incident = joined.incident
        return joined

    def without_session(self, host: str, at: int, rule: str) -> Joined:
        """A rule hit that no alert made: something failed to come. `host` may be "" for the whole site."""
        found = self._fitting(host, at, anywhere=True)
        joined = Joined(found.number if found else self.number + 1, found is None, rule)
        self._add(found or self._open(at), host, at, at)
        return joined

    def _fitting(self, host: str, at: int, *, anywhere: bool) -> Incident | None:
        best: Incident | None = None
        over = [number for number, one in self.active.items() if at - one.until > max(self._join, self._near)]
        for number in over:
            del self.active[number]
        for one in self.active.values():
            fits = (host in one.hosts and at - one.until <= self._join) or (anywhere and at - one.until <= self._near)
            if fits and (best is None or (one.until, one.number) > (best.until, best.number)):
                best = one
        return best

    def _open(self, begin: int) -> Incident:
        self.number += 1
        if len(self.active) >= self._most_active:
            oldest = min(self.active.values(), key=lambda one: (one.until, one.number))
            del self.active[oldest.number]
            self.evicted += 1
        incident = self.active[self.number] = Incident(self.number, begin, begin, [])
        return incident

    def _add(self, incident: Incident, host: str, begin: int, at: int) -> None:
        incident.begin, incident.until = min(incident.begin, begin), max(incident.until, at)
        incident.parts += 1
        if host and host not in incident.hosts and len(incident.hosts) < self._most_hosts:
            incident.hosts.append(host)

    def dump(self) -> list[Any]:
        """The state, for `load`."""
        return [self.number, self.evicted, list(self.active.values())]

    def load(self, number: int, evicted: int, active: list[Incident]) -> None:
        """Replace the state."""
        self.number, self.evicted = number, evicted
        self.active = {one.number: one for one in active}
