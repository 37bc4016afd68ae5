"""Rules on what people report: danger, and strangers; several independent people weigh more."""

from infrastress.detectors.events.base import EventRuleOptions, Memory, Notice, raised_by
from infrastress.detectors.events.people import Roster
from infrastress.events import Event, Report
from infrastress.events.kinds import Severity
from infrastress.site import Site

__all__ = ["ReportRules"]

_DANGER: dict[str, Severity] = {"smell": "low", "smoke": "medium", "leak": "medium", "fire": "high"}
_STRANGE: dict[str, Severity] = {"person": "low", "vehicle": "info", "drone": "low", "cyber": "medium"}


class ReportRules:
    """Judges reports by staff and neighbours."""

    def __init__(self, site: Site, roster: Roster, options: EventRuleOptions) -> None:
        self.site, self.roster, self.options = site, roster, options

    def judge(self, event: Event, body: Report, memory: Memory) -> list[Notice]:
        """Notices of one report, weighed with those of others within the window."""
        for rule, weights in (("report.danger", _DANGER), ("report.suspicious", _STRANGE)):
            if body.category in weights:
                return [self._notice(rule, weights[body.category], event, body, memory)]
        return []

    def _notice(self, rule: str, base: Severity, event: Event, body: Report, memory: Memory) -> Notice:
        window = round(self.options.reports_s * 1e9)
        seen = memory.add(rule, (event.occurred, event.id, body.reporter), window)
        people = len({item[2] for item in seen})
        # A second independent voice lifts a step, a third another; a trained reporter counts as one voice more.
        severity = raised_by(base, min(2, people - 1 + int(body.trained)))
        alone = "one person" if people == 1 else f"{people} people independently within {self._minutes()} min"
        return Notice(
            rule=rule,
            subject=rule.split(".")[1],
            severity=severity,
            sentence=f"{alone} reported {body.category}, last at {self.roster.clock(event.occurred)}: "
            f'"{body.text[:120]}"',
            source_kind="reports",
            suspicion="process_fault" if rule == "report.danger" else "intrusion",
            confidence=min(0.9, 0.3 + 0.2 * (people - 1) + 0.2 * body.trained),
            assets=event.assets,
            zone=event.zone,
            evidence=tuple(item[1] for item in seen),
            score=float(people),
        )

    def _minutes(self) -> int:
        return round(self.options.reports_s / 60)
