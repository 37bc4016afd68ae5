"""The benchmark of alert grouping prints its tables, on public data with a few settings."""

import json
import os
from pathlib import Path

import benchmarks.alert_grouping as benchmark
import pytest
from benchmarks.alerts import rotations
from benchmarks.alerts.ours import DEFAULTS

DATA = Path(os.environ.get("INFRASTRESS_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "alerts"


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data set alerts isn't there")
def test_tables_and_json(monkeypatch, capsys, tmp_path):
    session, stream = DEFAULTS
    monkeypatch.setenv("INFRASTRESS_DATA", str(DATA.parent))
    for name, few in (
        ("SESSIONS", (session, session._replace(pace=0), session._replace(usual_share=0.0))),
        ("STREAMS", (stream,)),
        ("GAPS", (5, 3600)),
        ("LEAST", (1, 100)),
    ):
        monkeypatch.setattr(rotations, name, few)
    whole = benchmark.scenarios()[1:2]
    start = whole[0].start
    times, labels = whole[0].times.tolist(), whole[0].labels
    picked = [i for i, at in enumerate(times) if (at < start and i % 5 == 0) or (at >= start and labels[i] != "-")]
    short = [
        type(whole[0])(name, [whole[0].alerts[i]._replace(id=f"{n:07d}") for n, i in enumerate(picked)],
                       [whole[0].labels[i] for i in picked], whole[0].times[picked])
        for name in benchmark.NAMES
    ]  # fmt: skip
    monkeypatch.setattr(benchmark, "scenarios", lambda: short)
    benchmark.main(["--speed", "500", "--plot", str(tmp_path / "p.png")])
    said = capsys.readouterr().out
    assert "| infrastress, defaults | " in said
    assert "| never seen, by host | wardbeck | " in said
    assert (tmp_path / "p.png").stat().st_size > 10_000
    benchmark.main(["--json", "--speed", "0"])
    told = json.loads(capsys.readouterr().out)
    methods = {row["method"]: row for row in told["pairs"]}
    ours, none = (methods[name]["scores"]["shaw"]["noise_in"] for name in ("infrastress", "every alert its own"))
    assert ours > 0.9 > none == 0.0
    assert told["streams"][0]["scores"]["shaw"]["chain_incidents"] == 1
