"""Where messages of a broker end: the inbox of the source, reports on members, and what the broker is to be told."""

from collections import deque
from collections.abc import Callable
from zlib import crc32

from infrastress.connectors.base import Link
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mqtt.message import Publish

__all__ = ["Desk", "Handler", "Seen"]

_SHOWN = 120


class Desk:
    """What a reader of messages may use.

    Attributes:
        inbox: takes readings, events and refusals.
        report: says how a member stands.
        write: publishes topic and payload: only ever to ask for a Sparkplug birth, and only where options allow it.
    """

    def __init__(self, inbox: Inbox, report: Callable[[Link], None]) -> None:
        self.inbox = inbox
        self._report = report
        self._links: dict[str, Link] = {}
        self.write: Callable[[str, bytes], None] = lambda topic, payload: None
        self._newest: dict[str, int] = {}

    def report(self, link: Link) -> None:
        """Say how a member stands, once."""
        if self._links.get(link.member) != link:
            self._links[link.member] = link
            self._report(link)

    def refuse(self, reason: str, message: Publish, topic: str) -> None:
        """Quarantine a message."""
        self.inbox.refuse(reason, topic, shown(message.payload))

    def drop(self, reason: str, topic: str) -> None:
        """Count a message that is of no use, as expected."""
        self.inbox.refuse(reason, topic, "", dropped=True)

    def came(self, signal: str, now: int) -> int:
        """Time of a value that tells none: now, but behind the signal's last one, for many may come in one instant."""
        time = max(now, self._newest.get(signal, 0) + 1)
        self._newest[signal] = time
        return time

    def value(
        self, signal: str, told: float | str | None, time: int | None, now: int, *, at: tuple[str, object]
    ) -> None:
        """Take a value as a `SignalReader` told it; `time` is its own, and `at` its name and what stood there."""
        where, raw = at
        if isinstance(told, float):
            if time is None:
                self.inbox.reading(self.came(signal, now), signal, told, arrived=True)
            else:
                self.inbox.reading(time, signal, told)
        elif told is None:
            self.inbox.empty_cell()
        else:
            self.inbox.refuse_cell(told, where, str(raw)[:_SHOWN])


def shown(payload: bytes) -> str:
    """The beginning of a payload, for people."""
    return payload[:_SHOWN].decode("utf-8", "backslashreplace")


Handler = Callable[[Desk, Publish, int], None]
"""Reads a message of one topic that came at a time, ns UTC."""


class Seen:
    """The newest messages taken, by packet id and content: a broker that wasn't told so sends them again.

    Args:
        most: how many that are acknowledged: of so many a broker may not have heard yet that they are.
        dumped: of an earlier one.
    """

    _BYTES = 6

    def __init__(self, most: int, dumped: bytes = b"") -> None:
        size = self._BYTES
        self._most = most
        self._keys = deque(dumped[i : i + size] for i in range(0, len(dumped), size))

    @staticmethod
    def _key(message: Publish) -> bytes:
        content = crc32(message.payload, crc32(message.topic))
        return content.to_bytes(4) + message.packet.to_bytes(2)

    def add(self, message: Publish) -> None:
        """Remember a message."""
        self._keys.append(self._key(message))

    def __contains__(self, message: Publish) -> bool:
        return self._key(message) in self._keys

    def trim(self, unacknowledged: int) -> None:
        """Forget the oldest, but none of the newest that aren't acknowledged; not every broker keeps to our maximum."""
        while len(self._keys) > self._most + unacknowledged:
            self._keys.popleft()

    def clear(self) -> None:
        """The broker has forgotten: nothing will come again."""
        self._keys.clear()

    def dump(self) -> bytes:
        """As bytes."""
        return b"".join(self._keys)
