"""What tests of whole commands share."""

from pathlib import Path

import pytest

from infrastress.app.cli import main


@pytest.fixture(scope="session")
def plant(tmp_path_factory) -> Path:
    """A site, the attack around its first acts (three hours of it), and the results of an undisturbed replay."""
    folder = tmp_path_factory.mktemp("resilience")
    site = str(folder / "plant")
    assert main(["init", site]) == 0
    assert main(["simulate", site, "attack-overfill", "--seed", "7", "--out", str(folder / "day")]) == 0
    attack = folder / "attack"
    attack.mkdir()
    head, *rows = (folder / "day" / "telemetry.csv").read_text().splitlines()
    kept = [row for row in rows if "2026-03-12T21:45" <= row[:16] < "2026-03-13T00:45"]
    (attack / "telemetry.csv").write_text("\n".join([head, *kept]) + "\n")
    (attack / "events.jsonl").write_bytes((folder / "day" / "events.jsonl").read_bytes())
    assert main(["replay", site, str(attack), "--out", str(folder / "calm")]) == 0
    assert (folder / "calm" / "incidents.jsonl").stat().st_size > 0
    return folder
