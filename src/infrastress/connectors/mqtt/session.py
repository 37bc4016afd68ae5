"""One connection to a broker: CONNECT, SUBSCRIBE, keep-alive, and the messages as they come."""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from infrastress.connectors.mqtt import wire

__all__ = ["CLOSED", "Session"]

CLOSED = "the broker closed the connection"
ANSWER_S = 10.0
"""How long a broker may take for an answer."""
_T = TypeVar("_T")


class Session(asyncio.Protocol):
    """A connection; `Session.open` makes one.

    Args:
        version: 5 or 4.
        longest: bytes of a message at most.
        take: is given the messages that came at once.

    Attributes:
        lost: done when the connection is lost, with the reason.
    """

    def __init__(self, version: int, longest: int, take: Callable[[list[wire.Publish]], None]) -> None:
        self._version, self._take = version, take
        self._packets = wire.Packets(version, longest)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[wire.Packet] | None = None
        self._heard = time.monotonic()
        self._paused = False
        self.lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        name: str | None,
        session: "Callable[[], Session]",
    ) -> "Session":
        """Connect; raises OSError where that fails or takes too long."""
        secure = tls is not None
        connecting = asyncio.get_running_loop().create_connection(
            session,
            host,
            port,
            ssl=tls,
            server_hostname=name or host if secure else None,
            ssl_handshake_timeout=ANSWER_S if secure else None,
            ssl_shutdown_timeout=0.5 if secure else None,
        )
        async with asyncio.timeout(ANSWER_S):
            _, made = await connecting
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio.Protocol."""
        self._end(error or ConnectionError(CLOSED))

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol."""
        self._heard = time.monotonic()
        try:
            packets = self._packets.feed(data)
        except wire.WireError as error:
            self._end(error)
            return
        messages = [packet for packet in packets if type(packet) is wire.Publish]
        if messages:
            self._take(messages)
        if len(messages) == len(packets):
            return
        for packet in packets:
            if isinstance(packet, wire.Disconnect):
                self._end(ConnectionError(_words(packet.code, packet.text) or "the broker ended the session"))
            elif isinstance(packet, wire.Connack | wire.Suback) and self._answer and not self._answer.done():
                self._answer.set_result(packet)

    def _end(self, reason: Exception) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(reason)
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def _ask(self, question: bytes, kind: type[_T]) -> _T:
        self._answer = asyncio.get_running_loop().create_future()
        if self.lost.done():
            raise self.lost.result()
        self._write(question)
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._answer
        finally:
            self._answer.cancel()
        if not isinstance(answer, kind):
            raise wire.WireError("the broker answers what wasn't asked")
        return answer

    async def connect(self, words: bytes) -> wire.Connack:
        """Begin or resume the session; raises ConnectionError with the broker's reason."""
        answer = await self._ask(words, wire.Connack)
        if answer.code:
            raise ConnectionRefusedError(f"the broker refuses: {_words(answer.code, answer.text)}")
        return answer

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe; raises ConnectionError where a filter is refused."""
        answer = await self._ask(wire.subscribe(1, filters, version=self._version), wire.Suback)
        if len(answer.codes) != len(filters):
            raise wire.WireError("the broker answers to other filters than were asked for")
        for one, code in zip(filters, answer.codes, strict=True):
            if code >= 0x80:
                raise ConnectionRefusedError(f"the broker refuses the subscription {one!r}: {_words(code, '')}")

    def acknowledge(self, packets: Sequence[int]) -> None:
        """Tell the broker that these messages are safe."""
        if packets:
            self._write(wire.puback(packets))

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0."""
        self._write(wire.publish(topic, payload, version=self._version))

    def hold(self, hold: bool) -> None:
        """Read on, or leave what comes in the network."""
        if self._transport is not None and hold != self._paused and not self._transport.is_closing():
            self._paused = hold
            (self._transport.pause_reading if hold else self._transport.resume_reading)()
            self._heard = time.monotonic()

    async def keep_alive(self, seconds: float) -> None:
        """Ping, and end the connection when nothing is heard for one and a half times as long; until cancelled."""
        while not self.lost.done():
            await asyncio.sleep(seconds / 2)
            self._write(wire.PING)
            if not self._paused and time.monotonic() - self._heard > 1.5 * seconds:
                self._end(TimeoutError(f"nothing heard for {1.5 * seconds:.0f} s"))

    async def close(self) -> None:
        """Say goodbye and close; the broker keeps the session."""
        if self._transport is None:
            return
        self._write(wire.DISCONNECT)
        if not self.lost.done():
            self._transport.close()
            await asyncio.wait({self.lost}, timeout=0.3)
        self._transport.abort()


def _words(code: int, text: str) -> str:
    known = wire.REASONS.get(code, f"reason 0x{code:02x}" if code else "")
    return f"{known} ({text})" if text and known else known or text
