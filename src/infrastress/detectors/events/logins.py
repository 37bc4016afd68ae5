"""Login rules: a known account, from where it may, to where it may, in its shift."""

from infrastress.detectors.events.base import EventRuleOptions, Memory, Notice
from infrastress.detectors.events.people import Roster
from infrastress.events import Event, LoginAttempt
from infrastress.events.kinds import Severity
from infrastress.site import Site
from infrastress.site.assets import Controller, Host

__all__ = ["LoginRules"]


class LoginRules:
    """Judges logins on hosts and controllers."""

    def __init__(self, site: Site, roster: Roster, options: EventRuleOptions) -> None:
        self.site, self.roster, self.options = site, roster, options

    def critical(self, host: str) -> bool:
        """Controllers, engineering stations and safety systems: who is on them can change the process."""
        asset = self.site.asset_by_id.get(host)
        return isinstance(asset, Controller) or (isinstance(asset, Host) and asset.role == "engineering")

    def judge(self, event: Event, body: LoginAttempt, memory: Memory) -> list[Notice]:
        """Notices of one login attempt."""
        if not body.success:
            return self._burst(event, body, memory)
        person = self.roster.by_account.get(body.account)
        when = self.roster.clock(event.occurred)
        way = f"remotely from {body.origin}" if body.remote else f"from {body.origin}"
        critical = self.critical(body.host)

        def notice(rule: str, severity: Severity, confidence: float, sentence: str, *techniques: str) -> Notice:
            return Notice(
                rule=rule,
                subject=f"{body.account}@{body.host}",
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
                    "high" if critical else "medium",
                    0.5,
                    f"{body.account} of {person.id} ({person.role}) logged in to {body.host} {way} at {when}; this "
                    f"person works on {', '.join(person.hosts)}",
                    "T0859",
                    "T0843" if critical else "T0866",
                )
            )
        if not on_shift:
            severity: Severity = "high" if body.remote else "medium" if critical else "low"
            found.append(
                notice(
                    "login.outside_shift",
                    severity,
                    0.6 if body.remote else 0.3,
                    f"{body.account} of {person.id} ({person.role}) logged in to {body.host} {way} at {when}, outside "
                    f"of shift {' or '.join(person.shifts)}",
                    *(("T0822", "T0859") if body.remote else ("T0859",)),
                )
            )
        return found

    def _burst(self, event: Event, body: LoginAttempt, memory: Memory) -> list[Notice]:
        window = round(self.options.burst_s * 1e9)
        best: list[tuple[int, str, str]] = []
        for key in (f"failed-host:{body.host}", f"failed-account:{body.account}"):
            seen = memory.add(key, (event.occurred, event.id, body.account), window)
            best = seen if len(seen) > len(best) else best
        if len(best) < self.options.burst_failures:
            return []
        accounts = len({item[2] for item in best})
        return [
            Notice(
                rule="login.failed_burst",
                subject=body.host,
                severity="high" if self.critical(body.host) else "medium",
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
