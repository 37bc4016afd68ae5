"""People as sensors: two axes, one for how far a cluster can be believed and one for what sensors and operators say."""

import math
import re
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from benchmarks.crowds import Crowd, merged
from benchmarks.reports import BEGIN, judge, words
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.time import DAY, MINUTE, SECOND
from infrastress.detectors.reports import ReportDetector, ReportOptions
from infrastress.detectors.reports.hands import Entry, voices_of
from infrastress.detectors.reports.wind import Mast, Surroundings, Wind, sector_of, within
from infrastress.events import GasReading, Report, ReportVerdict, SwitchState, make_event
from infrastress.events.frames import Block, Frames
from infrastress.fusion import FusionUnit
from infrastress.site.geo import Georeference
from infrastress.site.load import load_site
from tests.detectors.contract import DetectorContract

SEEDS = range(100)
DEPOT = Path(__file__).resolve().parents[3] / "examples" / "depot"


@pytest.fixture(scope="module")
def depot(depot_folder):
    return load_site(depot_folder)


def frames(count=40, wind=250.0, speed=4.0, begin=BEGIN):
    ends = begin + MINUTE * np.arange(1, count + 1, dtype=np.int64)
    rows = np.tile([math.radians(wind), speed], (count, 1))
    return Frames(MINUTE, ends, ("WD-1", "WS-1"), rows, rows, np.ones(rows.shape, np.int32))


def report(category="smell", who="n1", at_s=30.0, *, depot=None, where=None, sequence=0, **more):
    if where is not None:
        latitude, longitude = Georeference(depot.location).to_earth(where)
        more |= {"latitude": latitude, "longitude": longitude}
    body = Report(reporter=who, channel="web", category=category, text=more.pop("text", ""), **more)
    return make_event(
        site="depot", source="reports", sequence=sequence, occurred=BEGIN + round(at_s * SECOND), body=body
    )


def gas(head, at_s, level=0.5, **more):
    body = GasReading(detector=head, level_lel=level, alarmed=level >= 0.2, **more)
    return make_event(site="depot", source="gas", sequence=0, occurred=BEGIN + round(at_s * SECOND), body=body)


def raised(found):
    return [(f.body.rule, f.body.severity) for f in found if f.body.phase == "raised"]


def last(found):
    return next(f.body for f in reversed(found) if f.body.phase == "raised")


class TestContract(DetectorContract):
    def make(self):
        return ReportDetector(load_site(DEPOT), ReportOptions())

    def stream(self):
        site = load_site(DEPOT)
        crowd = Crowd(site, 7, BEGIN)
        events = merged(crowd.campaign(12), crowd.neighbours(4, begin_s=60.0), crowd.beside_a_sensor())
        return Block(frames(90), tuple(events))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (report("smell"), [("report.danger", "low")]),
        (report("fire"), [("report.danger", "high")]),
        (report("fire", trained=True), [("report.danger", "critical")]),
        (report("drone"), [("report.suspicious", "low")]),
        (report("near_miss"), [("report.safety", "info")]),
        (report("insider", text="he copies keys"), []),
        (report("other"), []),
    ],
)
def test_one_report_alone(depot, event, expected):
    found = judge(depot, [event])
    assert raised(found) == expected
    assert all(word == "unconfirmed" for word in words(found))


def test_two_independent_people_are_probable_at_the_second_report_with_the_sector_upwind(depot):
    events = [
        report(depot=depot, where=(760, 220), text="smell of petrol in the kitchen"),
        report(who="n2", at_s=90, depot=depot, where=(650, 250), text="eyes burn, closed the windows"),
    ]
    found = judge(depot, events)
    assert words(found) == ["unconfirmed", "probable"]
    assert found[1].occurred == events[1].occurred
    assert found[1].body.severity == "medium"
    said = found[1].body.sentence
    assert "wind from 250 deg at 4.0 m/s" in said
    assert "between 230 and 270 deg upwind of them: Diesel bund, Petrol bund" in said


def test_a_household_is_one_voice_and_so_is_who_says_it_twice(depot):
    for seed in range(20):
        assert "probable" not in words(judge(depot, Crowd(depot, seed, BEGIN).household()))
    again = [report(at_s=30 * n, sequence=n) for n in range(6)]
    assert words(judge(depot, again)) == ["unconfirmed"]


def test_reports_far_apart_in_time_or_place_are_two_matters(depot):
    near = [report(depot=depot, where=(760, 220)), report(who="n2", at_s=60, depot=depot, where=(3000, 220))]
    assert words(judge(depot, near)) == ["unconfirmed", "unconfirmed"]
    assert words(judge(depot, [report(), report(who="n2", at_s=35 * 60.0)])) == ["unconfirmed", "unconfirmed"]
    assert words(judge(depot, [report(), report("drone", who="n2")])) == ["unconfirmed", "unconfirmed"]


@pytest.mark.parametrize("seed", SEEDS)
def test_fifty_coordinated_fakes_stay_unconfirmed_and_are_one_possible_campaign(depot, seed):
    found = judge(depot, Crowd(depot, seed, BEGIN).campaign())
    assert set(words(found)) <= {"unconfirmed", "possible campaign"}
    campaigns = {f.body.episode for f in found if f.body.rule == "report.campaign"}
    assert len(campaigns) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_neighbours_and_fakes_are_seen_at_once_neither_lost_neither_confirmed(depot, seed):
    crowd = Crowd(depot, seed, BEGIN)
    fakes, honest = crowd.campaign(), crowd.neighbours(5, begin_s=120.0)
    found = judge(depot, merged(fakes, honest))
    told = words(found)
    assert "possible campaign" in told
    assert "probable" in told
    assert "corroborated" not in told
    mine = {event.id for event in honest}
    clusters = [f for f in found if f.body.rule != "report.campaign" and mine & set(f.body.evidence)]
    assert "probable" in words(clusters)
    first = min(f.occurred for f in clusters if f.body.sentence.startswith("probable"))
    apart = [event for event in honest if len(voices_of(_entries(honest, event))) > 1]
    assert first <= apart[0].occurred + MINUTE, "within a minute of the second independent report"


def _entries(events, upto):
    return [
        Entry(
            e.id, e.occurred, "release", "smell", e.body.reporter, e.body.network, "", "", None, False, False, True, (),
            "", hand=e.id,
        )
        for e in events if e.occurred <= upto.occurred
    ]  # fmt: skip


def judged(depot, events, minutes):
    return ReportDetector(depot).update(Block(frames(minutes), tuple(merged(events))))


def campaigns(found):
    return [f for f in found if f.body.rule == "report.campaign"]


def test_fakes_written_anew_at_a_corner_the_wind_misses_are_told_from_the_sixth_on_and_lift_nothing(depot):
    lifted = 0
    for seed in range(1000, 1030):
        events = Crowd(depot, seed, BEGIN).rewritten(corner=True)
        found = judge(depot, events)
        first = campaigns(found)[0]
        assert first.occurred == sorted(event.occurred for event in events)[5]
        assert "6 of 6 stand where the wind brings nothing from the site" in first.body.sentence
        lifted += "probable" in words(found)
    assert lifted <= 1, "some scatter over three corners"


@pytest.mark.parametrize("seed", range(1000, 1030))
def test_fakes_written_anew_that_come_over_few_networks_are_told_and_no_more_than_probable(depot, seed):
    found = judge(depot, Crowd(depot, seed, BEGIN).rewritten(networks=2))
    assert "corroborated" not in words(found)
    assert "came over 2 networks" in campaigns(found)[0].body.sentence
    assert all(f.body.severity == "info" for f in campaigns(found))


@pytest.mark.parametrize("seed", range(1000, 1030))
def test_neighbours_beside_fakes_written_anew_keep_their_word(depot, seed):
    crowd = Crowd(depot, seed, BEGIN)
    fakes, honest = crowd.rewritten(corner=True), crowd.neighbours(5, begin_s=120.0)
    told = words(judge(depot, merged(fakes, honest)))
    assert "probable" in told
    assert "possible campaign" in told


@pytest.mark.parametrize("seed", range(1000, 1020))
def test_a_vane_that_points_wrong_silences_no_crowd(depot, seed):
    crowd = Crowd(depot, seed, BEGIN).neighbours(60, within_s=600.0)
    found = ReportDetector(depot).update(Block(frames(wind=70.0), tuple(crowd)))
    assert "probable" in words(found)


def test_people_who_are_known_or_trained_and_places_without_wind_bear_no_sign(depot):
    crowd = Crowd(depot, 1003, BEGIN).rewritten(12, corner=True)
    assert campaigns(judge(depot, crowd))
    calm = Block(frames(speed=0.1), tuple(crowd))
    assert not campaigns(ReportDetector(depot).update(calm))
    trained = [*crowd, report("smell", "guard", 700, trained=True, depot=depot, where=(300, -180))]
    assert len(campaigns(judge(depot, trained))) == len(campaigns(judge(depot, crowd)))
    before = [
        make_event(site="depot", source="reports", sequence=500 + n, occurred=BEGIN - DAY, body=event.body)
        for n, event in enumerate(crowd[:3])
    ]
    detector = ReportDetector(depot)
    detector.update(Block(frames(2, begin=BEGIN - DAY), tuple(before)))
    assert not campaigns(detector.update(Block(frames(), tuple(crowd))))


@pytest.mark.parametrize("seed", range(1000, 1010))
@pytest.mark.parametrize("spread", [False, True])
def test_a_campaign_is_counted_each_minute_and_exactly_at_its_end(depot, seed, spread):
    events = Crowd(depot, seed, BEGIN).campaign(spread=spread, within_s=1500.0)
    found = campaigns(judged(depot, events, 70))
    assert len({f.body.episode for f in found}) == 1
    assert found[-1].body.phase == "cleared"
    told = [(f.occurred, int(re.search(r"(\d+) reports", f.body.sentence)[1])) for f in found]
    assert told[-1][1] == told[-2][1] == 50
    doublings = {12, 16, 32}
    paced = [moment for moment, count in told[:-1] if count not in doublings]
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(paced))
    for moment, count in told[:-1]:
        came = sum(event.occurred <= moment for event in events)
        assert count in {came, came - 1} or count == 12, "what came with it, but those of another hand"


def test_a_campaign_that_outlives_what_is_in_mind_is_counted_in_whole(depot):
    text = "Terrible petrol leak at the terminal, all must evacuate at once"
    events = [
        report(who=f"n{n}", at_s=60.0 * n, text=text, sequence=n, depot=depot, where=(760, 220)) for n in range(240)
    ]
    found = campaigns(judged(depot, events, 300))
    assert found[-1].body.sentence == "nothing more was reported; in all 240 reports from 240 new accounts"
    again = [
        report(who=f"m{n}", at_s=18000.0 + n, text=text, sequence=300 + n, depot=depot, where=(760, 220))
        for n in range(20)
    ]
    both = campaigns(judged(depot, [*events, *again], 400))
    assert both[-1].body.sentence == "nothing more was reported; in all 20 reports from 20 new accounts"
    assert both[-1].body.episode != found[-1].body.episode


@pytest.mark.parametrize("seed", SEEDS)
def test_one_true_report_beside_a_sensors_alarm_is_corroborated(depot, seed):
    found = judge(depot, Crowd(depot, seed, BEGIN).beside_a_sensor())
    assert words(found)[-1] == "corroborated"
    alone = judge(depot, Crowd(depot, seed, BEGIN).alone())
    assert words(alone) == ["unconfirmed"]
    assert last(found).confidence > last(alone).confidence


@pytest.mark.parametrize("seed", range(1000, 1040))
def test_what_a_campaign_made_credible_is_over_when_it_is_known_for_one(depot, seed):
    events = Crowd(depot, seed, BEGIN).campaign(spread=True)
    found = judge(depot, events)
    end = max(event.occurred for event in events)
    standing = {}
    for one in sorted(found, key=lambda one: one.occurred):
        if one.occurred <= end and one.body.rule != "report.campaign":
            standing[one.body.episode] = one.body
    assert not [body for body in standing.values() if body.phase == "raised" and body.sentence.startswith("probable")]
    gone = [body.sentence for body in standing.values() if body.phase == "cleared"]
    assert all("possible campaign" in sentence for sentence in gone)


@pytest.mark.parametrize("spread", [False, True])
def test_an_incident_of_fakes_is_never_more_than_reported_and_one_beside_a_sensor_is(depot, spread):
    for seed in range(10):
        found = judge(depot, Crowd(depot, seed, BEGIN).campaign(spread=spread))
        for incident in _incidents(depot, found):
            assert incident.hypothesis == "reported_by_people"
            assert incident.title == "Reported by people, not confirmed by any sensor"
            assert incident.confidence <= 0.7


def _incidents(site, found):
    from infrastress.events import Incident, decode_event, encode_event
    from infrastress.store.ports import Record

    unit = FusionUnit(site, cards=ReportDetector.cards)
    told = []
    for number, finding in enumerate(found):
        event = make_event(
            site=site.id, source="detector:reports", sequence=number, occurred=finding.occurred, body=finding.body,
            assets=finding.assets, zone=finding.zone,
        )  # fmt: skip
        data = encode_event(event)
        record = Record(number + 1, f"fusion/{site.id}:event", event.id, data)
        told += [decode_event(output.data) for output in unit.update(record) if output.subject.endswith(":event")]
    return [event.body for event in told if isinstance(event.body, Incident)]


def test_a_late_report_joins_the_cluster_it_belongs_to(depot):
    detector = ReportDetector(depot, ReportOptions())
    early, late = report(who="n0", at_s=10), report(who="n1", at_s=310)
    assert raised(detector.update(Block(frames(6), (late,)))) == [("report.danger", "low")]
    found = detector.update(Block(frames(4, begin=BEGIN + 6 * MINUTE), (early,)))
    assert raised(found) == [("report.danger", "medium")]
    assert found[0].body.began == early.occurred


def test_short_words_are_nobodys_hand(depot):
    calls = [report(who=f"n{n}", at_s=300.0 * n + 1, text="smell of petrol", sequence=n) for n in range(4)]
    found = [f.body for f in judge(depot, calls) if f.body.phase == "raised"]
    assert "4 people independently" in found[-1].sentence
    assert len(found[-1].evidence) == 4
    assert len({body.episode for body in found}) == 1


def test_numbers_alone_are_never_corroborated_nor_sure(depot):
    found = judge(depot, Crowd(depot, 3, BEGIN).neighbours(60, within_s=900.0))
    assert "corroborated" not in words(found)
    assert max(f.body.confidence for f in found) <= 0.6


def test_a_sensor_under_test_or_far_away_or_long_ago_bears_nothing_out(depot):
    here = report(depot=depot, where=(760, 220))
    for other in (gas("GD-01", 60, condition="test"), gas("GD-01", 60, level=0.05), gas("GD-01", 38 * 60.0)):
        assert words(judge(depot, [here, other])) == ["unconfirmed"]
    assert words(judge(depot, [report(depot=depot, where=(4000, 220)), gas("GD-01", 60)])) == ["unconfirmed"]
    assert words(judge(depot, [here, gas("GD-01", 60)])) == ["unconfirmed", "corroborated"]
    call = make_event(site="depot", source="s", sequence=0, occurred=BEGIN + 5 * SECOND,
                      body=SwitchState(device="MCP-9", state="alarm"))  # fmt: skip
    assert words(judge(depot, [here, call])) == ["corroborated"]


def test_an_operators_word_bears_a_cluster_out_and_moves_reputations(depot):
    verdict = make_event(site="depot", source="reports", sequence=9, occurred=BEGIN + 200 * SECOND,
                         body=ReportVerdict(receipt="AAAAAA", verdict="confirmed", by="op"))  # fmt: skip
    found = judge(depot, [report(receipt="AAAAAA"), verdict])
    assert words(found) == ["unconfirmed", "corroborated"]
    assert "an operator bore it out" in last(found).sentence


def test_who_was_wrong_is_believed_less_and_who_was_right_more(depot):
    def later(verdict):
        detector = ReportDetector(depot, ReportOptions())
        first = [report(receipt=f"R{n}", at_s=30 + n, sequence=n, who="old") for n in range(4)]
        said = [
            make_event(site="depot", source="reports", sequence=50 + n, occurred=BEGIN + (300 + n) * SECOND,
                       body=ReportVerdict(receipt=f"R{n}", verdict=verdict, by="op"))
            for n in range(4)
        ]  # fmt: skip
        detector.update(Block(frames(10), tuple(merged(first, said))))
        after = BEGIN + 5 * DAY
        again = make_event(site="depot", source="reports", sequence=99, occurred=after + 5 * SECOND,
                           body=Report(reporter="old", channel="web", category="smell", text=""))  # fmt: skip
        return last(detector.update(Block(frames(5, begin=after), (again,)))).confidence

    nothing = last(judge(depot, [report()])).confidence
    assert later("unfounded") < nothing < later("confirmed")


def test_a_flood_pushes_out_its_own_and_costs_nobody_a_reputation(depot):
    options = ReportOptions(most=60, reporters=50)
    crowd = Crowd(depot, 5, BEGIN)
    honest = crowd.neighbours(3)
    detector = ReportDetector(depot, options)
    detector.update(Block(frames(20), tuple(merged(honest, crowd.campaign(400, within_s=900.0)))))
    held = {entry.id for entry in detector._clusters.entries}
    assert len(held) == 60
    assert {event.id for event in honest} <= held
    assert len(detector.dump()) < 120_000


def test_the_wind_is_a_mean_of_vectors_and_calm_air_has_none(depot):
    mast = Mast(depot)
    rows = np.array([[math.radians(350), 3.0], [math.radians(10), 5.0]])
    two = Frames(MINUTE, BEGIN + MINUTE * np.array([1, 2]), ("WD-1", "WS-1"), rows, rows, np.ones((2, 2), np.int32))
    for number in range(2):
        mast.take(two, number)
    wind = mast.at(BEGIN + 2 * MINUTE)
    assert wind.from_deg % 360 == pytest.approx(0, abs=1e-6) or wind.from_deg == pytest.approx(360)
    assert wind.speed_m_s == pytest.approx(4.0)
    assert mast.at(BEGIN + 30 * MINUTE) is None
    calm = Mast(depot)
    for number in range(3):
        calm.take(frames(3, speed=0.2), number)
    assert calm.at(BEGIN + 3 * MINUTE) is None


@given(st.integers(0, 2**32))
def test_a_bearing_is_in_a_sector_where_it_differs_by_no_more_than_half_its_width(seed):
    random = Random(seed)
    wind, bearing = Wind(random.uniform(0, 360), 5.0), random.uniform(0, 360)
    apart = abs((bearing - wind.from_deg + 180) % 360 - 180)
    assert within(bearing, sector_of(wind, 20.0)) == (apart <= 20.0)


def test_what_lies_upwind(depot):
    around = Surroundings(depot)
    names = [place.name for place in around.upwind((760.0, 220.0), sector_of(Wind(270.0, 5.0), 10.0))]
    assert "Petrol bund" in names
    assert not around.upwind((760.0, 220.0), sector_of(Wind(90.0, 5.0), 10.0))


def test_impossible_places_are_no_place(depot):
    for latitude, longitude in ((91.0, 0.0), (float("nan"), 12.0), (41.2, 1e9)):
        found = judge(depot, [report(latitude=latitude, longitude=longitude)])
        assert words(found) == ["unconfirmed"]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_any_mix_is_told_the_same_however_it_is_cut(seed):
    random = Random(seed)
    site = load_site(DEPOT)
    crowd = Crowd(site, seed, BEGIN)
    events = merged(
        crowd.campaign(random.randint(1, 30)),
        crowd.rewritten(random.randint(0, 12), corner=True),
        crowd.neighbours(random.randint(1, 6)),
        crowd.beside_a_sensor(),
    )
    whole = ReportDetector(site).update(Block(frames(), tuple(events)))
    cut = random.randint(1, 39)
    one, parts = ReportDetector(site), []
    edge = BEGIN + cut * MINUTE
    all_ = frames()
    parts += one.update(Block(all_.part(0, cut), tuple(e for e in events if e.occurred <= edge)))
    two = ReportDetector(site)
    two.load(one.dump())
    parts += two.update(Block(all_.part(cut, 40), tuple(e for e in events if e.occurred > edge)))
    assert sorted(parts, key=_order) == sorted(whole, key=_order)


def _order(finding):
    return finding.occurred, finding.body.rule, finding.body.episode, finding.body.sentence


def test_a_campaign_lends_its_weight_to_no_hypothesis(depot):
    from infrastress.fusion.evidence import Evidence
    from infrastress.fusion.signs import signs_of

    found = judge(depot, Crowd(depot, 1, BEGIN).campaign())
    campaign = next(f.body for f in found if f.body.rule == "report.campaign")
    cluster = next(f.body for f in found if f.body.rule == "report.danger")

    def evidence(body):
        return Evidence(
            alarm="a", detector=body.detector, rule=body.rule, title="", source_kind=body.source_kind, began=0,
            severity=body.severity, suspicion=body.suspicion, confidence=body.confidence, assets=(), zone="", first=0,
            last=0, count=1, sentence=body.sentence, techniques=(), standing=True,
        )  # fmt: skip

    assert signs_of(evidence(campaign), depot) == {"other"}
    assert signs_of(evidence(cluster), depot) == {"report"}
