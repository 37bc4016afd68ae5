"""What a scenario tells for certain: deeds of people and things at given moments and places, each with its truth."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import hypot

import numpy as np

from infrastress.core.errors import SimulationError
from infrastress.simulators.life.attacks import ATTACKS
from infrastress.simulators.life.computers import Computers
from infrastress.simulators.life.intrusion import Act, walk_in
from infrastress.simulators.life.options import Deed
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.reports import Reporters
from infrastress.simulators.life.scene import Scene, pick, uniform
from infrastress.simulators.life.tracks import DRONE_SERIALS, Tracks
from infrastress.site.assets import GasDetector
from infrastress.site.base import Point
from infrastress.site.context import Person

__all__ = ["INTRUDER", "Plot"]

INTRUDER = "198.51.100.23"
_TRIES = 12
_CLEAR_S = 7200.0
"""Whoever is called in or plays a part at night is off site this long before and behind."""
_GONE_S = 1800.0
"""Whose account is used from outside has left this long before."""


class Plot:
    """Plays deeds into a scene once it is known who is where."""

    def __init__(self, scene: Scene, tracks: Tracks, computers: Computers, reporters: Reporters) -> None:
        self.scene, self.tracks, self.computers, self.reporters = scene, tracks, computers, reporters

    def play(self, deeds: Sequence[Deed]) -> None:
        """All of them; raises SimulationError where one doesn't fit the site or the hour."""
        attacks = {one.name: one for one in ATTACKS}
        told: Counter[str] = Counter()
        for deed in deeds:
            # By its event and kind: what else is told changes nothing of it
            name = f"life.plot.{deed.event}.{deed.what}.{told[deed.event + deed.what]}"
            told[deed.event + deed.what] += 1
            if deed.zone and deed.zone not in self.scene.premises.ways:
                raise SimulationError(f"no door leads to a zone {deed.zone!r}", where=f"plot, {deed.what}")
            if deed.device and deed.device not in self.scene.premises.site.asset_by_id:
                raise SimulationError(f"the site has no asset {deed.device!r}", where=f"plot, {deed.what}")
            for trial in range(_TRIES):
                stream = self.scene.draws.stream(name, trial)
                if deed.what in attacks:
                    able = [one for one in attacks[deed.what].variants if deed.variant in (None, one)]
                    done = bool(able) and attacks[deed.what].play(self._act(deed, pick(stream, able), stream))
                else:
                    thing: Callable[[Deed, float, np.random.Generator], bool] = getattr(self, f"_{deed.what}")
                    done = thing(deed, deed.at_h * 3600.0, stream)
                if done:
                    begin = deed.at_h * 3600.0
                    self.scene.busy.append((begin - 1800.0, begin + deed.lasts_s + 1800.0))
                    break
            else:
                raise SimulationError(f"nobody and nothing fits {deed.what} after {deed.at_h:.1f} h", where="plot")

    def _act(self, deed: Deed, variant: str, stream: np.random.Generator) -> Act:
        return Act(
            self.scene, self.tracks, stream, deed.what, variant, 0.0, self.scene.calendar.length,
            at=deed.at_h * 3600.0, zone=deed.zone, device=deed.device, event=deed.event,
        )  # fmt: skip

    def _note(
        self, deed: Deed, kind: str, span: tuple[float, float], assets: tuple[str, ...], text: str,
        *, people: tuple[str, ...] = (), malicious: bool = False,
    ) -> bool:  # fmt: skip
        self.scene.note(
            kind, *span, assets, text, zone=deed.zone, people=people, malicious=malicious or deed.malicious,
            event=deed.event,
        )  # fmt: skip
        return True

    def _door(self, deed: Deed) -> str:
        return deed.device if deed.device in self.scene.premises.doors else self.scene.premises.ways[deed.zone][-1]

    def _asleep(
        self, at: float, lasts: float, roles: tuple[str, ...], zone: str = "", clear: float = _CLEAR_S
    ) -> list[Person]:
        """Who of some roles is off site all the time, with a right to be in the zone."""
        far = self.scene.absent(at - clear, at + lasts + clear, roles)
        return [one for one in far if not zone or zone in one.zones]

    def _away(self, at: float, lasts: float) -> list[Person]:
        """Engineers with accounts who have gone home."""
        return [one for one in self._asleep(at, lasts, ("engineer",), clear=_GONE_S) if one.accounts]

    def _foothold(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Somebody's account, without remote rights, from outside: to the way in, and on to the engineering station."""
        hosts = self.scene.premises.hosts.values()
        jump = next((one.id for one in hosts if one.security_zone == "dmz" and one.role == "server"), None)
        station = next((one.id for one in hosts if one.role == "engineering"), None)
        far = [one for one in self._away(at, deed.lasts_s) if not one.remote]
        if jump is None or station is None or not far:
            return False
        person = pick(stream, far)
        account, end = person.accounts[0], at + deed.lasts_s
        for n in range(int(stream.integers(1, 4))):
            self.scene.login(at - 30.0 * (n + 1), account, jump, INTRUDER, remote=True, success=False)
        self.scene.session(at, end, account, jump, INTRUDER, remote=True)
        self.scene.session(at + float(stream.uniform(40.0, 300.0)), end - 5.0, account, station, jump, remote=True)
        text = "an account without remote rights comes in from outside"
        return self._note(
            deed, "foothold", (at - 90.0, end), (jump, station), text, people=(person.id, account), malicious=True
        )

    def _remote_support(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Somebody with remote rights helps from home."""
        premises = self.scene.premises
        able = [one for one in self._away(at, deed.lasts_s) if one.remote and premises.jump(one)]
        if not able:
            return False
        person = pick(stream, able)
        self.computers.remote(person, at, at + deed.lasts_s, int(at))
        hosts = tuple(one for one in person.hosts if one in premises.hosts)
        names = (person.id, *person.accounts[:1])
        return self._note(deed, "remote_support", (at, at + deed.lasts_s), hosts, "help from home", people=names)

    def _callout(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Maintenance is called in and goes where the fault is."""
        return self._called(deed, at, stream, ("maintenance",), "called in for a fault")

    def _overtime(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """An engineer comes out of hours to a room that is the own."""
        return self._called(deed, at, stream, ("engineer",), "work out of hours")

    def _called(self, deed: Deed, at: float, stream: np.random.Generator, roles: tuple[str, ...], text: str) -> bool:
        far = self._asleep(at, deed.lasts_s, roles, deed.zone)
        if not far:
            return False
        person = pick(stream, far)
        end = walk_in(self._act(deed, "", stream), at, person.id, deed.zone, lingers=deed.lasts_s)
        ways = self.scene.premises.ways[deed.zone]
        return self._note(deed, deed.what, (at, end), ways, text, people=(person.id,))

    def _chatter(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """A loose contact: the door is told to be forced and shut again with nobody there."""
        door, end = self._door(deed), at
        for n in range(deed.count):
            lasts = float(stream.uniform(0.3, 1.5))
            self.scene.doors.open(door, end, end + lasts, 0, opening="forced" if n == 0 else "open")
            end += lasts + float(stream.uniform(2.0, 30.0))
        return self._note(deed, "door_chatter", (at, end), (door,), "a contact chatters")

    def _wind(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Wind shakes fence sections here and there, or those that a deed names."""
        fences = [one.id for one in self.scene.premises.fences if deed.device in ("", one.id)]
        if not fences:
            return False
        shaken = set()
        for after in sorted(stream.uniform(0.0, deed.lasts_s, deed.count).tolist()):
            fence = pick(stream, fences)
            shaken.add(fence)
            self.scene.switch(at + after, fence, "alarm")
            self.scene.switch(at + after + float(stream.uniform(2.0, 12.0)), fence, "normal")
        return self._note(
            deed, "wind_on_fence", (at, at + deed.lasts_s), tuple(sorted(shaken)), "wind shakes the fence"
        )

    def _near(self, deed: Deed) -> list[GasDetector]:
        """Gas heads, nearest first to what the deed is about; of its zone where nobody knows positions."""
        known = self.scene.premises.site.asset_by_id.get(deed.device)
        place: Point | None = getattr(known, "position", None)
        heads = [one for one in self.scene.premises.heads if not deed.zone or one.zone == deed.zone]
        if place is None:
            return heads
        far = {one.id: hypot(x - place[0], y - place[1]) for one in heads if one.position for x, y in (one.position,)}
        return sorted((one for one in heads if one.id in far), key=lambda one: far[one.id])

    def _gas(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """A cloud at the nearest heads, one after the other."""
        heads = self._near(deed)[: deed.count]
        for n, head in enumerate(heads):
            begin = at + 60.0 * n + (float(stream.uniform(30.0, 300.0)) if n else 0.0)
            peak_at = begin + uniform(stream, RANGES.release_rise_s)
            end = max(at + deed.lasts_s, peak_at + 600.0)
            peak = float(stream.uniform(0.45, 0.95) if n == 0 else stream.uniform(0.15, 0.7))
            self.scene.rising.setdefault(head.id, []).append((begin, peak_at, end, peak))
        names = tuple(one.id for one in heads)
        return bool(heads) and self._note(deed, "gas_cloud", (at, at + deed.lasts_s), names, "gas reaches the heads")

    def _head_fault(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Heads fail, one after the other."""
        heads, end = self._near(deed)[: deed.count], at + deed.lasts_s
        for head in heads:
            begin = at + float(stream.uniform(0.0, 300.0))
            if any(one < end and begin < other for one, other, _ in self.scene.inhibited.get(head.id, [])):
                continue
            self.scene.inhibited.setdefault(head.id, []).append((begin, end, "fault"))
        names = tuple(one.id for one in heads)
        return bool(heads) and self._note(deed, "gas_fault", (at, end), names, "gas heads fail")

    def _smoke(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Fire detectors of a zone alarm, with dust or steam behind it."""
        passive = ("smoke_detector", "flame_detector")
        fire = [one.id for one in self.scene.premises.fire if one.zone == deed.zone and one.type in passive]
        for n, name in enumerate(fire[: deed.count]):
            begin = at + 60.0 * n * float(stream.uniform(0.2, 3.0))
            self.scene.switch(begin, name, "alarm")
            self.scene.switch(begin + deed.lasts_s, name, "normal")
        names = tuple(fire[: deed.count])
        return bool(names) and self._note(
            deed, "false_fire_alarm", (at, at + deed.lasts_s + 600.0), names, "dust or steam at fire detectors"
        )

    def _drill(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """An exercise: call points, the panel, doors released and locked again."""
        premises = self.scene.premises
        points = [one.id for one in premises.fire if one.type == "call_point"][: deed.count]
        panel = next((one.id for one in premises.fire if one.type == "fire_panel"), "")
        end = at + deed.lasts_s
        if not points or not panel:
            return False
        self.scene.announce_drill(at, end)
        for n, name in enumerate((*points, panel)):
            self.scene.switch(at + 20.0 * n, name, "alarm")
            self.scene.switch(end - 60.0, name, "normal")
        doors = [one.id for one in premises.doors.values() if one.zone != one.leads_to]
        for door in doors:
            self.scene.doors.say(at + 30.0, door, "unlocked", panel)
            if float(stream.uniform()) < 0.5:
                self.scene.doors.open(door, at + 60.0, at + 60.0 + float(stream.uniform(10.0, 60.0)), 0)
            self.scene.doors.say(end - 30.0, door, "locked", panel)
        return self._note(deed, "drill", (at, end), (*points, panel, *doors), "an emergency is practised")

    def _target(self, deed: Deed) -> Point | None:
        known = self.scene.premises.site.asset_by_id.get(deed.device)
        return getattr(known, "position", None)

    def _own_drone(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """The site's own drone looks at a tank; Remote ID tells its serial number."""
        target = self._target(deed)
        if not self.tracks.able or target is None:
            return False
        name = pick(stream, DRONE_SERIALS)
        path = self.tracks.round_trip(target, at, stream, hover_s=uniform(stream, RANGES.drone_hover_s))
        self.tracks.tell(path, "drone", "remote_id", stream, identity=name)
        span = self.tracks.tell(path, "drone", "radar", stream, identity=name)
        return self._note(deed, "own_drone", span, (deed.device,), f"inspection by {name}")

    def _ghost(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Birds or rain that the radar takes for something unknown over a tank."""
        target = self._target(deed)
        if not self.tracks.able or target is None:
            return False
        path = self.tracks.round_trip(target, at, stream, hover_s=uniform(stream, RANGES.drone_hover_s))
        span = self.tracks.tell(path, "unknown", "radar", stream)
        return self._note(deed, "ghost_track", span, (deed.device,), "birds that the radar doesn't know")

    def _voices(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """People who report what they believe."""
        return self._report(deed, at, stream, fake=False)

    def _fakes(self, deed: Deed, at: float, stream: np.random.Generator) -> bool:
        """Coordinated false reports from new devices."""
        return self._report(deed, at, stream, fake=True)

    def _report(self, deed: Deed, at: float, stream: np.random.Generator, *, fake: bool) -> bool:
        moments = sorted((at + stream.uniform(0.0, deed.lasts_s, deed.count)).tolist())
        near = self._target(deed) if fake else None
        self.reporters.told(moments, deed.topic or "release", deed.category, near, stream, fake=fake)
        kind = "fake_reports" if fake else f"{deed.topic or 'release'}_reports"
        text = f"{deed.count} {'false reports' if fake else 'people report'}"
        end = at + max(deed.lasts_s, 60.0)
        assets = (deed.device,) if deed.device else ()
        return self._note(deed, kind, (at, end), assets, text, malicious=fake)
