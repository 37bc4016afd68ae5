"""NetworkRecords: what was said on the network as columns, one schema for every producer and every detector.

A row is a request with its response, or one message alone. Like `Batch` it holds rows of one source as an Arrow record
batch, so that a message is a row and not an object; like `Samples` it has no envelope a row: site, source and the
number of the first row stand once, in the metadata, because a busy network says thousands of things a second, all
observed when they occurred and none of them an alarm. What a detector makes of them is an Event.

Where text repeats (addresses, names) a column is dictionary-encoded. Null means "not said" in every column.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.events.arrow import decode_batch, encode_batch

__all__ = ["KNOWN", "NOTHING", "SCHEMA", "NetworkRecords", "NetworkRow", "columns_of", "joined"]

_WORD: Final = pa.dictionary(pa.int32(), pa.string())


class NetworkRow(NamedTuple):
    """One row, field by field as in `SCHEMA`.

    Attributes:
        time: ns UTC of the request, or of the only message.
        response_ns: from the request to its response (a connection's: how long it lasted); None where there is none.
        kind, protocol, transport, sender, action: words of `network_terms`.
        client, server: addresses as text. The client is who asks, the server who is asked, whoever speaks in this row.
        client_port, server_port: of TCP and UDP.
        client_mac, server_mac: lower case with colons.
        vlan, outer_vlan: VLAN id; the outer one only where tags are stacked.
        unit: which device behind the server: Modbus unit, DNP3 outstation address, IEC 104 common address.
        client_unit: the same of the client: DNP3 master address, IEC 104 originator address.
        transaction: the protocol's own number that ties a response to its request.
        function, function_name: the protocol's code and its standard name.
        object: which table, type, class or tag the address is of.
        address, quantity: first address and how many.
        value: the first or only value, read or written. values: all of them, where there is more than one.
        ok: True as asked, False refused or failed, None not answered or not said.
        exception, error: the protocol's code and its name; for a malformed row `error` is the rule that was broken.
        identity: text by which a device says what it is.
        bytes: of the application's messages, request and response together.
        capture: the file or interface. packet, response_packet: numbers in it, from 1, in which the message ended.
    """

    time: int
    kind: str
    protocol: str
    transport: str
    client: str | None = None
    server: str | None = None
    client_port: int | None = None
    server_port: int | None = None
    client_mac: str | None = None
    server_mac: str | None = None
    vlan: int | None = None
    outer_vlan: int | None = None
    sender: str | None = None
    response_ns: int | None = None
    transaction: int | None = None
    unit: int | None = None
    client_unit: int | None = None
    function: int | None = None
    function_name: str | None = None
    action: str | None = None
    object: str | None = None
    address: int | None = None
    quantity: int | None = None
    value: float | None = None
    values: Sequence[float] | None = None
    ok: bool | None = None
    exception: int | None = None
    error: str | None = None
    identity: str | None = None
    bytes: int | None = None
    capture: str | None = None
    packet: int | None = None
    response_packet: int | None = None


_TYPES: Final[dict[str, Any]] = {
    "time": pa.timestamp("ns", "UTC"),
    "client_port": pa.uint16(),
    "server_port": pa.uint16(),
    "vlan": pa.uint16(),
    "outer_vlan": pa.uint16(),
    "response_ns": pa.int64(),
    "transaction": pa.int64(),
    "unit": pa.int64(),
    "client_unit": pa.int64(),
    "function": pa.int32(),
    "address": pa.int64(),
    "quantity": pa.int64(),
    "value": pa.float64(),
    "values": pa.list_(pa.float64()),
    "ok": pa.bool_(),
    "exception": pa.int64(),
    "bytes": pa.int64(),
    "packet": pa.int64(),
    "response_packet": pa.int64(),
}
_NEVER_NULL: Final = ("time", "kind", "protocol", "transport")

SCHEMA: Final = pa.schema(
    [pa.field(name, _TYPES.get(name, _WORD), name not in _NEVER_NULL) for name in NetworkRow._fields]
)
"""Columns in order; those not in `_TYPES` are dictionary-encoded text."""

NOTHING: Final = pa.RecordBatch.from_pylist([], schema=SCHEMA)

KNOWN: Final = "known"
"""A column that admission adds behind these: from when on the platform could know of the row."""


@dataclass(frozen=True)
class NetworkRecords:
    """Rows of one source, in its order: by the packet that completed them, so `time` isn't sorted.

    Attributes:
        site, source: who says it.
        sequence: the source's number of the first row; row i is sequence + i.
        columns: as `SCHEMA`.
    """

    site: str
    source: str
    sequence: int
    columns: pa.RecordBatch = field(repr=False)

    def __len__(self) -> int:
        rows: int = self.columns.num_rows
        return rows

    @classmethod
    def from_rows(cls, site: str, source: str, sequence: int, rows: Iterable[NetworkRow]) -> "NetworkRecords":
        """Columns from rows.

        Raises:
            DecodeError: a field fits no column.
        """
        table = list(rows)
        fields = list(zip(*table, strict=True)) if table else [()] * len(SCHEMA)
        return cls(site, source, sequence, columns_of(dict(zip(SCHEMA.names, fields, strict=True))))

    def rows(self) -> Iterator[NetworkRow]:
        """The rows one by one: for people and tests; a detector reads columns."""
        times = self.integers("time").tolist()
        columns = [times, *(column.to_pylist() for column in self.columns.columns[1:])]
        for row in zip(*columns[: len(SCHEMA)], strict=True):
            yield NetworkRow(*row)

    @property
    def ends(self) -> npt.NDArray[np.int64]:
        """int64[n], ns: when each was over: with its response, or a connection's last packet."""
        return self.integers("time") + np.maximum(self.integers("response_ns", 0), 0)

    @property
    def known(self) -> npt.NDArray[np.int64]:
        """int64[n], ns: when each could be known, as admission has noted; before admission, when it was over."""
        return self.integers(KNOWN) if KNOWN in self.columns.schema.names else self.ends

    def integers(self, name: str, missing: int = -1) -> npt.NDArray[np.int64]:
        """int64[n] of a whole-number (or time, ns) column, null as `missing`."""
        column = self.columns.column(name).cast(pa.int64())
        array: npt.NDArray[np.int64] = pc.fill_null(column, missing).to_numpy(zero_copy_only=False)
        return array

    def floats(self, name: str = "value") -> npt.NDArray[np.float64]:
        """float64[n] of a number column, null as NaN."""
        column = self.columns.column(name).cast(pa.float64())
        array: npt.NDArray[np.float64] = pc.fill_null(column, float("nan")).to_numpy(zero_copy_only=False)
        return array

    def words(self, name: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
        """A text column as int64[n] numbers and the words they stand for; null is -1.

        The numbers hold within these records only; words no row uses may be among them after a slice.
        """
        column = self.columns.column(name)
        codes: npt.NDArray[np.int64] = pc.fill_null(column.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
        return codes, tuple(column.dictionary.to_pylist())

    def slice(self, start: int, stop: int) -> "NetworkRecords":
        """Rows start..stop; the sequence moves with them."""
        start, stop, _ = slice(start, stop).indices(len(self))
        part = self.columns.slice(start, max(0, stop - start))
        return NetworkRecords(self.site, self.source, self.sequence + start, part)

    def take(self, rows: npt.NDArray[Any]) -> "NetworkRecords":
        """Some rows, by number or as bool[n]; of the sequence only the first row's number stays sure."""
        chosen = self.columns.filter(pa.array(rows)) if rows.dtype == np.bool_ else self.columns.take(pa.array(rows))
        return NetworkRecords(self.site, self.source, self.sequence, chosen)

    def with_times(self, name: str, times: npt.NDArray[np.int64]) -> "NetworkRecords":
        """The same with another column of times (ns UTC): `time`, or `KNOWN` behind all others."""
        column, names = pa.array(times, pa.int64()).cast(_TYPES["time"]), self.columns.schema.names
        if name in names:
            columns = self.columns.set_column(names.index(name), pa.field(name, column.type, False), column)
        else:
            columns = self.columns.append_column(pa.field(name, column.type, False), column)
        return NetworkRecords(self.site, self.source, self.sequence, columns)

    @classmethod
    def joined(cls, parts: Sequence["NetworkRecords"]) -> "NetworkRecords":
        """Several of one source and the same columns, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(parts[0].site, parts[0].source, parts[0].sequence, joined([part.columns for part in parts]))

    @property
    def id(self) -> str:
        """Id by the design's rule: source, sequence and content; the same however the words are numbered."""
        parts = [f"{self.site}\0{self.source}\0{self.sequence}\0{len(self)}".encode()]
        for name, column in zip(self.columns.schema.names, self.columns.columns, strict=True):
            parts += [name.encode(), column.is_valid().to_numpy(zero_copy_only=False).tobytes(), *_content(column)]
        return content_hash(b"\0".join(parts))[:32]

    def encode(self) -> bytes:
        """Arrow IPC stream bytes; words that no row uses are left out."""
        metadata = {"site": self.site, "source": self.source, "sequence": str(self.sequence)}
        arrays = [_compact(column) for column in self.columns.columns]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self.columns.schema.with_metadata(metadata))
        return encode_batch(batch)

    @classmethod
    def decode(cls, data: bytes) -> "NetworkRecords":
        """Inverse of `encode`. Columns that this version doesn't know are carried along behind its own.

        Raises:
            DecodeError: the bytes are no network records.
        """
        batch = decode_batch(data, "network records")
        metadata: dict[bytes, bytes] = batch.schema.metadata or {}
        try:
            site, source = metadata[b"site"].decode(), metadata[b"source"].decode()
            sequence = int(metadata[b"sequence"])
            batch.validate(full=True)
        except (KeyError, ValueError, pa.ArrowException) as error:
            raise DecodeError(f"no network records: {error}") from None
        for expected, found in zip(SCHEMA, batch.schema, strict=False):
            if (expected.name, expected.type) != (found.name, found.type):
                raise DecodeError(f"no network records: column {found.name!r} {found.type}, expected {expected}")
        if batch.num_columns < len(SCHEMA):
            raise DecodeError(f"no network records: {batch.num_columns} columns, expected {len(SCHEMA)}")
        return cls(site, source, sequence, batch.replace_schema_metadata(None))


def columns_of(fields: dict[str, Any]) -> pa.RecordBatch:
    """A record batch by `SCHEMA` from sequences, NumPy or Arrow arrays by name; a column not given is null throughout.

    Raises:
        DecodeError: a column of another length, type or name.
    """
    if unknown := set(fields) - set(SCHEMA.names):
        raise DecodeError(f"no network records: unknown columns {sorted(unknown)}")
    n = len(fields["time"])
    try:
        arrays = [_array(fields.get(column.name), column.type, n) for column in SCHEMA]
        batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise DecodeError(f"no network records: {error}") from None
    for name in _NEVER_NULL:
        if batch.column(name).null_count:
            raise DecodeError(f"no network records: a row without {name}")
    return batch


def joined(parts: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Columns of one schema, one behind the other."""
    table = pa.Table.from_batches(parts).unify_dictionaries().combine_chunks()
    return table.to_batches()[0] if len(table) else parts[0]


def _array(values: Any, kind: Any, n: int) -> Any:
    if values is None:
        return pa.nulls(n, kind)
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


def _compact(column: Any) -> Any:
    """Words numbered in the order they first come, none unused."""
    if not pa.types.is_dictionary(column.type):
        return column
    return column.dictionary_decode().dictionary_encode()


def _content(column: Any) -> list[bytes]:
    """What a column says beside its nulls, as bytes that don't hang on how Arrow lays it out."""
    if pa.types.is_dictionary(column.type):
        column = _compact(column)
        words = [word.encode() for word in column.dictionary.to_pylist()]
        lengths = np.array([len(word) for word in words], np.int64).tobytes()
        return [lengths, *words, *_content(column.indices)]
    if pa.types.is_list(column.type):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).tobytes()
        return [lengths, *_content(column.flatten())]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_boolean(column.type):
        return [pc.fill_null(column, False).to_numpy(zero_copy_only=False).tobytes()]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return [canonical_json(str(column.to_pylist()))]  # a later version's column
    return [pc.fill_null(column, 0).to_numpy(zero_copy_only=False).tobytes()]
