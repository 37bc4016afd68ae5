"""People who report: complaints with nothing behind them, a release that the wind carries, a campaign of fakes."""

from collections.abc import Sequence
from math import cos, exp, hypot, pi, radians, sin

import numpy as np
import numpy.typing as npt

from infrastress.events import Report
from infrastress.events.kinds import Category
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import Scene, pick, uniform
from infrastress.simulators.life.words import COMPLAINTS, FAKE_PARTS, LANGUAGES, RELEASE, STAFF, TOLD
from infrastress.site.base import Point

__all__ = ["Reporters", "Wind", "wind_of"]

Array = npt.NDArray[np.float64]
REPORTS = "reports"
_PEOPLED = ("dwellings", "school", "hospital", "workplace")
_LATEST_S = 5400.0


class Wind:
    """The wind of a run: from a bearing, at a speed; it swings a little.

    Attributes:
        from_deg: where it comes from, degrees clockwise from north.
        speed: m/s.
    """

    def __init__(self, from_deg: float, speed: float, phase: float) -> None:
        self.from_deg, self.speed, self._phase = from_deg, speed, phase

    def at(self, seconds: Array) -> tuple[Array, Array]:
        """Bearing in degrees and speed in m/s at moments."""
        swing = np.sin(seconds / 2900.0 + self._phase) + 0.4 * np.sin(seconds / 410.0)
        return (self.from_deg + 8.0 * swing) % 360.0, np.maximum(self.speed * (1 + 0.15 * swing), 0.1)

    def along(self, source: Point, place: Point) -> tuple[float, float]:
        """Metres downwind and across of a place, seen from a source."""
        turn = radians(self.from_deg + 180.0)
        east, north = place[0] - source[0], place[1] - source[1]
        return east * sin(turn) + north * cos(turn), east * cos(turn) - north * sin(turn)


class Reporters:
    """Writes the reports of a run."""

    def __init__(self, scene: Scene, wind: Wind) -> None:
        self.scene, self.wind = scene, wind
        self.homes = [one for one in scene.premises.site.receptors if one.kind in _PEOPLED]
        self._receipts = 0

    def ordinary(self) -> None:
        """Complaints by neighbours, near misses by staff."""
        draws, days = self.scene.draws, self.scene.calendar.day_count
        for n, at in enumerate(draws.moments("life.complaints", RANGES.complaints_per_day, days)):
            stream = draws.stream("life.complaint", n)
            language = self._language(stream)
            category, text = pick(stream, COMPLAINTS[language])
            self._tell(at, category, text, self._home(stream), stream, language=language)
        for n, at in enumerate(draws.moments("life.staff-reports", RANGES.staff_reports_per_day, days)):
            stream = draws.stream("life.staff-report", n)
            there = self.scene.present(at, ("operator", "maintenance", "engineer", "contractor"))
            category, text = pick(stream, STAFF)
            name = pick(stream, there).id if there else "staff"
            self._tell(at, category, text, None, stream, language="en", who=f"staff-{name}", role="staff")

    def release(self, *, single: bool) -> None:
        """Product evaporates from a tank or pump; who is downwind smells it, some who aren't believe so too."""
        stream = self.scene.draws.stream("life.release")
        source = self._source(stream)
        begin = self.scene.calendar.length * float(stream.uniform(0.35, 0.6))
        end = begin + uniform(stream, RANGES.release_s)
        assets: tuple[str, ...] = (source[0],)
        if single:
            assets += self._heads(source[1], begin, end, stream)
            place = self._downwind_home(source[1], stream)
            self._tell(begin + 600.0, "smell", pick(stream, RELEASE["it"]), place, stream, language="it")
        else:
            self._many(source[1], begin, end, stream)
        zone = self.scene.premises.device_zone(source[0])
        self.scene.note("release", begin, end, assets, "product evaporates and the wind carries it", zone=zone)

    def _many(self, source: Point, begin: float, end: float, stream: np.random.Generator) -> None:
        told = 0
        for _ in range(int(uniform(stream, RANGES.release_households))):
            place = self._home(stream)
            along, across = self.wind.along(source, place)
            if along <= 0:
                continue
            wide = 0.22 * along**0.9 + 10.0
            strength = exp(-0.5 * (across / wide) ** 2) * min(1.0, 500.0 / max(along, 1.0))
            if float(stream.uniform()) < 0.35 * strength:
                arrives = begin + along / self.wind.speed
                at = arrives + uniform(stream, RANGES.notice_s) * float(stream.uniform(0.2, 1.5))
                if at < end + _LATEST_S:
                    self._smell(at, place, stream)
                    told += 1
        for _ in range(max(0, 4 - told)):  # the nearest downwind always notice
            self._smell(begin + 600.0 + uniform(stream, RANGES.notice_s), self._downwind_home(source, stream), stream)
        for _ in range(int(uniform(stream, RANGES.release_upwind) + 0.5)):
            places = [self._home(stream) for _ in range(12)]
            place = min(places, key=lambda one: self.wind.along(source, one)[0])
            self._smell(begin + float(stream.uniform(300.0, end - begin)), place, stream)

    def _smell(self, at: float, place: Point, stream: np.random.Generator) -> None:
        language = self._language(stream)
        category: Category = "smell" if stream.uniform() < 0.85 else "mist"
        self._tell(at, category, pick(stream, RELEASE[language]), place, stream, language=language)

    def campaign(self) -> None:
        """Fifty coordinated fakes from new devices: of one place, or of places that would be downwind."""
        stream = self.scene.draws.stream("life.campaign")
        source = self._source(stream)
        begin = self.scene.calendar.length * float(stream.uniform(0.3, 0.7))
        lasts = uniform(stream, RANGES.campaign_s)
        downwind, centre = bool(stream.uniform() < 0.5), self._home(stream)
        category: Category = "smell" if stream.uniform() < 0.7 else "fire"
        first = int(stream.integers(100_000, 800_000))
        for n, at in enumerate(sorted(stream.uniform(0.0, lasts, RANGES.campaign_size).tolist())):
            place = self._downwind_home(source[1], stream) if downwind else centre
            near = (place[0] + float(stream.normal(0, 40)), place[1] + float(stream.normal(0, 40)))
            words = [pick(stream, part) for part in FAKE_PARTS]
            text = " ".join(word for word in words if word)
            self._tell(
                begin + at, category, text, near, stream, language="en", who=f"user-{first + n}",
                device=f"d-{int(stream.integers(2**40)):010x}", role="", late=(5.0, 60.0),
            )  # fmt: skip
        where = "downwind" if downwind else "one place"
        self.scene.note("fake_campaign", begin, begin + lasts, (), f"coordinated fakes, {where}", malicious=True)

    def told(
        self, moments: Sequence[float], topic: str, category: Category, near: Point | None, stream: np.random.Generator,
        *, fake: bool,
    ) -> None:  # fmt: skip
        """People who report of one topic at moments: at their homes, or near a place; fakes come from new devices."""
        first = int(stream.integers(100_000, 800_000))
        for n, at in enumerate(moments):
            home = self._home(stream) if near is None or not self.homes else near
            place = (home[0] + float(stream.normal(0, 60)), home[1] + float(stream.normal(0, 60)))
            if fake:
                words = " ".join(filter(None, (pick(stream, part) for part in FAKE_PARTS)))
                self._tell(
                    at, category, words, place, stream, language="en", who=f"user-{first + n}",
                    device=f"d-{int(stream.integers(2**40)):010x}", role="", late=(5.0, 60.0),
                )  # fmt: skip
                continue
            language, text = pick(stream, TOLD[topic])
            self._tell(at, category, text, place, stream, language=language)

    def _heads(self, source: Point, begin: float, end: float, stream: np.random.Generator) -> tuple[str, ...]:
        """Nearest heads see it."""
        near = sorted(
            (h for h in self.scene.premises.heads if h.position is not None),
            key=lambda h: hypot(h.position[0] - source[0], h.position[1] - source[1]) if h.position else 0.0,
        )[:2]
        for head in near:
            peak_at = begin + uniform(stream, RANGES.release_rise_s)
            self.scene.rising.setdefault(head.id, []).append((begin, peak_at, end, float(stream.uniform(0.2, 0.6))))
        return tuple(head.id for head in near)

    def _source(self, stream: np.random.Generator) -> tuple[str, Point]:
        """A tank or pump with a position."""
        wanted = ("tank", "pump")
        able = [(a.id, a.position) for a in self.scene.premises.site.assets if a.type in wanted and a.position]
        return pick(stream, able) if able else ("", (0.0, 0.0))

    def _home(self, stream: np.random.Generator) -> Point:
        """Somewhere people are: near a receptor, more often where more are."""
        if not self.homes:
            return (0.0, 0.0)
        weights = np.array([max(one.population, 1) ** 0.5 for one in self.homes])
        home = self.homes[int(stream.choice(len(self.homes), p=weights / weights.sum()))]
        angle, reach = float(stream.uniform(0, 2 * pi)), abs(float(stream.normal(0, 140)))
        return home.position[0] + reach * cos(angle), home.position[1] + reach * sin(angle)

    def _downwind_home(self, source: Point, stream: np.random.Generator) -> Point:
        places = [self._home(stream) for _ in range(25)]

        def fitness(place: Point) -> float:
            along, across = self.wind.along(source, place)
            return abs(across) / along if along > 0 else 1e6 - along

        return min(places, key=fitness)

    def _language(self, stream: np.random.Generator) -> str:
        shares = [share for _, share in LANGUAGES]
        return LANGUAGES[int(stream.choice(len(shares), p=shares))][0]

    def _tell(
        self,
        at: float,
        category: Category,
        text: str,
        place: Point | None,
        stream: np.random.Generator,
        *,
        language: str,
        who: str = "",
        device: str = "",
        role: str = "neighbour",
        late: tuple[float, float] = RANGES.report_delay_s,
    ) -> None:
        number = int(stream.integers(1, 900))
        latitude = longitude = None
        if place is not None and self.scene.premises.earth.known:
            latitude, longitude = (round(x, 5) for x in self.scene.premises.earth.to_earth(place))
        self._receipts += 1
        body = Report(
            reporter=who or f"neighbour-{number:03d}",
            channel="app" if device or stream.uniform() < 0.7 else "hotline",
            category=category, text=text, latitude=latitude, longitude=longitude, trained=role == "staff",
            role="staff" if role == "staff" else "neighbour" if role == "neighbour" else "",
            device=device or f"d-{number:03d}", language=language, receipt=f"R-{self._receipts:05d}",
        )  # fmt: skip
        self.scene.diary.write(at, REPORTS, body, (), "", reported_after=uniform(stream, late))


def wind_of(scene_draws: np.random.Generator, toward: Point | None, centre: Point) -> Wind:
    """A wind; where `toward` is given it blows about there from the centre."""
    speed, phase = uniform(scene_draws, RANGES.release_wind_m_s), float(scene_draws.uniform(0, 2 * pi))
    bearing = float(scene_draws.uniform(0, 360))
    if toward is not None:
        away = np.degrees(np.arctan2(toward[0] - centre[0], toward[1] - centre[1]))
        bearing = float((away + 180.0 + scene_draws.normal(0, 12)) % 360.0)
    return Wind(bearing, speed, phase)
