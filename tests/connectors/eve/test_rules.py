"""The rules say the same of what Suricata wrote as of the capture it read."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.core.time import MINUTE
from infrastress.detectors.network import NetworkRuleDetector
from infrastress.events import NetworkRecords
from infrastress.events.frames import Block, Frames
from tests.connectors.conftest import small_site
from tests.connectors.contract import read_all
from tests.connectors.eve.test_recorded import WRITTEN, connector

CAPTURE = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data")) / "ot-pcaps" / "suricata-verify" / "modbus.pcap"


def raised(records: NetworkRecords) -> list[tuple[str, str]]:
    records = records.take(np.argsort(records.known, kind="stable"))
    ends = np.arange(records.known.min() // MINUTE + 1, records.known.max() // MINUTE + 2, dtype=np.int64) * MINUTE
    nothing = np.empty((len(ends), 0))
    frames = Frames(MINUTE, ends, (), nothing, nothing, nothing.astype(np.int32))
    found = NetworkRuleDetector(small_site()).update(Block(frames, (), (records,)))
    return sorted({(one.body.rule, one.body.sentence.partition(" (packet")[0]) for one in found})


@pytest.mark.data
@pytest.mark.skipif(not CAPTURE.is_file(), reason=f"no public data at {CAPTURE}")
def test_the_same_commands_are_told(tmp_path: Path) -> None:
    written = [one for one in WRITTEN.read_text().splitlines() if json.loads(one)["src_ip"] == "10.0.0.57"]
    (tmp_path / "eve.json").write_text("\n".join(written))
    eve = [records for delivery in read_all(connector(tmp_path / "eve.json")) for records in delivery.network]
    ours = list(CaptureReader(CAPTURE))
    told = raised(NetworkRecords.joined(eve))
    assert "net.silence" in {rule for rule, _ in told}
    assert {rule for rule, _ in told} <= {rule for rule, _ in raised(NetworkRecords.joined(ours))}
