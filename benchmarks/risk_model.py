"""The risk model: worked examples, exactness against enumeration, speed of large models, load of a thousand events/s.

- `vectors`: the worked bow-tie and attack tree; how far each is off.
- `exact`: 1,000 random models of 2 to 7 nodes with random evidence, against enumeration of all states, the rival that
  can't be wrong; the largest difference, and what each costs.
- `large`: random models of 500 nodes at rising treewidth up to the bound of 12, a piece of evidence on every tenth
  node: time until one answer after one piece changed. Enumeration can't: 2^500 combinations.
- `load`: a small tank farm told 1,000 detections a second for some minutes of event time through the unit of fusion, a
  tick each second: time from a tick to the incident's new severity, and inferences a second and model. Half of the
  detections repeat, a quarter clear, the severity rises in steps.

Goals, written before the first run: every vector to its printed digits; 1e-9; 50 ms; 1 s at p99 and at most 10
inferences a second.
"""

import argparse
import time
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
from tests.fusion.plant import SITE
from tests.fusion.risk.enumeration import enumerate_posterior, random_evidence, random_model, seeded

from benchmarks.common import circumstances, print_result, table
from infrastress.core.time import SECOND, from_iso
from infrastress.evaluation.performance import Performance
from infrastress.events import Detection, Event, Tick, encode_event, make_event
from infrastress.fusion import FusionUnit
from infrastress.fusion.risk.posterior import Network
from infrastress.fusion.risk.scorer import RiskScorer
from infrastress.fusion.risk.structure import BOOLEAN, Model, Node
from infrastress.fusion.risk.tree import bowtie_nodes, threat_node, top_node, tree_probability
from infrastress.fusion.risk.width import MAX_WIDTH, treewidth
from infrastress.site import Site
from infrastress.site.risk import AttackTree, Bowtie
from infrastress.store.ports import Record

T0 = from_iso("2026-03-01T00:00:00Z")
RATES = {"perimeter": (0.9, 0.01), "monitor": (0.8, 0.05)}
VECTORS = {
    "no evidence": ({}, 0.0029131, 7),
    "perimeter": ({"perimeter": True}, 0.0442673, 7),
    "monitor": ({"monitor": True}, 0.0176932, 7),
    "both": ({"perimeter": True, "monitor": True}, 0.14082489, 8),
    "both silent": ({"perimeter": False, "monitor": False}, 0.00053754, 8),
}


_TIMES = ("first_ms", "p50_ms", "p99_ms", "cpu_p50_ms")


def vectors() -> list[dict[str, Any]]:
    """Each worked example: known, found, whether to the digits printed."""
    bowtie = Bowtie.model_validate(
        {
            "id": "loc",
            "without_threat": 1e-4,
            "threats": [
                {"id": "intruder", "probability": 0.02, "leads": 0.05},
                {"id": "foothold", "probability": 0.05, "leads": 0.03},
            ],
            "together": [
                {"threats": ["intruder"], "probability": 0.05},
                {"threats": ["foothold"], "probability": 0.03},
                {"threats": ["intruder", "foothold"], "probability": 0.4},
            ],
        }
    )
    watches = {"perimeter": "intruder", "monitor": "foothold"}
    network = Network(Model(tuple(bowtie_nodes(bowtie, {}, {}, {}))))
    rows = []
    for name, (heard, known, digits) in VECTORS.items():
        evidence = {}
        for sensor, speaks in heard.items():
            tpr, fpr = RATES[sensor]
            evidence[threat_node(bowtie, watches[sensor])] = [(fpr, tpr) if speaks else (1 - fpr, 1 - tpr)]
        found = network.posterior(evidence, [top_node(bowtie)])[top_node(bowtie)][1]
        rows.append({"case": name, "known": known, "found": found, "good": abs(found - known) <= 0.51 * 10**-digits})
    leaves = dict(zip("abcde", (0.3, 0.2, 0.25, 0.4, 0.5), strict=True))
    steps = [{"id": "goal", "any": ["left", "right"]}, {"id": "left", "all": ["a", "b"]}]
    steps += [{"id": "right", "all": ["c", "d", "e"]}, *({"id": one, "probability": p} for one, p in leaves.items())]
    found = tree_probability(AttackTree.model_validate({"id": "t", "steps": steps}))
    rows.append({"case": "attack tree", "known": 0.107, "found": found, "good": abs(found - 0.107) < 1e-9})
    return rows


def exact(count: int) -> dict[str, Any]:
    """Largest difference to enumeration over random models, and the time of both."""
    worst = ours = rivals = 0.0
    for seed in range(count):
        rng = seeded(seed)
        model = random_model(rng)
        evidence = random_evidence(rng, model)
        wanted = rng.choice(model.nodes).name
        began = time.perf_counter()
        found = Network(model).posterior(evidence, [wanted])[wanted]
        between = time.perf_counter()
        known = enumerate_posterior(model, evidence, wanted)
        ours, rivals = ours + between - began, rivals + time.perf_counter() - between
        worst = max(worst, *(abs(one - other) for one, other in zip(found, known, strict=True)))
    return {
        "models": count,
        "largest_difference": worst,
        "ours_ms": ours / count * 1e3,
        "rival_ms": rivals / count * 1e3,
    }


def banded(rng: Random, nodes: int, band: int) -> Model:
    """A model whose nodes have up to four parents among the `band` before them: its treewidth is at most the band."""
    made: list[Node] = []
    for index in range(nodes):
        near = made[-band:]
        parents = rng.sample(near, min(len(near), rng.randint(1, 4)))
        table: list[float] = []
        for _ in range(2 ** len(parents)):
            chance = rng.uniform(0.01, 0.99)
            table += [1.0 - chance, chance]
        made.append(Node(f"n{index}", BOOLEAN, tuple(parent.name for parent in parents), tuple(table)))
    return Model(tuple(made))


def large(nodes: int, rounds: int) -> list[dict[str, Any]]:
    """Time of one answer at rising treewidth, 500 nodes."""
    rows = []
    for band in (2, 4, 8, 12, 16):
        rng = seeded(band)
        model = banded(rng, nodes, band)
        width = treewidth(model)
        if width > MAX_WIDTH:
            rows.append({"nodes": nodes, "width": width, "refused": True})
            continue
        began = time.perf_counter()
        network = Network(model)
        built = time.perf_counter() - began
        evidence = {f"n{index}": [(rng.uniform(0.01, 1), rng.uniform(0.01, 1))] for index in range(0, nodes, 10)}
        times, busy = [], []
        for _ in range(rounds):
            evidence["n0"] = [(rng.uniform(0.01, 1), 1.0)]
            began, before = time.perf_counter(), time.process_time()
            network.posterior(evidence, [f"n{nodes - 1}"])
            busy.append(time.process_time() - before)
            times.append(time.perf_counter() - began)
        p50, p99 = np.percentile(times, [50, 99]) * 1e3
        cpu = np.percentile(busy, 50) * 1e3
        rows.append({
            "nodes": nodes, "width": width, "built_ms": built * 1e3, "first_ms": times[0] * 1e3, "p50_ms": p50,
            "p99_ms": p99, "cpu_p50_ms": cpu,
        })  # fmt: skip
    return rows


def _detection(sequence: int, moment: int, rng: Random, step: int) -> Event:
    assets, kind, suspicion = rng.choice(
        [
            (("T-1",), "telemetry", "sensor_falsified"),
            (("T-1",), "telemetry", "sensor_fault"),
            (("T-2",), "telemetry", "unknown"),
            (("D-FARM",), "access", "intrusion"),
            (("ENG-1",), "network", "intrusion"),
            (("GD-1",), "access", "unknown"),
        ]
    )
    episode = f"{assets[0]}/{rng.randrange(400)}"
    severity: Any = ("low", "medium", "high", "critical")[min(step, 3)]
    body = Detection(
        detector=f"d{rng.randrange(4)}", detector_version="1", rule=f"r{rng.randrange(8)}", episode=episode,
        phase="cleared" if rng.random() < 0.25 else "raised", source_kind=kind, severity=severity, score=1.0,
        sentence="Seen 3 m, expected 4 m.", began=moment, until=moment, suspicion=suspicion, confidence=0.8,
    )  # fmt: skip
    return make_event(site=SITE.id, source="bench", sequence=sequence, occurred=moment, assets=assets, body=body)


def load(seconds: int, rate: int) -> dict[str, Any]:
    """A thousand events a second: from a tick to the new severity."""
    site = Site.model_validate(
        {**SITE.model_dump(mode="json", by_alias=True, exclude_defaults=True), "runtime": {"frame_s": 1}}
    )
    measured = [
        Performance(
            detector=f"d{number}", detector_version="1", rule="", windows=40, found=30 + number, asset_hours=2000,
            false_episodes=number, recording="bench",
        )
        for number in range(3)
    ]  # fmt: skip
    scorer = RiskScorer(measured)
    unit = FusionUnit(site, scorer)
    rng, sequence, offset = seeded(1), 0, 0
    scorer.assessor(site)
    times, inferences, shown = [], [], 0
    for second in range(seconds):
        begins = T0 + second * SECOND
        made = []
        for _ in range(rate):
            sequence += 1
            made.append(_detection(sequence, begins + rng.randrange(SECOND), rng, second * 5 // seconds))
        records = [encode_event(event) for event in made]
        body = Tick(watermark=begins + SECOND)
        tick = encode_event(make_event(site=site.id, source="runtime", sequence=second, occurred=begins, body=body))
        before = scorer.assessor(site).inferences
        began = time.perf_counter()
        for event, data in zip(made, records, strict=True):
            offset += 1
            unit.update(Record(offset, event.id, f"fusion/{site.id}:event", data))
        offset += 1
        shown += len(unit.update(Record(offset, f"tick{second}", f"fusion/{site.id}:tick", tick)))
        times.append(time.perf_counter() - began)
        inferences.append(scorer.assessor(site).inferences - before)
    p50, p99 = np.percentile(times[1:], [50, 99])
    return {
        "seconds": seconds,
        "rate": rate,
        "p50_s": p50,
        "p99_s": p99,
        "first_s": times[0],
        "worst_inferences_s": max(inferences),
        "mean_inferences_s": float(np.mean(inferences)),
        "outputs": shown,
    }


def main(args: Sequence[str] = ()) -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks risk_model", description=__doc__)
    parser.add_argument("--models", type=int, default=1000, help="random models against enumeration")
    parser.add_argument("--seconds", type=int, default=180, help="event time under load")
    parser.add_argument("--rate", type=int, default=1000, help="detections a second")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(args)
    result = {
        "vectors": vectors(),
        "exact": exact(options.models),
        "large": large(500, 40),
        "load": load(options.seconds, options.rate),
        "circumstances": circumstances("pyagrum", "numpy"),
    }
    told, under = result["exact"], result["load"]
    wide = [
        [one["width"], *(("refused", "", "", "", "") if one.get("refused") else
         (f"{one['built_ms']:.0f}", *(f"{one[name]:.1f}" for name in _TIMES)))]
        for one in result["large"]
    ]  # fmt: skip
    text = "\n\n".join(
        [
            table(
                ("worked example", "known", "found", "to its digits"),
                [(one["case"], str(one["known"]), f"{one['found']:.8f}", one["good"]) for one in result["vectors"]],
            ),
            f"{told['models']} random models: largest difference {told['largest_difference']:.1e}; "
            f"{told['ours_ms']:.2f} ms each, enumeration {told['rival_ms']:.2f} ms",
            table(("treewidth, 500 nodes", "made ms", "first answer ms", "p50 ms", "p99 ms", "CPU p50 ms"), wide),
            f"{under['rate']} events/s for {under['seconds']} s: severity after {under['p50_s']:.3f} s (p50), "
            f"{under['p99_s']:.3f} s (p99), {under['first_s']:.2f} s the first time; at most "
            f"{under['worst_inferences_s']} inferences a second, {under['mean_inferences_s']:.1f} on average",
        ]
    )
    print_result(result, text, as_json=options.json)
