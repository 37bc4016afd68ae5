"""Login rules: a known account, from where it may, to where it may, in its shift."""

from typing import Any, ClassVar

import msgspec

from infrastress.core.time import SECOND
from infrastress.detectors.access.badges import BadgeRules
from infrastress.detectors.access.base import Scene
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.memory import Entry, Memory
from infrastress.detectors.observations.notices import Notice, raised_by
from infrastress.events import Event, LoginAttempt, SessionState
from infrastress.events.kinds import Severity
from infrastress.site import Site
from infrastress.site.assets import Controller, Host

__all__ = ["LoginRules", "critical"]


def critical(site: Site, host: str) -> bool:
    """Controllers, engineering stations and safety systems: who is on them can change the process."""
    asset = site.asset_by_id.get(host)
    return isinstance(asset, Controller) or (isinstance(asset, Host) and asset.role == "engineering")


class LoginRules(Rules):
    """Judges logins on hosts and controllers; a session that was opened is a login that succeeded."""

    name: ClassVar[str] = "logins"
    kinds: ClassVar[tuple[type, ...]] = (LoginAttempt, SessionState)

    def __init__(self, scene: Scene, badges: BadgeRules) -> None:
        self._badges, self._grave = badges, scene.ground.grave
        self.site, self.roster, self.options = scene.site, scene.roster, scene.options
        self.memory = Memory()

    def judge(self, event: Event, body: LoginAttempt | SessionState) -> list[Notice]:
        """Notices of one login attempt, or of a session."""
        if isinstance(body, LoginAttempt):
            return self._succeeded(event, body) if body.success else self._burst(event, body)
        return self._succeeded(event, body) if body.state == "opened" else []

    def _succeeded(self, event: Event, body: LoginAttempt | SessionState) -> list[Notice]:
        person = self.roster.by_account.get(body.account)
        when = self.roster.clock(event.occurred)
        way = f"remotely from {body.origin}" if body.remote else f"from {body.origin}"
        grave = critical(self.site, body.host)

        def notice(rule: str, severity: Severity, confidence: float, sentence: str, *techniques: str) -> Notice:
            return Notice(
                rule=rule,
                subject=f"{body.account[:80]}@{body.host[:80]}",
                severity=severity,
                sentence=sentence,
                source_kind="network",
                suspicion="intrusion",
                confidence=confidence,
                assets=(body.host,),
                evidence=(event.id,),
                techniques=techniques,
            )

        if person is None:
            return [
                notice(
                    "login.unknown_account",
                    "high",
                    0.6,
                    f"account {body.account}, nobody's of this site, logged in to {body.host} {way} at {when}",
                    *(("T0822", "T0859") if body.remote else ("T0859",)),
                )
            ]
        found = []
        on_shift = self.roster.on_shift(person, event.occurred, self.options.shift_slack_s, self.options.shift_slack_s)
        if body.remote and not person.remote:
            found.append(
                notice(
                    "login.remote_not_allowed",
                    "high",
                    0.7,
                    f"{body.account} of {person.id} ({person.role}), who has no remote access, logged in to "
                    f"{body.host} {way} at {when}",
                    "T0822",
                    "T0859",
                )
            )
        if body.host not in person.hosts and person.hosts:
            found.append(
                notice(
                    "login.host_not_allowed",
                    "high" if grave else "medium",
                    0.5,
                    f"{body.account} of {person.id} ({person.role}) logged in to {body.host} {way} at {when}; this "
                    f"person works on {', '.join(person.hosts)}",
                    "T0859",
                    "T0843" if grave else "T0866",
                )
            )
        if not on_shift:
            # Remote rights are given for the evening: help from home, and its further hops. The door is another matter.
            helping = body.remote and person.remote
            severity: Severity = "low" if helping else "high" if body.remote else "medium" if grave else "low"
            entered = self._badges.outside(person.id, event.occurred) if self._inside(body) else []
            note = ": help from home?" if helping else ""
            if entered:  # two low signs of one person within the hour are one that calls; at a desk in an office none
                severity = raised_by(severity, 1)
                note = f", having come in at {self.roster.clock(entered[-1][0])}; {person.role}: not called out"
            found.append(
                notice(
                    "login.outside_shift",
                    severity,
                    0.3 if severity == "low" else 0.6,
                    f"{body.account} of {person.id} ({person.role}) logged in to {body.host} {way} at {when}, outside "
                    f"of shift {' or '.join(person.shifts)}" + note,
                    *(("T0822", "T0859") if body.remote else ("T0859",)),
                )
            )
        return found

    def _inside(self, body: LoginAttempt | SessionState) -> bool:
        """Whether somebody sits in a restricted or explosive zone: at the host that it came from, else at the host."""
        if body.remote:
            return False
        assets = self.site.asset_by_id
        asset = assets.get(body.origin) or assets.get(body.host)
        return asset is not None and self._grave(asset.zone or "")

    def _burst(self, event: Event, body: LoginAttempt) -> list[Notice]:
        window = round(self.options.burst_s * SECOND)
        best: list[tuple[int, str, str]] = []
        for key in (f"failed-host:{body.host[:80]}", f"failed-account:{body.account[:80]}"):
            seen = self.memory.add(key, (event.occurred, event.id, body.account), window)
            best = seen if len(seen) > len(best) else best
        if len(best) < self.options.burst_failures:
            return []
        accounts = len({item[2] for item in best})
        return [
            Notice(
                rule="login.failed_burst",
                subject=body.host[:80],
                severity="high" if critical(self.site, body.host) else "medium",
                sentence=f"{len(best)} failed logins at {body.host} within {self.options.burst_s / 60:.0f} min, by "
                f"{accounts} account{'s' if accounts > 1 else ''}, last from {body.origin} at "
                f"{self.roster.clock(event.occurred)}",
                source_kind="network",
                suspicion="intrusion",
                confidence=0.5,
                assets=(body.host,),
                evidence=tuple(item[1] for item in best),
                techniques=("T0859",),
                score=len(best) / self.options.burst_failures,
            )
        ]

    def forget(self, now: int) -> None:
        """Drop failures that count no more."""
        self.memory.forget(now - round(4 * SECOND * self.options.burst_s))

    def dump(self) -> Any:
        """Failed logins by host and account, the one heard of last at the end."""
        return list(self.memory.kept.items())

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        self.memory.kept = dict(msgspec.json.decode(data, type=list[tuple[str, list[Entry]]]))
