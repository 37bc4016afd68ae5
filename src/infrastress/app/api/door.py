"""The API's front door, open from the first moment: until the site is known it shows the console and says why.

The store may be long in reading, or a database away: whoever opens a page is told so by the page, not by a browser.
What is asked of the API waits here for a moment: whoever comes just before it is up is answered as soon as it is.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from infrastress.app.api.headers import HEADERS
from infrastress.app.api.problems import ApiError, problem_response
from infrastress.app.console import Pages

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["Door"]

_HELD_S = 1.0
"""So long a request waits for the API at most; then it is told to come again, and a page what it waits for."""
_WHY = "the service is starting: the site and the store are being read"


class Door:
    """An ASGI application before which another one can be put.

    Args:
        pages: of the console.
    """

    def __init__(self, pages: Pages | None = None) -> None:
        self._pages = pages or Pages()
        self._app: FastAPI | None = None
        self._living: AbstractAsyncContextManager[Any] | None = None
        self._admitted = asyncio.Event()

    async def admit(self, app: "FastAPI") -> None:
        """Have the application answer from now on, once it has started."""
        living = app.router.lifespan_context(app)
        await living.__aenter__()
        self._app, self._living = app, living
        self._admitted.set()

    def end(self) -> None:
        """All open streams end; called from the event loop."""
        if self._app is not None:
            self._app.state.stream.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] == "http" and self._of_api(scope["path"]):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._admitted.wait(), _HELD_S)
        if self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            response = self._answer(Request(scope, receive))
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            await response(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        if self._living is not None:
            await asyncio.shield(self._living.__aexit__(None, None, None))
        await send({"type": "lifespan.shutdown.complete"})

    @staticmethod
    def _of_api(path: str) -> bool:
        """Whether only the API can answer; how far it is, the door says itself."""
        return path == "/metrics" or (path.startswith("/api/") and not path.startswith("/api/v1/health/"))

    def _answer(self, request: Request) -> Response:
        path = request.url.path
        if path == "/api/v1/health/live":
            return JSONResponse({"live": True})
        if path == "/api/v1/health/ready":
            return JSONResponse({"ready": False, "reasons": [_WHY]}, 503)
        if path.startswith("/api/") or self._of_api(path) or request.method not in ("GET", "HEAD"):
            return problem_response(503, _WHY, path, remedy="wait a moment", headers={"Retry-After": "1"})
        try:
            return self._pages.answer(request, path.lstrip("/"))
        except ApiError as error:
            return problem_response(error.status, str(error), path)
