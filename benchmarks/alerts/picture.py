"""A picture of both tables: how well alerts are grouped, and what an analyst gets a day."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.alerts.rotations import Row

__all__ = ["draw"]


def draw(pairs: Sequence[Row], streams: Sequence[Row], path: Path) -> None:
    """Write a PNG or SVG.

    Args:
        pairs: rows of the pairwise scores.
        streams: rows of the incidents.
        path: of the picture.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for place, row in enumerate(pairs):
        mine = place < 2
        values = [score.noise_in for score in row.scores.values()]
        left.barh(place, fmean(values), color="tab:blue" if mine else "0.8")
        left.scatter(values, [place] * len(values), color="black", s=14, zorder=3)
    left.set_yticks(range(len(pairs)), [row.method for row in pairs])
    left.invert_yaxis()
    left.set(xlabel="pairwise macro-F1, noise in (mean; a dot a test scenario)", xlim=(0, 1))
    for place, row in enumerate(streams):
        mine = place < 2
        days = [score.per_day for score in row.scores.values()]
        shares = [score.covered / score.phases for score in row.scores.values()]
        right.scatter(
            days, shares, label=row.method, s=70 if mine else 28, marker="*" if mine else "o", zorder=3, alpha=0.8
        )
    right.set_xscale("log")
    right.set(xlabel="incidents a day", ylabel="share of phases in an incident", ylim=(-0.03, 1.05))
    right.grid(alpha=0.3)
    right.legend(fontsize="small")
    figure.savefig(path, dpi=110)
