"""Modbus/TCP devices on loopback, by pymodbus' own server: memory that a test fills, answers that a test spoils."""

import asyncio
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer, ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

__all__ = ["Memory", "ModbusServer", "words_of"]

_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


def words_of(kind: str, number: float) -> list[int]:
    """Registers of a number, most significant first; `kind` is a format of `struct`."""
    data = struct.pack(f">{kind}", number)
    return list(struct.unpack(f">{len(data) // 2}H", data))


@dataclass
class Memory:
    """What one unit holds.

    Attributes:
        registers: words of the tables "holding" and "input", from address 0.
        bits: of the tables "coil" and "discrete", from address 0.
        holes: addresses of registers that don't exist.
        delay_s: before each answer.
        spoil: told (table, address, count); an exception code to answer with, or None.
        requests: what was asked: (table, address, count); for bits the count is in words.
    """

    registers: dict[str, list[int]] = field(default_factory=lambda: {"holding": [0] * 300, "input": [0] * 300})
    bits: dict[str, list[bool]] = field(default_factory=lambda: {"coil": [False] * 320, "discrete": [False] * 320})
    holes: frozenset[int] = frozenset()
    delay_s: float = 0.0
    spoil: Callable[[str, int, int], int | None] = lambda table, address, count: None
    requests: list[tuple[str, int, int]] = field(default_factory=list)

    def put(self, table: str, address: int, words: list[int]) -> None:
        """Set registers."""
        self.registers[table][address : address + len(words)] = words

    def device(self, unit: int) -> SimDevice:
        """As pymodbus serves it."""
        bits = [[SimData(0, values=list(self.bits[t]), datatype=DataType.BITS)] for t in ("coil", "discrete")]
        words = [
            [SimData(0, values=list(self.registers[t]), datatype=DataType.REGISTERS)] for t in ("holding", "input")
        ]
        return SimDevice(unit, simdata=(*bits, *words), action=self._answer)

    async def _answer(self, function: int, start: int, address: int, count: int, *more: list[int]) -> ExcCodes | None:
        table = _TABLES[function]
        self.requests.append((table, address, count))
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        code = self.spoil(table, address, count)
        if code is None and table in self.registers and self.holes & set(range(address, address + count)):
            code = ExcCodes.ILLEGAL_ADDRESS
        if code is not None:
            return ExcCodes(code)
        current = more[0]
        if table in self.registers:
            current[: len(self.registers[table])] = self.registers[table]
        else:
            bits = self.bits[table]
            for word in range(len(bits) // 16):
                current[word] = sum(bit << k for k, bit in enumerate(bits[16 * word : 16 * word + 16]))
        return None


class ModbusServer:
    """Serves units on a port of loopback, in the loop of its user.

    Args:
        units: memory by unit id.
        port: where.
        tls: for Modbus/TCP Security.
    """

    def __init__(self, units: Mapping[int, Memory], port: int, tls: ssl.SSLContext | None = None) -> None:
        self.units, self.port, self._tls = units, port, tls
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        """Serve; also again."""
        devices = [memory.device(unit) for unit, memory in self.units.items()]
        address = ("127.0.0.1", self.port)
        if self._tls is None:
            self._server = ModbusTcpServer(devices, address=address)
        else:
            self._server = ModbusTlsServer(devices, address=address, sslctx=self._tls)
        assert await self._server.listen()

    async def stop(self) -> None:
        """End at once: connections are closed."""
        if self._server is not None:
            await self._server.shutdown()
            self._server = None
            await asyncio.sleep(0.01)
