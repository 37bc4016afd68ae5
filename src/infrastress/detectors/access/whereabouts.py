"""Where each badge is on paper: the reads of a person as a history, of which every verdict is a function.

A late read goes to its place in the history and everything behind it is judged again: what it explains is taken back.
"""

from bisect import insort
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec

from infrastress.core.time import SECOND
from infrastress.detectors.access.base import Scene
from infrastress.detectors.access.presence import PresenceRules
from infrastress.detectors.access.track import Entry, Place
from infrastress.detectors.access.travel import TravelRules
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.ground import OFF_SITE
from infrastress.detectors.observations.notices import Notice
from infrastress.events import AccessAttempt, Event, LoginAttempt, SessionState

__all__ = ["Whereabouts"]

_MOST_ENTRIES = 12
_MOST_ORIGINS = 8


class _Track(msgspec.Struct, array_like=True):
    """The newest entries of one person, where they were before the first, and whence they came in, since when."""

    base: Place | None = None
    entries: list[Entry] = msgspec.field(default_factory=list)
    cut: int = -1
    origins: dict[str, int] = msgspec.field(default_factory=dict)


class _Step(NamedTuple):
    place: Place | None
    notices: list[Notice]


class Whereabouts(Rules):
    """Follows people from read to read, and holds logins against where they are."""

    name: ClassVar[str] = "whereabouts"
    kinds: ClassVar[tuple[type, ...]] = (AccessAttempt, LoginAttempt, SessionState)

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._travel, self._presence = TravelRules(scene), PresenceRules(scene, self._guest)
        self._guests = sorted(one.id for one in scene.site.people if one.role == "visitor")
        self._stale = round(scene.options.stale_s * SECOND)
        self._tracks: dict[str, _Track] = {}
        self._now: dict[str, Place | None] = {}

    def judge(self, event: Event, body: AccessAttempt | LoginAttempt | SessionState) -> Iterator[Notice]:
        """Notices of one read or login, and ends of those that a late one explains."""
        told = self._entry(event, body)
        if told is None:
            return
        name, entry = told
        track = self._tracks.setdefault(name, _Track())
        if entry.kind == "remote":
            track.origins[entry.origin] = min(entry.t, track.origins.get(entry.origin, entry.t))
            if len(track.origins) > _MOST_ORIGINS:  # the habits of old stay, whatever an intruder tries
                del track.origins[max(track.origins, key=lambda one: (track.origins[one], one))]
        if entry.t <= track.cut or any(one.same(entry) for one in track.entries):
            return
        if not track.entries or track.entries[-1] < entry:
            track.entries.append(entry)
            step = self._step(name, track, self._now.get(name), entry)
            self._now[name] = step.place
            entry.said = [(one.rule, one.subject) for one in step.notices]
            yield from step.notices
        else:
            insort(track.entries, entry)
            yield from self._again(name, track)
        while len(track.entries) > _MOST_ENTRIES:
            first = track.entries.pop(0)
            track.base = self._step(name, track, track.base, first).place
            track.cut = first.t

    def _again(self, name: str, track: _Track) -> Iterator[Notice]:
        """Judge a whole history; what is new is said, what no longer holds is over."""
        place, notices, before = track.base, [], set()
        for entry in track.entries:
            step = self._step(name, track, place, entry)
            place = step.place
            before.update(entry.said)
            notices += [one for one in step.notices if (one.rule, one.subject) not in entry.said]
            entry.said = [(one.rule, one.subject) for one in step.notices]
        self._now[name] = place
        held = {key for entry in track.entries for key in entry.said}
        for rule, subject in sorted(before - held):
            sentence = "explained by a read that came late"
            yield Notice(rule, subject, "info", sentence, "access", over=True)
        yield from notices

    def _step(self, name: str, track: _Track, place: Place | None, entry: Entry) -> _Step:
        if place is not None and place.zone != OFF_SITE and entry.t - place.since > self._stale:
            place = None  # who left stays off the site until a read says otherwise
        if entry.kind in ("in", "out"):
            return _Step(*self._travel.step(name, place, entry))
        return _Step(place, self._presence.judge(name, place, entry, track.origins))

    def _guest(self, zone: str, moment: int) -> bool:
        """Whether a visitor's badge, as it is given to who forgot theirs, was read into a zone lately."""
        return any(
            self._went_in(entry, zone)
            for name in self._guests if name in self._tracks for entry in self._visit(name, moment)
        )  # fmt: skip

    def _visit(self, name: str, moment: int) -> list[Entry]:
        """Reads of a badge since it came in by a gate, up to a moment; once it went out again only that."""
        ground = self.scene.ground
        visit: list[Entry] = []
        for entry in self._tracks[name].entries:
            if moment - self._stale <= entry.t <= moment and entry.kind in ("in", "out"):
                if ground.outside(ground.doors[entry.at]) == OFF_SITE:
                    visit = []
                visit.append(entry)
        return visit

    def _went_in(self, entry: Entry, zone: str) -> bool:
        return entry.kind == "in" and self.scene.ground.doors[entry.at].leads_to == zone

    def occupied(self, zone: str, moment: int) -> bool:
        """Whether somebody is in a zone on paper."""
        return any(
            place is not None and place.zone == zone and 0 <= moment - place.since <= self._stale
            for place in self._now.values()
        )

    def _entry(self, event: Event, body: AccessAttempt | LoginAttempt | SessionState) -> tuple[str, Entry] | None:
        """Whose history it belongs to and as what; None where it says nothing of where somebody is."""
        if isinstance(body, AccessAttempt):
            if not body.granted or body.door not in self.scene.ground.doors:
                return None
            person = self.scene.roster.by_badge.get(body.person)  # of strangers nothing is kept: they are told anyway
            entry = Entry(event.occurred, event.id, body.direction, body.door)
            return (person.id, entry) if person is not None else None
        if body.success is False if isinstance(body, LoginAttempt) else body.state != "opened":
            return None
        owner = self.scene.roster.by_account.get(body.account)
        if owner is None:
            return None
        kind = "remote" if body.remote else "local"
        return owner.id, Entry(event.occurred, event.id, kind, body.host[:80], body.origin[:80], body.account)

    def dump(self) -> Any:
        """Histories by person."""
        return self._tracks

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        self._tracks = msgspec.json.decode(data, type=dict[str, _Track])
        for name, track in self._tracks.items():
            place = track.base
            for entry in track.entries:
                place = self._step(name, track, place, entry).place
            self._now[name] = place
