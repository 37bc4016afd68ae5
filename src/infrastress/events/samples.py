"""Samples: a columnar batch of telemetry, times x signals, in SI units."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infrastress.core.errors import DecodeError
from infrastress.core.ids import content_hash
from infrastress.events.arrow import decode_batch, encode_batch

__all__ = ["Samples"]

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Telemetry of one source.

    Attributes:
        site, source: who says it.
        sequence: the source's row number of the first row. Row i is sequence + i as long as nothing was taken out;
            admission takes out refused rows, so behind it only the first row's number is sure.
        times: int64[n], nanoseconds UTC, the source's order (not necessarily sorted before admission).
        tags: m signal ids of the site model.
        values: float64[n, m] in SI units; NaN where the row has no (good) value for that signal.
    """

    site: str
    source: str
    sequence: int
    times: Times
    tags: tuple[str, ...]
    values: Values = field(repr=False)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.times), len(self.tags)):
            raise DecodeError(f"samples of shape {self.values.shape}, expected {(len(self.times), len(self.tags))}")

    def __len__(self) -> int:
        return len(self.times)

    @property
    def id(self) -> str:
        """Id by the design's rule: source, sequence and content."""
        head = f"{self.site}\0{self.source}\0{self.sequence}\0{self.tags}".encode()
        body = np.ascontiguousarray(self.times).tobytes() + np.ascontiguousarray(self.values).tobytes()
        return content_hash(head + body)[:32]

    def slice(self, start: int, stop: int) -> "Samples":
        """Rows start..stop; the sequence moves with them."""
        return Samples(
            self.site, self.source, self.sequence + start, self.times[start:stop], self.tags, self.values[start:stop]
        )

    def to_arrow(self) -> pa.RecordBatch:
        """A record batch: `time` timestamp[ns, UTC] and one float64 column a signal, NaN as null."""
        time = pa.array(self.times, type=pa.int64()).cast(pa.timestamp("ns", "UTC"))
        n, cells = len(self), pa.array(np.ascontiguousarray(self.values.T).ravel(), from_pandas=True)
        columns = [cells.slice(i * n, n) for i in range(len(self.tags))]  # one array for all: tags may be thousands
        metadata = {"site": self.site, "source": self.source, "sequence": str(self.sequence)}
        fields = [pa.field("time", time.type), *(pa.field(tag, pa.float64()) for tag in self.tags)]
        return pa.RecordBatch.from_arrays([time, *columns], schema=pa.schema(fields, metadata=metadata))

    @classmethod
    def from_arrow(cls, batch: pa.RecordBatch) -> "Samples":
        """Inverse of `to_arrow`.

        Raises:
            DecodeError: the batch was not made by `to_arrow`.
        """
        metadata: dict[bytes, bytes] = batch.schema.metadata or {}
        try:
            site, source = metadata[b"site"].decode(), metadata[b"source"].decode()
            sequence = int(metadata[b"sequence"])
            times = batch.column(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
            values = _values(batch)
        except (KeyError, ValueError, TypeError, IndexError, pa.ArrowException) as error:
            raise DecodeError(f"no samples: {error}") from None
        return cls(site, source, sequence, times, tuple(batch.schema.names[1:]), values)

    def encode(self) -> bytes:
        """Arrow IPC stream bytes."""
        return encode_batch(self.to_arrow())

    @classmethod
    def decode(cls, data: bytes) -> "Samples":
        """Inverse of `encode`.

        Raises:
            DecodeError: the bytes are no samples.
        """
        return cls.from_arrow(decode_batch(data, "samples"))


def _values(batch: pa.RecordBatch) -> Values:
    """All columns but the first as float64[n, m], nulls as NaN."""
    n, m = batch.num_rows, batch.num_columns - 1
    if not n or not m:
        return np.empty((n, m))
    columns = batch.select(range(1, m + 1))
    values: Values = columns.to_tensor(null_to_nan=True, row_major=True).to_numpy().astype(np.float64, copy=False)
    return values
