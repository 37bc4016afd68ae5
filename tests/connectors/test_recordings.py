"""Recordings told by content; mappings found; kinds of source left out."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infrastress.connectors.files import FilesConnector, Mapping, TimeMap, dump_mapping
from infrastress.connectors.recordings import find_mapping, open_recording
from infrastress.core.errors import InputError, MappingError
from infrastress.core.time import SECOND
from infrastress.events import AccessAttempt, Body, LoginAttempt, Report, event_to_json, make_event
from infrastress.events.kinds import SourceKind
from infrastress.site import Site
from tests.connectors.contract import read_all, rows_of, total

WIDE = "time,LT1,FT1,S1\n2026-01-01T00:00:00Z,1,2,0\n2026-01-01T00:01:00Z,1,2,1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "attack"
    path.mkdir()
    (path / "telemetry.csv").write_text(WIDE)
    bodies: list[tuple[str, Body]] = [
        ("doors", AccessAttempt(person="p", door="d", zone="z")),
        ("ot", LoginAttempt(account="a", host="h", origin="o")),
        ("neighbours", Report(reporter="r", channel="phone", category="smell", text="petrol")),
    ]
    events = [
        make_event(site="plant", source=source, sequence=i, occurred=i * SECOND, body=body)
        for i, (source, body) in enumerate(bodies)
    ]
    (path / "events.jsonl").write_bytes(b"".join(event_to_json(event) + b"\n" for event in events))
    (path / "truth.json").write_text('{"spans": []}')
    return path


def kinds_read(site: Site, folder: Path, exclude: tuple[SourceKind, ...]) -> tuple[list[str], set[str]]:
    connectors = open_recording(site, folder, exclude_kinds=exclude)
    deliveries = [delivery for connector in connectors for delivery in read_all(connector)]
    assert all(delivery.balance.balances for delivery in deliveries)
    events = [event.kind for delivery in deliveries for event in delivery.events]
    tags = {tag for row in rows_of(deliveries) for tag, _ in row[2]}
    return events, tags


def test_folder(site: Site, folder: Path) -> None:
    telemetry, events = open_recording(site, folder)
    assert (telemetry.source.id, events.source.id) == ("historian", "events")
    assert total(read_all(telemetry)).cells_accepted == 6
    assert total(read_all(events)).accepted == 3


def test_kinds_are_left_out(site: Site, folder: Path) -> None:
    """By the site's kind of each source, signal by signal and event by event (S1 comes over the OT network)."""
    assert kinds_read(site, folder, ()) == (["access", "login", "report"], {"LT1", "FT1", "S1"})
    assert kinds_read(site, folder, ("telemetry",)) == (["access", "login", "report"], {"S1"})
    assert kinds_read(site, folder, ("network",)) == (["access", "report"], {"LT1", "FT1"})
    assert kinds_read(site, folder, ("access", "reports")) == (["login"], {"LT1", "FT1", "S1"})
    balance = total(read_all(open_recording(site, folder, exclude_kinds=("access", "reports"))[1]))
    assert balance.dropped == {"excluded-kind": 2}


def test_a_kind_with_nothing_left_opens_nothing(folder: Path) -> None:
    site = Site.model_validate(
        {
            "id": "plant",
            "assets": [{"id": "A", "type": "boundary"}],
            "signals": [{"id": "LT1", "asset": "A", "kind": "level", "unit": "m"}],
        }
    )
    assert [c.source.id for c in open_recording(site, folder, exclude_kinds=("telemetry",))] == ["events"]


def test_content_not_name(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "telemetry.csv"
    pq.write_table(pa.table({"time": pa.array([0], pa.timestamp("ns", "UTC")), "LT1": [1.0]}), path)
    assert total(read_all(open_recording(site, path)[0])).cells_accepted == 1


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b'[{"a": 1}]', "JSON array"),
        (b"\x00\x01\x02\x03", "binary data"),
    ],
)
def test_no_recording(site: Site, tmp_path: Path, content: bytes, looks: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=looks):
        open_recording(site, path)


def test_missing_and_foreign_folders(site: Site, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such recording"):
        open_recording(site, tmp_path / "absent")
    with pytest.raises(InputError, match=r"neither telemetry\.csv nor events\.jsonl"):
        open_recording(site, tmp_path)


def test_mapping_beside_the_file_and_in_the_site(site: Site, tmp_path: Path) -> None:
    plant, data = tmp_path / "plant", tmp_path / "data"
    (plant / "mappings").mkdir(parents=True)
    data.mkdir()
    path = data / "year.csv.gz"
    path.write_bytes(WIDE.replace("time", "stamp").encode())
    with pytest.raises(MappingError, match="'time' is not in the file"):
        read_all(open_recording(site, path, site_folder=plant)[0])
    text = dump_mapping(Mapping(time=TimeMap(column="stamp")))
    for file in (
        plant / "mappings" / "default.mapping.yaml",
        plant / "mappings" / "year.mapping.yaml",
        data / "year.csv.mapping.yaml",
    ):
        file.write_text(text)
        assert find_mapping(path, plant) == file
    connector = open_recording(site, path, site_folder=plant)[0]
    assert isinstance(connector, FilesConnector)
    assert total(read_all(connector)).cells_accepted == 6


def test_default_mapping_is_not_for_what_needs_none(site: Site, folder: Path, tmp_path: Path) -> None:
    """A folder that a simulator wrote is read as it is, whatever mapping the site has for its historian."""
    (tmp_path / "plant" / "mappings").mkdir(parents=True)
    (tmp_path / "plant" / "mappings" / "default.mapping.yaml").write_text("time: {column: stamp}\n")
    connectors = open_recording(site, folder, site_folder=tmp_path / "plant")
    assert total(read_all(connectors[0])).cells_accepted == 6


def test_source(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(WIDE)
    assert open_recording(site, path)[0].source.id == "historian"
    assert open_recording(site, path, source_id="ot")[0].source.kind == "network"
    assert open_recording(site, path, source_id="new")[0].source.id == "new"
