"""The connector of reports: from the boxes that the form writes into the stream, in order, those who flood it last."""

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel

from infrastress.connectors.base import Link, LiveConnector, LiveContext, Sink
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.reports.box import Place
from infrastress.connectors.reports.options import ReportsOptions
from infrastress.connectors.reports.records import Act, Boxes, Record, decode, event_of, verdict_of
from infrastress.core.errors import ConfigurationError, StoreError
from infrastress.events.kinds import SourceKind
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["ReportsConnector"]

_LOOK_S = 0.2
_AT_ONCE = 200
"""Reports handed over with one delivery."""


class ReportsConnector(LiveConnector):
    """Reads what the form took.

    A concern about an insider lies in a box that is not read here: it never reaches the log, and so nothing that is
    made of the log can tell it to whom it may not concern.
    """

    name: ClassVar[str] = "reports"
    Options: ClassVar[type[BaseModel]] = ReportsOptions
    kinds: ClassVar[frozenset[SourceKind]] = frozenset({"reports"})
    options: ReportsOptions

    def __init__(self, site: Site, source: Source, options: Any, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        try:
            self._boxes = Boxes(context.folder / self.options.folder)
        except OSError as error:
            raise ConfigurationError(
                f"the inbox of reports can't be made: {error.strerror}",
                where=str(context.folder / self.options.folder),
                remedy="name another folder in the source's options",
            ) from None

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Pass on until cancelled; see the base class."""
        inbox = Inbox(self.site, self.source, after)
        places = _places(inbox.cursor)
        allowance = self.options.behind_per_s
        passed = 0
        while True:
            allowance = min(allowance + self.options.behind_per_s * _LOOK_S, 10 * self.options.behind_per_s)
            try:
                told = self._collect(inbox, places, int(allowance))
            except OSError as error:
                sink.report(Link("down", f"the inbox can't be read: {error.strerror}"))
                await asyncio.sleep(1.0)
                continue
            allowance -= min(told, int(allowance))
            delivery = inbox.delivery(msgspec.msgpack.encode(places) if places else None)
            if delivery is not None:
                await sink.deliver(delivery)
                passed += len(delivery.events)
            sink.report(Link("up", f"{passed} reports and verdicts passed on"))
            if delivery is None:
                await asyncio.sleep(_LOOK_S)

    def _collect(self, inbox: Inbox, places: dict[str, Place], behind: int) -> int:
        """Take what is new; returns how many of those behind."""
        self._lane(inbox, places, "main", _AT_ONCE)
        taken = self._lane(inbox, places, "behind", behind)
        for line in self._boxes.acts.read(places.get("acts", Place())):
            places["acts"] = line.behind
            act = decode(line.data, Act) if line.data is not None else None
            if act is None:
                inbox.refuse("no act", line.behind.file, "a torn or strange line")
            elif (event := verdict_of(act, self.site, self.source.id, inbox.next_event)) is not None:
                inbox.event(event)
        return taken

    def _lane(self, inbox: Inbox, places: dict[str, Place], lane: str, most: int) -> int:
        taken = 0
        if most < 1:
            return 0
        for line in self._boxes.lanes[lane].read(places.get(lane, Place())):
            places[lane] = line.behind
            record = decode(line.data, Record) if line.data is not None else None
            if record is None or record.category == "insider":
                inbox.refuse("no report", f"{line.behind.file}:{line.behind.offset}", "a torn or strange line")
            else:
                for note in record.notes:
                    inbox.refuse_cell(note, record.number, "", spoils=False)
                self._keep_photo(record)
                inbox.event(event_of(record, self.site, self.source.id, inbox.next_event))
            taken += 1
            if taken >= most:
                break
        return taken

    def _keep_photo(self, record: Record) -> None:
        """Into the blobs, sealed as it is: with the reporter's key it goes for good there too."""
        if record.photo and self.context.blobs is not None:
            with suppress(OSError, StoreError):
                self.context.blobs.put((self._boxes.photos / record.photo).read_bytes())


def _places(cursor: bytes) -> dict[str, Place]:
    if not cursor:
        return {}
    return {lane: Place(*place) for lane, place in msgspec.msgpack.decode(cursor).items()}
