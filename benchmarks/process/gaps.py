"""Missing values and calm: BATADAL's dataset04, which is used to choose by, whole and with values missing at random.

S forgives many short false alarms, so false episodes stand beside it.
"""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import table
from benchmarks.process.batadal import taught, thinned
from benchmarks.process.rows import figures_of_row
from benchmarks.public import data_folder, ours, run

__all__ = ["figures", "text"]

_SHOWN = ("S", "TPR", "TNR", "found", "false_episodes", "false_per_30_days")


def figures(missing: dict[str, Any], *, quick: bool = False) -> dict[str, Any]:
    """Rows of ours, its parts and the trivial ones, by share missing and seed, JSON-able."""
    source, told = data_folder("batadal") / "dataset04.csv.gz", dict[str, Any]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        taught(folder / "site")
        tables = {"nothing missing": source}
        for seed in missing["seeds"][: 1 if quick else 2]:
            place = folder / str(seed) / "dataset04.csv"
            place.parent.mkdir()
            tables[f"{missing['share']:.0%} missing, seed {seed}"] = thinned(source, place, missing["share"], seed)
        for number, (label, path) in enumerate(tables.items()):
            run("replay", folder / "site", path, "--out", folder / f"out-{number}")
            report, _ = ours(folder / f"out-{number}", [path], folder / "site")
            told[label] = {row.name: figures_of_row(row) for row in report.rows if row.found is not None}
    return {"dataset": "gaps", "rows": told}


def text(told: dict[str, Any]) -> str:
    """For people."""
    rows = [
        (label, name, *(row.get(one, "") for one in _SHOWN))
        for label, of in told["rows"].items()
        for name, row in of.items()
    ]
    return table(["dataset04", "row", *_SHOWN], rows)
