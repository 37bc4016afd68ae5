"""Site files from EPANET networks: every network that WNTR ships passes the check; BATADAL's columns become signals."""

import gzip
import importlib.util
from pathlib import Path

import pytest

from infrastress.core.errors import InputError
from infrastress.site.check import check_site
from infrastress.site.epanet import create_site_from_inp, site_from_inp
from infrastress.site.graphs import neighbours, process_graph
from infrastress.site.load import load_site

pytest.importorskip("wntr", reason="needs the extra `water`")

EXAMPLES = Path(__file__).parents[2] / "examples"
_SPEC = importlib.util.find_spec("wntr")
WNTR = Path(str(_SPEC.origin)).parent if _SPEC is not None else Path()
# The two of more than 1,000 junctions take seconds each, and hold nothing the others don't.
SHIPPED = [file for file in sorted((WNTR / "library" / "networks").glob("*.inp")) if not file.stem.startswith("Net6")]
TESTED = [
    file
    for file in sorted((WNTR / "tests" / "networks_for_testing").glob("*.inp"))
    if not file.stem.startswith(("bad_", "Net6"))
]

SMALL = """\
[TITLE]
Hill # and "valley"
[JUNCTIONS]
 10 5 1
 J/2 8
[RESERVOIRS]
 R1 0
[TANKS]
 10T 20 2 0.5 4 12 0
 TV 20 1 0 3 12 0 VOL
[PIPES]
 10 10 10T 100 300 100 0 OPEN
 11 J/2 TV 100 300 100 0 CV
 12 10 J/2 100 300 100 0 OPEN
[PUMPS]
 10P R1 10 HEAD C1
 J/2 R1 J/2 POWER 5
[CURVES]
 C1 50 40
 VOL 0 0
 VOL 1 100
 VOL 3 400
[CONTROLS]
 LINK 10P OPEN IF NODE 10T BELOW 1
 LINK 10P CLOSED IF NODE 10T ABOVE 3.5
 LINK J/2 CLOSED AT TIME 5
 LINK 12 CLOSED IF NODE J/2 BELOW 20
[OPTIONS]
 UNITS LPS
 HEADLOSS H-W
[END]
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "hill.inp").write_text(SMALL)
    return tmp_path / "hill.inp"


@pytest.mark.parametrize("network", [*SHIPPED, *TESTED], ids=lambda path: path.stem)
def test_shipped_network_makes_a_sound_site(network: Path, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(site_from_inp(network))
    result = check_site(tmp_path)
    assert result.errors == ()
    assert result.site is not None
    assert result.site.connections


def test_small_network_in_full(small: Path, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(site_from_inp(small))
    site = load_site(tmp_path)
    assert site.description == 'Hill # and "valley"'
    tank, table = site.asset_by_id["10T"], site.asset_by_id["TV"]
    assert (tank.type, tank.diameter_m, tank.height_m, tank.minimum_level_m) == ("tank", 12, 4, 0.5)
    assert (table.type, table.strapping, table.diameter_m) == ("tank", [(0, 0), (1, 100), (3, 400)], None)
    assert site.asset_by_id["R1"].type == "boundary"
    assert {"10", "J_2", "PUMP-J_2", "10P", "12"} <= site.asset_by_id.keys(), "a pump and a node of one name are two"
    pump = site.asset_by_id["10P"]
    assert (pump.type, pump.curve, pump.rated_flow_m3h) == ("pump", [(180, 40)], 180)
    lines = {line.id: line for line in site.connections}
    assert (lines["10P"].through, lines["10P"].flow, lines["10P"].two_way) == (("10P",), "10P.flow", False)
    assert (lines["10"].through, lines["10"].two_way) == ((), True)
    assert not lines["11"].two_way, "a check valve lets through one way"
    rules = [
        (rule.when.signal, rule.when.is_, rule.when.value, rule.actuator, rule.switches) for rule in site.control_rules
    ]
    assert rules == [
        ("10T.level", "below", 1, "10P.state", "on"),
        ("10T.level", "above", 3.5, "10P.state", "off"),
        ("J_2.pressure", "below", 20, "12.state", "off"),
    ]
    assert site.signal_by_id["10T.level"].limits.high == 4
    assert [need.on for need in site.dependencies] == [("R1",), ("10P",)]
    assert process_graph(site).number_of_edges() == 5
    assert neighbours(site).edges["10P", "R1"]["relation"] == "flow"


def test_new_folder_says_what_was_left_out(small: Path, tmp_path: Path) -> None:
    notes = create_site_from_inp(tmp_path / "new", small)
    assert len(notes) == 1
    assert "TIME" in notes[0]
    assert (tmp_path / "new" / "network" / "model.inp").read_bytes() == small.read_bytes()
    assert load_site(tmp_path / "new").id == "hill"


def test_signals_file_names_the_tags(small: Path, tmp_path: Path) -> None:
    signals = tmp_path / "signals.yaml"
    signals.write_text(
        "site: {id: hill-works, time_zone: Europe/Rome}\ncadence_s: 60\n"
        "signals:\n- {elements: tanks, kind: level, tag: 'LT_{element}', unit: ft, resolution: 0.01}\n"
        "- {elements: [10P, '11'], kind: flow, tag: 'FT_{element}', unit: l/s}\n"
        "controllers: {PLC-1: [10P, 10T]}\n"
    )
    (tmp_path / "site.yaml").write_text(site_from_inp(small, signals))
    site = load_site(tmp_path)
    assert (site.id, site.time_zone, site.sources[0].cadence_s) == ("hill-works", "Europe/Rome", 60)
    assert set(site.signal_by_id) == {"LT_10T", "LT_TV", "FT_10P", "FT_11"}
    high = site.signal_by_id["LT_10T"].limits.high
    assert high == pytest.approx(4 / 0.3048, rel=1e-5)
    assert site.signal_by_id["FT_11"].asset == "11", "a metered pipe becomes an asset"
    assert site.asset_by_id["10P"].controller == "PLC-1"
    assert site.control_rules == (), "no state is metered"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("signals: [{elements: 10X, kind: level, tag: a}]", "did you mean"),
        ("signals: [{elements: tanks, kind: level, tag: a, unit: m}]", "the tag 'a'"),
        ("signals: [{elements: tanks, kind: levle, tag: a}]", "signals.yaml:1"),
        ("controllers: {C: [nothing]}", "no element 'nothing'"),
        ("signals: [", "YAML"),
        ("- a", "mapping"),
    ],
)
def test_bad_signals_file(small: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "signals.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        site_from_inp(small, tmp_path / "signals.yaml")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f\x8bnot gzip",
        b"[JUNCTIONS]\n 1 x y\n[END]\n",
        SMALL.replace("10 10 10T", "10 10 NOWHERE").encode(),
        b"\xff" * 99,
    ],
)
def test_bad_network_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.inp").write_bytes(data)
    with pytest.raises(InputError):
        create_site_from_inp(tmp_path / "new", tmp_path / "bad.inp")
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.inp"]


def test_packed_and_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "a.inp.gz").write_bytes(gzip.compress(SMALL.replace("Hill", "Hügel").encode("latin-1")))
    assert "Hügel" in site_from_inp(tmp_path / "a.inp.gz")


@pytest.mark.data
def test_batadal_site_has_the_recordings_columns(public_data: Path, tmp_path: Path) -> None:
    batadal = public_data / "batadal"
    folder = tmp_path / "ctown"
    notes = create_site_from_inp(folder, batadal / "ctown_map.inp.gz", EXAMPLES / "batadal" / "signals.yaml")
    assert notes == ()
    result = check_site(folder)
    assert result.faults == ()
    assert result.site is not None
    for name in ("dataset03", "dataset04", "test_dataset"):
        with gzip.open(batadal / f"{name}.csv.gz", "rt") as file:
            columns = {column.strip() for column in file.readline().split(",")}
        assert columns - {"DATETIME", "ATT_FLAG"} == set(result.site.signal_by_id)
    assert len(result.site.control_rules) == 20
    assert (folder / "mappings" / "default.mapping.yaml").is_file()
