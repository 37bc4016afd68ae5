"""Device rules: gas heads above their alarms, safety switches tripped, bypassed or disabled."""

from infrastress.detectors.events.base import EventRuleOptions, Notice
from infrastress.detectors.events.people import Roster
from infrastress.events import Event, GasReading, SwitchState
from infrastress.events.kinds import Severity
from infrastress.site import Site
from infrastress.site.assets import GasDetector, LevelSwitch

__all__ = ["DeviceRules"]

_OFF = ("bypass", "disabled", "inhibit", "forced", "override", "isolated")
_TRIPPED = ("trip", "alarm")
_BACK = ("normal", "enabled", "restored", "in service", "in_service", "reset", "cleared", "healthy")
_ENTITLED = frozenset({"maintenance", "engineer"})


class DeviceRules:
    """Judges gas readings and states of discrete devices."""

    def __init__(self, site: Site, roster: Roster, options: EventRuleOptions) -> None:
        self.site, self.roster, self.options = site, roster, options

    def gas(self, event: Event, body: GasReading) -> list[Notice]:
        """Notices of one reading; both alarms end when the head is back below four fifths of them."""
        asset = self.site.asset_by_id.get(body.detector)
        low, high = (asset.low_alarm_lel, asset.high_alarm_lel) if isinstance(asset, GasDetector) else (0.1, 0.4)
        zone = (asset.zone or "") if asset is not None else event.zone
        found = []
        for rule, limit, severity, confidence in (
            ("gas.low_alarm", low, "medium", 0.6),
            ("gas.high_alarm", high, "critical", 0.9),
        ):
            above = body.level_lel >= limit or (body.alarmed and rule == "gas.low_alarm")
            below = body.level_lel < 0.8 * limit and not body.alarmed
            if not above and not below:
                continue
            level: Severity = "medium" if severity == "medium" else "critical"
            found.append(
                Notice(
                    rule=rule,
                    subject=body.detector,
                    severity=level,
                    sentence=f"{body.detector} reads {body.level_lel * 100:.0f} % of the lower explosive limit, alarm "
                    f"at {limit * 100:.0f} %",
                    source_kind="access",
                    suspicion="process_fault",
                    confidence=confidence,
                    assets=(body.detector,),
                    zone=zone,
                    evidence=(event.id,),
                    score=max(1.0, body.level_lel / limit),
                    lasting=True,
                    over=below,
                )
            )
        return found

    def switch(self, event: Event, body: SwitchState, *, bypassed: bool) -> list[Notice]:
        """Notices of one change of state; `bypassed` says what is known of the device so far."""
        state = body.state.lower()
        asset = self.site.asset_by_id.get(body.device)
        zone = (asset.zone or "") if asset is not None else event.zone
        assets = (body.device, asset.tank) if isinstance(asset, LevelSwitch) else (body.device,)
        when = self.roster.clock(event.occurred)

        def notice(rule: str, severity: Severity, sentence: str, confidence: float, *, over: bool = False) -> Notice:
            return Notice(
                rule=rule,
                subject=body.device,
                severity=severity,
                sentence=sentence,
                source_kind="access",
                suspicion="actuator_manipulated" if rule == "switch.disabled" else "process_fault",
                confidence=confidence,
                assets=assets,
                zone=zone,
                evidence=(event.id,),
                techniques=("T0878", "T0880") if rule == "switch.disabled" else (),
                lasting=True,
                over=over,
            )

        if any(word in state for word in _OFF):
            person = self.roster.by_badge.get(body.by) or self.roster.by_account.get(body.by)
            entitled = (
                person is not None
                and person.role in _ENTITLED
                and self.roster.on_shift(person, event.occurred, 0.0, 0.0)
            )
            by = f"by {body.by}" if body.by else "by nobody named"
            if entitled:
                sentence = f"{body.device} was {body.state} {by} at {when}, in working hours: a test or repair?"
                return [notice("switch.disabled", "low", sentence, 0.2)]
            sentence = f"{body.device} was {body.state} {by} at {when}; nobody entitled was on duty to do that"
            return [notice("switch.disabled", "high", sentence, 0.6)]
        if any(word in state for word in _TRIPPED) and "clear" not in state:
            severity: Severity = "low" if bypassed else "high"
            note = " while bypassed: a test?" if bypassed else ""
            return [notice("switch.tripped", severity, f"{body.device} tripped at {when}{note}", 0.7)]
        if any(word in state for word in _BACK):
            back = f"{body.device} is {body.state} since {when}"
            return [notice(rule, "low", back, 0.5, over=True) for rule in ("switch.disabled", "switch.tripped")]
        return []
