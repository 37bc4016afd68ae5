"""The OPC UA connector under the live contract, against asyncua's server."""

import math
from pathlib import Path
from typing import ClassVar

import pytest

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.opcua import OpcUaConnector, OpcUaOptions
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import Peer, WireContract
from tests.connectors.opcua.certificates import secured, trusting
from tests.peers.opcua import URI, OpcUaServer, Setting


class Gauge(Peer):
    """A server with one gauge."""

    def __init__(self, server: OpcUaServer) -> None:
        self._server = server

    async def start(self) -> None:
        await self._server.start()
        bad_until_it_speaks = 0x80310000
        await self._server.tell({"node": "LT1", "value": 0.0, "status": bad_until_it_speaks})

    async def kill(self) -> None:
        await self._server.kill()

    async def say(self, value: float) -> None:
        await self._server.tell({"node": "LT1", "value": value})

    async def nonsense(self) -> None:
        await self._server.tell({"node": "LT1", "value": math.nan})


class TestOpcUa(WireContract):
    """With certificates, messages signed and encrypted, and a user."""

    keeps = False  # a subscription is gone with its connection, and with it what waited at the server
    secrets: ClassVar = {"plant-reader": "correct horse battery"}

    @pytest.fixture(autouse=True)
    def _trust(self, _place: None, server_files: tuple[Path, Path]) -> None:
        self._files = server_files
        trusting(self.folder, server_files)

    def make_peer(self, port: int) -> Peer:
        setting = secured(self._files, users={"reader": self.secrets["plant-reader"]})
        return Gauge(OpcUaServer(port, self.folder, Setting({"LT1": 0.0}, **setting)))

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        options = OpcUaOptions.model_validate(
            {
                "url": f"opc.tcp://127.0.0.1:{port}/plant", "nodes": {"LT1": f"nsu={URI};s=LT1"}, "user": "reader",
                "password_secret": "plant-reader", "publishing_ms": 20, "keep_alive_s": 0.2, "timeout_s": 0.7,
                "retry_max_s": 0.2, "cadence_s": 0.05,
            }
        )  # fmt: skip
        return OpcUaConnector(small_site(), Source(id="historian", kind="telemetry"), options, context)
