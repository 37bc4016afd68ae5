"""JSON lines of access and fire systems: the example of docs/recordings.md, and the kinds of doors and devices."""

import re
from pathlib import Path

import pytest
import yaml

from infrastress.connectors.files.jsonl import event_deliveries
from infrastress.connectors.mapping import Mapping
from infrastress.events import AccessAttempt, DoorState, GasReading, SessionState, SwitchState
from tests.connectors.conftest import small_site

DOCS = Path(__file__).resolve().parents[2] / "docs"


def read(tmp_path, mapping, *lines):
    path = tmp_path / "told.jsonl"
    path.write_text("\n".join(lines) + "\n")
    (delivery,) = event_deliveries(
        small_site(), "badges", path, Mapping.model_validate(mapping), after=None, block_bytes=1 << 20, batch_rows=None
    )
    return delivery


def test_the_example_of_the_page(tmp_path):
    page = (DOCS / "recordings.md").read_text()
    example = yaml.safe_load(
        next(block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "records:" in block)
    )
    told = read(
        tmp_path, example, '{"when": "2026-01-01T00:00:00Z", "card": "7", "gate": "D1", "result": "REFUSED"}',
        '{"when": "2026-01-01T00:00:01Z", "card": "7", "gate": "D1", "result": "OK"}',
        '{"when": "2026-01-01T00:00:02Z", "card": "7", "gate": "D1", "result": "PERHAPS"}',
    )  # fmt: skip
    assert [event.body for event in told.events] == [
        AccessAttempt(person="7", door="D1", zone="tank-farm", granted=False),
        AccessAttempt(person="7", door="D1", zone="tank-farm"),
    ]
    assert told.balance.quarantined == {"wrong-fields": 1}


@pytest.mark.parametrize(
    ("kind", "mapped", "line", "body"),
    [
        ("door", ({"door": "d", "state": "s"}, {"state": {"4": "tampered"}}), '"d": "D1", "s": 4',
         DoorState(door="D1", state="tampered")),
        ("door", ({"door": "d", "state": "s", "people": "n"}, {}), '"d": "D1", "s": "closed", "n": "3"',
         DoorState(door="D1", state="closed", people=3)),
        ("session", ({"account": "u", "host": "h", "origin": "h", "state": "s"}, {"state": {"end": "closed"}}),
         '"u": "op", "h": "HMI", "s": "end"', SessionState(account="op", host="HMI", origin="HMI", state="closed")),
        ("gas", ({"detector": "g", "level_lel": "l", "condition": "c"}, {"condition": {"2": "inhibited"}}),
         '"g": "G1", "l": "0.1", "c": "2"', GasReading(detector="G1", level_lel=0.1, condition="inhibited")),
        ("switch", ({"device": "d", "state": "s"}, {}), '"d": "F-1", "s": "alarm"',
         SwitchState(device="F-1", state="alarm")),
    ],
)  # fmt: skip
def test_each_kind(tmp_path, kind, mapped, line, body):
    records = {"kind": kind, "fields": mapped[0], "values": mapped[1]}
    told = read(tmp_path, {"records": records}, '{"time": "2026-01-01T00:00:00Z", ' + line + "}")
    assert [event.body for event in told.events] == [body]


@pytest.mark.parametrize("state", ['"ajar"', "7", "null", "[1]", "{}", '"' + "x" * 5000 + '"'])
def test_a_state_that_no_door_has_is_refused(tmp_path, state):
    records = {"kind": "door", "fields": {"door": "d", "state": "s"}, "values": {"state": {"OPEN": "open"}}}
    told = read(tmp_path, {"records": records}, '{"time": "2026-01-01T00:00:00Z", "d": "D1", "s": ' + state + "}")
    assert (told.events, dict(told.balance.quarantined)) == ((), {"wrong-fields": 1})
