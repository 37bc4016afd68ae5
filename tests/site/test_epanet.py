"""Site files from EPANET networks: a small one in full, signals files, bad files; BATADAL's columns become signals."""

import gzip
import importlib.util
from pathlib import Path

import pytest

from infrastress.core.errors import InputError
from infrastress.site.check import check_site
from infrastress.site.epanet import create_site_from_inp, site_from_inp
from infrastress.site.graphs import neighbours
from infrastress.site.load import load_site
from infrastress.site.model import Site
from infrastress.site.process import Comparison

pytest.importorskip("wntr", reason="needs the extra `water`")

EXAMPLES = Path(__file__).parents[2] / "examples"
_SPEC = importlib.util.find_spec("wntr")
WNTR = Path(str(_SPEC.origin)).parent if _SPEC is not None else Path()
SHIPPED = sorted((WNTR / "library" / "networks").glob("*.inp"))
EVERY = sorted((WNTR / "tests" / "networks_for_testing").glob("*.inp"))
TESTED = [file for file in EVERY if not file.stem.startswith("bad_")]

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


def made(folder: Path, network: Path, signals: Path | None = None) -> Site:
    """The site of a network, checked: any fault fails the test."""
    (folder / "site.yaml").write_text(site_from_inp(network, signals)[0])
    result = check_site(folder)
    assert result.faults == ()
    assert result.site is not None
    return result.site


def test_small_network_in_full(small: Path, tmp_path: Path) -> None:
    site = made(tmp_path, small)
    assert site.name == 'Hill # and "valley"'
    tank, table = site.asset_by_id["T-10T"], site.asset_by_id["TV"]
    assert (tank.type, tank.element, tank.diameter_m, tank.height_m, tank.minimum_level_m) == (
        "tank",
        "10T",
        12,
        4,
        0.5,
    )
    assert (table.type, table.strapping, table.diameter_m) == ("tank", [(0, 0), (1, 100), (3, 400)], None)
    pump, other = site.asset_by_id["P-10P"], site.asset_by_id["pump-J_2"]
    assert (pump.type, pump.curve, pump.rated_flow_m3h) == ("pump", [(180, 40)], 180)
    assert (other.type, other.element) == ("pump", "J/2"), "a pump and a node of one name are two"
    assert site.asset_by_id["J_2"].element == "J/2", "a junction where nobody draws, that a control looks at"
    district = site.asset_by_id["district"]
    assert (district.type, district.demand_m3h) == ("district", 3.6)
    assert {(line.from_, line.through, line.to, line.two_way) for line in site.connections} == {
        ("R1", ("P-10P",), "district", False),
        ("R1", ("pump-J_2",), "J_2", False),
        ("district", ("L-12",), "J_2", True),
        ("district", (), "T-10T", True),
        ("J_2", (), "TV", False),
    }, "a check valve lets through one way"
    assert next(line.flow for line in site.connections if line.through == ("P-10P",)) == "P-10P.flow"
    rules = {rule.id: rule for rule in site.control_rules}
    assert rules["P-10P-on"].when == Comparison.model_validate({"signal": "T-10T.level", "is": "below", "value": 1})
    assert rules["L-12-off"].when.signal == "J_2.pressure"
    assert (rules["pump-J_2-run"].schedule[0].after_h, rules["pump-J_2-run"].schedule[0].switches) == (5, "off")
    assert site.signal_by_id["T-10T.level"].limits.high == 4
    needs = {need.of: need for need in site.dependencies}
    assert set(needs["district"].on) == {"P-10P", "T-10T"}
    assert set(needs["J_2"].on) == {"pump-J_2", "L-12"}, "of two that can feed each other, the nearer feeds the other"
    volume = 3.141592653589793 / 4 * 12**2 * (4 - 0.5)
    assert needs["T-10T"].buffer_h == pytest.approx(volume / 3.6, rel=0.01)
    assert needs["supply-district"].on == ("district",)
    assert neighbours(site).edges["P-10P", "R1"]["relation"] == "flow"


def test_new_folder_holds_the_model(small: Path, tmp_path: Path) -> None:
    assert create_site_from_inp(tmp_path / "new", small) == ()
    assert (tmp_path / "new" / "network" / "model.inp").read_bytes() == small.read_bytes()
    assert load_site(tmp_path / "new").id == "hill"


def test_signals_file_names_the_tags(small: Path, tmp_path: Path) -> None:
    signals = tmp_path / "signals.yaml"
    signals.write_text(
        "site: {id: hill-works, time_zone: Europe/Rome}\ncadence_s: 60\n"
        "signals:\n- {elements: tanks, kind: level, tag: 'LT_{element}', unit: ft, resolution: 0.01}\n"
        "- {elements: [10T, TV], kind: flow, tag: 'FT_{element}', unit: l/s}\n"
        "- {elements: [10P, '11'], kind: flow, tag: 'FT_{element}', unit: l/s}\n"
        "- {elements: ['10'], are: nodes, kind: flow, tag: 'FQ', unit: m3/h}\n"
        "controllers: {PLC-1: [10P, 10T]}\npower: {grid: [10P]}\nstations: [{pumps: [10P], id: PS, name: Hill}]\n"
    )
    site = made(tmp_path, small, signals)
    assert (site.id, site.time_zone, site.sources[0].cadence_s) == ("hill-works", "Europe/Rome", 60)
    assert set(site.signal_by_id) == {"LT_10T", "LT_TV", "FT_10P", "FT_11", "FT_10T", "FT_TV", "FQ"}
    assert site.signal_by_id["LT_10T"].limits.high == pytest.approx(4 / 0.3048, rel=1e-5)
    assert site.asset_by_id["L-11"].type == "pipe", "a metered pipe becomes an asset"
    customer = site.asset_by_id["J-10"]
    assert (customer.type, customer.element) == ("boundary", "10"), "what is drawn and metered leaves the balance"
    flows = {line.flow: (line.from_, line.to) for line in site.connections if line.flow}
    assert flows["FQ"][1] == "J-10"
    assert flows["FT_10T"][1] == "T-10T", "above zero into the tank"
    assert flows["FT_11"][1] == "TV"
    assert "FT_TV" not in flows, "its only way is metered already"
    assert site.control_rules == (), "no state is metered"
    needs = [(need.of, need.on) for need in site.dependencies]
    assert {("PS", ("P-10P",)), ("PS", ("R1",)), ("PS", ("PLC-1",)), ("PS", ("grid",))} <= set(needs)
    assert site.asset_by_id["P-10P"].controller == "PLC-1"


def test_half_known_actuators_are_not_judged(small: Path, tmp_path: Path) -> None:
    signals = tmp_path / "signals.yaml"
    signals.write_text(
        "signals:\n- {elements: tanks, kind: level, tag: 'LT_{element}', unit: m}\n"
        "- {elements: pumps, kind: state, tag: 'S_{element}'}\n"
    )
    small.write_text(SMALL.replace("J/2", "J2").replace("LINK 12 CLOSED", "LINK 10P CLOSED"))
    site = made(tmp_path, small, signals)
    assert {rule.id: rule.judged for rule in site.control_rules if rule.actuator == "S_10P"} == {
        "P-10P-on": False,
        "P-10P-off": False,
    }
    notes = site_from_inp(small, signals)[1]
    assert notes == ("control 4 looks at the pressure of J2, which isn't metered",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("signals: [{elements: 10X, kind: level, tag: a}]", "did you mean"),
        ("signals: [{elements: tanks, kind: level, tag: a, unit: m}]", "the tag 'a'"),
        ("signals: [{elements: tanks, kind: levle, tag: a}]", "signals.yaml:1"),
        ("controllers: {C: [nothing]}", "no element 'nothing'"),
        ("power: {C: [nothing]}", "no element 'nothing'"),
        ("power: {C: [10P]}\ncontrollers: {C: [10P]}", "'C' is given twice"),
        ("stations: [{id: A, pumps: [10T]}]", "no element '10T'"),
        ("stations: [{id: A, pumps: [10P]}, {id: B, pumps: [10P]}]", "two stations"),
        ("districts: [{id: A, of: J/2}]", "no area with customers"),
        ("districts: [{id: A, of: '10'}, {id: B, of: '10'}]", "named already"),
        ("signals: [{elements: [10P], are: nodes, kind: flow, tag: a, unit: m3/h}]", "no element '10P'"),
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
    assert "Hügel" in site_from_inp(tmp_path / "a.inp.gz")[0]


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
