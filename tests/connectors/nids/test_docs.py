"""The examples of docs/connect-nids.md, its table of options, and that it names every kind of line that is taken."""

import json
import re
import time
from pathlib import Path

import yaml

from infrastress.connectors.base import LiveContext
from infrastress.connectors.eve.reading import EveReading
from infrastress.connectors.nids.live import LogFollower, LogFollowerOptions
from infrastress.connectors.zeek.reading import LOGS
from infrastress.core.plugins import load_plugin
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.eve.lines import modbus_write as eve_line
from tests.connectors.nids.contract import rows_in
from tests.connectors.zeek.lines import modbus_write as zeek_line
from tests.peers.sink import MemorySink, follow

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "connect-nids.md").read_text()


def test_the_examples_follow_what_a_sensor_writes(tmp_path: Path) -> None:
    examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    files = {"eve": ("eve.json", eve_line), "zeek": ("current/modbus_detailed.log", zeek_line)}
    for example in examples:
        ((name, said),) = example.items()
        plugin = load_plugin("connectors", said["connector"])
        assert issubclass(plugin, LogFollower)
        log, line = files[said["connector"]]
        path = tmp_path / Path(said["options"]["path"]).name
        (tmp_path / log).parent.mkdir(exist_ok=True)
        (tmp_path / log).write_text(json.dumps(line(time.time_ns(), 7)) + "\n")
        options = plugin.Options.model_validate({**said["options"], "path": path, "poll_s": 0.02})
        made = plugin(small_site(), Source(id=name, kind="network"), options, LiveContext(folder=tmp_path))
        sink = MemorySink()
        follow(made, sink, lambda sink=sink: rows_in(sink))
        (row,) = rows_in(sink)
        assert (row.function_name, row.value) == ("write single register", 7.0)
    assert len(examples) == 2


def test_the_table_of_options_is_complete() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \| ", PAGE.split("## Options")[1], re.M)
    assert told == list(LogFollowerOptions.model_fields)


def test_every_kind_of_line_is_named() -> None:
    suricata, zeek = PAGE.split("## Zeek")
    told = {name for line in re.findall(r"^\| (`.*?) \|", suricata, re.M) for name in re.findall(r"`(\w+)`", line)}
    assert told == EveReading.kinds()
    told = {
        name
        for line in re.findall(r"^\| (`.*?) \|", zeek.split("## What")[0], re.M)
        for name in re.findall(r"`(\w+)`", line)
    }
    assert told == LOGS
