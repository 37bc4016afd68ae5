"""Killed anywhere, torn anywhere: what was acknowledged is there, what wasn't is there whole or not at all."""

import random
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infrastress.store import open_store
from infrastress.store.ports import Row, read_all
from infrastress.store.postgres import PostgresStore
from infrastress.store.sqlite import SqliteStore
from tests.postgres import Server, running_server
from tests.proofs import Proof
from tests.store.victim import APPENDED, APPENDERS, INPUT, RESULT, appended, outputs, state
from tests.victims import POINTS, POSTGRES_POINTS, SERVER_STOPS, Victims


def killed(victims: Victims, target: Path | str, **job: Any) -> list[str]:
    """Run a victim to its death; returns what it had acknowledged."""
    defaults = {"point": "before acknowledgement", "nth": 1, "delay_s": 0.0, "commits": 4000, "appenders": False}
    defaults |= {"checkpoint_pages": 4000, "appended": [0] * APPENDERS, "target": str(target)}
    answer = victims.run(defaults | job)
    assert answer["killed"], "the trap never sprang"
    return list(answer["acknowledged"])


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    victims = Victims("tests.store.victim")
    yield victims
    victims.close()


class Acknowledged:
    """What must be there."""

    def __init__(self) -> None:
        self.offset = 0
        self.batches = [0] * APPENDERS
        self.wal_sizes: list[tuple[int, int]] = []

    def add(self, lines: list[str]) -> None:
        self.wal_sizes = []
        for line in lines:
            kind, *numbers = line.split()
            if kind == "commit":
                self.offset = int(numbers[0])
                self.wal_sizes.append((self.offset, int(numbers[1])))
            else:
                self.batches[int(numbers[0])] = int(numbers[1])


def check(target: Path | str, least: int, batches: list[int], *, most: int | None = None) -> tuple[int, list[int]]:
    """Judge a store; returns offset and batches found.

    Args:
        target: the store.
        least: last acknowledged offset.
        batches: last acknowledged batch of each appending thread.
        most: last offset that may be there; one beyond `least` by default.
    """
    with open_store(target) as store:
        assert isinstance(store, SqliteStore | PostgresStore)
        assert store.faults() == []
        lease = store.checkpoints.acquire(INPUT, store.checkpoints.observe(INPUT), "judge")
        assert least <= lease.offset <= (least + 1 if most is None else most)
        expected = [output for offset in range(1, lease.offset + 1) for output in outputs(offset)]
        records = list(read_all(store.log, RESULT))
        assert [record.offset for record in records] == list(range(1, len(expected) + 1))
        assert [(r.id, r.subject, r.data) for r in records] == [(o.id, o.subject, o.data) for o in expected]
        newest = {output.key: Row(output.key, output.sort, output.data) for output in expected if output.key}
        assert list(store.records.list("event", limit=999)) == sorted(newest.values(), key=lambda r: (r.sort, r.key))
        states = [s for offset in range(1, lease.offset + 1) if (s := state(offset)) is not None]
        assert lease.state == (states[-1] if states else None)

        extra = list(read_all(store.log, APPENDED))
        assert [record.offset for record in extra] == list(range(1, len(extra) + 1))
        found = []
        for thread in range(APPENDERS):
            mine = [(record.id, record.data) for record in extra if record.id.startswith(f"{thread}/")]
            number, rest = divmod(len(mine), 3)
            assert rest == 0, "a torn append"
            assert mine == [item for batch in range(1, number + 1) for item in appended(thread, batch)]
            assert batches[thread] <= number <= batches[thread] + 1
            found.append(number)
        return lease.offset, found


def kill_and_check(
    victims: Victims, target: Path | str, known: Acknowledged, step: int, points: Sequence[str] = POINTS
) -> None:
    """One kill of a chain on one store; the point and all else follow from the step."""
    chance = random.Random(step)
    known.add(
        killed(
            victims,
            target,
            point=points[step % len(points)],
            nth=chance.randrange(1, 12),
            delay_s=chance.random() * 0.003,
            appenders=chance.random() < 0.5,
            checkpoint_pages=chance.choice((4, 40, 4000)),
            appended=known.batches,
        )
    )
    known.offset, known.batches = check(target, known.offset, known.batches)


def tear_and_check(folder: Path, scratch: Path, known: Acknowledged, floor: tuple[int, list[int]], step: int) -> None:
    """Lose or garble the write-ahead log behind some acknowledged commit, as a power cut would."""
    chance = random.Random(step)
    offset, size = chance.choice(known.wal_sizes[:-1] or known.wal_sizes)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for name in ("store.db", "store.db-wal"):
        shutil.copyfile(folder / name, scratch / name)
    with (scratch / "store.db-wal").open("r+b") as wal:
        end = wal.seek(0, 2)
        cut = chance.randrange(size, max(size, end) + 1)
        if chance.random() < 0.5:
            wal.truncate(cut)
        else:
            wal.seek(cut)
            wal.write(chance.choice((b"\0", b"\xff", chance.randbytes(1))) * chance.randrange(1, max(2, end - cut)))
    check(scratch, offset, floor[1], most=known.offset)


def torn(victims: Victims, folder: Path, scratch: Path, steps: range) -> None:
    """Kill once with a log that keeps growing, then tear copies of it."""
    known = Acknowledged()
    known.add(killed(victims, folder, nth=20, checkpoint_pages=0))
    known.offset += 1  # the one killed before it was acknowledged may be there
    for step in steps:
        tear_and_check(folder, scratch, known, (0, [0] * APPENDERS), step)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new store; made here so that victims needn't migrate."""
    SqliteStore(tmp_path / "store").close()
    return tmp_path / "store"


def test_nothing_acknowledged_is_lost_in_kills_at_every_point(victims: Victims, folder: Path) -> None:
    known = Acknowledged()
    for step in range(2 * len(POINTS)):
        kill_and_check(victims, folder, known, step)
    assert known.offset > len(POINTS)


def test_nothing_acknowledged_is_lost_in_kills_on_postgresql(victims: Victims, postgres: Server) -> None:
    known, target = Acknowledged(), postgres.new_database()
    for step in range(len(POSTGRES_POINTS)):
        kill_and_check(victims, target, known, step, POSTGRES_POINTS)
    assert known.offset > len(POSTGRES_POINTS)


@pytest.fixture(scope="module")
def doomed() -> Iterator[Server]:
    """A server that is there to be crashed."""
    with running_server() as server:
        yield server


def crash_and_check(victims: Victims, server: Server, target: str, known: Acknowledged, step: int) -> None:
    """Stop the server at once, or kill it, while a victim commits and appends; start it again and judge."""
    chance = random.Random(step)
    with ThreadPoolExecutor(1) as pool:
        dying = pool.submit(killed, victims, target, point=SERVER_STOPS, appenders=True, appended=known.batches)
        time.sleep(0.1 + chance.random() * 0.4)
        server.stop(signal.SIGKILL if step % 2 else signal.SIGQUIT)
        known.add(dying.result(60))
    server.start()
    known.offset, known.batches = check(target, known.offset, known.batches)


def test_nothing_acknowledged_is_lost_when_the_server_crashes(victims: Victims, doomed: Server) -> None:
    known, target = Acknowledged(), doomed.new_database()
    open_store(target).close()
    for step in range(4):
        crash_and_check(victims, doomed, target, known, step)
    assert known.offset > 20


def test_nothing_acknowledged_is_lost_in_torn_writes(victims: Victims, folder: Path, tmp_path: Path) -> None:
    torn(victims, folder, tmp_path / "torn", range(12))


def test_the_judge_sees_a_loss(victims: Victims, folder: Path, tmp_path: Path) -> None:
    known = Acknowledged()
    known.add(killed(victims, folder, nth=10, checkpoint_pages=0))
    wal = folder / "store.db-wal"
    offset, size = known.wal_sizes[4]
    with wal.open("r+b") as file:
        file.truncate(size - 1)
    with pytest.raises(AssertionError):
        check(folder, offset, known.batches, most=known.offset + 1)


@pytest.mark.prove
def test_500_kills_and_500_torn_writes_lose_nothing(victims: Victims, tmp_path: Path) -> None:
    kills = Proof("store: kills at named points inside commit and append", 500)
    folder, known = tmp_path / "none", Acknowledged()
    for step in kills.steps():
        if step % 25 == 0 or not folder.exists():  # a fresh store now and then keeps the judge's reading short
            folder, known = tmp_path / f"kills{step}", Acknowledged()
            SqliteStore(folder).close()
        kill_and_check(victims, folder, known, step)
    kills.finish(f"{len(POINTS)} points; no acknowledged record lost, none in part")

    tears = Proof("store: write-ahead log cut or garbled behind an acknowledged commit", 500)
    for step in tears.steps():
        if step % 25 == 0 or not (folder := tmp_path / "torn-source").exists():
            shutil.rmtree(tmp_path / "torn-source", ignore_errors=True)
            folder = tmp_path / "torn-source"
            SqliteStore(folder).close()
            known = Acknowledged()
            known.add(killed(victims, folder, nth=20 + step % 20, checkpoint_pages=0))
            known.offset += 1
        tear_and_check(folder, tmp_path / "torn", known, (0, [0] * APPENDERS), step)
    tears.finish("no acknowledged record lost, none in part")


@pytest.mark.prove
def test_200_kills_on_postgresql_lose_nothing(victims: Victims, postgres: Server) -> None:
    kills = Proof("store on PostgreSQL: kills at named points inside commit and append", 200)
    known, target = Acknowledged(), ""
    for step in kills.steps():
        if step % 25 == 0 or not target:
            known, target = Acknowledged(), postgres.new_database()
        kill_and_check(victims, target, known, step, POSTGRES_POINTS)
    kills.finish(f"{len(POSTGRES_POINTS)} points; no acknowledged record lost, none in part")


@pytest.mark.prove
def test_200_crashes_of_the_server_lose_nothing(victims: Victims, doomed: Server) -> None:
    crashes = Proof("store on PostgreSQL: server stopped at once or killed while it is written to", 200)
    known, target = Acknowledged(), ""
    for step in crashes.steps():
        if step % 10 == 0 or not target:
            known, target = Acknowledged(), doomed.new_database()
            open_store(target).close()
        crash_and_check(victims, doomed, target, known, step)
    crashes.finish("half `pg_ctl stop -m immediate`, half kill -9; no acknowledged record lost, none in part")
