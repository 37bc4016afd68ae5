"""Watching a folder: tried again where it is gone or can't be read, and why is told."""

from collections.abc import Callable, Coroutine
from random import Random

from infrastress.connectors.backoff import FIRST_S, keep_trying
from infrastress.connectors.base import Link, Sink

__all__ = ["keep_watching"]


async def keep_watching(
    watch: Callable[[], Coroutine[object, object, None]], *, sink: Sink, random: Random, longest_s: float
) -> None:
    """Call `watch` again whenever it throws, until cancelled; see `keep_trying`."""

    def failed(error: Exception, wait_s: float) -> None:
        what = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        sink.report(Link("down", f"{what}; again in {wait_s:.0f} s"))

    await keep_trying(watch, failed=failed, random=random, first_s=min(FIRST_S, longest_s), longest_s=longest_s)
