"""Fences: sections one after the other are somebody, one that chatters is wind, many at once are weather.

Every alarm is judged `settle_s` later, when gusts have shown themselves, by the alarms around it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from math import ceil, dist
from typing import Any, ClassVar

import msgspec

from infrastress.core.time import HOUR, SECOND
from infrastress.detectors.observations.agenda import Agenda, Key
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.episodes import Episodes
from infrastress.detectors.observations.notices import Notice
from infrastress.detectors.perimeter.base import Plant, condition_of
from infrastress.events import Event, SwitchState
from infrastress.events.kinds import Severity
from infrastress.site.assets import Fence

__all__ = ["FenceAlarm", "FenceRules"]

_MOST_ALARMS = 512
_KEEPS = 2 * HOUR


class FenceAlarm(msgspec.Struct, array_like=True, order=True):
    """A section told an alarm; `weather` once it was taken for that."""

    t: int
    section: str
    id: str
    weather: bool = False


class FenceRules(Rules):
    """Judges the alarms of a fence's sections together."""

    name: ClassVar[str] = "fences"
    kinds: ClassVar[tuple[type, ...]] = (SwitchState,)

    def __init__(self, plant: Plant, agenda: Agenda, episodes: Episodes) -> None:
        self.plant, self._agenda, self._episodes = plant, agenda, episodes
        self.sections = {asset.id: asset for asset in plant.site.assets if isinstance(asset, Fence)}
        self.neighbours = _neighbours(self.sections, plant.options.touch_m)
        self.alarms: list[FenceAlarm] = []

    def judge(self, event: Event, body: SwitchState) -> Iterator[Notice]:
        """A section's change of state; what it comes to is said when the rest of the fence has been heard."""
        if body.device not in self.sections:
            return
        condition = condition_of(body.state)
        if condition != "alarm":
            return
        alarm = FenceAlarm(event.occurred, body.device, event.id)
        at = bisect_left(self.alarms, (event.occurred, body.device), key=lambda one: (one.t, one.section))
        if at < len(self.alarms) and (self.alarms[at].t, self.alarms[at].section) == (alarm.t, alarm.section):
            return  # a replay
        if self.alarms and alarm.t < self.alarms[-1].t - _KEEPS:
            return  # so late that nothing beside it is known
        insort(self.alarms, alarm)
        newest = self.alarms[-1].t
        if len(self.alarms) > _MOST_ALARMS or self.alarms[0].t < newest - _KEEPS:
            self.alarms = [one for one in self.alarms if one.t >= newest - _KEEPS][-_MOST_ALARMS:]
        self._agenda.set((self.name, body.device, str(event.occurred)), event.occurred + self._ns("settle_s"))
        yield from ()

    def due(self, moment: int, key: Key) -> Iterator[Notice]:
        """What an alarm comes to."""
        told, section = int(key[2]), key[1]
        near = self.between(told - self._ns("weather_s"), moment)
        mine = next((one for one in near if (one.t, one.section) == (told, section)), None)
        if mine is None:
            return
        if self._weather(near, told):
            for one in near:
                one.weather = True
            yield from self._all_weather(near, mine)
            return
        same = [one for one in self.between(told - self._ns("chatter_s"), moment) if one.section == section]
        if len(same) >= self.plant.options.chatter_count:
            yield self._over("fence.alarm", section, "it chatters")
            yield self._chatter(section, same)
            return
        way = self._way(mine, moment)
        if len(way) > 1:
            yield self._sequence(way, restless=self._restless(way, told))
        else:
            yield self._alone(mine)

    def between(self, begin: int, end: int) -> list[FenceAlarm]:
        """Alarms of [begin, end]."""
        first = bisect_left(self.alarms, begin, key=lambda one: one.t)
        last = bisect_left(self.alarms, end + 1, key=lambda one: one.t)
        return self.alarms[first:last]

    def chatters(self, section: str, now: int) -> bool:
        """Whether a section is one that chatters at a time."""
        same = [one for one in self.between(now - self._ns("chatter_s"), now) if one.section == section]
        return len(same) >= self.plant.options.chatter_count

    def _weather(self, near: list[FenceAlarm], told: int) -> bool:
        """Many sections at once, or sections in many places: nobody is everywhere."""
        options, settle = self.plant.options, self._ns("settle_s")
        at_once = {one.section for one in near if one.t >= told - settle}
        if len(at_once) >= max(3, ceil(options.weather_share * len(self.sections))):
            return True
        return len(self._places({one.section for one in near})) >= options.weather_places

    def _restless(self, way: list[FenceAlarm], told: int) -> bool:
        """Whether the fence alarmed lately in places that don't touch the way: gusts."""
        near = {one.section for one in way}.union(*(self.neighbours[one.section] for one in way))
        lately = {one.section for one in self.between(told - self._ns("restless_s"), told)}
        return len(self._places(lately - near)) >= self.plant.options.restless_places

    def _places(self, sections: set[str]) -> list[set[str]]:
        """Sections that touch, together."""
        places, left = [], set(sections)
        while left:
            place, edge = set[str](), [min(left)]
            while edge:
                one = edge.pop()
                if one in left:
                    left.remove(one)
                    place.add(one)
                    edge += sorted(self.neighbours[one] & left)
            places.append(place)
        return places

    def _way(self, mine: FenceAlarm, moment: int) -> list[FenceAlarm]:
        """Alarms of sections that touch, one after the other up to this one; first alarms of each, by time."""
        along = self._ns("along_s")
        calm = [
            one for one in self.between(mine.t - 10 * along, moment)
            if not one.weather and not self.chatters(one.section, one.t)
        ]  # fmt: skip
        way, edge = [mine], mine
        for one in reversed([one for one in calm if one < mine]):
            if edge.t - one.t > along:
                break
            sections = {two.section for two in way}
            if one.section not in sections and self.neighbours[one.section] & sections:
                way.insert(0, one)
                edge = one
            elif one.section in sections:
                edge = one  # it still goes on there
        return way

    def _all_weather(self, near: list[FenceAlarm], mine: FenceAlarm) -> Iterator[Notice]:
        for section in sorted({one.section for one in near}):
            yield self._over("fence.alarm", section, "weather")
            yield self._over("fence.sequence", section, "weather")
        sections = sorted({one.section for one in near})
        sentence = (
            f"{len(sections)} of {len(self.sections)} fence sections alarm together at {self._clock(mine.t)} "
            f"({_some(sections)}): weather, most likely; while it lasts the fence finds nobody"
        )
        yield self._notice(
            "fence.weather",
            "fence",
            "low",
            confidence=0.2,
            sentence=sentence,
            assets=(mine.section,),
            evidence=(mine.id,),
            suspicion="sensor_fault",
        )

    def _chatter(self, section: str, same: list[FenceAlarm]) -> Notice:
        minutes = self.plant.options.chatter_s / 60
        sentence = (
            f"{section} alarmed {len(same)} times within {minutes:.0f} min, last at {self._clock(same[-1].t)}, its "
            "neighbours less: wind, a plant or a loose mesh? It is not listened to meanwhile"
        )
        return self._notice(
            "fence.chatter",
            section,
            "low",
            confidence=0.2,
            sentence=sentence,
            assets=(section,),
            evidence=(same[-1].id,),
            suspicion="sensor_fault",
        )

    def _sequence(self, way: list[FenceAlarm], *, restless: bool) -> Notice:
        severity: Severity = "high" if len(way) > 2 else "low" if restless else "medium"
        steps = ", ".join(f"{one.section} at {self.plant.roster.local(one.t):%H:%M:%S}" for one in way)
        sentence = f"fence sections alarmed one after the other, {steps} ({self._clock(way[-1].t)}): " + (
            "gusts, as elsewhere within the hour?" if severity == "low" else "somebody moves along or through"
        )
        assets = tuple(one.section for one in way)
        evidence = tuple(one.id for one in way)
        # Of one walk the first section names the episode.
        return self._notice(
            "fence.sequence",
            way[0].section,
            severity,
            confidence=0.6,
            sentence=sentence,
            assets=assets,
            evidence=evidence,
            began=way[0].t,
        )

    def _alone(self, mine: FenceAlarm) -> Notice:
        sentence = f"{mine.section} alarmed at {self._clock(mine.t)}, its neighbours are quiet: an animal, or somebody?"
        return self._notice(
            "fence.alarm",
            mine.section,
            "low",
            confidence=0.3,
            sentence=sentence,
            assets=(mine.section,),
            evidence=(mine.id,),
        )

    def _over(self, rule: str, section: str, why: str) -> Notice:
        return self._notice(
            rule, section, "low", confidence=0.2, sentence=why, assets=(section,), evidence=(), over=True
        )

    def _notice(
        self,
        rule: str,
        subject: str,
        severity: Severity,
        *,
        confidence: float,
        sentence: str,
        assets: tuple[str, ...],
        evidence: tuple[str, ...],
        suspicion: Any = "intrusion",
        over: bool = False,
        began: int | None = None,
    ) -> Notice:
        return Notice(
            rule=rule,
            subject=subject,
            severity=severity,
            sentence=sentence,
            source_kind="access",
            suspicion=suspicion,
            confidence=confidence,
            assets=assets,
            zone=self.plant.zone(assets[0]),
            evidence=evidence,
            score=float(len(assets)),
            over=over,
            began=began,
        )

    def _ns(self, option: str) -> int:
        return round(float(getattr(self.plant.options, option)) * SECOND)

    def _clock(self, ns: int) -> str:
        return self.plant.roster.clock(ns)

    def dump(self) -> Any:
        """Alarms of the last hours."""
        return self.alarms

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        self.alarms = msgspec.json.decode(data, type=list[FenceAlarm])


def _neighbours(sections: dict[str, Fence], touch: float) -> dict[str, set[str]]:
    """Sections whose ends meet."""
    ends = {name: (fence.line[0], fence.line[-1]) for name, fence in sections.items()}
    found: dict[str, set[str]] = {name: set() for name in sections}
    for one, mine in ends.items():
        for other, theirs in ends.items():
            if one < other and any(dist(a, b) <= touch for a in mine for b in theirs):
                found[one].add(other)
                found[other].add(one)
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
