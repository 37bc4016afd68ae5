"""Hostile and broken network files: a refusal in words, in bounded time, and nothing left behind."""

import gzip
import time
from pathlib import Path

import pytest

from infrastress.core.errors import InputError
from infrastress.site.epanet import create_site_from_inp, site_from_inp
from tests.site.test_epanet import SHIPPED, SMALL

NET3 = next(path for path in SHIPPED if path.stem == "Net3")


def refused(folder: Path, data: bytes) -> str:
    (folder / "bad.inp").write_bytes(data)
    began = time.process_time()
    with pytest.raises(InputError) as caught:
        create_site_from_inp(folder / "new", folder / "bad.inp")
    assert time.process_time() - began < 20, "a bound, not a measurement"
    assert [entry.name for entry in folder.iterdir()] == ["bad.inp"]
    said = str(caught.value)
    assert len(said) < 700
    assert "bad.inp" in said
    return said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bytes(range(256)) * 400, "no EPANET network"),
        (b"\x00" * 100_000, "no EPANET network"),
        (b"[JUNCTIONS]\n" + bytes(range(256)) * 40, "can't be read"),
        (b"[JUNCTIONS]\n J1 " + b"9" * 5_000_000, "can't be read"),
        (b"x" * 100_000_001, "larger than 100 MB"),
        (gzip.compress(b"x" * 100_000_001, 1), "larger than 100 MB"),
        (gzip.compress(SMALL.encode())[:-30], "can't be read"),
        (b"[JUNCTIONS]\n J1 nan nan\n[PIPES]\n P J1 J1\n", "can't be read"),
        (SMALL.replace("10 10 10T", "10 10").encode(), "can't be read"),
        (SMALL.replace(" 10 5 1", " 10 5 1\n 10 5 1").encode(), "(Error 215) '10' in line 5 again, first in line 4"),
        (SMALL.replace(" J/2 R1", " 11 R1").encode(), "speaks of 'J/2'"),
        (SMALL.replace(" J/2 R1", " 11 R1").replace("LINK J/2", "LINK 11").encode(), "(Error 215) '11'"),
        (SMALL.replace(" 10 5 1", " 10 1e999 1").encode(), "elevation of '10' is inf"),
        (SMALL.replace("VOL 1 100", "VOL 1 1e999").encode(), "curve 'VOL'"),
        (SMALL.replace("UNITS LPS", "UNITS FURLONGS").encode(), "can't be read"),
        (SMALL.replace("HEAD C1", "HEAD NOWHERE").encode(), "can't be read"),
        (
            ("[JUNCTIONS]\n" + "J" * 3000 + " 1 1\n[TANKS]\n" + "T" * 3000 + " 5 1 0 4 12 0\n").encode(),
            "less than 32",
        ),
    ],
)
def test_hostile_network_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in refused(tmp_path, data)


def test_every_truncation_is_a_site_or_a_refusal(tmp_path: Path) -> None:
    whole = NET3.read_bytes()
    made = 0
    for share in range(2, 40):
        (tmp_path / "cut.inp").write_bytes(whole[: len(whole) * share // 40])
        try:
            made += bool(site_from_inp(tmp_path / "cut.inp")[0])
        except InputError as error:
            assert "cut.inp" in str(error)  # noqa: PT017 - either is right
    assert made


def test_units_left_out_are_gallons_per_minute(tmp_path: Path) -> None:
    (tmp_path / "net.inp").write_text(SMALL.replace(" UNITS LPS\n", ""))
    text, _ = site_from_inp(tmp_path / "net.inp")
    assert "unit: gpm" in text
    assert "height_m: 1.2192" in text, "4 ft"


def test_missing_network(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.inp", tmp_path):
        with pytest.raises(InputError, match="can't be read"):
            site_from_inp(path)


@pytest.mark.parametrize("mapping", ["../secret.yaml", "/etc/passwd", "a/b.yaml"])
def test_mapping_must_lie_beside_the_signals_file(tmp_path: Path, mapping: str) -> None:
    (tmp_path / "net.inp").write_text(SMALL)
    (tmp_path / "signals.yaml").write_text(f"mapping: {mapping}\n")
    with pytest.raises(InputError, match="mapping"):
        create_site_from_inp(tmp_path / "new", tmp_path / "net.inp", tmp_path / "signals.yaml")


def test_words_of_the_model_stay_words(tmp_path: Path) -> None:
    """Titles and names that look like YAML, comments or references are text of the site file."""
    hostile = 'A: {b} # "c" & *d !e \x85\x1b[31m \\ %s {0}'
    (tmp_path / "net.inp").write_text(SMALL.replace("Hill", hostile).replace("TV", "!{x}:*&"), encoding="utf-8")
    create_site_from_inp(tmp_path / "new", tmp_path / "net.inp")
    text = (tmp_path / "new" / "site.yaml").read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "\x85" not in text
