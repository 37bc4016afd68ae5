"""Public plant data that hold attacks teach nothing unless these are left out."""

import gzip
import json

import pytest

from infrastress.app.cli import main
from tests.conftest import ROOT


@pytest.mark.data
def test_an_attacked_year_teaches_nothing(public_data, tmp_path, capsys):
    """The file with seven attacks: with its labels they are left out, without them it is refused and they are named."""
    data = public_data / "batadal"
    site = str(tmp_path / "ctown")
    signals = str(ROOT / "examples" / "batadal" / "signals.yaml")
    assert main(["init", site, "--from-inp", str(data / "ctown_map.inp.gz"), "--signals", signals]) == 0
    capsys.readouterr()
    with (tmp_path / "ctown" / "site.yaml").open(
        "a"
    ) as file:  # the network model learns for minutes, and adds nothing here
        file.write("\ndetectors: [{detector: process_invariants}, {detector: process_residuals}]\n")
    assert main(["train", site, str(data / "dataset04.csv.gz"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["labelled_rows"] == 492
    attacks = [one for one in told["excluded"] if "ATT_FLAG" in one["reason"]]
    assert len(attacks) == 7

    bare = tmp_path / "bare.csv"
    lines = gzip.decompress((data / "dataset04.csv.gz").read_bytes()).decode().splitlines()
    bare.write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n")
    assert main(["train", site, str(bare), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["refused"]
    spans = [(one["began"], one["ended"]) for one in told["suspicions"]]
    named = sum(any(a < one["ended"] and b > one["began"] for a, b in spans) for one in attacks)
    assert named == 7
