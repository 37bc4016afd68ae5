"""The water simulator: contract, closed loop on every shipped network, stories and what they do to the plant."""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from infrastress.core.errors import InputError, SimulationError
from infrastress.core.time import HOUR
from infrastress.hydraulics.toolkit import Code
from infrastress.simulators.base import Realisation, Scenario
from infrastress.simulators.recording import write_realisation
from infrastress.simulators.scenario import load_scenario
from infrastress.simulators.water import RANGES, WaterSimulator
from infrastress.simulators.water.hydraulics import Hydraulics, Settings
from infrastress.simulators.water.openloop import open_loop
from infrastress.site.epanet import create_site_from_inp
from infrastress.site.load import load_site
from infrastress.site.model import Site
from infrastress.site.templates import create_site
from tests.conftest import ROOT
from tests.simulators.contract import SimulatorContract
from tests.simulators.water.networks import GOOD, LIBRARY, METERED, needs_wntr, site_of

pytestmark = needs_wntr

EXAMPLE = ROOT / "examples" / "water"
SITE = load_site(EXAMPLE)
SEEDS = json.loads((ROOT / "benchmarks" / "seeds" / "water.json").read_text())
START = "2026-03-09T00:00:00+01:00"
STORIES = SEEDS["attack"]["stories"]


def scenario(hours: float = 12.0, **options) -> Scenario:
    return Scenario(name="test", simulator="water", start=START, duration_h=hours, options=options)


def run(seed: int = 1001, hours: float = 12.0, site: Site = SITE, **options) -> Realisation:
    options.setdefault("scan_s", 300)
    return WaterSimulator(site).run(scenario(hours, **options), seed)


class Recording:
    """A run's telemetry in one piece."""

    def __init__(self, realisation: Realisation) -> None:
        chunks = list(realisation.samples)
        self.times = np.concatenate([chunk.times for chunk in chunks])
        self.values = np.concatenate([chunk.values for chunk in chunks])
        self.tags = chunks[0].tags
        self.facts = realisation.facts

    def __getitem__(self, tag: str) -> np.ndarray:
        return self.values[:, self.tags.index(tag)]


@pytest.fixture
def simulator() -> WaterSimulator:
    return WaterSimulator(SITE)


class TestContractOnOrdinaryDays(SimulatorContract):
    @pytest.fixture
    def scenario(self) -> Scenario:
        return scenario(18.0, scan_s=300)


class TestContractUnderAttack(SimulatorContract):
    @pytest.fixture
    def scenario(self) -> Scenario:
        return scenario(15.0, scan_s=300, story="offset", concealment="replay", begins_h=6, lasts_h=5)


# Every network that the package ships, from its file to a recording


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_shipped_network_runs_a_day_closed_loop(path: Path, tmp_path: Path):
    """Made a site by `init --from-inp`, then run with the balance on; nothing leaves a tank that wasn't in it."""
    large = path.stat().st_size > 400_000  # 3,000 nodes: what init meters by itself
    strange = path.stem.startswith("ky")  # names that are no tags
    site = site_of(path, tmp_path, None if large or strange else METERED)
    realisation = run(7, 24.0, site=site)
    rows = Recording(realisation)
    assert len(rows.times) >= 20
    harm = realisation.facts["consequences"]
    assert np.isfinite(rows.values).any()
    assert realisation.facts["worst_balance_m3s"] < 2e-5 * max(1.0, harm["requested_m3"] / 86400) + 1e-6
    assert harm["undelivered_m3"] <= harm["requested_m3"] * (1 + 1e-6)
    balance = harm["supplied_m3"] - (harm["requested_m3"] - harm["undelivered_m3"]) - harm["leaked_m3"]
    stored = sum(_volumes(path))
    assert abs(balance) <= stored + 0.01 * harm["requested_m3"] + 1.0 or _feeds_by_junctions(path)


def _volumes(path: Path) -> list[float]:
    with Hydraulics(path, Settings(3600, 3600, controls=True)) as engine:
        return (engine.limits[1] - engine.limits[0]).tolist()


def _feeds_by_junctions(path: Path) -> bool:
    with Hydraulics(path, Settings(3600, 3600, controls=True)) as engine:
        return bool((engine.mean_demand() < 0).any())


@pytest.mark.parametrize("name", ["Net1", "Net3"])
def test_closed_loop_follows_epanets_own_run(name: str, tmp_path: Path):
    """Same model, same step, no variation: a controller acts up to one scan after EPANET's exact crossing."""
    path, scan = LIBRARY / f"{name}.inp", 60
    with Hydraulics(path, Settings(0, 86400, controls=True)) as engine:
        engine.project.set_time(Code.HYDRAULIC_STEP, scan)
        theirs = open_loop(engine)
        tanks = [engine.nodes[at] for at in engine.tanks]
        levels = theirs.head[:, engine.tanks] - engine.elevation[engine.tanks]
        rate = np.abs(np.diff(levels, axis=0)).max() / 3600
    metered = "cadence_s: 3600\nsignals:\n  - {elements: tanks, kind: level, tag: 'LT-{element}', unit: m}\n"
    site = site_of(path, tmp_path, metered)
    options = {"variation": False, "oddities": False, "overflow": False, "scan_s": scan}
    day = scenario(24.0, **options).model_copy(update={"start": "2026-03-09T00:00:00Z"})  # the model's midnight
    realisation = WaterSimulator(site).run(day, 1)
    ours = Recording(realisation)
    mine = np.stack([ours[f"LT-{tank}"] for tank in tanks], axis=1)
    assert len(mine) == len(levels) == 25
    switchings = realisation.facts["switchings"]
    assert switchings > 0
    assert np.abs(mine - levels).max() <= 0.001 + 2 * rate * scan * switchings


def test_quiet_days_are_never_the_same():
    level = Recording(run(3, 72.0, oddities=False))["LT-3"]
    days = level[: 3 * 288].reshape(3, 288)
    assert min(np.abs(days[i] - days[j]).max() for i, j in ((0, 1), (0, 2), (1, 2))) > 0.02


def test_the_same_in_another_process(tmp_path: Path):
    case = scenario(10.0, scan_s=300, story="constant", concealment="replay", begins_h=4, lasts_h=3)
    write_realisation(WaterSimulator(SITE).run(case, 5), SITE, tmp_path / "here", scenario=case, seed=5)
    (tmp_path / "case.yaml").write_text(case.model_dump_json())
    out = tmp_path / "there"
    command = [sys.executable, "-m", "infrastress", "simulate", str(EXAMPLE), str(tmp_path / "case.yaml")]
    subprocess.run([*command, "--seed", "5", "--out", str(out)], check=True, capture_output=True)
    for name in ("telemetry.csv", "events.jsonl", "truth.json"):
        assert (tmp_path / "here" / name).read_bytes() == (out / name).read_bytes()


# Stories


def views(realisation: Realisation, tag: str) -> dict[str, np.ndarray]:
    found = {name: np.array(values, dtype=float) for name, values in realisation.facts["views"][tag].items()}
    times = np.array(realisation.facts["views"]["times"])
    found["during"] = (times >= realisation.facts["began_at"]) & (times < realisation.facts["ended_at"])
    found["times"] = times
    return found


@pytest.mark.parametrize(
    ("story", "concealment"),
    [(story, view) for story in STORIES for view in ("none", "replay") if story != "actuator"]
    + [("constant", "constant"), ("denial", "constant")],
)
def test_three_views_of_an_attacked_level(story: str, concealment: str):
    begins = 28 if story == "replay" else 9  # a replay needs a day to repeat
    case = {"story": story, "concealment": concealment, "begins_h": begins, "lasts_h": 6}
    seen = views(run(11, begins + 8.0, **case), "LT-1")
    during, before = seen["during"], ~seen["during"] & (seen["times"] < seen["times"][seen["during"]][0])
    noise = 6 * (RANGES.level_noise_m + RANGES.level_bias_m)
    assert np.nanmax(np.abs(seen["controller"] - seen["true"])[before]) < noise
    lied = np.nanmax(np.abs(seen["controller"] - seen["true"])[during])
    assert bool(lied < noise) is (story == "thresholds")
    hidden = np.nanmax(np.abs(seen["operator"] - seen["controller"])[during])
    alike = (story, concealment) in (("replay", "replay"), ("denial", "constant"))
    assert bool(hidden > 0.02) is (concealment != "none" and not alike)
    if concealment == "constant":
        assert np.nanmax(seen["operator"][during]) == np.nanmin(seen["operator"][during])
    if story == "denial":
        assert np.nanmax(seen["controller"][during]) == np.nanmin(seen["controller"][during]), "the last value is kept"


def test_a_replay_repeats_the_day_before():
    realisation = run(11, 40.0, story="replay", begins_h=28, lasts_h=6, oddities=False)
    recording = Recording(realisation)
    level, times = recording["LT-1"], recording.times
    at = np.flatnonzero((times >= realisation.facts["began_at"]) & (times < realisation.facts["ended_at"]))
    assert level[at] == pytest.approx(level[at - 288], abs=1e-9)


def test_a_falsely_low_level_really_fills_the_tank_over():
    """The controller reads 4.9 m, below its switching point, and pumps on; the operator sees the day before."""
    quiet = run(4, 60.0, story="constant", size=4.9, begins_h=26, lasts_h=30, concealment="replay")
    harm, calm = quiet.facts["consequences"], quiet.facts["undisturbed"]
    assert harm["overflow_m3"]["T-1"] > 100
    assert calm["overflow_m3"] == {}
    kinds = {span.kind: span for span in quiet.truth}
    assert kinds["level_spoofed"].malicious
    assert kinds["view_falsified"].malicious
    assert "LT-1" in kinds["view_falsified"].signals
    assert kinds["level_spoofed"].began < kinds["overflow"].began
    seen = views(quiet, "LT-1")
    assert np.nanmax(seen["true"]) == pytest.approx(9.784, abs=0.01)
    assert np.nanmax(seen["operator"][seen["during"]]) < 9.0, "the operator sees the day before"


def test_a_pump_held_off_really_empties_the_tanks_and_customers_go_short():
    """Both ways from the river shut at once: a loss of power at its station, and the bypass held shut."""
    realisation = run(
        4, 60.0, story="actuator", target="L-330", size=0, begins_h=12, lasts_h=48, fault="power_loss",
        fault_target="P-335", fault_begins_h=12, fault_lasts_h=48, oddities=False,
    )  # fmt: skip
    harm, calm = realisation.facts["consequences"], realisation.facts["undisturbed"]
    assert calm["undelivered_m3"] == 0
    assert harm["undelivered_m3"] > 1000
    assert harm["empty_h"]["T-1"] > 1
    assert harm["lowest_pressure_m"] < calm["lowest_pressure_m"]
    assert sum(harm["undelivered_by_hour_m3"].values()) == pytest.approx(harm["undelivered_m3"], abs=0.1)
    assert harm["undelivered_by_service_m3"] == {"supply-TOWN": pytest.approx(harm["undelivered_m3"], abs=0.1)}
    calls = [event for event in realisation.events if event.source == "reports"]
    assert len(calls) >= 2
    recording = Recording(realisation)
    after = (recording.times > recording.times[0] + 13 * HOUR) & (recording.times < recording.times[-1])
    assert np.isnan(recording["FT-335"][after]).all(), "an outstation without power is silent"
    assert np.isfinite(recording["LT-1"][after]).all()


def test_sources_closed_the_run_goes_on_and_says_what_was_not_delivered():
    realisation = run(4, 40.0, sources_closed_h=2, oddities=False)
    harm = realisation.facts["consequences"]
    hours = {int(hour): lost for hour, lost in harm["undelivered_by_hour_m3"].items()}
    assert hours[39] > 1500, "nobody gets anything at the end"
    assert set(harm["empty_h"]) == {"T-1", "T-2", "T-3"}
    assert {span.kind for span in realisation.truth} == {"sources_closed"}
    delivered = harm["requested_m3"] - harm["undelivered_m3"]
    assert delivered == pytest.approx(harm["supplied_m3"] + _drained(realisation), rel=5e-3)


def _drained(realisation: Realisation) -> float:
    """M3 that the tanks gave, from their levels and diameters alone."""
    recording = Recording(realisation)
    total = 0.0
    for number in (1, 2, 3):
        level = recording[f"LT-{number}"]
        total += (level[0] - level[-1]) * np.pi / 4 * SITE.asset_by_id[f"T-{number}"].diameter_m ** 2
    return total


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("twin", ["fault", "benign"])
def test_twins_share_all_but_their_story(story: str, twin: str):
    begins = 26 if story == "replay" else 6
    attack = run(21, begins + 5.0, story=story, begins_h=begins, lasts_h=4)
    other = run(21, begins + 5.0, story=story, twin=twin, begins_h=begins, lasts_h=4)
    assert attack.facts["target"] == other.facts["target"]
    assert attack.facts["began_at"] == other.facts["began_at"]
    assert attack.facts["undisturbed"] == other.facts["undisturbed"]
    spans = [span for span in other.truth if span.began == attack.facts["began_at"]]
    assert spans
    assert attack.facts["target"] in spans[0].assets
    assert ({"P-335", "L-330"} <= set(spans[0].assets)) is (story == "thresholds")
    assert not any(span.malicious for span in other.truth)
    assert any(span.malicious for span in attack.truth)
    first, second = Recording(attack), Recording(other)
    start = int(np.searchsorted(first.times, attack.facts["began_at"]))
    same = first.values[:start], second.values[:start]
    assert np.array_equal(*same, equal_nan=True), "until it begins they are one run"


@pytest.mark.parametrize("fault", SEEDS["faults"]["faults"])
def test_faults_do_something_and_are_no_attack(fault: str):
    realisation = run(31, 16.0, fault=fault, fault_begins_h=4, fault_lasts_h=10, oddities=False)
    (span,) = [one for one in realisation.truth if one.kind == fault]
    assert not span.malicious
    assert span.began == realisation.facts["fault_began_at"]
    harm, calm = realisation.facts["consequences"], realisation.facts["undisturbed"]
    if fault in ("leak", "burst"):
        assert harm["leaked_m3"] > 100
        assert calm["leaked_m3"] == 0
    if fault == "demand_surge":
        assert harm["requested_m3"] > calm["requested_m3"] + 100
    if fault not in ("valve_stuck", "pump_trip", "pump_outage", "power_loss", "pump_wear"):
        assert harm["supplied_m3"] != calm["supplied_m3"]


@pytest.mark.parametrize("start", ["2026-03-28T12:00:00+01:00", "2026-10-24T12:00:00+02:00"])
def test_timed_controls_follow_the_local_clock_through_its_changes(start: str):
    options = {"scan_s": 300, "variation": False, "oddities": False}
    what = Scenario(name="test", simulator="water", start=start, duration_h=60, options=options)
    told = Recording(WaterSimulator(SITE).run(what, 1001))
    on = told["ZS-10"] > 0.5
    clock = [datetime.fromtimestamp(t // 10**9, ZoneInfo("Europe/Rome")) for t in told.times.tolist()]
    wrong = [at for at, state in zip(clock, on, strict=True) if state != (1 <= at.hour < 15)]
    assert not [at for at in wrong if at.minute], "only at the very moment of switching"


def test_a_cadence_of_its_own_for_each_source(tmp_path: Path):
    text = (EXAMPLE / "site.yaml").read_text()
    for name in ("utility.yaml", "network/model.inp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((EXAMPLE / name).read_bytes())
    text = text.replace("sources:\n", "sources:\n  - {id: slow, connector: files, kind: telemetry, cadence_s: 900}\n")
    head, *rest = text.split("id: PT-61,", 1)
    text = head + "id: PT-61," + rest[0].replace("source: scada", "source: slow", 1)
    (tmp_path / "site.yaml").write_text(text)
    recording = Recording(run(1, 3.0, site=load_site(tmp_path), oddities=False))
    assert np.isfinite(recording["PT-61"]).sum() * 3 == pytest.approx(np.isfinite(recording["LT-1"]).sum(), abs=3)


def test_pressure_in_bar_and_level_in_feet(tmp_path: Path):
    metered = METERED.replace("unit: m, resolution: 0.001", "unit: ft, resolution: 0.01")
    metered = metered.replace("unit: m, resolution: 0.01}\n", "unit: bar, resolution: 0.001}\n")
    for name, text in (("si", METERED), ("other", metered)):
        (tmp_path / name).mkdir()
        site = site_of(LIBRARY / "Net1.inp", tmp_path / name, text)
        recording = Recording(run(1, 2.0, site=site, variation=False, oddities=False))
        if name == "si":
            level, pressure = recording["LT-2"], recording["PT-11"]
    assert recording["LT-2"] == pytest.approx(level, abs=0.005), "SI inside"
    assert recording["PT-11"] == pytest.approx(pressure * 9806.65, abs=150), "Pa inside"


STATION = """\
[JUNCTIONS]
 J 10 20
 K 5 60
[RESERVOIRS]
 R 0
[TANKS]
 T 40 3 0.5 6 12 0
[PIPES]
 A J K 500 300 100 0 OPEN
 B K T 500 300 100 0 OPEN
[PUMPS]
 PU1 R J HEAD C
 PU2 R J HEAD C
[CURVES]
 C 120 70
[CONTROLS]
 LINK PU1 OPEN IF NODE T BELOW 2
 LINK PU1 CLOSED IF NODE T ABOVE 4
 LINK PU2 OPEN IF NODE T BELOW 1
 LINK PU2 CLOSED IF NODE T ABOVE 3
[STATUS]
 PU2 CLOSED
[OPTIONS]
 UNITS CMH
 HEADLOSS H-W
[END]
"""


def test_duty_and_standby_change_places_and_one_is_taken_out_for_work(tmp_path: Path):
    (tmp_path / "station.inp").write_text(STATION)
    site = site_of(tmp_path / "station.inp", tmp_path, METERED)
    fixed = Recording(run(5, 240.0, site=site, oddities=False))
    assert fixed["ZS-PU1"].max() == 1
    assert fixed["ZS-PU2"].max() == 0, "one pump is enough"
    realisation = run(5, 240.0, site=site)
    changing = Recording(realisation)
    share = np.nanmean(changing["ZS-PU2"])
    assert 0.05 < share < 0.95, "standby has become duty and back"
    assert realisation.facts["consequences"]["undelivered_m3"] == 0
    spans = [span for span in realisation.truth if span.kind == "maintenance"]
    assert spans
    assert not any(span.malicious for span in spans)


# Refusals


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"story": "constant", "target": "PS-River", "begins_h": 1}, "T-1"),
        ({"story": "actuator", "target": "T-1", "begins_h": 1}, "P-335"),
        ({"story": "constant"}, "begins after"),
        ({"fault": "burst"}, "begins after"),
        ({"fault": "leak", "fault_target": "T-1", "fault_begins_h": 1}, "no junction"),
        ({"fault": "pump_trip", "fault_target": "L-330", "fault_begins_h": 1}, "these can: P-10, P-335"),
        ({"story": "sabotage"}, "story"),
    ],
)
def test_what_does_not_fit_is_told(options: dict, said: str):
    with pytest.raises(SimulationError, match=said):
        run(1, 3.0, **options)


def test_a_site_without_a_model_is_told(tmp_path: Path):
    depot = load_site(ROOT / "examples" / "depot")
    with pytest.raises(SimulationError, match="no network model"):
        run(1, 3.0, site=depot)
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "model.inp").write_text("[JUNCTIONS]\n J 1\n[PIPES]\n P J K 1 1 1\n")
    (tmp_path / "site.yaml").write_text("schema_version: 1\nid: bad\n")
    with pytest.raises(InputError, match="the network can't be read"):
        run(1, 3.0, site=load_site(tmp_path))


# The example


def test_example_is_what_init_makes_of_the_network(tmp_path: Path):
    """Its site file is the one that `init --from-inp` writes, with the utility's own entries included."""
    create_site_from_inp(tmp_path / "made", EXAMPLE / "network" / "model.inp", EXAMPLE / "signals.yaml")
    made = (tmp_path / "made" / "site.yaml").read_text().split("schema_version: 1\n", 1)[1]
    ours = (EXAMPLE / "site.yaml").read_text().split("schema_version: 1\ninclude: [utility.yaml]\n", 1)[1]
    assert re.sub(r", (interfaces: \[.*?\]|(security_)?zone: [\w-]+)", "", ours) == made


def test_example_network_is_the_packages_own():
    assert (EXAMPLE / "network" / "model.inp").read_bytes() == (LIBRARY / "Net3.inp").read_bytes()


@pytest.mark.parametrize("path", sorted((EXAMPLE / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_example_scenarios_play(path: Path):
    case = load_scenario(path)
    if case.simulator != "water":
        pytest.skip(f"a scenario of {case.simulator}")
    case = case.model_copy(update={"options": {**case.options, "scan_s": 300}, "duration_h": min(case.duration_h, 72)})
    assert WaterSimulator(SITE).run(case, SEEDS["demo"]).truth


def test_evaluation_seeds_stand_apart():
    groups = [SEEDS["training"]["seeds"], SEEDS["quiet"]["seeds"], SEEDS["attack"]["seeds"]]
    groups += [SEEDS["confirmation"]["quiet"], SEEDS["confirmation"]["attack"]]
    every = [seed for group in groups for seed in group]
    assert len(set(every)) == len(every)
    assert len(SEEDS["quiet"]["seeds"]) >= 10
    assert len(SEEDS["quiet"]["seeds"]) * SEEDS["quiet"]["days"] >= 300
    assert SEEDS["twins"]["seeds"] == SEEDS["attack"]["seeds"]


def test_documented_ranges_are_the_simulators():
    rows = (ROOT / "docs" / "water.md").read_text().splitlines()
    for name, value in vars(RANGES).items():
        shown = f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else f"{value:g}"
        assert any(row.startswith(f"| `{name}` | {shown} |") for row in rows), name


def test_template_makes_a_site_that_plays(tmp_path: Path):
    site = load_site(create_site(tmp_path / "mine", "water"))
    assert len(Recording(run(1, 2.0, site=site)).times) > 20


@pytest.mark.parametrize("story", ["offset", "drift", "thresholds"])
def test_what_first_shows_is_where_the_telemetry_leaves_its_undisturbed_twins(story: str):
    options = {"story": story, "begins_h": 4, "lasts_h": 5, "oddities": False}
    attack, calm = Recording(run(23, 10.0, **options)), Recording(run(23, 10.0, oddities=False))
    differs = (attack.values != calm.values) & ~(np.isnan(attack.values) & np.isnan(calm.values))
    rows, visible = np.flatnonzero(differs.any(axis=1)), attack.facts["first_visible_at"]
    if story == "thresholds":  # these are altered where no level comes by within the time
        assert visible is None
        assert not len(rows)
        return
    # Rounded values may leave a little before a whole step of the resolution lies between them.
    assert attack.times[rows[0]] <= visible <= attack.times[rows[0]] + HOUR
    assert (visible == attack.facts["began_at"]) is (story == "offset")
