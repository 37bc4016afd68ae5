"""What moves around a site that knows where it lies: birds, vessels that pass or moor; and paths for others."""

from collections.abc import Iterator, Sequence
from math import cos, hypot, pi, radians, sin

import numpy as np

from infrastress.events import TrackPoint
from infrastress.events.kinds import TrackedObject
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import Scene, pick, uniform
from infrastress.site.assets import TrackSensor
from infrastress.site.base import Point

__all__ = ["DRONE_SERIALS", "TANKERS", "Path", "Tracks"]

TRACKS = "tracks"
TANKERS = ("247010101", "247010202", "247010303", "255800404")
"""MMSIs of tankers that are announced."""
DRONE_SERIALS = ("SITE-UAS-0001", "SITE-UAS-0002")
"""Serial numbers by Remote ID of the site's own inspection drones."""
Path = Sequence[tuple[float, float, float, float]]
"""Points of a way: (moment s, x m, y m, height m)."""
_SHORE_X = -5.0


class Tracks:
    """Writes tracks; does nothing where the site has no sensors for them or doesn't know where it lies."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.sensors: dict[str, TrackSensor] = {
            one.type: one for one in scene.premises.site.assets if isinstance(one, TrackSensor)
        }
        self.able = bool(self.sensors) and scene.premises.earth.known

    def ordinary(self) -> None:
        """Birds, vessels that pass, tankers that moor at the jetty."""
        if not self.able:
            return
        draws, days = self.scene.draws, self.scene.calendar.day_count
        for n, at in enumerate(draws.moments("life.birds", RANGES.birds_per_day, days)):
            self._bird(at, draws.stream("life.bird", n))
        for n, at in enumerate(draws.moments("life.passing", RANGES.passing_per_day, days)):
            self.passing(at, draws.stream("life.pass", n))
        free = 0.0
        for n, at in enumerate(draws.moments("life.tankers", RANGES.tankers_per_day, days)):
            if at > free:
                free = self._tanker(at, draws.stream("life.tanker", n)) + 7200.0

    def tell(
        self, path: Path, what: TrackedObject, sensor: str, stream: np.random.Generator, *, identity: str = ""
    ) -> tuple[float, float]:
        """A path as a sensor gives it; begin and end. The last point says that it is lost."""
        device = self.sensors.get(sensor)
        if device is None or not path:
            return 0.0, 0.0
        # As a sensor would count, but not by the order in which a run is written
        number, accuracy = f"{device.id}-{int(stream.integers(10**9)):09d}", uniform(stream, RANGES.accuracy_m)
        before = path[0]
        for i, point in enumerate(path):
            at, x, y, height = point
            lasted = at - before[0]
            east, north = x - before[1], y - before[2]
            earth = self.scene.premises.earth
            shaken = (x + float(stream.normal(0, accuracy)), y + float(stream.normal(0, accuracy)))
            latitude, longitude = earth.to_earth(shaken)
            moved = lasted > 0 and hypot(east, north) > 0.1
            body = TrackPoint(
                track=number, sensor=device.id, what=what,
                latitude=round(latitude, 6), longitude=round(longitude, 6),
                altitude_m=round(max(height + float(stream.normal(0, 2)), 0.0), 1) if height > 0 else None,
                speed_m_s=round(hypot(east, north) / lasted, 1) if lasted > 0 else None,
                course_deg=round(earth.bearing((0.0, 0.0), (east, north)), 0) % 360.0 if moved else None,
                accuracy_m=round(accuracy, 1), identity=identity, lost=i == len(path) - 1,
            )  # fmt: skip
            self.scene.diary.write(at, TRACKS, body, (device.id,), "")
            before = point
        return path[0][0], path[-1][0]

    def _bird(self, at: float, stream: np.random.Generator) -> None:
        """A flock or a gull crosses somewhere, not straight."""
        start = (float(stream.uniform(-500, 700)), float(stream.uniform(-400, 700)))
        heading, speed = float(stream.uniform(0, 2 * pi)), uniform(stream, RANGES.bird_m_s)
        points, (x, y) = [], start
        for step in range(int(stream.integers(6, 30))):
            heading += float(stream.normal(0, 0.35))
            x, y = x + 5 * speed * cos(heading), y + 5 * speed * sin(heading)
            points.append((at + 5.0 * step, x, y, float(stream.uniform(15, 90))))
        self.tell(points, "animal" if stream.uniform() < 0.8 else "unknown", "radar", stream)

    def passing(self, at: float, stream: np.random.Generator, off: float | None = None) -> tuple[float, float]:
        """A vessel passes along the coast, `off` metres from the jetty's head, most with AIS, small ones without."""
        distance = off if off is not None else uniform(stream, RANGES.passing_m)
        x = -345.0 - distance
        speed, sign = uniform(stream, RANGES.vessel_m_s), 1.0 if stream.uniform() < 0.5 else -1.0
        length, wave = 3000.0, float(stream.uniform(0, 2 * pi))
        points = [
            (at + t, x + 20.0 * sin(t / 300.0 + wave), sign * (t * speed - length / 2) + 80.0, 0.0)
            for t in np.arange(0.0, length / speed, 30.0).tolist()
        ]
        small = stream.uniform() < 0.4
        identity = "" if small else str(247_000_000 + int(stream.integers(1000, 9000)))
        return self.tell(points, "vessel", "radar" if small else "ais", stream, identity=identity)

    def _tanker(self, at: float, stream: np.random.Generator) -> float:
        """An announced tanker comes in, lies at the jetty's head and leaves."""
        head = self._jetty()
        stays = uniform(stream, RANGES.moored_s)
        way = list(line((head[0] - 3500.0, head[1] - 600.0), head, at, 2.5, 30.0))
        moored = way[-1][0]
        way += [(moored + t, *head, 0.0) for t in np.arange(180.0, stays, 180.0).tolist()]
        way += list(line(head, (head[0] - 3500.0, head[1] + 500.0), way[-1][0] + 30.0, 2.5, 30.0))
        return self.tell(way, "vessel", "ais", stream, identity=pick(stream, TANKERS))[1]

    def _jetty(self) -> Point:
        site = self.scene.premises.site
        found = [a.position for a in site.assets if a.type == "boundary" and a.position and a.position[0] < _SHORE_X]
        return found[0] if found else (-250.0, 80.0)

    def round_trip(self, target: Point, at: float, stream: np.random.Generator, *, hover_s: float) -> Path:
        """From afar straight to a target, hovering there, and back; heights and speeds drawn."""
        bearing, height = float(stream.uniform(0, 360)), uniform(stream, RANGES.drone_height_m)
        reach, speed = uniform(stream, RANGES.drone_from_m), uniform(stream, RANGES.drone_m_s)
        far = (target[0] + reach * sin(radians(bearing)), target[1] + reach * cos(radians(bearing)))
        way = [(t, x, y, height) for t, x, y, _ in line(far, target, at, speed, 5.0)]
        begun = way[-1][0]
        for t in np.arange(5.0, hover_s, 5.0).tolist():
            way.append((begun + t, target[0] + 6 * sin(t / 30), target[1] + 6 * cos(t / 30) - 6, height * 0.7))
        back = line((way[-1][1], way[-1][2]), far, way[-1][0] + 5.0, speed, 5.0)
        return [*way, *((t, x, y, height) for t, x, y, _ in back)]


def line(start: Point, end: Point, at: float, speed: float, step: float) -> Iterator[tuple[float, float, float, float]]:
    """Points along a straight way, its end included."""
    lasts = hypot(end[0] - start[0], end[1] - start[1]) / speed
    for t in [*np.arange(0.0, lasts, step).tolist(), lasts]:
        share = t / lasts if lasts else 1.0
        yield at + t, start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]), 0.0
