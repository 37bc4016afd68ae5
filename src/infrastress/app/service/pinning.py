"""Evidence is pinned to its incident before retention takes the rest: what it rests on, and what came before it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.errors import DecodeError
from infrastress.core.time import HOUR, MINUTE
from infrastress.events import Alarm, Detection, Event, Incident, NetworkRecords, Report, Tick, decode_event
from infrastress.site import Site
from infrastress.store.history import Span
from infrastress.store.pinned import find_pinned, has_pinned, pin, pin_network, pinned_list
from infrastress.store.ports import Log, Record, Store

__all__ = ["AROUND", "before_of", "pin_evidence"]

AROUND: Final = HOUR
"""Telemetry before and behind an incident that stays with it, and what was told before it at its assets."""
TALK: Final = 10 * MINUTE
"""What a detection's assets said on the network before it."""
_SLACK = HOUR
_MOST, _MOST_BEFORE, _MOST_ROWS = 5000, 200, 2000
"""Records of an incident, told before it, rows of one detection."""
_CHUNK = 500
Bools = npt.NDArray[np.bool_]


def before_of(incident: str) -> str:
    """Name of the list of what was told before an incident."""
    return f"{incident}-before"


def pin_evidence(store: Store, site: Site, *, now: int, event_now: int) -> list[Span]:
    """Pin what the site's incidents rest on, and say which spans of telemetry they need.

    Args:
        store: the store; nothing of it is removed.
        site: the site model.
        now: the wall clock, ns UTC.
        event_now: the event clock.

    Returns:
        Spans [begin, end), ns.
    """
    spans, changed, alarms = _incidents(store, site.id)
    log, work = store.log, []
    for event, body in changed:
        found = _rests_on(log, site.id, event, body, alarms.get(body.incident, ()))
        pin(log, site.id, (record for record, _ in found))
        work.append((body, [one for _, one in found if isinstance(one.body, Detection)]))
    if work:
        age = max(0, event_now - min(body.began for body, _ in work) + AROUND + _SLACK)
        _pin_before(log, site, [body for body, _ in work], since=now - age)
        _pin_talk(log, site, [one for _, detections in work for one in detections], since=now - age)
    if changed:  # said last: a round that was cut off is done again
        log.append(f"pinned/{site.id}:done", [(_done(body), b"{}") for _, body in changed])
    return spans


def _done(body: Incident) -> str:
    return f"{body.incident}-pinned-{body.revision}"


def _incidents(store: Store, site: str) -> tuple[list[Span], list[tuple[Event, Incident]], Mapping[str, Sequence[str]]]:
    """Spans of all incidents, those that changed since they were pinned, and events of the alarms of each."""
    spans: list[Span] = []
    changed: list[tuple[Event, Incident]] = []
    alarms: dict[str, list[str]] = defaultdict(list)
    after: tuple[int, str] | None = None
    while rows := store.records.list("event", after=after, limit=_CHUNK):
        for row in rows:
            if not row.key.startswith(f"{site}/"):
                continue
            try:
                event = decode_event(row.data)
            except DecodeError:
                continue
            body = event.body
            if isinstance(body, Incident):
                spans.append((body.began - AROUND, body.updated + AROUND))
                if not has_pinned(store.log, site, _done(body)):
                    changed.append((event, body))
            elif isinstance(body, Alarm) and body.incident and len(alarms[body.incident]) < _MOST:
                alarms[body.incident] += [event.id, body.detection]
        after = rows[-1].sort, rows[-1].key
    return spans, changed, alarms


def _rests_on(log: Log, site: str, event: Event, body: Incident, alarms: Sequence[str]) -> list[tuple[Record, Event]]:
    """Records of an incident: itself, its alarms, its detections, and what these name."""
    found: list[tuple[Record, Event]] = []
    wanted = list(dict.fromkeys((event.id, *body.detections, *(line.event for line in body.timeline), *alarms)))
    seen = set(wanted)
    while wanted and len(found) < _MOST:
        id_ = wanted.pop(0)
        record = _record(log, site, id_)
        if record is None:
            continue
        try:
            told = decode_event(record.data)
        except DecodeError:
            continue
        found.append((record, told))
        if isinstance(told.body, Detection):
            fresh = [one for one in told.body.evidence if one not in seen]
            wanted += fresh
            seen.update(fresh)
    return found


def _record(log: Log, site: str, id_: str) -> Record | None:
    """A record where it lies now, or its copy."""
    for partition in (f"fusion/{site}", f"result/{site}", f"ingest/{site}/main"):
        record = log.find(partition, id_)
        if record is not None:
            return record
    return find_pinned(log, site, id_)


def _read(log: Log, partition: str, type_: str, since: int) -> Iterator[Record]:
    """Records of a type that were written since a moment of the wall clock."""
    after = max(log.start(partition), log.written_before(partition, since))
    while records := log.read(partition, after, _CHUNK, types=(type_,)):
        yield from records
        after = records[-1].offset


def _pin_before(log: Log, site: Site, incidents: Sequence[Incident], *, since: int) -> None:
    """What was told at an incident's assets, or in their zones, in the hour before it began."""
    called = {one.id: {one.id, one.zone or one.id, *(own.address for own in one.interfaces)} for one in site.assets}
    names = []
    for body in incidents:
        assets = {asset for line in body.timeline for asset in line.assets}
        names.append({name.lower() for asset in assets for name in called.get(asset, {asset})})
    kept: list[list[tuple[int, Record]]] = [[] for _ in incidents]
    for record in _read(log, f"ingest/{site.id}/main", "event", since):
        try:
            event = decode_event(record.data)
        except DecodeError:
            continue
        if isinstance(event.body, Tick) or (isinstance(event.body, Report) and event.body.category == "insider"):
            continue  # the latter is for the security role alone
        said: set[str] | None = None
        for number, body in enumerate(incidents):
            if body.began - AROUND <= event.occurred <= body.began:
                said = _names_in(event) if said is None else said
                if not said.isdisjoint(names[number]):
                    kept[number].append((event.occurred, record))
    for body, mine in zip(incidents, kept, strict=True):
        mine.sort(key=lambda one: (one[0], one[1].id))
        newest = [record for _, record in mine[-_MOST_BEFORE:]]
        pin(log, site.id, newest)
        known = pinned_list(log, site.id, before_of(body.incident))
        ids = list(dict.fromkeys((*known, *(record.id for record in newest))))[-_MOST_BEFORE:]
        pinned_list(log, site.id, before_of(body.incident), ids)


def _names_in(event: Event) -> set[str]:
    """What an event names, in lower case: assets, its zone, and every text of its body."""
    fields = msgspec.to_builtins(event.body).values()
    texts = (*event.assets, event.zone, *(value for value in fields if isinstance(value, str)))
    return {text.lower() for text in texts}


def _pin_talk(log: Log, site: Site, detections: Sequence[Event], *, since: int) -> None:
    """Rows of the network of the packets that detections name, and what their assets said shortly before."""
    addresses = {asset.id: {one.address for one in asset.interfaces} for asset in site.assets}
    wanted = {
        one.id: (one, one.body, set().union(*(addresses.get(asset, set()) for asset in one.assets)))
        for one in detections
        if isinstance(one.body, Detection) and one.body.source_kind == "network"
        and not has_pinned(log, site.id, f"{one.id}-network-0")
    }  # fmt: skip
    if not wanted:
        return
    kept: dict[str, dict[str, list[NetworkRecords]]] = {id_: defaultdict(list) for id_ in wanted}
    for record in _read(log, f"ingest/{site.id}/main", "network", since):
        try:
            records = NetworkRecords.decode(record.data)
        except DecodeError:
            continue
        times = records.integers("time")
        begin, end = int(times.min()), int(times.max())
        for id_, (event, body, mine) in wanted.items():
            if begin <= max(event.occurred, body.until) and end >= body.began - TALK:
                chosen = _chosen(records, body, mine)
                if chosen.any():
                    kept[id_][records.source].append(records.take(chosen))
    for id_, by_source in kept.items():
        parts = [NetworkRecords.joined(by_source[source]) for source in sorted(by_source)]
        pin_network(log, site.id, id_, [part.slice(max(0, len(part) - _MOST_ROWS), len(part)) for part in parts])


def _chosen(records: NetworkRecords, body: Detection, addresses: set[str]) -> Bools:
    """Which rows: those of the packets named, and those of the addresses from shortly before it on."""
    times = records.integers("time")
    near = (times >= body.began - TALK) & (times <= body.until)
    ends = np.zeros(len(records), dtype=bool)
    for name in ("client", "server"):
        codes, words = records.words(name)
        ends |= np.isin(codes, [number for number, word in enumerate(words) if word in addresses])
    named = np.zeros(len(records), dtype=bool)
    codes, words = records.words("capture")
    number = {word: at for at, word in enumerate(words)}
    for packet in body.packets:
        capture, _, at = packet.rpartition("#")
        if capture in number and at.isdigit():
            named |= (codes == number[capture]) & (
                (records.integers("packet") == int(at)) | (records.integers("response_packet") == int(at))
            )
    return named | (near & ends)
