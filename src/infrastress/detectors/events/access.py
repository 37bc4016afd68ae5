"""Badge rules: a known person, in their zones, in their shift."""

from infrastress.detectors.events.base import EventRuleOptions, Memory, Notice
from infrastress.detectors.events.people import Roster
from infrastress.events import AccessAttempt, Event
from infrastress.site import Site

__all__ = ["AccessRules"]

_TECHNIQUES = ("T0864",)


class AccessRules:
    """Judges badges at doors."""

    def __init__(self, site: Site, roster: Roster, options: EventRuleOptions) -> None:
        self.site, self.roster, self.options = site, roster, options
        self.zones = {zone.id: zone for zone in site.zones}

    def judge(self, event: Event, body: AccessAttempt, memory: Memory) -> list[Notice]:
        """Notices of one badge."""
        if not body.granted:
            return self._denied(event, body, memory)
        if body.direction == "out":
            return self._shift(event, body, leaving=True)
        return self._place(event, body) + self._shift(event, body, leaving=False)

    def _place(self, event: Event, body: AccessAttempt) -> list[Notice]:
        zone = self.zones.get(body.zone)
        restricted = zone is not None and zone.access == "restricted"
        if zone is not None and zone.access == "public":
            return []
        person = self.roster.by_badge.get(body.person)
        where, when = self._where(body), self.roster.clock(event.occurred)
        if person is None:
            return [
                Notice(
                    rule="access.unknown_badge",
                    subject=body.person,
                    severity="high" if restricted else "medium",
                    sentence=f"badge {body.person} is nobody's of this site, yet it opened {body.door} to {where} "
                    f"at {when}",
                    source_kind="access",
                    suspicion="intrusion",
                    confidence=0.6,
                    assets=(body.door,),
                    zone=body.zone,
                    evidence=(event.id,),
                    techniques=_TECHNIQUES,
                )
            ]
        if body.zone in person.zones or (not person.zones and not restricted):
            return []
        return [
            Notice(
                rule="access.out_of_place",
                subject=f"{person.id}@{body.zone}",
                severity="high" if restricted else "medium",
                sentence=f"{person.id} ({person.role}) entered {where} by {body.door} at {when}; none of this person's "
                f"work is there ({', '.join(person.zones) or 'no zones listed'})",
                source_kind="access",
                suspicion="intrusion",
                confidence=0.5,
                assets=(body.door,),
                zone=body.zone,
                evidence=(event.id,),
                techniques=_TECHNIQUES,
            )
        ]

    def _shift(self, event: Event, body: AccessAttempt, *, leaving: bool) -> list[Notice]:
        person = self.roster.by_badge.get(body.person)
        after = self.options.leave_slack_s if leaving else self.options.shift_slack_s
        if person is None or self.roster.on_shift(person, event.occurred, self.options.shift_slack_s, after):
            return []
        zone = self.zones.get(body.zone)
        if zone is not None and zone.access == "public":
            return []
        # Being called in is ordinary; being called in to a zone that is none of one's business is `out_of_place`.
        return [
            Notice(
                rule="access.outside_shift",
                subject=person.id,
                severity="low",
                sentence=f"{person.id} ({person.role}) {'left' if leaving else 'entered'} {self._where(body)} at "
                f"{self.roster.clock(event.occurred)}, outside of shift {' or '.join(person.shifts)}",
                source_kind="access",
                suspicion="intrusion",
                confidence=0.2,
                assets=(body.door,),
                zone=body.zone,
                evidence=(event.id,),
                techniques=_TECHNIQUES,
            )
        ]

    def _denied(self, event: Event, body: AccessAttempt, memory: Memory) -> list[Notice]:
        window = round(self.options.denied_s * 1e9)
        found = []
        for key, name in ((f"denied-badge:{body.person}", body.person), (f"denied-door:{body.door}", body.door)):
            seen = memory.add(key, (event.occurred, event.id, body.person), window)
            if len(seen) >= self.options.denied_count:
                found.append((name, seen))
        if not found:
            return []
        name, seen = found[0]
        return [
            Notice(
                rule="access.denied_repeatedly",
                subject=name,
                severity="medium",
                sentence=f"{len(seen)} refusals of {name} within {self.options.denied_s / 60:.0f} min, last at "
                f"{body.door} to {self._where(body)} at {self.roster.clock(event.occurred)}",
                source_kind="access",
                suspicion="intrusion",
                confidence=0.4,
                assets=(body.door,),
                zone=body.zone,
                evidence=tuple(item[1] for item in seen),
                techniques=_TECHNIQUES,
                score=len(seen) / self.options.denied_count,
            )
        ]

    def _where(self, body: AccessAttempt) -> str:
        zone = self.zones.get(body.zone)
        name = (zone.name or zone.id) if zone is not None else body.zone
        return f"{name} ({zone.access})" if zone is not None else name
