"""Handing an inbox over: one delivery at a time, and whoever put something in waits until it is durable."""

import asyncio

from infrastress.connectors.base import Sink
from infrastress.connectors.inbox import Inbox

__all__ = ["Handover"]


class Handover:
    """Several writers of one inbox, one row of deliveries.

    While a delivery is under way the others fill the inbox, and the next takes all of it: small deliveries while there
    is little to do, large ones under load, and a sink that stands still makes every writer wait.

    Args:
        inbox: what is handed over.
        sink: to whom.
    """

    def __init__(self, inbox: Inbox, sink: Sink) -> None:
        self._inbox, self._sink = inbox, sink
        self._lock = asyncio.Lock()

    async def flush(self) -> None:
        """Returns when all that is in the inbox now is durable."""
        async with self._lock:
            delivery = self._inbox.delivery()
            if delivery is not None:
                await self._sink.deliver(delivery)
