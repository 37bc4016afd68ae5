"""Results as files: detections, alarms, incidents and quarantine as JSON lines, the same bytes for the same log."""

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from infrastress.events import Alarm, Detection, Event, Incident, Samples, decode_event, event_to_json
from infrastress.site import Site
from infrastress.store.ports import Store, read_all, type_of

__all__ = ["export_results"]


def export_results(store: Store, site: Site, out: Path) -> None:
    """Write detections.jsonl, alarms.jsonl, incidents.jsonl (newest versions) and quarantine.jsonl into a folder.

    Where the replay kept scores, scores.parquet too: the end of each frame as `time`, and a column a detector.
    Each file is replaced at once: a reader sees the old or the new, never half of one.
    """
    out.mkdir(parents=True, exist_ok=True)
    detections: list[Event] = []
    alarms: dict[str, Event] = {}
    incidents: dict[str, Event] = {}
    for partition in (f"fusion/{site.id}", f"result/{site.id}"):
        for record in read_all(store.log, partition):
            if type_of(record.subject) != "event":
                continue
            event = decode_event(record.data)
            if isinstance(event.body, Detection):
                detections.append(event)
            elif isinstance(event.body, Alarm):
                alarms[event.body.alarm] = event
            elif isinstance(event.body, Incident):
                incidents[event.body.incident] = event
    detections.sort(key=lambda event: (event.occurred, event.source, event.sequence))
    _write(out / "detections.jsonl", map(event_to_json, detections))
    _write(out / "alarms.jsonl", (event_to_json(alarms[key]) for key in sorted(alarms)))
    _write(out / "incidents.jsonl", (event_to_json(incidents[key]) for key in sorted(incidents)))
    refusals = read_all(store.log, f"quarantine/{site.id}")
    _write(out / "quarantine.jsonl", sorted(r.data for r in refusals if type_of(r.subject) == "refusal"))
    if store.log.end(f"score/{site.id}"):
        kept = [Samples.decode(record.data) for record in read_all(store.log, f"score/{site.id}")]
        table = pa.Table.from_batches([samples.to_arrow().replace_schema_metadata() for samples in kept])
        part = out / ".scores.parquet.part"
        pq.write_table(table, part)
        part.replace(out / "scores.parquet")


def _write(file: Path, lines: Iterable[bytes]) -> None:
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as stream:
        for line in lines:
            stream.write(line + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
