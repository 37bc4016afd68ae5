"""Network records as rules look at them: one source's rows of one frame, in columns that are decoded once a block."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.events import NetworkRecords
from infrastress.events.network_terms import Kind

__all__ = ["Flags", "Ints", "Part", "answered", "parts_of"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_TEXTS = (
    "kind", "protocol", "transport", "client", "server", "client_mac", "server_mac", "sender",
    "function_name", "action", "object", "error", "identity", "capture",
)  # fmt: skip


class _Columns:
    """Columns of a block's records of one source, each decoded when it is first asked for."""

    def __init__(self, records: NetworkRecords) -> None:
        self.records = records
        self.known = records.known
        self._codes: dict[str, tuple[Ints, tuple[str, ...]]] = {}
        self._numbers: dict[str, Ints] = {}

    def codes(self, name: str) -> tuple[Ints, tuple[str, ...]]:
        if name not in self._codes:
            self._codes[name] = self.records.words(name)
        return self._codes[name]

    def numbers(self, name: str) -> Ints:
        if name not in self._numbers:
            if name == "ok":
                column = self.records.columns.column("ok").to_pylist()
                self._numbers[name] = np.array([-1 if ok is None else int(ok) for ok in column], dtype=np.int64)
            else:
                self._numbers[name] = self.records.integers(name)
        return self._numbers[name]


class Part:
    """Rows of one source that became known in one frame, in order of that.

    Attributes:
        source: whose.
        begin, end: of the frame, ns.
        known: int64[n], ns.
    """

    def __init__(self, columns: _Columns, rows: slice, begin: int, end: int) -> None:
        self._columns, self._rows = columns, rows
        self.source = columns.records.source
        self.begin, self.end = begin, end
        self.known: Ints = columns.known[rows]

    def __len__(self) -> int:
        return len(self.known)

    def numbers(self, name: str) -> Ints:
        """int64[n] of a column, -1 where nothing is said; of `ok` 1 yes, 0 no."""
        return self._columns.numbers(name)[self._rows]

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """float64[n] of a column, NaN where nothing is said."""
        return self._columns.records.floats(name)[self._rows]

    def is_any(self, name: str, words: Iterable[str]) -> Flags:
        """bool[n]: whether a text column says one of the words."""
        codes, known = self._columns.codes(name)
        wanted = set(words)
        return np.isin(codes[self._rows], [i for i, word in enumerate(known) if word in wanted])

    def text(self, name: str, row: int) -> str:
        """Of a row; empty where nothing is said."""
        codes, words = self._columns.codes(name)
        code = int(codes[self._rows][row])
        return words[code] if code >= 0 else ""

    def number(self, name: str, row: int) -> int:
        """Of a row, as in `numbers`."""
        return int(self.numbers(name)[row])

    def values(self, row: int) -> list[float]:
        """All values of a row; none where there are none."""
        columns, at = self._columns.records.columns, self._rows.start + row
        several, one = columns.column("values")[at].as_py(), columns.column("value")[at].as_py()
        return list(several) if several is not None else [] if one is None else [one]

    def packet(self, row: int) -> str:
        """The row's packet, as `capture#number`; empty where nobody says."""
        number = self.number("packet", row)
        return f"{self.text('capture', row)}#{number}" if number >= 0 else ""

    def groups(self, names: Iterable[str], where: Flags | None = None) -> Iterator[Ints]:
        """Rows of each different combination of columns, rising; in order of the first."""
        rows = np.arange(len(self)) if where is None else np.flatnonzero(where)
        if not len(rows):
            return
        key = np.zeros(len(rows), dtype=np.int64)
        for name in names:
            column: Any = self._columns.codes(name)[0][self._rows] if name in _TEXTS else self.numbers(name)
            _, place = np.unique(column[rows], return_inverse=True)
            _, key = np.unique(key * (int(place.max()) + 1) + place, return_inverse=True)
        order = np.argsort(key, kind="stable")
        found = np.split(rows[order], np.flatnonzero(np.diff(key[order])) + 1)
        yield from sorted(found, key=lambda group: int(group[0]))

    def distinct(self, names: Iterable[str], where: Flags | None = None) -> Iterator[tuple[int, int]]:
        """(first row, how many rows) of each different combination of columns, in order of the first."""
        for group in self.groups(names, where):
            yield int(group[0]), len(group)


def answered(part: Part) -> Flags:
    """Rows in which the server spoke."""
    told = part.is_any("kind", (Kind.TRANSACTION, Kind.RESPONSE)) | part.is_any("sender", ("server",))
    told |= part.is_any("kind", (Kind.CONNECTION,)) & (part.numbers("ok") == 1)
    return told


def parts_of(network: Iterable[NetworkRecords], width: int) -> list[Part]:
    """What a block's sources said, frame by frame, in each source by source."""
    found: list[Part] = []
    for records in network:
        columns = _Columns(records)
        frames = -(-columns.known // width)
        starts = np.flatnonzero(np.diff(frames, prepend=frames[:1] - 1)).tolist()
        for start, stop in zip(starts, [*starts[1:], len(frames)], strict=True):
            end = int(frames[start]) * width
            found.append(Part(columns, slice(start, stop), end - width, end))
    return sorted(found, key=lambda part: (part.end, part.source))
