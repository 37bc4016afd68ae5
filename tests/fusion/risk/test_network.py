"""Posteriors against enumeration, and models that are too wide."""

from random import Random

import pytest

from infrastress.core.errors import ConfigurationError
from infrastress.fusion.risk.posterior import Network
from infrastress.fusion.risk.structure import Model, Node, boolean, deterministic, noisy_or
from infrastress.fusion.risk.width import cut_for, treewidth

from .enumeration import enumerate_posterior, random_evidence, random_model


def test_a_thousand_random_models_agree_with_enumeration():
    worst = 0.0
    for seed in range(1000):
        rng = Random(seed)
        model = random_model(rng)
        evidence = random_evidence(rng, model)
        wanted = rng.choice(model.nodes).name
        found = Network(model).posterior(evidence, [wanted])[wanted]
        known = enumerate_posterior(model, evidence, wanted)
        worst = max(worst, *(abs(one - other) for one, other in zip(found, known, strict=True)))
    assert worst < 1e-9


def test_what_is_barren_changes_nothing():
    for seed in range(50):
        rng = Random(seed)
        model = random_model(rng, nodes=9)
        evidence = random_evidence(rng, model)
        wanted = rng.choice(model.nodes).name
        part = model.ancestral([wanted, *evidence])
        whole = Network(model).posterior(evidence, [wanted])[wanted]
        assert Network(part).posterior(evidence, [wanted])[wanted] == pytest.approx(whole, abs=1e-10)


def test_a_noisy_or_by_hand():
    a, b = boolean("a", 0.1), boolean("b", 0.2)
    node = noisy_or("c", [a, b], {("a", "yes"): 0.5, ("b", "yes"): 0.25}, leak=0.1)
    assert node.table == pytest.approx((0.9, 0.1, 0.675, 0.325, 0.45, 0.55, 0.3375, 0.6625))
    every = deterministic("d", [a, b], [frozenset({"yes"})] * 2, all_of=True)
    assert every.table == (1, 0, 1, 0, 1, 0, 0, 1)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([boolean("a", 0.1), boolean("a", 0.1)], "twice"),
        ([Node("b", ("no", "yes"), ("a",), (1.0, 0.0, 1.0, 0.0)), boolean("a", 0.1)], "stand before"),
        ([Node("a", ("no", "yes"), (), (0.5, 0.6))], "sum to 1"),
        ([Node("a", ("no", "yes"), (), (1.0,))], "fit"),
    ],
)
def test_what_is_no_model_is_refused(nodes, says):
    with pytest.raises(ConfigurationError, match=says):
        Model(tuple(nodes))


def grid(side):
    """A grid of that side has that treewidth."""
    made = {}
    for row in range(side):
        for column in range(side):
            parents = [made[at] for at in ((row - 1, column), (row, column - 1)) if at in made]
            weights = {(parent.name, "yes"): 0.5 for parent in parents}
            made[row, column] = noisy_or(f"g{row:02}-{column:02}", parents, weights, leak=0.1)
    return Model(tuple(made.values()))


def test_treewidth_of_known_graphs():
    chain = Model((boolean("a", 0.1), noisy_or("b", [boolean("a", 0.1)], {("a", "yes"): 0.5})))
    assert treewidth(chain) == 1
    assert 3 <= treewidth(grid(3), enough=0) <= 4
    assert 6 <= treewidth(grid(6), enough=0) <= 9


def test_a_model_that_is_too_wide_is_refused_with_a_cut_that_mends_it():
    roots = [boolean(f"r{number:02}", 0.1) for number in range(14)]
    wide = Model((*roots, noisy_or("all", roots, {(node.name, "yes"): 0.1 for node in roots})))
    with pytest.raises(ConfigurationError, match="treewidth 14") as refused:
        Network(wide)
    cut = cut_for(wide)
    assert len(cut) == 2
    assert all(f"{parent} -> {child}" in refused.value.remedy for parent, child in cut)
    kept = [node for node in roots if (node.name, "all") not in cut]
    mended = Model((*roots, noisy_or("all", kept, {(node.name, "yes"): 0.1 for node in kept})))
    assert Network(mended).width <= 12


def test_evidence_that_cannot_be_is_refused():
    model = Model((boolean("a", 0.1),))
    with pytest.raises(ConfigurationError, match="can't be"):
        Network(model).posterior({"a": [(0.0, 1.0), (1.0, 0.0)]}, ["a"])
