"""The examples of CONTRIBUTING.md do what the text says."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from infrastress.connectors.base import LiveContext
from infrastress.events.frames import Block, Frames
from infrastress.simulators.base import Scenario
from infrastress.site import Site
from infrastress.site.sources import Source

TEXT = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.S)
SITE = Site(id="s")


@pytest.fixture
def classes():
    namespace: dict = {"__name__": "example"}
    for example in EXAMPLES:
        exec(compile(example, "CONTRIBUTING.md", "exec"), namespace)  # noqa: S102 - our own documentation
    return namespace


def test_detector(classes):
    detector = classes["ColdDetector"](SITE, classes["ColdDetector"].Options(signal="T"))
    kelvin = np.array([[280.0], [270.0], [270.0], [np.nan], [269.0]])
    frames = Frames(60, np.arange(1, 6) * 60, ("T",), kelvin, kelvin, np.ones((5, 1), np.int32))
    found = detector.update(Block(frames, ()))
    assert [(finding.occurred, finding.body.sentence) for finding in found] == [(120, "T is at -3.1 degC")]
    again = classes["ColdDetector"](SITE, classes["ColdDetector"].Options(signal="T"))
    again.load(detector.dump())
    later = Frames(60, np.arange(6, 8) * 60, ("T",), kelvin[3:], kelvin[3:], np.ones((2, 1), np.int32))
    assert again.update(Block(later, ())) == []


def test_connector(classes, tmp_path):
    path = tmp_path / "notebook"
    path.write_text("100 smell at the jetty\nyesterday nothing\n200 gone\n")
    connector = classes["NotebookConnector"](
        SITE, Source(id="notebook", kind="reports"), classes["NotebookConnector"].Options(path=path)
    )
    deliveries = list(connector.deliveries())
    assert [len(delivery.events) for delivery in deliveries] == [1, 0, 1]
    assert all(delivery.balance.balances for delivery in deliveries)
    assert list(connector.deliveries(deliveries[0].position)) == deliveries[1:]


def test_live_connector(classes):
    site = Site.model_validate(
        {
            "id": "s",
            "assets": [{"id": "A", "type": "other"}],
            "signals": [{"id": "WIND", "asset": "A", "kind": "speed"}],
        }
    )
    delivered = asyncio.run(_listen_to(classes["LineConnector"], site, b"WIND 5.5\nWIND fast\nWIND 6.0\n"))
    values = [samples.values.item() for delivery in delivered for samples in delivery.samples]
    assert values == [5.5, 6.0]
    assert sum(delivery.balance.quarantined.total() for delivery in delivered) == 1
    assert all(delivery.balance.balances for delivery in delivered)


async def _listen_to(connector, site, said):
    delivered, links = [], []

    class Kept:
        async def deliver(self, delivery):
            delivered.append(delivery)
            if len(delivered) == 3:
                running.cancel()

        def report(self, link):
            links.append(link.state)

    async def speak(_, writer):
        writer.write(said)
        await writer.drain()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        options = connector.Options(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        wind = connector(site, Source(id="wind", kind="telemetry"), options, LiveContext())
        running = asyncio.create_task(wind.run(Kept(), None))
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(running, 10)
    assert links == ["up"]
    return delivered


def test_simulator(classes):
    scenario = Scenario(
        name="x",
        simulator="basin",
        start="2026-01-01T00:00:00Z",
        duration_h=2,
        options={"signal": "L", "stuck_after_h": 1},
    )
    one, two = (next(classes["BasinSimulator"](SITE).run(scenario, 7).samples) for _ in range(2))
    assert one.id == two.id
    assert len(one) == 120
