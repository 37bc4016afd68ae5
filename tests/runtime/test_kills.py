"""Killed at named points inside commit, the log torn behind it: a replay goes on and ends with the same bytes."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from infrastress.runtime import export_results
from infrastress.store import open_store
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import Store
from infrastress.store.sqlite import SqliteStore
from tests.postgres import Server
from tests.proofs import Proof
from tests.runtime.toys import toy_site
from tests.runtime.victim import play
from tests.victims import POINTS, POSTGRES_POINTS, Victims

FILES = ("detections.jsonl", "alarms.jsonl", "incidents.jsonl", "quarantine.jsonl")


def killed(victims: Victims, target: Path | str, step: int, points: Sequence[str]) -> bool:
    """Run one victim; False when it came to its end before the trap sprang."""
    chance = random.Random(step)
    job = {
        "target": str(target),
        "point": points[step % len(points)],
        "nth": chance.randrange(1, 18),
        "delay_s": chance.random() * 0.003,
    }
    return bool(victims.run(job)["killed"])


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    victims = Victims("tests.runtime.victim")
    yield victims
    victims.close()


def outcome(store: Store, folder: Path) -> dict[str, object]:
    summary = play(store)
    export_results(store, toy_site(), folder)
    return {"summary": summary.as_dict(), **{name: (folder / name).read_bytes() for name in FILES}}


@pytest.fixture(scope="module")
def golden(tmp_path_factory) -> dict[str, object]:
    return outcome(MemoryStore(), tmp_path_factory.mktemp("golden"))


def tear(folder: Path, step: int) -> None:
    """Lose or garble the end of the write-ahead log: acknowledged commits go too, but only ever the last ones."""
    chance = random.Random(step)
    with (folder / "store.db-wal").open("r+b") as wal:
        end = wal.seek(0, 2)
        if not end:
            return
        cut = chance.randrange(end // 2, end)
        if chance.random() < 0.5:
            wal.truncate(cut)
        else:
            wal.seek(cut)
            wal.write(chance.randbytes(min(500, end - cut)))


def chain(victims: Victims, golden, scratch: Path, steps: list[int]) -> int:
    """Kill one replay again and again, then let it end; returns how often it was killed."""
    kills = 0
    store = scratch / f"store{steps[0]}"
    SqliteStore(store).close()
    for step in steps:
        kills += killed(victims, store, step, POINTS)
        if step % 3 == 2:
            tear(store, step)
    with SqliteStore(store) as opened:
        assert outcome(opened, scratch / f"out{steps[0]}") == golden
    return kills


def postgres_chain(victims: Victims, golden, server: Server, scratch: Path, steps: list[int]) -> int:
    """The same on PostgreSQL."""
    target = server.new_database()
    open_store(target).close()
    kills = sum(killed(victims, target, step, POSTGRES_POINTS) for step in steps)
    with open_store(target) as opened:
        assert outcome(opened, scratch / f"out{steps[0]}") == golden
    return kills


def test_a_replay_killed_at_every_point_ends_the_same(victims, golden, tmp_path):
    kills = sum(chain(victims, golden, tmp_path, list(range(start, start + 4))) for start in range(0, 24, 4))
    assert kills >= 18


def test_a_replay_on_postgresql_killed_at_every_point_ends_the_same(victims, golden, postgres, tmp_path):
    chains = [list(range(start, start + 5)) for start in range(0, 15, 5)]
    assert sum(postgres_chain(victims, golden, postgres, tmp_path, steps) for steps in chains) >= 10


def test_the_judge_sees_a_difference(golden, tmp_path):
    store = MemoryStore()
    store.log.append("quarantine/toy:refusal", [("x", b"{}")])
    assert outcome(store, tmp_path) != golden


@pytest.mark.prove
def test_500_kills_of_a_replay(victims, golden, tmp_path):
    proof = Proof("runtime: replays killed at named points inside commit, every third log torn", 140)
    kills = 0
    for number in proof.steps():
        kills += chain(victims, golden, tmp_path, list(range(1000 + 4 * number, 1004 + 4 * number)))
    proof.finish(f"{kills} kills in this run, 4 tries each; detections, alarms, incidents, balances byte-identical")


@pytest.mark.prove
def test_200_kills_of_a_replay_on_postgresql(victims, golden, postgres, tmp_path):
    proof = Proof("runtime on PostgreSQL: replays killed at named points inside commit", 50)
    kills = 0
    for number in proof.steps():
        steps = list(range(1000 + 4 * number, 1004 + 4 * number))
        kills += postgres_chain(victims, golden, postgres, tmp_path, steps)
    proof.finish(f"{kills} kills in this run, 4 tries each; detections, alarms, incidents, balances byte-identical")
