"""The stream of what changes, as server-sent events."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infrastress.app.accounts import Identity, Permission, may
from infrastress.app.api.asking import BookOf, PlantOf, StreamOf, who
from infrastress.app.api.plant import Plant
from infrastress.app.api.position import Position
from infrastress.app.api.problems import ApiError
from infrastress.app.api.stream import TOPICS, Dropped, Stream, Topic

__all__ = ["router"]

router = APIRouter(tags=["stream"])
_NEEDED: dict[Topic, Permission] = {
    "alarms": "see.alarms",
    "acts": "see.alarms",
    "incidents": "see.alarms",
    "health": "see.health",
    "pulse": "see.health",
    "decisions": "see.decisions",
}


class _Frames(Response):
    """Sends frames until the follower goes, is too slow, or may not follow any more."""

    media_type = "text/event-stream"

    def __init__(
        self, stream: Stream, topics: frozenset[str], after: Position | None, holds: Any, plant: Plant
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._stream, self._topics, self._after, self._holds = stream, topics, after, holds
        self._settings = plant.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        self._stream.followers += 1
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stream.followers -= 1
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        checked = loop.time()
        try:
            async with asyncio.timeout(self._settings.send_s):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
            async for frame in self._stream.follow(self._topics, self._after):
                now = loop.time()
                if now - checked >= self._settings.heartbeat_s:
                    checked = now
                    if not await asyncio.to_thread(self._holds):
                        break
                async with asyncio.timeout(self._settings.send_s):
                    await send({"type": "http.response.body", "body": frame or b": beat\n\n", "more_body": True})
        except (Dropped, TimeoutError):
            self._stream.dropped += 1
        async with asyncio.timeout(1):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get(
    "/stream",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def follow(
    *,
    plant: PlantOf,
    stream: StreamOf,
    book: BookOf,
    identity: Annotated[Identity, Depends(who)],
    topics: Annotated[list[Topic] | None, Query(description="Repeat for several; all that you may see without")] = None,
    after: Annotated[
        str | None, Query(max_length=80, description="A position; the header Last-Event-ID goes first")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=80)] = None,
) -> Response:
    """What changes, at most five frames a second.

    Each event `update` holds the newest version of all that changed since the one before (see the schema `Update`). It
    begins with `start`, or goes on behind `Last-Event-ID`. `reset` says that what lies between is not kept any more:
    read the lists again. A pulse that isn't fresh makes all health unknown.
    """
    allowed = [topic for topic in TOPICS if may(identity, _NEEDED[topic])]
    wanted = allowed if topics is None else topics
    for topic in wanted:
        if topic not in allowed:
            raise ApiError(403, f"the role {identity.role} may not follow {topic}")
    if not wanted:
        raise ApiError(403, f"the role {identity.role} may not follow anything")
    word = last_event_id or after
    position = Position.parse(word) if word else None
    if stream.followers >= plant.settings.max_streams:
        raise ApiError(503, "too many follow already", remedy="try again later", headers={"Retry-After": "10"})
    return _Frames(stream, frozenset(wanted), position, lambda: book.holds(identity), plant)
