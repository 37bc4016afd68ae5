"""Reconnecting: exponential backoff with full jitter, so that a thousand clients don't come back in one second."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from random import Random

from infrastress.core.errors import ConfigurationError

__all__ = ["keep_trying"]

FIRST_S, LONGEST_S = 0.25, 30.0
_ASK_AGAIN_S = 1.0
"""More than a goodbye to the peer takes."""


async def keep_trying(
    attempt: Callable[[], Coroutine[object, object, None]],
    *,
    failed: Callable[[Exception, float], None],
    random: Random,
    first_s: float = FIRST_S,
    longest_s: float = LONGEST_S,
) -> None:
    """Call `attempt` again whenever it returns or throws, until cancelled.

    The wait doubles from `first_s` to `longest_s` with every attempt and is drawn between half of it and all of it; an
    attempt that lasted longer than `longest_s` begins anew. Cancelled, it cancels the attempt until that has ended: in
    Python 3.11 `asyncio.wait_for`, which libraries use, drops a cancellation that meets an answer (bpo-37658).

    Args:
        attempt: connects and listens; ends when the connection is lost.
        failed: told the reason and the wait that follows, s.
        random: for the jitter.
        first_s: the first wait, s.
        longest_s: the longest, s.

    Raises:
        ConfigurationError: thrown by an attempt: waiting mends nothing.
    """
    wait_s = first_s
    while True:
        began = time.monotonic()
        try:
            await _heeding(attempt())
            reason: Exception = ConnectionError("the peer closed the connection")
        except ConfigurationError:
            raise
        except Exception as error:  # libraries throw what they like when a peer goes away or talks nonsense
            reason = error
        if time.monotonic() - began > longest_s:
            wait_s = first_s
        pause_s = wait_s * random.uniform(0.5, 1.0)
        failed(reason, pause_s)
        await asyncio.sleep(pause_s)
        wait_s = min(longest_s, 2 * wait_s)


async def _heeding(attempt: Coroutine[object, object, None]) -> None:
    """Await it; a cancellation reaches it, even where it dropped the first."""
    task = asyncio.create_task(attempt)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_ASK_AGAIN_S)
        if not task.cancelled():
            task.exception()  # looked at: what goes wrong at the end is nobody's news
        raise
    if task.cancelled():
        raise ConnectionError("the connection was given up within")
    task.result()
