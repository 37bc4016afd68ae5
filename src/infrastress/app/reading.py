"""Recordings on their way into the pipeline: one connector a source, in order of time."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from infrastress.connectors.base import Connector
from infrastress.connectors.recordings import name_of, open_recording
from infrastress.core.errors import DecodeError, InputError
from infrastress.events.delivery import Delivery
from infrastress.events.kinds import SourceKind
from infrastress.site import Site

__all__ = ["Chain", "by_name", "how_read", "open_recordings"]


class _Position(msgspec.Struct, frozen=True):
    link: int
    inner: bytes | None


class Chain(Connector):
    """Several recordings of one source, read one after the other as if the source had never paused."""

    name = "chain"

    def __init__(self, links: Sequence[Connector]) -> None:
        super().__init__(links[0].site, links[0].source, None)
        self.links = tuple(links)

    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """Deliveries of each recording in turn."""
        try:
            start = msgspec.msgpack.decode(after, type=_Position) if after is not None else _Position(0, None)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position in a chain of recordings: {error}") from None
        for number in range(start.link, len(self.links)):
            inner = start.inner if number == start.link else None
            for delivery in self.links[number].deliveries(inner):
                position = msgspec.msgpack.encode(_Position(number, delivery.position))
                yield _at(delivery, position)


def open_recordings(
    site: Site,
    folder: Path,
    recordings: Sequence[Path],
    *,
    exclude_kinds: Collection[SourceKind] = (),
    batch_rows: int | None = None,
    first_rows: int | None = None,
) -> list[Connector]:
    """One connector a source over all recordings; those of one source follow each other by their first time.

    Args:
        site: the site model.
        folder: the site's folder, where mappings are looked for.
        recordings: files or folders.
        exclude_kinds: kinds of source to leave out.
        batch_rows: most rows of one delivery.
        first_rows: rows of telemetry to read of each file; without it all.

    Raises:
        InputError: a recording is missing, is none, or is named twice.
        MappingError: a mapping doesn't fit.
    """
    seen: set[Path] = set()
    for path in recordings:
        if (resolved := path.resolve()) in seen:
            raise InputError("this recording is named twice", where=str(path), remedy="name each recording once")
        seen.add(resolved)
    by_source: dict[str, list[Connector]] = {}
    for path in recordings:
        for connector in open_recording(
            site,
            path,
            site_folder=folder,
            exclude_kinds=exclude_kinds,
            batch_rows=batch_rows,
            first_rows=first_rows,
        ):
            by_source.setdefault(connector.source.id, []).append(connector)
    return [links[0] if len(links) == 1 else Chain(sorted(links, key=_first_time)) for links in by_source.values()]


def by_name(recordings: Sequence[Path]) -> dict[str, Path]:
    """Recordings that each stand for themselves, by name.

    Raises:
        InputError: two have one name.
    """
    named: dict[str, Path] = {}
    for path in recordings:
        name = name_of(path)
        if name in named:
            raise InputError(
                f"two recordings are called {name!r}", where=f"{named[name]}, {path}", remedy="take them one by one"
            )
        named[name] = path
    return named


def how_read(connectors: Sequence[Connector]) -> list[dict[str, Any]]:
    """Options of each recording's connector as plain values (its mapping, kinds left out); not those of batches."""
    links = [link for one in connectors for link in (one.links if isinstance(one, Chain) else (one,))]
    return [link.options.model_dump(mode="json", exclude={"batch_rows", "block_bytes"}) for link in links]


def _first_time(connector: Connector) -> int:
    for delivery in connector.deliveries():
        for samples in delivery.samples:
            if len(samples):
                return int(samples.times[0])
        if delivery.events:
            return delivery.events[0].occurred
        for records in delivery.network:
            if len(records):
                return int(records.ends[0])
    return 0


def _at(delivery: Delivery, position: bytes) -> Delivery:
    fields: dict[str, Any] = {name: getattr(delivery, name) for name in delivery.__dataclass_fields__}
    return Delivery(**{**fields, "position": position})
