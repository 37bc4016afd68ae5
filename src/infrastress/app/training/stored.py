"""Learning from what the site itself has stored: its telemetry of a span, without the spans of alarms.

Frames are those that were judged: of the same rows, in SI, on the same grid. Every alarm of medium severity and above,
of whatever source, is left out with an hour on both sides: what an attack looked like must not become normal.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.app.training.exclusions import Exclusion
from infrastress.app.training.history import History, Recording
from infrastress.core.errors import InputError
from infrastress.core.time import DAY, HOUR, SECOND, to_iso
from infrastress.events import Detection, Event, Samples, decode_event
from infrastress.events.frames import Block, Frames
from infrastress.runtime.frames import Framer
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Store, read_all, type_of

__all__ = ["Stored", "alarmed_spans", "stored_history"]

MARGIN = HOUR
"""Left out before and behind an alarm: what led to it, and the plant's way back."""


class Stored(NamedTuple):
    """A span [since, until) ns of what a store (folder or URL) holds."""

    store: str
    since: int
    until: int


def stored_history(site: Site, stored: Stored) -> History:
    """The stored telemetry and events of the span, as one recording; its spans with alarms are labelled.

    Raises:
        InputError: nothing is stored of that span.
        StoreError: the store can't be read.
    """
    history = History(site, Path(), [])
    recording = Recording(f"stored history of {site.id}")
    with open_store(stored.store, upgrade=False) as store:
        held = _held(site, store, stored)
        if held is not None:
            history.take(recording, _blocks(site, store, held))
        if not recording.frames:
            history.close()
            raise InputError(
                f"nothing is stored between {to_iso(stored.since)} and {to_iso(stored.until)}",
                where=stored.store.rpartition("@")[2],
                remedy="see what is kept in /api/v1/health/storage, or give recordings",
            )
        recording.labelled = [(span, 0) for span in alarmed_spans(store, site, stored)]
    return history


def alarmed_spans(store: Store, site: Site, stored: Stored) -> list[Exclusion]:
    """Spans with an alarm in them and `MARGIN` around, in order; those that touch are one, its alarms counted."""
    found: list[tuple[int, int, str]] = []
    open_: dict[tuple[str, str], Event] = {}
    for record in read_all(store.log, f"fusion/{site.id}"):
        if type_of(record.subject) != "event":
            continue
        event = decode_event(record.data)
        if not isinstance(event.body, Detection) or not event.body.calls:
            continue
        key = (event.body.detector, event.body.episode)
        if event.body.phase == "raised":
            open_.setdefault(key, event)
        elif key in open_:
            found.append(_span(open_.pop(key), event.occurred))
    found += [_span(event, stored.until) for event in open_.values()]
    inside = sorted(one for one in found if one[1] > stored.since and one[0] < stored.until)
    return list(_joined(inside))


def _span(raised: Event, ended: int) -> tuple[int, int, str]:
    body = raised.body
    about = body.rule if isinstance(body, Detection) else ""
    at = f" at {', '.join(raised.assets)}" if raised.assets else ""
    began = min(raised.occurred, body.began if isinstance(body, Detection) else raised.occurred)
    return began - MARGIN, max(ended, raised.occurred) + MARGIN, f"{about}{at}"


def _joined(spans: Iterable[tuple[int, int, str]]) -> Iterator[Exclusion]:
    began = ended = 0
    about: list[str] = []
    for first, last, what in spans:
        if about and first > ended:
            yield Exclusion(began, ended, _said(about))
            about = []
        began, ended = (began, max(ended, last)) if about else (first, last)
        about.append(what)
    if about:
        yield Exclusion(began, ended, _said(about))


def _said(about: list[str]) -> str:
    more = len(about) - 1
    return f"alarm {about[0]}" + (f" and {more} more" if more else "")


def _held(site: Site, store: Store, stored: Stored) -> Stored | None:
    """The part of the span of which anything is stored."""
    tags = [signal.id for signal in site.signals]
    ends = store.history.summarise(tags, stored.since, stored.until, stored.until - stored.since)
    if not len(ends):
        return None
    first, last = (pc.min_max(ends[name].cast(pa.int64())) for name in ("first_time", "last_time"))
    return stored._replace(since=first["min"].as_py(), until=last["max"].as_py() + 1)


def _blocks(site: Site, store: Store, stored: Stored) -> Iterator[Block]:
    """A day at a time: frames of the rows in SI, and the events that were known by their ends."""
    tags = [signal.id for signal in site.signals]
    framer = Framer(round(site.runtime.frame_s * SECOND), tags)
    waiting = _events(store, site, stored)
    for begin in range(stored.since, stored.until, DAY):
        stop = min(begin + DAY, stored.until)
        samples = _samples(site, store.history.read(tags, begin, stop))
        if samples is not None:
            framer.add(samples)
        for frames in framer.close(None if stop == stored.until else stop):
            waiting, events = _upto(waiting, frames)
            yield Block(frames, events)


def _samples(site: Site, rows: pa.Table) -> Samples | None:
    """Rows of tag, time, value as a table of times x tags; None where there are none."""
    if not len(rows):
        return None
    times = rows["time"].cast(pa.int64()).to_numpy()
    names = pc.unique(rows["tag"]).to_pylist()
    column = {name: i for i, name in enumerate(names)}
    which = np.array([column[name] for name in rows["tag"].to_pylist()])
    moments, row = np.unique(times, return_inverse=True)
    values = np.full((len(moments), len(names)), np.nan)
    values[row, which] = rows["value"].to_numpy()
    return Samples(site.id, "stored", 0, moments, tuple(names), values)


def _events(store: Store, site: Site, stored: Stored) -> list[Event]:
    found = []
    for record in read_all(store.log, f"ingest/{site.id}/main"):
        if type_of(record.subject) == "event":
            event = decode_event(record.data)
            if stored.since <= event.occurred < stored.until:
                found.append(event)
    return sorted(found, key=lambda one: (max(one.occurred, one.observed), one.occurred, one.id))


def _upto(waiting: list[Event], frames: Frames) -> tuple[list[Event], tuple[Event, ...]]:
    end = int(frames.ends[-1])
    ready = [one for one in waiting if max(one.occurred, one.observed) <= end]
    return waiting[len(ready) :], tuple(sorted(ready, key=lambda one: (one.occurred, one.id)))
