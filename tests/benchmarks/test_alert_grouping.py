"""The benchmark of alert grouping: its reader, its rotations, and that its short cuts are exact."""

import gzip
import random
from inspect import signature

import numpy as np
import pytest
from benchmarks.alerts.data import Scenario, read
from benchmarks.alerts.keys import stream_by
from benchmarks.alerts.ours import DEFAULTS, SESSIONS, options_of, place, sessions_of, stream_of_ours, unusual
from benchmarks.alerts.rotations import rotate

from infrastress.core.time import SECOND
from infrastress.detectors.alerts import GroupingOptions, RawAlert, learn

HEAD = "time,name,ip,host,short,time_label,event_label\n"


def scenario(seed=0, count=400):
    """Two days: the same alerts over and over, and a burst of others in the second."""
    rng = random.Random(seed)
    rows = [(rng.randrange(172_800), rng.choice(("web", "db")), rng.choice(("a", "b")), "-") for _ in range(count)]
    rows += [(100_000 + rng.randrange(200), "web", rng.choice("xyz"), "scan") for _ in range(40)]
    rows += [(0, "web", "a", "-"), (172_800, "web", "a", "-")]
    rows.sort(key=lambda row: row[0])
    alerts = [RawAlert(at * SECOND, host, name, "f", id=f"{i:07d}") for i, (at, host, name, _) in enumerate(rows)]
    return Scenario("made", alerts, [label for *_, label in rows], np.array([row[0] for row in rows]))


def test_a_file_is_read_in_order_of_time(tmp_path):
    path = tmp_path / "made_alerts.csv.gz"
    rows = "5,Wazuh: b,10.0.0.1,web,W-Acc-400,false_positive,-\n3,AMiner: a,10.0.0.1,web,A-Dns-Chr,scan,dns_scan\n"
    path.write_bytes(gzip.compress((HEAD + rows).encode()))
    got = read(path)
    assert got.alerts == [
        RawAlert(3 * SECOND, "web", "A-Dns-Chr", "A-Dns", "aminer", "10.0.0.1", id="0000000"),
        RawAlert(5 * SECOND, "web", "W-Acc-400", "W-Acc", "wazuh", "10.0.0.1", id="0000001"),
    ]
    assert (got.name, got.labels, got.times.tolist(), got.chain.tolist()) == (
        "made", ["dns_scan", "-"], [3, 5], [True, False],
    )  # fmt: skip


def test_a_rotation_does_not_see_its_test_scenario():
    scores = {"a": {1: 9.0, 2: 0.0}, "b": {1: 1.0, 2: 5.0}, "c": {1: 1.0, 2: 5.0}}
    row = rotate("m", scores, sum)
    assert row.settings == {"a": 2, "b": 1, "c": 1}
    assert row.scores == {"a": 0.0, "b": 1.0, "c": 1.0}
    assert rotate("m", {"a": {1: 1.0, 2: 1.0}, "b": {1: 1.0, 2: 1.0}}, sum).settings["a"] == 1, "the first of equals"


@pytest.mark.parametrize("seed", range(3))
def test_sessions_of_usual_and_unusual_alerts_apart_are_those_of_all_together(seed):
    made = scenario(seed)
    for setting, apart in sessions_of(made, SESSIONS[:3] + SESSIONS[-3:]):
        whole = place(made, setting).sessions
        assert len(set(zip(whole.tolist(), apart.tolist(), strict=True))) == len(set(whole.tolist())) == len(set(apart))


def test_incidents_of_unusual_alerts_alone_are_those_of_all():
    made = scenario()
    whole = stream_of_ours(made, place(made, SESSIONS[40]))
    alone = place(made, SESSIONS[40], only=np.flatnonzero(unusual(made, SESSIONS[40].usual_share)))
    assert stream_of_ours(made, alone) == whole
    assert (whole.incidents, whole.covered, whole.share) == (1, 1, 1.0)
    assert 5 <= whole.delay_s < 60, "it is held for five seconds"


def test_defaults_are_those_of_the_component():
    assert options_of(*DEFAULTS) == GroupingOptions()
    assert DEFAULTS[0] in SESSIONS
    assert signature(learn).parameters["usual_share"].default == DEFAULTS[0].usual_share


def test_a_rivals_incident_is_told_at_its_least_alert():
    made = Scenario(
        "made",
        [RawAlert(at, "h", "s") for at in range(5)],
        ["scan", "scan", "scan", "-", "-"],
        np.array([0, 90_000, 90_010, 90_020, 90_030]),
    )
    groups = np.array([0, 1, 1, 1, 2])
    two = stream_by(made, groups, 2)
    assert (two.incidents, two.share, two.delay_s, two.purity) == (1, 1.0, 90_010, pytest.approx(2 / 3))
    assert stream_by(made, groups, 4).incidents == 0
    assert stream_by(made, groups, 1).incidents == 2
