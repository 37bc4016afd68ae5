"""A capture file as network records, in one pass and constant memory."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from infrastress.connectors.pcap.balance import CaptureBalance
from infrastress.connectors.pcap.capture import Capture
from infrastress.connectors.pcap.deep import Limits
from infrastress.connectors.pcap.dissection import MAX_TALKS, Dissection
from infrastress.events.network import NetworkRecords

__all__ = ["CaptureReader"]


class CaptureReader:
    """Reads one capture once.

    Args:
        path: pcap or pcapng, plain or gzip.
        site, source: who says it.
        sequence: number of the first row.
        max_talks: conversations that may be open.
        deep: tshark reads what we don't, within these limits, where it is installed.
    """

    def __init__(
        self,
        path: Path,
        site: str = "",
        source: str = "capture",
        sequence: int = 0,
        max_talks: int = MAX_TALKS,
        *,
        deep: Limits | None = None,
    ) -> None:
        self.site, self.source, self.sequence = site, source, sequence
        self._capture = Capture(path)
        self._dissection = Dissection(path.name, max_talks, deep)

    def __iter__(self) -> Iterator[NetworkRecords]:
        """Records, none empty, as the capture completes them.

        Raises:
            InputError: the file can't be opened or is no capture.
        """
        for chunk in self._capture:
            yield from self._records(self._dissection.chunk(chunk))
        yield from self._records(self._dissection.finish())
        if self._capture.fault is not None:
            self.balance.fault = f"{self._capture.fault}, at byte {self._capture.fault_at}"

    @property
    def balance(self) -> CaptureBalance:
        """Complete once all records are read."""
        return self._dissection.balance

    @property
    def unpacked(self) -> int:
        """Bytes of the unpacked file read so far."""
        return self._capture.unpacked

    def _records(self, columns: pa.RecordBatch) -> Iterator[NetworkRecords]:
        if columns.num_rows:
            yield NetworkRecords(self.site, self.source, self.sequence, columns)
            self.sequence += columns.num_rows
