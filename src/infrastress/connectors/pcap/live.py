"""A folder of rotating captures, as dumpcap and tcpdump write them, read while they grow."""

import asyncio
from pathlib import Path
from typing import ClassVar, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.base import Link, LiveConnector, Sink
from infrastress.connectors.folders import keep_watching
from infrastress.connectors.pcap.deep import Limits, tshark
from infrastress.connectors.pcap.dissection import Dissection
from infrastress.connectors.pcap.growing import Folder, Found, GrowingFile
from infrastress.connectors.pcap.sheets import Sheets, malformed
from infrastress.core.errors import DecodeError
from infrastress.events.delivery import Balance, Delivery, Refusal
from infrastress.events.kinds import SourceKind
from infrastress.events.network import NOTHING, NetworkRecords, columns_of, joined
from infrastress.events.network_terms import Protocol

__all__ = ["PcapConnector", "PcapOptions"]

_REMEMBERED: Final = 256
"""Files by which a packet's number is told."""


class PcapOptions(BaseModel):
    """Options of the connector: a folder into which one capture tool writes, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    poll_s: float = Field(default=1.0, gt=0)
    tshark: bool = Field(default=False, description="Have tshark, where it is installed, read what we don't")
    retry_max_s: float = Field(default=30.0, gt=0, description="Longest wait where the folder can't be used, s")


class _Position(msgspec.Struct, frozen=True):
    """Of the file in hand: first packet's time, name, bytes read; records handed over of all files."""

    first: int = -1
    name: str = ""
    offset: int = 0
    records: int = 0
    progress: int | None = None


class _Running(Dissection):
    """A dissection that accounts for packets while conversations go on, as one that is never at its end must."""

    def settle(self) -> None:
        """Count what is known of open conversations; one whose protocol nobody knows yet waits."""
        for table in self._halves.values():
            for half in table.values():
                if half.talk.counts and half.talk.protocol is not Protocol.UNKNOWN:
                    self._settle(half.talk)


class _Reading:
    """What is remembered while captures are read, and lost when the process ends: conversations, numbers of files."""

    def __init__(self) -> None:
        self.dissection = _Running("")
        self.sheets = Sheets(self.dissection.balance)
        self.file: GrowingFile | None = None
        self.found: Found | None = None
        self._bases: list[int] = []
        self._names: list[str] = []

    def open(self, folder: Path, found: Found) -> None:
        """Go on with this file."""
        base = self.file.base + self.file.packets if self.file is not None else 0
        self.file, self.found = GrowingFile(folder / found.name, base), found
        self._bases = [*self._bases, base][-_REMEMBERED:]
        self._names = [*self._names, found.name][-_REMEMBERED:]

    def read(self, until: int | None = None) -> pa.RecordBatch:
        """Rows that a piece of the file in hand completes."""
        chunks = self.file.chunks(until) if self.file is not None else ()
        parts = [self.dissection.chunk(chunk) for chunk in chunks]
        rows = self._placed(joined([*parts, self.dissection.flush()]))
        self.dissection.settle()
        return rows

    def _placed(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Rows with their capture files, and numbers within them; a response in another file has none."""
        bases = np.array(self._bases, np.int64)
        numbers = [pc.fill_null(rows.column(name), 0).to_numpy() for name in ("packet", "response_packet")]
        files = [np.searchsorted(bases, number, side="left") - 1 for number in numbers]
        known = [file >= 0 for file in files]
        within = [number - bases[file] for number, file in zip(numbers, files, strict=True)]
        names = pa.DictionaryArray.from_arrays(pa.array(files[0].astype(np.int32), mask=~known[0]), self._names)
        columns = dict(zip(rows.schema.names, rows.columns, strict=True))
        return columns_of(
            columns
            | {
                "capture": names,
                "packet": pa.array(within[0], mask=~known[0]),
                "response_packet": pa.array(within[1], mask=~known[1] | (files[1] != files[0])),
            }
        )


class PcapConnector(LiveConnector):
    """Reads captures in the order of their first packets, each to its end before the next.

    The newest may still be growing; another one is over, and may be deleted by its writer when it was read. Stopped and
    started again it reads the file in hand once more from its beginning, to know the conversations, and goes on behind
    the byte up to which everything is durable.
    """

    name: ClassVar[str] = "pcap"
    Options: ClassVar[type[BaseModel]] = PcapOptions
    kinds: ClassVar[frozenset[SourceKind]] = frozenset({"network"})
    options: PcapOptions

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Watch until cancelled; see the base class."""
        try:
            self._position = _Position() if after is None else msgspec.msgpack.decode(after, type=_Position)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position in captures: {error}") from None
        folder = self.context.folder / self.options.path

        async def watch() -> None:
            sink.report(Link("connecting"))
            lacking = "; tshark isn't installed" if self.options.tshark and tshark() is None else ""
            reading, watched = _Reading(), Folder(folder)
            while True:
                files = await asyncio.to_thread(watched.files)
                busy = True
                while busy:
                    delivery, busy = await asyncio.to_thread(self._step, reading, folder, files)
                    if delivery is not None:
                        await sink.deliver(delivery)
                sink.report(Link("up", f"watches {folder}{lacking}"))
                await asyncio.sleep(self.options.poll_s)

        await keep_watching(watch, sink=sink, random=self.context.random, longest_s=self.options.retry_max_s)

    def _step(self, reading: _Reading, folder: Path, files: list[Found]) -> tuple[Delivery | None, bool]:
        """Read a piece; the delivery, if there is anything to say, and whether there may be more to read at once."""
        now, refusals, lost = self._position, list[Refusal](), Balance()
        if reading.file is None:
            self._begin(reading, folder, files)
            now = self._position
        file, found = reading.file, reading.found
        if file is None or found is None:
            return None, False
        newer = [one for one in files if one > found]
        before = file.offset
        try:
            rows = reading.read()
            stuck = file.offset == before
            if newer and stuck and (why := file.unread()):
                _refuse(lost, refusals, "damaged-capture", f"{found.name} byte {file.offset}", why)
        except FileNotFoundError:
            rows, stuck = NOTHING, True
            why = "deleted before it was read to its end: keep more files in the ring"
            _refuse(lost, refusals, "capture-gone", f"{found.name} byte {file.offset}", why)
            reading.file, reading.found = None, None
            now = msgspec.structs.replace(now, first=found.first, name=found.name, offset=-1)
        for failure in reading.dissection.failures():
            _refuse(lost, refusals, failure.reason, found.name, f"{failure.where}: {failure.what}")
        records = NetworkRecords(self.site.id, self.source.id, now.records, rows)
        balance = reading.sheets.part(len(records))
        balance.add(lost)
        refusals += malformed(records)
        progress = max([now.progress or 0, *records.ends.tolist()]) or now.progress
        offset = file.offset if now.offset >= 0 else -1
        self._position = _Position(found.first, found.name, offset, now.records + len(records), progress)
        if newer and stuck and reading.file is not None:
            reading.open(folder, newer[0])
        if not len(records) and not balance.read and not refusals:
            return None, not stuck or bool(newer)
        position = msgspec.msgpack.encode(self._position)
        network = (records,) if len(records) else ()
        told = tuple(refusals)
        delivery = Delivery(self.source.id, position, (), (), told, balance, progress, network=network)
        return delivery, not stuck or bool(newer)

    def _begin(self, reading: _Reading, folder: Path, files: list[Found]) -> None:
        """Open the file to go on with, if there is one; what was durable of it is read again, and not said again."""
        at = self._position
        here = Found(at.first, at.name)
        known = at.offset >= 0 and here in files
        after = [one for one in files if one > here]
        if not known and not after:
            return
        reading.open(folder, here if known else after[0])
        file = reading.file
        while known and file is not None and file.offset < at.offset:
            before = file.offset
            reading.read(at.offset)
            if file.offset == before:
                break
        if self.options.tshark:
            reading.dissection.deepen(Limits())
        reading.sheets.part()


def _refuse(balance: Balance, refusals: list[Refusal], reason: str, where: str, what: str) -> None:
    balance.read += 1
    balance.quarantined[reason] += 1
    refusals.append(Refusal(reason, where, what))
