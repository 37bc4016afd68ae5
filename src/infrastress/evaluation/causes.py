"""What true events were about: from the spans of a simulation's truth.json, or from a list of events beside labels."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from infrastress.connectors.files import Mapping as FileMapping
from infrastress.connectors.files import TimeMap
from infrastress.connectors.times import Clock
from infrastress.core.errors import InputError
from infrastress.core.time import from_iso
from infrastress.evaluation.attribution import Cause

if TYPE_CHECKING:
    from infrastress.evaluation.labels import Truth

__all__ = ["causes_of_truth", "read_event_list", "with_causes"]

_BEGAN, _ENDED = ("began", "start", "begin"), ("ended", "end")
_LOOKS = "a CSV with the columns began (or start), ended (or end), assets, and where known kind"
_EXACT = 1e-3
"""Views are rounded to four decimals of the signal's unit."""


def causes_of_truth(content: Mapping[str, Any]) -> tuple[Cause, ...]:
    """One a malicious span of a truth.json, in order of time.

    When it first showed is its `first_visible`, or `facts.first_visible_at`; without that, when `facts.views` show the
    operator what was not so; without any of that nobody knows.
    """
    facts = content.get("facts") or {}
    told = "first_visible_at" in facts
    visible = from_iso(facts["first_visible_at"]) if told and facts["first_visible_at"] else _from_views(facts)
    found = []
    for span in content["spans"]:
        if not span["malicious"]:
            continue
        began, ended = from_iso(str(span["began"])), from_iso(str(span["ended"]))
        shown = None if visible is None else min(max(began, visible), ended)
        if told and visible is None:
            shown = ended
        if span.get("first_visible"):
            shown = min(max(from_iso(str(span["first_visible"])), began), ended)
        assets = tuple(map(str, span.get("assets") or span.get("signals") or ()))
        found.append(Cause(began, ended, str(span["kind"]), assets, str(span["kind"]), shown))
    return tuple(sorted(found, key=lambda cause: (cause.began, cause.ended, cause.name)))


def _from_views(facts: Mapping[str, Any]) -> int | None:
    """When the operator first saw something else than what was so; None where that never was, or isn't told."""
    views = facts.get("views") or {}
    for i, at in enumerate(views.get("times") or ()):
        for name, view in views.items():
            if name == "times":
                continue
            true, seen = view["true"][i], view["operator"][i]
            if (true is None) != (seen is None) or (true is not None and abs(true - seen) > _EXACT):
                return from_iso(str(at))
    return None


def read_event_list(path: Path, mapping: FileMapping | None = None, *, time_zone: str | None = None) -> list[Cause]:
    """A list of events with what each was about.

    Args:
        path: a CSV (comma or semicolon); assets or signals of one event are parted by blanks or semicolons.
        mapping: of the recording; its time format and zone count here too.
        time_zone: of times without offset where the mapping says none.

    Raises:
        InputError: it can't be read; the line is named.
    """
    where = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"no list of events: {error}", where=where, remedy=f"give {_LOOKS}") from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [name.strip() for name in reader.fieldnames or ()]
    began = next((name for name in _BEGAN if name in names), None)
    ended = next((name for name in _ENDED if name in names), None)
    if began is None or ended is None or "assets" not in names:
        missing = "began" if began is None else "ended" if ended is None else "assets"
        raise InputError(f"no column {missing}", where=where, remedy=f"give {_LOOKS}")
    mapping = mapping or FileMapping(time=TimeMap())
    clock = Clock(mapping.time.format, mapping.time_zone or time_zone)
    found = []
    for row in reader:
        line = f"{where}, line {reader.line_num}"
        times = clock.read(pa.array([(row[began] or "").strip(), (row[ended] or "").strip()]))
        if times.codes.any():
            raise InputError("began and ended are no times", where=line, remedy="give them as in the recording")
        first, last = (int(ns) for ns in times.ns)
        if last < first:
            raise InputError("the event ends before it begins", where=line)
        assets = tuple(part for part in re.split(r"[;\s]+", row["assets"] or "") if part)
        found.append(Cause(first, last, "", assets, (row.get("kind") or "").strip()))
    if not found:
        raise InputError("it lists no event", where=where, remedy=f"give {_LOOKS}")
    return found


def with_causes(truth: "Truth", listed: Iterable[Cause]) -> "Truth":
    """The truth with what each of its events was about: the listed event that shares most time with it.

    The labels say when an event was on; the list only what it was about. An event that touches none has no assets.
    """
    from dataclasses import replace

    every = list(listed)
    causes = []
    for event in truth.events:
        best = max(every, key=lambda one: _shared(one, event), default=None)
        known = best if best is not None and _shared(best, event) > 0 else Cause(0, 0)
        causes.append(known._replace(began=event.began, ended=event.ended, name=event.name))
    return replace(truth, causes=tuple(causes))


def _shared(one: Cause, event: Sequence[Any]) -> int:
    """Time both share, ns; a listed event of no length counts as an instant."""
    return min(max(one.ended, one.began + 1), int(event[1])) - max(one.began, int(event[0]))
