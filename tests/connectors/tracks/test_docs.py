"""docs/connect-tracks.md: its examples are options that work, its reasons are those of the code, none is missing."""

import re
from pathlib import Path

import pytest
import yaml

from infrastress.connectors.base import LiveContext
from infrastress.connectors.mapping import Mapping
from infrastress.connectors.records import RecordReader
from infrastress.connectors.tracks.connectors import TrackOptions
from infrastress.core.plugins import load_plugin
from infrastress.events import TrackPoint
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "connect-tracks.md").read_text()
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("example", BLOCKS[:2])
def test_examples_are_options(example: dict) -> None:
    (fields,) = example.values()
    plugin = load_plugin("connectors", fields["connector"])
    options = plugin.Options.model_validate(fields["options"])
    made = plugin(small_site(), Source(id="s", kind="access"), options, LiveContext())
    assert made.name == fields["connector"]


def test_the_mapping_reads_a_track() -> None:
    mapping = Mapping.model_validate({"records": BLOCKS[2]["records"]})
    record = b'{"timestamp": "2026-03-02T00:00:00Z", "id": 7, "lat": 41.2, "lon": 11.9, "speed": 4, "heading": 90}'
    body = RecordReader(small_site(), "rf", mapping).read(record, 1).body
    assert isinstance(body, TrackPoint)
    assert (body.track, body.sensor, body.what, body.course_deg) == ("7", "RF-1", "drone", 90.0)


def test_every_option_and_reason_is_told() -> None:
    for name in TrackOptions.model_fields:
        assert f"`{name}`" in PAGE, name
    code = "".join(path.read_text() for path in (ROOT / "src/infrastress/connectors/tracks").glob("*.py"))
    reasons = set(re.findall(r'Refused\("([a-z-]+)"', code))
    told = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE))
    assert reasons <= told
