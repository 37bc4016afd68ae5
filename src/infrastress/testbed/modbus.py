"""The plant's controllers as Modbus/TCP servers: a read is answered with what the instruments show at that moment."""

import contextlib
import logging
from collections.abc import Sequence
from typing import Any, cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError
from infrastress.simulators.telemetry import Telemetry
from infrastress.site import Site
from infrastress.site.registers import BITS, FUNCTIONS, Cell, Memory, cells_of

__all__ = ["ModbusController", "ModbusPlant"]

HOST = "127.0.0.1"
_TABLES = {function: table for table, function in FUNCTIONS.items()}


class ModbusController:
    """One controller.

    Writes are refused with exception 1 (illegal function), and counted: nothing here can be driven from outside.

    Args:
        name: the controller's asset id.
        unit: its unit id.
        cells: what it holds.
        telemetry: what the instruments show.
        clock: event time.
    """

    def __init__(self, name: str, unit: int, cells: Sequence[Cell], telemetry: Telemetry, clock: EventClock) -> None:
        self.name, self.unit, self.port = name, unit, 0
        self._telemetry, self._clock = telemetry, clock
        self._memory = Memory(cells, telemetry.tags)
        self._row = -1
        self._server: ModbusTcpServer | None = None
        self.writes = 0

    async def start(self) -> None:
        """Serve; also again after `stop`, on the same port.

        Raises:
            ConfigurationError: the port can't be had.
        """
        tables = [
            [SimData(0, values=[False] * len(words), datatype=DataType.BITS)]
            if table in BITS
            else [SimData(0, values=list(words), datatype=DataType.REGISTERS)]
            for table, words in self._memory.tables.items()
        ]
        device = SimDevice(self.unit, simdata=(tables[0], tables[1], tables[2], tables[3]), action=self._answer)
        self._server = ModbusTcpServer(device, address=(HOST, self.port), ignore_missing_devices=True)
        if not await self._server.listen():
            raise ConfigurationError(f"{self.name} can't listen on port {self.port}", remedy="free it, or take another")
        transport: Any = self._server.transport  # an asyncio.Server
        self.port = transport.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection and the port."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(Exception):  # a connection that is half gone
                await cast(Any, server).shutdown()

    async def _answer(self, function: int, *request: Any) -> ExcCodes | None:
        """What pymodbus asks: start of the block, address, count, the block's words, values to be written."""
        _start, _address, _count, current, values = request
        if values is not None or function not in _TABLES:
            self.writes += 1
            return ExcCodes.ILLEGAL_FUNCTION
        self._refresh()
        table = _TABLES[function]
        memory = self._memory.tables[table]
        if table in BITS:
            for word in range(len(memory) // 16):
                current[word] = sum(bit << k for k, bit in enumerate(memory[16 * word : 16 * word + 16]))
        else:
            current[: len(memory)] = memory
        return None

    def _refresh(self) -> None:
        """Bring the memory to what is shown now."""
        row = self._telemetry.row(self._clock.now())
        if row == self._row:
            return
        self._row = row
        self._memory.show(self._telemetry.shown[row].tolist())


class ModbusPlant:
    """All controllers of a site, each on a loopback port of its own.

    Args:
        site, telemetry, clock: the plant.
    """

    def __init__(self, site: Site, telemetry: Telemetry, clock: EventClock) -> None:
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it would log is every goodbye of a client
        self.controllers: dict[str, ModbusController] = {}
        for name, cells in cells_of(site).items():
            asset = site.asset_by_id.get(name)
            units = [one.unit_id for one in (asset.interfaces if asset else ()) if one.unit_id is not None]
            self.controllers[name] = ModbusController(name, units[0] if units else 1, cells, telemetry, clock)

    async def start(self) -> None:
        """Serve all."""
        for controller in self.controllers.values():
            await controller.start()

    async def stop(self) -> None:
        """Stop all."""
        for controller in self.controllers.values():
            await controller.stop()
