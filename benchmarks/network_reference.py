"""Reference traffic: what the network detectors find of labelled attacks, say on quiet days, and make of honest work.

Both reference sites, captures written by `simulators/traffic` and read by the capture reader. Seeds were fixed before
any detector saw this traffic (`benchmarks/seeds/network.json`); polls are thinned to its `poll_s`.

The rules for all of it, written down before anything was scored with them:

* Detectors run with their default options and the site model as it is. The baseline learns from the training seeds.
* An alarm is an episode that is raised. On quiet days every one of them is false; notices (`low`) are counted apart.
* A story is told in a day of its own; the same day without it is its twin. Alarms that the twin has too (same rule and
  assets, within an hour) don't count. A story is found where an alarm is raised from its beginning to a quarter of an
  hour after its end; the delay goes from its beginning to the first. It is named rightly where one of its techniques
  is among those of the alarms that found it.
* The allow-list is the rival: (client, server, unit, function) of the training days; each key that isn't among them
  alarms once a run. `always` would find all and `never` nothing.
* Honest work is also given to fusion as the application builds it, as it comes and with a notice of it (`work_notice`,
  said an hour before: the controllers that it is about, their security zones and that of the engineering station, from
  five minutes before it to a quarter of an hour after). It is told as an attack where an incident that holds one of its
  detections has in any version a hypothesis that stands for an attack. An attack is given the same, as though work on
  all controllers were announced just then: whoever believes every notice never tells an attack under cover of one.
* The maintenance laptop is judged twice: as it comes, and with its address announced in the site model.

    python -m benchmarks network_reference [--seeds N] [--site depot|water] [--quiet-only | --stories-only]
        [--story NAME] [--rates FILE] [--json]
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.incident.announced import Works
from benchmarks.incident.fused import Fusion
from benchmarks.network_detection import block
from infrastress.app.detecting import cards_of, choose_detectors
from infrastress.app.scenarios import load_scenario, play
from infrastress.connectors.pcap.recorded import CaptureConnector, CaptureOptions
from infrastress.core.time import HOUR, MINUTE, SECOND
from infrastress.detectors.base import Detector
from infrastress.detectors.network import NetworkBaselineDetector, NetworkRuleDetector
from infrastress.evaluation.events import poisson_interval
from infrastress.evaluation.performance import Performance, load_performance
from infrastress.events import NetworkRecords, Samples
from infrastress.events.frames import Finding
from infrastress.simulators.base import Realisation, Scenario, TrafficPlan, TruthSpan
from infrastress.simulators.traffic import TALES, tapped
from infrastress.simulators.traffic.works import LAPTOP
from infrastress.site import Site
from infrastress.site.assets import Controller, Host, Interface
from infrastress.site.load import load_site
from infrastress.site.sources import Source

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
AFTER = 15 * MINUTE
NOTICE = "low"
SITES = ("depot", "water")
LAPTOP_STORY, ANNOUNCED = "maintenance-laptop", "maintenance-laptop, announced"
ON_ONE = (LAPTOP_STORY, ANNOUNCED, "nic-replaced", "dhcp-change")
"""Works on one controller; the others are on all."""
Key = tuple[str, str, int, int]


class Alarm(NamedTuple):
    """A raised episode."""

    detector: str
    rule: str
    severity: str
    assets: tuple[str, ...]
    at: int
    techniques: tuple[str, ...]
    sentence: str


class Day(NamedTuple):
    """A run: its alarms, new keys with their time, and what really happened."""

    alarms: list[Alarm]
    keys: dict[Key, int]
    truth: tuple[TruthSpan, ...]
    packets: int
    findings: list[Finding]


class Bench:
    """One site with its detectors."""

    def __init__(self, name: str, seeds: dict[str, Any], measured: Sequence[Performance] = ()) -> None:
        self.name, self.seeds = name, seeds
        self.site: Site = load_site(EXAMPLES / name)
        self.cards = cards_of(choose_detectors(self.site))
        self.works = Works(self.site, Fusion(self, measured))
        self._played: dict[tuple[int, float], tuple[Realisation, list[Samples], Scenario]] = {}
        self.baseline: Any = None
        self.allowed: set[Key] = set()

    def learn(self, count: int | None) -> list[str]:
        """Learn from the training seeds; what is held for review."""
        told = self.seeds["training"]
        heard = [self.records(seed, 24.0 * told["days"])[0] for seed in told["seeds"][:count]]
        options = NetworkBaselineDetector.Options()
        width = round(self.site.runtime.frame_s * SECOND)
        lesson = NetworkBaselineDetector.learn(self.site, options, (block(one, width) for one in heard))
        self.baseline = lesson.baseline if lesson else None
        self.allowed = {key for one in heard for key in _keys(one)}
        self._played.clear()
        return list(lesson.warnings) if lesson else []

    def records(self, seed: int, hours: float, story: str | None = None) -> tuple[NetworkRecords, Realisation, int]:
        """What the captures of a run say, by the time it was known."""
        played, samples, scenario = self._process(seed, hours)
        plan = {"poll_s": self.seeds["poll_s"], "stories": [{"story": story}] if story else []}
        scenario = scenario.model_copy(update={"traffic": TrafficPlan.model_validate(plan)})
        with tempfile.TemporaryDirectory() as folder:
            told = tapped(self.site, scenario, replace(played, samples=iter(samples)), seed, Path(folder))
            for _ in told.samples:
                pass
            found, packets = [], sum(one["packets"] for one in told.facts["captures"])
            for path in sorted(Path(folder).glob("*.pcap")):
                connector = CaptureConnector(self.site, Source(id="tap", kind="network"), CaptureOptions(path=path))
                found += [one for delivery in connector.deliveries() for one in delivery.network]
        records = NetworkRecords.joined(found)
        return records.take(np.argsort(records.known, kind="stable")), told, packets

    def day(self, seed: int, hours: float, story: str | None = None) -> Day:
        """A run, judged."""
        records, told, packets = self.records(seed, hours, LAPTOP_STORY if story == ANNOUNCED else story)
        site = announced(self.site) if story == ANNOUNCED else self.site
        options = NetworkBaselineDetector.Options()
        detectors: list[Detector] = [
            NetworkRuleDetector(site),
            NetworkBaselineDetector(site, options, self.baseline),
        ]
        frames = block(records, round(self.site.runtime.frame_s * SECOND))
        findings = [found for detector in detectors for found in detector.update(frames)]
        alarms = [
            Alarm(
                found.body.detector, found.body.rule, found.body.severity, found.assets, found.occurred,
                found.body.techniques, found.body.sentence,
            )
            for found in findings
            if found.body.phase == "raised"
        ]  # fmt: skip
        new = {key: at for key, at in _keys(records).items() if key not in self.allowed}
        return Day(sorted(alarms, key=lambda one: one.at), new, told.truth, packets, findings)

    def _process(self, seed: int, hours: float) -> tuple[Realisation, list[Samples], Scenario]:
        """The process of a run; kept, since each story is told on it again."""
        if (seed, hours) not in self._played:
            scenario = load_scenario(EXAMPLES / self.name, "normal", duration_h=hours)
            if self.name == "water":
                scenario = scenario.model_copy(update={"options": {**scenario.options, "compare": False}})
            played = play(self.site, scenario, seed)
            self._played = {(seed, hours): (played, list(played.samples), scenario)}
        return self._played[seed, hours]


def announced(site: Site) -> Site:
    """The site with the maintenance laptop's address at each network of controllers in its model."""
    nets = {one.network for asset in site.assets if isinstance(asset, Controller) for one in asset.interfaces}
    laptops = tuple(
        Host(
            id=f"LAPTOP-{net.id}", type="host", role="engineering",
            interfaces=(Interface(network=net.id, address=str(ip_network(net.cidr)[LAPTOP])),),
        )
        for net in site.networks
        if net.id in nets
    )  # fmt: skip
    return site.model_copy(update={"assets": (*site.assets, *laptops)})


def _keys(records: NetworkRecords) -> dict[Key, int]:
    """Keys of the allow-list with when each was first said."""
    found: dict[Key, int] = {}
    texts = [records.words(name) for name in ("client", "server")]
    unit, function, times = (records.integers(name) for name in ("unit", "function", "time"))
    for i in np.flatnonzero(function >= 0).tolist():
        client, server = (words[codes[i]] if codes[i] >= 0 else "" for codes, words in texts)
        found.setdefault((client, server, int(unit[i]), int(function[i])), int(times[i]))
    return found


def quiet(bench: Bench, count: int | None) -> dict[str, Any]:
    """False alarms of quiet days by detector and rule."""
    told = bench.seeds["quiet"]
    seeds = told["seeds"][:count]
    rules: Counter[str] = Counter()
    by_detector, notices = Counter[str](), Counter[str]()
    said: list[str] = []
    for seed in seeds:
        day = bench.day(seed, 24.0 * told["days"])
        for alarm in day.alarms:
            rules[f"{alarm.rule} ({alarm.severity})"] += 1
            by_detector[alarm.detector] += alarm.severity != NOTICE
            notices[alarm.detector] += alarm.severity == NOTICE
            said.append(f"seed {seed}: {alarm.rule} {alarm.sentence}")
        by_detector["allow-list"] += len(day.keys)
    return {
        "days": len(seeds) * told["days"], "alarms": dict(by_detector), "notices": dict(notices), "rules": dict(rules),
        "said": said,
    }  # fmt: skip


def stories(bench: Bench, count: int | None, wanted: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Each story of each seed, or those wanted."""
    told = bench.seeds["stories"]
    for seed in told["seeds"][:count]:
        twin = bench.day(seed, told["hours"])
        for name in wanted or (*TALES, ANNOUNCED):
            day = bench.day(seed, told["hours"], name)
            tale = TALES[LAPTOP_STORY if name == ANNOUNCED else name]
            span = next(one for one in day.truth if one.kind == tale.name)
            fresh = [one for one in day.alarms if not any(_same(one, other) for other in twin.alarms)]
            hits = [one for one in fresh if span.began <= one.at <= span.ended + AFTER]
            late = [one for one in fresh if one.at > span.ended + AFTER]
            named = {technique for one in hits for technique in one.techniques}
            new = {key: at for key, at in day.keys.items() if key not in twin.keys}
            yield {
                "site": bench.name, "seed": seed, "story": name, "attack": span.malicious,
                "techniques": list(tale.techniques), "asset": span.assets[0],
                "found": bool(hits), "delay_s": (hits[0].at - span.began) / SECOND if hits else None,
                "named": bool(named & set(tale.techniques)),
                "rules": dict(Counter(f"{one.rule} ({one.severity})" for one in hits)),
                "by": sorted({one.detector for one in hits}),
                "late": dict(Counter(f"{one.rule} ({one.severity})" for one in late)),
                "allow_list": any(span.began <= at <= span.ended + AFTER for at in new.values()),
                "sentence": hits[0].sentence if hits else "",
                **_explained(bench, name, day, span),
            }  # fmt: skip


def _explained(bench: Bench, name: str, day: Day, span: TruthSpan) -> dict[str, Any]:
    """What fusion makes of a story, as it comes and with a notice of work at its time and place."""
    works, window = bench.works, (span.began, span.ended + AFTER)
    about = span.assets if name in ON_ONE else works.controllers
    return {
        "unannounced": works.told(day.findings, window).as_dict(),
        "announced": works.told(day.findings, window, works.notice(name, span.began, span.ended, about)).as_dict(),
    }


def _same(one: Alarm, other: Alarm) -> bool:
    return (one.rule, one.assets) == (other.rule, other.assets) and abs(one.at - other.at) <= HOUR


def _quiet_table(found: dict[str, dict[str, Any]]) -> str:
    rows = []
    days = sum(one["days"] for one in found.values())
    for detector in ("site_network", "network_baseline", "allow-list"):
        count = sum(one["alarms"].get(detector, 0) for one in found.values())
        low, high = poisson_interval(count)
        apart = sum(one["notices"].get(detector, 0) for one in found.values())
        rows.append([detector, count, apart, f"{count / days:.4f}", f"{low / days:.4f} to {high / days:.4f}"])
    by_rule: Counter[str] = Counter()
    for one in found.values():
        by_rule.update(one["rules"])
    head = [f"quiet, {days} site-days", "false alarms", "notices", "alarms a day", "95 % interval"]
    listed = "\n".join(f"{count} x {rule}" for rule, count in by_rule.most_common())
    return f"{table(head, rows)}\n\n{listed or 'no alarm'}"


def _story_table(found: list[dict[str, Any]]) -> str:
    rows = []
    for name in (*TALES, ANNOUNCED):
        its = [one for one in found if one["story"] == name]
        if not its:
            continue
        delays = [one["delay_s"] for one in its if one["delay_s"] is not None]
        rules: Counter[str] = Counter()
        for one in its:
            rules.update(one["rules"].keys())
        rows.append([
            name, "/".join(its[0]["techniques"]) or "honest", f"{sum(one['found'] for one in its)} of {len(its)}",
            f"{np.median(delays):.0f}" if delays else "-",
            f"{sum(one['named'] for one in its)} of {len(its)}" if its[0]["attack"] else "-",
            f"{sum(one['allow_list'] for one in its)} of {len(its)}",
            ", ".join(f"{rule} x{n}" for rule, n in rules.most_common(5)),
        ])  # fmt: skip
    head = ["story", "techniques", "alarmed", "median delay, s", "named rightly", "allow-list", "rules"]
    return table(head, rows)


def _work_table(found: list[dict[str, Any]]) -> str:
    rows = []
    for name in dict.fromkeys(one["story"] for one in found):
        its = [one for one in found if one["story"] == name]
        row: list[Any] = [name, "attack" if its[0]["attack"] else "honest", len(its)]
        for how in ("unannounced", "announced"):
            named = Counter(said for one in its for said in one[how]["hypotheses"])
            row += [sum(one[how]["attack"] for one in its), ", ".join(f"{said} x{n}" for said, n in named.items())]
        rows.append(row)
    return table(["story", "is", "runs", "told as an attack", "as", "with a notice", "as"], rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, help="only the first so many of each kind")
    parser.add_argument("--site", choices=SITES, action="append")
    parser.add_argument("--quiet-only", action="store_true")
    parser.add_argument("--stories-only", action="store_true")
    parser.add_argument("--story", choices=(*TALES, ANNOUNCED), action="append", default=[], help="only these stories")
    parser.add_argument("--rates", type=Path, help="measured rates of the detectors, for the risk model")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    seeds = json.loads((Path(__file__).parent / "seeds" / "network.json").read_text())
    measured = load_performance(options.rates) if options.rates else ()
    cpu = time.process_time()
    still: dict[str, dict[str, Any]] = {}
    told: list[dict[str, Any]] = []
    held: dict[str, list[str]] = {}
    for name in options.site or SITES:
        bench = Bench(name, seeds, measured)
        held[name] = bench.learn(options.seeds)
        if not options.stories_only:
            still[name] = quiet(bench, options.seeds)
        if not options.quiet_only:
            told += stories(bench, options.seeds, options.story)
    spent = time.process_time() - cpu
    parts = [_quiet_table(still)] if still else []
    parts += [_story_table(told)] if told else []
    parts += [_work_table(told)] if told else []
    parts.append(f"{spent:.0f} s of CPU")
    result = {
        "quiet": still, "stories": told, "held": held, "cpu_s": spent, "circumstances": circumstances(),
    }  # fmt: skip
    print_result(result, "\n\n".join(parts), as_json=options.json)


if __name__ == "__main__":
    main()
