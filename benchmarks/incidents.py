"""Whole incidents through detectors and fusion: grouping, time to the right incident, false incidents, calibration.

Scenarios with truth of both example sites (`docs/incident-recordings.md`), ranges and seeds fixed before the fusion
code that they judge. Stage 1 plays each run through the site's detectors as the application builds them and keeps what
they said, with the ticks between, in a cache; stage 2 gives that to fusion as it is fed live, and scores. With a cache
stage 2 alone is repeated as long as no source but fusion's changes.

How it is scored was written down before (`benchmarks/incident/labels.py`, `scores.py`): pairs of detections that belong
to an event, same incident against same event; of each event the incident that matches it best (each event weighs the
same, so that the small one beside counts); an attack is one incident where all its calling detections that became
part of incidents lie in one, and nothing of the event beside does; the delay runs from the second independent evidence
to the first right incident; on quiet days every incident is false; probability of an attack against whether there was
one, over the last versions of all incidents of the runs with a tale. Quiet days have no captures: network detectors
are silent there, but for what they learn from and in the runs with a tale.

    python -m benchmarks incidents [--tuning] [--quick] [--only TALE] [--site SITE] [--cache DIR] [--measured]
                                   [--rates FILE] [--measure FILE] [--runs] [--json] [--plot FILE]
"""

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.incident.fused import RIVALS, Fused, Fusion, attack_chance, rival
from benchmarks.incident.labels import Labelled, Labels
from benchmarks.incident.rates import measured_rates
from benchmarks.incident.scores import Pairs, best_matches, brier, delay_s, incidents_of, is_one, pairs_of, reliability
from benchmarks.incident.takes import Case, Stage, Take
from infrastress.evaluation.events import poisson_interval
from infrastress.evaluation.measuring import pooled
from infrastress.evaluation.performance import Performance, load_performance, save_performance
from infrastress.simulators.incidents import TALES

SEEDS = Path(__file__).resolve().parent / "seeds" / "incidents.json"
SITES = ("depot", "water")
OURS, GROUPS, QUIET = "fusion", "fusion, incident or not", "quiet"
_LIKELY = 0.5
_QUICK_DAYS, _QUICK_TRAINING = 2.0, 2


class Judged(NamedTuple):
    """A run with a tale: its labelled detections and what fusion made of them."""

    case: Case
    take: Take
    detections: list[Labelled]
    fused: Fused


def cases(seeds: dict[str, Any], group: str, site: str, only: str | None, *, quick: bool) -> Iterator[Case]:
    """What is played at a site: each tale and twin with each seed, alone and beside a second event."""
    told = seeds[group]["incidents"][site][: 1 if quick else None]
    for tale, twins in TALES.items():
        if only in (None, tale):
            for twin in twins:
                for beside in ("none", "drawn") if quick else seeds["beside"]:
                    yield from (Case(site, tale, twin, beside, seed, float(seeds["hours"])) for seed in told)


def quiet_cases(seeds: dict[str, Any], group: str, site: str, *, quick: bool) -> Iterator[Case]:
    """Ordinary days."""
    told = seeds[group]["quiet"]
    hours = 24.0 * (_QUICK_DAYS if quick else told["days"])
    for seed in told["seeds"][site][: 1 if quick else None]:
        yield Case(site, "", "", "", seed, hours)


def judge(stage: Stage, fusion: Fusion, case: Case) -> Judged:
    """One run: what detectors said (from the cache or made now), labelled, fused."""
    take = stage.take(case)
    return Judged(case, take, Labels(stage.site).of(take), fusion.fuse(take))


def grouping(runs: Sequence[Judged]) -> dict[str, Any]:
    """Pairwise scores and one-incident shares, of ours and of each rival."""
    found = {}
    for name in (OURS, GROUPS, *RIVALS):
        every, clean, polluted = Pairs(0, 0, 0), list[float](), list[float]()
        ones: list[bool] = []
        for run in runs:
            own = {OURS: run.fused.of, GROUPS: run.fused.grouped}
            cluster = own.get(name) or rival(name, run.detections)
            every += pairs_of(run.detections, cluster)
            clean += best_matches(run.detections, cluster, noise=False)
            polluted += best_matches(run.detections, cluster, noise=True)
            if run.case.twin == "attack" and (one := is_one(run.detections, cluster)) is not None:
                ones.append(one)
        found[name] = {
            "precision": every.precision, "recall": every.recall, "f1": every.f1,
            "events": len(clean), "events_f1": _mean(clean), "events_f1_noise": _mean(polluted),
            "attacks_one": sum(ones), "attacks": len(ones),
        }  # fmt: skip
    return found


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def timing(runs: Sequence[Judged]) -> dict[str, Any]:
    """Delays of attacks with a second independent evidence."""
    delays = [d for run in runs if run.case.twin == "attack" and (d := delay_s(run.detections, run.fused)) is not None]
    never = sum(np.isinf(delays))
    return {
        "attacks": len(delays), "never_right": int(never),
        "median_s": float(np.quantile(delays, 0.5, method="inverted_cdf")) if delays else None,
        "p90_s": float(np.quantile(delays, 0.9, method="inverted_cdf")) if delays else None,
    }  # fmt: skip


def twins(runs: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """False incidents of the twins without an attacker: those that hold nothing of an attack, not of the one beside."""
    found: dict[str, dict[str, Any]] = {}
    for twin in ("fault", "benign"):
        mine = [run for run in runs if run.case.twin == twin]
        false = [one for run in mine for one in run.fused.last.values() if not guilty(run) & set(one.detections)]
        likely = sum(attack_chance(one)[0] >= _LIKELY for one in false)
        found[twin] = {
            "runs": len(mine), "incidents": len(false), "attack_likely": likely, "interval": poisson_interval(likely)
        }  # fmt: skip
    return found


def guilty(run: Judged) -> set[str]:
    """Detections that belong to an attack."""
    bad = {span.event for span in run.take.spans if span.event and span.malicious}
    return {one.event.id for one in run.detections if one.of in bad}


def listed(runs: Sequence[Judged]) -> str:
    """A row a run: detections of the event, of the one beside and of neither; what became of them."""
    rows = []
    for run in runs:
        counts = Counter(one.of for one in run.detections)
        main_ = _main_incidents(run)
        other = incidents_of(run.detections, "beside", run.fused.of, all_=True)
        delay = delay_s(run.detections, run.fused)
        told = [attack_chance(run.fused.last[name]) for name in sorted(main_)]
        rows.append(
            [run.case.name, counts["main"], counts["beside"], counts[""], len(run.fused.last), len(main_),
             len(main_ & other), _seconds(delay), " ".join(f"{ours:.2f}/{theirs:.2f}" for ours, theirs in told)]
        )  # fmt: skip
    head = ["run", "main", "beside", "noise", "incidents", "of main", "shared with beside", "delay", "told/model"]
    return table(head, rows)


def chances(runs: Sequence[Judged]) -> tuple[list[tuple[float, bool]], list[tuple[float, bool]]]:
    """(Probability of an attack, whether there was one) of each incident: as told, and by the model."""
    told, model = [], []
    for run in runs:
        bad = guilty(run)
        for incident in run.fused.last.values():
            ours, theirs = attack_chance(incident)
            there = bool(bad & set(incident.detections))
            told.append((ours, there))
            model.append((theirs, there))
    return told, model


def calibration(runs: Sequence[Judged]) -> dict[str, Any]:
    """Brier scores, the rival that always says the share of attacks, and tables of reliability."""
    told, model = chances(runs)
    share = sum(y for _, y in told) / len(told) if told else 0.0
    return {
        "runs": len(runs), "incidents": len(told), "share_attacks": share,
        "brier_told": brier(told), "brier_model": brier(model), "brier_always_share": share * (1 - share),
        "told": reliability(told), "model": reliability(model),
    }  # fmt: skip


def by_tale(runs: Sequence[Judged]) -> list[list[Any]]:
    """A row a tale and twin."""
    groups: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for run in runs:
        groups[run.case.tale, run.case.twin].append(run)
    rows = []
    for (tale, twin), mine in groups.items():
        pairs = sum((pairs_of(run.detections, run.fused.of) for run in mine), Pairs(0, 0, 0))
        seen = [run for run in mine if any(one.of == "main" and one.body.calls for one in run.detections)]
        ones = [is_one(run.detections, run.fused.of) for run in seen]
        counts = [len(incidents_of(run.detections, "main", run.fused.of, all_=False)) for run in seen]
        likely = sum(
            any(attack_chance(run.fused.last[name])[0] >= _LIKELY for name in _main_incidents(run)) for run in seen
        )
        mean = float(np.mean(counts)) if counts else 0.0
        rows.append([tale, twin, len(mine), len(seen), sum(map(bool, ones)), mean, likely, pairs.f1])
    return rows


def _main_incidents(run: Judged) -> set[str]:
    return incidents_of(run.detections, "main", run.fused.of, all_=False)


def quiet(stage: Stage, fusion: Fusion, told: Sequence[Case]) -> dict[str, Any]:
    """Incidents of ordinary days: all are false."""
    count, likely, days = 0, 0, 0.0
    kinds: Counter[str] = Counter()
    for case in told:
        take = stage.take(case)
        fused = fusion.fuse(take)
        days += take.days
        count += len(fused.last)
        likely += sum(attack_chance(one)[0] >= _LIKELY for one in fused.last.values())
        kinds.update(one.hypothesis for one in fused.last.values())
    return {"site_days": days, "incidents": count, "attack_likely": likely, "kinds": dict(kinds.most_common())}


def rates(chosen: argparse.Namespace, seeds: dict[str, Any], cache: Path) -> list[Performance]:
    """Rates of the detectors of both sites, measured on the seeds for tuning."""
    rows: list[Performance] = []
    for name in [chosen.site] if chosen.site else SITES:
        stage = Stage(name, seeds, cache, training_days=_QUICK_TRAINING if chosen.quick else None)
        alone = [one for one in cases(seeds, "tuning", name, None, quick=chosen.quick) if one.beside == "none"]
        rows += measured_rates(stage, [*alone, *quiet_cases(seeds, "tuning", name, quick=chosen.quick)])
    return pooled(rows)


def scored(chosen: argparse.Namespace, seeds: dict[str, Any], cache: Path) -> dict[str, Any]:
    """All figures."""
    group = "tuning" if chosen.tuning else "evaluation"
    runs: list[Judged] = []
    calm: list[dict[str, Any]] = []
    measured = load_performance(chosen.rates) if chosen.rates else ()
    if chosen.measured:
        measured = rates(chosen, seeds, cache)
    for name in [chosen.site] if chosen.site else SITES:
        stage = Stage(name, seeds, cache, training_days=_QUICK_TRAINING if chosen.quick else None)
        fusion = Fusion(stage, measured)
        if chosen.only != QUIET:
            for case in cases(seeds, group, name, chosen.only, quick=chosen.quick):
                runs.append(judge(stage, fusion, case))
        if chosen.only in (None, QUIET):
            calm.append(quiet(stage, fusion, list(quiet_cases(seeds, group, name, quick=chosen.quick))))
    result: dict[str, Any] = {"seeds": group, "quick": chosen.quick, "circumstances": circumstances("pyagrum")}
    if runs:
        result |= {
            "runs": len(runs), "detections": sum(len(run.detections) for run in runs),
            "belonging": sum(bool(one.of) for run in runs for one in run.detections),
            "grouping": grouping(runs), "timing": timing(runs), "calibration": calibration(runs),
            "tales": by_tale(runs), "twins": twins(runs), "listed": listed(runs),
            "fusion_s_a_run": float(np.mean([run.fused.seconds for run in runs])),
        }  # fmt: skip
    if calm:
        days, count, likely = (sum(one[key] for one in calm) for key in ("site_days", "incidents", "attack_likely"))
        kinds: Counter[str] = Counter()
        for one in calm:
            kinds.update(one["kinds"])
        result["quiet"] = {
            "site_days": days, "incidents": count, "interval": poisson_interval(count), "attack_likely": likely,
            "attack_likely_interval": poisson_interval(likely), "kinds": dict(kinds.most_common()),
        }  # fmt: skip
    return result


def text_of(result: dict[str, Any]) -> str:
    """The result as tables."""
    parts = []
    if found := result.get("grouping"):
        rows = [
            [name, one["precision"], one["recall"], one["f1"], one["events_f1"], one["events_f1_noise"],
             f"{one['attacks_one']}/{one['attacks']}"]
            for name, one in found.items()
        ]  # fmt: skip
        head = ["grouping", "precision", "recall", "pairwise F1", "F1 of events", "with noise", "attacks one incident"]
        parts.append(
            f"{result['runs']} runs, {result['detections']} detections raised, {result['belonging']} belong to one of "
            f"{found[OURS]['events']} events."
        )
        parts.append(table(head, rows))
        one = result["timing"]
        parts.append(
            f"From the second independent evidence to the first right incident: median {_seconds(one['median_s'])}, "
            f"90th percentile {_seconds(one['p90_s'])}, {one['attacks']} attacks, {one['never_right']} never right. "
            f"Fusion took {result['fusion_s_a_run']:.2f} s a run."
        )
        head = ["tale", "twin", "runs", "called", "one incident", "incidents", "an attack by its word", "pairwise F1"]
        parts.append(table(head, result["tales"]))
        parts += [
            f"{twin.capitalize()} twins: {one['incidents']} incidents of {one['runs']} runs hold nothing of an attack; "
            f"{one['attack_likely']} ({one['interval'][0]:.1f} to {one['interval'][1]:.1f}) of them say that one is "
            "likelier than not."
            for twin, one in result["twins"].items()
        ]
        one = result["calibration"]
        parts.append(
            f"Probability of an attack, {one['incidents']} incidents of {one['runs']} runs, {one['share_attacks']:.0%} "
            f"of them attacks. Brier score: as told {one['brier_told']:.3f}, the model {one['brier_model']:.3f}; "
            f"always the share of attacks {one['brier_always_share']:.3f}."
        )
        rows = [
            [side, f"{low:.1f} to {high:.1f}", count, mean, share]
            for side in ("told", "model")
            for low, high, count, mean, share in one[side]
        ]
        parts.append(table(["", "probability", "incidents", "mean", "were attacks"], rows))
    if one := result.get("quiet"):
        low, high = one["interval"]
        least, most = one["attack_likely_interval"]
        parts.append(
            f"Quiet: {one['incidents']} false incidents ({low:.1f} to {high:.1f}) in {one['site_days']:.0f} site-days; "
            f"{one['attack_likely']} ({least:.1f} to {most:.1f}) that say an attack is likelier than not. "
            f"By hypothesis: {json.dumps(one['kinds'])}."
        )
    parts.append(f"Seeds: {result['seeds']}{', one each' if result['quick'] else ''}.")
    return "\n\n".join(parts)


def _seconds(value: float | None) -> str:
    return "-" if value is None else "never" if np.isinf(value) else f"{value:.0f} s"


def plot(result: dict[str, Any], path: Path) -> None:
    """Reliability: how often it was an attack, by the probability that was told."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5.0), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#9a9a9a", lw=1)
    for side, colour in (("told", "#1f4e79"), ("model", "#b5541c")):
        bins = result.get("calibration", {}).get(side, ())
        axes.plot([one[3] for one in bins], [one[4] for one in bins], "o-", color=colour, label=side)
        for one in bins:
            axes.annotate(str(one[2]), (one[3], one[4]), textcoords="offset points", xytext=(4, 5), fontsize=7)
    axes.set_xlabel("probability of an attack")
    axes.set_ylabel("share that were attacks")
    axes.legend()
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed of each, little training, two quiet days")
    parser.add_argument("--tuning", action="store_true", help="the seeds for tuning")
    parser.add_argument("--only", choices=(*TALES, QUIET), help="one tale, or quiet days")
    parser.add_argument("--site", choices=SITES, help="one site")
    parser.add_argument("--cache", type=Path, help="keep what detectors said here")
    parser.add_argument("--measured", action="store_true", help="measure rates on the seeds for tuning, and use them")
    parser.add_argument("--rates", type=Path, help="measured rates of the detectors, for the risk model")
    parser.add_argument("--measure", type=Path, help="measure these rates on the seeds for tuning, and stop")
    parser.add_argument("--runs", action="store_true", help="a row a run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path)
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        cache = chosen.cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="incidents-")))
        seeds = json.loads(SEEDS.read_text())
        if chosen.measure:
            save_performance(chosen.measure, rates(chosen, seeds, cache))
            return
        result = scored(chosen, seeds, cache)
    if chosen.plot is not None:
        plot(result, chosen.plot)
    rows = result.pop("listed", "")
    text = f"{text_of(result)}\n\n{rows}" if chosen.runs else text_of(result)
    print_result(result, text, as_json=chosen.json)


if __name__ == "__main__":
    main(sys.argv[1:])
