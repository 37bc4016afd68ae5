"""The measured rates of rules as a picture: a line a rule, both rates with their intervals."""

from collections.abc import Sequence
from pathlib import Path

from infrastress.app.plots import open_figure
from infrastress.evaluation.performance import Performance

__all__ = ["plot_performance"]

_INK, _QUIET = "#1f4e79", "#9a9a9a"


def plot_performance(rows: Sequence[Performance], path: Path) -> None:
    """Draw rates into a .png or .svg file: rules that never spoke are grey."""
    with open_figure(11.0, 1.2 + 0.26 * max(len(rows), 1)) as (figure, cell):
        parts = cell.subgridspec(1, 2)
        left = figure.add_subplot(parts[0])
        right = figure.add_subplot(parts[1], sharey=left)
        for place, row in enumerate(reversed(rows)):
            colour = _INK if row.found or row.false_episodes else _QUIET
            low, high = row.tpr_interval()
            left.plot([low, high], [place, place], color=colour, lw=1.5)
            left.plot([row.tpr], [place], "o", color=colour, ms=5)
            if row.asset_hours > 0:
                least, most = row.fpr_interval()
                right.plot([max(least, 1e-8), most], [place, place], color=colour, lw=1.5)
                right.plot([row.fpr_per_asset_hour], [place], "o", color=colour, ms=5)
        names = [f"{row.detector}: {row.rule or 'all its rules'}" for row in reversed(rows)]
        left.set_yticks(range(len(rows)), names, fontsize=8)
        right.tick_params(labelleft=False)
        left.set_xlim(-0.02, 1.02)
        left.set_xlabel("share of attacks found")
        right.set_xscale("log")
        right.set_xlabel("false episodes an asset-hour")
        for axis in (left, right):
            axis.grid(axis="x", lw=0.4, color="#dddddd")
        figure.savefig(path, dpi=110)
