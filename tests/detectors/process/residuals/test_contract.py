"""The learned residuals held to the family's contract, learned and not."""

from functools import cache

import numpy as np

from infrastress.core.time import HOUR
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.events.frames import Block, Finding
from infrastress.site import Site
from tests.detectors.contract import DetectorContract, cut, feed
from tests.detectors.plant import frames_of, tank_site

SITE = {"runtime": {"frame_s": 3600}, "sources": [{"id": "scada", "kind": "telemetry", "cadence_s": 3600}]}


def site() -> Site:
    return tank_site(**SITE)


def days(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """n hours of a tank that a pump empties by a daily pattern and a pipeline fills when it runs low; 2 cm of noise."""
    random = np.random.default_rng(seed)
    hour = np.arange(n) % 24
    draw = (120 + 60 * np.sin(2 * np.pi * hour / 24) + random.normal(0, 3, n)) / 3600
    level, fill, filling, at = np.empty(n), np.zeros(n), False, 6.0
    for i in range(n):
        filling = at < 4.0 or (filling and at < 8.0)
        fill[i] = 400 / 3600 * (1 + random.normal(0, 0.003)) if filling else 0.0
        at += (fill[i] - draw[i]) * 3600 / (np.pi / 4 * 23.0**2)
        level[i] = at
    return {
        "L1": level + random.normal(0, 0.02, n),
        "K1": 288.15 + 3 * np.sin(2 * np.pi * (hour - 9) / 24) + random.normal(0, 0.1, n),
        "F1": fill,
        "F2": draw,
        "V1.state": (fill > 0).astype(float),
        "P1.state": np.ones(n),
    }


def block(columns: dict[str, np.ndarray]) -> Block:
    return Block(frames_of(columns, start=490_000 * HOUR, minutes=60), ())


@cache
def lesson(n: int = 24 * 60):
    return ResidualDetector.learn(site(), ResidualDetector.Options(), [block(days(n))])


def learned() -> ResidualDetector:
    return ResidualDetector(site(), ResidualDetector.Options(), lesson().baseline)


def attacked() -> Block:
    """An offset on the level, then a frozen flow, then a gap in the thermometer, then a spike."""
    columns = days(400, seed=5)
    columns["L1"][100:130] += 1.5
    columns["F2"][200:240] = 0.02
    columns["K1"][260:300] = np.nan
    columns["K1"][350] += 20
    return block(columns)


class TestLearned(DetectorContract):
    expects = True

    def make(self):
        return learned()

    def stream(self):
        return attacked()


class TestUntaught(DetectorContract):
    says_nothing = True

    def make(self):
        return ResidualDetector(site(), ResidualDetector.Options())

    def stream(self):
        return attacked()


def raised(findings: list[Finding]) -> list[Finding]:
    return [f for f in findings if f.body.phase == "raised"]


def test_an_offset_is_told_with_what_was_expected():
    found = raised(feed(learned(), [attacked()]))
    first = next(f for f in found if "L1" in f.body.sentence.split()[0])
    onset = attacked().frames.ends[100]
    assert onset <= first.occurred <= onset + 2 * HOUR
    part = next(c for c in first.body.contributions if c.signal == "L1")
    assert part.seen - part.expected > 1.0
    assert part.unit == "m"
    assert "expected" in first.body.sentence
    assert first.assets == ("T1",)
    assert first.body.severity == "medium"


def test_a_gap_is_no_alarm_and_ends_none():
    columns = days(300, seed=9)
    before = raised(feed(learned(), [block(columns)]))
    columns["F2"][100:160] = np.nan
    columns["L1"][180:190] = np.nan
    assert len(raised(feed(learned(), [block(columns)]))) <= len(before)


def test_unseen_signals_and_a_site_without_them_are_no_fault():
    whole = attacked()
    keep = [i for i, tag in enumerate(whole.frames.tags) if tag != "F1"]
    f = whole.frames
    part = type(f)(f.width, f.ends, tuple(f.tags[i] for i in keep), f.mean[:, keep], f.last[:, keep], f.count[:, keep])
    detector = learned()
    feed(detector, [Block(part, ())])
    assert detector.scores().shape == (len(f),)


def test_rounding_that_training_did_not_have_is_no_alarm():
    """Full precision in training, the instrument's digits at work: nothing leans on what the plant doesn't show."""
    columns = days(700, seed=8)
    for name, step in (("L1", 0.001), ("K1", 0.01), ("F1", 0.1 / 3600), ("F2", 0.1 / 3600)):
        columns[name] = np.rint(columns[name] / step) * step
    assert len(raised(feed(learned(), [block(columns)]))) <= len(raised(feed(learned(), [block(days(700, seed=8))])))


def test_what_never_moved_is_said_to_be_unseen():
    assert any("S1.trip (never heard)" in warning for warning in lesson().warnings)
    assert any(word.startswith("L1 is explained by") for word in lesson().words)


def test_too_little_data_teach_nothing():
    assert lesson(100) is None
    assert ResidualDetector.learn(site(), ResidualDetector.Options(), []) is None


def test_learning_does_not_depend_on_the_blocks():
    whole = block(days(24 * 20))
    one = ResidualDetector.learn(site(), ResidualDetector.Options(), [whole])
    many = ResidualDetector.learn(site(), ResidualDetector.Options(), cut(whole, [1, 50, 333]))
    assert one.baseline == many.baseline


def test_more_data_than_memory_teach_by_the_latest(monkeypatch):
    monkeypatch.setattr("infrastress.detectors.process.residuals.detector._MOST_VALUES", 8 * 24 * 20)
    pieces = cut(block(days(24 * 60)), list(range(24, 24 * 60, 24)))
    few = ResidualDetector.learn(site(), ResidualDetector.Options(), pieces)
    latest = ResidualDetector.learn(site(), ResidualDetector.Options(), pieces[-20:])
    # What sensors do is counted over all data.
    assert {**few.baseline, "sensors": {}} == {**latest.baseline, "sensors": {}}
    assert any("latest 20.0 days" in warning for warning in few.warnings)


def test_a_valve_that_is_moved_by_degrees_is_expected_and_one_that_is_open_or_shut_is_not():
    signals = [
        {"id": name, "asset": "V1", "kind": "position", "unit": "%", "source": "scada", "resolution": 0.1}
        for name in ("degrees", "shut")
    ]
    random = np.random.default_rng(0)
    flow = 0.1 + 0.02 * np.sin(np.arange(900) / 20) + random.normal(0, 0.001, 900)
    columns = {
        "F1": flow,
        "degrees": np.roll(flow, 1) * 3 + random.normal(0, 0.002, 900),
        "shut": (np.arange(900) % 50 < 25).astype(float),
    }
    plant = tank_site(**SITE)
    plant = type(plant).model_validate({**plant.model_dump(by_alias=True), "signals": [
        *plant.model_dump(by_alias=True)["signals"], *signals]})  # fmt: skip
    learned = ResidualDetector.learn(plant, ResidualDetector.Options(), [block(columns)])
    assert set(learned.baseline["relations"]) == {"F1", "degrees"}


def gappy(share: float, **more: np.ndarray):
    columns, random = {**days(24 * 60), **more}, np.random.default_rng(3)
    for values in columns.values():
        values[random.random(len(values)) < share] = np.nan
    return ResidualDetector.learn(site(), ResidualDetector.Options(), [block(columns)]).baseline["relations"]


def test_signals_that_miss_a_frame_now_and_then_are_learned_from():
    whole = lesson().baseline["relations"]
    few = gappy(0.02)
    assert set(few) == set(whole)
    assert few["L1"]["scale"] < 1.5 * whole["L1"]["scale"]


def test_where_hardly_any_frame_is_whole_they_are_learned_from_all_the_same():
    """Seven in a hundred of each signal missing: in three of four frames one of the eighteen inputs is."""
    many = gappy(0.07)
    assert set(many) == set(lesson().baseline["relations"])
    assert all(one["explained"] > 0.3 for one in many.values() if not one["rests"])
