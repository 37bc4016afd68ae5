"""Proposed mappings: on public data, and on the traps of dates, decimals and encodings."""

from pathlib import Path

import pytest

from infrastress.connectors.files import load_mapping
from infrastress.connectors.propose import Proposal, propose_mapping
from infrastress.core.errors import InputError
from infrastress.site import Site
from tests.connectors.conftest import connector, small_site
from tests.connectors.contract import read_all, rows_of, total


def site_of(proposal: Proposal) -> Site:
    """A site with just the signals a proposal speaks of."""
    signals = [
        {"id": spec.signal, "asset": "A", "kind": "other", "unit": spec.unit or ""}
        for spec in proposal.mapping.columns.values()
    ]
    return Site.model_validate({"id": "plant", "assets": [{"id": "A", "type": "boundary"}], "signals": signals})


def reads_back(path: Path, proposal: Proposal, tmp_path: Path) -> tuple[int, int]:
    """(rows, cells) accepted through the written YAML."""
    file = tmp_path / "m.mapping.yaml"
    file.write_text(proposal.yaml())
    assert load_mapping(file) == proposal.mapping
    balance = total(read_all(connector(path, load_mapping(file), site_of(proposal))))
    assert balance.balances
    return balance.accepted, balance.cells_accepted


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("batadal/dataset03.csv.gz", 8761, 43),
        ("batadal/dataset04.csv.gz", 4177, 43),
        ("batadal/test_dataset.csv.gz", 2089, 43),
        ("skab/valve1/0.csv.gz", 1147, 8),
        ("tep/d01.dat.xz", 480, 52),
        ("tep/d01_te.dat.xz", 960, 52),
    ],
)
def test_public_data(public_data: Path, tmp_path: Path, name: str, rows: int, columns: int) -> None:
    proposal = propose_mapping(public_data / name)
    assert reads_back(public_data / name, proposal, tmp_path) == (rows, rows * columns)


def test_batadal_is_day_first(public_data: Path) -> None:
    proposal = propose_mapping(public_data / "batadal" / "test_dataset.csv.gz")
    assert proposal.mapping.time.format == "%d/%m/%y %H"
    assert proposal.mapping.label == "ATT_FLAG"
    assert proposal.mapping.columns["L_T1"].unit == "m"
    assert "Cadence: 3600 s (100% of steps)" in proposal.yaml()


def lines(stamps: list[str], header: str = "stamp,LT1") -> str:
    return "\n".join([header, *(f"{stamp},{i}.5" for i, stamp in enumerate(stamps))]) + "\n"


def test_month_first_by_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(lines([f"{m:02}/{d:02}/2026 00:00" for m in (1, 2) for d in range(1, 13)]))
    assert propose_mapping(path).mapping.time.format == "%m/%d/%Y %H:%M"


def test_ambiguous_date_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(lines([f"05/05/2026 {h:02}:00" for h in range(24)]))
    proposal = propose_mapping(path)
    assert any("would fit" in note for note in proposal.notes)


def test_decimal_comma_latin_and_preamble(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "\n".join(f"{d:02}.03.2026 10:00:00;{d},5;{20 + d}" for d in range(1, 20))
    path.write_bytes(f"Anlage Süd\n\nZeit;LT1 (m);Temp °C\n{rows}\n".encode("cp1252"))
    proposal = propose_mapping(path)
    mapping = proposal.mapping
    assert (mapping.delimiter, mapping.decimal, mapping.encoding) == (";", ",", "cp1252")
    assert mapping.time.format == "%d.%m.%Y %H:%M:%S"
    assert mapping.columns["LT1 (m)"].unit == "m"
    assert reads_back(path, proposal, tmp_path) == (19, 38)


def test_long_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"2026-01-01T00:{i:02}:00Z,{tag},{i},Good" for i in range(30) for tag in ("LT1", "FT1")]
    path.write_text("\n".join(["ts,name,value,quality", *rows]))
    proposal = propose_mapping(path, small_site())
    assert proposal.mapping.layout == "long"
    assert proposal.mapping.quality_column == "quality"
    assert set(proposal.mapping.columns) == {"LT1", "FT1"}
    assert len(rows_of(read_all(connector(path, proposal.mapping)))) == 30


def test_tags_are_matched_to_signals(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "time,lt-1,FT_1 [l/s],S1,comment\n2026-01-01T00:00:00Z,1,2,OPEN,hi\n2026-01-01T00:01:00Z,1,2,CLOSED,ho\n"
    )
    proposal = propose_mapping(path, small_site())
    found = {name: spec.signal for name, spec in proposal.mapping.columns.items()}
    assert found == {"lt-1": "LT1", "FT_1 [l/s]": "FT1", "S1": "S1"}
    assert proposal.mapping.columns["FT_1 [l/s]"].unit == "l/s"
    assert proposal.mapping.columns["S1"].values == {"closed": 0.0, "open": 1.0}
    assert proposal.mapping.ignore == ("comment",)
    rows = rows_of(read_all(connector(path, proposal.mapping)))
    assert rows[0][2] == (("FT1", pytest.approx(0.002)), ("LT1", 1.0), ("S1", 1.0))


def test_zone_is_told_by_the_clock_change(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    regular = [f"2026-03-{29 + h // 24:02} {h % 24:02}:00:00" for h in range(40)]
    path.write_text(lines(regular))
    proposal = propose_mapping(path, small_site("Europe/Rome"))
    assert proposal.mapping.time_zone == "UTC"
    path.write_text(lines([stamp for stamp in regular if stamp != "2026-03-29 02:00:00"]))
    proposal = propose_mapping(path, small_site("Europe/Rome"))
    assert proposal.mapping.time_zone == "Europe/Rome"
    assert any("clock change in the file fits it" in note for note in proposal.notes)


def test_plain_records(tmp_path: Path) -> None:
    path = tmp_path / "badges.jsonl"
    path.write_text('{"timestamp": "2026-01-01T00:00:00Z", "badge": "b1", "door": "d1", "zone": "z"}\n' * 3)
    records = propose_mapping(path).mapping.records
    assert records is not None
    assert records.kind == "access"
    assert records.fields["person"] == "badge"


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"only one column\nof words\n", b"\n\n", b"PK\x03\x04zip"])
def test_no_recording(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError):
        propose_mapping(path)
