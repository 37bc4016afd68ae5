"""Recordings: what a path holds, told by content, as connectors ready to read."""

from collections.abc import Collection
from pathlib import Path

from infrastress.connectors.alerts import AMinerLogConnector, WazuhLogConnector
from infrastress.connectors.base import Connector
from infrastress.connectors.eve import EveLogConnector
from infrastress.connectors.files import FilesConnector, FilesOptions, Mapping, load_mapping
from infrastress.connectors.files.content import looks_like
from infrastress.connectors.nids.recorded import LogConnector, LogOptions
from infrastress.connectors.pcap.recorded import CaptureConnector, CaptureOptions
from infrastress.connectors.tracks.recorded import (
    AisLogConnector,
    CotLogConnector,
    TrackLogConnector,
    TrackLogOptions,
)
from infrastress.connectors.zeek import ZeekLogConnector
from infrastress.connectors.zeek.reading import LOGS as ZEEK
from infrastress.core.errors import InputError
from infrastress.events.kinds import SourceKind
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["find_mapping", "name_of", "open_recording"]

TELEMETRY, EVENTS = "telemetry.csv", "events.jsonl"
CAPTURES = ("*.pcap", "*.pcapng")
LOGS: dict[str, type[LogConnector]] = {
    "eve": EveLogConnector,
    "zeek": ZeekLogConnector,
    "wazuh": WazuhLogConnector,
    "aminer": AMinerLogConnector,
}
"""Logs of network sensors and of tools that tell alerts by what their content looks like."""
TRACKS: dict[str, type[TrackLogConnector]] = {"cot": CotLogConnector, "ais": AisLogConnector}
"""Files of tracking systems, in the same way."""
LOG_NAMES = (
    "eve*.json",
    "alerts*.json",
    "aminer*.json",
    "*.cot",
    "*.nmea",
    *(
        f"{start}{log}.{end}"
        for log in sorted(ZEEK)
        for start in ("", "json_streaming_")
        for end in ("log", "[0-9]*.log")
    ),
)
_COMPRESSED = (".gz", ".xz", ".bz2")


def find_mapping(path: Path, site_folder: Path | None = None) -> Path | None:
    """The mapping of a file: `<file>.mapping.yaml` beside it, or in the site's `mappings/` by the file's name or stem.

    A site with one mapping called `default.mapping.yaml` uses it for every file without its own.
    """
    names = [path.name]
    while Path(names[-1]).suffix:
        names.append(Path(names[-1]).stem)
    folders = [path.parent] + ([site_folder / "mappings"] if site_folder is not None else [])
    for folder in folders:
        for name in names if folder != path.parent else names[:2]:
            candidate = folder / f"{name}.mapping.yaml"
            if candidate.is_file():
                return candidate
    if site_folder is not None and (default := site_folder / "mappings" / "default.mapping.yaml").is_file():
        return default
    return None


def name_of(path: Path) -> str:
    """Name of a recording among others: its folder, or its file without endings ("valve1/3.csv.gz" is "3")."""
    return path.resolve().name if path.is_dir() else path.name.split(".", 1)[0]


def open_recording(
    site: Site,
    path: Path,
    mapping: Mapping | None = None,
    source_id: str | None = None,
    *,
    site_folder: Path | None = None,
    exclude_kinds: Collection[SourceKind] = (),
    batch_rows: int | None = None,
    first_rows: int | None = None,
) -> list[Connector]:
    """Connectors for a recording: a telemetry file, a file of events, a capture, a sensor's log, or a folder of them.

    Args:
        site: the site model.
        path: file or folder.
        mapping: how to read it; without one it is looked for by `find_mapping` (for a folder, beside its files only).
        source_id: source the file's rows are of; without it the site's source that fits.
        site_folder: the site's folder, to look for mappings.
        exclude_kinds: kinds of source to leave out.
        batch_rows: most rows of one delivery.
        first_rows: rows of telemetry to read of each file; without it all.

    Raises:
        InputError: nothing there, or it is no recording.
        MappingError: the mapping found can't be read.
    """
    files = _files(path)
    connectors: list[Connector] = []
    for file in files:
        content = looks_like(file, captures=True)
        if content in ("capture", *LOGS) and (mapping is None or content == "capture"):
            if "network" not in exclude_kinds:
                source = _tapped(site, source_id if len(files) == 1 else None, content)
                connectors.append(_network(site, source, file, content, batch_rows))
            continue
        if content in TRACKS:
            if "access" not in exclude_kinds:
                source = _tapped(site, source_id if len(files) == 1 else None, content)
                connectors.append(TRACKS[content](site, source, TrackLogOptions(path=file, batch_rows=batch_rows)))
            continue
        content = "json_lines" if content in LOGS else content  # a mapping says how to read it
        kind: SourceKind = "reports" if content == "json_lines" else "telemetry"
        used: Mapping | None = mapping
        own_format = path.is_dir()  # a folder of ours is read as it is
        if used is None and (found := find_mapping(file, None if own_format else site_folder)) is not None:
            used = load_mapping(found)
        if content != "json_lines" and _all_out(site, exclude_kinds):
            continue
        source = _source(site, source_id if len(files) == 1 else None, content == "json_lines", kind, file)
        options = FilesOptions(
            path=file,
            mapping=used,
            exclude_kinds=tuple(sorted(exclude_kinds)),
            batch_rows=batch_rows,
            first_rows=first_rows,
        )
        connectors.append(FilesConnector(site, source, options))
    return connectors


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError("there is no such recording", where=str(path), remedy="check the path")
    found = [
        path / name
        for base in (TELEMETRY, "telemetry.parquet", EVENTS)
        for name in (base, *(base + ending for ending in _COMPRESSED))
        if (path / name).is_file()
    ]
    found += sorted(
        file for pattern in (*CAPTURES, *LOG_NAMES) for ending in ("", ".gz") for file in path.glob(pattern + ending)
    )
    if not found:
        raise InputError(
            f"the folder holds neither {TELEMETRY} nor {EVENTS} nor a capture or sensor's log",
            where=str(path),
            remedy="name the recordings themselves, one by one, if they are called otherwise",
        )
    return [file for file in found if file.stat().st_size or len(found) == 1]


def _source(site: Site, wanted: str | None, events: bool, kind: SourceKind, file: Path) -> Source:
    if wanted is not None:
        if wanted in site.source_by_id:
            return site.source_by_id[wanted]
        return Source(id=wanted, kind=kind)
    if events:
        return Source(id="events" if file.name.startswith("events.") else _stem(file), kind=kind)
    for source in site.sources:
        if source.kind == "telemetry" and source.connector == "files":
            return source
    return Source(id="telemetry", kind=kind)


def _tapped(site: Site, wanted: str | None, content: str) -> Source:
    """The source that a capture or log is of: the one named, the site's first that reads such, or one of its own."""
    kind: SourceKind = "access" if content in TRACKS else "network"
    if wanted is not None:
        return site.source_by_id.get(wanted) or Source(id=wanted, kind=kind)
    reads = "pcap" if content == "capture" else content
    listening = [source for source in site.sources if source.kind == kind and source.connector == reads]
    return listening[0] if listening else Source(id=content, kind=kind)


def _network(site: Site, source: Source, file: Path, content: str, batch_rows: int | None) -> Connector:
    if content in LOGS:
        return LOGS[content](site, source, LogOptions(path=file, batch_rows=batch_rows))
    return CaptureConnector(site, source, CaptureOptions(path=file, batch_rows=batch_rows))


def _stem(file: Path) -> str:
    name = file.name.split(".", 1)[0]
    clean = "".join(c if c.isalnum() or c in "_-" else "_" for c in name).strip("_-")
    return (clean or "events")[:80]


def _all_out(site: Site, exclude_kinds: Collection[str]) -> bool:
    return "telemetry" in exclude_kinds and all(
        signal.source not in site.source_by_id or site.source_by_id[signal.source].kind in exclude_kinds
        for signal in site.signals
    )
