"""Batch: many events of one kind as columns, so that a packet or a log line is a row and not an object."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from infrastress.core.errors import DecodeError
from infrastress.core.ids import content_hash
from infrastress.events.arrow import decode_batch, encode_batch
from infrastress.events.envelope import Event, event_body, make_event
from infrastress.events.kinds import KINDS

__all__ = ["Batch"]

_ENVELOPE = {
    "sequence": pa.int64(),
    "occurred": pa.timestamp("ns", "UTC"),
    "observed": pa.timestamp("ns", "UTC"),
    "assets": pa.list_(pa.string()),
    "zone": pa.string(),
    "uncertainty_ns": pa.int64(),
    "blobs": pa.list_(pa.string()),
}
_FIELD = "body."
"""Before the name of a body's field, which may be called as one of the envelope's is (`zone` of a badge read)."""


@dataclass(frozen=True)
class Batch:
    """Events of one kind and one source, as an Arrow record batch.

    Attributes:
        site, source, kind: of every row.
        columns: the envelope's `sequence`, `occurred`, `observed`, `assets`, `zone`, `uncertainty_ns` and `blobs`, then
            `body.<name>` for each field of the kind. A column that this version doesn't know is carried along
            untouched.
    """

    site: str
    source: str
    kind: str
    columns: pa.RecordBatch = field(repr=False)

    def __len__(self) -> int:
        rows: int = self.columns.num_rows
        return rows

    @property
    def id(self) -> str:
        """Id by the design's rule: source, first sequence number (in the content) and content."""
        return content_hash(self.encode())[:32]

    @classmethod
    def from_events(cls, events: Sequence[Event]) -> "Batch":
        """Columns from events of one kind and source.

        Raises:
            DecodeError: no events, events of several kinds, sites or sources, or fields that fit no column.
        """
        heads = {(event.site, event.source, event.kind) for event in events}
        if len(heads) != 1:
            raise DecodeError(f"a batch holds events of one kind and source, found {len(heads)}")
        site, source, kind = heads.pop()
        rows = [event_body(event) for event in events]
        names = sorted({name for row in rows for name in row} - {"kind"})
        try:
            arrays = [
                pa.array([event.sequence for event in events], _ENVELOPE["sequence"]),
                pa.array([event.occurred for event in events], pa.int64()).cast(_ENVELOPE["occurred"]),
                pa.array([event.observed for event in events], pa.int64()).cast(_ENVELOPE["observed"]),
                pa.array([list(event.assets) for event in events], _ENVELOPE["assets"]),
                pa.array([event.zone for event in events], _ENVELOPE["zone"]),
                pa.array([event.uncertainty_ns for event in events], _ENVELOPE["uncertainty_ns"]),
                pa.array([list(event.blobs) for event in events], _ENVELOPE["blobs"]),
                *(pa.array([row.get(name) for row in rows]) for name in names),
            ]
        except (pa.ArrowException, OverflowError) as error:
            raise DecodeError(f"no batch of {kind}: {error}") from None
        columns = [*_ENVELOPE, *(f"{_FIELD}{name}" for name in names)]
        return cls(site, source, kind, pa.RecordBatch.from_arrays(arrays, names=columns))

    def events(self) -> Iterator[Event]:
        """The rows as events; raises DecodeError where a row doesn't fit its kind."""
        names = [name for name in self.columns.schema.names if name.startswith(_FIELD)]
        times = {name: self.columns.column(name).cast(pa.int64()).to_pylist() for name in ("occurred", "observed")}
        for i, row in enumerate(self.columns.to_pylist()):
            fields = {name.removeprefix(_FIELD): row[name] for name in names if row[name] is not None}
            yield make_event(
                site=self.site,
                source=self.source,
                sequence=row["sequence"],
                occurred=times["occurred"][i],
                observed=times["observed"][i],
                assets=tuple(row["assets"] or ()),
                zone=row["zone"] or "",
                uncertainty_ns=row["uncertainty_ns"] or 0,
                blobs=tuple(row["blobs"] or ()),
                body=self._body({"kind": self.kind, **fields}),
            )

    def encode(self) -> bytes:
        """Arrow IPC stream bytes."""
        metadata = {"site": self.site, "source": self.source, "kind": self.kind}
        return encode_batch(self.columns.replace_schema_metadata(metadata))

    @classmethod
    def decode(cls, data: bytes) -> "Batch":
        """Inverse of `encode`.

        Raises:
            DecodeError: the bytes are no batch.
        """
        batch = decode_batch(data, "batch")
        metadata: dict[bytes, bytes] = batch.schema.metadata or {}
        try:
            site, source, kind = (metadata[name].decode() for name in (b"site", b"source", b"kind"))
        except (KeyError, UnicodeDecodeError) as error:
            raise DecodeError(f"no batch: {error}") from None
        if missing := set(_ENVELOPE) - set(batch.schema.names):
            raise DecodeError(f"no batch: columns {sorted(missing)} are missing")
        return cls(site, source, kind, batch)

    def _body(self, fields: dict[str, Any]) -> Any:
        if self.kind not in KINDS:
            raise DecodeError(f"unknown kind {self.kind!r}: its columns can be read, its rows not turned into events")
        try:
            return msgspec.convert(fields, KINDS[self.kind])
        except msgspec.ValidationError as error:
            raise DecodeError(f"a row is no {self.kind}: {error}") from None
