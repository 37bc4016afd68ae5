"""A TCP proxy on loopback that does to a connection what plants' networks do to it."""

import asyncio
import socket
import struct
from contextlib import suppress
from types import TracebackType

__all__ = ["FaultProxy"]

_LINGER_NOT = struct.pack("ii", 1, 0)


class FaultProxy:
    """Passes bytes between whoever connects to `port` and a target, until told otherwise. Runs in the loop of its user.

    Args:
        target: port on loopback, which need not be served yet.
        port: where to listen; 0 for a free one.

    Attributes:
        port: where it listens.
        connections: how many it has taken in all.
    """

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self.port = port
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._healthy()

    def _healthy(self) -> None:
        self._flowing.set()
        self._bytes_s: float | None = None
        self._budget: int | None = None
        self._garble: int | None = None
        self._passed = 0

    async def __aenter__(self) -> "FaultProxy":
        await self.accept()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        await self.cut()

    async def accept(self) -> None:
        """Listen (again)."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop listening: who connects is refused. Open connections stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    async def cut(self) -> None:
        """Close all open connections in order (FIN)."""
        for writer in list(self._writers):
            writer.close()
        await self._end()

    async def reset(self) -> None:
        """Close all open connections as a crash or a firewall does (RST)."""
        for writer in list(self._writers):
            if (raw := writer.get_extra_info("socket")) is not None:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()
        await self._end()

    async def _end(self) -> None:
        pipes = list(self._pipes)
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)

    def stall(self) -> None:
        """Pass nothing any more; connections stay open and new ones are taken."""
        self._flowing.clear()

    def slow(self, bytes_s: float) -> None:
        """Pass only so many bytes a second in each direction."""
        self._bytes_s = bytes_s

    def truncate(self, after: int) -> None:
        """Cut everything once the target has said so many more bytes, in the middle of whatever it says."""
        self._budget = after

    def garble(self, every: int) -> None:
        """Invert every so many-th byte that the target says."""
        self._garble, self._passed = every, 0

    def heal(self) -> None:
        """End what stall, slow, truncate and garble began; what they broke stays broken."""
        self._healthy()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        self._writers.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            there, far = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(far)
            ways = [
                asyncio.ensure_future(self._pass(reader, far, of_target=False)),
                asyncio.ensure_future(self._pass(there, writer, of_target=True)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for one in (writer, far):
                if one is not None:
                    self._writers.discard(one)
                    one.close()
            self._pipes.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, of_target: bool) -> None:
        while data := await reader.read(16_384 if self._bytes_s is None else 256):
            await self._flowing.wait()
            if of_target:
                data = self._harm(data)
            if self._bytes_s is not None:
                await asyncio.sleep(len(data) / self._bytes_s)
            writer.write(data)
            await writer.drain()
            if of_target and self._budget is not None and self._budget <= 0:
                return

    def _harm(self, data: bytes) -> bytes:
        if self._garble is not None:
            bad = bytearray(data)
            first = -self._passed % self._garble
            for i in range(first, len(bad), self._garble):
                bad[i] ^= 0xFF
            data = bytes(bad)
        self._passed += len(data)
        if self._budget is not None:
            data = data[: max(0, self._budget)]
            self._budget -= len(data)
        return data
