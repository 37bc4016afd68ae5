"""The syslog connector under the live contract, and over UDP and TLS, against senders of the standard library."""

import asyncio
import logging.handlers
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.syslog import SyslogConnector, SyslogOptions
from infrastress.core.errors import ConfigurationError, MappingError
from infrastress.events import AccessAttempt, LoginAttempt, SwitchState
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import Peer, WireContract, run
from tests.peers.certificates import make_certificates
from tests.peers.processes import free_port
from tests.peers.sink import MemorySink, until

LEVEL = {
    "app": "plc",
    "match": r"level (?P<value>\S+)",
    "event": "switch",
    "fields": {"device": "host", "state": "value"},
}
LOGIN = {
    "app": "sshd",
    "match": r"(?P<how>Failed|Accepted) password for (?:invalid user )?(?P<user>\S+) from (?P<origin>\S+)",
    "event": "login",
    "fields": {"account": "user", "host": "host", "origin": "origin", "success": "how"},
    "values": {"success": {"Failed": False, "Accepted": True}},
    "constants": {"remote": True},
}
BADGE = {
    "needs": ["door@32473/badge"],
    "event": "access",
    "fields": {"person": "door@32473/badge", "door": "door@32473/name", "zone": "door@32473/zone"},
}


def make(context: LiveContext | None = None, **options: Any) -> SyslogConnector:
    fields = {"rules": [LEVEL, LOGIN, BADGE], "gather_s": 0.02, "retry_max_s": 0.2, **options}
    source = Source(id="doors", kind="access")
    return SyslogConnector(small_site(), source, SyslogOptions.model_validate(fields), context or LiveContext())


def line(text: str, app: str = "plc", data: str = "-") -> bytes:
    return f"<13>1 {datetime.now(UTC).isoformat()[:26]}Z tank1 {app} - - {data} {text}".encode()


class Sender(Peer):
    """A device that writes to its syslog server and connects again when it notices that it lost it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._up = False
        self._writer: asyncio.StreamWriter | None = None
        self._lost: asyncio.Task[bytes] | None = None

    async def start(self) -> None:
        self._up = True

    async def kill(self) -> None:
        self._up = False
        await self._drop()

    async def _drop(self) -> None:
        if self._lost is not None:
            self._lost.cancel()
            await asyncio.gather(self._lost, return_exceptions=True)
        if self._writer is not None:
            self._writer.transport.abort()
        self._writer = self._lost = None

    async def _send(self, message: bytes) -> None:
        if self._lost is not None and self._lost.done():
            await self._drop()
        if self._up and self._writer is None:
            with suppress(OSError):
                reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
                self._lost = asyncio.create_task(reader.read())
        if self._writer is not None:
            self._writer.write(b"%d %s" % (len(message), message))

    async def say(self, value: float) -> None:
        await self._send(line(f"level {value}"))

    async def nonsense(self) -> None:
        await self._send(b"Use the BFG!")


class TestSyslog(WireContract):
    listens = True
    keeps = False

    def make_peer(self, port: int) -> Peer:
        return Sender(port)

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        return make(context, tcp_port=port)

    def told(self, sink: MemorySink) -> list[tuple[int, float]]:
        bodies = [(event.occurred, event.body) for event in sink.events]
        return [
            (time, float(body.state)) for time, body in bodies if isinstance(body, SwitchState) and number(body.state)
        ]


def number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e9
    except ValueError:
        return False


@asynccontextmanager
async def listening(connector: SyslogConnector, sink: MemorySink) -> AsyncIterator[SyslogConnector]:
    task = asyncio.create_task(connector.run(sink, sink.position))
    try:
        await until(lambda: connector.udp_address or connector.tcp_address, lambda: f"{sink.links}")
        yield connector
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_lines_become_events_by_rules_over_udp_from_the_standard_library() -> None:
    async def main() -> None:
        sink = MemorySink()
        async with listening(make(udp_port=0), sink) as connector:
            assert connector.udp_address is not None
            handler = logging.handlers.SysLogHandler(connector.udp_address, socktype=socket.SOCK_DGRAM)
            for text in (
                "Oct 11 22:14:15 hmi1 sshd[42]: Failed password for invalid user admin from 10.0.0.9 port 22 ssh2",
                "Oct 11 22:14:16 hmi1 sshd[42]: Accepted password for operator from 10.0.0.5 port 22 ssh2",
                "Oct 11 22:14:17 hmi1 cron[1]: nothing to see",
            ):
                handler.emit(logging.makeLogRecord({"msg": text, "levelno": logging.WARNING}))
            handler.close()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                badge = '[door@32473 badge="p7" name="d1" zone="z1"]'
                sock.sendto(line("door", "gate", badge), connector.udp_address)
                sock.sendto(line("door", "gate", badge.replace(' zone="z1"', "")), connector.udp_address)
                sock.sendto(line("x" * 9000), connector.udp_address)
                sock.sendto(b"\xff\xfe", connector.udp_address)
            await until(lambda: sink.balance.read == 7, lambda: f"{sink.balance}")
        assert [event.body for event in sink.events] == [
            LoginAttempt(account="admin", host="hmi1", origin="10.0.0.9", remote=True, success=False),
            LoginAttempt(account="operator", host="hmi1", origin="10.0.0.5", remote=True, success=True),
            AccessAttempt(person="p7", door="d1", zone="z1"),
        ]
        assert sink.balance.dropped == {"no-rule": 1}
        assert sink.balance.quarantined == {"wrong-fields": 1, "too-long": 1, "no-priority": 1}

    run(main())


def test_tls_with_a_certificate_asked_of_senders(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)

    async def main() -> None:
        sink = MemorySink()
        options = {"cert_file": files.server, "key_file": files.server_key, "ca_file": files.authority}
        async with listening(make(tcp_port=0, **options), sink) as connector:
            assert "TLS" in sink.links[-1].detail
            assert connector.tcp_address is not None
            trusting = ssl.create_default_context(cafile=str(files.authority))
            for known in (False, True):
                if known:
                    trusting.load_cert_chain(files.client, files.client_key)
                with suppress(OSError):  # a stranger's handshake ends somewhere on the way
                    _, writer = await asyncio.open_connection(
                        *connector.tcp_address, ssl=trusting, server_hostname="localhost"
                    )
                    message = line(f"level {int(known)}")
                    writer.write(b"%d %s" % (len(message), message))
                    await writer.drain()
                    if known:
                        await until(lambda: sink.events, lambda: f"{sink.balance}")
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
        assert [event.body for event in sink.events] == [SwitchState(device="tank1", state="1")]

    run(main())


def test_missing_numbers_are_told_also_over_a_restart() -> None:
    async def main() -> None:
        sink = MemorySink()
        port = free_port(socket.SOCK_DGRAM)
        for numbers in ((1, 2, 5, 4, 6), (9, 10)):
            before = sink.balance.read
            async with listening(make(udp_port=port), sink) as connector:
                assert connector.udp_address is not None
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    for n in numbers:
                        sock.sendto(line(f"level {n}", data=f'[meta sequenceId="{n}"]'), connector.udp_address)
                await until(lambda b=before, n=numbers: sink.balance.read == b + len(n), lambda: f"{sink.balance}")
        assert sink.balance.cells_refused == {"sequence-gap": 2}
        told = [refusal.what for delivery in sink.durable for refusal in delivery.refusals]
        assert told == ["numbers 3 to 4 are missing", "numbers 7 to 8 are missing"]

    run(main())


def test_strangers_and_too_many_connections_are_dropped() -> None:
    async def main() -> None:
        sink = MemorySink()
        async with listening(make(tcp_port=0, udp_port=0, senders=["192.0.2.0/24"]), sink) as connector:
            assert connector.udp_address is not None
            assert connector.tcp_address is not None
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(line("level 1"), connector.udp_address)
            _, writer = await asyncio.open_connection(*connector.tcp_address)
            await until(lambda: sink.balance.dropped == {"stranger": 2}, lambda: f"{sink.balance}")
            writer.close()
        sink = MemorySink()
        async with listening(make(tcp_port=0, connections=2), sink) as connector:
            assert connector.tcp_address is not None
            writers = [(await asyncio.open_connection(*connector.tcp_address))[1] for _ in range(3)]
            await until(lambda: sink.balance.dropped == {"too-many-connections": 1}, lambda: f"{sink.balance}")
            for writer in writers:
                writer.close()

    run(main())


def test_a_flood_over_tcp_waits_with_its_sender() -> None:
    async def main() -> None:
        sink = MemorySink()
        count = 60_000
        async with listening(make(tcp_port=0), sink) as connector:
            assert connector.tcp_address is not None
            sink.hold()
            _, writer = await asyncio.open_connection(*connector.tcp_address)

            async def flood() -> None:
                for _ in range(count // 100):
                    writer.write(b"<1>1 - h - - - - nothing to see\n" * 100)
                    await writer.drain()
                writer.close()

            flooding = asyncio.create_task(flood())
            await asyncio.sleep(1.0)
            assert not flooding.done() or len(connector._inbox) < 40_000
            sink.release()
            await flooding
            await until(lambda: sink.balance.dropped["no-rule"] == count, lambda: f"{sink.balance}")

    run(main())


def test_a_flood_over_udp_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastress.connectors.listening._FULL", 100)

    async def main() -> None:
        sink = MemorySink()
        async with listening(make(udp_port=0), sink) as connector:
            assert connector.udp_address is not None
            sink.hold()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                for i in range(600):
                    sock.sendto(line(f"level {i}"), connector.udp_address)
                    if i % 50 == 0:
                        await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            sink.release()
            await until(lambda: sink.balance.read == 600, lambda: f"{sink.balance}")
        assert sink.balance.dropped["overflow"] > 0
        assert sink.balance.dropped["overflow"] + len(sink.events) == 600

    run(main())


def test_a_port_in_use_is_told_and_tried_again() -> None:
    async def main() -> None:
        sink = MemorySink()
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            task = asyncio.create_task(make(tcp_port=other.getsockname()[1]).run(sink, None))
            await until(lambda: sink.state() == "down", lambda: f"{sink.links}")
            assert "in use" in sink.links[-1].detail
        await until(lambda: sink.state() == "up", lambda: f"{sink.links}")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({**LEVEL, "match": "("}, "no regular expression"),
        ({**LEVEL, "match": "x"}, "'value' is no group"),
        ({"event": "switch", "fields": {"device": "host"}}, "fits every message"),
    ],
)
def test_rules_are_checked_when_they_are_read(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as error:
        make(tcp_port=0, rules=[rule])
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"device": "host"}, "needs the field 'state'"),
        ({"device": "host", "state": "value", "colour": "app"}, "'colour'"),
    ],
)
def test_rules_are_checked_against_their_events(fields: dict[str, str], words: str) -> None:
    with pytest.raises(MappingError) as error:
        make(tcp_port=0, rules=[{**LEVEL, "fields": fields}])
    assert words in str(error.value)


def test_certificates_that_are_missing_are_found_at_the_start() -> None:
    with pytest.raises(ConfigurationError):
        make(tcp_port=0, cert_file="nowhere.pem", key_file="nowhere-key.pem")
    for options in ({}, {"tcp_port": 0, "cert_file": "a"}, {"tcp_port": 0, "ca_file": "a"}):
        with pytest.raises(ValidationError):
            make(**options)
