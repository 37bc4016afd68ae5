"""Reconnecting: exponential backoff with full jitter, so that a thousand clients don't come back in one second."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random

from infrastress.core.errors import ConfigurationError

__all__ = ["keep_trying"]

FIRST_S, LONGEST_S = 0.25, 30.0


async def keep_trying(
    attempt: Callable[[], Awaitable[None]],
    *,
    failed: Callable[[Exception, float], None],
    random: Random,
    first_s: float = FIRST_S,
    longest_s: float = LONGEST_S,
) -> None:
    """Call `attempt` again whenever it returns or throws, until cancelled.

    The wait doubles from `first_s` to `longest_s` with every attempt and is drawn between half of it and all of it; an
    attempt that lasted longer than `longest_s` begins anew.

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
            await attempt()
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
