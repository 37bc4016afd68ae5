"""Detection on the simulated water utility: attacks found and delay, false alarms in quiet months, twins, faults.

Seeds and ranges were fixed before any detector was tuned on water (`benchmarks/seeds/water.json`). Learning uses the
training seeds alone; the others are scored once per configuration, whose number is printed. An attack counts as found
when a process rule alarms (medium severity and above) between its begin and an hour after its end, on one of the assets
that the truth names. `--confirm` plays the confirmation seeds instead.

Rivals in the same runs: an alarm that is always on, one that never comes, and the limits of the same signals.

    python -m benchmarks.water_detection [--quick] [--confirm] [--untrained] [--residuals] [--json]
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.playing import LIMITS, Run, Team, learned, play_all
from infrastress.core.time import HOUR
from infrastress.detectors.access import AccessDetector
from infrastress.detectors.base import Detector
from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.detectors.reports import ReportDetector
from infrastress.evaluation.events import poisson_interval
from infrastress.simulators.base import Scenario
from infrastress.simulators.scenario import load_scenario
from infrastress.simulators.water import WaterSimulator
from infrastress.site.load import load_site

ROOT = Path(__file__).resolve().parents[1]
WATER = ROOT / "examples" / "water"
INSTRUMENT_FAILURES = ("stuck_meter", "noisy_meter", "outstation_silent")
CONFIGURATIONS_TRIED = 2
"""Configurations of detectors whose quiet, attack or twin seeds were looked at before this one, and this one."""


def scenario(name: str, **changes: Any) -> Scenario:
    """A scenario of the example."""
    return load_scenario(WATER / "scenarios" / f"{name}.yaml", **changes)


def found(run: Run, rules: Callable[[str], bool]) -> float | None:
    """Hours from the story's begin to the first alarm on what it is about; None where none comes in time."""
    began = run.facts["began_at"]
    spans = [span for span in run.truth if span.began == began or span.kind == "overflow"]
    assets = {asset for span in spans for asset in span.assets}
    until = run.facts["ended_at"] + HOUR
    hits = [
        one.occurred
        for one in run.raised
        if one.body.calls and rules(one.body.rule) and began <= one.occurred <= until
        and assets & set(one.assets)
    ]  # fmt: skip
    return (min(hits) - began) / HOUR if hits else None


def stories(simulator: WaterSimulator, team: Team, seeds: dict[str, Any], count: int | None) -> list[list[Any]]:
    """Attacks: by story and concealment, how many are found, how soon, and with how much harm done."""
    rows = []
    base = scenario(seeds["attack"]["scenario"])
    chosen = seeds["attack"]["seeds"][:count]
    cases = list(product(seeds["attack"]["stories"], seeds["attack"]["concealments"]))
    jobs = [
        (base.model_copy(update={"options": {"story": story, "concealment": concealment}}), seed)
        for story, concealment in cases
        for seed in chosen
    ]
    played = play_all(simulator, team, jobs)
    for story, concealment in cases:
        runs = list(islice(played, len(chosen)))
        delays = [found(run, lambda rule: rule.startswith("process.")) for run in runs]
        limits = [found(run, lambda rule: rule in LIMITS) for run in runs]
        hours = [delay for delay in delays if delay is not None]
        harmed = sum(run.facts["consequences"] != run.facts["undisturbed"] for run in runs)
        rows.append(
            [
                story, concealment, len(runs), harmed, len(hours),
                float(np.median(hours)) if hours else "-", max(hours) if hours else "-",
                sum(delay is not None for delay in limits),
            ]
        )  # fmt: skip
    return rows


def others(simulator: WaterSimulator, team: Team, seeds: dict[str, Any], count: int | None) -> list[list[Any]]:
    """Twins and faults: alarms by rule."""
    rows = []
    base = scenario(seeds["twins"]["scenario"])
    cases = [
        (f"{story}, {twin}", {"story": story, "twin": twin})
        for story in seeds["twins"]["stories"]
        for twin in seeds["twins"]["twins"]
    ]
    cases += [(fault, {"fault": fault}) for fault in seeds["faults"]["faults"]]
    chosen = seeds["twins"]["seeds"][:count]
    jobs = [(base.model_copy(update={"options": options}), seed) for _, options in cases for seed in chosen]
    played = play_all(simulator, team, jobs)
    for name, _ in cases:
        rules: Counter[str] = Counter()
        alarmed = 0
        for run in islice(played, len(chosen)):
            raised = [one.body.rule for one in run.raised if one.body.calls]
            rules.update(raised)
            alarmed += bool(raised)
        rows.append([name, len(chosen), alarmed, json.dumps(dict(rules))])
    return rows


def quiet(simulator: WaterSimulator, team: Team, seeds: dict[str, Any], quick: bool) -> dict[str, Any]:
    """Alarms of quiet months, by rule, with an exact Poisson interval.

    Quiet months have their ordinary oddities, instruments that really fail among them. An alarm on the asset of such a
    failure, while it lasts or within an hour, is right and counted apart; all others are false.
    """
    what = scenario(seeds["quiet"]["scenario"], duration_h=24.0 * (7 if quick else seeds["quiet"]["days"]))
    false: Counter[str] = Counter()
    right: Counter[str] = Counter()
    failures = 0
    days = 0.0
    for run in play_all(simulator, team, [(what, seed) for seed in seeds["quiet"]["seeds"][: 1 if quick else None]]):
        days += run.days
        failed = [span for span in run.truth if span.kind in INSTRUMENT_FAILURES]
        failures += len(failed)
        for one in run.raised:
            if not one.body.calls:
                continue
            real = any(
                set(span.assets) & set(one.assets) and span.began <= one.occurred <= span.ended + HOUR
                for span in failed
            )
            (right if real else false)[one.body.rule] += 1
    total, limits = false.total(), sum(false[rule] for rule in LIMITS)
    return {
        "site_days": days,
        "false": [total, 300 * total / days, *(300 * rate / days for rate in poisson_interval(total))],
        "limits alone": [limits, 300 * limits / days, *(300 * rate / days for rate in poisson_interval(limits))],
        "false_by_rule": dict(false),
        "instrument_failures": failures,
        "alarms_on_failures": dict(right),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed and 7 quiet days")
    parser.add_argument("--untrained", action="store_true", help="physical tolerances only")
    parser.add_argument("--confirm", action="store_true", help="the confirmation seeds")
    parser.add_argument("--residuals", action="store_true", help="the learned residuals too")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    site = load_site(WATER)
    simulator = WaterSimulator(site)
    seeds = json.loads((ROOT / "benchmarks" / "seeds" / "water.json").read_text())
    if chosen.confirm:
        seeds["quiet"]["seeds"] = seeds["confirmation"]["quiet"]
        seeds["attack"]["seeds"] = seeds["twins"]["seeds"] = seeds["confirmation"]["attack"]
    members = (InvariantDetector, ResidualDetector) if chosen.residuals else (InvariantDetector,)
    baselines: dict[str, Any] = {}
    if not chosen.untrained:
        training = seeds["training"]
        what = scenario(training["scenario"], duration_h=24.0 * (7 if chosen.quick else training["days"]))
        baselines = learned(simulator, what, training["seeds"][: 1 if chosen.quick else None], members)

    def team() -> list[Detector]:
        judges: list[Detector] = [one(site, one.Options(), baselines.get(one.name)) for one in members]
        return [*judges, AccessDetector(site), PerimeterDetector(site), ReportDetector(site)]

    count = 1 if chosen.quick else None
    attacks = stories(simulator, team, seeds, count)
    result: dict[str, Any] = {
        "configurations_tried": CONFIGURATIONS_TRIED,
        "trained": bool(baselines),
        "residuals": chosen.residuals,
        "seeds": "confirmation" if chosen.confirm else "evaluation",
        "attacks": attacks,
        "twins_and_faults": others(simulator, team, seeds, count),
        "quiet": quiet(simulator, team, seeds, chosen.quick),
        "circumstances": circumstances("wntr"),
    }
    runs = sum(row[2] for row in attacks)
    rivals = [
        ["all stories", "always on", runs, "-", runs, 0.0, 0.0, "-"],
        ["all stories", "never", runs, "-", 0] + ["-"] * 3,
    ]
    head = ["story", "operator's view", "runs", "did anything", "found", "median delay h", "longest h", "limits alone"]
    still = result["quiet"]
    rates = [[name, *still[name]] for name in ("false", "limits alone")]
    text = "\n\n".join(
        [
            table(head, attacks + rivals),
            table(["twin or fault", "runs", "with an alarm", "alarms by rule"], result["twins_and_faults"]),
            f"Quiet: {still['site_days']:.0f} site-days; rates per 300 days with exact 95 % Poisson interval.",
            table(["alarms (medium and above)", "count", "rate", "from", "to"], rates),
            f"False by rule: {json.dumps(still['false_by_rule'])}. On {still['instrument_failures']} instruments that "
            f"really failed: {json.dumps(still['alarms_on_failures'])}. Configurations tried: {CONFIGURATIONS_TRIED}.",
        ]
    )
    print_result(result, text, as_json=chosen.json)


if __name__ == "__main__":
    main()
