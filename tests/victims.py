"""Processes that work on a store until they are killed at a named point, and who talks to them.

A victim module calls `serve(work)` in its main. It reads one job a line (JSON), forks a child for it so that imports
are paid once, and answers how the child ended and what it had acknowledged by then. The points are set from here: the
product knows nothing of them.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import psycopg
from sqlalchemy import event

from infrastress.core.errors import StoreError
from infrastress.store.postgres import PostgresStore
from infrastress.store.sqlite import SqliteStore
from tests.proofs import ROOT

__all__ = ["POINTS", "POSTGRES_POINTS", "SERVER_STOPS", "Victims", "arm", "kill", "serve"]

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
_ENDED = ("connection ended before a statement", "connection ended inside commit")
POSTGRES_POINTS = (*POINTS, *_ENDED)
"""Where there is a server, it may also end the connection that works for its client."""
SERVER_STOPS = "server stops"
"""No trap: the server is stopped by someone else."""

Work = Callable[[dict[str, Any], Callable[[str], None]], None]


class Victims:
    """Talks to the process that forks victims of one module."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Run one victim to its end: whether it was killed, whether it failed by itself, what it had acknowledged."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert not answer["failed"], "the victim failed by itself"
        return answer

    def close(self) -> None:
        self._process.communicate(timeout=60)


def serve(work: Work) -> None:
    """Answer jobs until the input ends. `work` gets the job and what to acknowledge with."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            job = json.loads(line)
            os.close(reading)
            try:
                work(job, partial(_tell, writing))
                status = 0
            except StoreError:
                if job["point"] in (*_ENDED, SERVER_STOPS):
                    kill()
                traceback.print_exc()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)  # never run the parent's loop in the child
        os.close(writing)
        with os.fdopen(reading) as pipe:
            acknowledged = pipe.read().splitlines()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        failed = not killed and os.waitstatus_to_exitcode(status) != 0
        print(json.dumps({"killed": killed, "failed": failed, "acknowledged": acknowledged}), flush=True)


def arm(store: SqliteStore | PostgresStore, job: dict[str, Any]) -> Callable[[], None]:  # noqa: PLR0912 - a list
    """Set the trap: it springs when `point` is passed for the `nth` time. Returns what to call before acknowledging."""
    point, nth, delay_s = job["point"], job["nth"], job["delay_s"]
    passed = count(1)
    engine = store.database.engine

    def spring(*_: Any) -> None:
        if next(passed) >= nth:
            kill()

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
    elif point == "inside a statement" and isinstance(store, PostgresStore):
        event.listen(engine, "before_cursor_execute", lambda *_: _die_after(delay_s) if next(passed) == nth else None)
    elif point == "inside a statement":
        # Every so many steps of SQLite's virtual machine, while its locks are held.
        event.listen(engine, "begin", lambda c: _driver(c).set_progress_handler(spring, 50))
    elif point == "connection ended before a statement":
        # Again and again: work that shared a transaction is tried alone, and would go on.
        event.listen(engine, "before_cursor_execute", lambda c, *_: _end(c) if next(passed) >= nth else None)
    elif point == "connection ended inside commit":
        event.listen(engine, "commit", lambda c: _end(c) if next(passed) == nth else None)
    elif point == "before acknowledgement":
        return spring
    elif point == SERVER_STOPS:
        pass
    else:
        raise ValueError(point)
    return nothing


def kill() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after(seconds: float) -> None:
    def wait() -> None:
        time.sleep(seconds)
        kill()

    threading.Thread(target=wait, daemon=True).start()


def _end(connection: Any) -> None:
    """Have the server end this connection."""
    driver = connection.connection.dbapi_connection
    with psycopg.connect(driver.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])


def _driver(connection: Any) -> sqlite3.Connection:
    driver: sqlite3.Connection = connection.connection.dbapi_connection
    return driver


def _tell(pipe: int, text: str) -> None:
    os.write(pipe, f"{text}\n".encode())  # one write, so that a kill can't cut it
