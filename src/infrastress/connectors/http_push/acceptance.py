"""Acceptance of pushes: in order, each once, answered when it is durable."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from infrastress.connectors.base import Sink
from infrastress.connectors.inbox import Inbox
from infrastress.events.delivery import Delivery

__all__ = ["Acceptance", "Answer", "Push"]

KEYS = 128
"""Pushes remembered, so that one of them said again doesn't count twice."""
_HASH = 16
_WAITING = 64
_LARGE = 1 << 16


class Push(NamedTuple):
    """One push: how its body is read, the body, and the sender's own key for it, if any."""

    read: Callable[[bytes, Inbox], None]
    body: bytes
    key: str = ""


class Answer(NamedTuple):
    """Status, and the body as JSON-able."""

    status: int
    body: dict[str, Any]


class _Taken(NamedTuple):
    content: bytes
    handed: asyncio.Task[None] | None = None
    answer: Answer = Answer(200, {"repeated": True})


class Acceptance:
    """Takes pushes of one source.

    Args:
        inbox: of the source, behind the last durable delivery; its cursor holds the pushes remembered.
        sink: where deliveries go.
        within_s: how long a push waits to become durable before its sender is told to come again.
        repeats: whether a body said again without a key is the same push; not where readings are stamped on arrival.
    """

    def __init__(self, inbox: Inbox, sink: Sink, *, within_s: float, repeats: bool) -> None:
        self._inbox, self._sink, self._within_s, self._repeats = inbox, sink, within_s, repeats
        self._order = asyncio.Lock()
        self._closing = asyncio.Event()
        self._waiting: set[asyncio.Task[None]] = set()
        marks = inbox.cursor
        self._known: dict[bytes, _Taken] = {
            marks[at : at + _HASH]: _Taken(marks[at + _HASH : at + 2 * _HASH])
            for at in range(0, len(marks) - 2 * _HASH + 1, 2 * _HASH)
        }

    def interrupt(self) -> None:
        """Tell all senders that wait to come again."""
        self._closing.set()
        self._closing = asyncio.Event()

    async def close(self) -> None:
        """Give up what isn't durable; its senders say it again."""
        self.interrupt()
        for handed in self._waiting:
            handed.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def take(self, push: Push) -> Answer | None:
        """Take a push; None when it isn't durable in time: its sender has to say it again."""
        content = _hash(push.body)
        key = _hash(b"key " + push.key.encode()) if push.key else content
        async with self._order:
            known = self._known.get(key) if push.key or self._repeats else None
            repeated = known is not None
            if known is None:
                if len(self._waiting) >= _WAITING:
                    return None
                known = await self._hand_over(push, key, content)
        if known.content != content:
            return Answer(422, {"detail": "this Idempotency-Key was used for another body"})
        if known.handed is not None and not await self._durable(known.handed):
            return None
        return Answer(known.answer.status, known.answer.body | {"repeated": repeated})

    async def _hand_over(self, push: Push, key: bytes, content: bytes) -> _Taken:
        marked = push.key or self._repeats
        if len(push.body) > _LARGE:
            await asyncio.to_thread(push.read, push.body, self._inbox)
        else:
            push.read(push.body, self._inbox)
        cursor = None
        if marked:
            self._known[key] = _Taken(content)
            while len(self._known) > KEYS:
                del self._known[next(iter(self._known))]
            cursor = b"".join(one + taken.content for one, taken in self._known.items())
        delivery = self._inbox.delivery(cursor)
        if delivery is None:
            return _Taken(content, None, Answer(200, _told(None)))
        handed = asyncio.create_task(self._sink.deliver(delivery))
        self._waiting.add(handed)
        handed.add_done_callback(self._waiting.discard)
        balance = delivery.balance
        nothing = not balance.accepted and (balance.quarantined.total() or balance.cells_refused.total())
        taken = _Taken(content, handed, Answer(422 if nothing else 200, _told(delivery)))
        if marked:
            self._known[key] = taken
        return taken

    async def _durable(self, handed: asyncio.Task[None]) -> bool:
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({handed, closing}, timeout=self._within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
        return handed.done() and not handed.cancelled() and handed.exception() is None


def _told(delivery: Delivery | None) -> dict[str, Any]:
    """The balance of a push as its sender reads it."""
    if delivery is None:
        return {"accepted": 0, "values": 0, "refused": {}, "values_refused": {}, "examples": []}
    balance = delivery.balance
    return {
        "accepted": balance.accepted,
        "values": balance.cells_accepted,
        "refused": dict(sorted((balance.quarantined + balance.dropped).items())),
        "values_refused": dict(sorted(balance.cells_refused.items())),
        "examples": [refusal._asdict() for refusal in delivery.refusals],
    }


def _hash(data: bytes) -> bytes:
    return sha256(data).digest()[:_HASH]
