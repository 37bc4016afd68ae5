"""Processes that replay into a store until they are killed at a named point. Run as `python -m tests.runtime.victim`.

Reads one job a line (JSON), forks a child for it so that imports are paid once, and answers whether the child was
killed or came to its end.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from infrastress.runtime import Policy, ReplaySummary, replay
from infrastress.store.ports import Store
from infrastress.store.sqlite import SqliteStore
from tests.runtime.toys import Bomb, Cusum, Threshold, ToyFusion, toy_recordings, toy_site
from tests.store.victim import _arm

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


def work(job: dict[str, Any]) -> None:
    store = SqliteStore(Path(job["folder"]))
    before_acknowledgement = _arm(store, job["point"], job["nth"], job["delay_s"])
    commit = type(store.checkpoints.acquire("probe", store.checkpoints.observe("probe"), "victim")).commit

    def acknowledged(self: Any, *args: Any) -> None:
        commit(self, *args)
        before_acknowledgement()

    type(store.checkpoints.acquire("probe", store.checkpoints.observe("probe"), "victim")).commit = acknowledged
    play(store)


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work(json.loads(line))
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        failed = not killed and os.WEXITSTATUS(status) != 0
        print(json.dumps({"killed": killed, "failed": failed}), flush=True)


if __name__ == "__main__":
    main()
