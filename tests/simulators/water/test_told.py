"""Mishaps of ordinary days that are told for certain: each changes what it should and nothing else."""

import numpy as np
import pytest

from infrastress.core.errors import SimulationError
from infrastress.core.time import HOUR, from_iso
from tests.simulators.water.networks import needs_wntr, site_of
from tests.simulators.water.test_water import START, Recording, run

pytestmark = needs_wntr
BEGAN = from_iso(START) + 6 * HOUR


def told(ordinary: str, **options):
    options = {"begins_h": 6, "oddities": False, "seed": 5, "hours": 30.0} | options
    return run(options.pop("seed"), options.pop("hours"), ordinary=ordinary, **options)


def note(realisation, kind):
    (found,) = [span for span in realisation.truth if span.kind == kind]
    assert not found.malicious
    return found


@pytest.fixture(scope="module")
def plain() -> Recording:
    return Recording(run(5, 30.0, oddities=False))


def test_a_hot_day_asks_for_more_and_says_so():
    realisation = told("hot_day", size=1.3)
    span = note(realisation, "hot_day")
    assert (span.began, span.ended) == (from_iso(START) + 8 * HOUR, from_iso(START) + 22 * HOUR)
    usual = realisation.facts["undisturbed"]["requested_m3"]
    assert 1.05 * usual < realisation.facts["consequences"]["requested_m3"] < 1.25 * usual


def test_a_big_customer_draws_its_share_while_it_draws():
    realisation = told("big_customer", size=0.05, lasts_h=4)
    span = note(realisation, "big_customer")
    assert span.ended - span.began == 4 * HOUR
    more = realisation.facts["consequences"]["requested_m3"] - realisation.facts["undisturbed"]["requested_m3"]
    assert more == pytest.approx(0.05 * 2490 * 4, rel=0.1)  # of 2,490 m3/h


def test_a_gap_has_no_rows_and_touches_no_other(plain):
    realisation = told("gap", lasts_h=3, compare=False)
    span, seen = note(realisation, "gap"), Recording(realisation)
    assert "undisturbed" not in realisation.facts
    within = (plain.times >= span.began) & (plain.times < span.ended)
    assert within.sum() == 36
    assert np.array_equal(seen.times, plain.times[~within])
    assert np.array_equal(seen.values, plain.values[~within], equal_nan=True)


def test_a_silent_outstation_is_silent_for_a_day(plain):
    realisation = told("silent")
    span, seen = note(realisation, "outstation_silent"), Recording(realisation)
    assert span.ended - span.began == 24 * HOUR
    changed = [tag for tag in seen.tags if not np.array_equal(seen[tag], plain[tag], equal_nan=True)]
    assert changed
    for tag in changed:
        assert np.isnan(seen[tag][(seen.times >= span.began) & (seen.times < span.ended)]).all()


def test_a_stuck_meter_is_one_that_no_controller_reads(plain):
    realisation = told("stuck_meter", lasts_h=8)
    span, seen = note(realisation, "stuck_meter"), Recording(realisation)
    (changed,) = [tag for tag in seen.tags if not np.array_equal(seen[tag], plain[tag], equal_nan=True)]
    within = (seen.times > span.began) & (seen.times < span.ended)
    assert within.sum() == 95
    assert len(np.unique(seen[changed][within])) == 1


def test_a_noisy_meter_is_noisier(plain):
    realisation = told("noisy_meter", lasts_h=8, size=8)
    span, seen = note(realisation, "noisy_meter"), Recording(realisation)
    assert len(span.assets) == 1
    changed = [tag for tag in seen.tags if not np.array_equal(seen[tag], plain[tag], equal_nan=True)]
    assert changed


STATION = """\
[JUNCTIONS]
 S 0
 D 0
 J 20 50
[RESERVOIRS]
 R 10
[TANKS]
 T 40 3 0.5 6 12
[PIPES]
 P1 R S 10 400 120
 P2 D T 500 300 120
 P3 T J 500 300 120
[PUMPS]
 A S D HEAD 1
 B S D HEAD 1
[CURVES]
 1 60 50
[CONTROLS]
 LINK A OPEN IF NODE T BELOW 2.5
 LINK A CLOSED IF NODE T ABOVE 4
 LINK B OPEN IF NODE T BELOW 1.5
 LINK B CLOSED IF NODE T ABOVE 3
[TIMES]
 Duration 24:00
[OPTIONS]
 Units CMH
[END]
"""


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    folder = tmp_path_factory.mktemp("station")
    (folder / "station.inp").write_text(STATION)
    return site_of(folder / "station.inp", folder)


def running(realisation):
    seen = Recording(realisation)
    return {pump: seen[f"ZS-{pump}"][seen.times >= BEGAN] > 0 for pump in "AB"}


def test_in_rotation_the_standby_does_what_the_duty_pump_did(station):
    before = running(run(5, 30.0, site=station, oddities=False))
    assert before["A"].any()
    assert not before["B"].any()
    realisation = told("rotation", site=station)
    after = running(realisation)
    assert note(realisation, "rotation").assets == ("A",)
    stopped = len(after["A"]) - int(np.argmax(after["A"][::-1]))  # a running pump ends its run first
    assert not before["B"].any()
    assert after["B"][stopped:].any()
    assert stopped < 60


def test_the_standby_helps_out_during_maintenance(station):
    realisation = told("maintenance", site=station, lasts_h=20)
    after = running(realisation)
    span = note(realisation, "maintenance")
    assert (span.assets, span.ended - span.began) == (("A",), 20 * HOUR)
    assert not after["A"][1 : 19 * 12].any()
    assert after["B"].any()


def test_pumps_that_hang_on_one_level_stand_in_for_each_other(tmp_path):
    apart = STATION.replace(" B S D HEAD 1", " B S2 D2 HEAD 1").replace(
        "[PIPES]", "[PIPES]\n Q1 S S2 1 400 120\n Q2 D2 D 1 400 120"
    )
    (tmp_path / "apart.inp").write_text(apart.replace(" D 0\n", " D 0\n S2 0\n D2 0\n"))
    site = site_of(tmp_path / "apart.inp", tmp_path)
    assert note(told("rotation", site=site), "rotation").note.endswith("A and B")


@pytest.mark.parametrize("ordinary", ["rotation", "maintenance"])
def test_pumps_without_a_standby_are_left_alone(ordinary):
    with pytest.raises(SimulationError, match=ordinary):
        told(ordinary)


def test_it_has_to_begin_within_the_run():
    with pytest.raises(SimulationError, match="the run ends"):
        told("gap", begins_h=40)
