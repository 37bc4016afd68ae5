"""The plant's gateway: pushes what doors, gas heads, logs and people say, when they say it, until it is stored."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import islice

import httpx

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Event, event_to_json

__all__ = ["Gateway"]

_LEAST_WAIT_S, _LONGEST_WAIT_S = 0.05, 2.0
_AT_ONCE = 200
_TIMEOUT_S = 15.0
_SETTLED = (HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY)


class Gateway:
    """Pushes events over HTTP, those of each source in their order.

    Args:
        events: of a run.
        urls: where to push, by source; events of other sources are left out.
        token: shown as bearer token.
        clock: event time.
        since: what was said before is past, ns.

    Attributes:
        stored: how many events were answered as stored.
        refused: how many never will be.
    """

    def __init__(
        self, events: Iterable[Event], urls: Mapping[str, str], token: str, clock: EventClock, since: int
    ) -> None:
        self._waiting: dict[str, deque[Event]] = defaultdict(deque)
        for event in sorted(events, key=lambda event: (event.observed, event.id)):
            if event.source in urls and event.observed >= since:
                self._waiting[event.source].append(event)
        self._urls, self._token, self._clock = urls, token, clock
        self.stored = self.refused = 0

    @property
    def left(self) -> int:
        """How many events are still to be pushed."""
        return sum(map(len, self._waiting.values()))

    async def run(self) -> None:
        """Push until all is stored, or cancelled."""
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/x-ndjson"}
        async with (
            httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_S, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            for source, events in self._waiting.items():
                group.create_task(self._push(client, self._urls[source], events))

    async def _push(self, client: httpx.AsyncClient, url: str, events: deque[Event]) -> None:
        wait_s = _LEAST_WAIT_S
        while events:
            now = self._clock.now()
            due = [event for event in islice(events, _AT_ONCE) if event.observed <= now]
            if not due:
                await asyncio.sleep(max(_LEAST_WAIT_S, self._clock.wall_s((events[0].observed - now) / SECOND)))
                continue
            body = b"\n".join(map(event_to_json, due))
            while (
                status := await _posted(client, url, body)
            ) not in _SETTLED:  # the same again, so that it counts once
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            for _ in due:
                events.popleft()
            self.stored += len(due) if status == HTTPStatus.OK else 0
            self.refused += len(due) if status != HTTPStatus.OK else 0
            wait_s = _LEAST_WAIT_S


async def _posted(client: httpx.AsyncClient, url: str, body: bytes) -> int:
    """Status of the answer; 0 when there was none."""
    try:
        return (await client.post(url, content=body)).status_code
    except httpx.HTTPError:
        return 0
