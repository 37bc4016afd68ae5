"""Commits and appends until it is killed at a named point. Run as `python -m tests.store.victim`."""

import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event

from infrastress.core.errors import StoreError
from infrastress.store import open_store
from infrastress.store.ports import Output
from infrastress.store.postgres import PostgresStore
from infrastress.store.sqlite import SqliteStore
from tests.victims import arm, serve

__all__ = ["APPENDED", "APPENDERS", "INPUT", "RESULT", "appended", "outputs", "state"]

INPUT, RESULT, APPENDED = "ingest/site/main", "result/site", "ingest/site/extra"
APPENDERS = 2


def outputs(offset: int) -> list[Output]:
    """What the commit of an offset puts out: sizes and keys differ, so that pages split and versions change."""
    chance = random.Random(offset)
    return [
        Output(
            id=f"{offset}/{i}",
            subject=f"{RESULT}:event",
            data=chance.randbytes(chance.choice((0, 30, 400, 20_000))),
            key=chance.choice(("", "a", "b", f"key{offset % 7}")),
            sort=chance.randrange(1000),
        )
        for i in range(chance.randrange(1, 12))
    ]


def state(offset: int) -> bytes | None:
    """The state a commit writes; every third leaves it unchanged."""
    return None if offset % 3 == 0 else b"%d" % offset * (1 + offset % 50 * 100)


def appended(thread: int, batch: int) -> list[tuple[str, bytes]]:
    """What a thread appends beside the commits."""
    return [(f"{thread}/{batch}/{i}", b"%d" % batch * (1 + 300 * i)) for i in range(3)]


def work(job: dict[str, Any], acknowledge: Callable[[str], None]) -> None:
    """Commit and append until killed; acknowledges "commit N SIZE" (of SQLite's log) and "append T N 0"."""
    store = open_store(job["target"])
    assert isinstance(store, SqliteStore | PostgresStore)
    wal = Path(job["target"]) / "store.db-wal" if isinstance(store, SqliteStore) else None

    def checkpoints(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute(f"PRAGMA wal_autocheckpoint={job['checkpoint_pages']}")

    if wal is not None:
        event.listen(store.database.engine, "connect", checkpoints)
        store.database.engine.dispose()
    lease = store.checkpoints.acquire(INPUT, store.checkpoints.observe(INPUT), "victim")
    starts = [job["appended"][thread] for thread in range(APPENDERS)]
    before_acknowledgement = arm(store, job)

    def append(thread: int) -> None:
        for batch in count(starts[thread] + 1):
            store.log.append(f"{APPENDED}:event", appended(thread, batch))
            acknowledge(f"append {thread} {batch} 0")

    def append_or_die(thread: int) -> None:
        try:
            append(thread)
        except StoreError:  # its connection was ended; a group commit may take the appender first
            os.kill(os.getpid(), signal.SIGKILL)

    if job["appenders"]:
        for thread in range(APPENDERS):
            threading.Thread(target=append_or_die, args=(thread,), daemon=True).start()
    for offset in range(lease.offset + 1, lease.offset + 1 + job["commits"]):
        lease.commit(offset, state(offset), outputs(offset))
        before_acknowledgement()
        acknowledge(f"commit {offset} {wal.stat().st_size if wal is not None else 0}")
    raise RuntimeError(f"never came to {job['point']}")


if __name__ == "__main__":
    serve(work)
