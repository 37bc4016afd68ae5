"""Deliveries: what a connector hands over, with the balance that proves nothing got lost."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from infrastress.events.envelope import Event
from infrastress.events.samples import Samples

__all__ = ["Balance", "Delivery", "Refusal"]


class Refusal(NamedTuple):
    """One quarantined row, cell or line: its reason (a short fixed word), where it stood and what it was."""

    reason: str
    where: str
    what: str


@dataclass
class Balance:
    """Read = accepted + quarantined + dropped, in rows (or lines); cells are counted beside, by reason.

    A row whose cell can't be read is accepted without that cell; the cell is counted in `cells_refused`.
    """

    read: int = 0
    accepted: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    cells_accepted: int = 0
    cells_empty: int = 0
    cells_refused: Counter[str] = field(default_factory=Counter)

    @property
    def balances(self) -> bool:
        """True when every row read is accounted for."""
        return self.read == self.accepted + self.quarantined.total() + self.dropped.total()

    def add(self, other: "Balance") -> None:
        """Add another balance, such as that of the next delivery."""
        self.read += other.read
        self.accepted += other.accepted
        self.quarantined += other.quarantined
        self.dropped += other.dropped
        self.cells_accepted += other.cells_accepted
        self.cells_empty += other.cells_empty
        self.cells_refused += other.cells_refused

    def as_dict(self) -> dict[str, Any]:
        """For JSON: counters as sorted plain mappings, plus `balances`."""
        return {
            "read": self.read,
            "accepted": self.accepted,
            "quarantined": dict(sorted(self.quarantined.items())),
            "dropped": dict(sorted(self.dropped.items())),
            "cells_accepted": self.cells_accepted,
            "cells_empty": self.cells_empty,
            "cells_refused": dict(sorted(self.cells_refused.items())),
            "balances": self.balances,
        }


@dataclass(frozen=True)
class Delivery:
    """What a connector hands over at once.

    Attributes:
        source: id of the source.
        position: opaque; given back to the connector it goes on right behind this delivery.
        samples, events: what was read, in the source's order, times not yet checked.
        refusals: examples of what was quarantined (all are counted in `balance`, at most some are kept).
        balance: of this delivery alone.
        progress: highest event time so far, ns; None while nothing with a time was read.
    """

    source: str
    position: bytes
    samples: tuple[Samples, ...] = ()
    events: tuple[Event, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    balance: Balance = field(default_factory=Balance)
    progress: int | None = None
