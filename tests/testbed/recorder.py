"""Records what real clients and servers say over loopback: dumpcap at the interface, or a proxy that writes packets."""

import asyncio
import shutil
import struct
import time
from pathlib import Path
from types import TracebackType

from tests.connectors.pcap.packets import ACK, FIN, PSH, SYN, ethernet, tcp

HOST = "127.0.0.1"
HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)


class Proxy:
    """Relays TCP connections to a port, and writes each piece of what passes as a packet, when it passes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(HEADER)
        self._servers: list[asyncio.Server] = []

    async def listen(self, port: int) -> int:
        """Listen for connections to a port; on which port."""
        server = await asyncio.start_server(lambda reader, writer: self._relay(reader, writer, port), HOST, 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        self._file.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        ends = ((HOST, int(writer.get_extra_info("peername")[1])), (HOST, port))
        numbers = [1000, 5000]
        there, onwards = await asyncio.open_connection(HOST, port)
        self._write(ends, numbers, 0, b"", SYN)
        self._write(ends, numbers, 1, b"", SYN | ACK)

        async def pump(side: int, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(4096):
                self._write(ends, numbers, side, data, PSH | ACK)
                target.write(data)
            self._write(ends, numbers, side, b"", FIN | ACK)
            target.close()

        await asyncio.gather(pump(0, reader, onwards), pump(1, there, writer), return_exceptions=True)

    def _write(self, ends: tuple[tuple[str, int], ...], numbers: list[int], side: int, data: bytes, flags: int) -> None:
        if self._file.closed:
            return
        acknowledged = numbers[1 - side] if flags & ACK else 0
        packet = ethernet(tcp(ends[side], ends[1 - side], numbers[side], data, flags, acknowledged))
        seconds, rest = divmod(time.time_ns(), 10**9)
        self._file.write(struct.pack("<IIII", seconds, rest, len(packet), len(packet)) + packet)
        numbers[side] += len(data) + (1 if flags & (SYN | FIN) else 0)


class Dumpcap:
    """dumpcap at loopback, where it may; an async context manager."""

    def __init__(self, path: Path, ports: list[int]) -> None:
        self._path, self._ports = path, ports
        self._process: asyncio.subprocess.Process | None = None

    @staticmethod
    def installed() -> bool:
        return shutil.which("dumpcap") is not None

    async def __aenter__(self) -> "Dumpcap":
        which = " or ".join(f"tcp port {port}" for port in self._ports)
        command = ("dumpcap", "-q", "-i", "lo", "-f", which, "-w", str(self._path))
        self._process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        assert self._process.stderr is not None
        told = b""
        while b"File:" not in told:
            line = await asyncio.wait_for(self._process.stderr.readline(), 20)
            if not line:
                raise PermissionError(told.decode().strip())
            told += line
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        await self._process.wait()
