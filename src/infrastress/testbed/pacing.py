"""Pacing: events are told when they are known, in their order, and told again until they were taken."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Event

__all__ = ["pace", "queues"]

_LEAST_WAIT_S, _LONGEST_WAIT_S = 0.05, 2.0
_AT_ONCE = 200


def queues(events: Iterable[Event], since: int) -> dict[str, deque[Event]]:
    """Events by source, by when they are known; what was known before `since` (ns) is past and left out."""
    found: dict[str, deque[Event]] = defaultdict(deque)
    for event in sorted(events, key=lambda event: (event.observed, event.id)):
        if event.observed >= since:
            found[event.source].append(event)
    return dict(found)


async def pace(events: deque[Event], clock: EventClock, tell: Callable[[list[Event]], Awaitable[bool]]) -> None:
    """Tell events as they become known, until none is left; what is told leaves the queue.

    Args:
        events: in their order.
        clock: event time.
        tell: False where it has to be told again, the very same.
    """
    while events:
        now = clock.now()
        due = [event for event in islice(events, _AT_ONCE) if event.observed <= now]
        if not due:
            await asyncio.sleep(max(_LEAST_WAIT_S, clock.wall_s((events[0].observed - now) / SECOND)))
            continue
        wait_s = _LEAST_WAIT_S
        while not await tell(due):
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        for _ in due:
            events.popleft()
