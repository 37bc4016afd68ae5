"""A recorded capture as a source: its network records with the balance of its packets."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.base import Connector
from infrastress.connectors.pcap.capture import Capture
from infrastress.connectors.pcap.dissection import Dissection
from infrastress.connectors.pcap.sheets import Sheets, malformed
from infrastress.core.errors import DecodeError
from infrastress.events.delivery import Balance, Delivery, Refusal
from infrastress.events.network import NetworkRecords

__all__ = ["CaptureConnector", "CaptureOptions"]


class CaptureOptions(BaseModel):
    """Options of the connector. `batch_rows` bounds the records of a delivery; it changes none of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    batch_rows: int | None = Field(default=None, ge=1)


class _Position(msgspec.Struct, frozen=True):
    """Records handed over, and steps (chunks of packets, then the end) whose balance was."""

    records: int
    steps: int
    progress: int | None


class CaptureConnector(Connector):
    """Reads one capture: pcap or pcapng, plain or gzip.

    It goes on behind a position by reading the capture again from its beginning: what stands in a packet depends on
    those before it.
    """

    name: ClassVar[str] = "capture"
    Options: ClassVar[type[BaseModel]] = CaptureOptions
    options: CaptureOptions

    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """Deliveries behind a position.

        Raises:
            InputError: the file is no capture.
        """
        try:
            start = _Position(0, 0, None) if after is None else msgspec.msgpack.decode(after, type=_Position)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position in a capture: {error}") from None
        capture, dissection = Capture(self.options.path), Dissection(self.options.path.name)
        sheets, done = Sheets(dissection.balance), 0
        now = start
        for step, (columns, over) in enumerate(_steps(capture, dissection), 1):
            records = NetworkRecords(self.site.id, self.source.id, done, columns)
            done += len(records)
            balance = sheets.part()
            refusals = list(malformed(records))
            if step <= start.steps:
                continue
            fresh = records.slice(max(0, start.records - records.sequence), len(records))
            size = self.options.batch_rows or max(1, len(fresh))
            pieces = [fresh.slice(at, at + size) for at in range(0, len(fresh), size)] or [fresh]
            for piece in pieces:
                last = piece is pieces[-1]
                own = balance if last else Balance()
                own.cells_accepted = len(piece)
                top = max([now.progress or 0, *piece.ends.tolist()]) or now.progress
                now = _Position(piece.sequence + len(piece), step if last else step - 1, top)
                told = (*refusals, *(_broken(capture, own) if over else ())) if last else ()
                position = msgspec.msgpack.encode(now)
                network = (piece,) if len(piece) else ()
                yield Delivery(self.source.id, position, (), (), told, own, now.progress, network=network)


def _steps(capture: Capture, dissection: Dissection) -> Iterator[tuple[pa.RecordBatch, bool]]:
    for chunk in capture:
        yield dissection.chunk(chunk), False
    yield dissection.finish(), True


def _broken(capture: Capture, balance: Balance) -> Iterator[Refusal]:
    """Where the capture ends before its file does: one that is refused."""
    if capture.fault is not None:
        balance.read += 1
        balance.quarantined["damaged-capture"] += 1
        yield Refusal("damaged-capture", f"{capture.path.name} byte {capture.fault_at}", capture.fault)
