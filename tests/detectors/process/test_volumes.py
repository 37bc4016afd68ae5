"""Control volumes: what is balanced as one, and tanks whose customers draw unmetered."""

import numpy as np
import pytest

from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.balance import MassBalance
from infrastress.events.frames import Block
from infrastress.site import Site
from tests.detectors.plant import START, frames_of

MINUTES = 60


def network() -> Site:
    """Source -> metered pump -> junction - pipe - tank T1 - pipe - town that draws; T2 by itself behind a meter."""
    assets = [
        {"id": "SRC", "type": "boundary"},
        {"id": "PU", "type": "pump"},
        {"id": "J1", "type": "junction"},
        {"id": "J2", "type": "junction", "demand": True},
        {"id": "T1", "type": "tank", "diameter_m": 20.0, "height_m": 6.0},
        {"id": "T2", "type": "tank", "diameter_m": 10.0, "height_m": 6.0},
    ]
    signals = [
        {"id": "L1", "asset": "T1", "kind": "level", "unit": "m", "resolution": 0.01},
        {"id": "L2", "asset": "T2", "kind": "level", "unit": "m", "resolution": 0.01},
        {"id": "F", "asset": "PU", "kind": "flow", "unit": "l/s", "resolution": 0.01},
        {"id": "S", "asset": "PU", "kind": "state"},
        {"id": "F2", "asset": "T2", "kind": "flow", "unit": "l/s", "resolution": 0.01},
    ]
    connections = [
        {"id": "pump", "from": "SRC", "to": "J1", "through": ["PU"], "flow": "F"},
        {"id": "p1", "from": "J1", "to": "T1", "two_way": True},
        {"id": "p2", "from": "J1", "to": "J2", "two_way": True},
        {"id": "p3", "from": "J1", "to": "T2", "flow": "F2"},
    ]
    return Site.model_validate(
        {
            "id": "net",
            "assets": assets,
            "signals": signals,
            "connections": connections,
            "runtime": {"frame_s": 3600},
        }
    )


def weeks(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """n hours: a town that draws by the clock, a pump that follows the level."""
    random, level, on = np.random.default_rng(seed), 3.0, True
    columns = {tag: np.zeros(n) for tag in ("L1", "L2", "F", "S", "F2")}
    for i in range(n):
        on = True if level < 2.5 else False if level > 4.5 else on
        draw = 0.02 * (1 + 0.5 * np.sin(2 * np.pi * i / 24)) * random.normal(1, 0.05)
        columns["L1"][i], columns["S"][i], columns["F"][i] = round(level, 2), on, 0.05 * on
        columns["L2"][i] = 3.0
        level += (0.05 * on - draw) * 3600 / (np.pi / 4 * 20**2)
    return columns


def frames(columns):
    return frames_of(columns, minutes=MINUTES, start=START // (3600 * 10**9) * 3600 * 10**9)


def balance_of(site):
    return next(i for i in InvariantDetector(site).invariants if isinstance(i, MassBalance))


def test_pipes_without_meters_join_and_meters_part():
    volumes = {v.id: v for v in balance_of(network()).farm.volumes}
    assert set(volumes) == {"T1", "T2"}
    assert volumes["T1"].demand
    assert not volumes["T2"].demand
    assert len(volumes["T1"].inward) == 1
    assert len(volumes["T1"].outward) == 1


def test_a_valve_kept_shut_parts_what_it_lies_between():
    def volumes(**valve):
        site = network()
        assets = [*(asset.model_dump() for asset in site.assets), {"id": "V", "type": "valve", **valve}]
        lines = [line.model_dump(by_alias=True) for line in site.connections]
        lines[3] = {"id": "p3", "from": "J1", "to": "T2", "through": ["V"], "two_way": True}
        extra = [{"id": "p4", "from": "SRC", "to": "T2", "flow": "F2"}]
        given = site.model_dump(by_alias=True) | {"assets": assets, "connections": [*lines, *extra]}
        return {volume.id for volume in balance_of(Site.model_validate(given)).farm.volumes}

    assert volumes(normally="closed") == {"T1", "T2"}
    assert volumes() == {"T1+T2"}


def test_a_district_draws_unmetered():
    site = network()
    assets = [asset.model_dump() for asset in site.assets]
    for drawn, open_ in ((12.0, True), (0.0, False)):
        assets[3] = {"id": "J2", "type": "district", "demand_m3h": drawn}
        given = Site.model_validate(site.model_dump(by_alias=True) | {"assets": assets})
        volumes = {volume.id: volume for volume in balance_of(given).farm.volumes}
        assert volumes["T1"].demand is open_


def test_unmetered_demand_has_no_verdict_before_learning_and_a_band_after():
    site, falsified = network(), weeks(24 * 20, seed=9)
    falsified["L1"][200:] = np.clip(falsified["L1"][200] - 0.5 * np.arange(280), 0.1, None)
    assert not [f for f in InvariantDetector(site).update(Block(frames(falsified), ())) if "balance" in f.body.rule]
    lesson = InvariantDetector.learn(site, InvariantDetector.Options(), [Block(frames(weeks(24 * 200)), ())])
    assert any(word.startswith("T1: unmetered flow between") for word in lesson.words)

    def said(columns):
        found = InvariantDetector(site, None, lesson.baseline).update(Block(frames(columns), ()))
        return [f for f in found if f.body.rule == "process.mass_balance" and f.body.phase == "raised"]

    assert said(weeks(24 * 100, seed=5)) == []
    alarm = said(falsified)[0]
    assert alarm.assets == ("T1",)
    assert "normal is" in alarm.body.sentence


def test_no_cut_changes_when_a_balance_is_over():
    site, columns = network(), weeks(24 * 20, seed=9)
    columns["L1"][200:230] += 1.5
    lesson = InvariantDetector.learn(site, None, [Block(frames(weeks(24 * 60)), ())])
    whole = frames(columns)
    found = InvariantDetector(site, None, lesson.baseline).update(Block(whole, ()))
    over = [f for f in found if f.body.rule == "process.mass_balance" and f.body.phase == "cleared"]
    # Each step is over some frames behind it, not when the window of 16 hours has run out.
    assert over
    assert all((f.body.until - f.body.began) / 3.6e12 < 12 for f in over)
    judge, pieces = InvariantDetector(site, None, lesson.baseline), []
    for start in range(0, len(whole), 7):
        pieces += judge.update(Block(whole.part(start, start + 7), ()))
        kept = judge.dump()
        judge = InvariantDetector(site, None, lesson.baseline)
        judge.load(kept)
    assert pieces == found


def town() -> Site:
    """A pump fills a town behind meters; T1 floats on it, and a big customer has a meter of its own."""
    assets = [
        {"id": "SRC", "type": "boundary"},
        {"id": "PU", "type": "pump"},
        {"id": "TOWN", "type": "district", "demand_m3h": 100.0},
        {"id": "T1", "type": "tank", "diameter_m": 20.0, "height_m": 6.0},
    ]
    signals = [
        {"id": "L1", "asset": "T1", "kind": "level", "unit": "m", "resolution": 0.001},
        {"id": "F", "asset": "PU", "kind": "flow", "unit": "m3/h", "resolution": 0.1},
        {"id": "S", "asset": "PU", "kind": "state"},
        {"id": "F1", "asset": "T1", "kind": "flow", "unit": "m3/h", "resolution": 0.1},
    ]
    connections = [
        {"id": "pump", "from": "SRC", "to": "TOWN", "through": ["PU"], "flow": "F"},
        {"id": "tank", "from": "TOWN", "to": "T1", "flow": "F1", "two_way": True},
    ]
    given = {"id": "town", "assets": assets, "signals": signals, "connections": connections}
    return Site.model_validate(given | {"runtime": {"frame_s": 3600}})


def town_weeks(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """n hours; what the pump brings and the town doesn't draw goes into the tank."""
    random, level, on = np.random.default_rng(seed), 3.0, True
    columns = {tag: np.zeros(n) for tag in ("L1", "F", "S", "F1")}
    for i in range(n):
        on = True if level < 2.5 else False if level > 4.5 else on
        draw = 100 * (1 + 0.5 * np.sin(2 * np.pi * i / 24)) * random.normal(1, 0.05)
        columns["S"][i], columns["F"][i] = on, round(250.0 * on, 1)
        columns["F1"][i] = round(columns["F"][i] - draw, 1)
        level += columns["F1"][i] / (np.pi / 4 * 20**2)
        columns["L1"][i] = round(level, 3)
    return columns


def town_frames(columns):
    return frames({tag: values / 3600 if tag.startswith("F") else values for tag, values in columns.items()})


def test_a_town_behind_meters_draws_what_it_draws_at_this_hour():
    site = town()
    lesson = InvariantDetector.learn(site, None, [Block(town_frames(town_weeks(24 * 60)), ())])
    assert any(word.startswith("TOWN: unmetered flow between") for word in lesson.words)

    def said(columns):
        found = InvariantDetector(site, None, lesson.baseline).update(Block(town_frames(columns), ()))
        return [f for f in found if "TOWN" in f.assets and f.body.phase == "raised"]

    assert said(town_weeks(24 * 30, seed=3)) == []
    gaps = town_weeks(24 * 30, seed=3)
    gaps["S"][np.random.default_rng(4).random(24 * 30) < 0.1] = np.nan  # less is known: that is no change of the town's
    assert said(gaps) == []
    shown = town_weeks(24 * 30, seed=3)
    # The pump is said to run and doesn't: the tank's own meter tells what really goes in.
    shown["F"][400:430] += 250.0 * (1 - shown["S"][400:430])
    shown["S"][400:430] = 1
    alarm = said(shown)[0]
    assert set(alarm.assets) == {"TOWN", "PU", "T1"}
    assert "for its customers" in alarm.body.sentence
    assert alarm.body.severity == "medium"


def test_a_pipe_beside_a_switching_reaches_as_far_as_it_ever_did():
    site = town()
    detector = InvariantDetector(site)
    columns = town_weeks(200)
    lesson = InvariantDetector.learn(site, None, [Block(town_frames(columns), ())])
    low, high = lesson.baseline["reach"]["F1"]
    assert low * 3600 == pytest.approx(columns["F1"].min())
    assert high * 3600 == pytest.approx(columns["F1"].max())
    net = balance_of(site).net
    net.apply(lesson.baseline["reach"])
    view = next(iter(detector._stream.views(town_frames(columns))))
    flows, pipe = net.over(view), next(i for i, b in enumerate(net.branches) if b.meter == "F1")
    switched = np.flatnonzero(np.diff(columns["S"])) + 1 + view.context
    calm = np.setdiff1d(np.arange(view.context + 2, view.mean.shape[1]), switched)
    assert (flows.low[pipe, switched] == low).all()
    assert (flows.high[pipe, switched] == high).all()
    assert (flows.low[pipe, calm] == flows.least[pipe, calm]).all()
    assert (flows.least[pipe, switched] > low).any()
