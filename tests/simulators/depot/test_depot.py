"""The depot: contract, mass balance, the attack and how its twins differ from it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import SimulationError
from infrastress.core.time import HOUR, MINUTE
from infrastress.events import AccessAttempt, GasReading, LoginAttempt, Report, SwitchState
from infrastress.simulators.base import Realisation, Scenario
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot import RANGES, DepotSimulator
from infrastress.simulators.depot.flow import Flow
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.plan import Operation, Plan, Plant
from infrastress.simulators.depot.process import simulate
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.scenario import load_scenario
from infrastress.site.load import load_site
from tests.conftest import ROOT
from tests.simulators.contract import SimulatorContract

SITE = load_site(ROOT / "examples" / "depot")
SEEDS = json.loads((ROOT / "benchmarks" / "seeds" / "depot.json").read_text())
START = "2026-03-12T12:00:00+01:00"
KELVIN = 273.15


def scenario(hours: float = 24.0, **options) -> Scenario:
    return Scenario(name="test", simulator="depot", start=START, duration_h=hours, options=options)


def run(seed: int = 1001, hours: float = 24.0, **options) -> Realisation:
    return DepotSimulator(SITE).run(scenario(hours, **options), seed)


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

    def between(self, began: int, ended: int) -> np.ndarray:
        return (self.times >= began) & (self.times < ended)


@pytest.fixture
def simulator() -> DepotSimulator:
    return DepotSimulator(SITE)


class TestContractOnOrdinaryDays(SimulatorContract):
    @pytest.fixture
    def scenario(self) -> Scenario:
        return scenario(30.0)


class TestContractUnderAttack(SimulatorContract):
    @pytest.fixture
    def scenario(self) -> Scenario:
        return scenario(attack="overfill")


def test_levels_follow_from_the_operations():
    """Independent of the simulator's integration: level change x nominal area = volumes of the finished operations."""
    recording = Recording(run(seed=5, hours=96.0))
    begin, end = int(recording.times[0]), int(recording.times[-1])
    quiet = [one for one in recording.facts["operations"] if one["ended_at"] < end - MINUTE]
    running = {
        tank
        for one in recording.facts["operations"]
        for tank in (one["from"], one["to"])
        if one["began_at"] < begin or one["ended_at"] >= end - MINUTE
    }
    checked = moved = 0
    for number in range(101, 109):
        tank = f"T-{number}"
        if tank in running:
            continue
        came = sum(one["volume_m3"] for one in quiet if one["to"] == tank)
        went = sum(one["volume_m3"] for one in quiet if one["from"] == tank)
        level = recording[f"LT-{number}"]
        change = (level[-30:].mean() - level[:30].mean()) * np.pi * 23.0**2 / 4
        assert change == pytest.approx(came - went, abs=6.0 + 0.002 * (came + went)), tank
        checked, moved = checked + 1, moved + came + went
    assert checked >= 4
    assert moved > 1000


def test_meters_and_valves_explain_every_tank():
    """Meters, where everything in `through` is open, add up to the level's rise: what detectors will rely on."""
    recording = Recording(run(seed=6, hours=72.0, oddities=False))
    states = {signal.asset: signal.id for signal in SITE.signals if signal.kind == "state"}
    seconds = np.diff(recording.times) / 1e9
    for tank in (f"T-{number}" for number in range(101, 109)):
        net = np.zeros(len(recording.times))
        for connection in SITE.connections:
            if tank in (connection.from_, connection.to):
                open_ = np.prod([recording[states[asset]] for asset in connection.through], axis=0)
                net += (1 if connection.to == tank else -1) * open_ * recording[connection.flow or ""]
        rise = np.cumsum(seconds * (net[1:] + net[:-1]) / 2)
        error = recording[tank.replace("T-", "LT-")][1:] * np.pi * 23.0**2 / 4 - rise
        minutes = error[: len(error) // 6 * 6].reshape(-1, 6).mean(axis=1)
        assert np.abs(minutes[5:] - minutes[:-5]).max() < 6.0, tank


def test_mixing_makes_no_volume_and_weather_does():
    layout, draws = Layout(SITE), Randomness(3)
    plant, calendar = Plant(layout, draws), Calendar(scenario(24.0), SITE.time_zone)
    plan = Plan(dict.fromkeys(layout.tanks, 5.0))
    flow = Flow.batch(3600.0, 0.2, 1000.0, 60.0)
    plan.operations.append(Operation("receipt", "PIPELINE", "T-103", flow, "FT-P", (), plant.air_mean + 20.0))
    chunks = list(simulate(plant=plant, calendar=calendar, plan=plan, cadence=10.0, spill=None))
    level = np.concatenate([chunk.level for chunk in chunks])
    temperature = np.concatenate([chunk.temperature for chunk in chunks])
    rise = (level[-1] - level[0]) * np.array(list(plant.area.values()))
    assert rise[2] == pytest.approx(1000.0, abs=8.0)
    assert temperature[-1, 2] - temperature[0, 2] == pytest.approx(
        20.0 * 1000 / (1000 + 5.0 * plant.area["T-103"]), abs=1.0
    )
    still = (temperature[-1, 0] - temperature[0, 0]) * 0.00095 * 5.0 * plant.area["T-101"]
    assert rise[0] == pytest.approx(still, rel=0.05, abs=0.05)


@pytest.mark.parametrize("start", [1.0, 14.0])
def test_a_plan_that_leaves_its_tank_is_refused(start):
    layout, draws = Layout(SITE), Randomness(3)
    plant, calendar = Plant(layout, draws), Calendar(scenario(24.0), SITE.time_zone)
    plan = Plan(dict.fromkeys(layout.tanks, start))
    flow = Flow.batch(3600.0, 0.2, 1000.0, 60.0)
    source, target = ("T-103", "LORRIES") if start < 5 else ("PIPELINE", "T-103")
    plan.operations.append(Operation("loading", source, target, flow, "FT-P", (), 15.0))
    with pytest.raises(SimulationError, match="T-103 leaves the tank"):
        list(simulate(plant=plant, calendar=calendar, plan=plan, cadence=10.0, spill=None))


def test_a_balance_that_does_not_close_is_refused():
    layout, draws = Layout(SITE), Randomness(3)
    plant, calendar = Plant(layout, draws), Calendar(scenario(24.0), SITE.time_zone)
    plan = Plan(dict.fromkeys(layout.tanks, 5.0))
    flow = Flow.batch(3600.0, 0.2, 1000.0, 60.0)
    plan.operations.append(Operation("receipt", "PIPELINE", "T-103", flow, "FT-P", (), float("nan")))
    with pytest.raises(SimulationError, match="mass balance of T-103"):
        list(simulate(plant=plant, calendar=calendar, plan=plan, cadence=10.0, spill=None))


def test_attack_hides_a_rising_level():
    recording = Recording(run(attack="overfill", receipt_m3h=550.0))
    facts = recording.facts
    level, flow = recording[f"LT-{facts['tank'][2:]}"], recording["FT-P"]
    order = [
        "badge_at",
        "login_at",
        "bypass_at",
        "freeze_at",
        "high_high_at",
        "overflow_at",
        "gas_low_at",
        "shutdown_at",
    ]
    moments = [facts[name] for name in order]
    assert moments == sorted(moments)
    lied = recording.between(facts["freeze_at"], facts["shutdown_at"])
    assert np.ptp(level[lied]) < 0.015
    assert level[lied].std() > 0.0003
    assert flow[lied].min() * 3600 > 500
    true = np.array(facts["true_level"]["level_m"])
    assert true.max() == pytest.approx(14.5, abs=0.001)
    assert not recording[f"LSHH-{facts['tank'][2:]}.trip"].any()
    assert recording[f"LSHH-{facts['tank'][2:]}.bypass"][recording.times > facts["bypass_at"]].all()
    assert 0.75 * HOUR < facts["overflow_at"] - facts["freeze_at"] < 4 * HOUR
    assert flow[recording.times > facts["shutdown_at"] + MINUTE].max() == 0


def test_attack_leaves_its_traces_in_order():
    realisation = run(attack="overfill")
    facts = realisation.facts
    smells = [one for one in realisation.events if isinstance(one.body, Report) and "etrol" in one.body.text]
    alarmed = [one for one in realisation.events if isinstance(one.body, GasReading) and one.body.alarmed]
    remote = [one for one in realisation.events if isinstance(one.body, LoginAttempt) and one.body.remote]
    assert len(smells) >= 2
    assert min(one.occurred for one in smells) > facts["overflow_at"]
    assert abs(alarmed[0].occurred - facts["gas_low_at"]) < 2 * MINUTE
    assert {one.body.host for one in remote if one.occurred < facts["bypass_at"]} >= {"JUMP-1", "ENG-1"}
    strangers = [
        one for one in realisation.events if isinstance(one.body, AccessAttempt) and one.body.person == "CT-02"
    ]
    assert "D-SERVER" in {one.body.door for one in strangers}
    assert any(isinstance(one.body, SwitchState) and one.body.state == "bypassed" for one in realisation.events)


@pytest.mark.parametrize(
    ("switch_off", "gone"),
    [
        ({"badge": False}, lambda body: isinstance(body, AccessAttempt) and body.zone == "server-room"),
        ({"login": False}, lambda body: isinstance(body, LoginAttempt) and body.origin == "198.51.100.23"),
        ({"gas": False}, lambda body: isinstance(body, GasReading) and body.alarmed),
        ({"reports": False}, lambda body: isinstance(body, Report) and body.category == "smell"),
        ({"switch": "disabled"}, lambda body: isinstance(body, SwitchState)),
    ],
)  # fmt: skip
def test_each_trace_can_be_left_out_alone(switch_off, gone):
    whole = run(seed=1003, attack="overfill", oddities=False)
    less = run(seed=1003, attack="overfill", oddities=False, **switch_off)
    facts = whole.facts
    said = [(one.occurred, one.source, one.body) for one in whole.events]
    left = [(one.occurred, one.source, one.body) for one in less.events]
    missing = [one for one in said if one not in left]
    assert any(gone(body) for _, _, body in missing)
    assert {source for _, source, _ in missing} == {missing[0][1]}
    assert not any(gone(body) and at >= facts["badge_at"] for at, _, body in left)


def test_stuck_gauge_is_the_same_until_it_sticks_and_then_trips():
    attack, fault = Recording(run(attack="overfill")), Recording(run(attack="stuck_gauge"))
    assert fault.facts["freeze_at"] == attack.facts["freeze_at"]
    before = attack.times < attack.facts["freeze_at"]
    bypass = f"LSHH-{attack.facts['tank'][2:]}.bypass"
    for tag in attack.tags:
        if tag != bypass:
            assert (attack[tag][before] == fault[tag][before]).all(), tag
    assert fault.facts["overflow_at"] is None
    trip = fault[f"LSHH-{fault.facts['tank'][2:]}.trip"]
    assert fault.times[int(np.argmax(trip))] - fault.facts["trip_at"] < 11e9
    assert np.ptp(fault[f"LT-{fault.facts['tank'][2:]}"][fault.times >= fault.facts["freeze_at"]]) == 0
    assert not any(span.malicious for span in run(attack="stuck_gauge").truth)


def test_transfer_really_stopped_is_consistent():
    recording = Recording(run(attack="transfer_stopped"))
    facts = recording.facts
    number = facts["tank"][2:]
    rest = recording.between(facts["stopped_at"] + 2 * MINUTE, facts["resumed_at"] - MINUTE)
    assert rest.sum() > 300
    assert recording["FT-P"][rest].max() == 0
    assert recording[f"XV-{number}P.state"][rest].all()
    assert np.ptp(recording[f"LT-{number}"][rest]) < 0.015
    assert facts["overflow_at"] is None
    assert recording["FT-P"][recording.times > facts["resumed_at"] + 5 * MINUTE].max() > 0


def test_high_fill_stays_below_every_limit():
    recording = Recording(run(attack="high_fill"))
    level = recording[f"LT-{recording.facts['tank'][2:]}"]
    assert 13.0 < level.max() < 13.2


@pytest.mark.parametrize("seed", SEEDS["attack"]["seeds"])
def test_every_evaluation_seed_tells_the_whole_story(seed):
    """The story's numbers lie in the committed ranges, and it ends within the scenario."""
    facts = DepotSimulator(SITE).run(load_scenario(ROOT / "examples/depot/scenarios/attack-overfill.yaml"), seed).facts
    assert RANGES.story_start_level_m[0] <= facts["start_level_m"] <= RANGES.story_start_level_m[1]
    assert RANGES.story_freeze_level_m[0] <= facts["freeze_level_m"] <= RANGES.story_freeze_level_m[1]
    assert facts["overflow_at"] is not None
    assert facts["spilled_m3"] > 20
    assert facts["receipt_ended_at"] < facts["true_level"]["times"][-1]


def test_nobody_is_in_two_field_zones_at_once_and_everybody_leaves():
    realisation = run(seed=31, hours=240.0)
    explosive = {zone.id for zone in SITE.zones if zone.explosive != "none"}
    inside: dict[str, str] = {}
    entered = 0
    for event in realisation.events:
        body = event.body
        if isinstance(body, AccessAttempt) and body.granted and body.zone in explosive:
            if body.direction == "in":
                assert body.person not in inside, (body, inside)
                inside[body.person], entered = body.zone, entered + 1
            else:
                assert inside.pop(body.person, body.zone) == body.zone
    assert entered > 100
    assert len(inside) <= 2


def test_ordinary_access_is_what_the_site_model_allows():
    realisation = run(seed=32, hours=240.0)
    people = {person.id: person for person in SITE.people}
    owners = {account: person for person in SITE.people for account in person.accounts}
    for event in realisation.events:
        if isinstance(event.body, AccessAttempt):
            assert event.body.zone in people[event.body.person].zones
        elif isinstance(event.body, LoginAttempt):
            assert event.body.host in owners[event.body.account].hosts
            assert owners[event.body.account].remote or not event.body.remote


def test_proof_tests_are_bypassed_and_at_rest():
    realisation = run(seed=51, hours=168.0)
    tests = [span for span in realisation.truth if span.kind == "proof_test"]
    assert tests
    recording = Recording(realisation)
    for span in tests:
        number = span.assets[0][-3:]
        within = recording.between(span.began + 20_000_000_000, span.ended - 20_000_000_000)
        assert recording[f"LSHH-{number}.bypass"][within].all()
        assert recording[f"LSHH-{number}.trip"][within].any()
        assert not any(recording[f"XV-{number}{way}.state"][within].any() for way in "JLSR")


def test_instruments_keep_their_stated_accuracy():
    stated = {kind: max(one.accuracy for one in SITE.signals if one.kind == kind) for kind in ("level", "temperature")}
    r = RANGES
    assert np.hypot.reduce([r.gauge_noise_m, r.gauge_ripple_m, r.gauge_bias_m]) <= stated["level"]
    assert np.hypot(r.thermometer_noise_k, r.thermometer_bias_k) <= stated["temperature"] * 1.01
    of_reading = float(np.hypot(r.meter_noise, r.meter_bias))
    for meter in (one for one in SITE.signals if one.kind == "flow"):
        largest = 900.0 if meter.id in ("FT-J", "FT-P") else 400.0
        assert of_reading * largest <= meter.accuracy, meter.id


def test_seeds_are_enough_and_kept_apart():
    assert len(SEEDS["quiet"]["seeds"]) * SEEDS["quiet"]["days"] >= 300
    assert len(SEEDS["quiet"]["seeds"]) >= 10
    assert len(SEEDS["attack"]["seeds"]) >= 20
    groups = [set(SEEDS[name]["seeds"]) for name in ("quiet", "attack", "training")] + [{SEEDS["demo"]}]
    assert len(set.union(*groups)) == sum(len(group) for group in groups)


def test_ordinary_days_stay_within_limits():
    recording = Recording(run(seed=21, hours=168.0))
    for number in range(101, 109):
        assert recording[f"LT-{number}"].min() > 1.0
        assert recording[f"LT-{number}"].max() < 13.2
    assert recording["FT-J"].max() * 3600 < 950
    assert {one["kind"] for one in recording.facts["operations"]} == {"receipt", "loading", "transfer"}
    lost = int((recording.times[-1] - recording.times[0]) / 10e9) + 1 - len(recording.times)
    assert 0 < lost < 400


def test_one_branch_of_a_meter_is_open_at_a_time():
    recording = Recording(run(seed=22, hours=168.0))
    states = {signal.asset: signal.id for signal in SITE.signals if signal.kind == "state"}
    for meter in ("FT-J", "FT-P", "FT-201", "FT-202", "FT-301", "FT-302"):
        branches = sum(
            np.prod([recording[states[asset]] for asset in connection.through], axis=0)
            for connection in SITE.connections
            if connection.flow == meter
        )
        assert np.max(branches) == 1, meter
        flowing = recording[meter] > 0
        assert (np.asarray(branches)[flowing] == 1).all(), meter


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    attack=st.sampled_from(["none", "overfill", "stuck_gauge", "transfer_stopped", "high_fill"]),
    tank=st.sampled_from([None, "T-101", "T-102", "T-103", "T-104"]),
    rate=st.one_of(st.none(), st.floats(400, 950)),
    gauge=st.sampled_from([None, "freeze", "spoof_normal", "drift"]),
    switch=st.sampled_from([None, "working", "bypassed", "disabled"]),
)
def test_any_options_give_a_consistent_run(*, seed, attack, tank, rate, gauge, switch):
    realisation = run(
        seed, hours=26.0, attack=attack, tank=tank, receipt_m3h=rate, gauge=gauge, switch=switch, oddities=False
    )
    recording = Recording(realisation)  # the balance is asserted on the way
    assert np.isfinite(recording.values).all()
    assert (np.diff(recording.times) > 0).all()
    facts = realisation.facts
    if attack == "none":
        assert not any(span.malicious for span in realisation.truth)
        return
    assert max(facts["true_level"]["level_m"]) <= 14.5 + 1e-3
    assert (facts["overflow_at"] is not None) == (facts["spilled_m3"] > 0)
    if switch == "working":
        assert facts["overflow_at"] is None


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"attack": "overfill", "tank": "T-105"}, "T-105"),
        ({"attack": "overfill", "tank": "T-999"}, "T-999"),
        ({"attack": "flood"}, "attack"),
        ({"attack": "overfill", "receipt_m3h": 5000}, "receipt_m3h"),
        ({"attack": "overfill", "begins_h": 40}, "ends before its story"),
        ({"attack": "stuck_gauge", "receipt_m3h": 100}, "longer than a day"),
    ],
)
def test_impossible_scenarios_are_refused(options, word):
    with pytest.raises(SimulationError, match=word):
        run(**options)


def test_a_site_that_is_no_depot_is_refused():
    bare = SITE.model_copy(update={"connections": ()})
    with pytest.raises(SimulationError, match="way in"):
        DepotSimulator(bare).run(scenario(), 1)


@pytest.mark.parametrize("path", sorted((ROOT / "examples/depot/scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_runs(path: Path):
    case = load_scenario(path)
    if case.simulator != "depot":
        pytest.skip(f"a scenario of {case.simulator}")
    realisation = DepotSimulator(SITE).run(case, SEEDS["demo"])
    assert len(next(iter(realisation.samples))) > 8000


def test_documented_ranges_are_the_simulators():
    rows = (ROOT / "docs" / "depot.md").read_text().splitlines()
    for name, value in vars(RANGES).items():
        shown = f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else f"{value:g}"
        assert any(row.startswith(f"| `{name}` | {shown} |") for row in rows), name
