"""Written captures say what real clients and servers of the testbed say: requests, their pace, values."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from pymodbus.client import AsyncModbusTcpClient

from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Kind
from infrastress.simulators.traffic.plant import Device, Plant
from infrastress.testbed.modbus import ModbusPlant
from tests.proofs import Proof
from tests.simulators.traffic.runs import Run, run
from tests.testbed.recorder import Dumpcap, Proxy

POLL = 10 * SECOND
READS: dict[int, Callable[..., object]] = {
    1: AsyncModbusTcpClient.read_coils,
    2: AsyncModbusTcpClient.read_discrete_inputs,
    3: AsyncModbusTcpClient.read_holding_registers,
    4: AsyncModbusTcpClient.read_input_registers,
}


class Said(NamedTuple):
    """A request for what, and its answer."""

    unit: int | None
    function: int | None
    address: int | None
    quantity: int | None
    values: tuple[float, ...]


class Deed(NamedTuple):
    """A coil that an operator writes."""

    at: int
    name: str
    coil: int
    on: bool


def said(row: NetworkRow) -> Said:
    values = tuple(row.values) if row.values is not None else () if row.value is None else (row.value,)
    return Said(row.unit, row.function, row.address, row.quantity, values)


class Spoken(NamedTuple):
    """A reading or a command by controller: event times of request and response, and what was said."""

    asked: int
    answered: int
    what: Said


def by_device(rows: list[NetworkRow], name_of: Callable[[NetworkRow], str | None]) -> dict[str, list[Spoken]]:
    found: dict[str, list[Spoken]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.time):
        name = name_of(row)
        if name is not None and row.kind == Kind.TRANSACTION and row.function in (1, 2, 3, 4, 5):
            found[name].append(Spoken(row.time, row.time + (row.response_ns or 0), said(row)))
    return found


def commands(written: dict[str, list[Spoken]], begin: int, end: int) -> list[Deed]:
    return sorted(
        Deed(one.asked, name, one.what.address or 0, bool(one.what.values[0]))
        for name, every in written.items()
        for one in every
        if one.what.function == 5 and begin <= one.asked < end
    )


async def converse(
    found: Run, plant: Plant, path: Path, *, clock: EventClock, polls: int, deeds: list[Deed], tap: bool
) -> dict[int, str]:
    """Real clients poll real servers through a proxy, or with dumpcap at the interface; controllers by port."""
    servers = ModbusPlant(found.site, found.telemetry, clock)
    devices = {name: one for name, one in plant.devices.items() if name in servers.controllers}
    proxy = None if tap else Proxy(path)
    names: dict[int, str] = {}
    clients: dict[str, AsyncModbusTcpClient] = {}
    begin = clock.now()

    async def wait(until: int) -> None:
        await asyncio.sleep(max(0.0, clock.wall_s((until - clock.now()) / SECOND)))

    async def poll(name: str, device: Device) -> None:
        for k in range(polls):
            await wait(begin + (k + 1) * POLL)
            for function, address, count in device.spans:
                await READS[function](clients[name], address, count=count, device_id=device.unit)  # type: ignore[misc]

    async def operate() -> None:
        for at, name, coil, on in deeds:
            await wait(at)
            async with AsyncModbusTcpClient("127.0.0.1", port=clients[name].comm_params.port) as client:
                await client.write_coil(coil, on, device_id=devices[name].unit)

    async def all_of_it() -> None:
        for name in devices:
            assert await clients[name].connect()
        await asyncio.gather(operate(), *(poll(name, device) for name, device in devices.items()))
        for client in clients.values():
            client.close()
        await asyncio.sleep(0.3)

    await servers.start()
    try:
        for name in devices:
            port = servers.controllers[name].port
            names[port] = name
            reached = port if proxy is None else await proxy.listen(port)
            clients[name] = AsyncModbusTcpClient("127.0.0.1", port=reached)
        if proxy is None:
            async with Dumpcap(path, list(names)):
                await all_of_it()
        else:
            await all_of_it()
            await proxy.stop()
    finally:
        await servers.stop()
    return names


def _any_of(written: set[tuple[int, Said]], rows: range, what: Said) -> bool:
    """Whether it was written of one of the telemetry's rows that were shown between the request and its response."""
    return any((row, what) in written for row in rows)


def compare(folder: Path, *, hours: float, polls: int, speed: float, tap: bool) -> tuple[int, dict[str, list[Spoken]]]:
    """How many transactions were equal, and the real ones; fails at the first that isn't."""
    found = run("depot", hours=hours, poll_s=10.0, seed=2)
    plant = Plant(found.site, found.telemetry.tags)
    addresses = {".".join(map(str, one.node.address)): name for name, one in plant.devices.items()}
    written = by_device(found.rows, lambda row: addresses.get(row.server or ""))
    first = min(one.asked for every in written.values() for one in every if one.what.function == 5)
    span = polls * POLL
    begin = max(found.telemetry.began, min(first - 3 * POLL, found.telemetry.ended - span - 2 * POLL)) // POLL * POLL
    wall = time.time_ns() + SECOND
    clock = EventClock(begin, wall, speed)
    deeds = commands(written, begin, begin + span)
    path = folder / "real.pcap"
    names = asyncio.run(converse(found, plant, path, clock=clock, polls=polls, deeds=deeds, tap=tap))
    rows = [row for records in CaptureReader(path) for row in records.rows()]

    def event(at: int) -> int:
        return begin + round((at - wall) * speed)

    moved = [row._replace(time=event(row.time), response_ns=round((row.response_ns or 0) * speed)) for row in rows]
    real = by_device(moved, lambda row: names.get(row.server_port or 0))
    assert set(real) == set(written) == set(plant.devices)
    equal = 0
    for name, every in real.items():
        shown = found.telemetry.row
        by_row = {(shown(one.asked), one.what) for one in written[name]}
        reads = [one for one in every if one.what.function != 5]
        requests = plant.devices[name].spans * polls
        assert [one.what[1:4] for one in reads] == requests, "the same requests in the same order, as often"
        for one in reads:
            assert _any_of(by_row, range(shown(one.asked), shown(one.answered) + 1), one.what), (name, one)
            equal += 1
        told = [(one.what.address, one.what.values) for one in every if one.what.function == 5]
        assert told == [(coil, (float(on),)) for _, to, coil, on in deeds if to == name]
        equal += len(told)
    assert deeds, "commands are among what is compared"
    return equal, real


def test_written_captures_equal_real_ones(tmp_path: Path):
    equal, _ = compare(tmp_path, hours=3.0, polls=8, speed=20.0, tap=False)
    assert equal > 8 * 9


@pytest.mark.prove
def test_an_hour_of_real_traffic_says_what_is_written(tmp_path: Path):
    if not Dumpcap.installed():
        pytest.skip("dumpcap is not installed")
    proof = Proof("traffic: an hour of real clients and servers, captured by dumpcap, against a written capture", 1)
    for _ in proof.steps():
        equal, real = compare(tmp_path, hours=4.0, polls=360, speed=10.0, tap=True)
        steps = np.concatenate(
            [np.diff([one.asked for one in every if one.what[1:4] == every[0].what[1:4]]) for every in real.values()]
        )
        assert abs(float(np.median(steps)) / SECOND - 10.0) < 0.1
        proof.finish(f"{equal:,} transactions equal in unit, function, address, quantity, values; median cadence "
                     f"{np.median(steps) / SECOND:.3f} s")  # fmt: skip
