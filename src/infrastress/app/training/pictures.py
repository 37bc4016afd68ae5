"""Pictures of a training: coverage with its gaps, where values lie, and how far out each day was."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from infrastress.app.plots import ABNORMAL, GREY, INK, PALE, open_figure
from infrastress.app.story import local_zone
from infrastress.app.training.overview import Overview
from infrastress.core.time import HOUR
from infrastress.site import Site

if TYPE_CHECKING:
    from infrastress.app.training.run import Trained

__all__ = ["draw_coverage", "draw_ranges", "draw_scores"]

_MOST_SIGNALS = 60
_COLUMNS = 400
_BINS = 60
_DAYS = 14


def draw_coverage(site: Site, overview: Overview, trained: "Trained", path: Path) -> None:
    """One line a signal: dark where it was heard, white where not; spans left out and suspected hatched and named."""
    values, ends = overview.last, overview.ends
    rows = list(range(len(overview.table)))[:_MOST_SIGNALS]
    edges = np.unique(np.linspace(0, len(ends), min(_COLUMNS, len(ends)) + 1).astype(int))
    heard = np.add.reduceat(np.isfinite(values[rows]), edges[:-1], axis=1) / np.diff(edges)
    with open_figure(10.0, 1.6 + 0.16 * len(rows)) as (figure, grid):
        axis = figure.add_subplot(grid)
        stamps = [_moment(site, int(ends[min(edge, len(ends) - 1)])) for edge in edges]
        axis.pcolormesh(stamps, np.arange(len(rows) + 1), heard, cmap="Greys", vmin=0, vmax=3.0)
        names = [overview.table.signals[row].id for row in rows]
        axis.set_yticks(np.arange(len(rows)) + 0.5, names, fontsize=7)
        axis.invert_yaxis()
        more = len(overview.table) - len(rows)
        axis.set_title(
            "When each signal was heard (dark), gaps and spans left out white" + (f"; {more} more" if more else ""),
            loc="left", fontsize=12, fontweight="bold",
        )  # fmt: skip
        _mark(axis, site, trained)
        _dates(axis, site)
        figure.savefig(path, dpi=110)


def draw_ranges(overview: Overview, path: Path) -> None:
    """Where values lie: one line a signal from its least to its largest value, darker where there are more."""
    values = overview.last
    rows: list[Any] = []
    names, ends = [], []
    for row, signal in enumerate(overview.table.signals):
        own = _own(overview, signal.id, values[row])
        if signal.kind in ("state", "switch") or len(own) < 2 or float(np.ptp(own)) == 0 or len(rows) == _MOST_SIGNALS:
            continue
        counts, _ = np.histogram(own, bins=_BINS)
        rows.append(np.sqrt(counts / counts.max()))
        names.append(f"{signal.id}   {own.min():.4g}")
        ends.append(f"{own.max():.4g} {signal.unit}")
    with open_figure(10.0, 1.6 + 0.16 * len(rows)) as (figure, grid):
        axis = figure.add_subplot(grid)
        if rows:
            axis.pcolormesh(np.arange(_BINS + 1), np.arange(len(rows) + 1), np.array(rows), cmap="Greys")
        axis.set_xticks([])
        axis.set_yticks(np.arange(len(rows)) + 0.5, names, fontsize=7)
        axis.invert_yaxis()
        other = axis.secondary_yaxis("right")
        other.set_yticks(np.arange(len(rows)) + 0.5, ends, fontsize=7)
        axis.set_title("Where values lie, from least to largest (darker: more often)", loc="left", fontsize=12,
                       fontweight="bold")  # fmt: skip
        figure.savefig(path, dpi=110)


def draw_scores(site: Site, overview: Overview, trained: "Trained", detector: str, path: Path) -> None:
    """The largest score of each day under its limit; of each hour where there are less than two weeks."""
    word, (spans, most) = "day", overview.worst_scores(detector)
    if len(spans) < _DAYS:
        word, (spans, most) = "hour", overview.worst_scores(detector, HOUR)
    with open_figure(10.0, 3.4) as (figure, grid):
        axis = figure.add_subplot(grid)
        stamps = [_moment(site, int(begin)) for begin in spans]
        axis.vlines(stamps, 0, np.nan_to_num(most), color=[ABNORMAL if m >= 1 else GREY for m in most], lw=1.6)
        axis.axhline(1.0, color=INK, lw=1.1, ls=(0, (4, 3)))
        axis.annotate("limit", (1, 1.0), xycoords=("axes fraction", "data"), xytext=(-2, 3), ha="right",
                      textcoords="offset points", fontsize=9)  # fmt: skip
        axis.set_ylim(0, max(1.3, 1.1 * float(np.nanmax(most, initial=0.0))))
        axis.set_ylabel(f"largest score of the {word}")
        axis.set_title(f"{detector}: the training data as it now sees them", loc="left", fontsize=12, fontweight="bold")
        _mark(axis, site, trained)
        _dates(axis, site)
        figure.savefig(path, dpi=110)


def _own(overview: Overview, signal: str, values: Any) -> Any:
    scale = overview.table.scale[overview.table.row[signal]]
    known = values[np.isfinite(values)]
    return (known - scale.offset) / scale.factor


def _mark(axis: Any, site: Site, trained: "Trained") -> None:
    """Spans left out (grey) and suspected (red, hatched the other way), each named once."""
    low, high = axis.get_xlim()
    for span, _ in trained.excluded:
        axis.axvspan(_moment(site, span.began), _moment(site, span.ended), facecolor=PALE, hatch="//", alpha=0.6,
                     edgecolor=GREY, lw=0)  # fmt: skip
    for one in trained.suspicions:
        axis.axvspan(_moment(site, one.began), _moment(site, one.ended), facecolor="#fbdedb",
                     hatch="\\\\\\", alpha=0.6, edgecolor=ABNORMAL, lw=0)  # fmt: skip
    axis.set_xlim(low, high)
    said = ["grey: left out"] if trained.excluded else []
    said += ["red: looks attacked"] if trained.suspicions else []
    if said:
        axis.set_xlabel("; ".join(said), fontsize=9)


def _dates(axis: Any, site: Site) -> None:
    from matplotlib import dates

    known: Any = dates
    locator = known.AutoDateLocator(minticks=4, maxticks=10)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(known.ConciseDateFormatter(locator, tz=local_zone(site)))


def _moment(site: Site, ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1e9, UTC).astimezone(local_zone(site))
