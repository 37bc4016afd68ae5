"""The table of hypotheses: every row can win, none depends on order, and all of them say what to do first."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.fusion import HYPOTHESES, Evidence, TableScorer
from infrastress.fusion.signs import WORDS

from .plant import SITE


def evidence(assets, kind="telemetry", suspicion="unknown", confidence=0.8, severity="high", **fields):
    values = {"alarm": f"{assets}{kind}{suspicion}", "detector": "test", "rule": "r", "title": "R", "zone": "",
              "sentence": f"{assets} 3 of 4 m", "techniques": (), "count": 1, "began": 0, "first": 0, "last": 0,
              "standing": True, **fields}  # fmt: skip
    return Evidence(assets=assets, source_kind=kind, suspicion=suspicion, confidence=confidence, severity=severity,
                    **values)  # fmt: skip


BADGE = evidence(("D-FARM",), "access", "intrusion", severity="low")
LOGIN = evidence(("ENG-1",), "network", "intrusion", severity="low")
FORGED = evidence(("T-1",), suspicion="sensor_falsified")
STUCK = evidence(("T-1",), suspicion="sensor_fault")
PERHAPS_STUCK = evidence(("T-1",), suspicion="sensor_fault", confidence=0.5)
UNLIKE = evidence(("T-1",))
PLC = evidence(("PLC-1",), suspicion="sensor_falsified")
VALVE = evidence(("PLC-1",), suspicion="actuator_manipulated")
UPSET = evidence(("T-1",), suspicion="process_fault")
SWITCH = evidence(("LS-1",), "access")
GAS = evidence(("GD-1",), "access", severity="critical")
INHIBITED = evidence(("GD-1",), "access", "actuator_manipulated")
DEAD = evidence(("GD-1",), "access", "sensor_fault")
FLAME = evidence(("FD-1",), "access", "process_fault")
CLIMBED = evidence(("F-1",), "access", "intrusion")
TRIPPED = evidence(("LS-1",), "access", "process_fault")
SMELL = evidence((), "reports", severity="low")
OFF = evidence((), detector="health", severity="medium")
ODD = evidence(())


@pytest.mark.parametrize(
    ("heard", "name"),
    [
        ([BADGE, LOGIN, FORGED, GAS, SMELL], "overfill_attack_release"),
        ([BADGE, FORGED], "overfill_attack"),
        ([LOGIN, STUCK], "overfill_attack"),
        ([LOGIN, PLC], "signal_manipulation"),
        ([LOGIN, VALVE], "process_manipulation"),
        ([BADGE, SWITCH], "process_manipulation"),
        ([GAS, SMELL], "loss_of_containment"),
        ([GAS], "gas_detected"),
        ([INHIBITED], "safeguard_disabled"),
        ([DEAD], "sensor_fault"),
        ([FLAME], "fire_detected"),
        ([CLIMBED], "unauthorised_access"),
        ([TRIPPED], "process_upset"),
        ([BADGE, LOGIN], "coordinated_intrusion"),
        ([FORGED], "falsified_signal"),
        ([STUCK], "sensor_fault"),
        ([UNLIKE], "contradiction"),
        ([UNLIKE, UNLIKE, PERHAPS_STUCK], "contradiction"),
        ([SWITCH], "safeguard_disabled"),
        ([UPSET, SMELL], "leak"),
        ([VALVE], "actuator_manipulated"),
        ([UPSET], "process_upset"),
        ([LOGIN], "cyber_intrusion"),
        ([BADGE], "unauthorised_access"),
        ([SMELL], "reported_by_people"),
        ([OFF], "monitoring_lost"),
        ([ODD], "unexplained"),
    ],
)
def test_each_row_wins_where_it_should(heard, name):
    found = TableScorer().score(heard, SITE)
    assert found.name == name
    assert 0.0 < found.confidence < 1.0
    assert "{" not in found.title
    assert "3 of 4 m" in found.why


def test_every_row_is_tested_above_and_says_what_to_do_first():
    cases = test_each_row_wins_where_it_should.pytestmark[0].args[1]
    assert {name for _, name in cases} == {row.name for row in HYPOTHESES}
    assert all(row.first.format(subject="T-1") for row in HYPOTHESES)
    assert frozenset().union(*(row.explains for row in HYPOTHESES)) == set(WORDS)


@settings(max_examples=150)
@given(st.data())
def test_the_judgement_is_a_function_of_the_set(data):
    pool = [BADGE, LOGIN, FORGED, STUCK, PLC, VALVE, UPSET, SWITCH, GAS, SMELL, OFF, ODD]
    some = data.draw(st.lists(st.sampled_from(pool), min_size=1, unique_by=lambda item: item.alarm))
    one = TableScorer().score(some, SITE)
    assert one == TableScorer().score(data.draw(st.permutations(some)), SITE)
    assert one.confidence + sum(other.confidence for other in one.alternatives) <= 1.002
    assert all(other.confidence <= one.confidence for other in one.alternatives)


def test_what_speaks_against_lowers_the_confidence_and_is_said():
    alone = TableScorer().score([STUCK], SITE)
    doubted = TableScorer().score([STUCK, evidence((), "reports", confidence=0.01, severity="low")], SITE)
    assert doubted.confidence < alone.confidence
    assert "Against it: people reporting it." in doubted.why
