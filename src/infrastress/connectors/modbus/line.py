"""A line: one TCP connection to one address; reads go over it one after the other, with pauses, and nothing else."""

import asyncio
import ssl
import struct
import time
from collections import deque
from typing import Any, NamedTuple

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusTcpClient, AsyncModbusTlsClient

from infrastress.core.errors import PluginError

__all__ = ["Address", "Line", "Pace", "ReadFailed", "ReadRefused"]

FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""The function codes that ever leave this machine, by table: the four that read."""

_EXCEPTIONS = {
    1: "illegal-function", 2: "illegal-address", 3: "illegal-value", 4: "device-failure", 5: "acknowledge", 6: "busy",
    8: "parity", 10: "gateway-path", 11: "gateway-target",
}  # fmt: skip
_SILENT_REQUESTS = 3
"""Requests in a row without an answer after which the connection counts as half open."""
_HEADER = 7
_MAX_LENGTH = 254


class ReadRefused(Exception):  # noqa: N818 - the device's answer
    """The device answered with an exception code; `reason` is its name."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.reason = f"modbus-{_EXCEPTIONS.get(code, f'exception-{code}')}"
        super().__init__(self.reason)


class ReadFailed(Exception):  # noqa: N818 - an outcome of one request
    """No answer, or none that fits; `lost` when the connection can't be used any more."""

    def __init__(self, reason: str, *, lost: bool) -> None:
        self.reason = reason
        self.lost = lost
        super().__init__(reason)


class Address(NamedTuple):
    """Where devices listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Pace(NamedTuple):
    """How much a line asks at most: requests a second, and s from an answer to the next request."""

    per_s: int
    gap_s: float


class Line:
    """Asks the devices at one address.

    Args:
        address: host and port.
        timeout_s: for the connection and each answer.
        pace: how much it asks at most.
        tls: for Modbus/TCP Security, or None.
    """

    def __init__(self, address: Address, timeout_s: float, pace: Pace, tls: ssl.SSLContext | None) -> None:
        self.address = address
        self._timeout, self._pace, self._tls = timeout_s, pace, tls
        self._sent: deque[float] = deque(maxlen=pace.per_s)
        self._answered = 0.0
        self._client: AsyncModbusTcpClient | None = None
        self._broken: asyncio.Future[str] | None = None
        self._expected = (0, 0)
        self._strange = ""
        self._silent = 0

    async def open(self) -> None:
        """Connect.

        Raises:
            ConnectionError: nobody listens, or the certificates don't fit.
        """
        self._broken = asyncio.get_running_loop().create_future()
        self._silent = 0
        common: dict[str, Any] = {
            "port": self.address.port, "timeout": self._timeout, "retries": 0, "reconnect_delay": 0,
            "trace_packet": self._inspect, "trace_connect": self._connected,
        }  # fmt: skip
        if self._tls is None:
            self._client = AsyncModbusTcpClient(self.address.host, framer=FramerType.SOCKET, **common)
        else:
            self._client = AsyncModbusTlsClient(self.address.host, sslctx=self._tls, **common)
        if not await self._client.connect():
            raise ConnectionError(f"no connection to {self.address}: {await self._why()}")

    async def _why(self) -> str:
        """The library doesn't say why a connection failed: try once more by hand."""
        try:
            async with asyncio.timeout(self._timeout):
                _, writer = await asyncio.open_connection(*self.address, ssl=self._tls)
            writer.close()
        except TimeoutError:
            return f"no answer in {self._timeout:g} s"
        except OSError as error:
            return error.strerror or str(error)
        return "it was refused once"

    def close(self) -> None:
        """Close the connection; may be called again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def read(self, table: str, unit: int, address: int, count: int) -> list[int]:
        """Registers (0..65535) or bits (0, 1) of a unit, `count` of them.

        Raises:
            ReadRefused: the device answered with an exception.
            ReadFailed: no answer that fits.
        """
        await self._wait_for_turn()
        client, broken = self._client, self._broken
        if client is None or broken is None or broken.done():
            raise ReadFailed("modbus-lost", lost=True)
        self._strange = ""
        request = asyncio.ensure_future(self._ask(client, table, unit, address, count))
        try:
            await asyncio.wait({request, broken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._answered = time.monotonic()
            if not request.done():
                request.cancel()
        if not request.done():
            raise ReadFailed(broken.result(), lost=True)
        try:
            answer = request.result()
        except (ModbusException, OSError):
            self._silent += 1
            lost = broken.done() or self._silent >= _SILENT_REQUESTS
            reason = broken.result() if broken.done() else self._strange or "modbus-timeout"
            raise ReadFailed(reason, lost=lost) from None
        self._silent = 0
        if answer.isError():
            raise ReadRefused(answer.exception_code)
        words = [int(bit) for bit in answer.bits[:count]] if FUNCTIONS[table] <= 2 else list(answer.registers)
        if len(words) != count:
            raise ReadFailed("modbus-garbage", lost=True)
        return words

    async def _ask(self, client: AsyncModbusTcpClient, table: str, unit: int, address: int, count: int) -> Any:
        if table == "coil":
            return await client.read_coils(address, count=count, device_id=unit)
        if table == "discrete":
            return await client.read_discrete_inputs(address, count=count, device_id=unit)
        if table == "holding":
            return await client.read_holding_registers(address, count=count, device_id=unit)
        return await client.read_input_registers(address, count=count, device_id=unit)

    async def _wait_for_turn(self) -> None:
        due = self._answered + self._pace.gap_s
        if len(self._sent) == self._pace.per_s:
            due = max(due, self._sent[0] + 1.0)
        wait_s = due - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self._sent.append(time.monotonic())

    def _connected(self, connected: bool) -> None:
        if not connected:
            self._break("modbus-lost")

    def _break(self, reason: str) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(reason)

    def _inspect(self, sending: bool, data: bytes) -> bytes:
        """Sees every packet: none but reads may leave, and an answer that doesn't fit ends the connection."""
        if sending:
            if len(data) <= _HEADER or data[_HEADER] not in FUNCTIONS.values():
                raise PluginError("a Modbus request that isn't a read was stopped")
            self._expected = (int.from_bytes(data[:2], "big"), data[_HEADER])
            return data
        if len(data) <= _HEADER:
            return data
        transaction, protocol, length = struct.unpack(">HHH", data[:6])
        if protocol != 0 or not 3 <= length <= _MAX_LENGTH:
            self._break("modbus-garbage")
            return b""
        if transaction != self._expected[0]:
            self._strange = "modbus-mismatch"
        elif not _fits(data, length, self._expected[1]):
            self._break("modbus-garbage")
            return b""
        return data


def _fits(data: bytes, length: int, function: int) -> bool:
    """True while the answer may still become one to the function."""
    if data[_HEADER] == function | 0x80:
        return length == 3
    if data[_HEADER] != function:
        return False
    return len(data) <= _HEADER + 1 or data[_HEADER + 1] == length - 3
