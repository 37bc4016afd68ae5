"""A notifier that works until it is killed at a named point. Run as `python -m tests.app.notify.victim`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from infrastress.app.notify.channels.command import CommandChannel
from infrastress.app.notify.notifier import Notifier
from infrastress.core.clock import EventClock
from infrastress.core.secrets import Secrets
from infrastress.store import open_store
from infrastress.store.sqlite import SqliteStore
from tests.victims import arm, kill, serve

from .plant import SITE

__all__ = ["BETWEEN"]

BETWEEN = ("before sending", "after sending")


def work(job: dict[str, Any], acknowledge: Callable[[str], None]) -> None:
    """Notify until killed or nothing is left."""
    store = open_store(job["target"])
    assert isinstance(store, SqliteStore)
    if job["point"] in BETWEEN:
        send = CommandChannel.send

        def sent(self: CommandChannel, message: Any) -> str:
            if job["point"] == "before sending":
                kill()
            told = send(self, message)
            kill()
            return told

        CommandChannel.send = sent  # type: ignore[method-assign]
    else:
        arm(store, job)
    notifier = Notifier(store, SITE, Path(job["folder"]), Secrets, cards={}, clock=EventClock())
    notifier.start()
    for _ in range(600):
        notifier.step(0.02)
        acknowledge("step")
    raise RuntimeError(f"never came to {job['point']}")


if __name__ == "__main__":
    serve(work)
