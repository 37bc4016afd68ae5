"""The OPC UA connector under the live contract, against asyncua's server."""

import math

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.opcua import OpcUaConnector, OpcUaOptions
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import Peer, WireContract
from tests.peers.opcua import URI, OpcUaServer, Setting


class Gauge(Peer):
    """A server with one gauge."""

    def __init__(self, server: OpcUaServer) -> None:
        self._server = server

    async def start(self) -> None:
        await self._server.start()
        await self._server.tell(
            {"node": "LT1", "value": 0.0, "status": 0x80310000}
        )  # BadNoCommunication until it speaks

    async def kill(self) -> None:
        await self._server.kill()

    async def say(self, value: float) -> None:
        await self._server.tell({"node": "LT1", "value": value})

    async def nonsense(self) -> None:
        await self._server.tell({"node": "LT1", "value": math.nan})


class TestOpcUa(WireContract):
    keeps = False  # a subscription is gone with its connection, and with it what waited at the server

    def make_peer(self, port: int) -> Peer:
        return Gauge(OpcUaServer(port, self.folder, Setting({"LT1": 0.0})))

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        options = OpcUaOptions.model_validate(
            {
                "url": f"opc.tcp://127.0.0.1:{port}/plant", "nodes": {"LT1": f"nsu={URI};s=LT1"}, "security": "none",
                "publishing_ms": 20, "keep_alive_s": 0.2, "timeout_s": 0.5, "retry_max_s": 0.2, "cadence_s": 0.05,
            }
        )  # fmt: skip
        return OpcUaConnector(small_site(), Source(id="historian", kind="telemetry"), options, context)
