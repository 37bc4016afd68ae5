"""Sessions: alerts that go on without a silence; what is unusual on a host is kept apart from its everyday ones.

Unusual alerts of a host are one stream, whichever sensor raised them: one act of an intruder shows in web log,
audit log and network at once. Usual ones are grouped by host and sensor family.

A session's patience shrinks as it grows, to patience / n after n alerts: a scanner that raised thousands is over after
seconds of silence, and what comes ten seconds later is another act; two commands by hand are half a minute apart. It
grows with the pace of the host: where unusual alerts are minutes apart in quiet times, minutes are no silence.
"""

from collections import OrderedDict

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.time import SECOND
from infrastress.detectors.alerts.novelty import Novelty
from infrastress.detectors.alerts.records import RawAlert
from infrastress.events.kinds import SEVERITIES, Severity

__all__ = ["Session", "SessionOptions", "SessionState", "Sessions"]

_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_MOST_SIGNATURES = 64
_FIRST_IDS, _LAST_IDS, _MOST_TECHNIQUES = 8, 8, 16


class SessionOptions(BaseModel):
    """When a session is over; seconds of silence.

    Attributes:
        gap_s: patience with a single unusual alert.
        gap_least_s: patience with a session of unusual alerts, however many they are.
        pace: the first patience is at least so many times the host's median time between unusual alerts.
        gap_most_s: the longest that `pace` may make it.
        usual_gap_s: patience with usual alerts of one host and sensor family.
        most_open: sessions kept open; beyond, the one that is silent for longest is closed and counted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gap_s: float = Field(default=120.0, gt=0)
    gap_least_s: float = Field(default=5.0, gt=0)
    pace: float = Field(default=10.0, ge=0)
    gap_most_s: float = Field(default=3600.0, gt=0)
    usual_gap_s: float = Field(default=60.0, gt=0)
    most_open: int = Field(default=50_000, ge=1)


class Session(msgspec.Struct, kw_only=True):
    """Alerts of one host that belong together; times in ns.

    Attributes:
        number: counts up; names it.
        host: whom it is about.
        family: sensor family of a session of usual alerts, "" of unusual ones.
        unusual: whether its alerts are unusual on this host.
        begin: of its first alert.
        until: of its last.
        count: of its alerts.
        surprise: sum over its signatures, thousandths of a bit; it is worked out from the first 64.
        severity: the highest.
        signatures: how often each of the first 64 came.
        incident: the incident it is part of, 0 for none.
        told: whether it tells by itself: it was surprising enough, or a rule named it.
        surprised: whether it was surprising enough.
        ids: of its first alerts, and of its last.
        techniques: that its alerts name, the first of them.
    """

    number: int
    host: str
    family: str
    unusual: bool
    begin: int
    until: int
    count: int = 0
    surprise: int = 0
    severity: Severity = "info"
    signatures: dict[str, int] = {}
    incident: int = 0
    told: bool = False
    surprised: bool = False
    ids: list[str] = []
    techniques: list[str] = []

    @property
    def key(self) -> tuple[str, str]:
        """What its alerts have in common."""
        return self.host, self.family if not self.unusual else "\x00"

    def __str__(self) -> str:
        kinds = sorted(self.signatures.items(), key=lambda one: (-one[1], one[0]))
        named = ", ".join(f"{name} {count:,} times" if count > 1 else name for name, count in kinds[:3])
        more = f" and {len(kinds) - 3} more signatures" if len(kinds) > 3 else ""
        what = "unusual there" if self.unusual else "usual there"
        return f"{self.host}: {self.count:,} alert{'s' * (self.count != 1)} {what}: {named}{more}"


SessionState = tuple[int, int, list[Session]]


class Sessions:
    """Puts alerts into sessions; takes them in order of time, late ones by themselves."""

    def __init__(self, options: SessionOptions, novelty: Novelty) -> None:
        self._novelty = novelty
        self._gap, self._least = int(options.gap_s * SECOND), int(options.gap_least_s * SECOND)
        self._usual_gap, self._most = int(options.usual_gap_s * SECOND), options.most_open
        self._cap, self._pace = int(options.gap_most_s * SECOND), options.pace
        self._longest = max(self._gap, self._usual_gap, self._cap, self._least)
        self._first: dict[str, int] = {}
        self.open: OrderedDict[tuple[str, str], Session] = OrderedDict()
        """By key; the one that is silent for longest comes first."""
        self.number = 0
        self.evicted = 0

    def take(self, alert: RawAlert, surprise: int) -> Session:
        """The session an alert belongs to, which holds it now.

        Args:
            alert: not earlier than those before it.
            surprise: of its pair; 0 where it is usual.
        """
        key = (alert.host, "\x00") if surprise else (alert.host, alert.family)
        session = self.open.get(key)
        if session is None or alert.time - session.until > self.patience(session):
            session = self.open[key] = self._begin(alert, unusual=surprise > 0)
        self.open.move_to_end(key)
        session.until = alert.time
        _add(session, alert, surprise)
        self._bound(alert.time)
        return session

    def take_late(self, alert: RawAlert, surprise: int) -> Session:
        """The session of an alert that came after later ones were judged: the open one of its key, or one of its own.

        It never joins two sessions, and one of its own is closed at once.
        """
        session = self.open.get((alert.host, "\x00") if surprise else (alert.host, alert.family))
        patience = 0 if session is None else self.patience(session)
        if session is None or not session.begin - patience <= alert.time <= session.until + patience:
            session = self._begin(alert, unusual=surprise > 0)
        session.begin, session.until = min(session.begin, alert.time), max(session.until, alert.time)
        _add(session, alert, surprise)
        return session

    def patience(self, session: Session) -> int:
        """The silence after which a session is over, ns."""
        if not session.unusual:
            return self._usual_gap
        first = self._first.get(session.host)
        if first is None:
            paced = min(self._cap, int(self._pace * self._novelty.paces.get(session.host, 0)))
            first = max(self._gap, paced)
            if session.host in self._novelty.paces:  # as many as were learned, so bounded
                self._first[session.host] = first
        return max(self._least, first // session.count)

    def _begin(self, alert: RawAlert, *, unusual: bool) -> Session:
        self.number += 1
        family = "" if unusual else alert.family
        return Session(
            number=self.number, host=alert.host, family=family, unusual=unusual, begin=alert.time, until=alert.time,
            signatures={}, ids=[], techniques=[],
        )  # fmt: skip

    def _bound(self, now: int) -> None:
        while self.open:
            key = next(iter(self.open))
            over = now - self.open[key].until > self._longest
            if not over and len(self.open) <= self._most:
                return
            self.evicted += not over
            del self.open[key]

    def dump(self) -> SessionState:
        """The state, for `load`."""
        return self.number, self.evicted, list(self.open.values())

    def load(self, state: SessionState) -> None:
        """Replace the state."""
        self.number, self.evicted, sessions = state
        self.open = OrderedDict((session.key, session) for session in sessions)


def _add(session: Session, alert: RawAlert, surprise: int) -> None:
    session.count += 1
    if alert.id:
        session.ids.append(alert.id)
        if len(session.ids) > _FIRST_IDS + _LAST_IDS:
            del session.ids[_FIRST_IDS]
    if alert.techniques:
        new = [one for one in alert.techniques if one not in session.techniques]
        session.techniques += new[: _MOST_TECHNIQUES - len(session.techniques)]
    if _RANK[alert.severity] > _RANK[session.severity]:
        session.severity = alert.severity
    known = session.signatures.get(alert.signature)
    if known is not None:
        session.signatures[alert.signature] = known + 1
    elif len(session.signatures) < _MOST_SIGNATURES:
        session.signatures[alert.signature] = 1
        session.surprise += surprise
