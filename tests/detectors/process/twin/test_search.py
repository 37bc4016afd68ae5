"""The search for the state that lies: what it leaves out at a first glance would not have been found either."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest

from infrastress.detectors.process.twin import TwinDetector, judging
from infrastress.detectors.process.twin.estimation import best_step, linear_estimate
from infrastress.events.frames import Block, Frames
from infrastress.runtime.frames import Framer
from infrastress.simulators.base import Scenario
from infrastress.simulators.water import WaterSimulator
from tests.detectors.contract import feed
from tests.simulators.water.networks import LIBRARY, needs_wntr, site_of

pytestmark = needs_wntr


METERED = """\
cadence_s: 300
signals:
  - {elements: tanks, kind: level, tag: "LT-{element}", unit: m, resolution: 0.001}
  - {elements: pumps, kind: flow, tag: "FT-{element}", unit: m3/h, resolution: 0.1}
  - {elements: pumps, kind: state, tag: "ZS-{element}"}
  - {elements: ["330"], kind: state, tag: "ZS-{element}"}
  - {elements: ["35", "61", "117", "149", "203", "255"], kind: pressure, tag: "PT-{element}", unit: m, resolution: 0.01}
"""


@cache
def taught():
    """EPANET's example network 3 with three states, a day of it, and what the day taught."""
    site = site_of(LIBRARY / "Net3.inp", Path(mkdtemp()), METERED)
    options = {"oddities": False}
    scenario = Scenario(name="day", simulator="water", start="2026-03-02T00:00:00Z", duration_h=24, options=options)
    framer = Framer(round(site.runtime.frame_s * 1e9), [one.id for one in site.signals])
    for samples in WaterSimulator(site).run(scenario, 3).samples:
        framer.add(samples)
    (quiet,) = framer.close(None)
    return site, quiet, TwinDetector.learn(site, TwinDetector.Options(), [Block(quiet, ())]).baseline


def lying() -> tuple[Frames, list[str]]:
    """Every state is turned round for a while, one after the other, and one meter lies in between."""
    _, quiet, _ = taught()
    site, last = taught()[0], quiet.last.copy()
    states = [one.id for one in site.signals if one.kind == "state"]
    for number, signal in enumerate(states):
        column = quiet.tags.index(signal)
        last[30 + 40 * number : 40 + 40 * number, column] = 1.0 - last[30 + 40 * number : 40 + 40 * number, column]
    level = next(one.id for one in site.signals if one.kind == "level")
    last[200:210, quiet.tags.index(level)] += 1.0
    return replace(quiet, last=last, mean=last), states


def test_the_best_hints_find_what_all_find(monkeypatch: pytest.MonkeyPatch):
    site, _, baseline = taught()
    stream, states = lying()
    assert len(states) > 1
    said, turned = [], set()
    for tried in (len(states), 1):
        monkeypatch.setattr(judging, "_TRIED", tried)
        found = feed(TwinDetector(site, TwinDetector.Options(), baseline), [Block(stream, ())])
        said.append(found)
        turned = {one.body.contributions[0].signal for one in found if "the other way" in one.body.sentence}
    assert said[0] == said[1]
    assert turned & set(states)


def test_a_step_alone_is_that_of_the_whole_estimate():
    draw = np.random.default_rng(1)
    for unknowns in (1, 3, 7):
        slopes, off = draw.normal(size=(9, unknowns)), draw.normal(size=9)
        off[2] = np.nan
        sigma, prior, moved = draw.uniform(0.1, 2, 9), draw.uniform(0, 1, unknowns), draw.normal(size=unknowns)
        whole = linear_estimate(slopes, off, sigma, prior, moved)
        assert (best_step(slopes, off, sigma, prior, moved) == whole.step).all()
