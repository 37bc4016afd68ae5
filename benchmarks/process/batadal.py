"""BATADAL: our commands and rivals on the same test rows, beside the published scores.

All learn from dataset03, the quiet year (ours through `init --from-inp`, `train`, `replay`); dataset04 and the test set
are not learned from. Limits of the rivals by the rule in `rivals`; one configuration each.

An alarm may already stand when an attack begins, and S then counts it as found at once. Every S is given without that
credit too: only an alarm that is raised within the attack finds it.
"""

import csv
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.process.judges import Raised, declared, spans_of
from benchmarks.process.packaged import Copod, Ecod, Forest, HalfSpace, MatrixProfile
from benchmarks.process.rivals import ArCusum, Dpca, Pca, Rival, held_out
from benchmarks.process.rows import figures_of_row, told_text
from benchmarks.process.scores import ranked
from benchmarks.public import ROOT, data_folder, ours, run, verdict_of
from infrastress.core.time import HOUR
from infrastress.evaluation.batadal import score
from infrastress.evaluation.events import Episode, episodes_from_detections, flags_of
from infrastress.evaluation.labels import Truth
from infrastress.evaluation.verdict import row_of
from infrastress.site import Site
from infrastress.site.load import load_site

__all__ = ["figures", "named_assets", "taught", "text", "thinned", "without_standing"]

_HOUR_S = 3600.0
_NAMED_H = 4
_RIVALS: tuple[Callable[[], Rival], ...] = (
    Pca, lambda: Dpca(lags=5), Forest, Ecod, Copod, HalfSpace, lambda: MatrixProfile(window=24), ArCusum,
)  # fmt: skip


def figures(missing: dict[str, Any], *, quick: bool = False) -> dict[str, Any]:
    """Ours and the rivals', JSON-able; `missing` holds the share of values left out and the seeds that choose them."""
    data = data_folder("batadal")
    test = data / "test_dataset.csv.gz"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = folder / "site"
        taught(site)
        run("replay", site, test, "--out", folder / "out", "--scores")
        report, (trial,) = ours(folder / "out", [test], site)
        truth, model = trial.truth, load_site(site)
        alarms = episodes_from_detections(trial.result.events, truth.span[1])
        told = figures_of_row(report.rows[0]) | without_standing(alarms, truth)
        raised = spans_of(model, [(one.body.detector, one) for one in trial.result.events], truth.span[1])
        told |= _attribution(raised, truth, model, data / "attacks_test.csv")
        told["missing_values"] = _missing(site, test, folder, missing, whole=told["S"], most=1 if quick else None)
        configuration = declared(model)
        only = {row.name: figures_of_row(row) for row in report.rows if row.name.startswith("only ")}
    # dataset03 has full precision, the test set two decimals: rivals learn from what they will be shown.
    normal, rows = np.round(_read(data / "dataset03.csv.gz"), 2), _read(test)
    rivals: dict[str, Any] = {}
    for make in _RIVALS[: 2 if quick else None]:
        rival = make()
        limit = held_out(rival, normal, _HOUR_S)
        scores = rival.scores(rows)
        flags = np.nan_to_num(scores, nan=-np.inf) > limit
        rivals[rival.name] = figures_of_row(row_of(rival.name, [verdict_of(truth, scores, limit)]))
        spans = [Episode(int(truth.times[a]), int(truth.times[b - 1]) + HOUR, "") for a, b in _runs(flags)]
        rivals[rival.name] |= without_standing(spans, truth)
    trivial = {"always": [Episode(*truth.span)], "never": []}
    for row in (row for row in report.rows if row.name in trivial):
        rivals[row.name] = figures_of_row(row) | without_standing(trivial[row.name], truth)
    return {
        "dataset": "batadal",
        "ours": told,
        "parts": only,
        "rivals": rivals,
        "published": {row.name: row.s for row in report.rows if row.found is None},
        "configuration": configuration,
        "trained_on": ["dataset03.csv.gz, whole; rivals its first 70 %, their limits its last 30 %"],
        "notes": ["STUMPY: windows of 24 hours against the last 10,000 training rows, mean over the signals."],
    }


def taught(site: Path) -> None:
    """Make the site of the network, and let it learn the quiet year."""
    data, signals = data_folder("batadal"), ROOT / "examples" / "batadal" / "signals.yaml"
    run("init", site, "--from-inp", data / "ctown_map.inp.gz", "--signals", signals)
    run("train", site, data / "dataset03.csv.gz")


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def without_standing(alarms: Sequence[Episode], truth: Truth) -> dict[str, Any]:
    """S where an alarm that already stood at an attack's begin doesn't find it; the flags of steps are as they are."""
    flags = flags_of(alarms, truth.times)
    whole = score(flags, truth.flags)
    late, found = [], 0
    for event in truth.events:
        # One that is raised within the attack is news, whatever stands beside it
        first = min((one.began for one in alarms if event.began <= one.began < event.ended), default=None)
        found += first is not None
        late.append(1.0 if first is None else (first - event.began) / (event.ended - event.began))
    ttd = 1.0 - sum(late) / len(late)
    return {"S_without_standing": 0.5 * ttd + 0.5 * whole.s_cm, "found_without_standing": found}


def named_assets(text: str, site: Site) -> frozenset[str]:
    """The site's assets for a list such as `L_T3;PU4`: a signal's asset, or an asset itself."""
    found = set()
    for one in text.split(";"):
        signal = site.signal_by_id.get(one)
        found.add(signal.asset if signal is not None else site.asset_by_id[one].id)
    return frozenset(found)


def _attribution(raised: Sequence[Raised], truth: Truth, site: Site, attacks: Path) -> dict[str, Any]:
    """Rank of the first true asset among those named in the first hours of alarm of each attack."""
    with attacks.open(newline="") as file:
        named = [named_assets(row["assets"], site) for row in csv.DictReader(file)]
    ranks: list[int | None] = []
    for event, assets in zip(truth.events, named, strict=True):
        on = [one for one in raised if one.at < event.ended and one.until > event.began]
        first = min((max(one.at, event.began) for one in on), default=event.began)
        opening = [one for one in on if one.at <= first + _NAMED_H * HOUR]
        order = ranked(opening)
        ranks.append(next((place for place, asset in enumerate(order, 1) if asset in assets), None))
    return {
        "top_1": sum(rank is not None and rank <= 1 for rank in ranks),
        "top_3": sum(rank is not None and rank <= 3 for rank in ranks),
        "ranks": ranks,
    }


def _missing(
    site: Path, test: Path, folder: Path, missing: dict[str, Any], *, whole: float, most: int | None
) -> dict[str, Any]:
    """S with values missing at random."""
    found = []
    for seed in missing["seeds"][:most]:
        path = thinned(test, folder / "test_dataset.csv", missing["share"], seed)
        run("replay", site, path, "--out", folder / f"out-{seed}")
        report, _ = ours(folder / f"out-{seed}", [path], site)
        found.append(report.rows[0].s)
    return {"share": missing["share"], "S": found, "cost": whole - float(np.mean(found))}


def thinned(source: Path, path: Path, share: float, seed: int) -> Path:
    """A table with this share of its values missing at random, written to `path`."""
    table = pd.read_csv(source, skipinitialspace=True)
    cells = [name for name in table.columns if name not in ("DATETIME", "ATT_FLAG")]
    holes = np.random.default_rng(seed).random((len(table), len(cells))) < share
    table[cells] = table[cells].astype(float).mask(holes)
    table.to_csv(path, index=False)
    return path


def _read(path: Path) -> np.ndarray:
    table = pd.read_csv(path, skipinitialspace=True)
    return table.drop(columns=["DATETIME", "ATT_FLAG"]).to_numpy(dtype=float)


def text(told: dict[str, Any]) -> str:
    """For people."""
    mine, gaps = told["ours"], told["ours"]["missing_values"]
    costs = ", ".join(f"{one:.3f}" for one in gaps["S"])
    return "\n\n".join(
        [
            told_text(told, ("S", "S_TTD", "S_CM", "TPR", "TNR", "S_without_standing")),
            f"Assets named: a true one first in {mine['top_1']}, among the first three in {mine['top_3']} of 7 "
            f"(ranks {mine['ranks']}).",
            f"{gaps['share']:.0%} of the values missing: S {costs}; cost {gaps['cost']:+.3f}.",
            "Published S: " + ", ".join(f"{name} {value:.3f}" for name, value in told["published"].items()) + ".",
        ]
    )
