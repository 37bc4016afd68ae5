"""A live demo in a process of its own, as a person starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

__all__ = ["PASSWORD", "LiveDemo", "live_demo"]

PASSWORD = "four dull green lamps"  # noqa: S105 - of a demo
_UP_S = 200.0


class LiveDemo:
    """Started; `told` is what it printed when the console answered."""

    def __init__(self, out: Path, *words: str, env: dict[str, str] | None = None) -> None:
        self.out = out
        self.notes = out.parent / f"{out.name}.notes"
        command = [sys.executable, "-m", "infrastress", "demo", "--out", str(out), "--json", "--no-open", *words]
        with self.notes.open("w") as notes:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=notes,
                text=True,
                env={**os.environ, "CI": "", **(env or {})},
                start_new_session=True,
            )
        self.told = self._read()

    def _read(self) -> dict[str, Any]:
        text, limit = "", time.monotonic() + _UP_S
        assert self.process.stdout is not None
        for line in self.process.stdout:
            text += line
            if line == "}\n":
                return json.loads(text)
            assert time.monotonic() < limit
        raise AssertionError(f"it ended with {self.process.wait()}: {self.notes.read_text()[-2000:]}")

    def family(self) -> list[psutil.Process]:
        """It and all processes that it started."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def end(self, signum: int = signal.SIGINT, seconds: float = 60.0) -> int:
        """Signal it; returns its exit status, once nothing of it is left."""
        family = self.family()
        self.process.send_signal(signum)
        status = self.process.wait(seconds)
        _, left = psutil.wait_procs(family[1:], timeout=10)
        assert not left, [one.cmdline() for one in left]
        assert not _speaking_of(self.out)
        return status

    def close(self) -> None:
        with suppress(psutil.NoSuchProcess):
            for one in reversed(self.family()):
                with suppress(psutil.NoSuchProcess):
                    one.kill()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def client(self) -> httpx.Client:
        """Signed in with the password that was told; another one is chosen."""
        api = httpx.Client(base_url=self.told["address"], timeout=30)
        given = {"name": self.told["account"], "password": self.told["password"]}
        answer = api.post("/api/v1/session", json=given)
        assert answer.status_code == 201, answer.text
        assert answer.json()["must_change_password"]
        api.headers["X-CSRF-Token"] = answer.json()["csrf"]
        chosen = api.post("/api/v1/session/password", json={"current": given["password"], "new": PASSWORD})
        assert chosen.status_code == 204, chosen.text
        return api


def _speaking_of(folder: Path) -> list[str]:
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            if one.pid != os.getpid() and str(folder) in " ".join(one.cmdline()):
                found.append(" ".join(one.cmdline()))
    return found


@contextmanager
def live_demo(out: Path, *words: str, **more: Any) -> Iterator[LiveDemo]:
    demo = LiveDemo(out, *words, **more)
    try:
        yield demo
    finally:
        demo.close()
