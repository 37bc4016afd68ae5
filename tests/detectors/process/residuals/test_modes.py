"""How sure a relation is by what its pumps do."""

import numpy as np
import pytest

from infrastress.detectors.process.residuals.modes import CHANGED, ON, Scales, ScaleTree, grow, questions
from infrastress.detectors.process.view import SignalTable
from tests.detectors.plant import tank_site


def states(n=4000, seed=0):
    random = np.random.default_rng(seed)
    pump = np.repeat(random.integers(0, 2, n // 8), 8).astype(float)
    return pump, np.concatenate([[np.nan], pump[:-1]]), random


def test_the_hour_of_a_switching_is_found_as_unsure():
    pump, before, random = states()
    asked = questions("P1.state", pump, before) | questions("V1.state", random.permutation(pump), before)
    residuals = random.normal(0, np.where(asked["P1.state", CHANGED], 5.0, 1.0))
    tree = grow(residuals, asked, 0.01)
    assert tree.first == ("P1.state", CHANGED)
    assert tree.leaves[0] == pytest.approx(1.0, rel=0.1)
    assert tree.leaves[3] == pytest.approx(5.0, rel=0.2)
    assert ScaleTree.of_json(tree.as_json()) == tree


def test_noise_alone_asks_nothing_and_the_last_digit_is_the_floor():
    pump, before, random = states()
    tree = grow(random.normal(0, 1.0, len(pump)), questions("P1.state", pump, before), 2.0)
    assert tree == ScaleTree.flat(2.0)
    assert grow(np.full(10, np.nan), {}, 0.5) == ScaleTree.flat(0.5)


def test_scales_are_those_of_the_tree_and_the_widest_where_a_state_is_missing():
    table = SignalTable(tank_site())
    pump, _, random = states(80)
    tree = ScaleTree(("P1.state", CHANGED), ("P1.state", ON), None, (1.0, 2.0, 5.0, 5.0))
    values = np.full((len(table), 81), 3.0)
    values[table.row["P1.state"]] = [0.0, *pump]
    found = Scales(table, [tree, ScaleTree.flat(0.5)]).at(values, 1)
    asked = questions("P1.state", pump, np.array([0.0, *pump[:-1]]))
    np.testing.assert_array_equal(found[0], tree.of(asked, 80))
    assert set(found[1]) == {0.5}
    values[table.row["P1.state"], 40] = np.nan
    assert Scales(table, [tree]).at(values, 1)[0, 39:41].tolist() == [5.0, 5.0]
    assert random.random() < 1.0
