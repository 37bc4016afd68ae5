"""Server-sent events: lines to messages, and a follower that reconnects and goes on behind the last one it saw."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, cast

import httpx

from infrastress.client.models import Update

__all__ = ["Closed", "Message", "Told", "follow", "messages"]

_LONGEST = 16_000_000


class Closed(Exception):  # noqa: N818 - an outcome
    """The client was closed: there is nothing to follow with."""


class Message(NamedTuple):
    """One event of a stream: its id (the newest one told so far), name and data."""

    id: str
    event: str
    data: str


class Told(NamedTuple):
    """What the stream says.

    `start`: it begins here, nothing is told of before. `update`: what changed. `reset`: what lies between the last one
    and this is not kept any more, so read the lists again.
    """

    kind: Literal["start", "update", "reset"]
    update: Update


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Messages of an event stream (WHATWG HTML, "Interpreting an event stream"); comments are passed over."""
    last, event, data, size = "", "", list[str](), 0
    for line in lines:
        if not line:
            if data:
                yield Message(last, event or "message", "\n".join(data))
            event, data, size = "", [], 0
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        size += len(line)
        if size > _LONGEST:
            raise httpx.RemoteProtocolError(f"an event of more than {_LONGEST} characters")
        if field == "data":
            data.append(value)
        elif field == "event":
            event = value
        elif field == "id" and "\0" not in value:
            last = value


def follow(
    connect: Callable[[str | None], AbstractContextManager[httpx.Response]],
    after: str | None,
    *,
    longest_s: float = 10.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Told]:
    """Follow for ever: whenever the stream ends, connect again behind the last message.

    Args:
        connect: opens the stream behind a position. httpx.TransportError is tried again, Closed ends it.
        after: where to begin; None for now.
        longest_s: longest pause before the next try; the first is a fiftieth of it, each next twice as long.
        sleep: waits.
    """
    pause = longest_s / 50
    while True:
        try:
            with connect(after) as response:
                for message in messages(response.iter_lines()):
                    pause = longest_s / 50
                    after = message.id or after
                    if message.event in ("start", "update", "reset"):
                        kind = cast(Literal["start", "update", "reset"], message.event)
                        yield Told(kind, Update.model_validate_json(message.data))
        except Closed:
            return
        except httpx.TransportError:
            pass
        sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        pause = min(2 * pause, longest_s)
