"""What the Modbus servers show at a time is the simulated telemetry at that time, to the register's resolution."""

import asyncio
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.site.process import Register
from infrastress.site.registers import number_of
from infrastress.testbed.modbus import ModbusController, ModbusPlant
from infrastress.testbed.registers import Cell, cells_of, with_registers, words_of
from infrastress.testbed.telemetry import Telemetry
from tests.testbed.plants import SITES, plant, ticking

TYPES = ["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
FUNCTIONS = {"coil": "read_coils", "discrete": "read_discrete_inputs", "holding": "read_holding_registers",
             "input": "read_input_registers"}  # fmt: skip


async def read(client: AsyncModbusTcpClient, unit: int, register: Register) -> float:
    bit = register.table in ("coil", "discrete")
    count = 1 if bit or register.data_type == "bool" else struct.calcsize(register.data_type[-2:] and "I") // 2
    answer = await getattr(client, FUNCTIONS[register.table])(register.address, count=count, device_id=unit)
    assert not answer.isError(), answer
    words = [int(answer.bits[0])] if bit else answer.registers
    return number_of(register, words) * register.factor + register.offset


@pytest.mark.parametrize(("name", "speed"), [("depot", 1.0), ("depot", 3000.0), ("water", 60.0)])
def test_every_register_shows_the_telemetry_of_its_moment(name: str, speed: float) -> None:
    site, telemetry = plant(name)
    clock = ticking(telemetry, 0.4, speed)

    async def run() -> None:
        servers = ModbusPlant(site, telemetry, clock)
        await servers.start()
        try:
            for controller in servers.controllers.values():
                client = AsyncModbusTcpClient("127.0.0.1", port=controller.port)
                assert await client.connect()
                for cell in cells_of(site)[controller.name]:
                    column = telemetry.tags.index(cell.signal)
                    before = telemetry.row(clock.now())
                    shown = await read(client, controller.unit, cell.register)
                    after = telemetry.row(clock.now())
                    possible = telemetry.shown[before : after + 1, column]
                    nearest = np.min(np.abs(possible - shown))
                    assert nearest <= max(1e-6 * abs(shown), 1e-9), (cell.signal, shown, possible)
                client.close()
        finally:
            await servers.stop()

    asyncio.run(asyncio.wait_for(run(), 90))


def test_writes_are_refused_and_change_nothing() -> None:
    site, telemetry = plant("depot")

    async def run() -> None:
        servers = ModbusPlant(site, telemetry, ticking(telemetry, 0.1, 1.0))
        controller = servers.controllers["PLC-FARM-A"]
        await controller.start()
        async with AsyncModbusTcpClient("127.0.0.1", port=controller.port) as client:
            before = await client.read_discrete_inputs(0, count=16, device_id=controller.unit)
            for answer in (
                await client.write_coil(0, True, device_id=controller.unit),
                await client.write_register(0, 7, device_id=controller.unit),
                await client.write_registers(0, [0, 0], device_id=controller.unit),
                await client.write_coils(0, [False, False], device_id=controller.unit),
            ):
                assert answer.isError()
            after = await client.read_discrete_inputs(0, count=16, device_id=controller.unit)
            assert before.bits == after.bits
        assert controller.writes == 4
        await controller.stop()

    asyncio.run(run())


def test_a_controller_killed_and_started_again_is_found_where_it_was() -> None:
    site, telemetry = plant("depot")

    async def run() -> None:
        servers = ModbusPlant(site, telemetry, ticking(telemetry, 0.1, 1.0))
        controller = servers.controllers["SIS-1"]
        await controller.start()
        port = controller.port
        for _ in range(3):
            await controller.stop()
            await controller.start()
            assert controller.port == port
            async with AsyncModbusTcpClient("127.0.0.1", port=port) as client:
                assert not (await client.read_discrete_inputs(0, count=8, device_id=controller.unit)).isError()
        await controller.stop()

    asyncio.run(run())


@given(
    st.sampled_from(TYPES), st.sampled_from(["big", "little"]), st.sampled_from(["big", "little"]), st.floats(-1e4, 1e4)
)
def test_numbers_come_back_from_registers(kind: str, words: str, order: str, value: float) -> None:
    register = Register(
        controller="C", address=0, data_type=kind, word_order=words, byte_order=order, factor=0.5, offset=3
    )
    written = words_of(register, value)
    assert written is not None
    back = number_of(register, written) * 0.5 + 3
    low = 3.0 if kind.startswith("u") else -1e5
    assert abs(back - max(low, min(value, 3 + 0.5 * 32767 if kind == "int16" else 1e9))) <= 0.25 + 1e-3


def test_what_is_no_value_is_told_as_the_type_can() -> None:
    nan = float("nan")
    assert words_of(Register(controller="C", address=0, data_type="int16"), nan) is None
    assert words_of(Register(controller="C", address=0, data_type="int16", bad_values=(0x8000,)), nan) == [0x8000]
    floats = words_of(Register(controller="C", address=0), nan)
    assert floats is not None
    assert np.isnan(number_of(Register(controller="C", address=0), floats))


def test_flags_of_one_register_share_it() -> None:
    site, _ = plant("depot")
    tags = ("XV-101J.state", "XV-101P.state")
    samples = Samples("depot", "scada", 0, np.array([0, SECOND]), tags, np.array([[1.0, 1.0], [0.0, 1.0]]))
    telemetry = Telemetry(site, [samples])
    cells = [
        Cell(tag, Register(controller="C", address=5, data_type="bool", bit=bit))
        for bit, tag in zip((3, 9), tags, strict=True)
    ]

    async def run() -> None:
        for clock, word in ((EventClock(0, 0, 1e-15), 1 << 3 | 1 << 9), (EventClock(SECOND, 0, 1e-15), 1 << 9)):
            controller = ModbusController("C", 1, cells, telemetry, clock)
            await controller.start()
            async with AsyncModbusTcpClient("127.0.0.1", port=controller.port) as client:
                assert (await client.read_holding_registers(5, device_id=1)).registers == [word]
            await controller.stop()

    asyncio.run(run())


@pytest.mark.parametrize("name", SITES)
def test_every_signal_has_a_place_of_its_own(name: str) -> None:
    site, _ = plant(name)
    whole = with_registers(site)
    assert [signal.id for signal in whole.signals] == [signal.id for signal in site.signals]
    for cells in cells_of(whole).values():
        taken: set[tuple[str, int]] = set()
        for cell in cells:
            width = 1 if cell.register.data_type == "bool" else 2
            places = {(cell.register.table, cell.register.address + i) for i in range(width)}
            assert not taken & places
            taken |= places
    assert cells_of(whole) == cells_of(site)


def test_a_slow_source_holds_its_last_reading_and_a_silent_one_shows_none() -> None:
    site, _ = plant("water")
    nan = float("nan")
    times = np.arange(0, 900, 100) * SECOND
    samples = Samples("water", "scada", 0, times, ("LT-1",), np.array([[1.0], *[[nan]] * 5, [2.0], [nan], [nan]]))
    telemetry = Telemetry(site, [samples])
    assert telemetry.shown[:, 0].tolist()[:3] == [1.0, 1.0, 1.0]
    assert np.isnan(telemetry.at(350 * SECOND)[0])
    assert telemetry.at(650 * SECOND)[0] == 2.0
    assert telemetry.at(10_000 * SECOND)[0] == 2.0
