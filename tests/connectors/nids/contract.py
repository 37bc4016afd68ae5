"""What every follower of a sensor's logs must do beyond the live contract: rotations, kills, what is lost."""

import gzip
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.nids.live import LogFollower, LogFollowerOptions
from infrastress.events.network import NetworkRow
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import LiveContract, Peer, run
from tests.peers.sink import MemorySink, follow

Line = Callable[[int, float], dict[str, Any]]
"""A line by which a register is written with a value at a time, ns."""


class Writer(Peer):
    """A sensor that writes register writes into one log; a kill leaves half a line, and its start rotates."""

    def __init__(self, path: Path, line: Line) -> None:
        self.path, self.line, self.half, self.turn = path, line, False, 0

    async def start(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        if self.path.exists():
            self.turn += 1
            self.path.rename(self.path.with_name(f"{self.path.name}.{self.turn}"))

    async def kill(self) -> None:
        if self.half:
            self.put(json.dumps(self.line(time.time_ns(), 1e9)).encode()[:30])
            self.half = False

    async def say(self, value: float) -> None:
        self.write(value)

    async def nonsense(self) -> None:
        self.put(b'{"half a line\n')

    def write(self, *values: float) -> None:
        """Each line in two halves, as a buffer that is flushed in the middle of one."""
        for value in values:
            whole = json.dumps(self.line(time.time_ns(), value)).encode() + b"\n"
            self.put(whole[:20])
            self.put(whole[20:])
        self.half = True

    def put(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


def rows_in(sink: MemorySink) -> list[NetworkRow]:
    return [row for delivery in sink.durable for records in delivery.network for row in records.rows()]


class FollowerContract(LiveContract):
    """Of a member of the family.

    Attributes:
        connector: its class. path: its option, in the folder. log: the file that is written.
        line: what is written, a static method.
    """

    connector: ClassVar[type[LogFollower]]
    path: ClassVar[str]
    log: ClassVar[str]
    line: ClassVar[Line]

    def make_peer(self, port: int) -> Peer:
        return Writer(self.folder / self.log, self.line)

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        options = LogFollowerOptions(path=Path(self.path), poll_s=0.02, retry_max_s=0.2)
        return self.connector(small_site(), Source(id="ot", kind="network"), options, LiveContext(folder=self.folder))

    def told(self, sink: MemorySink) -> list[tuple[int, float]]:
        rows = [row for row in rows_in(sink) if row.function == 6]
        return [(row.time, row.value) for row in rows if row.value is not None]

    def _read(self, sink: MemorySink, done: Callable[[], object]) -> None:
        follow(self.make_connector(0, LiveContext()), sink, done)

    def _values(self, sink: MemorySink) -> list[float]:
        return [value for _, value in self.told(sink)]

    def _writer(self) -> Writer:
        (self.folder / self.log).parent.mkdir(exist_ok=True)
        return Writer(self.folder / self.log, self.line)

    def test_renamed_again_and_again_while_nobody_reads(self) -> None:
        writer, sink = self._writer(), MemorySink()
        writer.write(0, 1)
        self._read(sink, lambda: len(self._values(sink)) == 2)
        for turn in range(3):
            writer.write(2 + 2 * turn, 3 + 2 * turn)
            os.utime(writer.path, ns=(turn * 10**9 + 10**18, turn * 10**9 + 10**18))
            writer.path.rename(writer.path.with_name(f"{writer.path.name}.{9 - turn}"))
        writer.write(8)
        self._read(sink, lambda: len(self._values(sink)) == 9)
        assert self._values(sink) == [float(value) for value in range(9)]

    def test_packed_after_it_was_renamed(self) -> None:
        writer, sink = self._writer(), MemorySink()
        writer.write(0)
        self._read(sink, lambda: self._values(sink) == [0.0])
        writer.write(1)
        packed = writer.path.with_name(writer.path.name + ".1.gz")
        packed.write_bytes(gzip.compress(writer.path.read_bytes()))
        os.utime(packed, ns=(10**18, 10**18))
        writer.path.unlink()
        writer.write(2)
        self._read(sink, lambda: len(self._values(sink)) == 3)
        assert self._values(sink) == [0.0, 1.0, 2.0]

    def test_copied_and_truncated(self) -> None:
        self._truncated(reads_between=True)

    def test_copied_and_truncated_and_written_on_before_it_was_read(self) -> None:
        self._truncated(reads_between=False)

    def _truncated(self, *, reads_between: bool) -> None:
        writer, sink = self._writer(), MemorySink()
        writer.write(0)
        self._read(sink, lambda: self._values(sink) == [0.0])
        writer.write(1)
        shutil.copy2(writer.path, writer.path.with_name(writer.path.name + ".1"))
        writer.path.write_bytes(b"")
        if reads_between:
            self._read(sink, lambda: len(self._values(sink)) == 2)
        writer.write(2)
        self._read(sink, lambda: len(self._values(sink)) == 3)
        assert self._values(sink) == [0.0, 1.0, 2.0]

    def test_moved_elsewhere_while_it_is_read(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                writer, away = rig.peer, self.folder / "elsewhere"
                assert isinstance(writer, Writer)
                for _ in range(3):
                    values = [len(rig.said) + i for i in range(20)]
                    rig.said |= dict.fromkeys(values, time.time_ns())
                    writer.write(*values)
                    writer.path.rename(away)
                    await rig.hear(2)
                    await rig.wait(lambda: not rig.owed, "what stood in the file that was moved away")

        run(main())

    def test_what_is_gone_before_it_was_read_is_told(self) -> None:
        writer, sink = self._writer(), MemorySink()
        writer.write(0)
        self._read(sink, lambda: self._values(sink) == [0.0])
        writer.write(1)
        writer.path.unlink()
        writer.write(2)
        self._read(sink, lambda: len(self._values(sink)) == 2)
        assert self._values(sink) == [0.0, 2.0]
        assert sink.balance.quarantined["log-gone"] == 1

    def test_it_begins_with_the_log_that_is_written_not_with_history(self) -> None:
        writer, sink = self._writer(), MemorySink()
        writer.write(0)
        writer.path.rename(writer.path.with_name(f"{writer.path.name}.1"))
        writer.write(1)
        self._read(sink, lambda: self._values(sink))
        assert self._values(sink) == [1.0]

    def test_without_a_log_it_says_that_it_is_down(self) -> None:
        self._writer()
        sink = MemorySink()
        self._read(sink, lambda: any(link.state == "down" for link in sink.links))
        assert all(link.state != "up" for link in sink.links)
