"""One connection to a broker: paho driven from the event loop, acknowledging only what became durable."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from infrastress.connectors.mqtt.client import ANSWER_S, CLOSED, dial, fault, filters_of, make_client, message_of, words
from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.options import MqttOptions

__all__ = ["CLOSED", "Session"]

_AT_ONCE = 200
"""Packets read before others have their turn."""
_KEEP_ALIVE = 0x8D


class Session:
    """A connection, made by `open` and ended by `close`.

    Args:
        options: of the connector.
        client_id: by which the broker knows the session.
        user: name and password.
        tls: none speaks in clear.
        take: is given the messages that came at once.

    Attributes:
        lost: done when the connection is lost, with the reason.
    """

    def __init__(
        self,
        options: MqttOptions,
        client_id: str,
        user: tuple[str | None, str | None],
        tls: ssl.SSLContext | None,
        take: Callable[[list[Publish]], None],
    ) -> None:
        self._options, self._take = options, take
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[Exception] = self._loop.create_future()
        self._answer: asyncio.Future[Any] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._watched = -1
        self._paused = False
        self._messages: list[Publish] = []
        client = self._client = make_client(options, client_id, user, tls)
        client.on_connect, client.on_subscribe = self._on_connect, self._on_subscribe
        client.on_message, client.on_disconnect = self._on_message, self._on_disconnect
        client.on_socket_register_write = lambda *_: self._want_write(True)
        client.on_socket_unregister_write = lambda *_: self._want_write(False)
        client.on_socket_close = lambda *_: self._unwatch()

    async def open(self) -> bool:
        """Connect; returns whether the broker has kept the session.

        Raises:
            OSError: it can't be reached, refuses (ConnectionRefusedError, with its reason) or takes too long.
        """
        async with asyncio.timeout(ANSWER_S):
            self._watched = await dial(self._client, self._options)
            self._loop.add_reader(self._watched, self._read)
            self._want_write(self._client.want_write())
            kept: bool = await self._answer
        self._look_after()
        return kept

    async def subscribe(self) -> None:
        """Subscribe to what the options say; raises ConnectionRefusedError where the broker refuses a filter."""
        if self.lost.done():
            raise self.lost.result()
        self._answer = self._loop.create_future()
        self._client.subscribe(filters_of(self._options))
        async with asyncio.timeout(ANSWER_S):
            reasons: list[ReasonCode] = await self._answer
        for route, reason in zip(self._options.topics, reasons, strict=True):
            if reason.is_failure:
                raise ConnectionRefusedError(f"the broker refuses {route.filter!r}: {words(reason, None)}")

    def acknowledge(self, packets: Sequence[int]) -> None:
        """Tell the broker that these messages are safe."""
        for packet in packets:
            self._client.ack(packet, 1)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0."""
        self._client.publish(topic, payload)

    def hold(self, hold: bool) -> None:
        """Leave what comes in the network, or read on. Held for two keep-alives, paho ends the connection."""
        if hold != self._paused and self._watched >= 0:
            self._paused = hold
            if hold:
                self._loop.remove_reader(self._watched)
            else:
                self._loop.add_reader(self._watched, self._read)
                self._loop.call_soon(self._read)

    def close(self) -> None:
        """Say goodbye and close; the broker keeps the session."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watched >= 0:
            self._client.disconnect()
            self._do(self._client.loop_write)
        self._drop()

    def _want_write(self, want: bool) -> None:
        if self._watched >= 0 and want:
            self._loop.add_writer(self._watched, self._do, self._client.loop_write)
        elif self._watched >= 0:
            self._loop.remove_writer(self._watched)

    def _unwatch(self) -> None:
        if self._watched >= 0:
            self._loop.remove_reader(self._watched)
            self._loop.remove_writer(self._watched)
            self._watched = -1

    def _drop(self) -> None:
        self._unwatch()
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _end(self, reason: Exception) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
        if not self._answer.done():
            self._answer.set_exception(reason)

    def _do(self, action: Callable[[], MQTTErrorCode]) -> bool:
        """Let paho work; False when the connection has ended."""
        try:
            code = action()
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._end(ConnectionError(fault(code)))
        except Exception as error:  # bytes that nobody expected
            self._end(error)
        if self.lost.done():
            self._drop()
        return not self.lost.done()

    def _read(self) -> None:
        """Read what is here: paho reads a packet a call, and TLS may hold more than the socket shows."""
        sock, messages, pending = self._client.socket(), self._messages, 0
        if self._paused or self._watched < 0:
            return
        for _ in range(_AT_ONCE):
            before = len(messages)
            alive = self._do(self._client.loop_read)
            pending = sock.pending() if alive and isinstance(sock, ssl.SSLSocket) else 0
            if not alive or (len(messages) == before and not pending):
                break
        if messages:
            self._messages = []
            try:
                self._take(messages)
            except Exception as error:
                self._end(error)
                self._drop()
        if pending:
            self._loop.call_soon(self._read)

    def _look_after(self) -> None:
        """Let paho ping, and end the connection where no answer comes."""
        if self._do(self._client.loop_misc):
            seconds = self._client.keepalive or self._options.keep_alive_s  # a broker may ask for none
            self._timer = self._loop.call_later(min(1.0, seconds / 4), self._look_after)

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._end(ConnectionRefusedError(f"the broker refuses: {words(reason, properties)}"))
        elif not self._answer.done():
            self._answer.set_result(flags.session_present)

    def _on_subscribe(self, client: Client, data: Any, packet: int, reasons: list[ReasonCode], more: Any) -> None:
        if not self._answer.done():
            self._answer.set_result(reasons)

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        self._messages.append(message_of(message, self._options.longest_bytes))

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._end(ConnectionError(words(reason, properties) if reason.is_failure else CLOSED))
        elif reason.value == _KEEP_ALIVE:
            self._end(TimeoutError("not read for too long: storing is slow" if self._paused else "nothing heard"))
