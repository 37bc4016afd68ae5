"""What the rules say of public captures of attempts on a controller, read in place."""

import os
from pathlib import Path

import numpy as np
import pytest

from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.core.time import MINUTE
from infrastress.detectors.network import NetworkRuleDetector
from infrastress.events import NetworkRecords
from infrastress.events.frames import Block, Frames
from infrastress.site import Site
from tests.detectors.network.saying import raised

DATA = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data")) / "ot-pcaps" / "quickdraw-enip"
pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason=f"no public data at {DATA}")]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("qd_Control_Protocol_Change_Attempt", ["net.stop", "net.restart", "net.mode"]),
        ("qd_Remote_Mode_Change_Attempt", ["net.stop"]),
        ("qd_Software_Upload", ["net.upload"]),
    ],
)
def test_attempts_on_a_controller_are_named(name, rules):
    records = NetworkRecords.joined(list(CaptureReader(DATA / f"{name}.pcap")))
    records = records.take(np.argsort(records.known, kind="stable"))
    ends = np.arange(records.known[0] // MINUTE + 1, records.known[-1] // MINUTE + 2, dtype=np.int64) * MINUTE
    nothing = np.empty((len(ends), 0))
    frames = Frames(MINUTE, ends, (), nothing, nothing, nothing.astype(np.int32))
    found = NetworkRuleDetector(Site.model_validate({"id": "plant"})).update(Block(frames, (), (records,)))
    assert list(dict.fromkeys(raised(found))) == rules
