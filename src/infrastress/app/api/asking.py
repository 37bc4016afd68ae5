"""What routes share: who asks and what they may, the plant, answers that haven't changed."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response

from infrastress.app.accounts import Book, Identity, Permission, may
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.stream import Stream

__all__ = ["BookOf", "NotModified", "PlantOf", "StreamOf", "in_turn", "known", "needs", "not_modified", "wanted", "who"]

T = TypeVar("T")


class NotModified(Exception):  # noqa: N818 - what HTTP calls status 304, which is no error
    """What the caller holds is what there is."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def who(request: Request) -> Identity:
    """Who asks; raises ApiError (401) where nobody signed in."""
    identity: Identity | None = getattr(request.state, "identity", None)
    if identity is None:
        raise ApiError(
            401, "sign in first", remedy="POST /api/v1/session, or send a token", headers={"WWW-Authenticate": "Bearer"}
        )
    return identity


def needs(permission: Permission) -> Any:
    """A dependency: the caller, who may do this."""

    def check(request: Request) -> Identity:
        identity = who(request)
        if identity.limited:
            raise ApiError(
                403, "the password was good for one sign-in", remedy="choose another: POST /api/v1/session/password"
            )
        if not may(identity, permission):
            raise ApiError(403, f"the role {identity.role} has no permission {permission}")
        return identity

    return Depends(check)


def _plant(request: Request) -> Plant:
    plant: Plant = request.app.state.plant
    return plant


def _stream(request: Request) -> Stream:
    stream: Stream = request.app.state.stream
    return stream


def _book(request: Request) -> Book:
    book: Book = request.app.state.book
    return book


PlantOf = Annotated[Plant, Depends(_plant)]
StreamOf = Annotated[Stream, Depends(_stream)]
BookOf = Annotated[Book, Depends(_book)]


def known(thing: Any, what: str, name: str) -> Any:
    """The thing itself; raises ApiError (404) where there is none."""
    if thing is None:
        raise ApiError(404, f"there is no {what} {name!r}")
    return thing


def wanted(accept: str, offered: Sequence[str]) -> str:
    """Which of the forms that are offered a caller wants most, the first where all are the same to them.

    Raises:
        ApiError: none of them (406).
    """
    best: tuple[float, str] = (0.0, "")
    for part in accept.split(",")[:20]:
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = min(1.0, max(0.0, float(parameter[2:])))
                except ValueError:
                    weight = 0.0
        kind = {"*/*": offered[0], "application/*": offered[0], "text/*": "text/csv"}.get(name, name)
        if kind in offered and weight > best[0]:
            best = (weight, kind)
    if not best[1]:
        raise ApiError(406, f"this comes as {', '.join(offered[:-1])} or {offered[-1]}")
    return best[1]


def not_modified(request: Request, response: Response, *parts: object) -> None:
    """Tag an answer with what it depends on; raises NotModified where the caller holds this very one."""
    from hashlib import sha256

    tag = f'W/"{sha256(repr((*parts, request.url.query, request.headers.get("accept"))).encode()).hexdigest()[:20]}"'
    if tag in request.headers.get("if-none-match", ""):
        raise NotModified(tag)
    response.headers["ETag"] = tag
    response.headers["Vary"] = "Accept"


async def in_turn(request: Request, work: Callable[[], T]) -> T:
    """What takes long, a few at a time in threads of their own; raises ApiError (503) where too many wait."""
    queue = request.app.state.history
    if queue.waiting >= _plant(request).settings.history_waiting:
        raise ApiError(503, "too many wait for history", remedy="try again soon", headers={"Retry-After": "2"})
    queue.waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(queue.pool, work)
    finally:
        queue.waiting -= 1
