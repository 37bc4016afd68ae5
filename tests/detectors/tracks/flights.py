"""A site with closed zones, and tracks over it: points with noise, by hand."""

import random
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from infrastress.core.time import SECOND
from infrastress.detectors.tracks import TrackDetector
from infrastress.detectors.tracks.options import TrackOptions
from infrastress.events import Event, TrackPoint, make_event
from infrastress.events.frames import Block, Finding, Frames
from infrastress.site import Site
from infrastress.site.geo import Georeference

START = 1_772_000_000 // 60 * 60 * SECOND


def harbour(**location: Any) -> Site:
    """A tank farm closed to drones and people, a jetty closed to vessels, a yard open to all; metres."""
    return Site.model_validate(
        {
            "id": "harbour",
            "location": {"latitude": 41.2, "longitude": 11.9, **location},
            "zones": [
                {
                    "id": "farm",
                    "name": "Tank farm",
                    "access": "restricted",
                    "explosive": "zone1",
                    "polygon": [[0, 0], [200, 0], [200, 200], [0, 200]],
                    "closed_to": ["drone", "person"],
                },
                {"id": "jetty", "polygon": [[-300, 50], [-50, 50], [-50, 90], [-300, 90]], "closed_to": ["vessel"]},
                {"id": "yard", "polygon": [[300, 0], [400, 0], [400, 100], [300, 100]]},
            ],
            "assets": [
                {"id": "T-1", "type": "tank", "height_m": 10, "diameter_m": 20, "position": [100, 100], "zone": "farm"},
                {"id": "RADAR-1", "type": "radar", "position": [210, 0]},
            ],
            "runtime": {"frame_s": 60},
        }
    )


class Sky:
    """Collects points of tracks."""

    def __init__(self, site: Site) -> None:
        self.site, self.geo = site, Georeference(site.location)
        self.events: list[Event] = []

    def point(self, t: float, x: float, y: float, **fields: Any) -> None:
        """One point at a place in the site's metres, `t` seconds from the start."""
        latitude, longitude = self.geo.to_earth((x, y))
        told = {"track": "1", "sensor": "RADAR-1", "what": "drone", "accuracy_m": 5.0, **fields}
        body = TrackPoint(latitude=latitude, longitude=longitude, **told)
        at = START + round(t * SECOND)
        self.events.append(
            make_event(site="harbour", source="radar", sequence=len(self.events), occurred=at, body=body)
        )

    def fly(
        self,
        way: Iterable[tuple[float, float]],
        *,
        speed: float,
        begin: float = 0.0,
        step: float = 1.0,
        noise: float = 3.0,
        seed: int = 0,
        **fields: Any,
    ) -> float:
        """Points along a way at a speed; returns when it ends."""
        draw, t = random.Random(seed), begin
        corners = list(way)
        for (ax, ay), (bx, by) in pairwise(corners):
            length = float(np.hypot(bx - ax, by - ay))
            count = max(1, round(length / speed / step))
            for i in range(count):
                x, y = ax + (bx - ax) * i / count, ay + (by - ay) * i / count
                self.point(t, x + draw.gauss(0, noise), y + draw.gauss(0, noise), **fields)
                t += step
        return t

    def block(self, minutes: int | None = None) -> Block:
        """All of it, with empty frames."""
        last = max((event.occurred for event in self.events), default=START)
        n = minutes or int((last - START) // (60 * SECOND)) + 2
        ends = START + np.arange(1, n + 1, dtype=np.int64) * 60 * SECOND
        empty = np.full((n, 0), np.nan)
        frames = Frames(60 * SECOND, ends, (), empty, empty, np.zeros((n, 0), dtype=np.int32))
        return Block(frames, tuple(sorted(self.events, key=lambda e: (e.occurred, e.id))))


def judged(sky: Sky, minutes: int | None = None, **options: Any) -> list[Finding]:
    """All findings."""
    return TrackDetector(sky.site, TrackOptions(**options)).update(sky.block(minutes))


def raised(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """(rule, zone, severity) of what was raised, in order."""
    return [(one.body.rule, one.zone, one.body.severity) for one in findings if one.body.phase == "raised"]
