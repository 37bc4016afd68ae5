"""Deliveries: what a connector hands over, with the balance that proves nothing got lost."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from infrastress.events.envelope import Event
from infrastress.events.network import NetworkRecords
from infrastress.events.samples import Samples

__all__ = ["Balance", "Delivery", "Raw", "Refusal"]


class Refusal(NamedTuple):
    """One quarantined row, cell or line: its reason (a short fixed word), where it stood and what it was."""

    reason: str
    where: str
    what: str


class Raw(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of which something was refused, as it came, so that its connector can read it again.

    Attributes:
        data: its bytes.
        received: when it came, event time in ns.
        about: what else its connector needs to read it, such as its topic; `where` says where it stood.
        refused: how much of it was refused, in rows and cells, by reason.
        faults: the first few of these.
        taken: (signal, time) of the readings and ("", mark) of the events that were taken of it all the same. A reading
            that got its time by coming has time 0 here.
    """

    data: bytes
    received: int
    about: dict[str, str] = {}
    refused: dict[str, int] = {}
    faults: tuple[Refusal, ...] = ()
    taken: tuple[tuple[str, int], ...] = ()


@dataclass
class Balance:
    """Read = accepted + quarantined + dropped, in rows (or lines); cells are counted beside, by reason.

    A row whose cell can't be read is accepted without that cell; the cell is counted in `cells_refused`. Of a capture
    a packet counts as a row, and each network record made of packets as a cell. `late` of the
    accepted rows came behind the watermark: history has them, detection has not. Of what was refused (rows and cells,
    by reason) `kept` lay in messages that were kept as they came, and `reingested` was taken in since: those messages
    were read again, and count as read again.
    """

    read: int = 0
    accepted: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    cells_accepted: int = 0
    cells_empty: int = 0
    cells_refused: Counter[str] = field(default_factory=Counter)
    late: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    reingested: Counter[str] = field(default_factory=Counter)

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
        self.late += other.late
        self.kept += other.kept
        self.reingested += other.reingested

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
            "late": self.late,
            "kept": dict(sorted(self.kept.items())),
            "reingested": dict(sorted(self.reingested.items())),
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
        raw: messages of which something was refused, to be kept as far as there is room for them.
        network: what was said on the network, in the order it was read, times not yet checked.
        progress: highest event time so far, ns; None while nothing with a time was read.
    """

    source: str
    position: bytes
    samples: tuple[Samples, ...] = ()
    events: tuple[Event, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    balance: Balance = field(default_factory=Balance)
    progress: int | None = None
    raw: tuple[Raw, ...] = ()
    network: tuple[NetworkRecords, ...] = ()
