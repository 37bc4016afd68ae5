"""Processes that work on a store until they are killed at a named point. Run as `python -m tests.store.victim`.

Reads one job a line (JSON), forks a child for it so that imports are paid once, and answers with what the child had
acknowledged when it died. The points are set from here; the product knows nothing of them.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event

from infrastress.store.ports import Output
from infrastress.store.sqlite import SqliteStore

__all__ = ["APPENDED", "INPUT", "POINTS", "RESULT", "appended", "outputs", "state"]

INPUT, RESULT, APPENDED = "ingest/site/main", "result/site", "ingest/site/extra"
APPENDERS = 2

_BEFORE = {
    "before outputs": "INSERT INTO log_record",
    "before records": "INSERT INTO latest",
    "before state": "INSERT INTO lease_state",
    "before checkpoint": "UPDATE lease",
}
_AFTER = {"after outputs": "INSERT INTO log_record", "after checkpoint": "UPDATE lease"}
POINTS = (
    "before begin",
    *_BEFORE,
    *_AFTER,
    "before commit",
    "inside commit",
    "inside a statement",
    "after commit",
    "before acknowledgement",
    "any time",
)


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


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after(seconds: float) -> None:
    def wait() -> None:
        time.sleep(seconds)
        _die()

    threading.Thread(target=wait, daemon=True).start()


def _arm(store: SqliteStore, point: str, nth: int, delay_s: float) -> Callable[[], None]:
    """Set the trap; it springs when the point is passed for the nth time. Returns what to call before acknowledging."""
    passed = count(1)
    engine = store.database.engine

    def spring(*_: Any) -> None:
        if next(passed) >= nth:
            _die()

    def nothing() -> None:
        pass

    def on_statement(wanted: str) -> Callable[..., None]:
        def check(_: Any, __: Any, statement: str, *rest: Any) -> None:
            if statement.startswith(wanted):
                spring()

        return check

    if point in _BEFORE:
        event.listen(engine, "before_cursor_execute", on_statement(_BEFORE[point]))
    elif point in _AFTER:
        event.listen(engine, "after_cursor_execute", on_statement(_AFTER[point]))
    elif point in ("before begin", "before commit"):
        event.listen(engine, point.removeprefix("before "), spring)
    elif point == "after commit":
        event.listen(engine, "checkin", spring)
    elif point == "inside commit":
        event.listen(engine, "commit", lambda _: _die_after(delay_s) if next(passed) == nth else None)
    elif point == "any time":
        _die_after(0.02 * nth + delay_s)
    elif point == "inside a statement":
        # Every so many steps of SQLite's virtual machine, while its locks are held.
        event.listen(engine, "begin", lambda c: _driver(c).set_progress_handler(spring, 50))
    elif point == "before acknowledgement":
        return spring
    else:
        raise ValueError(point)
    return nothing


def _driver(connection: Any) -> sqlite3.Connection:
    driver: sqlite3.Connection = connection.connection.dbapi_connection
    return driver


def work(job: dict[str, Any], acknowledge: Callable[[str], None]) -> None:
    """Commit and append until killed; acknowledges "commit N SIZE" (of the write-ahead log) and "append T N 0"."""
    store = SqliteStore(Path(job["folder"]))
    wal = Path(job["folder"]) / "store.db-wal"

    def checkpoints(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute(f"PRAGMA wal_autocheckpoint={job['checkpoint_pages']}")

    event.listen(store.database.engine, "connect", checkpoints)
    store.database.engine.dispose()
    lease = store.checkpoints.acquire(INPUT, store.checkpoints.observe(INPUT), "victim")
    starts = [job["appended"][thread] for thread in range(APPENDERS)]
    before_acknowledgement = _arm(store, job["point"], job["nth"], job["delay_s"])

    def append(thread: int) -> None:
        for batch in count(starts[thread] + 1):
            store.log.append(f"{APPENDED}:event", appended(thread, batch))
            acknowledge(f"append {thread} {batch} 0")

    if job["appenders"]:
        for thread in range(APPENDERS):
            threading.Thread(target=append, args=(thread,), daemon=True).start()
    for offset in range(lease.offset + 1, lease.offset + 1 + job["commits"]):
        lease.commit(offset, state(offset), outputs(offset))
        before_acknowledgement()
        acknowledge(f"commit {offset} {wal.stat().st_size}")
    raise RuntimeError(f"never came to {job['point']}")


def _tell(pipe: int, text: str) -> None:
    os.write(pipe, f"{text}\n".encode())  # one write, so that a kill can't cut it


def main() -> None:
    """Answer jobs until the input ends."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                work(json.loads(line), partial(_tell, writing))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)  # never run the parent's loop in the child
        os.close(writing)
        with os.fdopen(reading) as pipe:
            acknowledged = pipe.read().splitlines()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print(json.dumps({"killed": killed, "acknowledged": acknowledged}), flush=True)


if __name__ == "__main__":
    main()
