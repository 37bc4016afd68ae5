"""What fusion keeps between records, and what one cell changed of it."""

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.events import Event
from infrastress.fusion.alarms import FOREVER, AlarmRecord
from infrastress.fusion.incidents import IncidentRecord
from infrastress.fusion.works import Notices

__all__ = ["State", "Step", "Timers", "dump_state", "load_state"]


class State(msgspec.Struct, kw_only=True):
    """What is kept.

    Attributes:
        cell: end of the last cell that was closed, ns UTC.
        pending: what waits for its cell to close.
        alarms, incidents: by key.
        of_group: the incidents of each group of alarms.
        anchors: of groups that tie nothing together, the alarm that each is drawn to.
        episodes: the alarms that an episode raised, with its onset in each.
        early: clearings of episodes that weren't raised yet.
        due: when each group ends or is forgotten.
        works: the newest word on each work that is announced.
        waiting: when an incident is told again; recheck: when an alarm is looked at again.
        past: the last revision of incidents that ended, by their founder.
    """

    cell: int = -FOREVER
    pending: list[Event] = msgspec.field(default_factory=list)
    alarms: dict[str, AlarmRecord] = msgspec.field(default_factory=dict)
    incidents: dict[str, IncidentRecord] = msgspec.field(default_factory=dict)
    of_group: dict[str, list[str]] = msgspec.field(default_factory=dict)
    anchors: dict[str, str] = msgspec.field(default_factory=dict)
    episodes: dict[str, list[tuple[str, int]]] = msgspec.field(default_factory=dict)
    early: dict[str, Event] = msgspec.field(default_factory=dict)
    works: Notices = msgspec.field(default_factory=dict)
    due: dict[str, int] = msgspec.field(default_factory=dict)
    waiting: dict[str, int] = msgspec.field(default_factory=dict)
    recheck: dict[str, int] = msgspec.field(default_factory=dict)
    past: dict[str, int] = msgspec.field(default_factory=dict)


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(State)


def dump_state(state: State) -> bytes:
    """As canonical bytes (MessagePack, keys sorted)."""
    return _ENCODER.encode(state)


def load_state(data: bytes) -> State:
    """Inverse of `dump_state`; raises DecodeError."""
    try:
        return _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no state of fusion: {error}") from None


class Timers:
    """When each group is to be looked at again: `due`, and a heap over it; what is out of date in it is passed over."""

    def __init__(self, due: dict[str, int]) -> None:
        self.due = due
        self._heap = [(moment, group) for group, moment in due.items()]
        heapify(self._heap)

    def arm(self, group: str, moment: int) -> None:
        """Look at it then, whatever was said before."""
        self.due[group] = moment
        heappush(self._heap, (moment, group))

    def sooner(self, group: str, moment: int) -> None:
        """Look at it then, if not before."""
        if moment < self.due.get(group, FOREVER):
            self.arm(group, moment)

    def next(self) -> int:
        """The earliest moment; `FOREVER` for none."""
        while self._heap and self.due.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else FOREVER

    def pop(self, now: int) -> str | None:
        """A group that is due by now, which is not due any more; None for no more."""
        if self.next() > now:
            return None
        _, group = heappop(self._heap)
        del self.due[group]
        return group


@dataclass
class Step:
    """What one cell changed."""

    now: int
    alarms: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    touched: dict[str, set[str]] = field(default_factory=dict)
    parted: set[str] = field(default_factory=set)
    redrawn: set[str] = field(default_factory=set)
