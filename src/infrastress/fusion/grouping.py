"""Grouping: alarms that belong together by place and time, as connected components.

Two alarms are linked when their places touch (`places.py`), their spans overlap, they can be of one event by themselves
(`kinship.py`), and both tie things together or neither does. A span runs from the onset to a hold after the end
(`AlarmRecord.hold`), without end while the condition stands. Groups are the connected components of that relation: a
function of the set of alarms, not of the order in which they came to be known.

What calls somebody and says where ties things together. A site has hundreds of notices, which call nobody, and a report
of a smell may mean any of two clouds: they would tie one event to the next. So a group of them as a whole is drawn to
the tying alarm nearest to one of them in time, of those in reach (`anchor`).

Components grow by merging the smaller into the larger one, n log n in all. Only a clearing that becomes known late, or
a notice that becomes an alarm, can take a link away; the group is then worked out afresh.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Protocol

from infrastress.fusion.alarms import AlarmRecord
from infrastress.fusion.kinship import Matter, akin, matter_of
from infrastress.fusion.places import SITE_PLACE, Places
from infrastress.site import Site

__all__ = ["Groups", "Listener"]

Span = tuple[int, int]
_ANYWHERE = frozenset({SITE_PLACE})


class Listener(Protocol):
    """Whoever keeps something by group is told when groups change their name."""

    def merged(self, kept: str, gone: str, moved: list[str]) -> None:
        """`gone`, whose records were `moved`, became part of `kept`."""
        ...

    def parted(self, old: str, new: set[str]) -> None:
        """`old` fell apart into `new`, which may hold `old` itself."""
        ...


class Groups:
    """Connected components of alarm records; a group is named by one of its records.

    Args:
        records: all alarms, by key.
        site: the site model.
        places: where evidence lies.
        listener: is told when groups change their name.
    """

    def __init__(self, records: dict[str, AlarmRecord], site: Site, places: Places, listener: Listener) -> None:
        self.members: dict[str, list[str]] = {}
        self._records = records
        self._site, self._places = site, places
        self._listener = listener
        self._index: dict[str, dict[str, list[str]]] = {}
        self._latest_start = -(1 << 62)
        for key in sorted(records):
            self._enter(records[key], records[key].group)

    def added(self, record: AlarmRecord, span: Span, old_end: int) -> None:
        """A record got a span; `old_end` is where the span it continues ended before, or less than its start.

        Nothing that begins before `old_end` can become linked by going on, so in order of time a repeat costs nothing.
        """
        if not record.group:
            self._enter(record, record.key)
        elif old_end >= max(span[0], self._latest_start):
            return
        self._latest_start = max(self._latest_start, span[0])
        self._link(record, [span])

    def widened(self, record: AlarmRecord) -> None:
        """A grouped record lies at more places than before."""
        for place in self._own(record):
            keys = self._index.setdefault(place, {}).setdefault(record.group, [])
            if record.key not in keys:
                keys.append(record.key)
        self._link(record, record.effective_spans())

    def shortened(self, record: AlarmRecord, end: int) -> bool:
        """A record's span without end now ends at `end` (it may have a later one); True when that parted its group."""
        group = self.members[record.group]
        if len(group) == 1 or self._latest_start <= end:
            return False
        if all(self._records[key].latest_start <= end for key in group):
            return False
        return self._afresh(record.group)

    def ties(self, record: AlarmRecord) -> bool:
        """Whether an alarm ties others together: it calls somebody and says where."""
        return record.calls and self._own(record) != _ANYWHERE

    def nature(self, record: AlarmRecord) -> tuple[bool, Matter]:
        """What of an alarm, beside places and spans, decides what it is linked to."""
        return self.ties(record), matter_of(record, self._site)

    def changed(self, record: AlarmRecord) -> None:
        """The nature of a grouped record isn't what it was."""
        if len(self.members[record.group]) > 1:
            self._afresh(record.group, alone=record.key)
        self.widened(record)

    def anchor(self, group: str) -> str:
        """The calling alarm that a group of notices is drawn to; empty where none is in reach.

        That is the one whose first word lies nearest in time to that of one of them, the first by name of equally near.
        """
        best = (1 << 62, "")
        there: dict[str, list[AlarmRecord]] = {}
        for key in self.members[group]:
            record = self._records[key]
            spans = record.drawn_spans()
            matter = matter_of(record, self._site)
            for place in self._places.near(self._own(record)) & self._index.keys():
                if place not in there:
                    there[place] = sorted(self._at(place, ties=True), key=lambda one: one.first)
                for other in _outward(there[place], record.first):
                    far = abs(other.first - record.first), other.key
                    if far[0] > best[0]:
                        break
                    kin = far < best and akin(matter, matter_of(other, self._site))
                    if kin and _overlap(spans, other.effective_spans()):
                        best = far
        return best[1]

    def loose_near(self, records: Iterable[AlarmRecord]) -> set[str]:
        """Groups of what ties nothing, at places that touch these records."""
        near = frozenset().union(*(self._places.near(self._own(record)) for record in records))
        return {one.group for place in near & self._index.keys() for one in self._at(place, ties=False)}

    def _at(self, place: str, *, ties: bool) -> Iterable[AlarmRecord]:
        for group, keys in self._index[place].items():
            if self.ties(self._records[group]) == ties:
                yield from map(self._records.__getitem__, keys)

    def _afresh(self, old: str, alone: str = "") -> bool:
        """Work a group out again, but for one that is `alone`; True when it parted."""
        group = self.members[old]
        self._leave(old)
        for key in sorted(group):
            self._enter(self._records[key], key)
        for key in sorted(group):
            if key != alone:
                self._link(self._records[key], self._records[key].effective_spans(), quiet=True)
        new = {self._records[key].group for key in group}
        if len(new) == 1 and old not in new:
            self._rename(new.pop(), old)
            return False
        if new == {old}:
            return False
        self._listener.parted(old, new)
        return True

    def forget(self, group: str) -> list[str]:
        """Drop a group; returns the keys of its records."""
        keys = self.members[group]
        self._leave(group)
        return keys

    def _own(self, record: AlarmRecord) -> frozenset[str]:
        return self._places.of((*record.assets, *record.beside), record.zone, record.source_kind)

    def _enter(self, record: AlarmRecord, group: str) -> None:
        record.group = group
        self.members.setdefault(group, []).append(record.key)
        for place in self._own(record):
            self._index.setdefault(place, {}).setdefault(group, []).append(record.key)
        self._latest_start = max(self._latest_start, record.latest_start)

    def _leave(self, group: str) -> None:
        for key in self.members.pop(group):
            for place in self._own(self._records[key]):
                at = self._index.get(place)
                if at is not None:
                    at.pop(group, None)
                    if not at:
                        del self._index[place]

    def _link(self, record: AlarmRecord, spans: Iterable[Span], *, quiet: bool = False) -> None:
        spans = list(spans)
        near, (ties, matter) = self._places.near(self._own(record)), self.nature(record)
        for place in sorted(near & self._index.keys()):
            for group in sorted(self._index.get(place, ())):
                if group == record.group or group not in self._index.get(place, ()):
                    continue
                if self.ties(self._records[group]) != ties:
                    continue
                there = map(self._records.__getitem__, self._index[place][group])
                if any(
                    akin(matter, matter_of(one, self._site)) and _overlap(spans, one.effective_spans()) for one in there
                ):
                    self._merge(record.group, group, quiet)

    def _merge(self, one: str, other: str, quiet: bool) -> None:
        kept, gone = sorted((one, other), key=lambda group: (-len(self.members[group]), group))
        moved = self._rename(gone, kept)
        if not quiet:
            self._listener.merged(kept, gone, moved)

    def _rename(self, old: str, new: str) -> list[str]:
        keys = self.members[old]
        self._leave(old)
        for key in keys:
            self._enter(self._records[key], new)
        return keys


def _outward(records: Sequence[AlarmRecord], moment: int) -> Iterable[AlarmRecord]:
    """Records sorted by their first word, the nearest to a moment first."""
    right = bisect_left(records, moment, key=lambda one: one.first)
    left = right - 1
    while left >= 0 or right < len(records):
        before = moment - records[left].first if left >= 0 else 1 << 62
        after = records[right].first - moment if right < len(records) else 1 << 62
        if before <= after:
            yield records[left]
            left -= 1
        else:
            yield records[right]
            right += 1


def _overlap(one: list[Span], other: list[Span]) -> bool:
    return any(a[0] <= b[1] and b[0] <= a[1] for a in one for b in other)
