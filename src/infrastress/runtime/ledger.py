"""The ledger of a source: its balance as state that is kept, read = accepted + quarantined + dropped."""

from collections import Counter

import msgspec

from infrastress.events.delivery import Balance

__all__ = ["Ledger"]

_DROPPED = frozenset({"duplicate", "thinned"})


class Ledger(msgspec.Struct):
    """Rows and cells of one source so far, as in `Balance`."""

    read: int = 0
    accepted: int = 0
    quarantined: dict[str, int] = {}
    dropped: dict[str, int] = {}
    cells_accepted: int = 0
    cells_empty: int = 0
    cells_refused: dict[str, int] = {}

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
        )

    def book(self, balance: Balance) -> None:
        """Add what a connector delivered."""
        self.read += balance.read
        self.accepted += balance.accepted
        self.cells_accepted += balance.cells_accepted
        self.cells_empty += balance.cells_empty
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
