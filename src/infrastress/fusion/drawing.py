"""Groups that tie nothing together, and the alarm that each is drawn to (`grouping.Groups.anchor`)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from infrastress.fusion.alarms import AlarmRecord
from infrastress.fusion.grouping import Groups

__all__ = ["Drawn", "Moved"]


class Moved(NamedTuple):
    """A group that was looked at again: the alarms that it was and is drawn to, empty for none."""

    group: str
    old: str
    new: str


class Drawn:
    """Where groups are at home.

    Args:
        anchors: the alarm that each group is drawn to; changed here.
        records: all alarms, by key.
        groups: their groups.
    """

    def __init__(self, anchors: dict[str, str], records: dict[str, AlarmRecord], groups: Groups) -> None:
        self._anchors, self._records, self._groups = anchors, records, groups
        self._held: dict[str, list[str]] = {}
        self._sort()

    def __contains__(self, group: str) -> bool:
        return group in self._anchors

    def home(self, group: str) -> str:
        """The group whose incident tells of a group: its own, or that of the alarm it is drawn to."""
        anchor = self._anchors.get(group)
        return group if anchor is None else self._records[anchor].group

    def held(self, group: str) -> list[str]:
        """Groups that are drawn to a group."""
        return self._held.get(group, [])

    def free(self, group: str) -> str:
        """A group is drawn to nothing until it is looked at again; the group that it was drawn to, empty for none."""
        anchor = self._anchors.pop(group, None)
        return "" if anchor is None else self._records[anchor].group

    def look(self, touched: Iterable[AlarmRecord], changed: Iterable[str]) -> Iterator[Moved]:
        """Look again at all that may be drawn elsewhere since these alarms were touched and these groups changed."""
        ties = self._groups.ties
        again = {group for group in changed if group in self._records and not ties(self._records[group])}
        tying = []
        for record in touched:
            if ties(record):
                tying.append(record)
            else:
                again.add(record.group)
        if tying:
            named = {record.key for record in tying}
            again.update(self._groups.loose_near(tying))
            again.update(group for group, key in self._anchors.items() if key in named)
        for group in sorted(again & self._groups.members.keys()):
            old, new = self._anchors.pop(group, ""), self._groups.anchor(group)
            if new:
                self._anchors[group] = new
            yield Moved(group, old, new)
        self._sort()

    def _sort(self) -> None:
        self._held.clear()
        for group, key in sorted(self._anchors.items()):
            self._held.setdefault(self._records[key].group, []).append(group)
