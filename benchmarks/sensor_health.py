"""Sensor health on the simulated plants: faults found, alarms on healthy signals with and without the mask, quiet days.

Faults are put on the simulator's rows, one after the other on signals drawn at random (`seeds/sensors.json`,
development seeds). A fault counts as found when a rule with the suspicion `sensor_fault` speaks, between its begin and
an hour after its end, of the signal or of its source. Alarms (medium and above) on other assets in that time that the
same days without the fault don't have are counted twice: by detectors that lean on every value, and with the mask.

    python -m benchmarks.sensor_health [--quick] [--plant NAME] [--json]
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.playing import blocks_of, learned
from infrastress.core.time import HOUR
from infrastress.core.units import Scale, scale_of
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.detectors.process.trust.traits import DISCRETE
from infrastress.events import Samples
from infrastress.events.frames import Block, Finding
from infrastress.simulators.base import Realisation, Simulator
from infrastress.simulators.depot import DepotSimulator
from infrastress.simulators.scenario import load_scenario
from infrastress.simulators.water import WaterSimulator
from infrastress.site import Site
from infrastress.site.load import load_site

ROOT = Path(__file__).resolve().parents[1]
PLANTS: dict[str, Callable[[Site], Simulator]] = {"depot": DepotSimulator, "water": WaterSimulator}
SENSOR_RULES = (
    "process.frozen", "process.silence", "process.spike", "process.noise", "process.resolution",
    "process.default_value", "process.clock", "process.instrument_range", "process.rate",
)  # fmt: skip
REALLY_FAILED = ("stuck_meter", "noisy_meter", "outstation_silent")


SHOWN = {"missing": np.nan, "missing_day": np.nan, "default_zero": 0.0, "default_code": -9999.0}
"""What a channel that gives no value shows, in its own unit."""
SPIKES = 0.01


@dataclass(frozen=True)
class Fault:
    """A fault of a signal (None: of the whole source's clock), from `began` to `ended`, ns."""

    kind: str
    signal: str | None
    began: int
    ended: int


def faulted(real: Realisation, site: Site, faults: Sequence[Fault], seed: int) -> Realisation:
    """The same run with faults in its rows."""

    def rows() -> Iterator[Samples]:
        held: dict[Fault, float] = {}
        random = np.random.default_rng([seed, 1])
        for samples in real.samples:
            values, times, kept = samples.values.copy(), samples.times, np.ones(len(samples), bool)
            for fault in faults:
                within = (times >= fault.began) & (times < fault.ended)
                if not within.any():
                    continue
                if fault.signal is None:
                    times, kept = _clock(fault, times, within, kept)
                elif fault.signal in samples.tags:
                    column = samples.tags.index(fault.signal)
                    shown = values[within, column]
                    values[within, column] = _broken(fault, shown, site, held, random)
            order = np.argsort(times[kept], kind="stable")
            yield replace(samples, times=times[kept][order], values=values[kept][order])

    return Realisation(rows(), real.events, real.truth, real.facts)


def _broken(
    fault: Fault, shown: np.ndarray, site: Site, held: dict[Fault, float], random: np.random.Generator
) -> np.ndarray:
    """What a broken instrument shows instead, SI."""
    signal = site.signal_by_id[str(fault.signal)]
    scale = scale_of(signal.unit)
    step = max(signal.resolution, signal.accuracy, 1e-3) * abs(scale.factor)
    size = max(step, 0.02 * float(np.nanmax(np.abs(shown), initial=0.0)) if signal.kind != "temperature" else step)
    if fault.kind in SHOWN:
        return np.full(len(shown), SHOWN[fault.kind] * scale.factor + scale.offset)
    if fault.kind == "stuck":
        return np.full(len(shown), held.setdefault(fault, float(shown[0])))
    if fault.kind == "noisy":
        return _rounded(shown + 4.0 * size * random.standard_normal(len(shown)), signal.resolution, scale)
    if fault.kind == "coarser":
        return _rounded(shown, 10.0 * signal.resolution, scale)
    # Spiky: one row in a hundred is off by 5 % of the instrument's range, or a third of what it shows.
    far = 0.05 * (signal.range[1] - signal.range[0]) * abs(scale.factor) if signal.range else 0.0
    far = far or max(20.0 * size, 0.3 * float(np.nanmax(np.abs(shown), initial=0.0)))
    return _rounded(np.where(random.random(len(shown)) < SPIKES, shown + far, shown), signal.resolution, scale)


def _rounded(values: np.ndarray, step: float, scale: Scale) -> np.ndarray:
    """SI values on a grid of their own unit."""
    own = (values - scale.offset) / scale.factor
    return np.round(own / step) * step * scale.factor + scale.offset if step > 0 else values


def _clock(fault: Fault, times: np.ndarray, within: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times by a clock that is wrong: 12 % slow, standing still for ten minutes, or set forward by half an hour."""
    times, at = times.copy(), times[within]
    if fault.kind == "slow":
        times[within] = fault.began + ((at - fault.began) * 0.88).astype(np.int64)
    elif fault.kind == "still":
        still = within & (times < fault.began + HOUR // 6)
        times[still] = fault.began
    else:
        # Rows of half an hour never come; those behind it are as late as ever.
        kept = kept & ~(within & (times < fault.began + HOUR // 2))
    return times, kept


def faults_of(site: Site, plan: dict[str, Any], begin: int, seed: int, heard: Sequence[str]) -> list[Fault]:
    """Faults one after the other; a signal of a kind that is measured, each kind of fault once."""
    random = np.random.default_rng([seed, 2])
    measured = [s.id for s in site.signals if s.kind not in DISCRETE and s.id in heard]
    with_digits = [s for s in measured if site.signal_by_id[s].resolution > 0]
    faults, at = [], begin + 6 * HOUR
    for kind in plan["faults"]:
        lasts = (24 if kind == "missing_day" else plan["lasts_h"]) * HOUR
        choice = with_digits if kind == "coarser" else measured
        if kind == "default_zero":
            choice = [s for s in measured if site.signal_by_id[s].kind in ("level", "pressure")]
        signal = choice[int(random.integers(len(choice)))]
        if kind == "missing_day":
            faults.append(Fault(kind, signal, begin + 6 * HOUR, begin + 6 * HOUR + lasts))
            continue
        faults.append(Fault(kind, signal, at, at + lasts))
        at += plan["every_h"] * HOUR
    clock = plan["clocks"][seed % len(plan["clocks"])]
    faults.append(Fault(clock, None, at, at + plan["lasts_h"] * HOUR))
    return faults


def judged(site: Site, baselines: dict[str, Any], blocks: Sequence[Block], *, masked: bool) -> list[Finding]:
    """What both detectors raise."""
    residuals = baselines[ResidualDetector.name]
    invariants = InvariantDetector(site, InvariantDetector.Options(), baselines[InvariantDetector.name])
    if not masked:
        residuals = {**residuals, "sensors": {}}
        for rule in invariants.invariants:
            vars(rule).update(heeds_trust=False, heeds_spikes=False)
    found = []
    for detector in (invariants, ResidualDetector(site, ResidualDetector.Options(), residuals)):
        for block in blocks:
            found += [f for f in detector.update(block) if f.body.phase == "raised"]
    return found


def key(finding: Finding) -> tuple[str, tuple[str, ...], int]:
    """What makes two alarms the same: rule, assets, and the hour."""
    return finding.body.rule, finding.assets, finding.occurred // HOUR


def plant(name: str, plan: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    """Everything about one plant."""
    folder = ROOT / "examples" / name
    site = load_site(folder)
    simulator = PLANTS[name](site)
    training, quiet = plan["training"], plan["quiet"]
    what = load_scenario(folder / "scenarios" / f"{training['scenario']}.yaml", duration_h=24.0 * training["days"])
    members = (InvariantDetector, ResidualDetector)
    baselines = learned(simulator, what, training["seeds"][: 1 if quick else None], members)
    what = load_scenario(folder / "scenarios" / f"{quiet['scenario']}.yaml", duration_h=24.0 * quiet["days"])
    notices, alarms, right = Counter[str](), Counter[str](), Counter[str]()
    tries, hits = Counter[str](), Counter[str]()
    others: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    how: dict[str, Counter[str]] = {}
    seeds = quiet["seeds"][: 2 if quick else None]
    values, seconds = 0, 0.0
    for seed in seeds:
        real = simulator.run(what, seed)
        kept = list(real.samples)
        again = Realisation(iter(kept), real.events, real.truth, real.facts)
        blocks = [Block(block.frames, ()) for block in blocks_of(site, again)]
        values += 2 * sum(block.frames.mean.size for block in blocks)
        begun = time.process_time()
        calm = judged(site, baselines, blocks, masked=True)
        seconds += time.process_time() - begun
        failed = [span for span in real.truth if span.kind in REALLY_FAILED]
        for one in calm:
            if one.body.rule in SENSOR_RULES or one.body.suspicion == "sensor_fault":
                real_fault = any(
                    set(span.assets) & set(one.assets) and span.began <= one.occurred <= span.ended + HOUR
                    for span in failed
                )
                (right if real_fault else alarms if one.body.calls else notices)[one.body.rule] += 1
        begin = int(kept[0].times[0])
        faults = faults_of(site, plan, begin, seed, kept[0].tags)
        broken = faulted(Realisation(iter(kept), real.events, real.truth, real.facts), site, faults, seed)
        spoilt = [Block(block.frames, ()) for block in blocks_of(site, broken)]
        raised = {True: judged(site, baselines, spoilt, masked=True)}
        raised[False] = judged(site, baselines, spoilt, masked=False)
        usual = {key(one) for one in calm} | {key(one) for one in judged(site, baselines, blocks, masked=False)}
        for fault in faults:
            asset = "" if fault.signal is None else site.signal_by_id[fault.signal].asset
            span = (fault.began, fault.ended + HOUR)
            mine = [f for f in raised[True] if span[0] <= f.occurred <= span[1]]
            rules = {
                f.body.rule
                for f in mine
                if f.body.suspicion == "sensor_fault"
                and (not f.assets or fault.signal is None or fault.signal in {c.signal for c in f.body.contributions})
            }
            tries[fault.kind] += 1
            hits[fault.kind] += bool(rules)
            how.setdefault(fault.kind, Counter()).update(rules)
            if fault.kind == "missing_day":
                continue  # others are broken in the same time
            for masked, some in raised.items():
                others[masked][fault.kind] += sum(
                    f.body.calls
                    and span[0] <= f.occurred <= span[1]
                    and asset not in f.assets
                    and fault.signal not in {c.signal for c in f.body.contributions[:1]}
                    and key(f) not in usual
                    for f in some
                )
    days = len(seeds) * quiet["days"]
    return {
        "site_days": days,
        "notices": dict(notices),
        "notices_a_week": 7.0 * notices.total() / days,
        "alarms": dict(alarms),
        "on_real_failures": dict(right),
        "faults": {
            kind: [tries[kind], hits[kind], others[False][kind], others[True][kind], dict(how[kind])] for kind in tries
        },
        "values_per_cpu_second": values / seconds,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Play, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds, half of the training")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plant", choices=tuple(PLANTS))
    chosen = parser.parse_args(arguments)
    plan = json.loads((ROOT / "benchmarks" / "seeds" / "sensors.json").read_text())
    plants = [chosen.plant] if chosen.plant else list(PLANTS)
    result: dict[str, Any] = {name: plant(name, plan, quick=chosen.quick) for name in plants}
    rows = [
        [name, kind, *row[:4], ", ".join(f"{rule} {n}" for rule, n in sorted(row[4].items()))]
        for name in plants
        for kind, row in result[name]["faults"].items()
    ]
    head = ["plant", "fault", "tried", "found as sensor fault", "alarms on others: every value", "masked", "by"]
    calm = [
        [name, one["site_days"], one["notices_a_week"], json.dumps(one["notices"]), json.dumps(one["alarms"]),
         json.dumps(one["on_real_failures"])]
        for name, one in result.items()
    ]  # fmt: skip
    text = "\n\n".join(
        [
            table(head, rows),
            table(["plant", "quiet days", "notices a week", "notices", "alarms", "on instruments that failed"], calm),
        ]
    )
    print_result({**result, "circumstances": circumstances()}, text, as_json=chosen.json)


if __name__ == "__main__":
    main()
