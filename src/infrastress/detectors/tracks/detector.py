"""TrackDetector: entry into closed zones, heading for them, lingering near, loss, and tracks that can't be."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

import msgspec
from pydantic import BaseModel

from infrastress.core.ids import canonical_json
from infrastress.core.time import SECOND
from infrastress.detectors.base import Detector, Heard, RuleCard, decode_state
from infrastress.detectors.episodes import Episode, Episodes, Notice
from infrastress.detectors.tracks.cards import CARDS
from infrastress.detectors.tracks.ground import ClosedZone, Ground
from infrastress.detectors.tracks.options import TrackOptions
from infrastress.detectors.tracks.track import Track
from infrastress.events import Event, TrackPoint
from infrastress.events.frames import Block, Finding
from infrastress.events.kinds import Severity
from infrastress.site import Site

__all__ = ["TrackDetector"]

_FORMAT: Final = 1
_MOST: Final = 2_000
"""Tracks held at a time; the one silent for longest makes room."""
_SENSORS: Final = 200
"""Sensors whose new tracks are counted at a time."""
_TOGETHER_S: Final = 30.0
_LINGERING: Final = frozenset({"drone", "person", "vehicle", "unknown"})


class _State(msgspec.Struct):
    format: int
    open: list[tuple[str, str, Episode]]
    tracks: list[Track]
    new: dict[str, list[int]]


class TrackDetector(Detector):
    """Judges points of tracks one by one, in order of (occurred, id) within a block.

    An episode is one rule, kind of object and zone, however many tracks: a swarm is one alarm that says how many. A
    point older than the last of its track is passed over.
    """

    name: ClassVar[str] = "tracks"
    version: ClassVar[str] = "1"
    hears: ClassVar[frozenset[Heard]] = frozenset({"events"})
    prompt: ClassVar[bool] = True
    Options: ClassVar[type[BaseModel]] = TrackOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in CARDS}
    state_free_of: ClassVar[frozenset[str]] = frozenset(Site.model_fields) - {"location", "zones"}

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else TrackOptions(), baseline)
        self._ground = Ground(site)
        self._reset()

    def _reset(self) -> None:
        quiet = self.options.quiet_s
        self._episodes = Episodes(self.name, self.version, "access", quiet_s=quiet, standing_s=86_400.0)
        self._tracks: dict[str, Track] = {}
        self._new: dict[str, list[int]] = {}
        # What follows from the tracks: who has an identity, and when the first of them may be lost.
        self._named: dict[str, set[str]] = {}
        self._earliest = 1 << 62

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's points; frames only tell how far time has come."""
        findings: list[Finding] = []
        if self._ground.geo.known:
            for event in sorted(block.events, key=lambda e: (e.occurred, e.id)):
                if isinstance(event.body, TrackPoint):
                    findings += self._pass(event.occurred - 1)
                    for notice in self._judge(event, event.body):
                        findings += self._take(notice)
        if block.reached:
            findings += self._pass(block.reached - 1)  # a point of that very moment may still come
        findings.sort(key=lambda f: (f.occurred, f.body.rule, f.assets, f.body.episode))
        return findings

    def _take(self, notice: Notice) -> Iterator[Finding]:
        if notice.rule not in self.options.off:
            yield from self._episodes.take(notice)

    def _judge(self, event: Event, point: TrackPoint) -> Iterator[Notice]:
        where = self._ground.where(point, self.options.sigma_m)
        key = f"{point.sensor}\0{point.track}"
        track = self._drop(key)
        if track is None:
            track = Track.first(point, event.occurred, where, self.options, event.id)
            yield from self._counted(track)
        elif event.occurred > track.time:
            speed = track.go_on(point, event.occurred, where, self.options, event.id)
            if speed is not None:
                yield self._jumped(track, speed)
        else:
            self._hold(track)
            return
        if point.lost:
            yield from self._lost(track, event.occurred)
            return
        self._hold(track)
        if len(self._tracks) > _MOST:
            self._drop(next(iter(self._tracks)))
        if track.time == event.occurred:
            yield from self._twice(track)
            if track.what == "unknown" and self._seen_better(track):
                return
            zones = [zone for zone in self._ground.zones if zone.concerns(track.what)]
            first = self._ahead(track, zones)
            for zone in zones:
                yield from self._at(track, zone, first[1] if first is not None and first[0] is zone else None)

    def _ahead(self, track: Track, zones: list[ClosedZone]) -> tuple[ClosedZone, float] | None:
        """The closed zone that its straight way on meets first, and in how many seconds; not what is behind."""
        if track.high or track.inside or not track.heads():
            return None
        ways = [(zone, zone.reached(track.state, track.nature.warned_s)) for zone in zones]
        return min(((zone, s) for zone, s in ways if s is not None), key=lambda way: way[1], default=None)

    def _seen_better(self, track: Track) -> bool:
        """Whether another sensor knows what this unknown object is: that track speaks for both."""
        for other in self._tracks.values():
            if other.what == "unknown" or other.sensor == track.sensor:
                continue
            seconds = (track.time - other.time) / SECOND
            if seconds > _TOGETHER_S:
                continue
            x, y = other.state.x + other.state.vx * seconds, other.state.y + other.state.vy * seconds
            slack = 2 * (other.state.sigma + track.state.sigma) + self.options.together_m
            if math.hypot(x - track.state.x, y - track.state.y) <= slack:
                return True
        return False

    def _hold(self, track: Track) -> None:
        """Keep a track; the last to speak stands last."""
        self._tracks[track.key] = track
        self._earliest = min(self._earliest, track.due(self.options))
        if track.identity:
            self._named.setdefault(track.identity, set()).add(track.key)

    def _drop(self, key: str) -> Track | None:
        track = self._tracks.pop(key, None)
        if track is not None and track.identity:
            self._named[track.identity].discard(key)
            if not self._named[track.identity]:
                del self._named[track.identity]
        return track

    def _at(self, track: Track, zone: ClosedZone, seconds: float | None) -> Iterator[Notice]:
        """What one track does about one zone, reached in so many seconds where it is the first in its way."""
        depth = zone.depth(track.state.x, track.state.y)
        margin = min(self.options.inside_m + track.state.sigma, math.sqrt(zone.shape.area) / 4)
        was = zone.id in track.inside
        inside = not track.high and depth > (-margin if was else margin)
        if inside:
            track.inside.setdefault(zone.id, track.time)
            track.toward.pop(zone.id, None)
            yield self._entered(track, zone, depth)
            yield from self._over(track, zone, "tracks.heading", "it is there")
            return
        if was:
            del track.inside[zone.id]
            yield from self._over(track, zone, "tracks.inside", "it has left")
        yield from self._heading(track, zone, seconds)
        yield from self._lingering(track, zone, depth)

    def _heading(self, track: Track, zone: ClosedZone, seconds: float | None) -> Iterator[Notice]:
        nature = track.nature
        since, last = track.toward.get(zone.id, (track.time, track.time))
        if seconds is None:
            # It wavers: a few points aside don't end it.
            if zone.id in track.toward and track.time - last > 2 * nature.steady_s * SECOND:
                del track.toward[zone.id]
                yield from self._over(track, zone, "tracks.heading", "it heads elsewhere")
            return
        track.toward[zone.id] = (since, track.time)
        if track.time - since < nature.steady_s * SECOND:
            return
        urgent = seconds <= nature.urgent_s and track.what != "unknown"  # a bird heads anywhere
        yield self._notice(
            "tracks.heading",
            track,
            zone,
            "medium" if urgent else "low",
            f"{self._words(track)} heads for {zone.name} and reaches it in {_duration(seconds)}",
            began=since,
            confidence=0.5 if urgent else 0.3,
        )

    def _lingering(self, track: Track, zone: ClosedZone, depth: float) -> Iterator[Notice]:
        since = track.anchor[2]
        stays = track.time - since >= self.options.linger_s * SECOND and track.what in _LINGERING and not track.high
        if not stays or depth < -self.options.near_m:
            if zone.id in track.beside:
                track.beside = [one for one in track.beside if one != zone.id]
                yield from self._over(track, zone, "tracks.lingering", "it has gone on")
            return
        if zone.id not in track.beside:
            track.beside = sorted([*track.beside, zone.id])
        yield self._notice(
            "tracks.lingering",
            track,
            zone,
            "medium" if track.what == "drone" else "low",
            f"{self._words(track)} has stayed {max(0.0, -depth):.0f} m from {zone.name} for "
            f"{_duration((track.time - since) / SECOND)}",
            began=since,
            confidence=0.4,
        )

    def _entered(self, track: Track, zone: ClosedZone, depth: float) -> Notice:
        near = self._ground.nearest(track.state.x, track.state.y)
        by = f", {near[1]:.0f} m from {near[0]}" if near is not None else ""
        others = sum(1 for one in self._tracks.values() if one.what == track.what and zone.id in one.inside)
        many = f"; {others} of them are there" if others > 1 else ""
        severity: Severity = "high" if zone.grave else "medium"
        if track.what == "unknown":
            stays = track.time - track.inside[zone.id] >= self.options.stays_s * SECOND
            severity = "medium" if stays else "low"
        return self._notice(
            "tracks.inside",
            track,
            zone,
            severity,
            f"{self._words(track)} is in {zone.name}, {max(0.0, depth):.0f} m inside{by}{many}",
            began=track.time,
            confidence=0.8 if track.what != "unknown" else 0.5,
            assets=(near[0],) if near is not None else (),
        )

    def _lost(self, track: Track, at: int) -> Iterator[Notice]:
        """A track that ends where it matters."""
        for zone in self._ground.zones:
            if zone.id in track.inside or zone.id in track.toward:
                there = zone.id in track.inside
                yield self._notice(
                    "tracks.lost",
                    track,
                    zone,
                    "medium" if there and track.what != "unknown" else "low",
                    f"{self._words(track)} was lost {'in' if there else 'on its way to'} {zone.name}: landed, hidden, "
                    "or out of the sensor's sight",
                    at=at,
                    began=track.time,
                    confidence=0.5,
                )

    def _jumped(self, track: Track, speed: float) -> Notice:
        near = [zone for zone in self._ground.zones if zone.depth(track.state.x, track.state.y) > -self.options.near_m]
        return self._notice(
            "tracks.jumped",
            track,
            near[0] if near else None,
            "medium" if near else "low",
            f"{self._words(track)} can't be: it would have gone {speed:.0f} m/s. A forged position, or two objects "
            "under one number",
            began=track.time,
            confidence=0.5,
        )

    def _twice(self, track: Track) -> Iterator[Notice]:
        if not track.identity:
            return
        for key in sorted(self._named[track.identity]):
            other = self._tracks[key]
            if other.number == track.number:
                continue
            if track.time - other.time > _TOGETHER_S * SECOND:
                continue
            apart = math.hypot(other.state.x - track.state.x, other.state.y - track.state.y)
            slack = (
                3 * (other.state.sigma + track.state.sigma) + other.nature.fastest * (track.time - other.time) / SECOND
            )
            if apart > self.options.apart_m + slack:
                yield self._notice(
                    "tracks.copied",
                    track,
                    None,
                    "medium",
                    f"{track.identity} is at two places at once, {apart:.0f} m apart: one of them only says so",
                    began=other.time,
                    subject=track.identity,
                    confidence=0.6,
                )
                return

    def _counted(self, track: Track) -> Iterator[Notice]:
        """New tracks of a sensor within a minute."""
        times = [one for one in self._new.get(track.sensor, []) if track.time - one < 60 * SECOND]
        times.append(track.time)
        self._new[track.sensor] = times[-self.options.flood :]
        if len(self._new) > _SENSORS:  # names of sensors may be forged too
            del self._new[min(self._new, key=lambda sensor: (self._new[sensor][-1], sensor))]
        if len(times) >= self.options.flood:
            yield self._notice(
                "tracks.flood",
                track,
                None,
                "medium",
                f"{track.sensor} tells of {len(times)} new tracks within a minute: forged ones that hide a true one, a "
                "flock, or a sensor in fault",
                began=times[0],
                subject=track.sensor,
                confidence=0.5,
                assets=(track.sensor,) if track.sensor in self.site.asset_by_id else (),
            )

    def _over(self, track: Track, zone: ClosedZone, rule: str, why: str) -> Iterator[Notice]:
        """An episode ends with the last track of its kind in it."""
        held = {"tracks.inside": "inside", "tracks.heading": "toward", "tracks.lingering": "beside"}[rule]
        if any(one.what == track.what and zone.id in getattr(one, held) for one in self._tracks.values()):
            return
        sentence = f"{self._words(track)}: {why}"
        yield self._notice(rule, track, zone, "info", sentence, began=track.time, over=True)

    def _notice(
        self,
        rule: str,
        track: Track,
        zone: ClosedZone | None,
        severity: Severity,
        sentence: str,
        *,
        began: int,
        confidence: float = 0.5,
        at: int | None = None,
        subject: str = "",
        assets: tuple[str, ...] = (),
        over: bool = False,
    ) -> Notice:
        if track.identity in self.options.known and track.identity and severity != "info":
            severity, sentence = "low", f"{sentence}. It says to be {track.identity}, which is expected"
        return Notice(
            rule=rule,
            subject=subject or f"{track.what}@{zone.id if zone is not None else track.number}",
            at=track.time if at is None else at,
            began=began,
            severity=severity,
            sentence=sentence,
            assets=assets,
            zone=zone.id if zone is not None else "",
            evidence=track.evidence,
            confidence=confidence,
            suspicion="sensor_falsified" if rule in ("tracks.jumped", "tracks.copied", "tracks.flood") else "intrusion",
            over=over,
        )

    def _words(self, track: Track) -> str:
        what = "an unknown object" if track.what == "unknown" else f"{track.what}"
        course = self._ground.geo.bearing((0.0, 0.0), (track.state.vx, track.state.vy))
        moving = f" at {track.state.speed:.0f} m/s on course {course:.0f}" if track.heads() else ""
        return f"{what} {track.number} ({track.sensor}){moving}"

    def _pass(self, now: int) -> list[Finding]:
        """What is lost or quiet by a time, each at its own."""
        findings: list[Finding] = []
        if now >= self._earliest:
            dues = sorted((track.due(self.options), key) for key, track in self._tracks.items())
            for due, key in dues:
                if due <= now and (track := self._drop(key)) is not None:
                    findings += self._episodes.quiet(due)
                    for notice in self._lost(track, due):
                        findings += self._take(notice)
            self._earliest = min((due for due, _ in dues if due > now), default=1 << 62)
        findings += self._episodes.quiet(now)
        return findings

    def dump(self) -> bytes:
        """Open episodes and tracks, as canonical JSON."""
        return canonical_json(_State(_FORMAT, self._episodes.dump(), list(self._tracks.values()), self._new))

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector.
        """
        state = decode_state(data, _State, self.name, _FORMAT)
        self._reset()
        self._episodes.load(state.open)
        for track in state.tracks:
            self._hold(track)
        self._new = state.new


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
