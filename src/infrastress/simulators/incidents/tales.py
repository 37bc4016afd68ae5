"""Seven tales, each as attack, fault and honest work where such a twin makes sense; and an unrelated event beside.

Twins of a seed share who, where and when; only what a twin changes differs.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from infrastress.core.errors import SimulationError
from infrastress.core.time import from_iso
from infrastress.simulators.base import Incident, Scenario
from infrastress.simulators.incidents.grounds import Ground, Target, ground_of
from infrastress.simulators.incidents.plan import BESIDE, MAIN, Cast, Plan
from infrastress.simulators.incidents.ranges import RANGES as R
from infrastress.simulators.randomness import Pair, Randomness
from infrastress.site import Site

__all__ = ["TALES", "plan_of"]


class _Stage(NamedTuple):
    """What a tale is told with."""

    cast: Cast
    ground: Ground
    target: Target
    twin: str

    def manipulate(self, *, quiet: bool = False) -> None:
        at = self.cast.when("change", R.change_s)
        self.ground.manipulate(self.cast, self.target, self.twin, at, quiet=quiet)

    def callout(self, zone: str | None = None, at: float | None = None) -> None:
        when = self.cast.when("callout", R.callout_s) if at is None else at
        lasts = self.cast.draw("work-lasts", R.work_lasts_s)
        self.cast.deed("callout", when, zone=zone or self.target.zone, lasts_s=lasts)

    def support(self, at: float) -> None:
        self.cast.deed("remote_support", at, lasts_s=self.cast.draw("support-lasts", R.support_lasts_s))

    def chatter(self, zone: str, at: float) -> None:
        self.cast.deed("chatter", at, zone=zone, count=self.cast.count("chatter", R.chatter))

    def write(self, stories: tuple[str, ...]) -> None:
        self.cast.says(
            self.cast.pick("write-story", stories), self.cast.when("write", R.write_s), self.target.controller
        )

    def voices(self, topic: str, category: str, at: float, count: Pair, lasts: Pair, **more: Any) -> None:
        self.cast.deed(
            "voices", at, topic=topic, category=category, count=self.cast.count("voices", count),
            lasts_s=self.cast.draw("voices-last", lasts), **more,
        )  # fmt: skip


def _combined(on: _Stage) -> None:
    """By the network and through a door at once, and the process goes wrong."""
    cast, zone = on.cast, on.target.zone
    foothold, look = cast.when("foothold", R.foothold_s), cast.when("look", R.look_s)
    if on.twin == "attack":
        cast.deed("foothold", foothold, lasts_s=cast.draw("foothold-lasts", R.foothold_lasts_s))
        cast.says(cast.pick("look-story", ("object-scan", "identity-request")), look, on.target.controller)
        way = cast.pick("way", ("forced_door", "fence_climb", "alarm_disabled"))
        fence = {"device": on.ground.fence(cast, zone)} if way == "fence_climb" else {}
        cast.deed(way, cast.at_h, zone=zone, lasts_s=cast.draw("inside", R.inside_s), **fence)
        on.write(("stranger-write", "brute-force-io"))
    elif on.twin == "fault":
        on.chatter(zone, cast.at_h)
        cast.says("poll-gap", cast.when("write", R.write_s), on.target.controller, accident=True)
        on.callout()
    else:
        on.support(foothold)
        on.callout(at=cast.at_h)
        cast.says("maintenance-laptop", cast.when("write", R.write_s), on.target.controller)
    on.manipulate()


def _insider(on: _Stage) -> None:
    """Somebody of the staff where nothing is to be done, and the process goes wrong."""
    cast = on.cast
    rooms = on.ground.rooms(on.target)
    if on.twin == "attack":
        room = cast.pick("room", rooms)
        lasts = cast.draw("inside", R.inside_s)
        cast.deed("insider", cast.at_h, zone=room, variant="out_of_role", lasts_s=lasts)
        on.write(("setpoint-out-of-range", "new-function"))
    else:
        cast.deed("overtime", cast.at_h, zone=rooms[-1], lasts_s=cast.draw("work-lasts", R.work_lasts_s))
        if on.twin == "benign":
            cast.says("backup-tool", cast.when("write", R.write_s), on.target.controller)
    on.manipulate()


def _phone_flood(on: _Stage) -> None:
    """Very many reports draw everybody's eyes to one place, while something happens at another."""
    cast, zone = on.cast, on.target.zone
    cover = cast.when("cover", R.cover_s)
    if on.twin == "attack":
        decoy = cast.pick("decoy", [one for one in on.ground.targets() if one.asset != on.target.asset] or [on.target])
        cast.deed(
            "fakes", cover, count=cast.count("flood", R.flood), lasts_s=cast.draw("flood-lasts", R.flood_lasts_s),
            category=on.ground.category, device=decoy.asset,
        )  # fmt: skip
        way = cast.pick("way", ("forced_door", "alarm_disabled"))
        cast.deed(way, cast.at_h, zone=zone, lasts_s=cast.draw("inside", R.inside_s))
        on.write(("stranger-write", "rogue-master"))
        on.manipulate()
    elif on.twin == "fault":
        broken = on.ground.accident(cast, cover, zone)
        on.voices(on.ground.topic, on.ground.category, cover + 0.1, R.flood, R.flood_lasts_s)
        if broken:
            on.callout(broken)
    else:
        cast.deed("drill", cover, count=2, lasts_s=cast.draw("flood-lasts", R.flood_lasts_s))
        on.voices("noise", "noise", cover + 0.05, R.flood, R.flood_lasts_s)


def _drone(on: _Stage) -> None:
    """Something flies over the target, and some time later somebody comes over the fence."""
    cast, zone = on.cast, on.target.zone
    seen = cast.when("track", R.track_s)
    flown = {"attack": "hostile_track", "fault": "ghost", "benign": "own_drone"}[on.twin]
    if on.ground.tracked:
        variant = {"variant": cast.pick("drone", ("drone", "drone_heard"))} if on.twin == "attack" else {}
        cast.deed(flown, seen, device=on.target.asset, lasts_s=600.0, **variant)
    else:  # nothing tracks it: people tell
        on.voices("drone", "drone", seen, R.few, (120.0, 900.0), malicious=on.twin == "attack")
    if on.twin == "attack":
        lasts = cast.draw("inside", R.inside_s)
        cast.deed("fence_climb", cast.at_h, zone=zone, device=on.ground.fence(cast, zone), lasts_s=lasts)
        on.write(("stranger-write", "object-scan"))
    elif on.twin == "fault":
        lasts = cast.draw("inside", R.inside_s)
        cast.deed("wind", cast.at_h, count=cast.count("shaken", (4.0, 8.0)), lasts_s=lasts)
        on.chatter(zone, cast.at_h + 0.15)
    else:
        on.callout()


def _foothold(on: _Stage) -> None:
    """Quietly in hours before, then the process is manipulated and the operator's view with it."""
    cast = on.cast
    early = cast.when("early", R.early_foothold_s)
    if on.twin == "attack":
        cast.deed("foothold", early, lasts_s=cast.draw("quiet-lasts", R.quiet_lasts_s))
        cast.says("identity-request", cast.when("early-look", R.early_look_s), on.target.controller)
        cast.says("program-download", cast.when("program", R.program_s), on.target.controller)
    else:
        on.support(early)
        if on.twin == "benign":
            cast.says("firmware-day", cast.when("early-look", R.early_look_s), on.target.controller)
        else:
            cast.says("nic-replaced", cast.when("early-look", R.early_look_s), on.target.controller)
    on.manipulate(quiet=True)


def _storm(on: _Stage) -> None:
    """Wind, water and no power: alarms of all kinds with nobody behind them. Honest twin: an exercise."""
    cast, at = on.cast, on.cast.at_h
    lasts = cast.draw("storm-lasts", R.storm_lasts_s)
    if on.twin == "fault":
        cast.deed("wind", at, count=cast.count("shaken", R.shaken), lasts_s=lasts)
        zones = sorted(set(on.ground.doors) & on.ground.restricted)
        for n in range(2):
            on.chatter(cast.pick(f"loose-{n}", zones), at + 0.2 + 0.3 * n)
        burning = [zone for zone in zones if on.ground.fire(zone)]
        cast.deed("smoke", at + 0.25, zone=cast.pick("damp", burning), count=2, lasts_s=300.0)
        on.ground.storm(cast, at + 0.3)
        cast.says("poll-gap", at + 0.3, on.target.controller, accident=True)
        on.voices("storm", "other", at + 0.2, R.some, (600.0, 5400.0))
    else:
        cast.deed("drill", at, count=4, lasts_s=min(lasts, 3600.0))
        cast.deed("smoke", at + 0.05, zone=on.target.zone if on.ground.fire(on.target.zone) else _burning(on), count=2)
        on.voices("noise", "noise", at + 0.05, R.some, (300.0, 1800.0))
        on.callout(at=at + 0.2)


def _burning(on: _Stage) -> str:
    return str(on.cast.pick("damp", sorted(zone for zone in on.ground.doors if on.ground.fire(zone))))


def _false_reports(on: _Stage) -> None:
    """Coordinated fakes and nothing behind them; a real release; a smell that has nothing to do with the site."""
    cast, at, category = on.cast, on.cast.at_h, on.ground.category
    if on.twin == "attack":
        lasts = cast.draw("campaign-lasts", R.campaign_lasts_s)
        count = cast.count("campaign", R.campaign)
        cast.deed("fakes", at, count=count, lasts_s=lasts, category=category, device=on.target.asset)
    elif on.twin == "fault":
        on.ground.accident(cast, at, on.target.zone)
        on.voices(on.ground.topic, category, at + 0.1, R.many, R.many_lasts_s)
    else:
        on.voices(on.ground.innocent_topic, category, at, R.many, R.many_lasts_s)


class _Tale(NamedTuple):
    play: Callable[[_Stage], None]
    at_h: Pair
    twins: tuple[str, ...] = ("attack", "fault", "benign")


_PLAYED: Final = {
    "combined": _Tale(_combined, R.night_h),
    "insider": _Tale(_insider, R.night_h),
    "phone-flood": _Tale(_phone_flood, R.any_h),
    "drone": _Tale(_drone, R.night_h),
    "foothold": _Tale(_foothold, R.night_h),
    "storm": _Tale(_storm, R.any_h, ("fault", "benign")),
    "false-reports": _Tale(_false_reports, R.any_h),
}
TALES: Final = {name: tale.twins for name, tale in _PLAYED.items()}
"""Tales, and the twins that each has: a storm has no attacker."""


def plan_of(site: Site, scenario: Scenario, draws: Randomness) -> Plan:
    """Draw what a scenario's incident is: who, where, when, and what each part tells of it.

    Raises:
        SimulationError: no such tale or twin, or the site offers nothing for it.
    """
    wanted = scenario.incident or Incident(tale="combined")
    where = f"scenario {scenario.name}, incident"
    tale = _PLAYED.get(wanted.tale)
    if tale is None:
        raise SimulationError(f"no tale {wanted.tale!r}", where=where, remedy=f"there are: {', '.join(_PLAYED)}")
    if wanted.twin not in tale.twins:
        raise SimulationError(
            f"{wanted.tale} can't be told as {wanted.twin}", where=where, remedy=f"there are: {', '.join(tale.twins)}"
        )
    ground = ground_of(site, [part.simulator for part in scenario.parts])
    plan = Plan(from_iso(scenario.start))
    drawn = draws.draw(f"incident.{wanted.tale}.at", tale.at_h)
    cast = Cast(plan, draws, drawn if wanted.at_h is None else wanted.at_h, MAIN)
    target = cast.pick("target", ground.targets())
    tale.play(_Stage(cast, ground, target, wanted.twin))
    if wanted.beside != "none":
        _beside(Cast(plan, draws, cast.at_h, BESIDE), ground, target, wanted.beside)
    return plan


def _beside(cast: Cast, ground: Ground, target: Target, wanted: str) -> None:
    """Something with another cause and other assets in the same hours: vandals, dust at fire detectors, a leak."""
    near, far = ground.apart(target.zone)
    told = {deed["zone"] for deed in cast.plan.deeds if deed.get("zone")}
    where = cast.pick("beside", ("far", "near")) if wanted == "drawn" else wanted
    zones = [zone for zone in (near if where == "near" else far) if zone not in told] or [
        zone for zone in (*near, *far) if zone not in told
    ]
    zone, at = cast.pick("zone", zones), cast.when("at", R.beside_s)
    kinds = ["vandals", *(["dust"] if ground.fire(zone) else []), *(["leak"] if ground.heads(zone) else [])]
    kind = cast.pick("kind", kinds)
    lasts = cast.draw("lasts", R.beside_lasts_s)
    if kind == "vandals":
        cast.deed("forced_door", at, zone=zone, lasts_s=cast.draw("inside", R.beside_inside_s))
    elif kind == "dust":
        cast.deed("smoke", at, zone=zone, count=2, lasts_s=lasts)
    else:
        cast.deed("gas", at, zone=zone, count=2, lasts_s=lasts)
