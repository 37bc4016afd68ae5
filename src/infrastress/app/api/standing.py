"""How assets and barriers stand: by their alarms, and by whether what tells of them is heard."""

from collections.abc import Iterable
from typing import Any

from infrastress.app.api.plant import Plant
from infrastress.app.api.projection import Entry
from infrastress.client import site as wire
from infrastress.events.health import Health, HealthState
from infrastress.events.kinds import Severity
from infrastress.fusion.evidence import rank_of
from infrastress.site.context import Barrier

__all__ = ["WORST", "Standing"]

WORST: tuple[HealthState, ...] = ("down", "stopped", "frozen", "delayed", "unknown", "live")
"""States of health, the worst first."""


class Standing:
    """How all assets stand at one moment.

    Args:
        plant: the site.
    """

    def __init__(self, plant: Plant) -> None:
        self.site = plant.setup.site
        self.fresh = plant.pulse().fresh
        self.open = plant.projection.open_by_asset()
        with plant.projection.lock:
            told = list(plant.projection.health.values())
        self._told: dict[str, list[Health]] = {}
        for health in told:
            self._told.setdefault(health.member, []).append(health)
        self._read_from: dict[str, list[str]] = {}
        for signal in self.site.signals:
            if signal.register_ is not None:
                self._read_from.setdefault(signal.register_.controller, []).append(signal.id)

    def worst(self, asset: str) -> Severity | None:
        """The worst severity of its open alarms."""
        return max((e.alarm.severity for e in self.open.get(asset, ())), key=rank_of, default=None)

    def health(self, asset: str) -> HealthState | None:
        """The worst of what tells of an asset: its signals, a device by its id, what is read from it; None: nothing."""
        found = self._states(asset)
        return next((state for state in WORST if state in found.values()), None)

    def barrier(self, barrier: Barrier) -> wire.BarrierState:
        """A barrier as it stands, with every reason why it isn't clear."""
        reasons: list[wire.Reason] = []
        for asset in barrier.assets:
            standing = [entry for entry in self.open.get(asset, ()) if not entry.alarm.cleared]
            reasons += [_alarm(asset, entry) for entry in sorted(standing, key=lambda e: -rank_of(e.alarm.severity))]
        alarmed = bool(reasons)
        if not self.fresh:
            reasons.append(wire.Reason(asset="", kind="watch", text="nobody watches: detection tells nothing"))
        for asset in barrier.assets if self.fresh else ():
            states = self._states(asset)
            if not states:
                reasons.append(wire.Reason(asset=asset, kind="untold", text=f"nothing measures {asset}"))
            reasons += [
                wire.Reason(asset=asset, kind="health", text=f"{name} is {state}")
                for name, state in states.items()
                if state != "live"
            ]
        return wire.BarrierState(
            id=barrier.id,
            name=barrier.name,
            side=barrier.side,
            prevents=list(barrier.prevents),
            assets=list(barrier.assets),
            pfd=barrier.pfd,
            state="alarmed" if alarmed else "unknown" if reasons or not barrier.assets else "clear",
            reasons=reasons,
            hazards=self.hazards(hazard.id for hazard in self.site.hazards if hazard.id in barrier.prevents),
        )

    def hazards(self, names: Iterable[str]) -> list[wire.HazardOf]:
        """Hazards with the barriers against them."""
        wanted = set(names)
        return [
            wire.HazardOf(
                id=hazard.id,
                asset=hazard.asset,
                event=hazard.event,
                severity=hazard.severity,
                substance=hazard.substance,
                barriers=[barrier.id for barrier in self.site.barriers if hazard.id in barrier.prevents],
            )
            for hazard in self.site.hazards
            if hazard.id in wanted
        ]

    def _states(self, asset: str) -> dict[str, HealthState]:
        """What tells of an asset, and how that stands."""
        found: dict[str, HealthState] = {}
        for signal in self.site.signals_of.get(asset, ()):
            own = [health for health in self._told.get(signal.id, ()) if health.source == signal.source]
            found[signal.id] = _state(own, fresh=self.fresh)
        if asset in self._told and asset not in found:
            found[asset] = _state(self._told[asset], fresh=self.fresh)
        if not found and (read := self._read_from.get(asset)):
            # A controller of which no link tells answers as long as one signal that is read from it is live.
            heard = {_state(self._told.get(signal, []), fresh=self.fresh) for signal in read}
            found[asset] = next((state for state in reversed(WORST) if state in heard), "unknown")
        return found


def _state(told: list[Any], *, fresh: bool) -> HealthState:
    states = {health.state for health in told}
    return next((state for state in WORST if state in states), "unknown") if fresh else "unknown"


def _alarm(asset: str, entry: Entry) -> wire.Reason:
    return wire.Reason(asset=asset, kind="alarm", text=entry.alarm.title, alarm=entry.alarm.alarm)
