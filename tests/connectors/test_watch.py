"""The watched folder: under the live contract, and what is its own: order, duplicates, half-written files, kills."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.files.watch import FolderConnector, FolderOptions
from infrastress.core.time import SECOND, to_iso
from infrastress.events import AccessAttempt, event_to_json, make_event
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import LiveContract, Peer
from tests.peers.sink import MemorySink, follow, until


def make(folder: Path, **options: object) -> FolderConnector:
    used = FolderOptions.model_validate({"path": "in", "poll_s": 0.02, "settle_s": 0, "retry_max_s": 0.2, **options})
    context = LiveContext(folder=folder)
    return FolderConnector(small_site(), Source(id="historian", kind="telemetry"), used, context)


class Writer(Peer):
    """Writes each value as a file of its own and renames it into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0

    async def start(self) -> None:
        self._folder.mkdir(exist_ok=True)

    async def kill(self) -> None:
        pass

    async def say(self, value: float) -> None:
        self._put(f"time,LT1\n{to_iso(time.time_ns())},{value}\n")

    async def nonsense(self) -> None:
        self._put(f"PK\x03\x04{self._number}")

    def _put(self, text: str) -> None:
        self._number += 1
        half = self._folder / f"{self._number:06}.csv.part"
        half.write_text(text)
        half.rename(half.with_suffix(""))


class TestFolder(LiveContract):
    def make_peer(self, port: int) -> Peer:
        return Writer(self.folder / "in")

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        return make(self.folder)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def watch(folder: Path, sink: MemorySink, done: Callable[[], object], **options: object) -> None:
    """Run the connector until something is true."""
    follow(make(folder, **options), sink, done)


def table(first: int, rows: int = 3) -> str:
    return "time,LT1\n" + "".join(f"{to_iso((first + i) * SECOND)},{first + i}\n" for i in range(rows))


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}


def test_each_kind_of_file_by_content(inbox: Path, tmp_path: Path) -> None:
    (inbox / "a.txt").write_text(table(0))
    times = pa.array([10 * SECOND, 11 * SECOND], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"time": times, "LT1": [10.0, 11.0]}), inbox / "b")
    event = make_event(
        site="plant", source="doors", sequence=1, occurred=SECOND, body=AccessAttempt(person="p", door="d", zone="z")
    )
    (inbox / "c.log").write_bytes(event_to_json(event) + b"\n")
    (inbox / "d.dat").write_text("when;level\n20;20\n")
    (inbox / "d.dat.mapping.yaml").write_text(
        'delimiter: ";"\ntime: {column: when, format: epoch_s}\ncolumns: {level: LT1}\n'
    )
    for i, name in enumerate(("a.txt", "b", "c.log", "d.dat")):
        os.utime(inbox / name, (i, i))
    sink = MemorySink()
    watch(tmp_path, sink, lambda: len(names(inbox / "done")) == 4 if (inbox / "done").exists() else False)
    assert sink.values("LT1") == [0, 1, 2, 10, 11, 20]
    assert sink.events == [event]
    assert names(inbox) == {"d.dat.mapping.yaml"}
    assert [samples.sequence for delivery in sink.durable for samples in delivery.samples] == [0, 3, 5]


def test_what_is_unfinished_waits(inbox: Path, tmp_path: Path) -> None:
    async def run() -> None:
        sink = MemorySink()
        (inbox / "half.csv.part").write_text(table(0))
        (inbox / ".hidden.csv").write_text(table(10))
        task = asyncio.create_task(make(tmp_path, settle_s=0.3).run(sink, None))
        for i in range(10):
            with (inbox / "slow.csv").open("a") as file:
                file.write(table(20, 0) if i == 0 else f"{to_iso((20 + i) * SECOND)},{i}\n")
            await asyncio.sleep(0.1)
            assert sink.values("LT1") == []
        await until(lambda: names(inbox / "done") == {"slow.csv"}, "the finished file")
        assert sink.values("LT1") == list(range(1, 10))
        assert names(inbox) == {"half.csv.part", ".hidden.csv"}
        task.cancel()
        await asyncio.wait({task}, timeout=2)

    asyncio.run(run())


def test_the_same_content_counts_once(inbox: Path, tmp_path: Path) -> None:
    sink = MemorySink()
    (inbox / "a.csv").write_text(table(0))
    watch(tmp_path, sink, (inbox / "done" / "a.csv").exists)
    (inbox / "a.csv").write_text(table(100))
    (inbox / "b.csv").write_text(table(0))
    watch(tmp_path, sink, lambda: len(names(inbox / "done")) == 3)
    assert sorted(sink.values("LT1")) == [0, 1, 2, 100, 101, 102]
    assert sink.balance.dropped == {"duplicate-file": 1}
    assert names(inbox / "done") == {"a.csv", "a-2.csv", "b.csv"}


def test_what_is_no_recording_goes_aside_with_its_reason(inbox: Path, tmp_path: Path) -> None:
    sink = MemorySink()
    (inbox / "report.pdf").write_bytes(b"%PDF-1.7 ...")
    (inbox / "other.csv").write_text("time,XX\n1970-01-01T00:00:00Z,1\n")
    (inbox / "empty.csv").touch()
    watch(tmp_path, sink, lambda: (inbox / "refused").exists() and len(names(inbox / "refused")) == 6)
    assert "PDF" in (inbox / "refused" / "report.pdf.reason.txt").read_text()
    assert "no column is a signal" in (inbox / "refused" / "other.csv.reason.txt").read_text()
    assert sink.balance.quarantined == {"unreadable-file": 3}
    assert sink.balance.balances


def test_symbolic_links_are_not_followed(inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.csv"
    secret.write_text(table(0))
    (inbox / "link.csv").symlink_to(secret)
    (inbox / "sub").mkdir()
    (inbox / "z.csv").write_text(table(10))
    sink = MemorySink()
    watch(tmp_path, sink, lambda: bool(sink.links) and "1 symbolic link" in sink.links[-1].detail)
    assert sink.values("LT1") == [10, 11, 12]


def test_killed_in_the_middle_of_a_file_it_goes_on_there(inbox: Path, tmp_path: Path) -> None:
    (inbox / "a.csv").write_text(table(0, 40))
    (inbox / "b.csv").write_text(table(100, 5))
    os.utime(inbox / "b.csv", (5e9, 5e9))
    sink = MemorySink(delay_s=0.005)
    for wanted in range(5, 45, 5):
        watch(tmp_path, sink, lambda wanted=wanted: len(sink.values("LT1")) >= wanted, batch_rows=2)
    watch(tmp_path, sink, lambda: len(names(inbox / "done")) == 2, batch_rows=2)
    assert sink.values("LT1") == [*range(40), *range(100, 105)]
    rows = [samples.sequence + i for d in sink.durable for samples in d.samples for i in range(len(samples))]
    assert rows == list(range(45))


def test_a_folder_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    async def run() -> None:
        sink = MemorySink()
        task = asyncio.create_task(make(tmp_path).run(sink, None))
        await until(lambda: sink.state() == "down", "down")
        assert "No such file" in sink.links[-1].detail
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.csv").write_text(table(0))
        await until(lambda: len(sink.values("LT1")) == 3, "values")
        task.cancel()
        await asyncio.wait({task}, timeout=2)

    asyncio.run(run())
