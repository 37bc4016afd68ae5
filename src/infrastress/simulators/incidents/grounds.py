"""What a site offers an event: what can be manipulated, by which door one gets there, what the process shows of it.

One class for each simulator of a process; they know its options, and nothing of its code.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import hypot
from typing import Any, ClassVar, NamedTuple

from infrastress.core.errors import SimulationError
from infrastress.core.time import HOUR
from infrastress.events.kinds import Category
from infrastress.simulators.base import Realisation
from infrastress.simulators.incidents.plan import Cast
from infrastress.simulators.incidents.ranges import RANGES
from infrastress.site import Site
from infrastress.site.assets import Controller, Door, Fence, GasDetector, Host, SafetyDevice

__all__ = ["Ground", "Target", "ground_of"]

_PETROL_FLASH_C = 55.0
"""Liquids that flash below this are the ones whose vapour matters."""


class Target(NamedTuple):
    """An asset to manipulate, the zone by which one gets at it, and its controller."""

    asset: str
    zone: str
    controller: str


class Ground(ABC):
    """A site as a place for events."""

    tracked: ClassVar[bool]
    category: ClassVar[Category]
    topic: ClassVar[str]
    innocent_topic: ClassVar[str]

    def __init__(self, site: Site) -> None:
        self.site = site
        doors = [one for one in site.assets if isinstance(one, Door)]
        self.doors = {one.leads_to: one for one in doors}
        self.restricted = {one.id for one in site.zones if one.access == "restricted"}
        self.fences = [one for one in site.assets if isinstance(one, Fence)]

    @abstractmethod
    def targets(self) -> list[Target]:
        """What can be manipulated."""

    @abstractmethod
    def rooms(self, target: Target) -> list[str]:
        """Where an insider finds a computer that reaches the target's controller."""

    @abstractmethod
    def manipulate(self, cast: Cast, target: Target, twin: str, at_h: float, *, quiet: bool) -> None:
        """The process part: an attack, its fault twin, or honest work, from a moment on."""

    @abstractmethod
    def accident(self, cast: Cast, at_h: float, away: str) -> str:
        """Something of the plant breaks by itself, away from a zone; the zone in which that is mended, if it is one."""

    def storm(self, cast: Cast, at_h: float) -> None:
        """What a storm does to the process."""
        del self, cast, at_h

    def gate(self, zone: str) -> str:
        """The fenced place that a zone lies in: where the way from the street begins."""
        seen: set[str] = set()
        while zone in self.doors and self.doors[zone].zone != zone and zone not in seen:
            seen.add(zone)
            zone = self.doors[zone].zone or zone
        return zone

    def apart(self, zone: str) -> tuple[list[str], list[str]]:
        """Other zones with doors, near by and far from a zone; the entrance that leads to it is neither.

        Where nobody knows how far doors lie apart, near is a place that has controllers too: the process joins them.
        """
        here, gate = self.doors[zone].position, self.gate(zone)
        manned = {one.zone for one in self.site.assets if isinstance(one, Host) and one.role == "hmi"}
        others = [one for one in self.doors if one not in (zone, gate) and one not in manned and self._behind(one)]
        if here is not None and all(self.doors[one].position for one in others):

            def reach(one: str) -> float:
                x, y = self.doors[one].position or here
                return hypot(x - here[0], y - here[1])

            others.sort(key=reach)
            return others[:2], others[-3:]
        driven = {self.gate(one.zone) for one in self.site.assets if isinstance(one, Controller) and one.zone}
        others = [one for one in others if self.gate(one) != gate]
        return [z for z in others if self.gate(z) in driven], [z for z in others if self.gate(z) not in driven]

    def _behind(self, zone: str) -> bool:
        return self.doors[zone].zone != zone or zone in self.restricted

    def fence(self, cast: Cast, zone: str) -> str:
        """The fence section nearest to a zone's door, as far as anybody knows where that is."""
        door = self.doors[zone].position
        near = [one for one in self.fences if one.zone == self.gate(zone)] or self.fences
        if door is None:
            return str(cast.pick("fence", near).id)
        return min(near, key=lambda one: hypot(one.line[0][0] - door[0], one.line[0][1] - door[1])).id

    def fire(self, zone: str) -> list[str]:
        """Fire detectors of a zone."""
        fire = [one for one in self.site.assets if isinstance(one, SafetyDevice) and one.zone == zone]
        return [one.id for one in fire if one.type not in ("fire_panel", "call_point")]

    def heads(self, zone: str) -> list[str]:
        """Gas heads of a zone."""
        return [one.id for one in self.site.assets if isinstance(one, GasDetector) and one.zone == zone]


class DepotGround(Ground):
    """A depot: a receipt into a petrol tank is running, and its gauge begins to lie."""

    tracked, category, topic, innocent_topic = True, "smell", "release", "mud"

    def targets(self) -> list[Target]:
        light = {
            s.id for s in self.site.substances if s.flash_point_c is not None and s.flash_point_c < _PETROL_FLASH_C
        }
        tanks = [one for one in self.site.assets if one.type == "tank" and getattr(one, "substance", None) in light]
        return [Target(one.id, one.zone, one.controller) for one in tanks if one.zone and one.controller]

    def rooms(self, target: Target) -> list[str]:
        found = self.site.asset_by_id.get(target.controller)
        return [found.zone] if found is not None and found.zone in self.doors else [target.zone]

    def manipulate(self, cast: Cast, target: Target, twin: str, at_h: float, *, quiet: bool) -> None:
        r = RANGES
        attack = {"attack": "overfill", "fault": "stuck_gauge"}.get(twin)
        if attack is None:
            attack = str(cast.pick("benign-process", ("transfer_stopped", "high_fill")))
        options: dict[str, Any] = {
            "attack": attack, "tank": target.asset, "receipt_m3h": cast.draw("receipt", r.receipt_m3h),
            "begins_h": at_h - cast.draw("receipt-before", r.receipt_before_h),
            "start_level_m": cast.draw("start-level", r.start_level_m), "freezes_h": at_h, "event": cast.event,
            "badge": False, "login": False, "gas": False, "reports": False,
        }  # fmt: skip
        if twin == "attack":
            # Bypassed: the safety system says so. Quiet: jumpered, and nothing says so
            options |= {"gauge": cast.pick("gauge", ("freeze", "spoof_normal")), "switch": "bypassed"}
            if quiet:
                options |= {"gauge": "spoof_normal", "switch": "disabled"}
        cast.plan.process |= options

        def spilled(played: Sequence[Realisation]) -> list[dict[str, Any]]:
            return self._spilled(cast, target, played)

        cast.plan.aftermath = spilled

    def _spilled(self, cast: Cast, target: Target, played: Sequence[Realisation]) -> list[dict[str, Any]]:
        """Gas at the heads and neighbours who smell it, where the tank ran over."""
        facts = next((one.facts for one in played if one.facts.get("overflow_at") is not None), None)
        if facts is None:
            return []
        r, start = RANGES, cast.plan.start
        low, end = ((facts[name] - start) / HOUR for name in ("gas_low_at", "shutdown_at"))
        event = {"event": cast.event, "malicious": cast.plan.process["attack"] == "overfill"}
        cloud = {
            "what": "gas", "at_h": low, "device": target.asset, "zone": target.zone, **event,
            "count": cast.count("cloud-heads", r.cloud_heads), "lasts_s": (end - low) * 3600.0 + 1800.0,
        }  # fmt: skip
        smell = {
            "what": "voices", "at_h": low + cast.draw("smell-after", r.smell_after_s) / 3600.0, "topic": "release",
            "category": "smell", "count": cast.count("smell", r.some), "device": target.asset, **event,
            "lasts_s": cast.draw("smell-lasts", r.smell_lasts_s),
        }  # fmt: skip
        return [cloud, smell]

    def accident(self, cast: Cast, at_h: float, away: str) -> str:
        """A flange leaks where there are heads and the target isn't: vapour, and people who smell it."""
        zones = sorted({one.zone for one in self.site.assets if isinstance(one, GasDetector) and one.zone} - {away})
        lasts = cast.draw("leak-lasts", RANGES.many_lasts_s)
        zone = str(cast.pick("leak", zones)) if zones else ""
        if zone:
            cast.deed("gas", at_h, zone=zone, count=cast.count("leak-heads", (1.0, 3.0)), lasts_s=lasts + 1200.0)
        return zone

    def storm(self, cast: Cast, at_h: float) -> None:
        cast.plan.process |= {"ordinary": "gap", "ordinary_begins_h": at_h, "event": cast.event}
        zones = sorted({one.zone for one in self.site.assets if isinstance(one, GasDetector) and one.zone})
        cast.deed("head_fault", at_h + 0.1, zone=cast.pick("wet", zones), count=2, lasts_s=7200.0)


class WaterGround(Ground):
    """A water utility: what a pumping station's controller reads, or what it drives, is not as it should be."""

    tracked, category, topic, innocent_topic = False, "tap_water", "dry", "brown"

    def targets(self) -> list[Target]:
        found = []
        for one in self.site.assets:
            if isinstance(one, Controller) and one.zone in self.doors:
                driven = [a.id for a in self.site.assets if a.controller == one.id and a.type == "pump"]
                found += [Target(name, one.zone or "", one.id) for name in driven]
        return found

    def rooms(self, target: Target) -> list[str]:
        inner = [z for z in ("server-room",) if z in self.doors]
        return [target.zone, *inner]

    def manipulate(self, cast: Cast, target: Target, twin: str, at_h: float, *, quiet: bool) -> None:
        level = self._read_by(target)
        kinds = ("constant", "offset", "thresholds", "actuator") if level else ("actuator",)
        story = str(cast.pick("story", kinds if not quiet else kinds[:3]))
        options: dict[str, Any] = {
            "story": story, "twin": twin, "begins_h": at_h, "lasts_h": cast.draw("manipulated", RANGES.manipulated_h),
            "target": target.asset if story == "actuator" else level, "traces": False, "compare": False,
            "event": cast.event,
        }  # fmt: skip
        if quiet and twin == "attack":
            options["concealment"] = "constant"
        cast.plan.process |= options

    def _read_by(self, target: Target) -> str | None:
        """The tank whose level switches the target, where one does."""
        signals, drives = self.site.signal_by_id, {s.id for s in self.site.signals if s.asset == target.asset}
        for rule in self.site.control_rules:
            when = getattr(rule.when, "signal", None)
            if rule.actuator in drives and when in signals:
                return signals[when].asset
        return None

    def accident(self, cast: Cast, at_h: float, away: str) -> str:
        """A main breaks."""
        del away
        lasts = cast.draw("burst-lasts", RANGES.repair_h)
        cast.plan.process |= {
            "fault": "burst", "fault_begins_h": at_h, "fault_lasts_h": lasts, "fault_event": cast.event,
            "compare": False,
        }  # fmt: skip
        return ""

    def storm(self, cast: Cast, at_h: float) -> None:
        cast.plan.process |= {
            "fault": "power_loss", "fault_begins_h": at_h + 0.2, "fault_event": cast.event, "compare": False,
            "fault_lasts_h": cast.draw("power-off", RANGES.power_off_h),
        }  # fmt: skip


_GROUNDS = {"depot": DepotGround, "water": WaterGround}


def ground_of(site: Site, simulators: Sequence[str]) -> Ground:
    """The ground of a site whose process one of these simulators plays.

    Raises:
        SimulationError: none of them plays a process, or the site offers nothing to manipulate.
    """
    found = next((_GROUNDS[name](site) for name in simulators if name in _GROUNDS), None)
    if found is None or not found.targets():
        raise SimulationError(
            "nothing of the site can be manipulated", where=site.id, remedy=f"one part plays {' or '.join(_GROUNDS)}"
        )
    return found
