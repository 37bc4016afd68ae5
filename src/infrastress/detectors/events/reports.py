"""Rules on what people report: danger, and strangers; several independent people weigh more."""

from typing import Any, ClassVar

import msgspec

from infrastress.core.time import SECOND
from infrastress.detectors.events.base import EventRuleOptions
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.memory import Entry, Memory
from infrastress.detectors.observations.notices import Notice, raised_by
from infrastress.detectors.observations.people import Roster
from infrastress.events import Event, Report
from infrastress.events.kinds import Severity

__all__ = ["ReportRules"]

_DANGER: dict[str, Severity] = {"smell": "low", "smoke": "medium", "leak": "medium", "fire": "high"}
_STRANGE: dict[str, Severity] = {"person": "low", "vehicle": "info", "drone": "low", "cyber": "medium"}


class ReportRules(Rules):
    """Judges reports by staff and neighbours."""

    name: ClassVar[str] = "reports"
    kinds: ClassVar[tuple[type, ...]] = (Report,)

    def __init__(self, roster: Roster, options: EventRuleOptions) -> None:
        self.roster, self.options = roster, options
        self.memory = Memory()

    def judge(self, event: Event, body: Report) -> list[Notice]:
        """Notices of one report, weighed with those of others within the window."""
        for rule, weights in (("report.danger", _DANGER), ("report.suspicious", _STRANGE)):
            if body.category in weights:
                return [self._notice(rule, weights[body.category], event, body)]
        return []

    def _notice(self, rule: str, base: Severity, event: Event, body: Report) -> Notice:
        window = round(self.options.reports_s * SECOND)
        seen = self.memory.add(rule, (event.occurred, event.id, body.reporter), window)
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

    def forget(self, now: int) -> None:
        """Drop reports that count no more."""
        self.memory.forget(now - round(4 * SECOND * self.options.reports_s))

    def dump(self) -> Any:
        """Recent reports by rule."""
        return list(self.memory.kept.items())

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        self.memory.kept = dict(msgspec.json.decode(data, type=list[tuple[str, list[Entry]]]))
