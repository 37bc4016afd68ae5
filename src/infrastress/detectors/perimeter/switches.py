"""Switches and other discrete devices: tripped, bypassed or disabled, in fault; what warns of fire."""

from collections.abc import Mapping

from infrastress.core.time import SECOND
from infrastress.detectors.observations.episodes import Episodes
from infrastress.detectors.observations.notices import Notice
from infrastress.detectors.perimeter.base import Condition, Plant, condition_of
from infrastress.events import Event, SwitchState
from infrastress.events.kinds import Severity, Suspicion
from infrastress.site.assets import LevelSwitch

__all__ = ["SwitchRules"]

_ENTITLED = frozenset({"maintenance", "engineer"})
_FIRE = {"flame_detector": "fire.detected", "smoke_detector": "fire.detected", "fire_panel": "fire.panel",
         "call_point": "fire.call_point"}  # fmt: skip
_ENDED = ("switch.disabled", "switch.tripped", "device.fault", "fire.detected", "fire.panel", "fire.call_point")


class SwitchRules:
    """Judges states of discrete devices, but for the alarms of fences."""

    def __init__(self, plant: Plant, open_: Episodes) -> None:
        self.plant, self._open = plant, open_
        self._types = {asset.id: asset.type for asset in plant.site.assets}
        self._voting = {member for group in plant.site.voting for member in group.members}
        self._panels = sorted(name for name, kind in self._types.items() if kind == "fire_panel")

    def judge(
        self,
        event: Event,
        body: SwitchState,
        standing: Mapping[str, Condition],
        told: Mapping[str, int],
        *,
        bypassed: bool,
    ) -> list[Notice]:
        """Notices of one change of state.

        `standing` and `told` are how devices stand and when each spoke last; `bypassed` what is known of this one.
        """
        condition = condition_of(body.state)
        when = self.plant.roster.clock(event.occurred)
        if condition == "inhibited":
            return [self._disabled(event, body, when)]
        if condition in ("fault", "tamper"):
            return [self._fault(event, body, when, condition)]
        if condition == "alarm":
            kind = self._types.get(body.device, "")
            if kind == "fence":
                return []
            return (
                [self._fire(event, body, when, standing, told)]
                if kind in _FIRE
                else [self._tripped(event, body, when, bypassed)]
            )
        if condition == "healthy":
            back = f"{body.device} is {body.state} since {when}"
            return [
                self._notice(event, body, rule, severity="low", sentence=back, confidence=0.5, over=True)
                for rule in _ENDED
                if (rule, body.device[:80]) in self._open
            ]
        return []

    def _disabled(self, event: Event, body: SwitchState, when: str) -> Notice:
        roster = self.plant.roster
        person = roster.named(body.by)
        roles = _ENTITLED | {"security"} if self._types.get(body.device) == "fence" else _ENTITLED
        entitled = person is not None and person.role in roles and roster.on_shift(person, event.occurred, 0.0, 0.0)
        by = f"by {body.by}" if body.by else "by nobody named"
        if entitled:
            sentence = f"{body.device} was {body.state} {by} at {when}, in working hours: a test or repair?"
            return self._notice(event, body, "switch.disabled", severity="low", sentence=sentence, confidence=0.2)
        sentence = f"{body.device} was {body.state} {by} at {when}; nobody entitled was on duty to do that"
        return self._notice(event, body, "switch.disabled", severity="high", sentence=sentence, confidence=0.6)

    def _tripped(self, event: Event, body: SwitchState, when: str, bypassed: bool) -> Notice:
        severity: Severity = "low" if bypassed else "high"
        note = " while bypassed: a test?" if bypassed else ""
        return self._notice(
            event,
            body,
            "switch.tripped",
            severity=severity,
            sentence=f"{body.device} tripped at {when}{note}",
            confidence=0.7,
        )

    def _fault(self, event: Event, body: SwitchState, when: str, condition: Condition) -> Notice:
        # A panel in fault is deaf for all that hangs on it; who opens a device means to do something to it.
        grave = condition == "tamper" or self._types.get(body.device) == "fire_panel"
        severity: Severity = "medium" if grave else "low"
        sentence = f"{body.device} reports {body.state} at {when}: until it is back it warns of nothing"
        return self._notice(event, body, "device.fault", severity=severity, sentence=sentence, confidence=0.6)

    def _fire(
        self, event: Event, body: SwitchState, when: str, standing: Mapping[str, Condition], told: Mapping[str, int]
    ) -> Notice:
        kind = self._types[body.device]
        testing = next((panel for panel in self._panels if standing.get(panel) == "test"), None)
        rule, note = _FIRE[kind], ""
        severity: Severity = "high"
        if testing is not None and testing != body.device:
            severity, note = "low", f", while {testing} is under test: a drill?"
        elif self._open.severity("switch.disabled", body.device[:80]) == "low":
            # Whoever tests detectors isolates each, sets it off and puts it back; isolated by others it is no test.
            severity, note = "low", ", isolated by somebody at work on it: a test?"
        elif kind == "fire_panel" and (cause := self._cause(standing, told, event.occurred)):
            severity, note = "low", f", as {cause} has just told it: one fire, one alarm"
        elif body.device in self._voting:
            # One flame detector sees welding, the sun and lightning; others beside it confirm.
            severity, note = "medium", "; its group has to confirm it"
        where = self.plant.ground.where(self.plant.zone(body.device, event.zone))
        words = {
            "fire.detected": "sees fire or smoke",
            "fire.panel": "tells a fire alarm",
            "fire.call_point": "was pressed",
        }
        sentence = f"{body.device} {words[rule]} in {where} at {when}{note}"
        return self._notice(
            event, body, rule, severity=severity, sentence=sentence, confidence=0.4 if severity == "low" else 0.7
        )

    def _cause(self, standing: Mapping[str, Condition], told: Mapping[str, int], now: int) -> str | None:
        """A detector or call point whose alarm a panel passes on."""
        return next(
            (
                name for name, kind in sorted(self._types.items())
                if kind in _FIRE and kind != "fire_panel" and standing.get(name) == "alarm"
                and now - told[name] <= round(self.plant.options.passed_on_s * SECOND)
                and any(self._open.severity(rule, name[:80]) in ("medium", "high") for rule in _FIRE.values())
            ),
            None,
        )  # fmt: skip

    def _notice(
        self,
        event: Event,
        body: SwitchState,
        rule: str,
        *,
        severity: Severity,
        sentence: str,
        confidence: float,
        over: bool = False,
    ) -> Notice:
        asset = self.plant.site.asset_by_id.get(body.device)
        disabled = rule == "switch.disabled"
        suspicion: Suspicion = "actuator_manipulated" if disabled else "process_fault"
        hours = self.plant.options.bypass_s / 3600
        return Notice(
            rule=rule,
            subject=body.device[:80],
            severity=severity,
            sentence=sentence if asset is not None else f"{sentence} (it is not in the site model)",
            source_kind="access",
            suspicion="sensor_fault" if rule == "device.fault" else suspicion,
            confidence=confidence,
            assets=(body.device, asset.tank) if isinstance(asset, LevelSwitch) else (body.device,),
            zone=self.plant.zone(body.device, event.zone),
            evidence=(event.id,),
            techniques=("T0878", "T0880") if disabled else (),
            lasting=True,
            over=over,
            overdue_s=self.plant.options.bypass_s if disabled else None,
            forgotten=f"{body.device} has been out of service for more than {hours:g} h: forgotten after work?",
        )
