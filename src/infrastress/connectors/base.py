"""The connector family: two bases, found by entry point, held to `tests/connectors/contract.py` and `live_contract.py`.

A `Connector` reads what is recorded and ends; a `LiveConnector` listens until it is cancelled. Both hand over
`Delivery`s: malformed input is refused with its reason and counted, never raised.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, get_args

from pydantic import BaseModel

from infrastress.core.clock import EventClock
from infrastress.core.secrets import Secrets
from infrastress.events.delivery import Delivery, Raw
from infrastress.events.kinds import SourceKind
from infrastress.site import Site
from infrastress.site.sources import Source
from infrastress.store.ports import Blobs

__all__ = ["Connector", "Link", "LiveConnector", "LiveContext", "Rereader", "Sink"]

Rereader = Callable[[Raw, int], Delivery]
"""Reads a kept message again: the message, and its number within the source."""


class Connector(ABC):
    """Reads one source. Malformed input is refused with its reason and counted, never raised.

    Args:
        site: the site model.
        source: the source it reads.
        options: an instance of `Options`.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    def __init__(self, site: Site, source: Source, options: Any) -> None:
        self.site = site
        self.source = source
        self.options = options

    @abstractmethod
    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """Deliveries behind a position, in the source's order; ends where the source ends.

        Raises:
            InputError: the source can't be read at all.
            MappingError: its mapping doesn't fit.
        """


class Link(NamedTuple):
    """How a connection stands.

    Attributes:
        state: `connecting` for the first time or again, `up`, or `down` with the reason in `detail`.
        detail: for people, without secrets.
        member: which of a source's connections (a device, a subscription); empty for the only one.
    """

    state: Literal["connecting", "up", "down"]
    detail: str = ""
    member: str = ""


class Sink(Protocol):
    """Where a live connector puts what it reads."""

    async def deliver(self, delivery: Delivery) -> None:
        """Hand over; returns when it is durable, and only then may the peer be told that it was received.

        Deliveries of one source are taken in the order of the calls; several may be under way. It waits as long as it
        takes (a full disk, a database that is away), so a peer that can't wait has to be told "not yet".
        """

    def report(self, link: Link) -> None:
        """Say how a connection stands; cheap, may be said again."""


@dataclass(frozen=True)
class LiveContext:
    """What a live connector may use.

    Attributes:
        clock: event time, for what comes without a time of its own, and the pace of polls.
        secrets: by the names that options give.
        folder: the site's folder; relative paths in options start there.
        random: for jitter.
        blobs: where pictures and files are kept; None where nothing is.
    """

    clock: EventClock = field(default_factory=EventClock)
    secrets: Secrets = field(default_factory=Secrets)
    folder: Path = Path()
    random: Random = field(default_factory=Random)
    blobs: Blobs | None = None


class LiveConnector(ABC):
    """Listens to one source.

    Args:
        site: the site model.
        source: the source it reads.
        options: an instance of `Options`; holds names of secrets, never secrets.
        context: clock, secrets and folder.

    Raises:
        MappingError: options name signals that the site doesn't have, or units that don't fit.
        ConfigurationError: options that can't work, such as a missing secret or certificate.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]]
    kinds: ClassVar[frozenset[SourceKind]] = frozenset(get_args(SourceKind))
    """What a source that it reads can be."""

    def __init__(self, site: Site, source: Source, options: Any, context: LiveContext) -> None:
        self.site = site
        self.source = source
        self.options = options
        self.context = context

    @abstractmethod
    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Listen until cancelled.

        A peer that is away, refuses, or talks nonsense is tried again with backoff (`connectors.backoff`) and reported;
        what it said meanwhile is a gap. Cancelled, it closes its connections and returns within a second.

        Args:
            sink: where deliveries go.
            after: position of the last delivery that became durable, None before the first.

        Raises:
            ConfigurationError: nothing that waiting could mend.
        """

    def rereader(self) -> Rereader | None:
        """What reads messages again that were kept when something of them was refused; None where none is kept.

        It goes by the options in force and shares nothing with `run`: it is called in another thread. What was taken of
        a message before isn't delivered twice (`Inbox.again`); what is still refused of it comes back as the delivery's
        one `raw`. It reports nothing and never speaks to the peer.
        """
        return None
