"""The base of a dissector: it tells its protocol by content, frames PDUs, and ties responses to requests."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from infrastress.events.network_terms import Kind, Transport
from infrastress.events.network_terms import Protocol as Spoken

__all__ = ["Dissector", "MalformedError", "Message", "Writer"]

MAX_PENDING: Final = 256
"""Requests of one connection that may wait for their responses; the oldest counts as unanswered beyond."""


class MalformedError(Exception):
    """A PDU breaks its protocol's rules; the text is the rule, without values, so that it can be counted."""


@dataclass(slots=True)
class Message:
    """What one PDU says; fields as in `NetworkRow`."""

    function: int | None = None
    function_name: str | None = None
    action: str | None = None
    object: str | None = None
    address: int | None = None
    quantity: int | None = None
    values: Sequence[float] | None = None
    unit: int | None = None
    client_unit: int | None = None
    transaction: int | None = None
    identity: str | None = None
    ok: bool | None = None
    exception: int | None = None
    error: str | None = None
    size: int = 0
    time: int = 0
    packet: int = 0
    protocol: str | None = None
    from_client: bool = True
    """Of a request, whether the client asks; of a response, whether it answers the client."""


class Writer(Protocol):
    """Where rows go: the connection, which knows addresses, time and packet."""

    time: int
    packet: int

    def write(self, kind: Kind, message: Message, reply: Message | None, from_client: bool) -> None:
        """One row."""


class Dissector(ABC):
    """Reads one connection of a protocol, both directions.

    It never raises anything but `MalformedError`, IndexError, ValueError or struct.error, all of which mean that the
    PDU is malformed.

    Args:
        writer: where rows go.
    """

    protocol: ClassVar[Spoken]
    transports: ClassVar[frozenset[Transport]] = frozenset({Transport.TCP})
    ports: ClassVar[frozenset[int]] = frozenset()
    """Usual server ports: they tell who is the server where no SYN was seen, never which protocol it is."""
    unread: str = ""
    """Why what comes now isn't read, such as encryption: it counts as not decoded."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._pending: dict[Hashable, Message] = {}

    @classmethod
    @abstractmethod
    def sniff(cls, data: bytes) -> bool:
        """Whether these bytes begin a PDU of this protocol. They may hold only a part of it, or more than one."""

    @abstractmethod
    def size(self, data: bytes, at: int) -> int:
        """Bytes of the PDU at an offset, 0 where too few are there to tell.

        Raises:
            MalformedError: no PDU can begin so; the reader goes on with the next segment that looks like a beginning.
        """

    @abstractmethod
    def read(self, pdu: bytes, client: bool) -> None:
        """One whole PDU, from the client or the server."""

    def gap(self, client: bool) -> None:
        """Bytes of a direction are missing: forget what is half read. Most hold nothing."""
        del client

    def ask(self, key: Hashable, request: Message) -> None:
        """A request waits for its response."""
        request.time, request.packet = self.writer.time, self.writer.packet
        old = self._pending.pop(key, None)
        if old is not None:
            self.writer.write(Kind.REQUEST, old, None, old.from_client)
        self._pending[key] = request
        if len(self._pending) > MAX_PENDING:
            oldest = self._pending.pop(next(iter(self._pending)))
            self.writer.write(Kind.REQUEST, oldest, None, oldest.from_client)

    @property
    def waiting(self) -> Mapping[Hashable, Message]:
        """Requests that wait for their responses, by key."""
        return self._pending

    def asked(self, key: Hashable) -> Message | None:
        """The request that waits under a key."""
        return self._pending.get(key)

    def answer(self, key: Hashable, response: Message) -> None:
        """A response, tied to its request where that was seen."""
        response.time, response.packet = self.writer.time, self.writer.packet
        request = self._pending.pop(key, None)
        if request is None:
            self.writer.write(Kind.RESPONSE, response, None, not response.from_client)
        else:
            self.writer.write(Kind.TRANSACTION, request, response, request.from_client)

    def say(self, message: Message, client: bool) -> None:
        """A message that asks for no answer."""
        message.time, message.packet = self.writer.time, self.writer.packet
        self.writer.write(Kind.MESSAGE, message, None, client)

    def finish(self) -> None:
        """The connection is over: what waits was not answered."""
        for request in self._pending.values():
            self.writer.write(Kind.REQUEST, request, None, request.from_client)
        self._pending.clear()
