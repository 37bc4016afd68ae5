"""Detection on the simulated depot: delay of the overfill attack, false alarms in quiet months, twins.

Seeds and ranges were fixed before the detectors (`benchmarks/seeds/depot.json`). Learning uses the training seeds
alone; attack, twin and quiet seeds are scored once per configuration, whose number is printed. `--confirm` plays the
confirmation seeds instead, which were set after the last change of the detectors.

Rivals in the same runs: an alarm that is always on, one that never comes, and what a usual control system has, the
alarm, trip and instrument limits of the same signals.

    python -m benchmarks.depot_detection [--quick] [--confirm] [--untrained] [--residuals] [--json]
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.playing import LIMITS, learned, play
from infrastress.detectors.access import AccessDetector
from infrastress.detectors.base import Detector
from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.detectors.reports import ReportDetector
from infrastress.evaluation.events import poisson_interval
from infrastress.simulators.base import Scenario
from infrastress.simulators.depot import DepotSimulator
from infrastress.site import Site
from infrastress.site.load import load_site

ROOT = Path(__file__).resolve().parents[1]
DEPOT = ROOT / "examples" / "depot"
CONFIGURATIONS_TRIED = 3
"""Configurations of thresholds whose quiet, attack or twin seeds were looked at before this one, and this one."""
MASS_BALANCE = "process.mass_balance"


def scenario(name: str, **changes: Any) -> Scenario:
    """A scenario of the example depot."""
    from ruamel.yaml import YAML

    fields = YAML(typ="safe").load(DEPOT / "scenarios" / f"{name}.yaml")
    return Scenario.model_validate({**fields, **changes})


def learn(site: Site, seeds: dict[str, Any], *, quick: bool, residuals: bool) -> dict[str, Any]:
    """Baselines by detector from the training seeds' normal days."""
    training = seeds["training"]
    what = scenario(training["scenario"], duration_h=24.0 * (7 if quick else training["days"]))
    members = (InvariantDetector, ResidualDetector) if residuals else (InvariantDetector,)
    return learned(DepotSimulator(site), what, training["seeds"][: 1 if quick else None], members)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three seeds and 30 quiet days")
    parser.add_argument("--untrained", action="store_true", help="physical tolerances only")
    parser.add_argument("--confirm", action="store_true", help="the confirmation seeds")
    parser.add_argument("--residuals", action="store_true", help="the learned residuals too")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    site = load_site(DEPOT)
    seeds = json.loads((ROOT / "benchmarks" / "seeds" / "depot.json").read_text())
    if chosen.confirm:
        seeds["quiet"]["seeds"] = seeds["confirmation"]["quiet"]
        seeds["attack"]["seeds"] = seeds["twins"]["seeds"] = seeds["confirmation"]["attack"]
    baselines = {} if chosen.untrained else learn(site, seeds, quick=chosen.quick, residuals=chosen.residuals)

    def team() -> list[Detector]:
        members: list[Detector] = [
            InvariantDetector(site, InvariantDetector.Options(), baselines.get(InvariantDetector.name)),
            AccessDetector(site),
            PerimeterDetector(site),
            ReportDetector(site),
        ]
        if chosen.residuals:
            members.append(ResidualDetector(site, ResidualDetector.Options(), baselines.get(ResidualDetector.name)))
        return members

    result: dict[str, Any] = {
        "configurations_tried": CONFIGURATIONS_TRIED,
        "trained": bool(baselines),
        "residuals": chosen.residuals,
        "seeds": "confirmation" if chosen.confirm else "evaluation",
        "circumstances": circumstances(),
    }
    count = 3 if chosen.quick else None
    result["attack"] = {
        gauge: attacks(site, team, seeds, gauge, count) for gauge in ("freeze", "spoof_normal", "drift")
    }
    result["twins"] = twins(site, team, seeds, count)
    result["quiet"] = quiet(site, team, seeds, chosen.quick)
    print_result(result, text_of(result), as_json=chosen.json)


def text_of(result: dict[str, Any]) -> str:
    """The result as tables, the trivial rivals in them."""
    head = ["falsified gauge at 550 m3/h", "attacks", "within 5 min", "before overflow", "median delay s", "max s"]
    rows: list[list[Any]] = []
    for gauge, found in result["attack"].items():
        delay = found["delay_s"] or {"median": "-", "max": "-"}
        ours = [found["within_5_min"], found["before_overflow"], delay["median"], delay["max"]]
        rows.append([f"{gauge}: mass balance", found["seeds"], *ours])
        limits = found["limits_alone"]
        usual = [limits["within_5_min"], limits["before_overflow"], "-", "-"]
        rows.append([f"{gauge}: limits alone", found["seeds"], *usual])
    count = rows[0][1]
    rows += [["always on", count, count, count, 0.0, 0.0], ["never", count, 0, 0, "-", "-"]]
    quiet = result["quiet"]
    more = [
        [
            name.replace("_", " "),
            quiet[name]["alarms"],
            300 * quiet[name]["alarms"] / quiet["site_days"],
            *quiet[name]["per_300_days"],
        ]
        for name in ("mass_balance", "residuals", "process", "all", "limits_alone")
    ]
    twins = [[name, found["runs"], json.dumps(found["alarms"])] for name, found in result["twins"].items()]
    return "\n\n".join(
        [
            table(head, rows),
            f"Quiet: {quiet['site_days']:.0f} site-days; rates per 300 days with exact 95 % Poisson interval.",
            table(["alarms (medium and above)", "count", "rate", "from", "to"], more),
            f"Notices (low, info) in the same days: {json.dumps(quiet['notices_by_rule'])}",
            table(["benign twin", "runs", "alarms by rule"], twins),
            f"Configurations tried: {result['configurations_tried']}; seeds: {result['seeds']}.",
        ]
    )


def attacks(site: Site, team: Any, seeds: dict[str, Any], gauge: str, count: int | None) -> dict[str, Any]:
    """Delay from the gauge's falsification to the mass-balance alarm on its tank, at 550 m3/h."""
    base = scenario(seeds["attack"]["scenario"])
    what = base.model_copy(update={"options": {**base.options, "gauge": gauge, "receipt_m3h": 550}})
    delays: list[float | None] = []
    before: Counter[str] = Counter()
    first_any: list[float] = []
    leads: list[float] = []
    limit_delays: list[float] = []
    limit_leads: list[float] = []
    for seed in seeds["attack"]["seeds"][:count]:
        run = play(DepotSimulator(site), team(), what, seed)
        span = next(t for t in run.truth if t.kind.startswith("gauge_"))
        hits = [f.occurred for f in run.raised if f.body.rule == MASS_BALANCE and span.assets[0] in f.assets]
        hits = [t for t in hits if t >= span.began]
        delays.append((hits[0] - span.began) / 1e9 if hits else None)
        overflow = run.facts["overflow_at"] or float("inf")  # ended by other means before it
        leads += [(overflow - hits[0]) / 1e9] if hits else []
        limits = [f.occurred for f in run.raised if f.body.rule in LIMITS and span.assets[0] in f.assets]
        limits = [t for t in limits if t >= span.began]
        limit_delays += [(limits[0] - span.began) / 1e9] if limits else []
        limit_leads += [(overflow - limits[0]) / 1e9] if limits else []
        first = min(t.began for t in run.truth if t.malicious)
        before.update(f.body.rule for f in run.raised if f.occurred < first and f.body.calls)
        after = [f.occurred for f in run.raised if f.occurred >= first and f.body.calls]
        if after:
            first_any.append((after[0] - span.began) / 1e9)
    found = [d for d in delays if d is not None]
    return {
        "seeds": len(delays),
        "detected": len(found),
        "within_5_min": sum(d <= 300 for d in found),
        "before_overflow": sum(lead > 0 for lead in leads),
        "limits_alone": {
            "within_5_min": sum(d <= 300 for d in limit_delays),
            "before_overflow": sum(lead > 0 for lead in limit_leads),
        },
        "delay_s": {"median": float(np.median(found)), "max": max(found)} if found else None,
        "first_alarm_of_any_rule_s": float(np.median(first_any)) if first_any else None,
        "alarms_before_the_attack": dict(before),
    }


def twins(site: Site, team: Any, seeds: dict[str, Any], count: int | None) -> dict[str, Any]:
    """What the twins raise, by rule, at medium severity and above."""
    found = {}
    for name in seeds["twins"]["scenarios"]:
        rules: Counter[str] = Counter()
        suspicions: Counter[str] = Counter()
        runs = 0
        for seed in seeds["twins"]["seeds"][:count]:
            run = play(DepotSimulator(site), team(), scenario(name), seed)
            runs += 1
            for f in run.raised:
                if f.body.calls:
                    rules[f.body.rule] += 1
                    if f.body.rule == MASS_BALANCE:
                        suspicions[f.body.suspicion] += 1
        found[name] = {"runs": runs, "alarms": dict(rules), "mass_balance_suspicion": dict(suspicions)}
    return found


def quiet(site: Site, team: Any, seeds: dict[str, Any], quick: bool) -> dict[str, Any]:
    """False alarms of quiet months, by rule, with an exact Poisson interval."""
    chosen = seeds["quiet"]["seeds"][: 1 if quick else None]
    what = scenario(seeds["quiet"]["scenario"], duration_h=24.0 * seeds["quiet"]["days"])
    alarms: Counter[str] = Counter()
    notices: Counter[str] = Counter()
    days, values, seconds = 0.0, 0, 0.0
    examples: list[str] = []
    for seed in chosen:
        run = play(DepotSimulator(site), team(), what, seed)
        days, values, seconds = days + run.days, values + run.values, seconds + run.seconds
        for f in run.raised:
            if f.body.calls:
                alarms[f.body.rule] += 1
                examples.append(f"{seed}: {f.body.sentence}")
            else:
                notices[f.body.rule] += 1
    process = sum(n for rule, n in alarms.items() if rule.startswith("process."))
    balance = alarms[MASS_BALANCE]
    residual = alarms["process.residual"]
    limits = sum(alarms[rule] for rule in LIMITS)
    total = alarms.total()
    return {
        "site_days": days,
        "mass_balance": {"alarms": balance, "per_300_days": [300 * r / days for r in poisson_interval(balance)]},
        "process": {"alarms": process, "per_300_days": [300 * r / days for r in poisson_interval(process)]},
        "residuals": {"alarms": residual, "per_300_days": [300 * r / days for r in poisson_interval(residual)]},
        "limits_alone": {"alarms": limits, "per_300_days": [300 * r / days for r in poisson_interval(limits)]},
        "all": {"alarms": total, "per_300_days": [300 * r / days for r in poisson_interval(total)]},
        "alarms_by_rule": dict(alarms),
        "notices_by_rule": dict(notices),
        "examples": examples[:20],
        "values_per_s": values / seconds,
    }


if __name__ == "__main__":
    main()
