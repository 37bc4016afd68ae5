"""Spans that teach nothing: given on the command line, in a maintenance log, or labelled in the recording itself."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from infrastress.connectors.base import Connector
from infrastress.connectors.files import FilesConnector, load_mapping
from infrastress.connectors.files.content import looks_like
from infrastress.connectors.files.delimited import read_header
from infrastress.connectors.files.lines import Lines
from infrastress.core.errors import InputError
from infrastress.core.time import from_iso, to_iso
from infrastress.evaluation.labels import read_truth
from infrastress.site import Site

__all__ = ["Exclusion", "labelled", "parse_span", "read_exclusions"]

_FIELDS = ("began", "ended", "reason")
_LOOKS = "a CSV with the columns began, ended, reason, or a YAML list of these fields; times in ISO 8601 with offset"


@dataclass(frozen=True, order=True)
class Exclusion:
    """A span (ns UTC) that is left out, and why."""

    began: int
    ended: int
    reason: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"began": to_iso(self.began), "ended": to_iso(self.ended), "reason": self.reason}


def parse_span(text: str) -> Exclusion:
    """A span "A/B" of ISO 8601 times with offsets.

    Raises:
        InputError: it is none, or ends before it begins.
    """
    first, slash, last = text.partition("/")
    if not slash:
        raise InputError(f"{text!r} is no span", remedy="write 2026-03-01T00:00:00Z/2026-03-01T06:00:00Z")
    span = Exclusion(from_iso(first), from_iso(last))
    if span.ended <= span.began:
        raise InputError(f"{text!r} ends before it begins")
    return span


def read_exclusions(path: Path) -> list[Exclusion]:
    """Spans out of a maintenance log: a CSV (comma or semicolon) or a YAML list of `began`, `ended`, `reason`.

    Raises:
        InputError: it can't be read, or an entry is no span; the entry is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"no list of spans: {error}", where=str(path), remedy=f"give {_LOOKS}") from None
    entries = _from_yaml(path, text) if path.suffix.lower() in (".yaml", ".yml") else _from_csv(path, text)
    found = []
    for where, entry in entries:
        missing = [name for name in _FIELDS[:2] if not str(entry.get(name) or "").strip()]
        if missing:
            raise InputError(f"no {' and no '.join(missing)}", where=where, remedy=f"give {_LOOKS}")
        try:
            span = parse_span(f"{entry['began']}/{entry['ended']}")
        except InputError as error:
            raise InputError(error.what, where=where, remedy=error.remedy) from None
        found.append(Exclusion(span.began, span.ended, str(entry.get("reason") or "").strip()))
    return found


def _from_csv(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.DictReader(StringIO(text), delimiter=delimiter, skipinitialspace=True)
    if not {"began", "ended"} <= set(reader.fieldnames or ()):
        raise InputError("no columns began and ended", where=str(path), remedy=f"give {_LOOKS}")
    return [(f"{path}: line {reader.line_num}", row) for row in reader]


def _from_yaml(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    import yaml

    try:
        # Times stay words: YAML's own times would lose their offset.
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - the base loader makes nothing but strings
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"no YAML: {error}", where=str(path)) from None
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise InputError("no list of spans", where=str(path), remedy=f"give {_LOOKS}")
    return [(f"{path}: entry {number}", entry) for number, entry in enumerate(content, 1)]


def labelled(site: Site, connectors: Sequence[Connector]) -> list[tuple[Exclusion, int]]:
    """Spans that the recordings themselves label as an event, with the number of labelled rows.

    Only a label column that a mapping names counts; one that the file doesn't have labels nothing.

    Raises:
        InputError: the labels can't be read.
    """
    found: list[tuple[Exclusion, int]] = []
    for connector in connectors:
        for link in getattr(connector, "links", (connector,)):
            if not isinstance(link, FilesConnector):
                continue
            path, mapping = link.options.path, link.options.mapping
            if isinstance(mapping, Path):
                mapping = load_mapping(mapping)
            if mapping is None or mapping.label is None or looks_like(path) != "text":
                continue
            with Lines(path, mapping.encoding) as lines:
                names, _, _ = read_header(lines, mapping)
            if mapping.label not in names:
                continue
            truth = read_truth(path, mapping, time_zone=site.time_zone)
            for event in truth.events:
                rows = int(((truth.times >= event.began) & (truth.times < event.ended) & truth.flags).sum())
                reason = f"labelled {mapping.label} in {path.name}"
                found.append((Exclusion(event.began, event.ended, reason), rows))
    return found
