"""The paho client as options want it, how it connects, and what a broker's reason is in words."""

import ssl
from typing import Any, cast

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from infrastress.connectors.mqtt.options import MqttOptions

__all__ = ["ANSWER_S", "dial", "filters_of", "make_client", "words"]

ANSWER_S = 10.0
"""How long a broker may take for an answer."""
_TAKEN_OVER = 0x8E


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


def dial(client: Client, options: MqttOptions) -> None:
    """Connect, to go on with the session that the broker keeps; blocks, and throws what sockets and TLS throw."""
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
