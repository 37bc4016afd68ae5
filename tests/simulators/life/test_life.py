"""The life of both reference sites: bodies are conserved, nobody is in two places, every attack is in the events."""

from collections import Counter, defaultdict
from itertools import pairwise
from math import hypot
from pathlib import Path

import pytest

from infrastress.core.errors import SimulationError
from infrastress.core.time import HOUR, SECOND
from infrastress.events import AccessAttempt, DoorState, GasReading, LoginAttempt, Report, SessionState, TrackPoint
from infrastress.simulators.base import Realisation
from infrastress.simulators.life import LifeSimulator
from infrastress.simulators.life.attacks import ATTACKS
from infrastress.simulators.life.mishaps import THINGS
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.slips import BEFORE, PEOPLE
from infrastress.simulators.life.tracks import DRONE_SERIALS, TANKERS
from infrastress.simulators.scenario import load_scenario
from infrastress.site import Site
from infrastress.site.load import load_site
from tests.simulators.contract import SimulatorContract

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SITES = {name: load_site(EXAMPLES / name) for name in ("depot", "water")}
SEED = 51_001  # of those for tuning
WALKERS_M_S = 3.0


def play(site: str, scenario: str, seed: int = SEED, **changes) -> Realisation:
    case = load_scenario(EXAMPLES / site / "scenarios" / f"{scenario}.yaml", **changes)
    return LifeSimulator(SITES[site]).run(case, seed)


@pytest.fixture(scope="module", params=sorted(SITES))
def site(request) -> Site:
    return SITES[request.param]


@pytest.fixture(scope="module")
def quiet(site) -> Realisation:
    return play(site.id, "physical-month")


@pytest.fixture(scope="module")
def attacked(site) -> Realisation:
    return play(site.id, "physical-attacks")


class TestContractDepot(SimulatorContract):
    telemetry = False

    @pytest.fixture
    def simulator(self):
        return LifeSimulator(SITES["depot"])

    @pytest.fixture
    def scenario(self):
        return load_scenario(EXAMPLES / "depot" / "scenarios" / "physical-attacks.yaml", duration_h=240.0)


class TestContractReports(SimulatorContract):
    @pytest.fixture
    def simulator(self):
        return LifeSimulator(SITES["depot"])

    @pytest.fixture
    def scenario(self):
        return load_scenario(EXAMPLES / "depot" / "scenarios" / "reports-release.yaml")


def test_there_are_sixty_of_staff(site):
    assert sum(person.role != "visitor" for person in site.people) == 60
    assert all(person.badge for person in site.people)


def test_twenty_oddities_and_twins_of_every_attack(site, quiet):
    kinds = {kind.name for kind in (*BEFORE, *PEOPLE, *THINGS)}
    assert len(kinds) >= 20
    assert {kind.twin_of for kind in (*BEFORE, *PEOPLE, *THINGS)} == {attack.name for attack in ATTACKS}
    told = {span.kind for span in quiet.truth}
    assert told <= kinds
    assert len(told) >= (20 if site.id == "depot" else 16)
    assert not any(span.malicious for span in quiet.truth)


def test_ten_attacks_of_ten_kinds_each_in_the_events(site, attacked):
    spans = [span for span in attacked.truth if span.malicious]
    assert len(spans) == len({span.kind for span in spans}) == 10
    for before, after in pairwise(sorted(spans, key=lambda span: span.began)):
        assert after.began - before.ended > HOUR
    for span in spans:
        assert span.first_visible is not None
        assert span.began <= span.first_visible <= span.ended
        assert span.assets
        told = [
            e for e in attacked.events if span.began <= e.occurred <= span.ended and set(e.assets) & set(span.assets)
        ]
        assert told, span.kind
        if span.people:
            names = " ".join(str(e.body) for e in told)
            assert any(person in names for person in span.people), span.kind


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_each_variant_of_each_attack_can_be_asked_for(attack):
    depot = {"hostile_track", "gas_inhibited"}
    for variant in attack.variants:
        name = "depot" if attack.name in depot else "water"
        run = play(
            name,
            "physical-attacks",
            duration_h=240.0,
            options={"attacks": [attack.name], "variant": variant, "oddities": False},
        )
        (span,) = [span for span in run.truth if span.malicious]
        assert span.kind == attack.name
        assert f"({variant})" in span.note


def test_an_attack_that_the_site_can_not_have_is_refused():
    with pytest.raises(SimulationError, match="hostile_track"):
        play("water", "physical-attacks", duration_h=48.0, options={"attacks": ["hostile_track"]})


def test_without_oddities_bodies_are_conserved(site):
    """Through each door as many in as out, read by read; counters say the same; nobody is in two places."""
    run = play(site.id, "physical-month", duration_h=240.0, options={"oddities": False, "reports": "none"})
    doors = {asset.id: asset for asset in site.assets if asset.type == "door"}
    gates = {name for name, door in doors.items() if door.zone == door.leads_to}
    inside = dict.fromkeys(run.facts["inside_at_start"], True)
    counted: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for event in run.events:
        body = event.body
        if isinstance(body, AccessAttempt):
            assert body.granted
            read[body.door] += 1
            if body.door in gates:
                entering = body.direction == "in"
                assert inside.get(body.person, False) is not entering, (body.person, event.occurred)
                inside[body.person] = entering
        elif isinstance(body, DoorState) and body.state == "closed" and body.people is not None:
            counted[body.door] += body.people
    for name, door in doors.items():
        if door.counts:
            # A cycle at either end of the run may be cut off
            assert abs(counted[name] - read[name]) <= 3, name
    assert read["D-CONTROL"] > 100


def test_out_reads_are_missing_only_where_it_is_told(site, quiet):
    gates = {a.id for a in site.assets if a.type == "door" and a.zone == a.leads_to}
    inside = dict.fromkeys(quiet.facts["inside_at_start"], True)
    odd: Counter[str] = Counter()
    for event in quiet.events:
        if isinstance(event.body, AccessAttempt) and event.body.granted and event.body.door in gates:
            entering = event.body.direction == "in"
            odd[event.body.person] += inside.get(event.body.person, False) is entering
            inside[event.body.person] = entering
    missed = sum(span.kind == "missed_out_read" for span in quiet.truth)
    assert 0 < sum(odd.values()) <= missed


def test_doors_open_and_close_in_turn_and_never_stand_open(site, quiet):
    last: dict[str, str] = {}
    since: dict[str, int] = {}
    for event in quiet.events:
        body = event.body
        if not isinstance(body, DoorState) or body.state not in ("open", "forced", "closed"):
            continue
        if body.state == "closed":
            if body.door in last:
                assert last[body.door] != "closed", (body.door, event.occurred)
                assert event.occurred - since[body.door] < 1200 * SECOND
            if body.people is not None:
                assert 0 <= body.people <= 60
        elif last.get(body.door) in (None, "closed"):
            since[body.door] = event.occurred
        last[body.door] = body.state


def test_nobody_walks_faster_than_people_do(site, quiet):
    where = {a.id: a.position for a in site.assets if a.type == "door"}
    reads = defaultdict(list)
    for event in quiet.events:
        if isinstance(event.body, AccessAttempt) and event.body.granted:
            reads[event.body.person].append((event.occurred, event.body.door))
    fastest = 0.0
    for steps in reads.values():
        for (at, door), (then, other) in pairwise(steps):
            one, two = where[door], where[other]
            if one is not None and two is not None and door != other:
                fastest = max(fastest, hypot(two[0] - one[0], two[1] - one[1]) / max((then - at) / SECOND, 1e-9))
    assert fastest < WALKERS_M_S


def test_local_logins_are_made_by_who_is_in_the_room(site):
    run = play(site.id, "physical-month", duration_h=240.0, options={"oddities": False, "reports": "none"})
    owners = {account: person.id for person in site.people for account in person.accounts}
    zone_of = {asset.id: asset.zone for asset in site.assets}
    door_zone = {a.id: (a.zone if a.zone != a.leads_to else "") for a in site.assets if a.type == "door"}
    reads_out = {a.id: a.reads_out for a in site.assets if a.type == "door"}
    where: dict[str, str] = {}
    local = 0
    for event in run.events:
        body = event.body
        if isinstance(body, AccessAttempt):
            where[body.person] = body.zone if body.direction == "in" else door_zone[body.door]
        elif isinstance(body, LoginAttempt) and body.success and not body.remote and body.origin == body.host:
            person = owners[body.account]
            if person in where and all(reads_out.values()):
                assert where[person] == zone_of[body.host], (person, event.occurred)
                local += 1
        elif isinstance(body, LoginAttempt) and body.remote and body.success:
            assert not where.get(owners[body.account])
    assert local > 20 or not all(reads_out.values())


def test_sessions_begin_and_end(site, quiet):
    opened: Counter[tuple[str, str]] = Counter()
    for event in quiet.events:
        if isinstance(event.body, SessionState):
            opened[event.body.account, event.body.host] += 1 if event.body.state == "opened" else -1
    assert sum(opened.values()) <= 12  # open at the end, less those from before the start
    assert any(isinstance(event.body, SessionState) for event in quiet.events)


def test_a_month_is_a_plausible_size(site, quiet):
    kinds = Counter(type(event.body).__name__ for event in quiet.events)
    assert 6_000 < kinds["AccessAttempt"] < 30_000
    assert kinds["DoorState"] > kinds["AccessAttempt"]
    assert 500 < kinds["LoginAttempt"] < 6_000
    assert 20 < kinds["Report"] < 80
    assert len(quiet.events) < 120_000
    assert not quiet.facts["wind"]["m_s"] <= 0
    assert min(event.observed - event.occurred for event in quiet.events) >= 0


def test_gas_heads_speak_each_hour_and_a_mute_head_is_at_zero():
    run = play("depot", "physical-attacks")
    heads = [e for e in run.events if isinstance(e.body, GasReading)]
    assert {e.body.condition for e in heads} == {"measuring", "fault", "inhibited", "test"}
    assert all(e.body.level_lel == 0 for e in heads if e.body.condition in ("fault", "inhibited"))
    assert not any(e.body.alarmed for e in heads if e.body.condition != "measuring")
    (attack,) = [span for span in run.truth if span.kind == "gas_inhibited"]
    rising = [e for e in heads if e.body.detector in attack.assets and e.body.alarmed]
    assert rising
    assert all(attack.began <= e.occurred <= attack.ended for e in rising)


def test_tracks_are_no_faster_than_what_they_are():
    run = play("depot", "physical-attacks")
    speeds = defaultdict(list)
    for event in run.events:
        if isinstance(event.body, TrackPoint) and event.body.speed_m_s is not None:
            speeds[event.body.what].append(event.body.speed_m_s)
    assert max(speeds["vessel"]) < 14
    assert max(speeds["animal"]) < 20
    assert "drone" in speeds


def test_a_release_is_told_from_downwind_and_a_campaign_by_new_devices():
    release = play("depot", "reports-release")
    (span,) = [one for one in release.truth if one.kind == "release"]
    told = [e.body for e in release.events if isinstance(e.body, Report) and e.occurred >= span.began]
    smelled = [body for body in told if body.category in ("smell", "mist")]
    assert len(smelled) >= 5
    assert len({body.language for body in smelled}) > 1
    campaign = play("depot", "reports-campaign")
    (span,) = [one for one in campaign.truth if one.kind == "fake_campaign"]
    before = {e.body.device for e in campaign.events if isinstance(e.body, Report) and e.occurred < span.began}
    fakes = [e.body for e in campaign.events if isinstance(e.body, Report) and span.began <= e.occurred <= span.ended]
    new = [body for body in fakes if body.device not in before and body.reporter.startswith("user-")]
    assert len(new) == len({body.device for body in new}) == 50
    assert len({body.text for body in new}) > 20


def test_evaluation_and_tuning_seeds_stand_apart():
    import json

    seeds = json.loads((EXAMPLES.parent / "benchmarks" / "seeds" / "physical.json").read_text())
    every = [seed for part in ("evaluation", "tuning") for group in seeds[part].values() for seed in group["seeds"]]
    assert len(set(every)) == len(every)
    quiet = seeds["evaluation"]["quiet"]
    assert len(quiet["seeds"]) * quiet["days"] >= 300
    assert len(seeds["evaluation"]["campaign"]["seeds"]) == 100


def test_documented_ranges_and_kinds_are_the_simulators():
    page = (EXAMPLES.parent / "docs" / "physical-recordings.md").read_text()
    rows = page.splitlines()
    for name, value in vars(RANGES).items():
        shown = f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else f"{value:g}"
        assert any(row.startswith(f"| `{name}` | {shown} |") for row in rows), name
    for attack in ATTACKS:
        assert f"| `{attack.name}` | {', '.join(attack.variants)} |" in page
    assert all(f"`{kind.name}`" in page for kind in (*BEFORE, *PEOPLE, *THINGS))
    assert all(name in page for name in (*TANKERS, *DRONE_SERIALS[:1]))
