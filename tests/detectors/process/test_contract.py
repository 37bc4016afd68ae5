"""The invariants held to the family's contract, untrained and trained."""

import numpy as np

from infrastress.detectors.process import InvariantDetector
from infrastress.events.frames import Block
from tests.detectors.contract import DetectorContract
from tests.detectors.plant import frames_of, still, tank_site, with_receipt


def eventful() -> Block:
    """A receipt whose gauge freezes, a bypass, a silent signal, a spike, a flow with the valve shut."""
    columns = with_receipt(400, 40)
    columns["L1"][120:200] = columns["L1"][120]
    columns["S1.bypass"][100:140] = 1.0
    columns["K1"][220:260] = np.nan
    columns["L1"][300] += 0.5
    columns["V1.state"][340:370] = 0.0
    columns["P1.state"][380:] = 1.0
    return Block(frames_of(columns), ())


class TestUntrained(DetectorContract):
    expects = True

    def make(self):
        return InvariantDetector(tank_site(), InvariantDetector.Options())

    def stream(self):
        return eventful()


class TestTrained(DetectorContract):
    expects = True
    lesson = None

    def make(self):
        site = tank_site()
        if TestTrained.lesson is None:
            days = [Block(frames_of(with_receipt(5000, 500, 300.0, seed=1, level=0.1)), ())]
            TestTrained.lesson = InvariantDetector.learn(site, InvariantDetector.Options(), days)
        return InvariantDetector(site, InvariantDetector.Options(), TestTrained.lesson.baseline)

    def stream(self):
        return eventful()


class TestQuiet(DetectorContract):
    says_nothing = True

    def make(self):
        return InvariantDetector(tank_site(), InvariantDetector.Options())

    def stream(self):
        return Block(frames_of(still(300)), ())
