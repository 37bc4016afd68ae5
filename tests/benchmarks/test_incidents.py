"""Scores of whole incidents against hand-worked cases and pairs counted one by one; and the benchmark itself, small."""

import json
import random
from itertools import combinations
from typing import Any
from zlib import crc32

import pytest
from benchmarks.incident.fused import RIVALS, Fused, rival
from benchmarks.incident.labels import Labelled, Labels
from benchmarks.incident.scores import best_matches, brier, delay_s, is_one, pairs_of, reliability
from benchmarks.incident.takes import Case, Span, Take
from benchmarks.incidents import GROUPS, OURS, SEEDS, cases, main, quiet_cases
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.time import HOUR, MINUTE, SECOND
from infrastress.events import Detection, Incident, encode_event, make_event
from infrastress.simulators.incidents import TALES
from infrastress.site.load import load_site
from tests.conftest import ROOT

T0 = 1_773_000_000 * SECOND


def said(
    name: str,
    of: str,
    at: int = T0,
    *,
    detector: str = "access",
    kind: Any = "access",
    severity: Any = "high",
    **more: Any,
) -> Labelled:
    body = Detection(
        detector=detector, detector_version="1", rule=f"{detector}.rule", episode=name, phase="raised",
        source_kind=kind, severity=severity, score=1.0, sentence="It is so.", began=at, until=at,
    )  # fmt: skip
    event = make_event(
        site="depot", source=detector, sequence=crc32(name.encode()), occurred=at, body=body,
        assets=more.get("assets", ()), zone=more.get("zone", ""),
    )  # fmt: skip
    return Labelled(event, body, of)


def clusters(pairs: list[tuple[Labelled, str]]) -> dict[str, str]:
    return {one.event.id: name for one, name in pairs if name}


def test_pairs_worked_by_hand():
    a, b, c, d, e, f = (said(name, of) for name, of in zip("abcdef", "mmmbb ", strict=True))
    f = f._replace(of="")
    # Incidents: {a, b, d, f}, {c}, e in none. Joined among a..e: ab, ad, bd; right: ab; of one event: ab ac bc, de
    found = pairs_of([a, b, c, d, e, f], clusters([(a, "x"), (b, "x"), (c, "y"), (d, "x"), (e, ""), (f, "x")]))
    assert found == (1, 3, 4)
    assert (found.precision, found.recall, found.f1) == (pytest.approx(1 / 3), 0.25, pytest.approx(2 / 7))


@given(st.integers(0, 10**6))
def test_pairs_are_those_counted_one_by_one(seed: int):
    draw = random.Random(seed)
    told = [said(str(n), draw.choice(["main", "beside", ""])) for n in range(draw.randint(0, 12))]
    cluster = clusters([(one, draw.choice(["x", "y", "z", ""])) for one in told])
    mine = [one for one in told if one.of]
    joined = true = right = 0
    for one, other in combinations(mine, 2):
        same = cluster.get(one.event.id, one.event.id) == cluster.get(other.event.id, other.event.id)
        joined, true = joined + same, true + (one.of == other.of)
        right += same and one.of == other.of
    assert pairs_of(told, cluster) == (right, joined, true)


def test_each_event_weighs_the_same_in_the_best_match():
    main_ = [said(f"m{n}", "main") for n in range(9)]
    beside, noise = said("b", "beside"), said("n", "")
    everything = [*main_, beside, noise]
    merged = clusters([(one, "all") for one in everything])
    # The one beside: 2 * 1 / (10 + 1), with noise 2 / 12; main: 18 / 19, 18 / 20. In order of the events' names
    assert best_matches(everything, merged, noise=False) == [pytest.approx(2 / 11), pytest.approx(18 / 19)]
    assert best_matches(everything, merged, noise=True) == [pytest.approx(2 / 12), pytest.approx(18 / 20)]
    apart = clusters([*((one, "x") for one in main_), (beside, "y")])
    assert best_matches(everything, apart, noise=True) == [1.0, 1.0]
    assert pairs_of(everything, merged).f1 > 0.85  # pairs alone hardly see that one was swallowed


def test_an_attack_is_one_incident_only_when_the_other_is_another():
    a, b = said("a", "main"), said("b", "main")
    low, c = said("l", "main", severity="low"), said("c", "beside")
    one = [a, b, low, c]
    assert is_one(one, clusters([(a, "x"), (b, "x"), (c, "y")])) is True
    assert is_one(one, clusters([(a, "x"), (b, "x"), (c, "x")])) is False
    assert is_one(one, clusters([(a, "x"), (b, "z"), (c, "y")])) is False
    assert is_one(one, clusters([(a, "x"), (b, "x"), (low, "y"), (c, "y")])) is True
    assert is_one([low, c], clusters([(low, "y"), (c, "y")])) is None


def incident(name: str, detections: tuple[str, ...], superseded_by: str = "") -> Incident:
    return Incident(
        incident=name, revision=1, state="open", hypothesis="unauthorised_access", title="t", severity="high",
        confidence=0.8, why="w", began=T0, updated=T0, first_alarm=T0, detections=detections,
        source_kinds=("access",), timeline=(), superseded_by=superseded_by,
    )  # fmt: skip


def fused(*versions: tuple[int, Incident]) -> Fused:
    made = [
        (make_event(site="depot", source="fusion", sequence=n, occurred=T0, observed=at, body=body), body)
        for n, (at, body) in enumerate(versions)
    ]
    return Fused(tuple(made), {}, {}, {}, 0.0)


def test_the_delay_runs_from_the_second_independent_evidence_to_the_first_right_incident():
    first = said("a", "main", T0)
    again = said("b", "main", T0 + MINUTE)
    other = said("c", "main", T0 + 5 * MINUTE, detector="site_network", kind="network")
    beside = said("d", "beside", T0 + 2 * MINUTE)
    told = [first, again, beside, other]
    names = {key: one.event.id for key, one in zip("abdc", told, strict=True)}
    early = incident("i", (names["a"], names["b"]))
    wrong = incident("j", (names["a"], names["c"], names["d"]))
    right = incident("i", (names["a"], names["c"]))
    versions = (T0 + 2 * MINUTE, early), (T0 + 6 * MINUTE, wrong), (T0 + 7 * MINUTE, right)
    assert delay_s(told, fused(*versions)) == 120.0
    assert delay_s(told, fused(*versions[:2])) == float("inf")
    assert delay_s([first, again], fused(*versions)) is None
    assert delay_s([beside], fused(*versions)) is None


def test_brier_and_reliability():
    pairs = [(0.9, True), (0.8, False), (0.05, False), (1.0, True)]
    assert brier(pairs) == pytest.approx((0.01 + 0.64 + 0.0025 + 0.0) / 4)
    assert reliability(pairs) == [
        (0.0, 0.1, 1, 0.05, 0.0), (0.8, 0.9, 1, 0.8, 0.0), (0.9, 1.0, 2, pytest.approx(0.95), 1.0)
    ]  # fmt: skip


def test_rules_of_thumb():
    one, two, three = (said(str(n), "main", T0 + n * HOUR, assets=("T-1", "T-2")) for n in (0, 1, 4))
    place = said("p", "main", T0, zone="gate")
    told = [one, place, two, three]
    assert len(set(rival(RIVALS[0], told).values())) == 1
    by_asset = rival(RIVALS[1], told)
    assert [by_asset[each.event.id] for each in told] == ["T-1", "gate", "T-1", "T-1"]
    by_gap = rival(RIVALS[2], told)
    assert by_gap[one.event.id] == by_gap[two.event.id] != by_gap[three.event.id]


def test_a_detection_belongs_to_the_event_it_names_in_its_hours():
    site = load_site(ROOT / "examples" / "depot")
    spans = (
        Span("forced_door", True, T0, T0 + HOUR, ("D-PUMPS",), "pumps", "beside", False, False),
        Span("gauge_falsified", True, T0, T0 + HOUR, ("T-101", "LT-101"), "", "main", True, False),
        Span("fake_reports", True, T0, T0 + HOUR, (), "", "main", False, False),
        Span("identity-request", True, T0 + 5 * HOUR, T0 + 5 * HOUR, ("PLC-FARM-A",), "", "main", False, True),
        Span("ghost_track", False, T0 + 5 * HOUR, T0 + 5 * HOUR, ("T-105",), "", "beside", False, False),
        Span("door_chatter", False, T0, T0 + HOUR, ("D-JETTY",), "jetty", "", False, False),
    )
    wanted = [
        (said("named", "beside", T0 + 2 * HOUR, zone="pumps"), {}),
        (said("too late", "", T0 + 2 * HOUR + MINUTE, zone="pumps"), {}),
        (said("too early", "", T0 - 11 * MINUTE, zone="pumps"), {}),
        (said("near", "main", T0 + 4 * HOUR, detector="process_invariants", kind="telemetry", assets=("XV-101P",)), {}),
        (said("far", "", T0 + MINUTE, detector="process_invariants", kind="telemetry", assets=("T-107",)), {}),
        (said("told", "main", T0 + MINUTE, detector="reports", kind="reports"), {}),
        (
            said("told, with what lies beside", "main", T0 + MINUTE, detector="reports", kind="reports"),
            {"names": ("D-PUMPS",)},
        ),
        (said("loaded", "main", T0 + MINUTE, detector="n", kind="network", assets=("PLC-FARM-A",)), {}),
        (said("long after", "", T0 + 2 * HOUR, detector="n", kind="network", assets=("PLC-FARM-A",)), {}),
        (said("asked", "main", T0 + 5 * HOUR, detector="site_network", kind="network", assets=("SIS-1",)), {}),
        (said("flown", "beside", T0 + 5 * HOUR, detector="tracks", assets=("GD-10",)), {}),
        (said("ordinary", "", T0 + MINUTE, assets=("D-JETTY",)), {}),
        (said("of whom", "main", T0 + MINUTE, assets=("D-JETTY",)), {"names": ("T-101",)}),
    ]
    names = {one.event.id: more.get("names", ()) for one, more in wanted}
    records = tuple(("fusion/depot:event", one.event.id, encode_event(one.event)) for one, _ in wanted)
    found = Labels(site).of(Take(T0, T0 + HOUR, spans, names, records))
    assert {one.event.id: one.of for one in found} == {one.event.id: one.of for one, _ in wanted}


def test_seeds_are_many_and_tuning_has_none_of_the_evaluation():
    seeds = json.loads(SEEDS.read_text())
    every = {group: set[int]() for group in ("tuning", "evaluation")}
    for group, found in every.items():
        runs = [case for site in ("depot", "water") for case in cases(seeds, group, site, None, quick=False)]
        calm = [case for site in ("depot", "water") for case in quiet_cases(seeds, group, site, quick=False)]
        found.update(case.seed for case in (*runs, *calm))
        if group == "evaluation":
            assert len(runs) >= 500
            assert sum(case.hours for case in calm) / 24 >= 300
            for tale, twins in TALES.items():
                for twin in twins:
                    mine = {(one.site, one.seed) for one in runs if (one.tale, one.twin) == (tale, twin)}
                    assert len(mine) >= 10
                    assert {one.beside for one in runs if one.tale == tale} == {"none", "far", "near"}
    training = seeds["training"]
    assert not every["tuning"] & every["evaluation"]
    assert not {*training["seeds"], *training["network"]["seeds"]} & (every["tuning"] | every["evaluation"])


def test_the_benchmark_runs(tmp_path, capsys):
    """One tale at one site, twice: what detectors said comes from the cache the second time, with equal figures."""
    options = ["--tuning", "--quick", "--only", "drone", "--site", "depot", "--cache", str(tmp_path), "--json"]
    main(options)
    first = json.loads(capsys.readouterr().out)
    assert first["runs"] == 6
    assert first["belonging"] > 0
    assert set(first["grouping"]) == {OURS, GROUPS, *RIVALS}
    assert {row[1] for row in first["tales"]} == {"attack", "fault", "benign"}
    assert len(list(tmp_path.rglob("*.take"))) == 6
    main([*options[:-1], "--plot", str(tmp_path / "reliability.png")])
    told = capsys.readouterr()
    assert "playing" not in told.err
    assert "| fusion |" in told.out
    assert (tmp_path / "reliability.png").stat().st_size > 1000
    main(options)
    assert json.loads(capsys.readouterr().out)["grouping"] == first["grouping"]


def test_a_case_has_a_name():
    assert Case("depot", "drone", "fault", "far", 3, 14.0).name == "depot-drone-fault-far-3"
    assert Case("depot", "", "", "", 3, 48.0).name == "depot-quiet-3"
