"""Voting (IEC 61511): MooN of a group, what is left of it, and whether it is confirmed.

A member in fault, inhibited, under test or silent can't vote. It is counted to the safe side, as a logic solver does
that takes a detected fault for a vote: of 2oo3 with one out, 1oo2 is left. A plant's own solver may do otherwise; what
it trips is its business, what is said here is what can still be believed.
"""

from collections.abc import Mapping

from infrastress.detectors.observations.episodes import Episodes
from infrastress.detectors.observations.notices import Notice
from infrastress.detectors.perimeter.base import Condition, Plant
from infrastress.events.kinds import Severity
from infrastress.site.context import VotingGroup

__all__ = ["Votes", "left_of"]

_OUT: dict[Condition, str] = {
    "fault": "in fault", "inhibited": "inhibited", "test": "under test", "silent": "silent", "tamper": "opened",
}  # fmt: skip
_VOTES = frozenset({"alarm", "high"})
_INHIBITED = ("switch.disabled", "gas.inhibited")
_AT_ONCE = frozenset({"flame_detector", "smoke_detector", "call_point", "level_switch"})
"""What knows one alarm alone: a vote of those is as grave as of gas heads above their high alarm."""


def left_of(needed: int, members: int, out: int) -> tuple[int, int]:
    """M and N of what is left of MooN when some members can't vote; (0, 0) when nobody can."""
    left = members - out
    return (0, 0) if left <= 0 else (min(left, max(1, needed - out)), left)


class Votes:
    """Groups of one site."""

    def __init__(self, plant: Plant, open_: Episodes) -> None:
        self.plant, self._open = plant, open_
        self._of: dict[str, list[VotingGroup]] = {}
        for group in plant.site.voting:
            for member in group.members:
                self._of.setdefault(member, []).append(group)

    def judge(
        self, device: str, standing: Mapping[str, Condition], now: int, evidence: tuple[str, ...]
    ) -> list[Notice]:
        """Notices of the groups of a device that has just changed how it stands."""
        return [one for group in self._of.get(device, ()) for one in self._group(group, standing, now, evidence)]

    def _group(self, group: VotingGroup, standing: Mapping[str, Condition], now: int,
               evidence: tuple[str, ...]) -> list[Notice]:  # fmt: skip
        members = tuple(dict.fromkeys(group.members))
        out = [name for name in members if standing.get(name) in _OUT]
        alarms = [name for name in members if standing.get(name) in _VOTES]
        grave = [name for name in alarms if standing[name] == "high" or self._type(name) in _AT_ONCE]
        needed, left = left_of(group.needed, len(members), len(out))
        name, when = group.name or group.id, self.plant.roster.clock(now)
        absent = ", ".join(f"{one} {_OUT[standing[one]]}" for one in out)
        rest = f"{needed}oo{left} left" if left else "nobody left to vote"
        found = []
        confirmed = bool(needed) and len(alarms) >= needed
        severity: Severity = "critical" if needed and len(grave) >= needed else "high"
        sentence = f"{name}: {', '.join(alarms)} in alarm at {when}, {len(alarms)} of the {needed} needed" + (
            f" ({group.needed}oo{len(members)}, {rest}: {absent})" if out else f" ({group.needed}oo{len(members)})"
        )
        found.append(
            self._notice(
                "vote.confirmed",
                group,
                severity,
                sentence=sentence,
                assets=tuple(alarms),
                evidence=evidence,
                over=not confirmed,
            )
        )
        # One after the other is how they are tested; what was taken out by somebody at work on it is watched.
        tested = len(out) == 1 and any(self._open.severity(rule, out[0][:80]) == "low" for rule in _INHIBITED)
        few = left < group.needed and not tested
        sentence = f"{name}: {rest} of {group.needed}oo{len(members)} since {when}: {absent}"
        found.append(
            self._notice(
                "vote.reduced",
                group,
                "medium" if few else "low",
                sentence=sentence,
                assets=tuple(out),
                evidence=evidence,
                over=not out,
            )
        )
        return found

    def _type(self, device: str) -> str:
        asset = self.plant.site.asset_by_id.get(device)
        return asset.type if asset is not None else ""

    def _notice(
        self,
        rule: str,
        group: VotingGroup,
        severity: Severity,
        *,
        sentence: str,
        assets: tuple[str, ...],
        evidence: tuple[str, ...],
        over: bool,
    ) -> Notice:
        reduced = rule == "vote.reduced"
        return Notice(
            rule=rule,
            subject=group.id,
            severity=severity,
            sentence=sentence if not over else "all can vote again" if reduced else "no longer enough in alarm",
            source_kind="access",
            suspicion="sensor_fault" if reduced else "process_fault",
            confidence=0.8 if reduced else 0.95,
            assets=assets,
            zone=self.plant.zone(group.members[0]),
            evidence=evidence,
            lasting=True,
            over=over,
        )
