"""The ledger of a source: its balance as state that is kept, read = accepted + quarantined + dropped."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from infrastress.events.delivery import Balance

__all__ = ["Ledger", "SourceNotes", "mended"]

_DROPPED = frozenset({"duplicate", "thinned"})


def mended(refused: Mapping[str, int], left: Mapping[str, int]) -> dict[str, int]:
    """How much of what was refused isn't any more for that reason."""
    better = {reason: count - left.get(reason, 0) for reason, count in sorted(refused.items())}
    return {reason: count for reason, count in better.items() if count > 0}


class Ledger(msgspec.Struct):
    """Rows and cells of one source so far, as in `Balance`."""

    read: int = 0
    accepted: int = 0
    quarantined: dict[str, int] = {}
    dropped: dict[str, int] = {}
    cells_accepted: int = 0
    cells_empty: int = 0
    cells_refused: dict[str, int] = {}
    late: int = 0
    kept: dict[str, int] = {}
    reingested: dict[str, int] = {}

    def balance(self) -> Balance:
        """The balance sheet as it stands."""
        return Balance(
            self.read,
            self.accepted,
            Counter(self.quarantined),
            Counter(self.dropped),
            self.cells_accepted,
            self.cells_empty,
            Counter(self.cells_refused),
            self.late,
            Counter(self.kept),
            Counter(self.reingested),
        )

    def book(self, balance: Balance) -> None:
        """Add what a connector delivered."""
        self.read += balance.read
        self.accepted += balance.accepted
        self.cells_accepted += balance.cells_accepted
        self.cells_empty += balance.cells_empty
        self._count(balance)

    def book_again(self, balance: Balance, refused: Mapping[str, int], left: Mapping[str, int]) -> None:
        """Add what a kept message gave when it was read again.

        What is still refused of it was counted when it came, unless it is so for another reason now; what is taken of
        it counts as read again.

        Args:
            balance: of the message now.
            refused: how much of it was refused before, by reason.
            left: how much of it is refused now.
        """
        self.read += balance.accepted + balance.dropped.total()
        self.accepted += balance.accepted
        self.cells_accepted += balance.cells_accepted
        for reason, count in balance.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count
        for mine, theirs in ((self.quarantined, balance.quarantined), (self.cells_refused, balance.cells_refused)):
            other = {reason: count - refused.get(reason, 0) for reason, count in theirs.items()}
            for reason, count in other.items():
                if count > 0:
                    mine[reason] = mine.get(reason, 0) + count
                    self.kept[reason] = self.kept.get(reason, 0) + count
                    self.read += count if mine is self.quarantined else 0
        for reason, count in mended(refused, left).items():
            self.reingested[reason] = self.reingested.get(reason, 0) + count

    def keep(self, refused: Mapping[str, int]) -> None:
        """A message is kept, so much of which was refused."""
        for reason, count in refused.items():
            self.kept[reason] = self.kept.get(reason, 0) + count

    def _count(self, balance: Balance) -> None:
        for mine, theirs in (
            (self.quarantined, balance.quarantined),
            (self.dropped, balance.dropped),
            (self.cells_refused, balance.cells_refused),
        ):
            for reason, count in theirs.items():
                mine[reason] = mine.get(reason, 0) + count

    def refuse(self, reason: str, rows: int, cells: int) -> None:
        """Rows that the connector accepted are refused by admission, with their cells."""
        if rows:
            column = self.dropped if reason in _DROPPED else self.quarantined
            column[reason] = column.get(reason, 0) + rows
            self.accepted -= rows
        if cells:
            self.cells_accepted -= cells
            self.cells_refused[reason] = self.cells_refused.get(reason, 0) + cells


@dataclass(frozen=True)
class SourceNotes:
    """What is worth knowing of a source beside its balance.

    Attributes:
        missing: rows that the source's own numbering skipped and its connector didn't account for.
        overdue: rows that should have come by the source's cadence and didn't.
        late_events: events accepted although they came behind the source's newest.
        clock_ahead_s: how far the source's clock is ahead at least, after its known offset is taken off: seen where an
            event occurred, by its clock, after it was observed. It widens `uncertainty_ns` of its events.
        oldest, newest: lowest and highest time accepted, ns.
        ended: whether it has ended.
    """

    missing: int
    overdue: int
    late_events: int
    clock_ahead_s: float
    oldest: int | None
    newest: int | None
    ended: bool
