"""Files: telemetry in CSV or Parquet and events in JSON lines, streamed, with a balance to the row and cell."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.base import Connector
from infrastress.connectors.files.keeping import Keeper
from infrastress.connectors.mapping import ColumnMap, Mapping, RecordMap, TimeMap, dump_mapping, load_mapping
from infrastress.events.delivery import Delivery
from infrastress.events.kinds import SourceKind

__all__ = [
    "ColumnMap",
    "FilesConnector",
    "FilesOptions",
    "Mapping",
    "RecordMap",
    "TimeMap",
    "dump_mapping",
    "load_mapping",
]


class FilesOptions(BaseModel):
    """Options of the connector.

    `batch_rows` bounds the rows of a delivery, `block_bytes` what is read at once; neither changes a row. `first_rows`
    reads so many rows of telemetry and no more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    mapping: Mapping | Path | None = Field(default=None, description="How to read it; a file, or written out here")
    exclude_kinds: tuple[SourceKind, ...] = ()
    batch_rows: int | None = Field(default=None, ge=1)
    first_rows: int | None = Field(default=None, ge=1)
    block_bytes: int = Field(default=1 << 22, ge=64, le=1 << 28)


class FilesConnector(Connector):
    """Reads one file, told by its content: telemetry (CSV, Parquet) or events (JSON lines)."""

    name: ClassVar[str] = "files"
    Options: ClassVar[type[BaseModel]] = FilesOptions
    options: FilesOptions
    keeper: Keeper | None = None
    """Keeps lines of which something was refused; None where the file itself stays to be read again."""

    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """Deliveries behind a position.

        Raises:
            InputError: the file is no recording, or can't be read at all.
            MappingError: its mapping doesn't fit the file or the site.
        """
        from infrastress.connectors.files.content import looks_like
        from infrastress.connectors.files.first import first_rows
        from infrastress.connectors.files.jsonl import event_deliveries
        from infrastress.connectors.files.telemetry import telemetry_deliveries

        options = self.options
        given = options.mapping
        mapping = load_mapping(given) if isinstance(given, Path) else given
        content = looks_like(options.path)
        if content == "json_lines":
            yield from event_deliveries(
                self.site,
                self.source.id,
                options.path,
                mapping,
                after=after,
                block_bytes=options.block_bytes,
                batch_rows=options.batch_rows,
                exclude_kinds=frozenset(options.exclude_kinds),
                keeper=self.keeper,
            )
            return

        def read(position: bytes | None, batch_rows: int | None) -> Iterator[Delivery]:
            return telemetry_deliveries(
                self.site,
                self.source.id,
                options.path,
                mapping or Mapping(),
                parquet=content == "parquet",
                after=position,
                block_bytes=options.block_bytes,
                batch_rows=batch_rows,
                exclude=self._excluded_signals(),
                keeper=self.keeper,
            )

        if options.first_rows is None:
            yield from read(after, options.batch_rows)
        else:
            yield from first_rows(read, options.first_rows, after, options.batch_rows)

    def _excluded_signals(self) -> frozenset[str]:
        """Signals of the kinds of source that are left out; a signal without a source is telemetry."""
        kinds = frozenset(self.options.exclude_kinds)
        if not kinds:
            return frozenset()
        own = self.site.source_by_id
        return frozenset(
            signal.id
            for signal in self.site.signals
            if (own[signal.source].kind if signal.source in own else "telemetry") in kinds
        )
