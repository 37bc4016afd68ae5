"""Worked examples: a bow-tie with two threats and two sensors, and an attack tree, written in the site file."""

from random import Random

import pytest

from infrastress.fusion.risk.likelihood import Rates, likelihood
from infrastress.fusion.risk.posterior import Network
from infrastress.fusion.risk.structure import BOOLEAN, Model
from infrastress.fusion.risk.tree import bowtie_nodes, threat_node, top_node, tree_nodes, tree_probability
from infrastress.fusion.risk.weights import log_odds, weights_of
from infrastress.site.risk import AttackTree, Bowtie

from .enumeration import enumerate_posterior, random_evidence, random_model

LOC = Bowtie.model_validate(
    {
        "id": "loc",
        "threats": [
            {"id": "intruder", "probability": 0.02, "leads": 0.05},
            {"id": "foothold", "probability": 0.05, "leads": 0.03},
        ],
        "without_threat": 1e-4,
        "together": [
            {"threats": ["intruder"], "probability": 0.05},
            {"threats": ["foothold"], "probability": 0.03},
            {"threats": ["intruder", "foothold"], "probability": 0.4},
        ],
    }
)
PERIMETER, MONITOR = Rates(0.9, 0.01, "stated"), Rates(0.8, 0.05, "stated")


def loud(rates):
    return likelihood(rates, BOOLEAN, {"yes": 1.0})


def silent(rates):
    return (1 - rates.fpr, 1 - rates.tpr)


@pytest.mark.parametrize(
    ("perimeter", "monitor", "known"),
    [
        (None, None, 0.0029131),
        (loud, None, 0.0442673),
        (None, loud, 0.0176932),
        (loud, loud, 0.14082489),
        (silent, silent, 0.00053754),
    ],
)
def test_loss_of_containment(perimeter, monitor, known):
    network = Network(Model(tuple(bowtie_nodes(LOC, {}, {}, {}))))
    evidence = {}
    if perimeter:
        evidence[threat_node(LOC, "intruder")] = [perimeter(PERIMETER)]
    if monitor:
        evidence[threat_node(LOC, "foothold")] = [monitor(MONITOR)]
    found = network.posterior(evidence, [top_node(LOC)])[top_node(LOC)][1]
    digits = len(str(known).split(".")[1])
    assert found == pytest.approx(known, abs=0.51 * 10**-digits)
    assert found == pytest.approx(enumerate_posterior(network.model, evidence, top_node(LOC))[1], abs=1e-12)


def tree(*steps):
    return AttackTree.model_validate({"id": "t", "steps": list(steps)})


def test_an_attack_tree():
    whole = tree(
        {"id": "goal", "any": ["left", "right"]},
        {"id": "left", "all": ["a", "b"]},
        {"id": "right", "all": ["c", "d", "e"]},
        *({"id": name, "probability": p} for name, p in zip("abcde", (0.3, 0.2, 0.25, 0.4, 0.5), strict=True)),
    )
    assert tree_probability(whole) == pytest.approx(0.107, abs=1e-12)


def test_a_shared_step_is_counted_once():
    shared = tree(
        {"id": "goal", "all": ["left", "right"]},
        {"id": "left", "any": ["a"]},
        {"id": "right", "any": ["a"]},
        {"id": "a", "probability": 0.3},
    )
    assert tree_probability(shared) == pytest.approx(0.3, abs=1e-12)
    assert len(tree_nodes(shared, "")) == 4


def test_barriers_of_a_bowtie_by_hand():
    from infrastress.fusion.risk.structure import root

    bowtie = Bowtie.model_validate(
        {
            "id": "b",
            "threats": [{"id": "t", "probability": 0.5, "leads": 0.8, "barriers": ["x", "y"]}],
            "consequences": [{"id": "fire", "probability": 0.25, "barriers": ["z"]}],
        }
    )
    barriers = {
        name: root(f"barrier:{name}", ("works", "failed"), (1 - p, p))
        for name, p in zip("xyz", (0.1, 0.2, 0.3), strict=True)
    }
    nodes = [*barriers.values(), *bowtie_nodes(bowtie, {}, barriers, {})]
    found = Network(Model(tuple(nodes))).posterior({}, ["top:b", "consequence:b/fire"])
    assert found["top:b"][1] == pytest.approx(0.5 * 0.8 * 0.1 * 0.2, abs=1e-12)
    assert found["consequence:b/fire"][1] == pytest.approx(0.008 * 0.25 * 0.3, abs=1e-12)


def test_weights_are_what_leaving_out_changes_in_the_log_odds():
    for seed in range(150):
        rng = Random(seed)
        model = random_model(rng)
        evidence = random_evidence(rng, model)
        goal = rng.choice(model.nodes)
        before = enumerate_posterior(model, evidence, goal.name)
        if not 1e-6 < before[-1] < 1 - 1e-6:
            continue
        pieces = {f"{name}/{i}": (name, i) for name, vectors in evidence.items() for i in range(len(vectors))}
        found = weights_of(Network(model), evidence, (goal.name, goal.states[-1]), pieces)
        for piece, (name, number) in pieces.items():
            less = {**evidence, name: [v for i, v in enumerate(evidence[name]) if i != number]}
            left = enumerate_posterior(model, less, goal.name)[-1]
            assert found[piece] == pytest.approx(log_odds(before[-1]) - log_odds(left), abs=1e-5)
