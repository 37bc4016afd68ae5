"""The plant's gateway: pushes what doors, gas heads and people say over HTTP, until it is stored."""

import asyncio
from collections import deque
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

import httpx

from infrastress.core.clock import EventClock
from infrastress.events import Event, event_to_json
from infrastress.testbed.pacing import pace

__all__ = ["Gateway"]

_TIMEOUT_S = 15.0


class Gateway:
    """Pushes events over HTTP, those of each source in their order.

    Args:
        events: by source, each in order.
        urls: where to push, by source.
        token: shown as bearer token.
        clock: event time.

    Attributes:
        stored: how many events were answered as stored.
        refused: how many never will be.
    """

    def __init__(
        self, events: Mapping[str, deque[Event]], urls: Mapping[str, str], token: str, clock: EventClock
    ) -> None:
        self._events = {source: events.get(source, deque()) for source in urls}
        self._urls, self._token, self._clock = urls, token, clock
        self.stored = self.refused = 0

    @property
    def left(self) -> int:
        """How many events are still to be pushed."""
        return sum(map(len, self._events.values()))

    async def run(self) -> None:
        """Push until all is stored, or cancelled."""
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/x-ndjson"}
        async with (
            httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_S, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            for source, events in self._events.items():
                group.create_task(pace(events, self._clock, partial(self._push, client, self._urls[source])))

    async def _push(self, client: httpx.AsyncClient, url: str, events: list[Event]) -> bool:
        """Whether it is settled: stored, or refused for good."""
        try:
            status = (await client.post(url, content=b"\n".join(map(event_to_json, events)))).status_code
        except httpx.HTTPError:
            return False
        if status == HTTPStatus.OK:
            self.stored += len(events)
        elif status == HTTPStatus.UNPROCESSABLE_ENTITY:
            self.refused += len(events)
        return status in (HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY)
