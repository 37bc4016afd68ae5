"""What only a real broker shows: TLS and passwords, wills, floods, sessions kept while nobody listened."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from infrastress.connectors.base import LiveContext
from infrastress.connectors.mqtt import MqttConnector
from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.session import Session
from tests.connectors.live_contract import run
from tests.connectors.mqtt import tahu
from tests.connectors.mqtt.test_live import make
from tests.peers.certificates import Certificates, make_certificates
from tests.peers.mosquitto import Broker, Publisher, needs_mosquitto
from tests.peers.processes import free_port
from tests.peers.proxy import FaultProxy
from tests.peers.sink import MemorySink, until

pytestmark = needs_mosquitto
PASSWORD = "tell-nobody-1"  # noqa: S105 - of a broker that lives as long as its test
NUMBERS = {"filter": "plant/#", "payload": "number", "columns": {"plant/level": "LT1"}}
RECORDS = {"kind": "access", "time": "t", "fields": {"person": "p"}, "constants": {"door": "d", "zone": "z"}}
EVENTS = {"filter": "doors", "payload": "events", "records": RECORDS}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@asynccontextmanager
async def running(connector: MqttConnector, sink: MemorySink) -> AsyncIterator[None]:
    task = asyncio.create_task(connector.run(sink, sink.position))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def serving(broker: Broker) -> AsyncIterator[Broker]:
    await asyncio.to_thread(broker.start)
    try:
        yield broker
    finally:
        await asyncio.to_thread(broker.stop)


def secure(broker: Broker, certificates: Certificates, **more: Any) -> MqttConnector:
    fields = {"tls": True, "host": "localhost", "ca_file": str(certificates.authority), "topics": [NUMBERS], **more}
    return make(broker.port, LiveContext(), **fields)


def test_tls_with_password_and_own_certificate(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRASTRESS_SECRET_BROKER", PASSWORD)

    async def main() -> None:
        broker = Broker(tmp_path, free_port(), certificates=certificates, ask=True, user=("scada", PASSWORD))
        own = {"cert_file": str(certificates.client), "key_file": str(certificates.client_key)}
        async with serving(broker):
            for more, state, words in (
                ({**own, "username": "scada", "password_secret": "broker"}, "up", ""),
                ({"username": "scada", "password_secret": "broker"}, "down", ""),
                ({**own, "username": "other", "password_secret": "broker"}, "down", "not authorized"),
                ({**own, "ca_file": str(certificates.stranger)}, "down", "CERTIFICATE_VERIFY_FAILED"),
                ({**own, "server_name": "elsewhere"}, "down", "elsewhere"),
            ):
                sink = MemorySink()
                async with running(secure(broker, certificates, **more), sink):
                    await until(lambda s=sink, w=state: s.state() == w, lambda s=sink: f"{s.links}")
                    assert words in sink.links[-1].detail
                    assert PASSWORD not in str(sink.links)

    run(main())


def test_messages_of_any_size_come_whole_through_tls(tmp_path: Path, certificates: Certificates) -> None:
    """Many small ones that one record holds, and some that need many records."""

    async def main() -> None:
        plain, secured = free_port(), free_port()
        broker = Broker(tmp_path, plain, certificates=certificates, lines=[f"listener {secured} 127.0.0.1"])
        async with serving(broker):
            topics = [{"filter": "big", "payload": "number"}]
            options = make(secured, LiveContext(), host="localhost", tls=True, topics=topics).options
            taken: list[Publish] = []
            tls = ssl.create_default_context(cafile=certificates.authority)
            session = Session(options, "reader", (None, None), tls, taken.extend)
            await session.open()
            await session.subscribe()
            publisher = Publisher(plain)
            publisher.start()
            sizes = [1, 1, 1, 100, 16_384, 2, 16_385, 200_000] * 25
            sent = [bytes([i % 251]) * size for i, size in enumerate(sizes)]
            for payload in sent:
                publisher._client.publish("big", payload, 1)
            await until(lambda: len(taken) == len(sent) or session.lost.done(), lambda: f"{len(taken)}")
            assert [message.payload for message in taken] == sent
            publisher.stop()
            session.close()

    run(main())


def test_cancelled_in_the_middle_of_a_tls_handshake(certificates: Certificates) -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fields = {"tls": True, "host": "localhost", "ca_file": str(certificates.authority), "topics": [NUMBERS]}
        sink = MemorySink()
        task = asyncio.create_task(make(port, LiveContext(), **fields).run(sink, None))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()
        for one in asyncio.all_tasks() - {asyncio.current_task()}:
            one.cancel()
        assert time.monotonic() - began < 3.0

    run(main())


def test_a_broker_without_tls_is_not_spoken_to_in_clear(tmp_path: Path, certificates: Certificates) -> None:
    async def main() -> None:
        async with serving(Broker(tmp_path, free_port())) as broker:
            sink = MemorySink()
            async with running(secure(broker, certificates), sink):
                await until(lambda: sink.state() == "down", lambda: f"{sink.links}")

    run(main())


def test_a_last_will_takes_its_member_down(tmp_path: Path) -> None:
    status = {"filter": "plant/+/status", "payload": "status", "name": "{1}"}

    async def main() -> None:
        async with serving(Broker(tmp_path, free_port())) as broker:
            sink = MemorySink()
            async with running(make(broker.port, LiveContext(), topics=[status]), sink):
                await until(lambda: sink.state() == "up", lambda: f"{sink.links}")
                gateway = Publisher(broker.port, will=("plant/gateway/status", b"offline"))
                gateway.start()
                await asyncio.to_thread(gateway.publish, "plant/gateway/status", b"online")
                await until(lambda: sink.state("gateway") == "up", lambda: f"{sink.links}")
                gateway.die()
                await until(lambda: sink.state("gateway") == "down", lambda: f"{sink.links}")

    run(main())


def test_what_was_said_while_nobody_listened_comes_later_and_events_once(tmp_path: Path) -> None:
    """The broker is stopped in order and started again meanwhile; a delivery becomes durable but isn't acknowledged."""

    async def main() -> None:
        broker = Broker(tmp_path, free_port())
        sink = MemorySink()
        async with serving(broker):
            publisher = Publisher(broker.port)
            publisher.start()
            connector = make(broker.port, LiveContext(), topics=[EVENTS])
            task = asyncio.create_task(connector.run(sink, None))
            await until(lambda: sink.state() == "up", lambda: f"{sink.links}")
            sink.hold()
            for i in range(5):
                record = json.dumps({"t": "2026-01-01T00:00:00Z", "p": f"p{i // 2}"}).encode()
                await asyncio.to_thread(publisher.publish, "doors", record)
            await until(lambda: sink.waiting, lambda: "a delivery")
            await asyncio.sleep(0.1)
            task.cancel()
            sink.release()  # what was on its way becomes durable in the moment of the end
            sink._random = type("Always", (), {"random": staticmethod(lambda: 0.0)})()  # type: ignore[assignment]
            await asyncio.gather(task, return_exceptions=True)
            first = len(sink.events)
            for i in range(3):
                record = json.dumps({"t": "2026-01-01T00:00:00Z", "p": f"later{i}"}).encode()
                await asyncio.to_thread(publisher.publish, "doors", record)
            publisher.stop()
            await asyncio.to_thread(broker.stop)
            await asyncio.to_thread(broker.start)
            async with running(make(broker.port, LiveContext(), topics=[EVENTS]), sink):
                await until(lambda: len(sink.events) >= 8, lambda: f"{len(sink.events)} events, {first} at first")
                await asyncio.sleep(0.3)
        assert first > 0
        assert [event.body.person for event in sink.events] == [  # type: ignore[union-attr]
            "p0", "p0", "p1", "p1", "p2", "later0", "later1", "later2",
        ]  # fmt: skip
        assert len({event.id for event in sink.events}) == 8

    run(main())


@pytest.mark.parametrize("qos", [0, 1])
def test_a_flood_waits_in_the_broker_and_not_in_memory(tmp_path: Path, qos: int) -> None:
    async def main() -> None:
        broker = Broker(tmp_path, free_port(), lines=["max_queued_messages 0", "autosave_on_changes false"])
        async with serving(broker):
            sink = MemorySink()
            connector = make(broker.port, LiveContext(), topics=[NUMBERS], receive_maximum=50)
            async with running(connector, sink):
                await until(lambda: sink.state() == "up", lambda: f"{sink.links}")
                sink.hold()
                count = 2_000 if qos else 60_000
                await asyncio.to_thread(_flood, broker.port, qos, count)
                await asyncio.sleep(0.5)
                assert not qos or sink.most_waiting_items <= 50
                sink.release()
                if qos:
                    await until(lambda: sink.balance.accepted >= count, lambda: f"{len(sink.durable)} deliveries")
                    assert sink.values("LT1") == [float(i) for i in range(count)]
                else:  # nobody promises that all come; but who comes later is heard
                    await until(lambda: not sink.waiting, lambda: "an end")
                    await asyncio.to_thread(_flood, broker.port, 1, 1)
                    await until(
                        lambda: sink.durable[-1].samples and sink.durable[-1].samples[-1].values[-1, 0] == 0.0,
                        lambda: f"{len(sink.durable)} deliveries",
                    )
                assert sink.most_waiting_items <= 40_000

    run(main())


def _flood(port: int, qos: int, count: int) -> None:
    publisher = Publisher(port)
    publisher._client.max_inflight_messages_set(20_000)
    publisher.start()
    for i in range(count):
        last = publisher._client.publish("plant/level", str(i).encode(), qos)
    last.wait_for_publish(30)
    publisher.stop()


def test_a_broker_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(Broker(tmp_path, free_port())) as broker, FaultProxy(broker.port) as proxy:
            sink = MemorySink()
            async with running(make(proxy.port, LiveContext(), topics=[NUMBERS], keep_alive_s=2), sink):
                await until(lambda: sink.state() == "up", lambda: f"{sink.links}")
                proxy.stall()
                await until(lambda: sink.state() == "down", lambda: f"{sink.links}", 10.0)
                assert "nothing heard" in sink.links[-1].detail

    run(main())


def test_retained_values_are_told_apart(tmp_path: Path) -> None:
    timed = {"filter": "timed", "payload": "json", "time": "t", "time_format": "epoch_ns", "columns": {"level": "LT1"}}

    async def main() -> None:
        async with serving(Broker(tmp_path, free_port())) as broker:
            publisher = Publisher(broker.port)
            publisher.start()
            publisher.publish("plant/level", b"1", retain=True)
            publisher.publish("timed", json.dumps({"t": time.time_ns(), "level": 2}).encode(), retain=True)
            sink = MemorySink()
            async with running(make(broker.port, LiveContext(), topics=[NUMBERS, timed]), sink):
                await until(lambda: sink.balance.read == 2, lambda: f"{sink.balance}")
                assert sink.values("LT1") == [2.0]
                assert sink.balance.dropped == {"retained-without-time": 1}
                publisher.publish("plant/level", b"3", retain=True)
                await until(lambda: sink.values("LT1") == [2.0, 3.0], lambda: f"{sink.readings}")
            publisher.stop()

    run(main())


def test_two_clients_of_one_id_are_told_of(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(Broker(tmp_path, free_port())) as broker:
            one, two = MemorySink(), MemorySink()
            async with running(make(broker.port, LiveContext(), topics=[NUMBERS]), one):
                await until(lambda: one.state() == "up", lambda: f"{one.links}")
                async with running(make(broker.port, LiveContext(), topics=[NUMBERS]), two):
                    await until(lambda: any("client id" in link.detail for link in one.links), lambda: f"{one.links}")

    run(main())


def test_an_edge_node_from_birth_to_death(tmp_path: Path) -> None:
    route = {"filter": "spBv1.0/#", "payload": "sparkplug", "columns": {"G/E/level": "LT1"}}

    async def main() -> None:
        async with serving(Broker(tmp_path, free_port())) as broker:
            sink = MemorySink()
            async with running(make(broker.port, LiveContext(), topics=[route]), sink):
                await until(lambda: sink.state("G/E") == "connecting", lambda: f"{sink.links}")
                session = tahu.metric("bdSeq", datatype=4, long_value=1)
                edge = Publisher(broker.port, will=("spBv1.0/G/NDEATH/E", tahu.payload([session])))
                edge.start()
                birth = [session, tahu.metric("level", alias=3, datatype=10, double_value=1.0)]
                edge.publish("spBv1.0/G/NBIRTH/E", tahu.payload(birth, timestamp=1, seq=0), qos=0)
                data = tahu.payload([tahu.metric(alias=3, double_value=2.0)], timestamp=2, seq=1)
                edge.publish("spBv1.0/G/NDATA/E", data, qos=0)
                await until(lambda: sink.values("LT1") == [1.0, 2.0], lambda: f"{sink.readings}")
                assert sink.state("G/E") == "up"
                edge.die()
                await until(lambda: sink.state("G/E") == "down", lambda: f"{sink.links}")

    run(main())
