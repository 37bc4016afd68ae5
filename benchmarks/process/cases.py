"""The simulated plants, and the cases that detectors are judged on, as the committed seeds name them."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.public import ROOT, data_folder, run
from infrastress.core.ids import content_hash
from infrastress.simulators.base import Scenario, Simulator
from infrastress.simulators.depot import DepotSimulator
from infrastress.simulators.water import WaterSimulator
from infrastress.site import Site
from infrastress.site.load import load_site

__all__ = ["HOUR_S", "PLANTS", "Case", "Part", "Plant", "cases_of", "load_plant", "seeds"]

PLANTS = ("water", "town", "depot")
HOUR_S = 3600.0
_SIGNALS = ROOT / "examples" / "batadal" / "signals.yaml"


@dataclass(frozen=True)
class Case:
    """One scenario and one seed.

    Attributes:
        plant: its name.
        group: `training`, `quiet`, `attacks`, `twins`, `faults`, `benign` or `sensors`.
        kind: the story, gauge fault, fault or mishap; view: what the operator sees of an attack, or who did it.
        scenario, seed: what is played.
        against: the undisturbed scenario of the same seed; None where nothing is compared.
    """

    plant: str
    group: str
    kind: str
    view: str
    seed: int
    scenario: Scenario
    against: Scenario | None = None

    @property
    def undisturbed(self) -> "Case | None":
        """The run it is compared with."""
        if self.against is None:
            return None
        return Case(self.plant, "undisturbed", "none", "", self.seed, self.against)


@dataclass(frozen=True)
class Plant:
    """A plant: its site, and what plays it.

    Attributes:
        site: at the cadence it is judged at.
        name: of the plant; `hourly` where its frames are the rows of each full hour.
    """

    name: str
    site: Site
    simulator: Simulator
    hourly: bool = False

    @property
    def title(self) -> str:
        """For tables."""
        return f"{self.name}, hourly" if self.hourly else self.name

    @property
    def frame_s(self) -> float:
        """Width of a frame, s."""
        return float(self.site.runtime.frame_s)

    def at_the_hour(self) -> "Plant":
        """The same plant known by one row an hour."""
        sources = tuple(one.model_copy(update={"cadence_s": HOUR_S}) for one in self.site.sources)
        runtime = self.site.runtime.model_copy(update={"frame_s": HOUR_S})
        site = self.site.model_copy(update={"sources": sources, "runtime": runtime})
        return Plant(self.name, site, self.simulator, hourly=True)


@dataclass(frozen=True)
class Part:
    """A part of a plant's cases; None is all.

    Attributes:
        groups: of cases; training is always there.
        seeds: how many of each group, the first ones.
        cadence: `own` or `hourly`.
    """

    groups: tuple[str, ...] | None = None
    seeds: int | None = None
    cadence: str | None = None

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """Those that belong to it."""
        first: dict[str, list[int]] = {}
        for one in cases:
            first.setdefault(one.group, []).append(one.seed)
        kept = {group: set(list(dict.fromkeys(found))[: self.seeds]) for group, found in first.items()}
        return [
            one
            for one in cases
            if one.group == "training"
            or ((self.groups is None or one.group in self.groups) and one.seed in kept[one.group])
        ]


def seeds() -> dict[str, Any]:
    """The committed seeds."""
    return dict(json.loads((ROOT / "benchmarks" / "seeds" / "process.json").read_text()))


def load_plant(name: str, folder: Path) -> Plant:
    """A plant by name; the town is made of its network model in `folder` where it isn't there yet."""
    if name == "depot":
        site = load_site(ROOT / "examples" / "depot")
        return Plant(name, site, DepotSimulator(site))
    site = load_site(ROOT / "examples" / "water" if name == "water" else _town(folder))
    return Plant(name, site, WaterSimulator(site))


def _town(folder: Path) -> Path:
    """C-Town with the signals of the data set, at the seeds' cadence."""
    cadence = seeds()["plants"]["town"]["cadence_s"]
    signals = _SIGNALS.read_text().replace("cadence_s: 3600", f"cadence_s: {cadence}")
    signals = signals.replace("mapping: mapping.yaml\n", "")
    model = data_folder("batadal") / "ctown_map.inp.gz"
    made = folder / f"town-{content_hash(signals.encode() + gzip.decompress(model.read_bytes()))[:12]}"
    if not (made / "site.yaml").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "signals.yaml").write_text(signals)
        run("init", made, "--from-inp", model, "--signals", folder / "signals.yaml")
    return made


def cases_of(plant: str, *, quick: bool = False, confirm: bool = False) -> list[Case]:
    """All cases of a plant, training first; `quick` takes a few short ones, `confirm` the confirmation seeds."""
    said = seeds()["plants"][plant]
    shift = said["confirmation"]["add"] if confirm else 0
    found = list(_depot(said) if plant == "depot" else _water(plant, said))
    if shift:
        found = [_moved(one, shift) for one in found]
    return _few(found) if quick else found


def _moved(case: Case, shift: int) -> Case:
    seed = case.seed if case.group == "training" else case.seed + shift
    return Case(case.plant, case.group, case.kind, case.view, seed, case.scenario, case.against)


def _few(cases: Sequence[Case]) -> list[Case]:
    """For a smoke: one seed of training and quiet days, cut short, and one case of each other group."""
    found: dict[tuple[str, ...], Case] = {}
    for one in cases:
        hours = {"training": 120.0, "quiet": 48.0}.get(one.group, one.scenario.duration_h)
        short = one.scenario.model_copy(update={"duration_h": hours})
        key = (one.group,) if one.group != "attacks" else (one.group, str(one.view == "none"))
        found.setdefault(key, Case(one.plant, one.group, one.kind, one.view, one.seed, short, one.against))
    return list(found.values())


def _scenario(plant: str, part: Mapping[str, Any], name: str, options: Mapping[str, Any]) -> Scenario:
    simulator = "depot" if plant == "depot" else "water"
    return Scenario(
        name=name, simulator=simulator, start=part["start"], duration_h=part["hours"], options=dict(options)
    )


def _water(plant: str, said: Mapping[str, Any]) -> Iterator[Case]:
    always = {"compare": False} | ({"scan_s": said["scan_s"]} if "scan_s" in said else {})

    def one(group: str, seed: int, kind: str = "none", view: str = "", **options: Any) -> Case:
        part = said[group]
        plain = _scenario(plant, part, "undisturbed", always)
        played = _scenario(plant, part, f"{group} {kind} {view}".strip(), always | options) if options else plain
        return Case(plant, group, kind, view, seed, played, plain if options else None)

    for group in ("training", "quiet"):
        yield from (one(group, seed) for seed in said[group]["seeds"])
    for story in said["attacks"]["stories"]:
        for view in said["attacks"]["concealments"]:
            for seed in said["attacks"]["seeds"]:
                yield one("attacks", seed, story, view, story=story, concealment=view)
    for story in said["twins"]["stories"]:
        for twin in said["twins"]["twins"]:
            for seed in said["twins"]["seeds"]:
                yield one("twins", seed, story, twin, story=story, twin=twin)
    for fault in said["faults"]["faults"]:
        yield from (one("faults", seed, fault, fault=fault) for seed in said["faults"]["seeds"])
    for group in ("benign", "sensors"):
        for ordinary in said[group]["ordinary"]:
            yield from (one(group, seed, ordinary, ordinary=ordinary) for seed in said[group]["seeds"])


def _depot(said: Mapping[str, Any]) -> Iterator[Case]:
    def one(group: str, seed: int, kind: str = "none", view: str = "", **options: Any) -> Case:
        part = said[group]
        # The undisturbed run has the same receipt, with an honest gauge, and goes on to a high but lawful level
        honest = _scenario("depot", part, "honest", {"attack": "high_fill", "receipt_m3h": options.get("receipt_m3h")})
        against = None
        if options.get("attack") in ("overfill", "stuck_gauge"):
            against = honest
        elif "ordinary" in options:
            against = _scenario("depot", part, "undisturbed", {})
        return Case("depot", group, kind, view, seed, _scenario("depot", part, f"{group} {kind}", options), against)

    for group in ("training", "quiet"):
        yield from (one(group, seed) for seed in said[group]["seeds"])
    attacks = said["attacks"]
    for gauge in attacks["gauges"]:
        for switch in attacks["switches"]:
            options = {"attack": "overfill", "gauge": gauge, "switch": switch, "receipt_m3h": attacks["receipt_m3h"]}
            yield from (one("attacks", seed, gauge, switch, **options) for seed in attacks["seeds"])
    for story in said["twins"]["attacks"]:
        options = {"attack": story, "receipt_m3h": said["twins"]["receipt_m3h"]}
        yield from (one("twins", seed, story, "fault", **options) for seed in said["twins"]["seeds"])
    for story in said["benign"]["attacks"]:
        yield from (one("benign", seed, story, attack=story) for seed in said["benign"]["seeds"])
    for group in ("benign", "sensors"):
        for ordinary in said[group]["ordinary"]:
            yield from (one(group, seed, ordinary, ordinary=ordinary) for seed in said[group]["seeds"])
