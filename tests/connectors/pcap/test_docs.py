"""The examples of docs/connect-captures.md, and its table of options."""

import asyncio
import re
from pathlib import Path

import yaml

from infrastress.connectors.base import LiveContext
from infrastress.connectors.pcap.live import PcapConnector, PcapOptions
from infrastress.core.plugins import load_plugin
from infrastress.detectors.network import NetworkBaselineDetector
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.pcap.tapping import Tap
from tests.peers.sink import MemorySink, until

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "connect-captures.md").read_text()


def examples() -> list[dict]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def test_the_example_reads_what_a_capture_tool_writes(tmp_path):
    ((name, example),) = examples()[0].items()
    plugin = load_plugin("connectors", example["connector"])
    assert plugin is PcapConnector
    options = plugin.Options.model_validate({**example["options"], "poll_s": 0.02})
    sink = MemorySink()

    async def main() -> None:
        made = plugin(small_site(), Source(id=name, kind="network"), options, LiveContext(folder=tmp_path))
        tap = Tap(tmp_path / "taps")
        await tap.start()
        task = asyncio.create_task(made.run(sink, None))
        await tap.say(7.0)
        await until(lambda: sink.balance.cells_accepted, lambda: f"{sink.links}")
        task.cancel()
        await asyncio.wait({task}, timeout=2)

    asyncio.run(main())
    (row,) = [row for delivery in sink.durable for records in delivery.network for row in records.rows()]
    assert (row.function_name, row.value, row.capture, row.packet) == (
        "write single register",
        7.0,
        "tap_00001.pcap",
        3,
    )


def test_the_example_of_a_review_is_one():
    _, baseline = examples()[1]["detectors"]
    options = NetworkBaselineDetector.Options.model_validate(baseline["options"])
    assert options.reviewed == ("10.20.20.31 > 10.20.10.11",)


def test_the_table_of_options_is_complete():
    told = re.findall(r"^\| `([a-z_]+)` \| ", PAGE.split("## Options")[1], re.M)
    assert told == list(PcapOptions.model_fields)
