"""Record batches as bytes and back: one Arrow IPC stream of one batch."""

from typing import Any

import pyarrow as pa

from infrastress.core.errors import DecodeError

__all__ = ["decode_batch", "encode_batch"]


def encode_batch(batch: pa.RecordBatch) -> bytes:
    """Arrow IPC stream bytes of one record batch, with its schema's metadata."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode_batch(data: bytes, what: str) -> pa.RecordBatch:
    """Inverse of `encode_batch`; `what` names the expected thing in the error.

    Raises:
        DecodeError: the bytes are no such stream.
    """
    try:
        with pa.ipc.open_stream(data) as reader:
            batch: Any = reader.read_next_batch()
    except (pa.ArrowInvalid, OSError, StopIteration) as error:
        raise DecodeError(f"no {what}: {error}") from None
    return batch
