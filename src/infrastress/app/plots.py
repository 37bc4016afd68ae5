"""Pictures of an incident: its story in lanes, and the signal it is about.

Calm after ISA-101: greys for what is normal, one colour for what is not, and never colour alone: markers differ in
shape, spans in hatching, and everything abnormal is labelled.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from textwrap import shorten, wrap
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.app.story import local_zone
from infrastress.core.errors import ConfigurationError
from infrastress.core.time import HOUR, SECOND
from infrastress.core.units import scale_of
from infrastress.events import Detection, Event, Incident
from infrastress.site import Site
from infrastress.site.process import Signal

__all__ = ["plot_incident", "plot_signal"]

INK, GREY, PALE, ABNORMAL, TRUTH = "#2b2b2b", "#7a7a7a", "#e4e4e4", "#b3261e", "#1f5a99"
_LANES = (
    ("telemetry", "Telemetry"),
    ("network", "Network,\nlogins"),
    ("access", "Doors, gas,\nswitches"),
    ("reports", "People"),
)
_MARKERS = {
    "info": (".", GREY, 7),
    "low": ("o", GREY, 8),
    "medium": ("s", INK, 9),
    "high": ("D", ABNORMAL, 9),
    "critical": ("*", ABNORMAL, 16),
}
LISTED = 12
_STYLE: Any = {
    "font.size": 11,
    "font.family": "DejaVu Sans",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "infrastress",
    "svg.fonttype": "none",
}


def plot_incident(incident_event: Event, detections: Sequence[Event], site: Site, path: Path) -> None:
    """The story of an incident: a lane for each kind of source, numbered marks, and what each number says.

    Args:
        incident_event: an event whose body is an `Incident`.
        detections: detection events; those the incident lists, and the clearings of their episodes, are drawn.
        site: for the time zone.
        path: a .png or .svg file to write.

    Raises:
        ConfigurationError: the event is no incident.
    """
    body = incident_event.body
    if not isinstance(body, Incident):
        raise ConfigurationError(f"a {incident_event.kind} event is no incident")
    raised, ended = _episodes(body, detections)
    zone = local_zone(site)
    points = _first_of_each(raised)
    listed = _worth_listing(points)
    end = max([*(moment for moment in ended.values()), *(event.occurred for event in raised), body.began])
    begin = min([body.began, *(event.occurred for event in raised)])
    pad = max((end - begin) // 20, 60 * SECOND)
    with _figure(10.0, 4.9 + 0.25 * sum(len(_sentence(event)) for _, event in listed.values())) as (figure, grid):
        axis = figure.add_subplot(grid)
        rows = {kind: len(_LANES) - 1 - i for i, (kind, _) in enumerate(_LANES)}
        for kind, row in rows.items():
            axis.axhspan(row - 0.42, row + 0.42, color=PALE if kind in body.source_kinds else "#f6f6f6", lw=0, zorder=0)
        heights = _heights(points, rows, begin, end)
        for event in raised:
            lane = heights.get(event.id, float(rows[_detection(event).source_kind]))
            _draw_bar(axis, event, ended, lane, end + pad)
        for event in points:
            _draw_mark(axis, event, heights[event.id], listed)
        first = _moment(body.first_alarm, zone)
        axis.axvline(first, color=INK, lw=1.1, ls=(0, (4, 3)), zorder=1)
        axis.annotate(
            f"first alarm {first:%H:%M}",
            (first, 3.5),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=10,
            va="bottom",
        )
        axis.set_ylim(-0.6, 3.75)
        axis.set_xlim(_moment(begin - pad, zone), _moment(end + pad, zone))
        axis.set_yticks([rows[kind] for kind, _ in _LANES], [label for _, label in _LANES])
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        _time_axis(axis, zone, site.time_zone)
        state = body.state if body.state == "open" else "closed"
        axis.set_title(f"{shorten(body.title, 88)}\n", loc="left", fontsize=14, fontweight="bold", color=INK, pad=16)
        axis.text(
            0.0, 1.035, f"severity {body.severity}  |  confidence {body.confidence:.0%}  |  {state}  |  "
            f"{body.detections_total} detections", transform=axis.transAxes, fontsize=10.5, color=GREY,
        )  # fmt: skip
        _legend(figure, axis, listed, zone, more=len(points) - len(listed))
        figure.savefig(path, dpi=110)


def plot_signal(
    times: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    *,
    signal: Signal,
    spans: Sequence[tuple[int, int, str]],
    marks: Sequence[tuple[int, str]],
    path: Path,
    truth: npt.NDArray[np.float64] | None = None,
    expected: npt.NDArray[np.float64] | None = None,
    zone: tzinfo = UTC,
    limits: Sequence[tuple[float, str]] = (),
    title: str = "",
) -> None:
    """A signal over time: seen, expected, true where known, limits, anomalous spans, gaps as gaps.

    Args:
        times: int64[n], ns UTC, rising.
        values: float64[n], SI; NaN where there was no good value.
        signal: gives name, unit and alarm limits.
        spans: anomalous spans (begin ns, end ns, label).
        marks: moments worth a line (ns, label), such as the first alarm and the overflow.
        path: a .png or .svg file to write.
        truth: float64[n], SI: what the simulation knows.
        expected: float64[n], SI: what the model of the process expects.
        zone: time zone of the axis.
        limits: further limits, SI, with their labels, such as the tank's brim.
        title: above the picture; the signal's name unless given.
    """
    scale = scale_of(signal.unit)
    seen = (values - scale.offset) / scale.factor
    true, model = (None if one is None else (one - scale.offset) / scale.factor for one in (truth, expected))
    stamps = [_moment(int(time), zone) for time in times]
    with _figure(10.0, 5.2) as (figure, grid):
        axis = figure.add_subplot(grid)
        for i, (begin, end, label) in enumerate(spans):
            left, right = _moment(begin, zone), _moment(end, zone)
            axis.axvspan(left, right, facecolor="#fbefee", edgecolor="#ecc4c1", hatch="//", lw=0, zorder=0)
            if label:
                axis.annotate(
                    label, (left, 0.02 + 0.06 * (i % 3)), xycoords=("data", "axes fraction"), xytext=(4, 0),
                    textcoords="offset points", fontsize=10, color=ABNORMAL, zorder=6,
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2},
                )  # fmt: skip
        if true is not None:
            axis.plot(
                stamps, _broken(times, true), color=TRUTH, lw=2.4, ls=(0, (2, 1)), label="true (simulation)", zorder=3
            )
        if model is not None:
            axis.plot(stamps, _broken(times, model), color=INK, lw=1.5, ls=(0, (6, 2)), label="expected", zorder=3)
        axis.plot(stamps, _broken(times, seen), color="#4a4a4a", lw=2.0, label="seen", zorder=4)
        _draw_gaps(axis, times, seen, zone)
        _draw_limits(axis, signal, [((value - scale.offset) / scale.factor, label) for value, label in limits])
        _draw_moments(axis, marks, zone)
        axis.set_ylabel(f"{signal.kind} [{signal.unit}]" if signal.unit else signal.kind)
        axis.set_xlim(stamps[0], stamps[-1])
        _time_axis(axis, zone, str(zone))
        axis.set_title(title or (f"{signal.name} ({signal.id})" if signal.name else signal.id), loc="left", fontsize=14,
                       fontweight="bold", pad=34)  # fmt: skip
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, -0.3), ncols=4, frameon=False, fontsize=10.5)
        figure.savefig(path, dpi=110)


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Any, Any]]:
    """A figure drawn without a display; heavy imports happen here."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.add_gridspec(1, 1)[0, 0]


def _episodes(body: Incident, detections: Sequence[Event]) -> tuple[list[Event], dict[str, int]]:
    """The incident's raised detections by time, and when each episode cleared."""
    listed = set(body.detections)
    raised = sorted((event for event in detections if event.id in listed), key=lambda event: (event.occurred, event.id))
    episodes = {event.body.episode for event in raised if isinstance(event.body, Detection)}
    ended = {
        event.body.episode: event.occurred
        for event in detections
        if isinstance(event.body, Detection) and event.body.phase == "cleared" and event.body.episode in episodes
    }
    return raised, ended


def _detection(event: Event) -> Detection:
    if not isinstance(event.body, Detection):
        raise ConfigurationError(f"a {event.kind} event is no detection")
    return event.body


def _first_of_each(raised: Sequence[Event]) -> list[Event]:
    """The first detection of each rule on the same assets: repeats are bars without a number."""
    found: dict[tuple[str, tuple[str, ...]], Event] = {}
    for event in raised:
        found.setdefault((_detection(event).rule, event.assets), event)
    return list(found.values())


def _worth_listing(points: Sequence[Event]) -> dict[str, tuple[int, Event]]:
    """Number and event, by id, of at most `LISTED`: the most severe, in order of time."""
    order = list(_MARKERS)
    chosen = sorted(points, key=lambda event: (-order.index(_detection(event).severity), event.occurred, event.id))
    kept = sorted(chosen[:LISTED], key=lambda event: (event.occurred, event.id))
    return {event.id: (i + 1, event) for i, event in enumerate(kept)}


def _heights(points: Sequence[Event], rows: dict[str, int], begin: int, end: int) -> dict[str, float]:
    """Where in its lane a mark stands: marks close in time step aside, so that numbers don't cover each other."""
    near = max((end - begin) // 40, 1)
    steps = (0.0, 0.24, -0.24)
    placed: dict[str, list[tuple[int, int]]] = {}
    heights: dict[str, float] = {}
    for event in points:
        kind = _detection(event).source_kind
        lane = placed.setdefault(kind, [])
        taken = {step for moment, step in lane if event.occurred - moment < near}
        step = next((i for i in range(len(steps)) if i not in taken), len(lane) % len(steps))
        lane.append((event.occurred, step))
        heights[event.id] = rows[kind] + steps[step]
    return heights


def _draw_bar(axis: Any, event: Event, ended: dict[str, int], lane: float, edge: int) -> None:
    body = _detection(event)
    stop = ended.get(body.episode, edge if body.source_kind == "telemetry" else event.occurred)
    color = _MARKERS[body.severity][1]
    axis.barh(
        lane, (stop - event.occurred) / (24 * HOUR), left=_moment(event.occurred, UTC), height=0.18,
        color=color, alpha=0.22, lw=0, zorder=2,
    )  # fmt: skip


def _draw_mark(axis: Any, event: Event, height: float, listed: dict[str, tuple[int, Event]]) -> None:
    marker, color, size = _MARKERS[_detection(event).severity]
    moment = _moment(event.occurred, UTC)
    axis.plot([moment], [height], marker=marker, color=color, ms=size, mec="white", mew=0.8, zorder=4)
    if event.id in listed:
        axis.annotate(
            str(listed[event.id][0]), (moment, height), xytext=(8, 0), textcoords="offset points", fontsize=11,
            fontweight="bold", va="center", zorder=5,
        )  # fmt: skip


def _legend(figure: Any, axis: Any, listed: dict[str, tuple[int, Event]], zone: tzinfo, more: int) -> None:
    from matplotlib.lines import Line2D

    shapes = [
        Line2D([], [], ls="", marker=marker, color=color, ms=min(size, 11), label=severity)
        for severity, (marker, color, size) in _MARKERS.items()
        if any(_detection(event).severity == severity for _, event in listed.values())
    ]
    if shapes:
        axis.legend(handles=shapes, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=5, frameon=False, fontsize=10)
    lines = []
    for number, event in listed.values():
        head = f"{number:>2}  {_moment(event.occurred, zone):%H:%M}  "
        lines += _sentence(event, head)
    if more > 0:
        lines.append(f"    and {more} more, less severe")
    figure.supxlabel("\n".join(lines), x=0.02, ha="left", fontsize=10, linespacing=1.45)


def _sentence(event: Event, head: str = "") -> list[str]:
    """A detection's sentence on at most two lines."""
    text = shorten(_detection(event).sentence, 200, placeholder=" ...")
    return wrap(text, 112, initial_indent=head, subsequent_indent=" " * 18)


def _draw_gaps(axis: Any, times: npt.NDArray[np.int64], seen: npt.NDArray[np.float64], zone: tzinfo) -> None:
    good = times[~np.isnan(seen)]
    if len(good) < 3:
        return
    steps = np.diff(good)
    wide = np.flatnonzero(steps > _gap(good))
    for i in wide[np.argsort(-steps[wide])][:20]:
        left, right = _moment(int(good[i]), zone), _moment(int(good[i + 1]), zone)
        axis.axvspan(left, right, facecolor="none", edgecolor="#b5b5b5", hatch="xx", lw=0, alpha=0.6, zorder=1)
        if steps[i] > (times[-1] - times[0]) // 30:
            axis.text(left + (right - left) / 2, 0.5, "no data", rotation=90, ha="center", va="center", fontsize=10,
                      color=GREY, transform=axis.get_xaxis_transform(),
                      bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0})  # fmt: skip


def _draw_limits(axis: Any, signal: Signal, further: Sequence[tuple[float, str]]) -> None:
    low, high = axis.get_ylim()
    room = 0.6 * (high - low)
    for value, label in (
        (signal.limits.low_low, "low-low"),
        (signal.limits.low, "low"),
        (signal.limits.high, "high"),
        (signal.limits.high_high, "high-high"),
        *further,
    ):
        if value is None or not low - room <= value <= high + room:
            continue
        axis.axhline(value, color=GREY, lw=1.0, ls=(0, (8, 3)), zorder=2)
        axis.annotate(
            f"{label} {value:g}", (1.0, value), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=10, color=GREY, annotation_clip=False,
        )  # fmt: skip


def _draw_moments(axis: Any, marks: Sequence[tuple[int, str]], zone: tzinfo) -> None:
    for i, (time, label) in enumerate(sorted(marks)):
        moment = _moment(time, zone)
        axis.axvline(moment, color=INK, lw=1.2, zorder=5)
        axis.plot(
            [moment], [1.0], marker="v", color=INK, ms=8, transform=axis.get_xaxis_transform(), clip_on=False, zorder=6
        )
        axis.annotate(
            f"{label} {moment:%H:%M}", (moment, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 7 + 14 * (i % 2)),
            textcoords="offset points", ha="center", fontsize=10, annotation_clip=False,
        )  # fmt: skip


def _broken(times: npt.NDArray[np.int64], series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The series with its last value before each gap taken out, so that no line is drawn across."""
    if len(times) < 3:
        return series
    broken = series.copy()
    broken[:-1][np.diff(times) > _gap(times)] = np.nan
    return broken


def _gap(times: npt.NDArray[np.int64]) -> int:
    """Longest step that is none: three times the usual one."""
    return int(3 * np.median(np.diff(times)))


def _time_axis(axis: Any, zone: tzinfo, name: str) -> None:
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(tz=zone, minticks=4, maxticks=9)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator, tz=zone))
    axis.set_xlabel(f"local time ({name})", loc="left", fontsize=10, color=GREY)
    axis.grid(axis="x", color="#d9d9d9", lw=0.6, zorder=0)
    axis.set_axisbelow(True)


def _moment(time: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(time / SECOND, UTC).astimezone(zone)
