"""The MQTT connector under the live contract, against mosquitto."""

import asyncio
import json
import time
from typing import Any

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.mqtt import MqttConnector, MqttOptions
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import Peer, WireContract
from tests.peers.mosquitto import Broker, Publisher, needs_mosquitto

JSON = {"filter": "plant/+", "payload": "json", "name": "{1}.{field}", "time": "t", "time_format": "epoch_ns"}
ROUTES = [{**JSON, "columns": {"tank.level": "LT1"}}]


class BrokerPeer(Peer):
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.publisher: Publisher | None = None

    async def start(self) -> None:
        await asyncio.to_thread(self.broker.start)
        self.publisher = Publisher(self.broker.port)
        await asyncio.to_thread(self.publisher.start)

    async def kill(self) -> None:
        if self.publisher is not None:
            await asyncio.to_thread(self.broker.kill)
            await asyncio.to_thread(self.publisher.stop)
            self.publisher = None

    async def publish(self, topic: str, payload: bytes) -> None:
        assert self.publisher is not None
        await asyncio.to_thread(self.publisher.publish, topic, payload)

    async def say(self, value: float) -> None:
        await self.publish("plant/tank", json.dumps({"t": time.time_ns(), "level": value}).encode())

    async def nonsense(self) -> None:
        await self.publish("plant/tank", b"\xff{not json")


def make(port: int, context: LiveContext, **more: Any) -> MqttConnector:
    fields = {"host": "127.0.0.1", "port": port, "tls": False, "retry_max_s": 0.2, "gather_s": 0.02, "topics": ROUTES}
    options = MqttOptions.model_validate({**fields, **more})
    return MqttConnector(small_site(), Source(id="historian", kind="telemetry"), options, context)


@needs_mosquitto
class TestMqtt5(WireContract):
    version = "5"

    def make_peer(self, port: int) -> Peer:
        return BrokerPeer(Broker(self.folder, port))

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        return make(port, context, version=self.version)


@needs_mosquitto
class TestMqtt311(TestMqtt5):
    version = "3.1.1"
    # what the network does to it doesn't hang on the version
    test_connection_cut = test_connection_reset = test_connection_refused = test_garbled = test_slow_peer = None
    test_cut_in_the_middle_of_what_the_peer_says = test_stalled = test_cancelled_while_the_peer_is_mute = None
