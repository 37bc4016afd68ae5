"""The live connectors `cot` and `ais`: they listen on UDP (also a multicast group) and TCP."""

from typing import Annotated, ClassVar

from pydantic import Field

from infrastress.connectors.base import LiveContext
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.listening import Framing, Listener, ListeningOptions, refuse
from infrastress.connectors.records import Refused
from infrastress.connectors.tracks.ais import AisReader
from infrastress.connectors.tracks.cot import CotReader
from infrastress.connectors.tracks.reading import TrackReader
from infrastress.events import make_event
from infrastress.events.kinds import SourceKind
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["AisConnector", "CotConnector", "TrackOptions"]


class TrackOptions(ListeningOptions):
    """Where it listens, and what gives the tracks."""

    sensor: Annotated[str | None, Field(description="Asset that gives the tracks; else the source's id")] = None
    ground_m: Annotated[
        float | None, Field(ge=-500, le=9000, description="Height of the ground above the ellipsoid, for heights")
    ] = None


class _TrackConnector(Listener):
    Options = TrackOptions
    kinds: ClassVar[frozenset[SourceKind]] = frozenset({"access"})
    reader: ClassVar[type[TrackReader]]
    options: TrackOptions

    def __init__(self, site: Site, source: Source, options: TrackOptions, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self._reader = self.reader(options.sensor or source.id, options.ground_m)

    def framing(self) -> Framing:
        """As `Listener.framing`."""
        return self.reader.framing(self.options.longest_bytes)

    def read(self, inbox: Inbox, line: bytes, sender: str, now: int) -> None:
        """As `Listener.read`."""
        try:
            located = self._reader.read(line, now)
        except Refused as refused:
            if refused.dropped:
                inbox.refuse(refused.reason, sender, "", dropped=True)
            else:
                refuse(inbox, refused.reason, sender, line)
                inbox.keep(line, now, sender=sender)
            return
        inbox.event(
            make_event(
                site=self.site.id,
                source=self.source.id,
                sequence=inbox.next_event,
                occurred=located.occurred,
                body=located.point,
            )
        )


class CotConnector(_TrackConnector):
    """Listens to Cursor on Target."""

    name = "cot"
    reader = CotReader


class AisConnector(_TrackConnector):
    """Listens to a receiver of AIS."""

    name = "ais"
    reader = AisReader
