"""Export: everything of a site in open formats, streamed in constant memory.

EXPORT/manifest.json            every file with size and SHA-256
EXPORT/README.md                what the files are
EXPORT/records/<kind>.jsonl     events, detections, alarms, incidents, quarantine, decisions, ... a line each
EXPORT/newest/<kind>.jsonl      the newest version of what has versions, by key
EXPORT/telemetry/*.parquet      tag, time, value
EXPORT/blobs/<SHA-256>          pictures, packets, files
EXPORT/schema/event.json        JSON Schema of an event
EXPORT/site/, EXPORT/state/     the site model, what was learned
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from infrastress.app.files import write_json
from infrastress.app.keeping.backup import Place, copy_site
from infrastress.app.keeping.manifest import Manifest, files_below, write_manifest
from infrastress.app.keeping.staging import staged
from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.core.time import to_iso
from infrastress.events import NetworkRecords, Report, decode_event, event_to_json
from infrastress.events.envelope import json_schema
from infrastress.runtime.kept import decode_kept
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.history import HISTORY, TELEMETRY
from infrastress.store.pinned import unpinned
from infrastress.store.ports import Log, Record, Store, type_of
from infrastress.store.tables import SCHEMA

__all__ = ["export_site"]

_PART_ROWS = 4_000_000
_CHUNK = 64  # records read at once: some are megabytes of telemetry
_NAMES = {
    "ingest:event": "events",
    "ingest:action": "actions",
    "ingest:decision": "decisions",
    "ingest:network": "network",
    "ingest:tick": "ticks",
    "fusion:event": "detections",
    "quarantine:refusal": "quarantine",
}
_EVENTS = ("event", "tick", "action")
_README = """# Export of site {site}

Made by infrastress {program}. Nothing but a JSON and a Parquet reader is needed; `manifest.json` lists every file with
its size and SHA-256.

- `records/*.jsonl`: one JSON object a line, in the order in which they were stored. Times are ISO 8601, UTC.
  `schema/event.json` is the JSON Schema of events (there with times in nanoseconds). `alarms.jsonl` and
  `incidents.jsonl` hold every version, the newest last. `pinned-*.jsonl` are copies that stay with their incidents.
- `newest/*.jsonl`: `key` and `record`, the newest version of each, also where older ones have passed retention.
- `telemetry/*.parquet`: columns `tag` (signal of `site/site.yaml`), `time` (UTC), `value` (SI units: K, Pa, m,
  m3/s, 1).
- `blobs/`: files named by their SHA-256, as events name them.
- `site/`, `state/`: the site model and what was learned, as they were. Secrets are never in an export.

`infrastress replay` reads `records/events.jsonl` again; for telemetry make a table of a column a signal.
"""


def export_site(
    place: Place, target: Path, *, csv: bool = False, advance: Callable[[float], None] = lambda _: None
) -> Manifest:
    """Write everything of a site into a folder; the site may be running.

    Args:
        place: where the site's parts lie.
        target: the folder, not there yet.
        csv: telemetry as CSV too.
        advance: told how many records, rows and files were written.

    Raises:
        SiteError: the site model has faults.
        ConfigurationError: the target is taken.
        SchemaMismatch: the store is to be upgraded first.
        StoreError: something can't be read or written.
    """
    site = load_site(place.site)
    none_yet = "://" not in place.store and not place.paths.database.is_file()
    with staged(target) as part, open_store("memory://" if none_yet else place.store, upgrade=False) as store:
        ends = {name: store.log.end(name) for name in store.log.partitions() if _belongs(name, site.id)}
        starts = {name: store.log.start(name) for name in ends}
        _records(store.log, ends, part / "records", advance)
        _newest(store, site.id, part / "newest", advance)
        _telemetry(store, frozenset(site.signal_by_id), part / "telemetry", csv=csv, advance=advance)
        for digest in store.blobs.all():
            _write(part / "blobs" / digest, store.blobs.get(digest))
            advance(1)
        (part / "schema").mkdir()
        write_json(part / "schema" / "event.json", json_schema())
        left_out = copy_site(place, part, secrets=False, accounts=False)
        manifest = Manifest(
            kind="export",
            site=site.id,
            site_version=site.version,
            schema=SCHEMA,
            log={name: (starts[name] + 1, end) for name, end in ends.items()},
            files=(),
            left_out=left_out,
        )
        (part / "README.md").write_text(_README.format(site=site.id, program=manifest.program))
        manifest = msgspec.structs.replace(manifest, files=tuple(files_below(part)))
        write_manifest(part, manifest)
    return manifest


def _belongs(partition: str, site: str) -> bool:
    """Whether a partition is one of this site's: several may share a store."""
    return partition.split("/")[1:2] == [site]


def _records(log: Log, ends: dict[str, int], folder: Path, advance: Callable[[float], None]) -> None:
    folder.mkdir()
    with ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for partition, end in ends.items():
            for record in _until(log, partition, end):
                if type_of(record.subject) in TELEMETRY:
                    continue
                name, line = (_pinned if type_of(record.subject) == "pinned" else _line)(record)
                if name not in files:
                    files[name] = stack.enter_context((folder / f"{name}.jsonl").open("wb"))
                files[name].write(line + b"\n")
                advance(1)


def _until(log: Log, partition: str, end: int) -> Iterator[Record]:
    """Records up to an offset; those that retention takes meanwhile are gone."""
    after = log.start(partition)
    while after < end:
        after = max(after, log.start(partition))
        records = log.read(partition, after, min(_CHUNK, end - after))
        if not records:
            return
        yield from records
        after = records[-1].offset


def _line(record: Record) -> tuple[str, bytes]:
    """The file a record goes into, and its line."""
    head, type_ = record.subject.partition("/")[0], type_of(record.subject)
    name = _NAMES.get(f"{head}:{type_}", f"{head}-{type_}")
    if type_ in _EVENTS:
        try:
            event = decode_event(record.data)
        except DecodeError:
            return f"{name}-unreadable", _raw(record.data)
        if isinstance(event.body, Report) and event.body.category == "insider":  # for the security role alone
            return f"{name}-withheld", canonical_json({"id": event.id, "observed": to_iso(event.observed)})
        if head == "result":
            name = f"{event.kind}s"
        return name, event_to_json(event)
    with suppress(DecodeError):
        if type_ == "raw":
            return "quarantine-messages", canonical_json(msgspec.to_builtins(decode_kept(record.data)))
        if type_ == "network":
            return name, _network(NetworkRecords.decode(record.data))
    return name, _json(record.data)


def _pinned(record: Record) -> tuple[str, bytes]:
    """Of a copy that stays with an incident: as what it is a copy of."""
    try:
        name, line = _line(unpinned(record))
    except DecodeError:
        return "pinned-unreadable", _raw(record.data)
    return f"pinned-{name}", line


def _network(records: NetworkRecords) -> bytes:
    """Network records as one object: whose, the first row's number, and rows without the fields that say nothing."""
    rows = [{name: value for name, value in row._asdict().items() if value is not None} for row in records.rows()]
    for row, known in zip(rows, records.known.tolist(), strict=True):
        row["time"], row["known"] = to_iso(row["time"]), to_iso(known)
    return canonical_json({"site": records.site, "source": records.source, "sequence": records.sequence, "rows": rows})


def _json(data: bytes) -> bytes:
    try:
        return canonical_json(msgspec.json.decode(data))
    except msgspec.MsgspecError:
        return _raw(data)


def _raw(data: bytes) -> bytes:
    return canonical_json({"base64": base64.b64encode(data).decode()})


def _newest(store: Store, site: str, folder: Path, advance: Callable[[float], None]) -> None:
    folder.mkdir()
    for kind in store.records.kinds():
        after: tuple[int, str] | None = None
        with (folder / f"{kind}.jsonl").open("wb") as file:
            while rows := store.records.list(kind, after=after, limit=500):
                for row in rows:
                    if row.key.partition("/")[0] == site:
                        event = kind == "event"
                        record = msgspec.Raw(event_to_json(decode_event(row.data)) if event else _json(row.data))
                        file.write(canonical_json({"key": row.key, "record": record}) + b"\n")
                        advance(1)
                after = (rows[-1].sort, rows[-1].key)


def _telemetry(
    store: Store, tags: frozenset[str], folder: Path, *, csv: bool, advance: Callable[[float], None]
) -> None:
    """Rows of the site's signals, in files of bounded size."""
    folder.mkdir()
    wanted = pa.array(sorted(tags), pa.string())
    number, rows = 0, _PART_ROWS
    with ExitStack() as stack:
        writers: list[Any] = []
        for found in store.history.rows():
            table = found.filter(pc.is_in(found["tag"], wanted))
            if rows >= _PART_ROWS:
                stack.close()
                number, rows = number + 1, 0
                file = folder / f"part-{number:04d}.parquet"
                writers = [stack.enter_context(pq.ParquetWriter(file, HISTORY, compression="zstd"))]
                if csv:
                    writers.append(stack.enter_context(pcsv.CSVWriter(file.with_suffix(".csv"), HISTORY)))
            for writer in writers:
                writer.write_table(table)
            rows += table.num_rows
            advance(table.num_rows)


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
