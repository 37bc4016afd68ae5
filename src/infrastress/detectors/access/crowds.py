"""Crowds: passages of a door that follow each other closely; their heads against their badges."""

from typing import NamedTuple

from infrastress.core.time import SECOND
from infrastress.detectors.observations.doorlog import READS, DoorRecord, Mark

__all__ = ["Crowd", "excess"]

_RETRY = 15 * SECOND


class Crowd(NamedTuple):
    """How many heads a counter saw, and whose badges were read (each once a direction)."""

    heads: int
    badges: list[str]
    evidence: tuple[str, ...]


def excess(record: DoorRecord, closed: Mark, apart: int, settle: int) -> Crowd | None:
    """The crowd that ends with a door that closed, where it has more heads than badges; None where it hasn't.

    A crowd begins where nothing was heard for `apart`; a badge read while the door still stands open, or up to `settle`
    behind, counts for it. None too where that can't be said: the record doesn't reach back so far, somebody released
    the door (and let others in), or no badge was read at all, which is another matter.
    """
    marks = [one for one in record.marks if one.t <= closed.t + settle]
    opens, stands = [], False
    for one in marks:
        stands = one.kind in ("open", "held") or (stands and one.kind != "closed")
        opens.append(stands)  # while it stands open the crowd goes on
    first = len(marks) - 1
    while first > 0 and (opens[first - 1] or marks[first].t - marks[first - 1].t <= apart):
        first -= 1
    if first == 0 and record.cut >= 0 and marks[0].t - record.cut <= apart:
        return None
    crowd = marks[first:]
    if any(one.kind == "unlocked" for one in crowd):
        return None
    heads = sum(one.people or 0 for one in crowd if one.kind == "closed" and one.t <= closed.t)
    reads: list[Mark] = []
    for one in crowd:
        again = (other for other in reads if (other.who, other.kind) == (one.who, one.kind))
        if one.kind in READS and not any(one.t - other.t <= _RETRY for other in again):
            reads.append(one)
    if not reads or heads <= len(reads):
        return None
    return Crowd(heads, [one.who for one in reads], (*(one.id for one in reads), closed.id))
