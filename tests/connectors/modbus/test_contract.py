"""The Modbus connector under the live contract, against pymodbus' server."""

import math

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.modbus import ModbusConnector, ModbusOptions
from infrastress.site import Site
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import Peer, WireContract
from tests.peers.modbus import Memory, ModbusServer, words_of
from tests.peers.sink import until


def site() -> Site:
    """The small site, its gauge in a register."""
    fields = small_site().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    fields["assets"].append({"id": "PLC", "type": "controller"})
    fields["signals"][0] |= {"source": "historian", "register": {"controller": "PLC", "table": "input", "address": 10}}
    return Site.model_validate(fields)


class Gauge(Peer):
    """A controller with one gauge."""

    def __init__(self, port: int) -> None:
        self._memory = Memory()
        self._server = ModbusServer({1: self._memory}, port)
        self._memory.put("input", 10, words_of("f", math.nan))

    async def start(self) -> None:
        await self._server.start()

    async def kill(self) -> None:
        await self._server.stop()

    async def say(self, value: float) -> None:
        self._memory.put("input", 10, words_of("f", value))

    async def nonsense(self) -> None:
        asked = len(self._memory.requests)
        self._memory.put("input", 10, words_of("f", math.nan))
        await until(lambda: len(self._memory.requests) > asked + 1, "nonsense was read")


class TestModbus(WireContract):
    keeps = False

    def make_peer(self, port: int) -> Peer:
        return Gauge(port)

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        options = ModbusOptions.model_validate(
            {
                "devices": {"PLC": {"host": "127.0.0.1", "port": port}}, "cadence_s": 0.05, "timeout_s": 0.3,
                "retry_max_s": 0.2, "max_requests_per_s": 1000, "min_gap_ms": 0,
            }
        )  # fmt: skip
        return ModbusConnector(site(), site().source_by_id["historian"], options, context)
