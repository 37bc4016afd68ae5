"""Lines of text that are kept because something of them was refused: each with its header, so that it reads alone."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import NamedTuple

from infrastress.connectors.inbox import LONGEST_RAW
from infrastress.connectors.mapping import Mapping
from infrastress.events.delivery import Delivery, Raw, Refusal
from infrastress.site import Site

__all__ = ["MAX_RAW", "KeepLine", "Keeper", "read_table"]

MAX_RAW = 2_000
"""Lines kept with one delivery."""
_FAULTS = 5
_UTF8 = ("utf-8", "utf-8-sig", "ascii")

KeepLine = Callable[[bytes, Sequence[Refusal], Sequence[tuple[str, int]]], Raw | None]
"""A line, what of it was refused, what was taken all the same."""


class Keeper(NamedTuple):
    """Keeps lines of a table.

    Attributes:
        received: when the table came, event time in ns.
        name: of its file; empty where it has none.
        where: where its only line stood in an earlier one; empty for a whole table.
    """

    received: int
    name: str = ""
    where: str = ""

    def line(self, line: bytes, fault: Refusal) -> list[Raw]:
        """A refused line of JSON, unless it is too long."""
        if len(line) > LONGEST_RAW:
            return []
        about = {"form": "json", "where": fault.where, **({"file": self.name} if self.name else {})}
        return [Raw(line, self.received, about, {fault.reason: 1}, (fault,))]

    def of(self, mapping: Mapping, names: Sequence[str]) -> KeepLine:
        """For a table of some columns."""
        head = b"\n" * mapping.skip_lines
        if mapping.has_header:
            text = StringIO()
            if mapping.delimiter == " ":
                text.write(" ".join(names) + "\n")
            else:
                csv.writer(text, delimiter=mapping.delimiter, lineterminator="\n").writerow(names)
            head += text.getvalue().encode()
        about = {"form": "csv", **({"file": self.name} if self.name else {})}
        if mapping.encoding not in _UTF8:
            about["encoding"] = "utf-8"  # what is at hand was turned into it

        def keep(line: bytes, faults: Sequence[Refusal], taken: Sequence[tuple[str, int]]) -> Raw | None:
            if len(head) + len(line) > LONGEST_RAW or not faults:
                return None
            refused = dict(sorted(Counter(fault.reason for fault in faults).items()))
            stood = faults[0].where.partition(",")[0]
            where = self.where or stood
            told = tuple(fault._replace(where=fault.where.replace(stood, where, 1)) for fault in faults[:_FAULTS])
            return Raw(head + line + b"\n", self.received, {**about, "where": where}, refused, told, tuple(taken))

        return keep


def read_table(site: Site, source: str, mapping: Mapping, raw: Raw) -> Iterator[Delivery]:
    """A kept line again; its refusals have the place where it stood.

    Raises:
        InputError, MappingError: the mapping doesn't fit it any more.
    """
    from infrastress.connectors.files.telemetry import telemetry_deliveries

    if "encoding" in raw.about:
        mapping = mapping.model_copy(update={"encoding": raw.about["encoding"]})
    name = raw.about.get("file", "")
    yield from telemetry_deliveries(
        site, source, Path(name or "body"), mapping,
        parquet=False, after=None, block_bytes=1 << 22, batch_rows=None, raw=BytesIO(raw.data),
        keeper=Keeper(raw.received, name, raw.about["where"]),
    )  # fmt: skip
