"""Physical attacks, quiet months and people's reports, judged by the event detectors that each example site names.

Seeds and ranges were fixed before the detectors (`benchmarks/seeds/physical.json`, `simulators/life/ranges.py`).
Detectors of telemetry and captures are left out: these recordings have neither. An attack is found when an alarm
(medium or more) is raised in its window and names a door, device, zone, badge or account of it. Rivals in the same
runs: nothing; an alarm every hour that names everything; a plain rule (any badge outside of its shift, any forced
door). False alarms are episodes first raised in runs without attacks, innocent oddities included.

    python -m benchmarks physical_detection [--quick] [--tuning] [--only PART] [--json] [--plot FILE]
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.playing import blocks_of
from infrastress.app.detecting import build_detectors, choose_detectors
from infrastress.core.time import HOUR
from infrastress.detectors.base import Detector
from infrastress.detectors.observations.people import Roster
from infrastress.evaluation.events import poisson_interval
from infrastress.evaluation.measuring import Measured, Observations, measure
from infrastress.evaluation.windows import Window
from infrastress.events import AccessAttempt, Detection, DoorState, Event, Report, make_event
from infrastress.events.frames import Block, Finding, Frames
from infrastress.simulators.base import Realisation, TruthSpan
from infrastress.simulators.life import LifeSimulator
from infrastress.simulators.scenario import load_scenario
from infrastress.site import Site
from infrastress.site.load import load_site

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "benchmarks" / "seeds" / "physical.json"
PARTS = ("attacks", "quiet", "reports")
PLAIN, ALWAYS, NEVER, OURS = "plain rule", "always", "never", "detectors"
_PLAIN_QUIET_S = 1800.0
_SHIFT_SLACK_S = (2700.0, 7200.0)
_ALWAYS_A_DAY = 24
_FAKE = ("sensor_falsified", "intrusion")
_WORDS = ("unsaid", "unconfirmed", "probable", "corroborated")


@cache
def site_of(name: str) -> Site:
    """An example site."""
    return load_site(ROOT / "examples" / name)


def team(site: Site) -> list[Detector]:
    """The site's detectors but those of telemetry and of the network."""
    chosen = {name: one for name, one in choose_detectors(site).items() if "events" in one[0].hears}
    return build_detectors(site, chosen, {})


def blocks(site: Site, real: Realisation) -> Iterator[Block]:
    """A run without telemetry, hour by hour on the site's grid: frames without values."""
    width = round(site.runtime.frame_s * 1e9)
    tags = tuple(signal.id for signal in site.signals)
    first, last = real.facts["began_at"] // width + 1, real.facts["ended_at"] // width
    a_block, i = max(1, HOUR // width), 0
    for begin in range(first, last + 1, a_block):
        ends = np.arange(begin, min(begin + a_block, last + 1), dtype=np.int64) * width
        nothing = np.full((len(ends), len(tags)), np.nan)
        j = i
        while j < len(real.events) and real.events[j].occurred <= ends[-1]:
            j += 1
        frames = Frames(width, ends, tags, nothing, nothing, np.zeros(nothing.shape, np.int32))
        yield Block(frames, real.events[i:j])
        i = j


def plain_rule(site: Site, events: Sequence[Event]) -> list[Finding]:
    """Any badge outside of its shift, any forced door; more of the same within half an hour is one."""
    roster, last, found = Roster(site), {}, []
    for event in events:
        body = event.body
        subject = ""
        if isinstance(body, AccessAttempt) and body.granted:
            person = roster.by_badge.get(body.person)
            before, after = _SHIFT_SLACK_S
            if person is None or not roster.on_shift(person, event.occurred, before, after):
                subject = body.person
        elif isinstance(body, DoorState) and body.state == "forced":
            subject = body.door
        if not subject:
            continue
        if event.occurred - last.get(subject, -(10**18)) > _PLAIN_QUIET_S * 1e9:
            found.append(_plain(event, subject))
        last[subject] = event.occurred
    return found


def _plain(event: Event, subject: str) -> Finding:
    body = Detection(
        detector=PLAIN, detector_version="1", rule=PLAIN, episode=event.id, phase="raised", source_kind="access",
        severity="medium", score=1.0, sentence=f"{subject} out of hours, or forced", began=event.occurred,
        until=event.occurred, evidence=(event.id,),
    )  # fmt: skip
    return Finding(event.occurred, event.assets, body, event.zone)


def as_events(site: Site, findings: Sequence[Finding]) -> list[Event]:
    """Findings in their envelopes."""
    return [
        make_event(
            site=site.id, source=one.body.detector, sequence=n, occurred=one.occurred, body=one.body,
            assets=one.assets, zone=one.zone,
        )
        for n, one in enumerate(findings)
    ]  # fmt: skip


def window(span: TruthSpan) -> Window:
    """A simulated span as a window."""
    names = frozenset((*span.assets, *span.signals, *span.people))
    visible = span.began if span.first_visible is None else span.first_visible
    return Window(span.kind, span.malicious, span.began, visible, span.ended, span.zone, names)


def judged(name: str, scenario: str, seed: int) -> tuple[Realisation, list[Event], dict[str, Measured]]:
    """Play a scenario; what was raised, and what it is worth: ours and the plain rule's."""
    site = site_of(name)
    case = load_scenario(ROOT / "examples" / name / "scenarios" / f"{scenario}.yaml")
    real = LifeSimulator(site).run(case, seed)
    detectors = team(site)
    findings: list[Finding] = []
    telemetry = bool(case.options.get("weather"))
    for block in blocks_of(site, real) if telemetry and name == "depot" else blocks(site, real):
        for detector in detectors:
            findings += detector.update(block)
    observed = Observations(real.events, site)
    windows = [window(span) for span in real.truth if span.malicious or span.kind == "release"]
    span = (real.facts["began_at"], real.facts["ended_at"])
    sides = {
        OURS: (findings, {one.name: (one.version, tuple(one.cards)) for one in detectors}),
        PLAIN: (plain_rule(site, real.events), {PLAIN: ("1", (PLAIN,))}),
    }
    results = {
        side: measure(as_events(site, raised), observed, windows, span, rules=rules, recording=f"{scenario}-{seed}")
        for side, (raised, rules) in sides.items()
    }
    return real, as_events(site, findings), results


def attacks(group: dict[str, Any], sites: Sequence[str], count: int | None) -> dict[str, Any]:
    """Each attack of each run: who found it."""
    runs: dict[str, dict[str, int]] = defaultdict(dict)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    delays: list[float] = []
    noticed = named = said = 0
    for name in sites:
        for seed in group["seeds"][:count]:
            _, raised, results = judged(name, group["scenario"], seed)
            for side, one in results.items():
                runs[side][f"{name} {seed}"] = sum(bool(found.alarms) for found in one.attacks)
            for found in results[OURS].attacks:
                kinds[found.window.kind].update(["played", *(["found"] if found.alarms else [])])
                noticed += bool(found.rules)
                delays += [min(found.alarms.values())] if found.alarms else []
            said += len(raised)
            named += sum(bool(one.assets or one.zone) and bool(one.body.sentence) for one in raised)
            _progress(f"{name} {seed}: {runs[OURS][f'{name} {seed}']} of 10")
    return {
        "runs": dict(runs),
        "kinds": {kind: dict(counts) for kind, counts in sorted(kinds.items())},
        "noticed": noticed,
        "median_delay_s": float(np.median(delays)) if delays else None,
        "named_and_explained": named / said if said else None,
    }


def quiet(group: dict[str, Any], sites: Sequence[str], count: int | None) -> dict[str, Any]:
    """False alarms of months without attacks."""
    days = 0.0
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    by_site: Counter[str] = Counter()
    notices = 0
    for name in sites:
        for seed in group["seeds"][:count]:
            _, _, results = judged(name, group["scenario"], seed)
            days += results[OURS].quiet_days
            for side, one in results.items():
                counts[side].update(event.body.rule for event in one.false_alarms)
            by_site[name] += len(results[OURS].false_alarms)
            notices += len(results[OURS].false) - len(results[OURS].false_alarms)
            _progress(f"{name} {seed}: {len(results[OURS].false_alarms)} false alarms")
    return {
        "site_days": days,
        "a_day": {side: [x / days for x in (c.total(), *poisson_interval(c.total()))] for side, c in counts.items()},
        "by_rule": dict(counts[OURS].most_common()),
        "by_site": dict(by_site),
        "notices_a_day": notices / days,
    }


def reports(groups: dict[str, Any], count: int | None) -> dict[str, Any]:
    """Campaigns, releases, one true report beside a sensor, ordinary days: what reports made of detectors."""
    found: dict[str, Any] = {}
    for part in ("campaign", "release", "single", "ordinary"):
        tally: Counter[str] = Counter()
        delays = []
        for seed in groups[part]["seeds"][:count]:
            real, raised, _ = judged("depot", groups[part]["scenario"], seed)
            spans = [span for span in real.truth if span.kind in ("fake_campaign", "release")]
            told = {e.id for e in real.events if isinstance(e.body, Report)}
            mine = [
                e for e in raised
                if e.body.phase == "raised" and (e.body.source_kind == "reports" or told & set(e.body.evidence))
            ]  # fmt: skip
            tally.update(["runs"])
            if not spans:
                tally["false alarms"] += sum(e.body.calls for e in mine)
                continue
            begin, end = spans[0].began, spans[0].ended + HOUR
            there = [e for e in mine if begin <= e.occurred <= end]
            believed = [e for e in there if e.body.calls and e.body.suspicion == "process_fault"]
            doubted = [e for e in there if e.body.suspicion in _FAKE or e.body.rule == "report.campaign"]
            tally.update((["believed"] if believed else []) + (["called fake"] if doubted else []))
            tally.update([_best_word(there)])
            tally["heard"] += any(isinstance(e.body, Report) and begin <= e.occurred <= end for e in real.events)
            delays += [(believed[0].occurred - begin) / 1e9] if believed else []
        found[part] = {**tally, "median_delay_s": float(np.median(delays)) if delays else None}
        _progress(f"{part}: {dict(tally)}")
    return found


def _best_word(raised: Sequence[Event]) -> str:
    """The most credible word of any cluster, with which its sentence begins; "unsaid" where a rule uses none."""
    said = [e.body.sentence.split(":")[0] for e in raised if isinstance(e.body, Detection)]
    return max((word for word in said if word in _WORDS), key=_WORDS.index, default="unsaid")


def _progress(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def text_of(result: dict[str, Any]) -> str:
    """The result as tables."""
    parts = []
    if found := result.get("attacks"):
        ours = found["runs"][OURS]
        count, most = len(ours), 10 * len(ours)
        rows = [
            [side, f"{sum(runs.values())}/{most}", min(runs.values()), sum(n >= 9 for n in runs.values()), count]
            for side, runs in found["runs"].items()
        ]
        rows += [[NEVER, f"0/{most}", 0, 0, count], [ALWAYS, f"{most}/{most}", 10, count, count]]
        head = ["", "attacks found", "fewest of ten in a run", "runs with nine or more", "runs"]
        kinds = [[kind, counts.get("found", 0), counts["played"]] for kind, counts in found["kinds"].items()]
        parts += [table(head, rows), table(["kind", "found", "played"], kinds)]
        parts.append(
            f"Noticed by anything, calling or not: {found['noticed']}; median delay of the first alarm "
            f"{found['median_delay_s']} s; detections that name an asset or zone and say why: "
            f"{found['named_and_explained'] or 0:.1%}."
        )
    if found := result.get("quiet"):
        rows = [[side, *rates] for side, rates in found["a_day"].items()]
        rows += [[NEVER, 0.0, 0.0, 0.0], [ALWAYS, float(_ALWAYS_A_DAY), "-", "-"]]
        parts.append(f"Quiet: {found['site_days']:.0f} site-days, exact 95 % Poisson intervals.")
        parts.append(table(["", "false alarms a day", "from", "to"], rows))
        parts.append(f"By rule: {json.dumps(found['by_rule'])}; notices a day: {found['notices_a_day']:.2f}.")
    if found := result.get("reports"):
        rows = [
            [part, one["runs"], one.get("believed", 0), one.get("called fake", 0), *(one.get(w, 0) for w in _WORDS),
             one.get("false alarms", "-"), one["median_delay_s"] if one["median_delay_s"] is not None else "-"]
            for part, one in found.items()
        ]  # fmt: skip
        head = ["reports", "runs", "alarm of danger", "called fake", *_WORDS, "false alarms", "median delay s"]
        parts.append(table(head, rows))
        never = "Rivals: never believes none of either; always believes every release and every campaign."
        parts.append(never)
    parts.append(f"Detectors: {', '.join(result['detectors'])}; seeds: {result['seeds']}.")
    return "\n\n".join(parts)


def plot(result: dict[str, Any], path: Path) -> None:
    """Attacks found by kind, false alarms by rule."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    if found := result.get("attacks"):
        kinds = list(found["kinds"])
        left.barh(
            kinds, [found["kinds"][k].get("found", 0) / found["kinds"][k]["played"] for k in kinds], color="#1f4e79"
        )
        left.set_xlim(0, 1)
        left.set_xlabel("share of attacks found")
    if found := result.get("quiet"):
        rules = list(found["by_rule"])[:12]
        right.barh(rules, [found["by_rule"][rule] / found["site_days"] for rule in rules], color="#7a1f1f")
        right.set_xlabel("false alarms a site-day")
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed of each")
    parser.add_argument("--tuning", action="store_true", help="the seeds for tuning")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--site", choices=("depot", "water"), help="one site")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path)
    chosen = parser.parse_args(arguments)
    seeds = json.loads(SEEDS.read_text())
    groups = seeds["tuning" if chosen.tuning else "evaluation"]
    sites = [chosen.site] if chosen.site else seeds["sites"]
    count = 1 if chosen.quick else None
    result: dict[str, Any] = {
        "detectors": sorted({one.name for name in sites for one in team(site_of(name))}),
        "seeds": "tuning" if chosen.tuning else "evaluation",
        "circumstances": circumstances(),
    }
    if chosen.only in (None, "attacks"):
        result["attacks"] = attacks(groups["attacks"], sites, count)
    if chosen.only in (None, "quiet"):
        result["quiet"] = quiet(groups["quiet"], sites, count)
    if chosen.only in (None, "reports"):
        result["reports"] = reports(groups, 3 if chosen.quick else None)
    if chosen.plot is not None:
        plot(result, chosen.plot)
    print_result(result, text_of(result), as_json=chosen.json)


if __name__ == "__main__":
    main()
