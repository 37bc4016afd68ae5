"""A chunk: rows of a file as columns, with the fate of every line; what the readers hand to the layouts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.connectors import cells, times

__all__ = ["CELL_CODE", "CODE", "DROPPED", "REASONS", "TIME_CODE", "Chunk"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]

DROPPED = ("blank", "unknown-tag", "excluded-kind", "empty-value")
"""Reasons for which a line is dropped (expected, harmless); all others quarantine it."""

REASONS = (
    "",
    *DROPPED,
    "field-count",
    "encoding",
    "quoting",
    "line-too-long",
    "unreadable",
    "file-damaged",
    "bad-quality",
    *times.REASONS[1:],
    *(reason for reason in cells.REASONS if reason),
)
CODE = {reason: code for code, reason in enumerate(REASONS)}
TIME_CODE = np.array([CODE[reason] for reason in times.REASONS], dtype=np.uint8)
CELL_CODE = np.array(
    [CODE[reason] if reason else (CODE["empty-value"] if code else 0) for code, reason in enumerate(cells.REASONS)],
    dtype=np.uint8,
)


@dataclass(frozen=True)
class Chunk:
    """Lines of a file (or rows of a Parquet file) from `starts[0]` to `starts[-1]`.

    Attributes:
        starts: int64[lines + 1], where each line begins; the last is where the next chunk may begin.
        status: uint8[lines], index into REASONS; 0 for lines that became rows.
        rows: int64[n], the line of each row.
        columns: arrays of n values by column number; only those that are needed.
        text: the line as text, for examples of what was refused.
        final: True when the file ends here.
        raw: the line's bytes, where it is one of text.
    """

    starts: Ints
    status: Codes
    rows: Ints
    columns: dict[int, Any]
    text: Callable[[int], str]
    final: bool
    raw: Callable[[int], bytes] | None = None

    def __len__(self) -> int:
        return len(self.status)
