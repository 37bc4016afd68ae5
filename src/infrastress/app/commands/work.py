"""`infrastress work`: one of several processes that share detection and fusion of some sites on one database."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from infrastress.app.output import database_option

if TYPE_CHECKING:
    from infrastress.runtime import Change

__all__ = ["command"]

_SHORTEST_S = 5.0
"""The shortest lease: it must outlast a transaction that a database gives up (store.postgres.IDLE_S)."""


@click.command("work")
@click.argument("sites", nargs=-1, required=True, metavar="SITE...", type=click.Path(path_type=Path))
@database_option(required=True)
@click.option(
    "--lease",
    type=click.FloatRange(min=_SHORTEST_S),
    default=10.0,
    show_default=True,
    help="Seconds of silence after which another takes over.",
)
def command(*, sites: tuple[Path, ...], database: str, lease: float) -> None:
    """Detect and fuse for SITEs on a database, sharing the work with other such processes.

    Start it on as many machines as you like, with the same SITEs. Stop one with Ctrl-C or SIGTERM: the others go on at
    once. What is to be judged comes from `infrastress replay --database URL --by-workers`.
    """
    from infrastress.app.working import duties_of
    from infrastress.core.errors import ConfigurationError
    from infrastress.runtime import Policy, Shift
    from infrastress.runtime.sharing import new_owner
    from infrastress.store import open_store

    owner = new_owner()
    with open_store(database) as store, _stopping() as stopped:
        duties = [duty for site in sites for duty in duties_of(store, site)]
        if len({duty.partition for duty in duties}) < len(duties):
            raise ConfigurationError("two of the sites have one id", remedy="name each site once")
        shift = Shift(store.log, store.checkpoints, duties, policy=Policy(lease_s=lease), owner=owner, on_change=_tell)
        click.echo(f"{owner} is ready.")
        shift.run(stopped.is_set)
    click.echo(f"{owner} has stopped.")


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that is set by the first SIGINT or SIGTERM; the second ends the process as ever."""
    stopped = threading.Event()
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}

    def note(signum: int, _: FrameType | None) -> None:
        stopped.set()
        signal.signal(signum, before[signal.Signals(signum)])

    for signum in before:
        signal.signal(signum, note)
    try:
        yield stopped
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _tell(change: "Change") -> None:
    words = {"away": "the database is away", "failed": "put aside for a minute:"}
    line = " ".join(part for part in (words.get(change.what, change.what), change.partition, change.why) if part)
    click.echo(line, err=change.what in ("away", "failed", "lost"))
