"""SKAB valve1: our commands and the leaderboard's detectors on the same rows of the same 16 experiments.

The leaderboard's protocol: each file by itself, its first 400 rows for training, all rows behind them scored together.
Rivals stand twice: with the limits and the smoothing that the leaderboard's notebooks give them, and with limits by the
rule in `rivals`. The autoencoder needs PyTorch, which isn't part of the project; without it its rows are left
out (`pip install torch` in the benchmarks' environment).
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.process.conv_ae import ConvAe, available
from benchmarks.process.judges import declared
from benchmarks.process.packaged import Copod, Ecod, Forest, HalfSpace, MatrixProfile
from benchmarks.process.rivals import ArCusum, Dpca, Hotelling, Mset, Pca, Rival, held_out, trailing
from benchmarks.process.rows import figures_of_row, told_text
from benchmarks.public import ROOT, data_folder, flagged, ours, run, verdict_of
from infrastress.evaluation.labels import Truth
from infrastress.evaluation.verdict import Verdict, row_of
from infrastress.site.load import load_site

__all__ = ["figures", "text"]

_TRAIN = 400
_RIVALS: tuple[Callable[[], Rival], ...] = (
    Hotelling, Pca, lambda: Dpca(lags=5), Forest, Mset, Ecod, Copod, HalfSpace, lambda: MatrixProfile(window=60),
    ArCusum,
)  # fmt: skip
_PUBLISHED = (
    ("Conv-AE", 0.78, 13.55, 28.02),
    ("MSET", 0.78, 39.73, 14.13),
    ("T-squared+Q (PCA)", 0.76, 26.62, 24.92),
    ("LSTM-AE", 0.74, 29.96, 25.92),
    ("T-squared", 0.66, 19.21, 42.60),
    ("Isolation forest", 0.29, 2.56, 82.89),
)
"""The leaderboard's F1, FAR % and MAR % over all 34 files, of which valve1 is 16: not the same rows."""


@dataclass
class _File:
    """Rows of one experiment, and the truth behind the training rows."""

    rows: np.ndarray
    truth: Truth

    @property
    def training(self) -> np.ndarray:
        return self.rows[:_TRAIN]


def figures(*, quick: bool = False) -> dict[str, Any]:
    """Ours and the rivals', JSON-able."""
    data, site = data_folder("skab") / "valve1", ROOT / "examples" / "skab"
    files = sorted(data.glob("*.csv.gz"), key=lambda path: int(path.name.split(".")[0]))[: 2 if quick else None]
    with tempfile.TemporaryDirectory() as folder:
        state, out = Path(folder) / "state", Path(folder) / "out"
        run("train", site, *files, "--each", "--first-rows", _TRAIN, "--state", state)
        run("replay", site, *files, "--each", "--state", state, "--out", out, "--scores")
        report, trials = ours(out, files, site, skip_rows=_TRAIN)
    tests = [_File(_read(path), trial.truth) for path, trial in zip(files, trials, strict=True)]
    verdicts: dict[str, list[Verdict]] = {
        "T2, their limit": [_smoothed(Hotelling(), one, 5) for one in tests],
        "T2+Q, their limit": [_smoothed(Pca(), one, 5) for one in tests],
        "IForest, their limit": [_forest(one) for one in tests],
        "MSET, their limit": [_mset(one) for one in tests],
    }
    if available() and not quick:
        verdicts["Conv-AE, their limit"] = [_conv_ae(one) for one in tests]
    for make in _RIVALS[: 2 if quick else None]:
        verdicts[f"{make().name}, held out"] = [_by_rule(make(), one) for one in tests]
    if available() and not quick:
        verdicts["Conv-AE, held out"] = [_by_rule(ConvAe(), one) for one in tests]
    rivals = {name: figures_of_row(row_of(name, some)) for name, some in verdicts.items()}
    rivals |= {row.name: figures_of_row(row) for row in report.rows if row.name in ("always", "never")}
    return {
        "dataset": "skab",
        "ours": figures_of_row(report.rows[0]),
        "parts": {row.name: figures_of_row(row) for row in report.rows if row.name.startswith("only ")},
        "rivals": rivals,
        "published": _PUBLISHED,
        "configuration": declared(load_site(site)),
        "trained_on": [f"the first {_TRAIN} rows of each file; rivals their first 280, limits the rest"],
        "notes": [
            "theirs: limits and smoothing as in the leaderboard's notebooks. None chosen on scored rows.",
            "STUMPY: windows of 60 rows, mean over the signals.",
            "Conv-AE: " + ("PyTorch, seed 0." if available() else "left out, PyTorch isn't installed."),
            "Published over all 34 files (F1, FAR %, MAR %): "
            + "; ".join(f"{name} {f1:.2f}, {far:.1f}, {mar:.1f}" for name, f1, far, mar in _PUBLISHED),
        ],
    }


def text(told: dict[str, Any]) -> str:
    """For people."""
    return told_text(told, ("F1", "FAR", "MAR", "VUS_PR", "eTaF1"))


def _by_rule(rival: Rival, one: _File) -> Verdict:
    limit = held_out(rival, one.training, 1.0)
    return verdict_of(one.truth, rival.scores(one.rows)[_TRAIN:], limit)


def _smoothed(rival: Rival, one: _File, window: int) -> Verdict:
    """Flags where the median of the last rows is over the theoretical limit."""
    rival.fit(one.training)
    scores = trailing(rival.scores(one.rows), window, lambda some: float(np.median(some)))
    return verdict_of(one.truth, scores[_TRAIN:], 1.0)


def _forest(one: _File) -> Verdict:
    """The forest's own limit at a contamination of 0.05 %, the median of three flags."""
    rival = Forest()
    rival.fit(one.training)
    limit = float(np.quantile(rival.scores(one.training), 1 - 0.0005))
    flags = (rival.scores(one.rows) > limit).astype(float)
    smooth = trailing(flags, 3, lambda some: float(np.median(some)))
    return flagged(one.truth, smooth[_TRAIN:] > 0.5, rival.scores(one.rows)[_TRAIN:])


def _mset(one: _File) -> Verdict:
    """A relative error of one percent, in the mean of 60 rows."""
    rival = Mset()
    rival.fit(one.training)
    return verdict_of(one.truth, rival.scores(one.rows)[_TRAIN:], 0.01)


def _conv_ae(one: _File) -> Verdict:
    """Flags where all windows a row lies in are over 4/3 of the training windows' 99.9 % quantile."""
    rival = ConvAe()
    rival.fit(one.training)
    limit = float(np.nanquantile(rival.scores(one.training), 0.999)) * 4 / 3
    scores = rival.scores(one.rows)
    flags = rival.flags_of(scores, limit)
    return flagged(one.truth, flags[_TRAIN:], scores[_TRAIN:])


def _read(path: Path) -> np.ndarray:
    table = pd.read_csv(path, sep=";")
    return table.drop(columns=["datetime", "anomaly", "changepoint"]).to_numpy(dtype=float)
