"""One connection to a broker: the paho client driven from the event loop, acknowledging only what it is told to."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import Any, cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.options import MqttOptions

__all__ = ["CLOSED", "Session"]

CLOSED = "the broker closed the connection"
ANSWER_S = 10.0
"""How long a broker may take for an answer."""
_AT_ONCE = 200
"""Packets read before others have their turn."""
_TAKEN_OVER, _KEEP_ALIVE = 0x8E, 0x8D


class Session:
    """A connection, made by `open` and ended by `close`.

    Args:
        options: of the connector.
        client_id: by which the broker knows the session.
        user: name and password.
        tls: none speaks in clear.
        take: is given every message.

    Attributes:
        lost: done when the connection is lost, with the reason.
    """

    def __init__(
        self,
        options: MqttOptions,
        client_id: str,
        user: tuple[str | None, str | None],
        tls: ssl.SSLContext | None,
        take: Callable[[Publish], None],
    ) -> None:
        self._options, self._take = options, take
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[Exception] = self._loop.create_future()
        self._answer: asyncio.Future[Any] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._watched = -1
        self._paused = False
        self._messages = 0
        self._new = options.version == "5"
        client = self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if self._new else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._new else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = ANSWER_S
        if user != (None, None):
            client.username_pw_set(user[0] or "", user[1])
        if tls is not None:
            named = _Named(tls, options.server_name or options.host)
            client.tls_set_context(cast(ssl.SSLContext, named))
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
        dialled: Future[None] = Future()
        threading.Thread(target=self._dial, args=(dialled,), daemon=True).start()  # for names and TLS block
        async with asyncio.timeout(ANSWER_S):
            await asyncio.wrap_future(dialled)
            self._watched = cast(Any, self._client.socket()).fileno()
            self._loop.add_reader(self._watched, self._read)
            self._want_write(self._client.want_write())
            kept: bool = await self._answer
        self._look_after()
        return kept

    def _dial(self, dialled: Future[None]) -> None:
        options, properties = self._options, None
        if self._new:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = options.session_s
            properties.ReceiveMaximum = options.receive_maximum
        try:
            self._client.connect(
                options.host, options.port, options.keep_alive_s, clean_start=False, properties=properties
            )
        except Exception as error:
            with contextlib.suppress(InvalidStateError):
                dialled.set_exception(error)
            return
        try:
            dialled.set_result(None)
        except InvalidStateError:  # nobody waits any more
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
        except Exception as error:  # of `take`, or of bytes that nobody expected
            self._end(error)
        else:
            if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
                self._end(ConnectionError("the broker talks no MQTT, or another version"))
            elif code in (MQTTErrorCode.MQTT_ERR_CONN_LOST, MQTTErrorCode.MQTT_ERR_NO_CONN):
                self._end(ConnectionError(CLOSED))
            elif code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._end(ConnectionError(error_string(code)))
        if self.lost.done():
            self._drop()
        return not self.lost.done()

    def _read(self) -> None:
        """Read what is here: paho reads a packet a call, and TLS may hold more than the socket shows."""
        sock = self._client.socket()
        for _ in range(_AT_ONCE):
            before = self._messages
            if self._paused or self._watched < 0 or not self._do(self._client.loop_read):
                return
            pending = isinstance(sock, ssl.SSLSocket) and sock.pending()
            if self._messages == before and not pending:
                return
        if pending:
            self._loop.call_soon(self._read)

    def _look_after(self) -> None:
        """Let paho ping, and end the connection where no answer comes."""
        if self._do(self._client.loop_misc):
            self._timer = self._loop.call_later(min(1.0, self._client.keepalive / 4), self._look_after)

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if self._answer.done():
            return
        if reason.is_failure:
            self._answer.set_exception(ConnectionRefusedError(f"the broker refuses: {_words(reason, properties)}"))
        else:
            self._answer.set_result(flags.session_present)

    def _on_subscribe(self, client: Client, data: Any, packet: int, reasons: list[ReasonCode], more: Any) -> None:
        if not self._answer.done():
            self._answer.set_result(reasons)

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        self._messages += 1
        if message.qos and (message.qos > 1 or not message.mid):
            raise ConnectionError("a message of QoS 2 or without a packet id, which was never subscribed to")
        payload, topic = cast(bytes, message.payload), message.topic.encode()
        size = len(payload)
        long = size > self._options.longest_bytes
        self._take(Publish(topic, b"" if long else payload, message.mid, message.dup, message.retain, size, long))

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._end(ConnectionError(_words(reason, properties)))
        elif reason.value == _KEEP_ALIVE:
            self._end(TimeoutError("not read for too long: storing is slow" if self._paused else "nothing heard"))

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe with QoS 1; with version 5 retained messages come only where the subscription is new.

        Raises:
            ConnectionError: a filter is refused.
        """
        self._answer = self._loop.create_future()
        if self._new:
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            self._client.subscribe([(one, options) for one in filters])
        else:
            self._client.subscribe([(one, 1) for one in filters])
        async with asyncio.timeout(ANSWER_S):
            reasons: list[ReasonCode] = await self._answer
        for one, reason in zip(filters, reasons, strict=True):
            if reason.is_failure:
                raise ConnectionRefusedError(f"the broker refuses the subscription {one!r}: {_words(reason, None)}")

    def acknowledge(self, packets: Sequence[int]) -> None:
        """Tell the broker that these messages are safe."""
        for packet in packets:
            self._client.ack(packet, 1)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0."""
        self._client.publish(topic, payload)

    def hold(self, hold: bool) -> None:
        """Read on, or leave what comes in the network."""
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


class _Named:
    """A TLS context that expects a name of its own in the broker's certificate; paho knows only the host's."""

    check_hostname = True

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._context, self._name = context, name

    def wrap_socket(self, sock: Any, **options: Any) -> ssl.SSLSocket:
        return self._context.wrap_socket(sock, **{**options, "server_hostname": self._name})


def _words(reason: ReasonCode, properties: Properties | None) -> str:
    taken_over = reason.value == _TAKEN_OVER
    known = f"{reason}: is the client id used twice?" if taken_over else str(reason)
    text = getattr(properties, "ReasonString", "")
    return f"{known} ({text})".lower() if text else known.lower()
