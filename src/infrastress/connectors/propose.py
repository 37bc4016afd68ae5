"""Proposing a mapping: what a recording's columns, units and times most likely are, each with its reason."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infrastress.connectors.files.content import looks_like
from infrastress.connectors.files.sniff import Sample, TimeGuess, guess_time, sniff
from infrastress.connectors.mapping import ColumnMap, Mapping, RecordMap, TimeMap, dump_mapping
from infrastress.connectors.times import SKIPPED, Clock
from infrastress.core.errors import InputError, UnitError
from infrastress.core.time import DAY, SECOND, to_iso
from infrastress.core.units import scale_of
from infrastress.site import Site
from infrastress.site.process import Signal

__all__ = ["Proposal", "propose_mapping"]

_LABELS = ("att_flag", "attack", "anomaly", "label", "normal/attack", "is_attack", "fault", "changepoint", "att")
_WORDS = {
    "open": 1.0, "opened": 1.0, "on": 1.0, "running": 1.0, "run": 1.0, "true": 1.0, "active": 1.0, "auto": 1.0,
    "closed": 0.0, "close": 0.0, "off": 0.0, "stopped": 0.0, "stop": 0.0, "false": 0.0, "inactive": 0.0, "manual": 0.0,
}  # fmt: skip
_SENTINELS = (-9999.0, -999.0, -99.0, 9999.0, 99999.0, -32768.0, 32767.0)
_UNIT_IN_NAME = re.compile(r"[\[(]\s*([^\])]{1,12})\s*[\])]\s*$")
_KINDS: tuple[tuple[str, str, str], ...] = (
    (r"^(s|st|xs|zs)[_\d-]|state|status|running|_on$", "state", ""),
    (r"^(f|ft|fi|fit)[_\d-]|flow|debit|rate", "flow", "m3/h"),
    (r"^(l|lt|li|lit)[_\d-]|level|niveau|volume", "level", "m"),
    (r"^(p|pt|pi|pit)[_\d-]|press", "pressure", "bar"),
    (r"^(t|tt|ti|tit)[_\d-]|temp|thermo", "temperature", "degC"),
    (r"^(q|at|ai|ait)[_\d-]|ph$|chlor|turbid|conduct", "quality", ""),
    (r"current|volt|power|energy", "power", ""),
    (r"speed|rpm|freq", "speed", ""),
)


@dataclass(frozen=True)
class Proposal:
    """A mapping to check before use.

    Attributes:
        mapping: what is proposed.
        notes: what was found and how sure it is, for people.
        comments: the reason for each column.
    """

    mapping: Mapping
    notes: tuple[str, ...]
    comments: dict[str, str] = field(default_factory=dict)

    def yaml(self) -> str:
        """The mapping file, notes and reasons as comments."""
        return dump_mapping(self.mapping, self.notes, self.comments)


def propose_mapping(path: Path, site: Site | None = None) -> Proposal:
    """Look at the first part of a recording and propose how to read it.

    Args:
        path: CSV, Parquet or JSON lines.
        site: matches columns to its signals; without it each column becomes a signal of its own name.

    Raises:
        InputError: the file is no recording.
    """
    content = looks_like(path)
    if content == "json_lines":
        return _records(path)
    sample = _parquet(path) if content == "parquet" else sniff(path)
    notes = [f"Proposed from the {'whole file' if sample.whole else 'first part'} of {path.name}; check before use."]
    time = guess_time(sample)
    if not len(sample.columns[0]):
        notes.append("There is a header but no row: units and times can't be told.")
    notes += _writing(sample)
    time_map, zone, time_notes = _time(sample, time, site)
    notes += time_notes
    written: dict[str, Any] = {
        "delimiter": sample.delimiter,
        "decimal": sample.decimal,
        "encoding": sample.encoding,
        "skip_lines": sample.skip_lines,
        "time": time_map,
        "time_zone": zone,
    }
    if sample.header and time is not None and (long := _long(sample, time)) is not None:
        tags, comments, tag_notes = _tags(sample, time, long, site)
        mapping = Mapping(
            layout="long",
            **written,
            columns=tags,
            tag_column=sample.names[long.tag],
            value_column=sample.names[long.value],
            quality_column=sample.names[long.quality] if long.quality is not None else None,
        )
        return Proposal(mapping, (*notes, *tag_notes), comments)
    if len(sample.columns) > 60 and len(sample.columns) > 3 * len(sample.columns[0]):
        notes.append("Far more columns than rows: lines may be signals; set `transposed: true` then.")
    columns, comments, aside, label, column_notes = _columns(sample, time, site)
    notes += column_notes
    if not columns:
        raise InputError("no column of numbers was found", where=str(path), remedy="it holds no telemetry")
    mapping = Mapping(
        layout="wide" if sample.header else "plain",
        **written,
        columns=columns,
        ignore=tuple(aside),
        label=label,
    )
    return Proposal(mapping, tuple(notes), comments)


def _writing(sample: Sample) -> list[str]:
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "white space"}
    mark = "comma" if sample.decimal == "," else "point"
    notes = [f"Text: {sample.encoding}, cut by {names[sample.delimiter]}, decimal {mark}."]
    if sample.encoding == "cp1252":
        notes.append("It is not UTF-8; cp1252 is a guess.")
    if sample.skip_lines:
        notes.append(f"{sample.skip_lines} lines before the header are skipped.")
    if sample.odd_rows:
        notes.append(f"{sample.odd_rows} sampled rows have another number of fields; they will be refused and counted.")
    return notes


def _time(sample: Sample, time: TimeGuess | None, site: Site | None) -> tuple[TimeMap, str | None, list[str]]:
    if time is None:
        start = "2000-01-01T00:00:00Z"
        note = "No time column was found: set `start` and `step_s` to the real ones; 1 s steps are a placeholder."
        return TimeMap(column=None, start=start, step_s=1.0), None, [note]
    name = sample.names[time.column]
    notes = [f"Time: column {name!r} as {time.format}; {time.why}."]
    if len(time.ns):
        notes.append(f"Sampled from {to_iso(int(time.ns.min()))} to {to_iso(int(time.ns.max()))} as written.")
    steps = np.diff(time.ns)
    if len(steps):
        values, counts = np.unique(steps, return_counts=True)
        step = int(values[counts.argmax()])
        back, same = int((steps < 0).sum()), int((steps == 0).sum())
        gaps = int((steps > 1.5 * step).sum()) if step > 0 else 0
        notes.append(
            f"Cadence: {step / SECOND:g} s ({counts.max() / len(steps):.0%} of steps); {gaps} gaps, {same} repeated, "
            f"{back} backwards."
        )
    zone, why = _zone(sample, time, site)
    if why:
        notes.append(why)
    return TimeMap(column=name, format=time.format), zone, notes


def _zone(sample: Sample, time: TimeGuess, site: Site | None) -> tuple[str | None, str]:
    if time.zoned:
        return None, "Time zone: the times carry it."
    candidate = site.time_zone if site is not None else "UTC"
    if candidate in ("UTC", "Etc/UTC"):
        reason = "the site's" if site is not None else "a guess, as nothing in the file tells"
        return candidate, f"Time zone: {candidate} ({reason}); set it to the plant's if times are local."
    column = pa.array([cell or None for cell in sample.columns[time.column]], pa.string())
    local = Clock(time.format, candidate).read(column)
    if (local.codes == SKIPPED).any():
        return "UTC", f"Time zone: UTC, as the file has times that {candidate} skipped when clocks went forward."
    good = local.ns[local.codes == 0]
    offsets = time.ns[: len(good)] - good if len(good) == len(time.ns) else np.zeros(0, np.int64)
    if len(offsets) and (offsets != offsets[0]).any():
        return candidate, f"Time zone: {candidate}, the site's; the clock change in the file fits it."
    return candidate, f"Time zone: {candidate}, the site's; no clock change in what was looked at proves it."


def _numbers(cells: Sequence[str], decimal: str) -> npt.NDArray[np.float64]:
    values = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        text = cell.replace(",", ".") if decimal == "," else cell
        if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            values[i] = float(text)
    return values


def _columns(
    sample: Sample, time: TimeGuess | None, site: Site | None
) -> tuple[dict[str, ColumnMap], dict[str, str], list[str], str | None, list[str]]:
    columns: dict[str, ColumnMap] = {}
    comments: dict[str, str] = {}
    aside: list[str] = []
    label: str | None = None
    notes: list[str] = []
    doubled = {name for name, count in Counter(sample.names).items() if count > 1}
    free = {signal.id: signal for signal in site.signals} if site is not None else {}
    for index, name in enumerate(sample.names):
        if time is not None and index == time.column:
            continue
        if name.strip().lower() in _LABELS:
            if label is None:
                label = name
                notes.append(f"Column {name!r} looks like ground truth: kept as label, never read as telemetry.")
            else:
                aside.append(name)
            continue
        if name in doubled or not name:
            notes.append(f"Column {name!r} is there more than once or has no name: left out.")
            aside += [name] if name not in aside else []
            continue
        spec, why = _column(name, sample.columns[index], sample.decimal, free, site)
        if spec is None:
            aside.append(name)
            notes.append(f"Column {name!r} is left out: {why}.")
            continue
        if site is not None:
            free.pop(spec.signal, None)
        columns[name], comments[name] = spec, why
    if site is not None and free:
        notes.append(f"{len(free)} signals of the site have no column: {', '.join(sorted(free)[:8])}.")
    return columns, comments, aside, label, notes


def _column(
    name: str, cells: Sequence[str], decimal: str, free: dict[str, Signal], site: Site | None
) -> tuple[ColumnMap | None, str]:
    values = _numbers(cells, decimal)
    good = values[~np.isnan(values)]
    words: dict[str, float] = {}
    if len(good) < 0.5 * max(1, sum(1 for cell in cells if cell)):
        found = {cell.lower() for cell in cells if cell}
        words = {word: _WORDS[word] for word in sorted(found) if word in _WORDS}
        if not words or len(found) > 12:
            return None, "it holds text"
    bad = tuple(value for value in _SENTINELS if (good == value).any() and _outlying(good, value))
    kept = good[~np.isin(good, bad)] if bad else good
    shown = f"{kept.min():g} to {kept.max():g}" if len(kept) else "no number"
    extra = f"; {bad} look like 'no value'" if bad else ""
    if site is None:
        unit, why = _unit(name, kept)
        return ColumnMap(signal=_tag(name), unit=unit, values=words, bad_values=bad), f"{shown}; {why}{extra}"
    signal, why = _match(name, kept, free)
    if signal is None:
        return None, f"no signal of the site is like it ({shown})"
    unit = None
    if (written := _written_unit(name)) is not None and scale_of(written).dimension == scale_of(signal.unit).dimension:
        unit = written if written != signal.unit else None
    if len(kept) and signal.range is not None and unit is None:
        low, high = signal.range
        if not (low <= np.median(kept) <= high):
            why += f"; CHECK the unit: {shown} is outside the range {low:g} to {high:g} {signal.unit}"
    return ColumnMap(signal=signal.id, unit=unit, values=words, bad_values=bad), f"{shown}; {why}{extra}"


def _outlying(values: npt.NDArray[np.float64], sentinel: float) -> bool:
    rest = values[values != sentinel]
    return bool(len(rest)) and bool(abs(sentinel - np.median(rest)) > 10 * max(1e-9, float(np.ptp(rest))))


def _match(name: str, values: npt.NDArray[np.float64], free: dict[str, Signal]) -> tuple[Signal | None, str]:
    if name in free:
        return free[name], "same name"
    plain = _plain(name)
    best: tuple[float, Signal] | None = None
    for signal in free.values():
        likeness = max(SequenceMatcher(None, plain, _plain(text)).ratio() for text in (signal.id, signal.name) if text)
        if len(values) and signal.range is not None:
            low, high = signal.range
            likeness += 0.05 if low <= np.median(values) <= high else -0.1
        if _digits(name) != _digits(signal.id) and _digits(name) != _digits(signal.name):
            likeness -= 0.3
        if best is None or likeness > best[0]:
            best = (likeness, signal)
    if best is None or best[0] < 0.75:
        return None, ""
    same = _plain(best[1].id) == plain
    return best[1], "same name, written otherwise" if same else f"name is alike ({min(best[0], 1):.0%}): check"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _UNIT_IN_NAME.sub("", text).lower())


def _digits(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", _UNIT_IN_NAME.sub("", text))]


def _tag(name: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9_.:-]+", "_", _UNIT_IN_NAME.sub("", name)).strip("_.:-")
    return (clean if clean[:1].isalnum() else f"c{clean}")[:80] if not clean.isdigit() else f"c{clean}"


def _written_unit(name: str) -> str | None:
    match = _UNIT_IN_NAME.search(name)
    if match is None:
        return None
    try:
        scale_of(match[1])
    except UnitError:
        return None
    return match[1].strip()


def _unit(name: str, values: npt.NDArray[np.float64]) -> tuple[str | None, str]:
    written = _written_unit(name)
    if written is not None:
        return written, "unit as the name says"
    if len(values) and set(np.unique(values)) == {0.0, 1.0}:
        return "", "only 0 and 1: a state"
    for pattern, kind, unit in _KINDS:
        if re.search(pattern, name.lower()):
            doubt = ", or metres of water" if kind == "pressure" and len(values) and np.median(values) > 15 else ""
            return unit, f"unit guessed{doubt}: looks like a {kind}" if unit else f"looks like a {kind}"
    return None, "unit unknown: set it"


class _Long(NamedTuple):
    """Column numbers."""

    tag: int
    value: int
    quality: int | None


def _long(sample: Sample, time: TimeGuess) -> _Long | None:
    if not 3 <= len(sample.columns) <= 6 or len(sample.columns[0]) < 4:
        return None
    tag = value = quality = None
    for index, cells in enumerate(sample.columns):
        if index == time.column:
            continue
        numeric = np.count_nonzero(~np.isnan(_numbers(cells, sample.decimal))) / len(cells)
        distinct = len(set(cells))
        name = sample.names[index].lower()
        if name in ("quality", "status", "opcquality", "q"):
            quality = index
        elif numeric >= 0.5 and (value is None or "value" in name):
            value = index
        elif numeric < 0.5 and 1 <= distinct <= max(1, len(cells) // 2) and tag is None:
            tag = index
    if tag is None or value is None:
        return None
    words = {cell.lower() for cell in sample.columns[tag]}
    return None if words <= _WORDS.keys() | {""} else _Long(tag, value, quality)


def _tags(
    sample: Sample, time: TimeGuess, long: _Long, site: Site | None
) -> tuple[dict[str, ColumnMap], dict[str, str], list[str]]:
    by_tag: dict[str, list[str]] = {}
    for name, cell in zip(sample.columns[long.tag], sample.columns[long.value], strict=True):
        by_tag.setdefault(name, []).append(cell)
    free = {signal.id: signal for signal in site.signals} if site is not None else {}
    columns: dict[str, ColumnMap] = {}
    comments: dict[str, str] = {}
    notes = [f"Layout: long, a line a value; {len(by_tag)} tags in what was looked at, others will be counted."]
    for name, cells in by_tag.items():
        spec, why = _column(name, cells, sample.decimal, free, site)
        if spec is None:
            notes.append(f"Tag {name!r} is left out: {why}.")
            continue
        free.pop(spec.signal, None)
        columns[name], comments[name] = spec, why
    if not columns:
        raise InputError("no tag is a signal of the site", remedy="propose without the site to see what is there")
    steps = np.diff(time.ns)
    if len(steps) and (steps < 0).mean() < 0.01 and (steps < -DAY // 24).any():
        notes.append("The file is sorted by tag, not by time: sort it by time before replay.")
    return columns, comments, notes


def _parquet(path: Path) -> Sample:
    from infrastress.connectors.files.parquet import ParquetRows

    with ParquetRows(path, Mapping()) as rows:
        table, whole = rows.head(5000), rows.total
    columns = tuple(
        tuple("" if cell is None else _shown(cell) for cell in column.to_pylist()) for column in table.columns
    )
    return Sample("utf-8", ",", ".", True, 0, rows.names, columns, 0, whole == table.num_rows)


def _shown(cell: object) -> str:
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _records(path: Path) -> Proposal:
    """JSON lines: our own events need no mapping; others get the kind whose fields theirs resemble most."""
    import msgspec

    from infrastress.connectors.files.lines import Lines
    from infrastress.events.kinds import KINDS

    names: Counter[str] = Counter()
    with Lines(path) as lines:
        block = lines.block(0)
        for line in (block.data if block is not None else b"").split(b"\n")[:200]:
            try:
                record = msgspec.json.decode(line)
            except (msgspec.MsgspecError, RecursionError):
                continue
            names.update(list(record) if isinstance(record, dict) else ())
    if {"id", "body", "occurred", "source"} <= names.keys():
        return Proposal(Mapping(), ("These are infrastress events: they are read without a mapping.",))
    time = next((name for name in names if re.search(r"time|stamp|date|when", name.lower())), None)
    if time is None:
        raise InputError(
            "no field of these records is a time",
            where=str(path),
            remedy="name it in the mapping, `records: {kind: ..., time: FIELD}`; see docs/recordings.md",
        )
    best: tuple[int, str, dict[str, str]] = (0, "", {})
    for kind in ("access", "login", "door", "session", "gas", "switch", "track", "report"):
        fields: dict[str, str] = {}
        for name in KINDS[kind].__struct_fields__:
            words = _SYNONYMS.get(name, (name,))
            match = next((key for key in names if any(word in key.lower() for word in words) and key != time), None)
            if match is not None and match not in fields.values():
                fields[name] = match
        if len(fields) > best[0]:
            best = (len(fields), kind, fields)
    if not best[0]:
        raise InputError(
            "these records resemble no kind of event",
            where=str(path),
            remedy="write the mapping by hand, `records: {kind: ..., time: ..., fields: ...}`; see docs/recordings.md",
        )
    mapping = Mapping.model_validate(
        {"records": RecordMap.model_validate({"kind": best[1], "time": time, "fields": best[2]})}
    )
    note = f"Records read as {best[1]} events by the names of their fields ({', '.join(sorted(names))}): check each."
    return Proposal(mapping, (note,))


_SYNONYMS: dict[str, tuple[str, ...]] = {
    "person": ("person", "badge", "card", "holder", "employee"),
    "door": ("door", "reader", "gate", "portal"),
    "granted": ("granted", "access_granted", "allowed"),
    "account": ("account", "user", "login"),
    "host": ("host", "computer", "workstation"),
    "origin": ("origin", "src_ip", "source_ip", "remote_addr", "client"),
    "level_lel": ("lel", "concentration"),
    "detector": ("detector", "head", "sensor"),
    "reporter": ("reporter", "caller", "author"),
    "text": ("text", "message", "description"),
    "category": ("category",),
    "device": ("device", "switch", "contact"),
    "state": ("state",),
}
