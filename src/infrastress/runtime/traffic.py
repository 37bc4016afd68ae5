"""Network records on their way: what admission makes of a delivery's, and how they wait for their frames to close.

Nothing is judged before its time: each row gets a time from which it counts as known (`Gate.network`), which is a
function of the rows before it alone, or of the watermark where the site is live. In the log it stands as a column of
its own, so that a replay of the log needs no clock.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.events import NetworkRecords
from infrastress.events.network import KNOWN
from infrastress.runtime.gate import Gate, Window

__all__ = ["Traffic", "admitted"]


def admitted(
    records: NetworkRecords,
    gate: Gate,
    refuse: Callable[[str, int], None],
    *,
    offset: int,
    lateness: int,
    window: Window | None,
) -> NetworkRecords:
    """What is accepted of network records, each row with the time from which it counts as known.

    Args:
        records: as their connector read them.
        gate: of their source.
        refuse: told the reason and the row of each that isn't.
        offset: of the source's clock, ns, which is taken off.
        lateness: of the source, ns.
        window: what a live site takes.
    """
    if offset:
        records = records.with_times("time", records.integers("time") - offset)
    keep, known = gate.network(records, lateness, refuse, window)
    records = records.with_times(KNOWN, known)
    return records if keep.all() else records.take(keep)


class Traffic:
    """Network records that wait for the frames in which they are judged, by source."""

    def __init__(self) -> None:
        self._held: dict[str, list[NetworkRecords]] = {}

    def add(self, records: NetworkRecords) -> None:
        """Take admitted records."""
        if len(records):
            self._held.setdefault(records.source, []).append(records)

    def upto(self, end: int) -> tuple[NetworkRecords, ...]:
        """Rows known up to a time, ns, as a block has them; they wait no longer."""
        found = []
        for source, held in list(self._merged()):
            stop = int(np.searchsorted(held.known, end, side="right"))
            if stop:
                found.append(held.slice(0, stop))
            if stop < len(held):
                self._held[source] = [held.slice(stop, len(held))]
            else:
                del self._held[source]
        return tuple(found)

    def dump(self) -> tuple[bytes, ...]:
        """State: the same rows give the same bytes however they came."""
        return tuple(records.encode() for _, records in self._merged())

    def load(self, data: Sequence[bytes]) -> None:
        """Replace the state by a dumped one; raises DecodeError."""
        self._held = {}
        for one in data:
            records = NetworkRecords.decode(one)
            if KNOWN not in records.columns.schema.names:
                raise DecodeError("no network records of a log: it isn't said when they were known")
            self.add(records)

    def adopt(self, other: "Traffic") -> None:
        """Take over what waits elsewhere."""
        self._held = {source: list(held) for source, held in other._held.items()}

    def _merged(self) -> Iterator[tuple[str, NetworkRecords]]:
        for source in sorted(self._held):
            held = self._held[source]
            if len(held) > 1 or np.any(np.diff(held[0].known) < 0):
                joined = NetworkRecords.joined(held)
                held = [joined.take(np.argsort(joined.known, kind="stable"))]
                self._held[source] = held
            yield source, held[0]
