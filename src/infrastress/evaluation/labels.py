"""What really happened, read from a label column of a recording or from a simulation's truth.json."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.connectors.cells import read_cells
from infrastress.connectors.files import ColumnMap, Mapping
from infrastress.connectors.files.binding import Binding
from infrastress.connectors.files.chunk import Chunk
from infrastress.connectors.files.content import looks_like
from infrastress.connectors.files.delimited import DelimitedRows, read_header
from infrastress.connectors.files.transposed import open_lines
from infrastress.connectors.signals import Bound
from infrastress.connectors.times import Clock
from infrastress.core.errors import InputError
from infrastress.core.time import SECOND, from_iso
from infrastress.core.units import Scale
from infrastress.evaluation.attribution import Cause
from infrastress.evaluation.causes import causes_of_truth
from infrastress.evaluation.events import Episode, episodes_from_flags

__all__ = ["LABEL_NAMES", "Truth", "read_truth"]

LABEL_NAMES = ("ATT_FLAG", "attack", "anomaly", "label", "Normal/Attack", "is_attack", "fault")
_MAX_GRID = 50_000_000


@dataclass(frozen=True)
class Truth:
    """True events and the time grid on which they are scored.

    Attributes:
        events: what a detector should find.
        benign: spans of faults and oddities that are no attack; alarms in them are counted apart.
        times: int64[n], the grid, rising.
        flags: bool[n], True while an event is on.
        causes: what each of the events was about, where that is known of any; in their order.
    """

    events: tuple[Episode, ...]
    times: npt.NDArray[np.int64]
    flags: npt.NDArray[np.bool_]
    benign: tuple[Episode, ...] = ()
    causes: tuple[Cause, ...] = ()

    @property
    def span(self) -> tuple[int, int]:
        """Begin and end of what was watched, ns; the last step counts with the median step."""
        step = int(np.median(np.diff(self.times))) if len(self.times) > 1 else 0
        return int(self.times[0]), int(self.times[-1]) + step

    def behind(self, rows: int) -> "Truth":
        """What is left behind so many steps, such as a part that was learned from.

        Raises:
            InputError: nothing is left.
        """
        if rows >= len(self.times):
            raise InputError(f"{rows} rows were to be skipped and there are {len(self.times)}")
        begin = int(self.times[rows])

        def cut(spans: tuple[Episode, ...]) -> tuple[Episode, ...]:
            return tuple(span._replace(began=max(span.began, begin)) for span in spans if span.ended > begin)

        causes = tuple(one._replace(began=max(one.began, begin)) for one in self.causes if one.ended > begin)
        return Truth(cut(self.events), self.times[rows:], self.flags[rows:], cut(self.benign), causes)


def read_truth(
    path: Path, mapping: Mapping | None = None, *, time_zone: str | None = None, grid_s: float = 60.0
) -> Truth:
    """Read labels.

    Args:
        path: a CSV with a label column, a `truth.json`, or a folder that holds one.
        mapping: of the CSV; its `label` names the column, else the usual names are looked for.
        time_zone: of CSV times without offset where the mapping says none.
        grid_s: grid for a truth.json, s.

    Raises:
        InputError: no labels there, or they can't be read.
    """
    if path.is_dir():
        path = path / "truth.json"
    if not path.is_file():
        raise InputError("there are no labels", where=str(path))
    if looks_like(path) == "json_lines":
        return _from_json(path, grid_s)
    return _from_csv(path, mapping or Mapping(), time_zone)


def _from_csv(path: Path, mapping: Mapping, zone: str | None) -> Truth:
    times, labels = _columns(path, mapping, zone, label=True)
    if not len(times):
        raise InputError("no row with a time and a label", where=str(path))
    if (np.diff(times) <= 0).any():
        order = np.argsort(times, kind="stable")
        times, labels = times[order], labels[order]
        keep = np.concatenate([np.diff(times) > 0, [True]])
        times, labels = times[keep], labels[keep]
    flags = labels > 0  # some sets write -999 for "not known", which is not an attack
    episodes = episodes_from_flags(times, flags)
    named = tuple(episode._replace(name=f"event {i}") for i, episode in enumerate(episodes, 1))
    return Truth(named, times, flags)


def _from_json(path: Path, grid_s: float) -> Truth:
    try:
        content: Any = msgspec.json.decode(path.read_bytes())
        spans = [
            (
                bool(span["malicious"]),
                Episode(from_iso(str(span["began"])), from_iso(str(span["ended"])), str(span["kind"])),
            )
            for span in content["spans"]
        ]
        causes = causes_of_truth(content)
        facts = content.get("facts") or {}
        watched = [from_iso(str(facts[name])) for name in ("began_at", "ended_at") if name in facts]
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"no truth of a simulation: {error}", where=str(path)) from None
    told = [Episode(min(watched), max(watched))] if watched else []
    begin, end = _extent(path.parent, [*(episode for _, episode in spans), *told])
    step = round(grid_s * SECOND)
    if (end - begin) // step > _MAX_GRID:
        raise InputError("the recording is too long for this grid", where=str(path), remedy="choose a wider grid")
    times = np.arange(begin, end + 1, step)
    events = tuple(sorted(episode for malicious, episode in spans if malicious))
    flags = np.zeros(len(times), dtype=bool)
    for event in events:
        flags |= (times >= event.began) & (times < event.ended)
    benign = tuple(sorted(episode for malicious, episode in spans if not malicious))
    return Truth(events, times, flags, benign, causes)


def _extent(folder: Path, episodes: list[Episode]) -> tuple[int, int]:
    """First and last time of the telemetry beside a truth.json; of its spans and facts where there is none."""
    for name in ("telemetry.csv", "telemetry.csv.gz", "telemetry.csv.xz"):
        if (folder / name).is_file():
            times, _ = _columns(folder / name, Mapping(), None, label=False)
            if len(times):
                return int(times.min()), int(times.max())
    if not episodes:
        raise InputError("nothing tells how long was watched", where=str(folder), remedy="keep telemetry.csv beside it")
    return min(episode.began for episode in episodes), max(episode.ended for episode in episodes)


def _columns(
    path: Path, mapping: Mapping, zone: str | None, *, label: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    where = str(path)
    if looks_like(path) != "text":
        raise InputError("labels are read from CSV", where=where)
    with open_lines(path, mapping) as lines:
        names, at, _ = read_header(lines, mapping)
        time_name = mapping.time.column
        if time_name is not None and time_name not in names:
            raise InputError(f"no time column {time_name!r}", where=where, remedy="give the recording's mapping")
        columns: tuple[Bound, ...] = ()
        if label and mapping.label_from is None:
            wanted = (mapping.label,) if mapping.label is not None else LABEL_NAMES
            index = next((i for i, name in enumerate(names) if name in wanted), None)
            if index is None:
                raise InputError(
                    f"no label column, none of {', '.join(map(repr, wanted))}",
                    where=where,
                    remedy="name it in the mapping as `label`, or the row the event begins at as `label_from`",
                )
            columns = (Bound(index, names[index], ColumnMap(signal="label", values=_WORDS), _PLAIN),)
        time = names.index(time_name) if time_name is not None else None
        # Without time and label column something has to be read all the same
        binding = Binding(width=len(names), time=time if columns or time is not None else 0, columns=columns)
        reader = DelimitedRows(lines, mapping, binding)
        parts: list[tuple[Any, Any]] = []
        rows = _Rows(mapping, zone, time, columns)
        while (chunk := reader.chunk(at)) is not None:
            parts.append(rows.read(chunk))
            at = int(chunk.starts[-1])
    if not parts:
        return np.empty(0, np.int64), np.empty(0)
    return np.concatenate([times for times, _ in parts]), np.concatenate([labels for _, labels in parts])


class _Rows:
    """Times and labels of one chunk after the other."""

    def __init__(self, mapping: Mapping, zone: str | None, time: int | None, columns: tuple[Bound, ...]) -> None:
        self.mapping, self.time, self.columns = mapping, time, columns
        self.clock = Clock(mapping.time.format, mapping.time_zone or zone)
        self.start = from_iso(mapping.time.start) if mapping.time.start else 0
        self.step = round((mapping.time.step_s or 0) * SECOND)
        self.before = 0

    def read(self, chunk: Chunk) -> tuple[Any, Any]:
        """Rows whose time and label can be read."""
        lines = self.before + chunk.rows
        self.before += len(chunk)
        if self.time is None:
            ns, good = self.start + self.step * lines, np.ones(len(lines), dtype=bool)
        else:
            times = self.clock.read(chunk.columns[self.time])
            ns, good = times.ns, times.codes == 0
        if not self.columns:
            first = self.mapping.label_from
            return ns[good], np.zeros(int(good.sum())) if first is None else (lines[good] + 1 >= first).astype(float)
        bound = self.columns[0]
        cells = read_cells(
            chunk.columns[bound.column], bound.spec, bound.scale, self.mapping.decimal, self.mapping.empty
        )
        good = good & (cells.codes == 0)
        return ns[good], cells.values[good]


_PLAIN = Scale(1.0, 0.0, "dimensionless")
_WORDS = {
    "normal": 0.0, "attack": 1.0, "a ttack": 1.0, "true": 1.0, "false": 0.0, "anomaly": 1.0, "yes": 1.0, "no": 0.0,
}  # fmt: skip
