"""Gas heads: above their alarms, in fault, inhibited, and what weighs more because of it."""

from collections.abc import Mapping

from infrastress.detectors.observations.episodes import Episodes
from infrastress.detectors.observations.notices import Notice
from infrastress.detectors.perimeter.base import Condition, Plant
from infrastress.events import Event, GasReading
from infrastress.events.kinds import Severity, Suspicion
from infrastress.site.assets import GasDetector

__all__ = ["GasRules"]

_ENTITLED = frozenset({"maintenance", "engineer"})
_OUT = frozenset({"inhibited", "test"})


class GasRules:
    """Judges readings of gas heads."""

    def __init__(self, plant: Plant, open_: Episodes) -> None:
        self.plant, self._open = plant, open_
        self._staffed = any(one.role in _ENTITLED and one.shifts for one in plant.site.people)
        self._beside: dict[str, list[str]] = {}
        heads = [asset for asset in plant.site.assets if isinstance(asset, GasDetector)]
        for head in heads:
            groups = [set(group.members) for group in plant.site.voting if head.id in group.members]
            together = {one.id for one in heads if head.zone and one.zone == head.zone}
            self._beside[head.id] = sorted(together.union(*groups) - {head.id})

    def limits(self, head: str) -> tuple[float, float]:
        """Its low and high alarm, as fractions of the lower explosive limit."""
        asset = self.plant.site.asset_by_id.get(head)
        return (asset.low_alarm_lel, asset.high_alarm_lel) if isinstance(asset, GasDetector) else (0.1, 0.4)

    def condition(self, body: GasReading) -> Condition:
        """How the head stands, for a vote."""
        if body.condition != "measuring":
            return body.condition
        low, high = self.limits(body.detector)
        if body.level_lel >= high:
            return "high"
        return "alarm" if body.level_lel >= low or body.alarmed else "healthy"

    def judge(self, event: Event, body: GasReading, standing: Mapping[str, Condition]) -> list[Notice]:
        """Notices of one reading; `standing` is how the other devices stand."""
        if body.condition != "measuring":
            return self._out(event, body)
        found = []
        for rule in ("gas.inhibited", "gas.fault"):
            if (rule, body.detector[:80]) in self._open:
                back = f"measures again since {self.plant.roster.clock(event.occurred)}"
                found.append(self._notice(event, body, rule, severity="low", sentence=back, over=True))
        return found + self._levels(event, body, standing)

    def _levels(self, event: Event, body: GasReading, standing: Mapping[str, Condition]) -> list[Notice]:
        """Both alarms end when the head is back below four fifths of them."""
        found = []
        low, high = self.limits(body.detector)
        deaf = [name for name in self._beside.get(body.detector, ()) if standing.get(name) in _OUT]
        for rule, limit, confidence in (("gas.low_alarm", low, 0.6), ("gas.high_alarm", high, 0.9)):
            above = body.level_lel >= limit or (body.alarmed and rule == "gas.low_alarm")
            below = body.level_lel < 0.8 * limit and not body.alarmed
            if not above and not (below and (rule, body.detector[:80]) in self._open):
                continue
            severity: Severity = "critical" if rule == "gas.high_alarm" else "high" if deaf else "medium"
            sentence = (
                f"{body.detector} reads {body.level_lel * 100:.0f} % of the lower explosive limit, alarm at "
                f"{limit * 100:.0f} %" + (f"; {', '.join(deaf)} beside it inhibited" if deaf else "")
            )
            score = max(1.0, body.level_lel / limit)
            found.append(
                self._notice(
                    event,
                    body,
                    rule,
                    severity=severity,
                    sentence=sentence,
                    confidence=confidence,
                    score=score,
                    over=below,
                )
            )
        return found

    def _out(self, event: Event, body: GasReading) -> list[Notice]:
        when = self.plant.roster.clock(event.occurred)
        if body.condition == "fault":
            sentence = f"{body.detector} reports a fault at {when}: it says nothing of the air"
            return [
                self._notice(
                    event,
                    body,
                    "gas.fault",
                    severity="low",
                    sentence=sentence,
                    confidence=0.8,
                    suspicion="sensor_fault",
                )
            ]
        working = self.plant.roster.on_duty(_ENTITLED, event.occurred)
        nobody = self._staffed and not working
        zone = self.plant.zone(body.detector, event.zone)
        severity = self.plant.ground.weighed("low", zone) if nobody else "low"
        sentence = f"{body.detector} is {_words(body.condition)} since {when}, " + (
            "while nobody is on duty whose work that is" if nobody else "in working hours: a test or repair?"
        )
        return [
            self._notice(
                event,
                body,
                "gas.inhibited",
                severity=severity,
                sentence=sentence,
                confidence=0.4,
                suspicion="actuator_manipulated",
            )
        ]

    def _notice(
        self,
        event: Event,
        body: GasReading,
        rule: str,
        *,
        severity: Severity,
        sentence: str,
        confidence: float = 0.5,
        suspicion: Suspicion = "process_fault",
        score: float = 1.0,
        over: bool = False,
    ) -> Notice:
        inhibited = rule == "gas.inhibited"
        hours = self.plant.options.bypass_s / 3600
        return Notice(
            rule=rule,
            subject=body.detector[:80],
            severity=severity,
            sentence=sentence,
            source_kind="access",
            suspicion=suspicion,
            confidence=confidence,
            assets=(body.detector,),
            zone=self.plant.zone(body.detector, event.zone),
            evidence=(event.id,),
            techniques=("T0878",) if inhibited else (),
            score=score,
            lasting=True,
            over=over,
            overdue_s=self.plant.options.bypass_s if inhibited else None,
            forgotten=f"{body.detector} has been inhibited for more than {hours:g} h: forgotten after work?",
        )


def _words(condition: str) -> str:
    return "under test" if condition == "test" else condition
