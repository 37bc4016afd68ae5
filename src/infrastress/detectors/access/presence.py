"""Logins against badges: an account used where its owner is not, or from outside while they are inside."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address

from infrastress.core.time import HOUR, SECOND
from infrastress.detectors.access.base import Scene
from infrastress.detectors.access.logins import critical
from infrastress.detectors.access.track import Entry, Place
from infrastress.detectors.observations.ground import OFF_SITE
from infrastress.detectors.observations.notices import Notice, raised_by
from infrastress.events.kinds import Severity
from infrastress.site.assets import Controller, Host

__all__ = ["PresenceRules"]

_HABIT = 12 * HOUR
"""An origin used for so long is a habit; one of the same night is not."""


class PresenceRules:
    """Judges one login against where its owner is on paper."""

    def __init__(self, scene: Scene, guest: Callable[[str, int], bool]) -> None:
        self.scene, self._guest = scene, guest
        self._guests = any(one.role == "visitor" for one in scene.site.people)
        self._by_address: dict[str, str] = {}
        for asset in scene.site.assets:
            if isinstance(asset, Host | Controller):
                self._by_address.update({interface.address: asset.id for interface in asset.interfaces})

    def judge(self, name: str, place: Place | None, entry: Entry, origins: Mapping[str, int]) -> list[Notice]:
        """Notices of one login; none where nothing is known of its owner. `origins`: whence they came, since when."""
        if place is None:
            return []
        if entry.kind == "remote":
            return self._remote(name, place, entry, usual=_usual(entry, origins))
        return self._local(name, place, entry)

    def _remote(self, name: str, place: Place, entry: Entry, *, usual: bool) -> list[Notice]:
        """From outside while inside. After the shift, or long after the read, the way out was rather missed.

        Who may come in from outside, and does from where they always do, rather has a line of their own in the office.
        """
        if place.zone == OFF_SITE or not (place.sure or self.scene.ground.sealed):
            return []
        if entry.origin != entry.at and entry.origin in self.scene.site.asset_by_id:
            return []  # from a host of this site: the next step of a session that came in before
        person = self.scene.roster.by_badge[name]
        working = self.scene.roster.on_shift(person, entry.t, 0.0, 0.0)
        slip = not working or entry.t - place.since > round(self.scene.options.slip_s * SECOND)
        calm = slip or (usual and person.remote and not self.scene.ground.grave(place.zone))
        severity: Severity = "info" if calm else self._weighed("medium", entry.at)
        sentence = (
            f"{entry.account} of {self.scene.titled(name)} came in from outside ({entry.origin}) to {entry.at} at "
            f"{self._clock(entry.t)}, while the badge is in {self.scene.ground.where(place.zone)} since "
            f"{self._clock(place.since)}: "
            + ("was it not read on the way out?" if slip else "a line of their own?" if calm else "who is it?")
        )
        return [
            self._notice(
                "login.while_inside",
                entry,
                place,
                severity=severity,
                confidence=0.2 if calm else 0.6,
                sentence=sentence,
                remote=True,
            )
        ]

    def _local(self, name: str, place: Place, entry: Entry) -> list[Notice]:
        """At a host in a zone behind doors into which its owner was not read."""
        ground = self.scene.ground
        seat = self._seat(entry)
        if seat is None or seat not in ground.behind_doors or seat == place.zone or not place.sure:
            return []
        severity = self._severity(name, place, seat, entry)
        if severity is None:
            return []
        sentence = (
            f"{entry.account} of {self.scene.titled(name)} logged in to {entry.at} in {ground.where(seat)} at "
            f"{self._clock(entry.t)}, but the badge is {_in(ground.where(place.zone), place.zone)} since "
            f"{self._clock(place.since)} ({place.door})"
        )
        confidence = 0.2 if severity in ("info", "low") else 0.6
        return [
            self._notice(
                "login.not_there",
                entry,
                place,
                severity=severity,
                confidence=confidence,
                sentence=sentence,
                remote=False,
            )
        ]

    def _severity(self, name: str, place: Place, seat: str, entry: Entry) -> Severity | None:
        """How much it weighs that somebody sits where they were not read; None where that is how crowds go in."""
        ground, roster = self.scene.ground, self.scene.roster
        if place.zone == OFF_SITE:
            # Who comes to work without a badge is given a visitor's at the gate; at sites that have none, they walk in
            # behind the others, and were read out before this shift.
            began = roster.shift_began(roster.by_badge[name], entry.t)
            forgot = self._guest(seat, entry.t) if self._guests else began is not None and place.since < began
            return "info" if forgot else self._weighed("medium", entry.at)
        doors = ground.doors_of(seat)
        if any(place.zone in (ground.outside(ground.doors[door]), ground.doors[door].leads_to) for door in doors):
            return None if self.scene.in_hours(name, entry.t) else "low"
        ways = [way for door in doors if (way := ground.walk(place.door, door)) is not None]
        seconds = (entry.t - place.since) / SECOND + self.scene.options.clocks_s
        if bool(ways) and min(ways) / seconds > self.scene.options.hurry_m_s:
            return self._weighed("medium", entry.at)
        # A read on the way out of an office is missed every day, and many logs call a desktop taken over from there
        # local; nobody sits at a screen while in a bund or a pump hall.
        off_shift = not self.scene.in_hours(name, entry.t)
        if ground.grave(place.zone):
            return "medium" if off_shift or critical(self.scene.site, entry.at) else "info"
        return "info" if off_shift else None

    def _weighed(self, severity: Severity, host: str) -> Severity:
        return raised_by(severity, int(critical(self.scene.site, host)))

    def _seat(self, entry: Entry) -> str | None:
        """The zone in which somebody sits: of the host it came from, else of the host itself."""
        assets = self.scene.site.asset_by_id
        origin = entry.origin
        if origin in ("", "console", entry.at):
            origin = entry.at
        elif origin not in assets:
            known = self._by_address.get(origin)
            if known is None and _address(origin):
                return None  # from a machine that isn't in the site model: the network rules judge that
            origin = known or entry.at
        asset = assets.get(origin)
        return asset.zone if asset is not None else None

    def _clock(self, ns: int) -> str:
        return self.scene.roster.clock(ns)

    def _notice(
        self,
        rule: str,
        entry: Entry,
        place: Place,
        *,
        severity: Severity,
        confidence: float,
        sentence: str,
        remote: bool,
    ) -> Notice:
        asset = self.scene.site.asset_by_id.get(entry.at)
        return Notice(
            rule=rule,
            subject=f"{entry.account[:80]}@{entry.at}",
            severity=severity,
            sentence=sentence,
            source_kind="network",
            suspicion="intrusion",
            confidence=confidence,
            assets=(entry.at,),
            zone=(asset.zone or "") if asset is not None else "",
            evidence=(place.id, entry.id),
            techniques=("T0822", "T0859") if remote else ("T0859",),
        )


def _in(words: str, zone: str) -> str:
    return words if zone == OFF_SITE else f"in {words}"


def _usual(entry: Entry, origins: Mapping[str, int]) -> bool:
    """Whether somebody comes in from where they did before; True while no habit is known."""
    habits = [origin for origin, since in origins.items() if since < entry.t - _HABIT]
    return entry.origin in habits or not habits


def _address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
