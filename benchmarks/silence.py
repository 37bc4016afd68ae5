"""The watch over silence: 20 sources stopped, frozen and delayed in turn, and 30 quiet days without a false flag.

Faults and seeds are those of `seeds/silence.json`. Quiet days are the depot's normal scenario, told row by row and in
batches of a minute, through live admission on a simulated clock. The trivial rivals see the same arrivals: a source is
silent after one cadence, or after 10 minutes. A delay is counted from when the fault began (the row before may be a
cadence old by then) and given in cadences of the source.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.talkers import PLAN, Fault, faults_of, play, talkers
from infrastress.core.time import SECOND
from infrastress.events import Event, Samples
from infrastress.runtime.watch import Watch

ROOT = Path(__file__).resolve().parents[1]


class Timeout:
    """The trivial rival: a source is silent when nothing has come for a fixed time."""

    def __init__(self, limits: dict[str, float]) -> None:
        self._limits = {source: round(limit * SECOND) for source, limit in limits.items()}
        self._heard: dict[str, int] = {}
        self._flagged: set[str] = set()

    def tick(self, clock: int, heard: set[str]) -> list[str]:
        """Sources that fall silent now."""
        self._heard.update(dict.fromkeys(heard, clock))
        self._flagged -= heard
        late = [s for s, at in self._heard.items() if s in self._limits and clock - at > self._limits[s]]
        fresh = [source for source in late if source not in self._flagged]
        self._flagged.update(fresh)
        return fresh


def rivals(cadences: dict[str, float]) -> dict[str, Timeout]:
    """One cadence, and ten minutes."""
    return {"timeout of 1 cadence": Timeout(cadences), "timeout of 10 minutes": Timeout(dict.fromkeys(cadences, 600.0))}


def faulted(cadences: list[float], seed: int, faults: Sequence[Fault] | None = None) -> dict[str, Any]:
    """Play the faults; flags by contender, each (time, source, rule)."""
    site = talkers(cadences)
    faults = faults_of(cadences, seed) if faults is None else faults
    watch = Watch(site)
    others = rivals({source.id: source.cadence_s or 0.0 for source in site.sources})
    flags: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for now, arrived in play(cadences, list(faults), seed, faults[-1].ended + 600 * SECOND):
        for samples in arrived:
            watch.samples(samples)
        for finding in watch.tick(now, now)[0]:
            if finding.body.phase == "raised":
                flags["watch"].append((now, finding.body.sentence.split()[1], finding.body.rule))
        for name, rival in others.items():
            flags[name] += [(now, source, "silent") for source in rival.tick(now, {s.source for s in arrived})]
    return {"faults": faults, "flags": dict(flags), "cadences": cadences}


def judged(played: dict[str, Any], contender: str) -> tuple[list[tuple[Fault, float | None, str]], int]:
    """Per fault how long until its source was flagged, in cadences (None: missed), and flags that belong to none."""
    flags = played["flags"].get(contender, [])
    used = set()
    found: list[tuple[Fault, float | None, str]] = []
    for fault in played["faults"]:
        cadence = played["cadences"][fault.source]
        tail = fault.ended + fault.delay + round((3 * cadence + 5) * SECOND)
        mine = [
            (i, at, rule)
            for i, (at, source, rule) in enumerate(flags)
            if source.split("-")[0] == f"s{fault.source}" and fault.began <= at <= tail
        ]
        used.update(i for i, _, _ in mine)
        right = [(at, rule) for _, at, rule in mine if at <= fault.ended + fault.delay]
        delay = (right[0][0] - fault.began) / SECOND / cadence if right else None
        found.append((fault, delay, "+".join(dict.fromkeys(rule.removeprefix("health.") for _, rule in right))))
    return found, len(flags) - len(used)


def quiet(seed: int, days: float, batch_s: float) -> dict[str, Any]:
    """Flags of each contender in quiet days of the depot; of the watch's, how many lie in silences of the recording.

    The depot's ordinary days have lost rows and short gaps: telemetry whose rows are three cadences apart or more was
    silent, by the times of its rows alone, and a flag then is none of the false ones.
    """
    from infrastress.app.scenarios import load_scenario
    from infrastress.app.scenarios import play as simulate
    from infrastress.runtime.live import LiveAdmission
    from infrastress.site.load import load_site
    from infrastress.store.ports import type_of

    site = load_site(ROOT / "examples" / "depot")
    story = load_scenario(ROOT / "examples" / "depot", PLAN["quiet"]["scenario"], duration_h=24 * days)
    realisation = simulate(site, story, seed)
    random = np.random.default_rng([seed, 2])
    admission, watch = LiveAdmission(site, site.sources), Watch(site)
    others = rivals({s.id: s.cadence_s for s in site.sources if s.cadence_s})
    flags = dict.fromkeys(["watch", *others], 0)
    flagged: list[tuple[int, str]] = []
    times: list[int] = []
    for now, deliveries in arrivals(realisation.samples, realisation.events, random, batch_s):
        if not admission.joined:
            admission.start(now)
            for source in site.sources:
                admission.join(source.id, now)
        times += [int(samples.times[0]) for delivery in deliveries for samples in delivery.samples]
        for delivery in deliveries:
            for output in admission.take(delivery, now):
                if type_of(output.subject) == "samples":
                    watch.samples(Samples.decode(output.data))
            for event in delivery.events:
                watch.event(event)
        admission.tick(now)
        for finding in watch.tick(now, admission.watermark or 0)[0]:
            if finding.body.phase == "raised":
                flags["watch"] += 1
                flagged.append((now, finding.body.sentence))
        for name, rival in others.items():
            flags[name] += len(rival.tick(now, {delivery.source for delivery in deliveries}))
    refused = {s: dict(b.quarantined) for s, b in admission.balances.items() if b.quarantined}
    cadence = next(s.cadence_s for s in site.sources if s.kind == "telemetry") or 0.0
    gaps = [(a, b) for a, b in pairwise(sorted(times)) if b - a >= 3 * cadence * SECOND]
    late = round((batch_s + 5) * SECOND)
    false = [said for at, said in flagged if not any(a <= at <= b + late for a, b in gaps)]
    return {**flags, "watch, false": len(false), "silences": len(gaps), "said": false[:10], "refused": refused}


def arrivals(
    samples: Iterator[Samples], events: Sequence[Event], random: np.random.Generator, batch_s: float
) -> Iterator[tuple[int, list[Any]]]:
    """(event clock, deliveries) each 5 s: rows come a little later than they were measured, or in batches."""
    from infrastress.events.delivery import Balance, Delivery

    step = 5 * SECOND
    number = clock = 0
    waiting: list[tuple[int, Samples]] = []
    left = sorted(events, key=lambda event: event.observed)
    left.reverse()
    for chunk in samples:
        for i in range(len(chunk)):
            row = chunk.slice(i, i + 1)
            time = int(row.times[0])
            clock = clock or time // step * step
            held = batch_s * SECOND - time % round(batch_s * SECOND) if batch_s else 0
            waiting.append((time + round(held + random.exponential(0.3) * SECOND), row))
            while clock + step <= time:
                clock += step
                deliveries = [
                    Delivery(row.source, str(number := number + 1).encode(), (row,), balance=Balance(1, 1))
                    for at, row in waiting
                    if at <= clock
                ]
                waiting = [item for item in waiting if item[0] > clock]
                while left and left[-1].observed <= clock:
                    event = left.pop()
                    deliveries.append(Delivery(event.source, b"e", events=(event,), balance=Balance(1, 1)))
                yield clock, deliveries


def main(arguments: Sequence[str] | None = None) -> None:
    """Play, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tuning", action="store_true", help="the tuning seed instead of those that count")
    options = parser.parse_args(arguments)
    cadences = PLAN["cadences_s"][:12:2] if options.quick else PLAN["cadences_s"]
    seeds = [PLAN["tuning_seed"]] if options.tuning else PLAN["seeds"][: 1 if options.quick else None]
    rows, details, false = [], [], defaultdict(int)
    played = [faulted(cadences, seed) for seed in seeds]
    for contender in ("watch", "timeout of 1 cadence", "timeout of 10 minutes"):
        for kind in PLAN["faults"]:
            delays, missed = [], 0
            for one in played:
                found, strays = judged(one, contender)
                false[contender] += strays if kind == "stopped" else 0
                for fault, delay, how in found:
                    if fault.kind != kind:
                        continue
                    missed += delay is None
                    delays += [] if delay is None else [delay]
                    if contender == "watch" and one is played[0]:
                        cadence = cadences[fault.source]
                        details.append((kind, f"s{fault.source}", cadence, -1.0 if delay is None else delay, how))
            within = sum(delay <= 3.0 for delay in delays)
            worst = max(delays, default=float("nan"))
            rows.append(
                (contender, kind, len(delays) + missed, within, missed, float(np.median(delays or [np.nan])), worst)
            )
    days = 2.0 if options.quick else float(PLAN["quiet"]["days"])
    calm = {
        f"{batch:g}": quiet(seed, days, batch)
        for seed in PLAN["quiet"]["seeds"]
        for batch in PLAN["quiet"]["batches_s"]
    }
    text = table(["contender", "fault", "faults", "within 3 cadences", "missed", "median delay", "worst delay"], rows)
    text += "\n\n" + table(["fault", "source", "cadence s", "delay in cadences", "called"], details)
    text += f"\n\nFlags that belong to no fault: {dict(false)}\n\nFlags in {days:g} quiet days, by batch (s): {calm}"
    result = {
        "circumstances": circumstances(),
        "seeds": seeds,
        "faults": [list(row) for row in rows],
        "strays": dict(false),
        "quiet_days": days,
        "quiet": calm,
    }
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
