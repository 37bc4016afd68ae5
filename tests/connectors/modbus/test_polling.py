"""Polling devices: rows, quality, splits, pace, dead neighbours, gateways, TLS, and options that can't be."""

import asyncio
import itertools
import math
import ssl
import time
from contextlib import asynccontextmanager

import pytest

from infrastress.connectors.base import LiveContext
from infrastress.connectors.modbus import ModbusConnector, ModbusOptions
from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError, MappingError
from infrastress.core.time import SECOND
from tests.connectors.live_contract import run
from tests.connectors.modbus.plant import connector, plant, signal
from tests.peers.certificates import make_certificates
from tests.peers.modbus import Memory, ModbusServer, words_of
from tests.peers.processes import free_port
from tests.peers.proxy import FaultProxy
from tests.peers.sink import MemorySink, until


@asynccontextmanager
async def polled(made: ModbusConnector):
    sink = MemorySink()
    task = asyncio.create_task(made.run(sink, None))
    try:
        yield sink
        assert not task.done(), task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def served(units, tls=None):
    server = ModbusServer(units, free_port(), tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def test_one_poll_is_one_row_in_si_units():
    site = plant(
        signal("LEVEL", 0) | {"kind": "level", "unit": "m"},
        signal("TEMP", 2, data_type="int16", factor=0.1) | {"kind": "temperature", "unit": "degC"},
        signal("FLOW", 4, table="holding", data_type="uint32", word_order="little") | {"kind": "flow", "unit": "m3/h"},
        signal("OPEN", 17, table="coil", data_type="bool") | {"kind": "state"},
        signal("TRIP", 33, table="discrete", data_type="bool") | {"kind": "switch"},
        signal("BIT", 9, table="holding", data_type="bool", bit=3) | {"kind": "switch"},
        signal("BAD", 10, table="holding", data_type="int16", bad_values=[0x8000]),
        signal("NAN", 12, table="holding"),
    )
    memory = Memory()
    memory.put("input", 0, [*words_of("f", 7.5), *words_of("h", -55)])
    memory.put("holding", 4, words_of("I", 7200)[::-1])
    memory.put("holding", 9, [0b1000, 0x8000, 0, *words_of("f", math.nan)])
    memory.bits["coil"][17] = memory.bits["discrete"][33] = True

    async def main() -> None:
        async with served({1: memory}) as server, polled(connector(site, server.port)) as sink:
            await until(lambda: len(sink.durable) >= 3, "three polls")
            assert sink.state("PLC-1") == "up"
        samples = sink.durable[0].samples[0]
        assert len(samples) == 1
        assert dict(zip(samples.tags, samples.values[0], strict=True)) == pytest.approx(
            {"LEVEL": 7.5, "TEMP": 273.15 - 5.5, "FLOW": 2.0, "OPEN": 1, "TRIP": 1, "BIT": 1}
        )
        assert dict(sink.durable[0].balance.cells_refused) == {"bad-value": 1, "nan": 1}
        assert len({request[0] for request in memory.requests[:4]}) == 4
        assert len(memory.requests) == 4 * len(sink.durable)

    run(main())


def test_a_refused_request_is_split_and_that_is_remembered():
    site = plant(*(signal(f"S{n}", n, data_type="int16") for n in (0, 1, 2, 6, 7, 8)))
    memory = Memory(holes=frozenset({4, 7}))
    memory.put("input", 0, list(range(10)))

    async def main() -> None:
        async with served({1: memory}) as server, polled(connector(site, server.port)) as sink:
            await until(lambda: len(sink.durable) >= 5, "five polls")
        row = sink.durable[0].samples[0]
        assert dict(zip(row.tags, row.values[0], strict=True)) == {"S0": 0, "S1": 1, "S2": 2, "S6": 6, "S8": 8}
        for delivery in sink.durable:
            assert dict(delivery.balance.cells_refused) == {"modbus-illegal-address": 1}
        assert sink.durable[0].refusals[0].what == "S7"
        assert sink.links[-1].detail == "not there: S7"
        later = memory.requests[-6:]
        assert set(later) == {("input", 0, 3), ("input", 6, 1), ("input", 8, 1)}  # S7 is asked again in a minute

    run(main())


def test_a_device_that_refuses_everything_keeps_its_plan_and_is_left_alone_for_longer():
    site = plant(*(signal(f"S{n}", n, data_type="int16") for n in range(8)))
    stopped = True
    memory = Memory(spoil=lambda table, address, count: 2 if stopped else None)

    async def main() -> None:
        nonlocal stopped
        async with served({1: memory}) as server, polled(connector(site, server.port)) as sink:
            await until(lambda: sink.state("PLC-1") == "down", "down")
            await asyncio.sleep(0.5)
            assert len(memory.requests) < 15 * 6
            stopped = False
            await until(lambda: sink.state("PLC-1") == "up", "up")
            memory.requests.clear()
            await until(lambda: len(memory.requests) >= 3, "polls")
        assert set(memory.requests) == {("input", 0, 8)}

    run(main())


def test_exceptions_are_counted_by_signal_and_the_rest_of_the_row_stays():
    site = plant(signal("GOOD", 0), signal("SICK", 0, table="holding"))
    memory = Memory(spoil=lambda table, address, count: 4 if table == "holding" else None)

    async def main() -> None:
        async with served({1: memory}) as server, polled(connector(site, server.port)) as sink:
            await until(lambda: len(sink.durable) >= 3, "three polls")
            assert sink.state("PLC-1") == "up"
        assert all(delivery.balance.cells_accepted == 1 for delivery in sink.durable)
        assert all(dict(d.balance.cells_refused) == {"modbus-device-failure": 1} for d in sink.durable)

    run(main())


def test_a_dead_device_does_not_delay_the_others():
    site = plant(signal("A", 0, "PLC-1"), signal("B", 0, "PLC-2"), controllers=("PLC-1", "PLC-2"))

    async def main() -> None:
        async with served({1: Memory()}) as server, FaultProxy(server.port) as mute:
            mute.stall()
            devices = {
                "PLC-1": {"host": "127.0.0.1", "port": server.port},
                "PLC-2": {"host": "127.0.0.1", "port": mute.port},
            }
            async with polled(connector(site, 0, devices=devices)) as sink:
                await until(lambda: sink.state("PLC-2") == "down", "down")
                before = len(sink.values("A"))
                await asyncio.sleep(0.5)
                assert len(sink.values("A")) - before >= 5
                assert sink.state("PLC-1") == "up"
                assert not sink.values("B")
                assert sink.balance.cells_refused["modbus-timeout"] > 0

    run(main())


def test_units_behind_a_gateway_share_its_connection_and_a_dead_one_rests():
    names = ("PLC-1", "PLC-2", "PLC-3")
    site = plant(*(signal(f"S{n}", 0, name) for n, name in enumerate(names)), controllers=names)
    dead = Memory(delay_s=0.5)

    async def main() -> None:
        async with (
            served({1: Memory(), 2: dead, 3: Memory()}) as server,
            FaultProxy(server.port) as proxy,
            polled(connector(site, proxy.port, timeout_s=0.05, retry_max_s=5.0)) as sink,
        ):
            await until(lambda: len(sink.values("S2")) > 20, "the third unit")
            assert [sink.state(name) for name in names] == ["up", "down", "up"]
            assert proxy.connections == 1
            assert len(dead.requests) < 6

    run(main())


def test_no_write_ever_leaves():
    """Everything a connector says in its life, seen on the wire: reads of the specification's four functions."""
    site = plant(signal("A", 0), signal("B", 3, table="coil", data_type="bool"), signal("C", 7, table="holding"))
    heard: list[bytes] = []

    async def main() -> None:
        async with served({1: Memory(holes=frozenset({7}))}) as server:

            async def tap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                there, far = await asyncio.open_connection("127.0.0.1", server.port)

                async def back() -> None:
                    while data := await there.read(300):
                        writer.write(data)
                    writer.close()

                task = asyncio.create_task(back())
                while data := await reader.read(300):
                    heard.append(data)
                    far.write(data)
                    if len(heard) % 50 == 0:
                        break  # and it connects again
                far.close()
                await task

            listener = await asyncio.start_server(tap, "127.0.0.1", 0)
            async with polled(connector(site, listener.sockets[0].getsockname()[1], cadence_s=0.01)):
                await until(lambda: len(heard) > 130, "requests")
            listener.close()
        stream = b"".join(heard)
        functions = set()
        while stream:
            length = int.from_bytes(stream[4:6], "big")
            functions.add(stream[7])
            stream = stream[6 + length :]
        assert functions == {1, 3, 4}

    run(main())


def test_polls_keep_to_the_grid_and_late_ones_are_skipped():
    site = plant(signal("A", 0))
    memory = Memory()

    async def main() -> None:
        async with served({1: memory}) as server, polled(connector(site, server.port, cadence_s=0.1)) as sink:
            await until(lambda: len(sink.durable) >= 6, "polls")
            memory.delay_s = 0.25
            asked = len(memory.requests)
            await asyncio.sleep(1.2)
            assert len(memory.requests) - asked <= 5
            memory.delay_s = 0.0
            asked, began = len(memory.requests), time.monotonic()
            await until(lambda: len(memory.requests) >= asked + 5, "polls")
            assert time.monotonic() - began > 0.3  # none was caught up
            assert any("skipped" in link.detail for link in sink.links)
        offsets = [when % (SECOND // 10) / SECOND for when, _, _ in sink.readings[1:6]]
        assert max(offsets) < 0.06

    run(main())


def test_a_fast_clock_polls_faster():
    site = plant(signal("A", 0))
    clock = EventClock(origin=1_000 * SECOND, wall=time.time_ns(), speed=60.0)

    async def main() -> None:
        async with served({1: Memory()}) as server:
            made = connector(site, server.port, LiveContext(clock=clock), cadence_s=6.0)
            async with polled(made) as sink:
                await until(lambda: len(sink.durable) >= 6, "polls")
            times = [when for when, _, _ in sink.readings[1:]]
            assert min(b - a for a, b in itertools.pairwise(times)) > 3 * SECOND
            assert 1_000 * SECOND < times[0] < 1_300 * SECOND

    run(main())


def test_modbus_security(tmp_path):
    site = plant(signal("A", 0))
    files = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server, files.server_key)
    context.load_verify_locations(files.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    own = {"certificate": files.client, "key": files.client_key}

    async def main() -> None:
        async with served({1: Memory()}, context) as server:
            async with polled(connector(site, server.port, tls={"ca": files.authority, **own})) as sink:
                await until(lambda: len(sink.durable) >= 3, "polls")
            async with polled(connector(site, server.port, tls={"ca": files.stranger, **own})) as sink:
                await until(lambda: sink.state("PLC-1") == "down", "down")
                assert "certificate verify failed" in sink.links[-1].detail.lower().replace("_", " ")

    run(main())


def test_the_site_model_says_where_a_controller_is():
    site = plant(signal("A", 0), address="10.0.0.7", port=1502, unit_id=9)
    made = ModbusConnector(site, site.source_by_id["scada"], ModbusOptions(), LiveContext())
    ((address, (device,)),) = made._devices.items()
    assert (str(address), device.unit) == ("10.0.0.7:1502", 9)


@pytest.mark.parametrize(
    ("site", "options", "said"),
    [
        (plant(), {}, "no signal of the site has source 'scada' and a register"),
        (plant(signal("A", 0)), {}, "nobody says where PLC-1 is reached"),
        (plant(signal("A", 0)), {"devices": {"PLC-l": {"host": "x"}}}, "did you mean 'PLC-1'"),
        (plant(signal("A", 0, table="coil")), {}, "A: a coil is one bit"),
        (
            plant(signal("A", 0), address="10.0.0.7"),
            {"tls": {"ca": "no.pem", "certificate": "no.pem", "key": "no.pem"}},
            "certificates can't be used",
        ),
    ],
)
def test_options_that_cannot_be(site, options, said):
    with pytest.raises((ConfigurationError, MappingError), match=said):
        ModbusConnector(site, site.source_by_id["scada"], ModbusOptions.model_validate(options), LiveContext())
