"""Process detection, everything in one run: BATADAL, SKAB, Tennessee Eastman, and our own simulated plants.

One declared configuration for all our rows: the detectors that run at a site that names none, with their defaults;
its hash is printed, and what was learned from. Rivals get the same rows or frames and limits by one rule
(`process/rivals.py`). Seeds stood before any detector was judged by them (`seeds/process.json`).

    python -m benchmarks process_detection [--dataset batadal|skab|tep|water|town|depot|gaps|speed|all]
                                           [--quick] [--confirm] [--json] [--plot FILE]
                                           [--groups quiet,benign] [--seeds 4] [--cadence own|hourly]

`water` is Net3, `town` C-Town made by `init --from-inp` and met without any tuning, `depot` the oil depot; both
networks are judged at 300 s and at one row an hour. `gaps` is BATADAL's dataset04 with values missing. With `--json`
one data set is one object with `ours` and `rivals`, several are one object by name. Runs that were played are kept
(`process/frames.py`), so that a second judging is fast and an interrupted one goes on. A part of a plant's cases is
judged with `--groups`, `--seeds` (the first so many of each group) and `--cadence`; training is always whole.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import circumstances
from benchmarks.process import batadal, gaps, skab, speed, tep
from benchmarks.process.cases import PLANTS, Part, cases_of, load_plant, seeds
from benchmarks.process.figures import figures_of
from benchmarks.process.frames import folder
from benchmarks.process.picture import draw
from benchmarks.process.simulated import judge_plant
from benchmarks.process.tables import plant_text

CONFIGURATIONS_TRIED = 16
"""Settings of our detectors that were changed because of what this benchmark had shown."""
_PUBLIC = ("batadal", "skab", "tep")


def plant(name: str, part: Part, *, quick: bool, confirm: bool) -> dict[str, Any]:
    """Figures of a simulated plant; of a water network by the hour too, beside `ours` and `rivals`."""
    made = load_plant(name, folder())
    cases = part.of(cases_of(name, quick=quick, confirm=confirm))
    hourly = made.at_the_hour()
    if part.cadence == "hourly" and name != "depot":
        return {"dataset": name} | figures_of(hourly, *judge_plant(hourly, cases))
    told = {"dataset": name} | figures_of(made, *judge_plant(made, cases))
    if name != "depot" and part.cadence is None:
        told["hourly"] = figures_of(hourly, *judge_plant(hourly, cases))
    return told


def figures(name: str, part: Part, *, quick: bool, confirm: bool) -> dict[str, Any]:
    """Figures of one data set."""
    if name in PLANTS:
        return plant(name, part, quick=quick, confirm=confirm)
    if name in ("batadal", "gaps"):
        return {"batadal": batadal, "gaps": gaps}[name].figures(seeds()["missing_values"], quick=quick)
    if name == "speed":
        return speed.figures(quick=quick)
    return {"skab": skab, "tep": tep}[name].figures(quick=quick)


def text_of(name: str, told: dict[str, Any]) -> str:
    """Figures of one data set for people."""
    if name in PLANTS:
        parts = [told, told["hourly"]] if "hourly" in told else [told]
        return "\n\n".join(plant_text(part) for part in parts)
    return {"batadal": batadal, "gaps": gaps, "skab": skab, "tep": tep, "speed": speed}[name].text(told)


def _is_plant(part: dict[str, Any] | None) -> bool:
    return part is not None and "plant" in part


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    names = (*_PUBLIC, *PLANTS, "gaps", "speed")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=(*names, "all"), default="all")
    parser.add_argument("--quick", action="store_true", help="a smoke: a few cases and rivals")
    parser.add_argument("--confirm", action="store_true", help="the confirmation seeds of the plants")
    parser.add_argument("--groups", type=lambda told: tuple(told.split(",")), help="of a plant's cases, these alone")
    parser.add_argument("--seeds", type=int, help="of each group of a plant's cases, the first so many seeds alone")
    parser.add_argument("--cadence", choices=("own", "hourly"), help="of a water network, one alone")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="a picture of the plants' attacks, PNG or SVG")
    chosen = parser.parse_args(arguments)
    part = Part(chosen.groups, chosen.seeds, chosen.cadence)
    results: dict[str, Any] = {}
    for name in names if chosen.dataset == "all" else (chosen.dataset,):
        told = figures(name, part, quick=chosen.quick, confirm=chosen.confirm)
        told |= {"configurations_tried": CONFIGURATIONS_TRIED, "quick": chosen.quick}
        told["circumstances"] = circumstances("scipy", "scikit-learn", "pyod", "river", "stumpy", "wntr")
        results[name] = told
        if not chosen.json:
            sys.stdout.write(f"### {name}\n\n{text_of(name, told)}\n\n")
            sys.stdout.write(f"Settings tried: {CONFIGURATIONS_TRIED}. {json.dumps(told['circumstances'])}\n\n")
            sys.stdout.flush()
    shown = {part["plant"]: part for told in results.values() for part in (told, told.get("hourly")) if _is_plant(part)}
    if chosen.plot is not None and shown:
        draw(shown, chosen.plot)
    if chosen.json:
        told = results if chosen.dataset == "all" else results[chosen.dataset]
        sys.stdout.write(json.dumps(told, default=str) + "\n")


if __name__ == "__main__":
    main()
