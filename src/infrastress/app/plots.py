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

__all__ = ["broken", "open_figure", "plot_incident", "plot_signal"]

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
    end = max([*(moment for moment in ended.values()), *(event.occurred for event in raised), body.began])
    begin = min([body.began, *(event.occurred for event in raised)])
    pad = max((end - begin) // 20, 60 * SECOND)
    clusters = _clusters(raised, max((end - begin) // 28, 1))
    listed = _worth_listing(clusters)
    lines = _list(listed, len(clusters), zone)
    with open_figure(10.0, 4.9 + 0.25 * len(lines)) as (figure, grid):
        axis = figure.add_subplot(grid)
        rows = {kind: len(_LANES) - 1 - i for i, (kind, _) in enumerate(_LANES)}
        for kind, row in rows.items():
            axis.axhspan(row - 0.42, row + 0.42, color=PALE if kind in body.source_kinds else "#f6f6f6", lw=0, zorder=0)
        for cluster in clusters:
            _draw_cluster(axis, cluster, ended, rows, end + pad)
        for number, cluster in enumerate(listed, 1):
            lane = rows[_detection(cluster[0]).source_kind]
            _draw_number(axis, number, cluster[0], lane)
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
        _legend(axis, clusters)
        figure.supxlabel("\n".join(lines), x=0.02, ha="left", fontsize=10, linespacing=1.45)
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
    with open_figure(10.0, 5.2) as (figure, grid):
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
                stamps, broken(times, true), color=TRUTH, lw=2.4, ls=(0, (2, 1)), label="true (simulation)", zorder=3
            )
        if model is not None:
            axis.plot(stamps, broken(times, model), color=INK, lw=1.5, ls=(0, (6, 2)), label="expected", zorder=3)
        axis.plot(stamps, broken(times, seen), color="#4a4a4a", lw=2.0, label="seen", zorder=4)
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
def open_figure(width: float, height: float) -> Iterator[tuple[Any, Any]]:
    """A figure drawn without a display, and its cell; heavy imports happen here."""
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


def _clusters(raised: Sequence[Event], near: int) -> list[list[Event]]:
    """Detections of one kind of source that begin so close together that their marks would cover each other."""
    latest: dict[str, list[Event]] = {}
    clusters = []
    for event in raised:
        kind = _detection(event).source_kind
        cluster = latest.get(kind)
        if cluster is None or event.occurred - cluster[0].occurred > near:
            cluster = latest[kind] = []
            clusters.append(cluster)
        cluster.append(event)
    return clusters


def _loudest(cluster: Sequence[Event]) -> Event:
    """The most severe of a cluster, the first of these."""
    order = list(_MARKERS)
    return min(cluster, key=lambda event: (-order.index(_detection(event).severity), event.occurred, event.id))


def _worth_listing(clusters: Sequence[list[Event]]) -> list[list[Event]]:
    """At most `LISTED` clusters, the most severe, in order of time."""
    order = list(_MARKERS)
    chosen = sorted(clusters, key=lambda cluster: -order.index(_detection(_loudest(cluster)).severity))[:LISTED]
    return sorted(chosen, key=lambda cluster: (cluster[0].occurred, cluster[0].id))


def _list(listed: Sequence[list[Event]], count: int, zone: tzinfo) -> list[str]:
    """What the numbers say, a cluster by its most severe sentence, each on at most two lines."""
    lines = []
    for number, cluster in enumerate(listed, 1):
        text = shorten(_detection(_loudest(cluster)).sentence, 190, placeholder=" ...")
        if len(cluster) > 1:
            text += f" (and {len(cluster) - 1} more until {_moment(cluster[-1].occurred, zone):%H:%M})"
        head = f"{number:>2}  {_moment(cluster[0].occurred, zone):%H:%M}  "
        lines += wrap(text, 118, initial_indent=head, subsequent_indent=" " * 18)
    return [*lines, f"and {count - len(listed)} more, less severe"] if count > len(listed) else lines


def _draw_cluster(axis: Any, cluster: list[Event], ended: dict[str, int], rows: dict[str, int], edge: int) -> None:
    """A bar from the first raise to the last clearing, and the mark of the most severe."""
    body = _detection(_loudest(cluster))
    marker, color, size = _MARKERS[body.severity]
    stops = [
        ended.get(_detection(event).episode, edge if body.source_kind == "telemetry" else event.occurred)
        for event in cluster
    ]
    begin, lane = cluster[0].occurred, rows[body.source_kind]
    axis.barh(
        lane, (max(stops) - begin) / (24 * HOUR), left=_moment(begin, UTC), height=0.26, color=color, alpha=0.2, lw=0,
        zorder=2,
    )  # fmt: skip
    axis.plot([_moment(begin, UTC)], [lane], marker=marker, color=color, ms=size, mec="white", mew=0.8, zorder=4)


def _draw_number(axis: Any, number: int, event: Event, lane: int) -> None:
    axis.annotate(
        str(number), (_moment(event.occurred, UTC), lane), xytext=(0, 9), textcoords="offset points", fontsize=11,
        fontweight="bold", ha="center", zorder=5,
    )  # fmt: skip


def _legend(axis: Any, clusters: Sequence[list[Event]]) -> None:
    from matplotlib.lines import Line2D

    drawn = {_detection(_loudest(cluster)).severity for cluster in clusters}
    shapes = [
        Line2D([], [], ls="", marker=marker, color=color, ms=min(size, 11), label=severity)
        for severity, (marker, color, size) in _MARKERS.items()
        if severity in drawn
    ]
    if shapes:
        axis.legend(handles=shapes, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=5, frameon=False, fontsize=10)


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


def broken(times: npt.NDArray[np.int64], series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
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
