"""Honest work told with its notice."""

from typing import NamedTuple

from benchmarks.incident.announced import Works
from benchmarks.incident.fused import Fusion

from infrastress.core.time import MINUTE
from infrastress.detectors.network import NetworkRuleDetector
from tests.detectors.network.saying import ENG, PLC, START, block, said, site


class Staged(NamedTuple):
    site: object
    cards: object


def restarted() -> tuple[Works, list, tuple[int, int]]:
    """An engineer restarts a controller, in the tenth minute."""
    plant = site()
    row = said(600, ENG, PLC, action="restart", function=8, function_name="diagnostics")
    found = NetworkRuleDetector(plant).update(block(row, until=900))
    return Works(plant, Fusion(Staged(plant, NetworkRuleDetector.cards))), found, (START, START + 30 * MINUTE)


def test_what_was_announced_is_told_as_work_and_else_as_an_attack():
    works, found, window = restarted()
    assert [one.body.rule for one in found] == ["net.restart"]
    assert works.controllers == ("PLC-1", "PLC-2")
    alone = works.told(found, window)
    assert (alone.incidents, alone.attack) == (1, True)
    told = works.told(found, window, works.notice("restart", START + 5 * MINUTE, START + 20 * MINUTE, ("PLC-1",)))
    assert (told.incidents, told.attack, told.hypotheses) == (1, False, ("announced_work",))
    other = works.notice("restart", START + 600 * MINUTE, START + 620 * MINUTE, ("PLC-1",))
    assert works.told(found, window, other).attack, "at another time"
    outside = works.told(found, (START, START + MINUTE))
    assert (outside.incidents, outside.attack) == (0, False), "of another thing"
