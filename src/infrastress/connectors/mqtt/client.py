"""The paho client as options want it: how it connects, and what it says in our terms."""

import asyncio
import ssl
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, cast

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client, MQTTMessage, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.options import MqttOptions

__all__ = ["ANSWER_S", "CLOSED", "dial", "fault", "filters_of", "make_client", "message_of", "words"]

ANSWER_S = 10.0
"""How long a broker may take for an answer."""
CLOSED = "the broker closed the connection"
_TAKEN_OVER = 0x8E
_UNREADABLE = b"\xff"
"""Stands for a topic that is no UTF-8, of which paho tells no more; the message is refused, not the connection."""


class _Named:
    """A TLS context that expects a name of its own in the broker's certificate; paho knows only the host's."""

    check_hostname = True

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._context, self._name = context, name

    def wrap_socket(self, sock: Any, **options: Any) -> ssl.SSLSocket:
        return self._context.wrap_socket(sock, **{**options, "server_hostname": self._name})


def make_client(
    options: MqttOptions, client_id: str, user: tuple[str | None, str | None], tls: ssl.SSLContext | None
) -> Client:
    """A client that acknowledges only what it is told to and connects once."""
    new = options.version == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id,
        clean_session=None if new else False,
        protocol=MQTTProtocolVersion.MQTTv5 if new else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = ANSWER_S
    if user != (None, None):
        client.username_pw_set(user[0] or "", user[1])
    if tls is not None:
        client.tls_set_context(cast(ssl.SSLContext, _Named(tls, options.server_name or options.host)))
    return client


async def dial(client: Client, options: MqttOptions) -> int:
    """Connect, to go on with the session that the broker keeps; returns the socket's number.

    Looking up names and TLS block, so a thread does it; nobody waits for that thread after a cancellation.
    """
    dialled: Future[None] = Future()

    def work() -> None:
        try:
            _connect(client, options)
        except Exception as error:
            with suppress(InvalidStateError):
                dialled.set_exception(error)
            return
        try:
            dialled.set_result(None)
        except InvalidStateError:  # cancelled
            if (sock := client.socket()) is not None:
                sock.close()

    threading.Thread(target=work, daemon=True).start()
    await asyncio.wrap_future(dialled)
    return cast(Any, client.socket()).fileno()  # type: ignore[no-any-return]


def _connect(client: Client, options: MqttOptions) -> None:
    if options.version != "5":
        client.connect(options.host, options.port, options.keep_alive_s, clean_start=MQTT_CLEAN_START_FIRST_ONLY)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = options.session_s
    properties.ReceiveMaximum = options.receive_maximum
    client.connect(options.host, options.port, options.keep_alive_s, clean_start=False, properties=properties)


def filters_of(options: MqttOptions) -> list[Any]:
    """Subscriptions with QoS 1; with version 5 retained messages come only where one is new."""
    filters = [route.filter for route in options.topics]
    if options.version != "5":
        return [(one, 1) for one in filters]
    how = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
    return [(one, how) for one in filters]


def words(reason: ReasonCode, properties: Properties | None) -> str:
    """What the broker said."""
    known = str(reason).lower()
    if reason.value == _TAKEN_OVER:
        known += ": is the client id used twice?"
    text = getattr(properties, "ReasonString", "")
    return f"{known} ({text})" if text else known


def fault(code: MQTTErrorCode) -> str:
    """Why paho can't go on."""
    if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
        return "the broker talks no MQTT, or another version"
    return CLOSED if code in (MQTTErrorCode.MQTT_ERR_CONN_LOST, MQTTErrorCode.MQTT_ERR_NO_CONN) else error_string(code)


def message_of(message: MQTTMessage, longest: int) -> Publish:
    """What paho read; raises ConnectionError where no subscription of ours can have brought it."""
    if message.qos and (message.qos > 1 or not message.mid):
        raise ConnectionError("a message of QoS 2 or without a packet id, which was never subscribed to")
    try:
        topic = message.topic.encode()
    except UnicodeDecodeError:
        topic = _UNREADABLE
    payload = cast(bytes, message.payload)
    size = len(payload)
    long = size > longest
    return Publish(topic, b"" if long else payload, message.mid, message.dup, message.retain, size, long)
