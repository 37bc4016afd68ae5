"""The risk scorer: what it calls an incident, a function of the set of evidence, what it says of itself."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from infrastress.core.time import DAY, HOUR, MINUTE
from infrastress.evaluation.performance import Performance, Spoken
from infrastress.fusion import HYPOTHESES, FusionUnit
from infrastress.fusion.risk.assess import Assessor, network_of, refuse_wide
from infrastress.fusion.risk.generate import Part
from infrastress.fusion.risk.ground import Ground
from infrastress.fusion.risk.likelihood import HALF_LIFE_H, WEAK, RatesBook, freshness
from infrastress.fusion.risk.scorer import ANNOUNCED, CHANCES, OPEN, RiskScorer, row_of
from infrastress.fusion.risk.why import explain
from infrastress.fusion.risk.width import TooWideError
from infrastress.site import Site
from infrastress.site.load import load_site
from tests.fusion.plant import SITE, T0, Feed, cleared, detection, intrusion, login, smell
from tests.fusion.test_hypotheses import (
    BADGE,
    FORGED,
    GAS,
    LOGIN,
    ODD,
    OFF,
    PLC,
    SMELL,
    STUCK,
    SWITCH,
    UNLIKE,
    UPSET,
    VALVE,
    evidence,
)  # fmt: skip

MEASURED = Performance(
    detector="test", detector_version="1", rule="", windows=50, found=45, asset_hours=5000, false_episodes=5,
    recording="days",
)  # fmt: skip
POOL = [BADGE, LOGIN, FORGED, STUCK, PLC, VALVE, UPSET, SWITCH, GAS, SMELL, OFF, ODD, UNLIKE]


def site_with(**parts):
    return Site.model_validate({**SITE.model_dump(mode="json", by_alias=True, exclude_defaults=True), **parts})


@pytest.mark.parametrize(
    ("heard", "name", "least"),
    [
        ([BADGE, LOGIN, FORGED, GAS, SMELL], "overfill_attack_release", 0.95),
        ([BADGE, FORGED], "overfill_attack", 0.3),
        ([LOGIN, STUCK], "overfill_attack", 0.1),
        ([LOGIN, PLC], "signal_manipulation", 0.5),
        ([LOGIN, VALVE], "process_manipulation", 0.5),
        ([BADGE, SWITCH], "safeguard_disabled", 0.9),
        ([GAS, SMELL], "loss_of_containment", 0.7),
        ([GAS], "gas_detected", 0.05),
        ([BADGE, LOGIN], "coordinated_intrusion", 0.2),
        ([STUCK], "sensor_fault", 0.1),
        ([UNLIKE], "contradiction", 0.1),
        ([SWITCH], "safeguard_disabled", 0.9),
        ([UPSET, SMELL], "leak", 0.6),
        ([VALVE], "actuator_manipulated", 0.05),
        ([UPSET], "process_upset", 0.2),
        ([LOGIN], "cyber_intrusion", 0.03),
        ([BADGE], "unauthorised_access", 0.05),
        ([SMELL], "reported_by_people", 0.02),
    ],
)
def test_names_and_numbers_where_the_detectors_are_measured(heard, name, least):
    found = RiskScorer([MEASURED]).score(heard, SITE)
    assert found.name == name
    assert least <= found.confidence <= min(3 * least + 0.05, 1.0)
    assert found.assessment.weak == 0


def test_what_is_not_measured_counts_as_weak_and_says_so():
    told = RiskScorer().score([GAS, SMELL], SITE)
    assert (told.name, told.assessment.weak) == ("loss_of_containment", 2)
    assert {piece.basis for piece in told.assessment.pieces} == {"weak"}
    assert "None of the detectors that speak here was ever measured" in told.why
    known = RiskScorer([MEASURED]).score([GAS, SMELL], SITE)
    assert known.assessment.explanations[1].probability > told.assessment.explanations[1].probability
    mixed = RiskScorer([MEASURED]).score([GAS, evidence((), "reports", detector="stranger", alarm="x")], SITE)
    assert "1 of the 2 that speak here were never measured" in mixed.why
    assert WEAK.bits == pytest.approx(3.3219, abs=1e-4)


def test_where_the_model_has_nothing_to_say_the_table_judges():
    for item in (OFF, ODD):
        found = RiskScorer([MEASURED]).score([item], SITE)
        assert found.assessment is None
        assert found.confidence == 0.8


def test_every_row_has_its_explanation_or_none_of_the_model():
    unsaid = {row.name for row in HYPOTHESES} - set(CHANCES)
    assert unsaid == {"fire_detected", "monitoring_lost", "unexplained"}  # a fire needs no odds: the table says it
    assert row_of("announced_work") is ANNOUNCED
    assert row_of("no such") is None


moments = st.integers(0, 48 * 60).map(lambda minute: minute * MINUTE)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_assessment_is_a_function_of_the_set(data):
    picked = data.draw(st.lists(st.sampled_from(range(len(POOL))), min_size=1, max_size=8))
    heard = []
    for number, index in enumerate(picked):
        first = data.draw(moments)
        last = first + data.draw(moments)
        said = {name: getattr(POOL[index], name) for name in POOL[index].__struct_fields__}
        heard.append(type(POOL[index])(**{
            **said, "alarm": f"alm-{number}", "first": first, "last": last, "standing": data.draw(st.booleans()),
        }))  # fmt: skip
    one = RiskScorer([MEASURED]).score(heard, SITE)
    assert RiskScorer([MEASURED]).score(data.draw(st.permutations(heard)), SITE) == one
    busy = RiskScorer([MEASURED])
    for count in range(1, len(heard)):
        busy.score(heard[:count], SITE)
    assert busy.score(heard, SITE) == one


@pytest.mark.parametrize("seed", range(12))
def test_incidents_agree_over_orders_with_late_repeated_contradicting_and_retracted_evidence(seed):
    rng = Random(seed)
    events = []
    for minute in rng.sample(range(0, 900, 10), rng.randint(3, 8)):
        made = rng.choice([
            intrusion, login, smell,
            lambda m: detection(m, "forged", suspicion="sensor_falsified"),
            lambda m: detection(m, "fault", suspicion="sensor_fault"),
            lambda m: detection(m, "gas", ("GD-1",), source_kind="access", severity="critical"),
        ])(minute)  # fmt: skip
        events.append(made)
        if rng.random() < 0.5:
            events.append(cleared(made, minute + rng.randint(1, 200)))
    events += rng.sample(events, 1)  # told twice
    told = []
    for order in (sorted(events, key=lambda e: (e.occurred, e.id)), rng.sample(events, len(events))):
        feed = Feed(FusionUnit(SITE, RiskScorer([MEASURED])))
        for number, event in enumerate(order):
            feed.event(event)
            if told and rng.random() < 0.5:
                feed.tick(rng.randint(0, 60) + 100 * number)
        feed.tick(2400, final=True)
        bodies = [event.body for event in feed.newest("incident").values()]
        told.append(sorted(repr((b.hypothesis, b.confidence, b.severity, b.assessment)) for b in bodies))
    assert told[0] == told[1]


def test_evidence_fades_by_half_a_day_of_silence_and_standing_evidence_does_not():
    assert freshness(round(HALF_LIFE_H * HOUR)) == pytest.approx(0.5)
    old = evidence(("D-FARM",), "access", "intrusion", severity="low", standing=False)
    new = evidence(("T-1",), suspicion="sensor_fault", first=2 * DAY, last=2 * DAY)
    near = evidence(("D-FARM",), "access", "intrusion", severity="low", standing=False, first=2 * DAY, last=2 * DAY)

    def attack(heard):
        return RiskScorer([MEASURED]).score(heard, SITE).assessment.explanations[0].probability

    assert attack([new]) < attack([old, new]) < attack([near, new])


def test_repeats_of_one_detector_are_one_witness_and_other_detectors_are_more():
    def attack(heard):
        return RiskScorer().score(heard, SITE).assessment.explanations[0].probability

    again = evidence(("D-FARM",), "access", "intrusion", severity="low", alarm="again", rule="another")
    other = evidence(("D-FARM",), "access", "intrusion", severity="low", alarm="other", detector="cameras")
    assert attack([BADGE, again]) == attack([BADGE])
    assert RiskScorer().score([BADGE, again], SITE).assessment.pieces[0].also == 1
    assert attack([BADGE, other]) > 2 * attack([BADGE])


def test_one_rule_about_one_place_and_window_is_one_witness_however_many_assets_it_names():
    row = [replace(MEASURED, rule="new")]
    four = [evidence((f"X-{n}",), "network", "intrusion", severity="high", rule="new", zone="farm") for n in range(4)]
    one, many = (RiskScorer(row).score(some, SITE) for some in (four[:1], four))
    assert many.assessment.explanations == one.assessment.explanations
    assert [piece.also for piece in many.assessment.pieces] == [3]


def test_a_fence_that_misreads_is_faulty_and_misleads_nobody():
    def told(asset):
        heard = [evidence((asset,), suspicion="sensor_fault", severity="medium")]
        return {one.name: one.probability for one in RiskScorer([MEASURED]).score(heard, SITE).assessment.explanations}

    fence, gauge = told("F-1"), told("T-1")
    assert fence["sensor_fault"] > 0.1
    assert fence["misreading"] == 0
    assert gauge["misreading"] >= gauge["sensor_fault"]


def test_contradicting_evidence_moves_the_odds_back():
    def attack_for_a_fault(heard):
        told = {e.name: e.probability for e in RiskScorer([MEASURED]).score(heard, SITE).assessment.explanations}
        return told["attack"] / told["sensor_fault"]

    doubt = evidence(("T-1",), suspicion="sensor_fault", detector="another")
    assert attack_for_a_fault([FORGED, doubt]) < attack_for_a_fault([FORGED]) / 2


WORK = {
    "id": "permit-7", "kind": "permit", "name": "Calibration", "from": "2026-02-28T20:00:00Z",
    "to": "2026-03-01T04:00:00Z", "zones": ["farm"],
}  # fmt: skip


def test_announced_work_explains_alarms_and_hides_none():
    site = site_with(works=[WORK])
    feeds = []
    for model in (SITE, site):
        feed = Feed(FusionUnit(model, RiskScorer([MEASURED])))
        feed.event(intrusion(10, severity="medium"), detection(30, suspicion="sensor_fault"))
        feed.tick(60)
        feeds.append(feed)
    plain, told = (feed.all("incident")[-1].body for feed in feeds)
    assert (plain.hypothesis, told.hypothesis) == ("contradiction", "announced_work")
    assert told.title == "Announced work: D-FARM" or told.title.startswith("Announced work")
    assert "Work was announced in farm." in told.why
    assert told.detections == plain.detections
    assert len(feeds[0].all("alarm")) == len(feeds[1].all("alarm"))
    assert told.severity == "high"
    work = next(one for one in told.assessment.explanations if one.name == "work")
    assert work.probability > 0.9
    late = evidence(("D-FARM",), "access", "intrusion", severity="medium", first=T0 + 20 * HOUR, last=T0 + 20 * HOUR)
    assert RiskScorer([MEASURED]).score([late], site).name == "unauthorised_access"


def test_an_incident_is_opened_by_what_is_more_than_a_rumour():
    scorer = RiskScorer([MEASURED])
    lone = intrusion(10, severity="medium")
    feed = Feed(FusionUnit(SITE, scorer))
    feed.event(lone)
    feed.tick(20)
    assert feed.all("incident") == []
    assert feed.newest("alarm")
    feed.event(detection(25, "mass_balance", suspicion="sensor_falsified"), login(27, severity="medium"))
    feed.tick(30)
    (incident,) = feed.newest("incident").values()
    assert incident.body.detections_total == 3
    unmeasured = Feed(FusionUnit(SITE, RiskScorer()))
    unmeasured.event(lone)
    unmeasured.tick(20)
    assert len(unmeasured.newest("incident")) == 1


def test_fire_and_what_nobody_measured_open_one_whatever_the_odds():
    scorer = RiskScorer([MEASURED])
    fire = evidence(("FD-1",), "access", "process_fault", severity="high")
    assert scorer.opens([fire], SITE)
    stranger = evidence(("D-FARM",), "access", "intrusion", severity="medium", detector="stranger")
    assert scorer.opens([stranger], SITE)
    assert not scorer.opens([evidence(("D-FARM",), "access", "intrusion", severity="medium")], SITE)


def test_a_rule_that_calls_is_another_witness_than_its_notices():
    apart = replace(MEASURED, false_episodes=400, found_calling=40, false_calling=2)
    book = RatesBook([apart])
    calls, notes = book.of("test", "any", calling=True), book.of("test", "any", calling=False)
    assert calls.tpr == pytest.approx(40.5 / 51)
    assert notes.tpr == pytest.approx(5.5 / 51)
    assert calls.bits > 7
    assert notes.bits < 0
    assert RatesBook([MEASURED]).of("test", "any", calling=True) == RatesBook([MEASURED]).of("test", "any")


def test_notices_of_one_detector_are_one_witness():
    ten = [evidence((f"D-{n}",), "access", "intrusion", severity="low", zone="farm") for n in range(10)]
    one, many = (RiskScorer([MEASURED]).score(some, SITE) for some in (ten[:1], ten))
    assert many.confidence == pytest.approx(one.confidence)
    assert [piece.also for piece in many.assessment.pieces] == [9]


def test_an_attack_during_announced_work_is_still_an_attack():
    site = site_with(works=[WORK])
    found = RiskScorer([MEASURED]).score(
        [one_at(item, T0 + HOUR) for item in (BADGE, LOGIN, FORGED, PLC, GAS)], site
    )  # fmt: skip
    assert found.name == "overfill_attack_release"
    assert found.confidence > 0.9


def by_cause(rule, *, attack, fault, work):
    """Rates of a rule that was measured in twenty windows of each cause."""
    return replace(
        MEASURED, rule=rule, windows=20, found=attack, false_episodes=1, faults=Spoken(20, fault),
        works=Spoken(20, work),
    )  # fmt: skip


def told_as(heard, rows):
    found = RiskScorer(rows).score(heard, SITE)
    return found, {one.name: one.probability for one in found.assessment.explanations}


DOOR, GAP, GAUGE = (
    evidence(("D-FARM",), "access", "intrusion", severity="high", rule="door", alarm="a"),
    evidence(("PLC-1",), "network", "intrusion", severity="high", rule="gap", alarm="b"),
    evidence(("T-1",), suspicion="sensor_fault", severity="high", rule="gauge", alarm="c"),
)


@pytest.mark.parametrize(
    ("rates", "name", "cause"),
    [
        ({"attack": 16, "fault": 1, "work": 0}, "overfill_attack", "attack"),
        ({"attack": 1, "fault": 16, "work": 0}, "disturbance", "sensor_fault"),
        ({"attack": 1, "fault": 1, "work": 16}, None, "work"),
    ],
)
def test_the_same_three_alarms_are_what_they_were_measured_to_speak_of(rates, name, cause):
    """A loose contact, a poll gap and a stuck gauge at once: a storm, unless attackers are what makes these speak."""
    found, chances = told_as([DOOR, GAP, GAUGE], [by_cause(rule, **rates) for rule in ("door", "gap", "gauge")])
    assert found.assessment.common
    assert name in (None, found.name)
    assert chances[cause] > 0.7
    assert all(chances[other] < 0.3 for other in {"attack", "work"} - {cause})
    again = explain(found.assessment, SITE)
    assert (again.verdict, again.difference < 2e-6) == ("same", True)


def test_without_rates_of_each_cause_nothing_explains_an_attack_away():
    rows = [by_cause(rule, attack=16, fault=1, work=0) for rule in ("door", "gap")]
    lone = replace(MEASURED, rule="gauge")
    found, _ = told_as([DOOR, GAP, GAUGE], [*rows, lone])
    assert not found.assessment.common
    assert found.name == "overfill_attack"
    assert "storm:*" not in {node.name for node in network_of(Ground(SITE), Part(found.assessment.nodes)).model.nodes}


def test_the_worse_it_would_be_the_less_sure_it_has_to_be():
    heard = [DOOR, GAP]
    rows = [by_cause(rule, attack=8, fault=6, work=4) for rule in ("door", "gap")]
    chance = told_as(heard, rows)[1]["attack"]
    assert OPEN["critical"] < chance < OPEN["medium"]

    said = {severity: [replace(one, severity=severity) for one in heard] for severity in ("medium", "critical")}
    assert not RiskScorer(rows).opens(said["medium"], SITE)
    assert RiskScorer(rows).opens(said["critical"], SITE)


def one_at(item, moment):
    said = {name: getattr(item, name) for name in item.__struct_fields__}
    return type(item)(**{**said, "first": moment, "last": moment, "began": moment})


BOWTIE = {
    "id": "loc", "hazard": "overfill-1", "without_threat": 1e-4,
    "threats": [
        {"id": "intruder", "probability": 0.02, "leads": 0.05}, {"id": "foothold", "probability": 0.05, "leads": 0.03},
    ],
    "together": [{"threats": ["intruder", "foothold"], "probability": 0.4}],
    "sensors": [
        {"id": "perimeter", "watches": "intruder", "detector": "fence", "tpr": 0.9, "fpr": 0.01},
        {"id": "monitor", "watches": "foothold", "detector": "ot", "rule": "odd", "tpr": 0.8, "fpr": 0.05},
    ],
}  # fmt: skip


def test_a_bowtie_of_the_site_file_is_judged_live_and_silent_sensors_count():
    site = site_with(bowties=[BOWTIE])
    fence = evidence(("D-FARM",), "access", "intrusion", detector="fence")
    monitor = evidence(("ENG-1",), "network", "intrusion", detector="ot", rule="odd")

    def top(heard):
        found = RiskScorer().score(heard, site)
        return found.assessment, next(one.probability for one in found.assessment.top_events)

    both, chance = top([fence, monitor])
    assert chance == pytest.approx(0.14082489, abs=2e-4)
    assert {piece.basis for piece in both.pieces} == {"stated"}
    assert not any(piece.silent for piece in both.pieces)
    alone, less = top([fence])
    assert [piece.rule for piece in alone.pieces if piece.silent] == ["odd"]
    assert less < 0.0442673
    off = evidence((), detector="health", severity="medium")
    blind, more = top([fence, off])
    assert not any(piece.silent for piece in blind.pieces)
    assert more == pytest.approx(0.0442673, abs=2e-4)
    assert "bowties.loc" in alone.fields


def test_measured_rates_take_the_place_of_stated_ones_and_add_up():
    book = RatesBook([MEASURED, Performance(
        detector="test", detector_version="1", rule="", windows=10, found=1, asset_hours=1000, false_episodes=0,
        recording="nights",
    )])  # fmt: skip
    found = book.of("test", "any")
    assert found.tpr == pytest.approx(46.5 / 61)
    assert found.fpr == pytest.approx(1 - 2.718281828459045 ** (-5.5 / 6000 * 8))
    assert found.rests_on == "days, nights"
    assert book.of("test", "any", assets=3).fpr > found.fpr
    assert book.of("stranger", "any") is WEAK


def test_severity_follows_the_chance_of_the_top_event():
    low = [evidence(("D-FARM",), "access", "intrusion", severity="low")]
    assert RiskScorer([MEASURED]).score(low, SITE).severity == "low"
    worse = [*low, evidence(("T-1",), suspicion="sensor_falsified", severity="low")]
    found = RiskScorer([MEASURED]).score(worse, SITE)
    assert found.assessment.top_events[0].probability > 0.1
    assert found.severity == "critical"


def test_next_steps_come_in_order_of_time_with_a_probability():
    steps = RiskScorer([MEASURED]).score([BADGE, LOGIN], SITE).assessment.next_steps
    assert steps
    assert all(0.0 <= step.now < step.ahead <= 1.0 for step in steps)
    assert [step.hops for step in steps] == sorted(step.hops for step in steps)
    assert any("PLC-1" in step.text for step in steps)


def test_why_works_the_number_out_again_and_sees_what_was_changed():
    import msgspec

    found = RiskScorer([MEASURED]).score([BADGE, LOGIN, FORGED, GAS], SITE).assessment
    why = explain(found, SITE)
    assert why.verdict == "same"
    assert why.difference < 1e-6
    assert [abs(p.bits) for p in why.pieces] == sorted((abs(p.bits) for p in why.pieces), reverse=True)
    forged = msgspec.structs.replace(found, pieces=found.pieces[1:])
    assert explain(forged, SITE).verdict == "differs"
    other = site_with(hazards=[])
    assert explain(found, other).verdict == "gone"
    moved = site_with(security_zones=[
        {"id": "basic", "level": 1, "target": 4}, {"id": "supervisory", "level": 2, "target": 4},
        {"id": "enterprise", "level": 4},
    ])  # fmt: skip
    assert explain(found, moved).verdict == "other model"


def test_a_flood_is_weighed_in_bounded_size():
    heard = [
        evidence((asset.id,), suspicion="sensor_fault", alarm=f"{asset.id}/{number}", detector=f"d{number}")
        for asset in SITE.assets
        for number in range(40)
    ]
    assessor = Assessor(SITE)
    found = assessor.assess(heard)
    assert len(found.pieces) <= 32
    assert found.unweighed == len(heard) - len(found.pieces)
    before = assessor.inferences
    assessor.assess([*heard, evidence(("T-1",), suspicion="sensor_fault", alarm="z", detector="d1", confidence=0.5)])
    assert assessor.inferences - before <= 3


def test_a_bowtie_that_cannot_be_judged_in_time_is_refused_with_the_cut_that_mends_it():
    leaves = [{"id": f"l{n:02}", "probability": 0.1} for n in range(20)]
    rng = Random(3)
    goals = [{"id": f"g{n}", "all": rng.sample([leaf["id"] for leaf in leaves], 12)} for n in range(6)]
    tree = {"id": "t", "steps": [{"id": "goal", "any": [goal["id"] for goal in goals]}, *goals, *leaves]}
    site = site_with(attack_trees=[tree], bowties=[{"id": "wide", "threats": [{"id": "i", "attack_tree": "t"}]}])
    with pytest.raises(TooWideError, match="treewidth") as refused:
        refuse_wide(site)
    assert refused.value.where == "site.yaml: bowties: wide"
    assert refused.value.remedy.startswith(("cut step:wide/i/", "split it"))
    refuse_wide(site_with(bowties=[BOWTIE]))


@pytest.mark.parametrize("example", ["depot", "water"])
def test_evidence_anywhere_on_a_whole_site_is_judged_within_the_bound(example):
    site = load_site(Path(__file__).resolve().parents[3] / "examples" / example)
    assessor = Assessor(site, [MEASURED])
    kinds = ("telemetry", "telemetry", "network", "access", "reports")
    suspicions = ("sensor_fault", "sensor_falsified", "actuator_manipulated", "process_fault", "intrusion", "unknown")
    judged = 0
    for seed in range(25):
        rng = Random(seed)
        heard = [
            evidence((rng.choice(site.assets).id,), rng.choice(kinds), rng.choice(suspicions), alarm=f"a{number}",
                     detector=rng.choice(("test", "stranger")), first=rng.randrange(DAY))
            for number in range(rng.randint(1, 20))
        ]  # fmt: skip
        found = assessor.assess(heard)
        if found is not None:
            judged += 1
            assert explain(found, site).verdict == "same"
            assert all(0.0 <= one.probability <= 1.0 for one in found.explanations)
            assert len(found.pieces) + sum(piece.also for piece in found.pieces) + found.unweighed == len(heard)
    assert judged >= 20


def test_a_barrier_before_the_top_event_lowers_it_and_one_behind_it_does_not():
    def top(*barriers):
        site = site_with(barriers=list(barriers))
        return RiskScorer([MEASURED]).score([FORGED, LOGIN], site).assessment.top_events[0].probability

    trip = {"id": "trip", "prevents": ["overfill-1"], "assets": ["LS-1"], "pfd": 0.01}
    assert top(trip) < top() / 3
    assert top({**trip, "side": "mitigation"}) == top()
