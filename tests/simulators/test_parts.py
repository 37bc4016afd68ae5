"""Scenarios that several simulators play together: one recording, one truth, and incidents that all parts tell of."""

from itertools import pairwise
from pathlib import Path

import pytest

from infrastress.app.scenarios import load_scenario, play
from infrastress.core.errors import InputError, SimulationError
from infrastress.core.time import HOUR
from infrastress.events import AccessAttempt, Event, GasReading, LoginAttempt, Report, SwitchState
from infrastress.events.kinds import DoorState
from infrastress.simulators.base import Incident, Realisation, Scenario, TruthSpan
from infrastress.simulators.incidents import TALES
from infrastress.simulators.parts import PartsSimulator, merged, seed_of
from infrastress.simulators.scenario import load_scenario as read
from infrastress.simulators.traffic import TALES as STORIES
from infrastress.site.load import load_site
from tests.conftest import ROOT
from tests.simulators.contract import SimulatorContract

EXAMPLES = ROOT / "examples"
SITES = {name: load_site(EXAMPLES / name) for name in ("depot", "water")}
FILES = [
    (name, path.stem)
    for name in SITES
    for path in sorted((EXAMPLES / name / "scenarios").glob("*.yaml"))
    if read(path).parts
]
SLACK = HOUR // 4


def told(name: str, tale: str, twin: str, seed: int, beside: str = "none") -> Realisation:
    scenario = load_scenario(EXAMPLES / name, "incident-combined-attack")
    incident = Incident.model_validate({"tale": tale, "twin": twin, "beside": beside})
    return play(SITES[name], scenario.model_copy(update={"incident": incident}), seed)


def of(real: Realisation, event: str) -> list[TruthSpan]:
    return [span for span in real.truth if span.event == event]


class TestContractDepot(SimulatorContract):
    @pytest.fixture
    def simulator(self):
        return PartsSimulator(SITES["depot"])

    @pytest.fixture
    def scenario(self):
        return load_scenario(EXAMPLES / "depot", "incident-combined-beside")


class TestContractWater(SimulatorContract):
    @pytest.fixture
    def simulator(self):
        return PartsSimulator(SITES["water"])

    @pytest.fixture
    def scenario(self):
        return load_scenario(EXAMPLES / "water", "incident-storm-beside")


@pytest.mark.parametrize("name", SITES)
def test_each_tale_has_a_file_for_each_twin_and_one_beside_another_event(name: str):
    wanted = {f"incident-{tale}-{twin}" for tale, twins in TALES.items() for twin in (*twins, "beside")}
    assert wanted | {"whole-days"} == {stem for site, stem in FILES if site == name}
    assert TALES["storm"] == ("fault", "benign")
    assert all(len(twins) == 3 for tale, twins in TALES.items() if tale != "storm")


@pytest.mark.parametrize(("name", "file"), FILES)
def test_each_file_plays_and_its_truth_lies_in_the_recording(name: str, file: str):
    scenario = load_scenario(EXAMPLES / name, file, duration_h=24.0 if file == "whole-days" else None)
    real = play(SITES[name], scenario, 4)
    assert sum(len(chunk) for chunk in real.samples)
    if scenario.incident is None:
        assert not any(span.event or span.malicious for span in real.truth)
        return
    main = of(real, "main")
    assert main
    assert any(span.malicious for span in main) == (scenario.incident.twin == "attack")
    assert bool(of(real, "beside")) == (scenario.incident.beside != "none")
    for span in (*main, *of(real, "beside")):
        visible = recorded(real, span)
        assert visible, f"nothing is recorded of {span.kind}"
    assert real.traffic is not None
    for story in real.traffic.stories:
        assert story.story in STORIES
        assert story.event == "main"


def recorded(real: Realisation, span: TruthSpan) -> bool:
    """Whether telemetry or an event is about a span; of the network's stories the captures tell."""
    if span.signals or span.kind in ("gap", "burst", "power_loss", "pump_trip", "valve_stuck", "transfer_stopped"):
        return True
    if span.kind in ("high_fill", "maintenance", "same_day", "hot_day", "setpoints_changed"):
        return True
    within = [e for e in real.events if span.began - SLACK <= e.occurred <= span.ended + SLACK]
    return any(set(span.assets) & named(event) or isinstance(event.body, Report) for event in within)


def named(event: Event) -> set[str]:
    body = event.body
    names = set(event.assets)
    for attribute in ("sensor", "person", "account"):
        names |= {getattr(body, attribute)} if hasattr(body, attribute) else set()
    return names | ({"T-101", "T-102", "T-103", "T-104"} if hasattr(body, "track") else set())


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_in_two_places(name: str, seed: int):
    """The process's simulator leaves its people out; who plays a part in the event plays one alone."""
    real = told(name, "insider", "benign", seed, "near")
    scenario = load_scenario(EXAMPLES / name, "incident-combined-attack")
    alone = scenario.model_copy(update={"parts": scenario.parts[:1], "incident": None})
    process = play(SITES[name], alone, seed)
    ordinary = (AccessAttempt, LoginAttempt, GasReading, DoorState, SwitchState)
    assert not [one for one in process.events if isinstance(one.body, ordinary)]
    reads: dict[str, list[tuple[int, str]]] = {}
    for event in real.events:
        if isinstance(event.body, AccessAttempt) and event.body.granted:
            reads.setdefault(event.body.person, []).append((event.occurred, event.body.door))
    for mine in reads.values():
        for (one, here), (other, there) in pairwise(mine):
            if here != there:
                assert other - one >= 2 * 10**9
    people = [person for span in real.truth if span.event == "main" for person in set(span.people)]
    assert len(people) == len(set(people))


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("tale", TALES)
def test_twins_share_place_and_hour(name: str, tale: str):
    moments = []
    for twin in TALES[tale]:
        real = told(name, tale, twin, 7)
        moments.append(min(span.began for span in of(real, "main")))
        assert any(span.malicious for span in real.truth if span.event) == (twin == "attack")
    assert max(moments) - min(moments) < 3 * HOUR


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("beside", ["far", "near"])
def test_a_second_event_has_other_assets_and_the_same_hours(name: str, beside: str):
    for seed in range(4):
        for tale in ("combined", "drone", "storm"):
            real = told(name, tale, TALES[tale][0], seed, beside)
            main, second = of(real, "main"), of(real, "beside")
            used = {asset for span in main for asset in span.assets if span.kind not in ("drill", "wind_on_fence")}
            assert not used & {asset for span in second for asset in span.assets}
            first, last = min(s.began for s in main), max(s.ended for s in main)
            assert all(first - HOUR < span.began < last + HOUR for span in second)


def test_with_a_second_event_the_first_stays_as_it_was():
    one, other = told("depot", "combined", "attack", 9), told("depot", "combined", "attack", 9, "far")
    assert of(one, "main") == of(other, "main")


def test_what_follows_from_the_harm_comes_behind_it():
    real = told("depot", "combined", "attack", 3)
    kinds = {span.kind: span for span in of(real, "main")}
    assert kinds["overflow"].began < kinds["gas_cloud"].began < kinds["release_reports"].began
    assert kinds["gauge_falsified"].began < kinds["overflow"].began
    assert real.facts["depot"]["overflow_at"] == kinds["overflow"].began


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"incident": Incident(tale="flood")}, "no tale 'flood'"),
        ({"incident": Incident(tale="storm", twin="attack")}, "can't be told as attack"),
        ({"incident": Incident(tale="combined", at_h=40.0)}, "ends before|fits"),
        ({"options": {"colour": 1}}, "only parts have options"),
        ({"parts": ({"simulator": "life"},)}, "nothing of the site can be manipulated"),
        ({"parts": ({"simulator": "life"}, {"simulator": "life"})}, "one part only"),
    ],
)
def test_says_what_does_not_fit(change: dict, said: str):
    scenario = load_scenario(EXAMPLES / "depot", "incident-combined-attack")
    wrong = Scenario.model_validate(scenario.model_dump() | {key: _plain(value) for key, value in change.items()})
    with pytest.raises(SimulationError, match=said):
        play(SITES["depot"], wrong, 1)


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, Incident) else value


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("simulator: depot\nparts:\n  - {simulator: life}\n", "either a simulator or parts"),
        ("title: nothing plays\n", "either a simulator or parts"),
        ("simulator: depot\nincident: {tale: storm, twin: fault}\n", "told by parts"),
        ("parts:\n  - {simulator: life}\nincident: {tale: storm, twin: weather}\n", "twin"),
    ],
)
def test_a_file_that_contradicts_itself(tmp_path: Path, text: str, word: str):
    path = tmp_path / "bad.yaml"
    path.write_text('name: bad\nstart: "2026-03-01T00:00:00Z"\nduration_h: 2\n' + text)
    with pytest.raises(InputError, match=word):
        read(path)


def test_two_parts_with_telemetry_are_refused():
    scenario = load_scenario(EXAMPLES / "depot", "normal", duration_h=1.0)
    runs = [play(SITES["depot"], scenario, seed) for seed in (1, 2)]
    with pytest.raises(SimulationError, match="two parts have telemetry"):
        merged(("a", "b"), runs)


def test_parts_of_one_run_and_runs_of_one_part_differ_in_their_seeds():
    seeds = {seed_of(seed, part) for seed in range(100) for part in ("life", "depot", "water")}
    assert len(seeds) == 300
    assert all(0 <= seed < 2**63 for seed in seeds)
