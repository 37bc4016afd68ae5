"""Scenario files: good ones load, bad ones say why."""

from pathlib import Path

import pytest

from infrastress.core.errors import InputError
from infrastress.simulators.scenario import load_scenario
from tests.conftest import ROOT

GOOD = 'name: a\nsimulator: depot\nstart: "2026-03-01T00:00:00Z"\nduration_h: 2\n'


def test_loads(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    assert load_scenario(path).duration_h == 2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name: a\n", "simulator"),
        (GOOD + "colour: red\n", "colour"),
        (GOOD.replace("duration_h: 2", "duration_h: -2"), "duration_h"),
        (GOOD.replace("T00:00:00Z", ""), "start"),
        ("- 1\n- 2\n", "no scenario"),
        ("name: [a\n", "no YAML"),
        ("", "no scenario"),
    ],
)
def test_says_why(tmp_path: Path, text: str, word: str):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=word) as caught:
        load_scenario(path)
    assert "bad.yaml" in str(caught.value)


def test_missing_and_binary_files(tmp_path: Path):
    with pytest.raises(InputError, match="can't be read"):
        load_scenario(tmp_path / "none.yaml")
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError):
        load_scenario(path)


@pytest.mark.parametrize("path", sorted((ROOT / "examples/depot/scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_scenarios_load(path: Path):
    assert load_scenario(path).name == path.stem
