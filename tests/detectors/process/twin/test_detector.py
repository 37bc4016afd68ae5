"""The twin held to the family's contract on a simulated network, learned and not, and what it says."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest

from infrastress.core.errors import BaselineError
from infrastress.detectors.process.twin import TwinDetector
from infrastress.events.frames import Block, Finding, Frames
from infrastress.runtime.frames import Framer
from infrastress.simulators.base import Scenario
from infrastress.simulators.water import WaterSimulator
from infrastress.site import Site
from infrastress.site.load import load_site
from tests.detectors.contract import DetectorContract, feed
from tests.simulators.water.networks import LIBRARY, needs_wntr, site_of

pytestmark = needs_wntr


@cache
def plant() -> Site:
    """EPANET's example network 1: one pump by the level of one tank."""
    return site_of(LIBRARY / "Net1.inp", Path(mkdtemp()))


def frames(hours: float, seed: int, **options) -> Frames:
    """A simulated run on the site's grid."""
    site = plant()
    scenario = Scenario(name="day", simulator="water", start="2026-03-02T00:00:00Z", duration_h=hours, options=options)
    real = WaterSimulator(site).run(scenario, seed)
    framer = Framer(round(site.runtime.frame_s * 1e9), [one.id for one in site.signals])
    for samples in real.samples:
        framer.add(samples)
    parts = list(framer.close(None))
    assert len(parts) == 1
    return parts[0]


@cache
def lesson():
    return TwinDetector.learn(plant(), TwinDetector.Options(), [Block(frames(72, 1, oddities=False), ())])


def learned() -> TwinDetector:
    return TwinDetector(plant(), TwinDetector.Options(), lesson().baseline)


@cache
def changed() -> Block:
    """Half a day in which meters lie one after the other; then a gap."""
    quiet = frames(12, 2, oddities=False)
    last = quiet.last.copy()
    column = {tag: i for i, tag in enumerate(quiet.tags)}
    last[30:50, column["LT-2"]] += 0.8
    last[70:90, column["FT-9"]] *= 1.2
    last[110:120, column["PT-22"]] = np.nan
    last[130:140, column["ZS-9"]] = 1.0 - last[130:140, column["ZS-9"]]
    return Block(Frames(quiet.width, quiet.ends, quiet.tags, last, last, quiet.count), ())


class TestLearned(DetectorContract):
    def make(self):
        return learned()

    def stream(self):
        return changed()


class TestUntaught(DetectorContract):
    says_nothing = True

    def make(self):
        return TwinDetector(plant(), TwinDetector.Options())

    def stream(self):
        return changed()


def raised(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.body.phase == "raised"]


def within(findings: list[Finding], start: int, stop: int) -> list[Finding]:
    ends = changed().frames.ends
    return [one for one in findings if ends[start] <= one.occurred <= ends[stop]]


def test_quiet_days_raise_nothing():
    assert raised(feed(learned(), [Block(frames(24, 3, oddities=False), ())])) == []


def test_a_level_that_lies_is_named_with_what_the_tank_should_do():
    found = within(raised(feed(learned(), [changed()])), 30, 32)
    first = next(one for one in found if one.body.contributions[0].signal == "LT-2")
    assert first.assets == ("T-2",)
    assert first.body.suspicion == "sensor_falsified"
    assert first.body.techniques == ("T0856",)
    assert sum(part.share for part in first.body.contributions) == pytest.approx(1.0)
    assert first.body.sentence.startswith("T-2 should be gaining ")


def test_a_level_that_no_other_meter_tells_is_held_against_the_frame_before():
    quiet = frames(6, 2, oddities=False)
    last = quiet.last.copy()
    column = {tag: i for i, tag in enumerate(quiet.tags)}
    last[:, [i for tag, i in column.items() if tag.startswith("PT") or tag == "FT-9"]] = np.nan
    last[40:, column["LT-2"]] += 0.8
    found = raised(feed(learned(), [Block(Frames(quiet.width, quiet.ends, quiet.tags, last, last, quiet.count), ())]))
    assert [one.occurred for one in found] == [quiet.ends[40]]
    assert found[0].body.sentence.startswith("T-2 should be ")
    assert ", by LT-2 it is gaining " in found[0].body.sentence


def test_a_flow_that_lies_is_named_with_what_the_others_make_of_it():
    found = within(raised(feed(learned(), [changed()])), 70, 72)
    first = next(one for one in found if one.body.contributions[0].signal == "FT-9")
    part = first.body.contributions[0]
    assert part.seen / part.expected == pytest.approx(1.2, abs=0.08)


def test_a_state_that_lies_is_named_and_not_its_meters():
    found = within(raised(feed(learned(), [changed()])), 130, 131)
    assert [one.body.contributions[0].signal for one in found if one.occurred == found[0].occurred] == ["ZS-9"]
    told = found[0]
    assert "only if it is the other way" in told.body.sentence


def test_a_missing_meter_is_no_alarm():
    assert within(raised(feed(learned(), [changed()])), 110, 121) == []


def test_a_fifth_of_all_values_missing_raises_nothing():
    quiet = frames(48, 3, oddities=False)
    last = np.where(np.random.default_rng(2).random(quiet.last.shape) < 0.2, np.nan, quiet.last)
    block = Block(Frames(quiet.width, quiet.ends, quiet.tags, last, last, quiet.count), ())
    assert raised(feed(learned(), [block])) == []


@pytest.mark.parametrize("missing", [["LT-2"], list(plant().signal_by_id)])
def test_what_comes_behind_a_gap_is_no_alarm(missing: list[str]):
    quiet = frames(12, 3, oddities=False)
    last = quiet.last.copy()
    for begin, frames_long in ((40, 1), (60, 6)):
        last[begin : begin + frames_long, [quiet.tags.index(one) for one in missing]] = np.nan
    found = feed(learned(), [Block(Frames(quiet.width, quiet.ends, quiet.tags, last, last, quiet.count), ())])
    assert raised(found) == []


def test_another_network_model_asks_to_learn_again(tmp_path: Path):
    site = site_of(LIBRARY / "Net1.inp", tmp_path)
    (tmp_path / "site" / "network" / "model.inp").write_bytes((LIBRARY / "Net1.inp").read_bytes() + b"\n")
    with pytest.raises(BaselineError, match="network model"):
        TwinDetector(load_site(tmp_path / "site"), TwinDetector.Options(), lesson().baseline)
    assert site.id


def test_what_it_can_not_follow_it_says(tmp_path: Path):
    metered = "cadence_s: 300\nsignals:\n  - {elements: pumps, kind: flow, tag: 'FT-{element}', unit: m3/h}\n"
    site = site_of(LIBRARY / "Net1.inp", tmp_path, metered)
    told = TwinDetector.learn(site, TwinDetector.Options(), [])
    assert told.warnings == ("no physics twin: tank 2 has no level signal; pump 9 has no state signal",)
    silent = TwinDetector(site, TwinDetector.Options(), told.baseline)
    assert silent.scores() is None or np.isnan(silent.scores()).all()


def test_learning_is_said_in_words():
    assert any(word.startswith("the network model explains FT-9 within") for word in lesson().words)
    assert any("LT-2 a frame ahead within" in word for word in lesson().words)


def test_every_episode_ends_when_all_fits_again():
    quiet = frames(14, 3, oddities=False)
    last = quiet.last.copy()
    column = quiet.tags.index("ZS-9")
    last[20:30, column] = 1.0 - last[20:30, column]
    unjudged = {**lesson().baseline, "known": {**lesson().baseline["known"], "strays": [-1]}}
    detector = TwinDetector(plant(), TwinDetector.Options(), unjudged)
    found = feed(detector, [Block(Frames(quiet.width, quiet.ends, quiet.tags, last, last, quiet.count), ())])
    assert len(raised(found)) >= 1
    assert len(found) == 2 * len(raised(found))
