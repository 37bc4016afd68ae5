"""The testbed end to end: the platform's own connectors, wired by the files it writes, read what was simulated."""

import asyncio
import os
import stat
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infrastress.app.scenarios import load_scenario, play
from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.core.clock import EventClock
from infrastress.core.errors import InputError
from infrastress.core.plugins import load_plugin, plugin_names
from infrastress.core.secrets import Secrets
from infrastress.core.time import HOUR, SECOND, from_iso
from infrastress.core.units import scale_of
from infrastress.simulators.telemetry import Telemetry
from infrastress.site.connections import connections_of
from infrastress.site.load import load_site
from infrastress.testbed.bed import Testbed, Wiring
from tests.peers.sink import MemorySink, until
from tests.testbed.plants import EXAMPLES

ATTACK = from_iso("2026-03-13T00:20:00Z")


class Platform:
    """The live connectors of a wiring, each with a sink of its own."""

    def __init__(self, wiring: Wiring) -> None:
        self.site = load_site(wiring.site)
        context = LiveContext(EventClock.parse(wiring.clock), Secrets(wiring.secrets), wiring.site)
        self.sinks: dict[str, MemorySink] = {}
        self._tasks: list[asyncio.Task[None]] = []
        for source, connection in connections_of(self.site, wiring.connections).items():
            plugin: type[LiveConnector] = load_plugin("connectors", connection.connector)
            options = plugin.Options.model_validate(connection.options)
            connector = plugin(self.site, self.site.source_by_id[source], options, context)
            self.sinks[source] = MemorySink()
            self._tasks.append(asyncio.create_task(connector.run(self.sinks[source], None)))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def bed(name: str, scenario: str, folder: Path, **options: object) -> Testbed:
    site = load_site(EXAMPLES / name)
    return Testbed(
        site, play(site, load_scenario(EXAMPLES / name, scenario, duration_h=24), 1), folder / "bed", **options
    )


def held_against(telemetry: Telemetry, platform: Platform, sink: MemorySink, slack_s: float) -> set[str]:
    """Every reading is what was shown at about its time; returns the signals that were read."""
    for time, tag, value in sink.readings:
        signal = platform.site.signal_by_id[tag]
        scale = scale_of(signal.unit)
        own = (value - scale.offset) / scale.factor
        slack = round(slack_s * SECOND)
        rows = slice(telemetry.row(time - slack), telemetry.row(time + slack) + 1)
        shown = telemetry.shown[rows, telemetry.tags.index(tag)]
        step = max(signal.resolution / 2, 1e-6 * abs(own), 1e-9)
        assert np.nanmin(np.abs(shown - own)) <= step, (tag, own, shown)
    return {tag for _, tag, _ in sink.readings}


CASES = [("depot", "attack-overfill", "modbus", 60.0, ATTACK), ("depot", "normal", "modbus", 1000.0, None),
         ("water", "normal", "modbus", 6000.0, None)]  # fmt: skip
if "opcua" in plugin_names("connectors"):
    CASES += [("depot", "attack-overfill", "opcua", 60.0, ATTACK), ("water", "normal", "opcua", 3000.0, None)]


@pytest.mark.parametrize("case", CASES)
def test_what_the_platform_reads_is_what_was_simulated(case: tuple[Any, ...], tmp_path: Path) -> None:
    name, scenario, protocol, speed, start = case

    async def run() -> None:
        plant = bed(name, scenario, tmp_path, speed=speed, protocol=protocol, start_at=start)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(plant.stop)
            wiring = await plant.start()
            platform = Platform(wiring)
            stack.push_async_callback(platform.stop)
            scada = platform.sinks["scada"]
            await until(lambda: len({time for time, _, _ in scada.readings}) >= 8, f"rows; {scada.links[-3:]}")
            # A poll takes wall time; at this speed so much event time passes meanwhile
            read = held_against(plant.telemetry, platform, scada, 0.5 * speed)
            assert read == set(plant.telemetry.tags)
            assert scada.balance.balances
            if name == "depot":
                gas = platform.sinks["gas"]
                await until(lambda: gas.events or plant.gateway.left == 0, f"events; {gas.links[-3:]}")

    asyncio.run(asyncio.wait_for(run(), 90))


def test_events_come_once_each_and_in_their_time_through_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        plant = bed("depot", "attack-overfill", tmp_path, speed=2000.0, start_at=ATTACK)
        wiring = await plant.start()
        clock = EventClock.parse(wiring.clock)
        first = Platform(wiring)
        await until(lambda: plant.gateway.stored >= 3, "events")
        await first.stop()  # the gateway keeps what it has to say
        await asyncio.sleep(0.3)
        second = Platform(wiring)
        left = clock.now()
        await until(lambda: clock.now() > left + HOUR and plant.gateway.stored > 5, "more events")
        await plant.stop()
        await second.stop()
        told = [event.id for one in (first, second) for sink in one.sinks.values() for event in sink.events]
        pushed = [event for event in plant._events if event.kind != "login"]
        due = {event.id for event in pushed if ATTACK <= event.observed <= left}
        assert len(told) == len(set(told))
        assert due <= set(told)
        assert all(event.observed <= clock.now() for sink in second.sinks.values() for event in sink.events)
        assert plant.gateway.refused == 0

    asyncio.run(asyncio.wait_for(run(), 90))


def test_logins_come_as_syslog_messages(tmp_path: Path) -> None:
    async def run() -> None:
        plant = bed("depot", "attack-overfill", tmp_path, speed=200.0, start_at=ATTACK)
        platform = Platform(await plant.start())
        said = [event for event in plant._events if event.kind == "login" and event.observed >= ATTACK][:3]
        logins = platform.sinks["logins"]
        await until(lambda: len(logins.events) >= 3, f"logins; {logins.links[-2:]} {logins.balance.as_dict()}")
        for heard, event in zip(logins.events, said, strict=False):
            assert (heard.body, heard.assets) == (event.body, event.assets)
            assert abs(heard.occurred - event.occurred) < SECOND // 1000
        await platform.stop()
        await plant.stop()

    asyncio.run(asyncio.wait_for(run(), 90))


def test_a_controller_that_dies_is_a_gap_and_comes_back(tmp_path: Path) -> None:
    async def run() -> None:
        plant = bed("depot", "normal", tmp_path, speed=100.0)
        platform = Platform(await plant.start())
        scada = platform.sinks["scada"]
        controller = plant.server.controllers["PLC-FARM-B"]

        def newest(tag: str) -> int:
            return max((time for time, name, _ in scada.readings if name == tag), default=0)

        await until(lambda: newest("LT-105") and newest("LT-101"), "readings")
        await controller.stop()
        died = plant.clock.now()
        await until(lambda: scada.state("PLC-FARM-B") == "down", "the link is down")
        await until(lambda: newest("LT-101") > died + 60 * SECOND, "the others go on")
        assert newest("LT-105") <= died + 20 * SECOND
        await controller.start()
        again = plant.clock.now()
        await until(lambda: newest("LT-105") > again, "it is read again")
        held_against(plant.telemetry, platform, scada, 50.0)
        await platform.stop()
        await plant.stop()

    asyncio.run(asyncio.wait_for(run(), 90))


def test_secrets_are_for_the_owner_alone_and_in_no_other_file(tmp_path: Path) -> None:
    async def run() -> None:
        plant = bed("depot", "normal", tmp_path)
        wiring = await plant.start()
        await plant.stop()
        assert stat.S_IMODE(os.stat(wiring.secrets).st_mode) == 0o600
        token = Secrets(wiring.secrets).get("testbed")
        assert token not in wiring.connections.read_text() + wiring.command

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_start_outside_of_the_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="goes from"):
        bed("depot", "normal", tmp_path, start_at=0)
