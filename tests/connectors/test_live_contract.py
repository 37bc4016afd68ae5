"""The live contract itself: an honest connector passes it, and each way of being dishonest is found."""

import asyncio
import json
import time
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector, LiveContext, Sink
from infrastress.connectors.inbox import Inbox
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import SIGNAL, Peer, WireContract
from tests.peers.proxy import FaultProxy


class Lines(Peer):
    """Serves one client numbered lines of JSON, each again on every connection until its number comes back."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._number = 0
        self._unacknowledged: dict[int, bytes] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._name = time.time_ns()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def kill(self) -> None:
        if self._server is not None:
            self._server.close()
            if self._writer is not None:
                self._writer.transport.abort()
            self._server = None
            await asyncio.sleep(0.01)

    async def say(self, value: float) -> None:
        self._send({"time": time.time_ns(), "value": value})

    async def nonsense(self) -> None:
        self._send({"value": "often"})

    def _send(self, fields: dict[str, Any]) -> None:
        self._number += 1
        line = json.dumps({"id": f"{self._name}-{self._number}", "n": self._number, **fields}).encode() + b"\n"
        self._unacknowledged[self._number] = line
        if self._writer is not None:
            self._writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.writelines(self._unacknowledged.values())
        with suppress(OSError, asyncio.CancelledError):
            while line := await reader.readline():
                if line.strip().isdigit():
                    self._unacknowledged.pop(int(line), None)
        writer.close()
        if self._writer is writer:
            self._writer = None


class Options(BaseModel):
    port: int
    fault: str = ""


class LinesConnector(LiveConnector):
    """Reads them; `fault` makes it dishonest."""

    name, Options = "lines", Options

    async def run(self, sink: Sink, after: bytes | None) -> None:
        self._inbox = Inbox(self.site, self.source, after)
        seen = self._inbox.cursor
        self._seen: list[str] = json.loads(seen) if seen else []
        failed = lambda reason, wait: sink.report(Link("down", str(reason) if self.options.fault != "mute" else ""))  # noqa: E731
        await keep_trying(
            partial(self._attempt, sink), failed=failed, random=self.context.random, first_s=0.05, longest_s=0.2
        )

    async def _attempt(self, sink: Sink) -> None:
        fault = self.options.fault
        sink.report(Link("connecting"))
        reader, writer = await asyncio.open_connection("127.0.0.1", self.options.port)
        sink.report(Link("up"))
        try:
            while line := await reader.readline():
                number = self._take(line, fault)
                if fault == "early":
                    writer.write(b"%d\n" % number)
                delivery = self._inbox.delivery(json.dumps(self._seen[-1000:]).encode())
                if delivery is not None and fault != "deaf":
                    await sink.deliver(delivery)
                writer.write(b"%d\n" % number)
        finally:
            writer.close()

    def _take(self, line: bytes, fault: str) -> int:
        try:
            fields = json.loads(line)
            number, name = int(fields["n"]), fields["id"]
        except (ValueError, KeyError, TypeError):
            self._inbox.refuse("no-line", "line", "a line")
            return 0
        if name in self._seen and fault != "double":
            return number
        self._seen.append(name)
        try:
            when = time.time_ns() - 10**9 if fault == "early-time" else int(fields["time"])
            self._inbox.reading(when, SIGNAL, float(fields["value"]) + (0.5 if fault == "between" else 0.0))
        except (ValueError, KeyError, TypeError):
            if fault == "raise":
                raise SystemError from None
            if fault != "silent":
                self._inbox.refuse("no-value", "line", str(fields))
        return number


class TestLines(WireContract):
    fault = ""
    test_proof_peer_killed_and_started_again = test_proof_nothing_acknowledged_is_lost = None  # it is no connector

    def make_peer(self, port: int) -> Peer:
        return Lines(port)

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        options = Options(port=port, fault=self.fault)
        return LinesConnector(small_site(), Source(id="historian", kind="telemetry"), options, context)


DISHONEST = [
    ("early", "test_what_is_not_durable_is_not_acknowledged"),
    ("double", "test_nothing_acknowledged_is_lost_whenever_it_is_killed"),
    ("early-time", "test_delivers_with_balance_and_says_that_it_is_up"),
    ("between", "test_delivers_with_balance_and_says_that_it_is_up"),
    ("silent", "test_nonsense_is_refused_with_its_reason_and_the_rest_goes_on"),
    ("raise", "test_nonsense_is_refused_with_its_reason_and_the_rest_goes_on"),
    ("mute", "test_lost_time_is_a_gap"),
]


@pytest.mark.parametrize(("fault", "test"), DISHONEST)
def test_dishonest_connectors_are_found(
    fault: str, test: str, tmp_path: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.connectors.live_contract.PATIENCE_S", 3.0)
    contract = TestLines()
    contract.fault = fault
    contract.folder, contract._log = tmp_path, caplog
    with pytest.raises(AssertionError):
        getattr(contract, test)()


def test_proxy_passes_what_is_said_until_it_is_told_otherwise() -> None:
    async def main() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(100):
                writer.write(data)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with FaultProxy(server.sockets[0].getsockname()[1]) as proxy:

            async def ask(words: bytes) -> bytes:
                reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
                writer.write(words)
                try:
                    return await asyncio.wait_for(reader.readexactly(len(words)), 0.3)
                finally:
                    writer.close()

            assert await ask(b"hello") == b"hello"
            proxy.garble(2)
            assert await ask(b"\0\0\0\0") == b"\xff\0\xff\0"
            proxy.heal()
            proxy.truncate(3)
            with pytest.raises(asyncio.IncompleteReadError) as cut:
                await ask(b"hello")
            assert cut.value.partial == b"hel"
            proxy.heal()
            proxy.stall()
            with pytest.raises(TimeoutError):
                await ask(b"hello")
            proxy.heal()
            proxy.slow(10)
            with pytest.raises(TimeoutError):
                await ask(b"hello")
            proxy.heal()
            await proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                await ask(b"hello")
            await proxy.accept()
            assert await ask(b"hello") == b"hello"
        server.close()

    asyncio.run(main())
