"""Replays into a store until it is killed at a named point. Run as `python -m tests.runtime.victim`."""

from collections.abc import Callable
from typing import Any

from infrastress.runtime import Policy, ReplaySummary, replay
from infrastress.store import open_store
from infrastress.store.ports import Store
from infrastress.store.postgres import PostgresStore
from infrastress.store.sql import SqlLease
from infrastress.store.sqlite import SqliteStore
from tests.runtime.toys import Bomb, Cusum, Threshold, ToyFusion, toy_recordings, toy_site
from tests.victims import arm, serve

__all__ = ["play"]


class Impatient:
    """A clock on which nothing takes time."""

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        del seconds


def play(store: Store) -> ReplaySummary:
    """A replay of many small commits: with a speed, every delivery is committed by itself."""
    site = toy_site()
    recordings = toy_recordings(site, n=1200, size=40)
    judges = [Threshold(), Cusum(), Bomb(150)]
    policy = Policy(max_records=5)
    return replay(store, site, recordings, judges, ToyFusion(), speed=1.0, policy=policy, clock=Impatient())


def work(job: dict[str, Any], acknowledge: Callable[[str], None]) -> None:
    """Replay with the trap set; there is nothing to acknowledge but the end."""
    store = open_store(job["target"])
    assert isinstance(store, SqliteStore | PostgresStore)
    before_acknowledgement = arm(store, job)
    commit = SqlLease.commit

    def acknowledged(self: SqlLease, *args: Any) -> None:
        commit(self, *args)
        before_acknowledgement()

    SqlLease.commit = acknowledged
    play(store)
    acknowledge("end")


if __name__ == "__main__":
    serve(work)
