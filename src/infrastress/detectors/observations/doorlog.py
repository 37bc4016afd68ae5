"""What was lately heard of each door, in order of time: reads, refusals and the door's own words."""

from bisect import bisect_left, insort
from collections.abc import Iterator

import msgspec

from infrastress.core.time import SECOND
from infrastress.events import AccessAttempt, DoorState, Event
from infrastress.site.assets import Door

__all__ = ["READS", "DoorLog", "DoorRecord", "Mark"]

_MOST_MARKS = 96
_LONG_NS = 6 * 3600 * SECOND
_RELEASE_NS = 60 * SECOND
"""How long a release from inside (a request to exit) explains that a door opens."""
READS = ("in", "out")


class Mark(msgspec.Struct, array_like=True, order=True):
    """One thing heard: a read ("in", "out"), a refusal ("refused"), or a state of the door; `who` read or did it."""

    t: int
    id: str
    kind: str
    who: str
    people: int | None = None
    judged: bool = False
    said: list[tuple[str, str]] = []


class DoorRecord(msgspec.Struct, array_like=True):
    """The marks of a door; `cut` is the time of the newest that was dropped, `reads` and `closes` what it ever told."""

    marks: list[Mark] = msgspec.field(default_factory=list)
    cut: int = -1
    reads: bool = False
    closes: bool = False

    def between(self, begin: int, end: int) -> Iterator[Mark]:
        """Marks of [begin, end], in order."""
        marks = self.marks
        for i in range(bisect_left(marks, begin, key=lambda mark: mark.t), len(marks)):
            if marks[i].t > end:
                return
            yield marks[i]

    def before(self, moment: int, kinds: tuple[str, ...]) -> Mark | None:
        """The newest mark of some kinds up to a moment."""
        for mark in reversed(self.marks):
            if mark.t <= moment and mark.kind in kinds:
                return mark
        return None

    def reader(self, opened: int, authorised: int, settle: int) -> Mark | None:
        """The read that explains an opening: the last one up to `settle` behind it, `authorised` before it."""
        found = None
        for mark in self.between(opened - authorised, opened + settle):
            if mark.kind in READS:
                found = mark
        return found

    def released(self, opened: int, settle: int) -> bool:
        """Whether the lock was open: released by somebody and not locked since, or from inside just before."""
        mark = self.before(opened + settle, ("unlocked", "locked"))
        return mark is not None and mark.kind == "unlocked" and (bool(mark.who) or opened - mark.t <= _RELEASE_NS)

    def stands_open(self, opened: int, upto: int) -> bool:
        """Whether nothing told by `upto` that the door closed after it opened."""
        return not any(mark.kind in ("closed", "locked") for mark in self.between(opened + 1, upto))


class DoorLog:
    """Records of the doors of a site; of doors that it doesn't have nothing is kept."""

    def __init__(self, doors: dict[str, Door]) -> None:
        self._doors = doors
        self.records: dict[str, DoorRecord] = {}

    def add(self, event: Event, body: AccessAttempt | DoorState, who: str) -> tuple[DoorRecord, Mark] | None:
        """Take what was told; None where it says nothing new: an unknown door, a replay, older than what is kept."""
        if body.door not in self._doors:
            return None
        record = self.records.setdefault(body.door, DoorRecord())
        if isinstance(body, AccessAttempt):
            kind: str = body.direction if body.granted else "refused"
            mark = Mark(event.occurred, event.id, kind, who)
            record.reads = record.reads or body.granted
        else:
            mark = Mark(event.occurred, event.id, body.state, who, body.people)
            record.closes = record.closes or body.state == "closed"
        marks = record.marks
        if mark.t <= record.cut or any(
            (one.kind, one.who) == (mark.kind, who) for one in record.between(mark.t, mark.t)
        ):
            return None
        if marks and mark < marks[-1]:
            insort(marks, mark)
        else:
            marks.append(mark)
        while len(marks) > _MOST_MARKS or marks[0].t < marks[-1].t - _LONG_NS:
            record.cut = max(record.cut, marks.pop(0).t)
        return record, mark

    def dump(self) -> dict[str, DoorRecord]:
        """All records."""
        return self.records

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        self.records = msgspec.json.decode(data, type=dict[str, DoorRecord])
