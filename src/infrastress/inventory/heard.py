"""What was heard of each address and between any two: tables that come out the same however the records were cut.

All is counts, sums, first and last times, and sets, so that merging is commutative and associative. Tables are bounded:
the keys of the lowest hash are kept. A key that is kept in the end was never thrown out before, so its counts are
whole, and nobody who floods the network chooses what is lost; `overflow` tells that something was. Who only is asked
for, and what nobody answers, lies in tables of its own, so that a sweep of addresses drives out no device.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final, TypeVar

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.core.time import MINUTE

__all__ = ["GROUND", "Called", "Deed", "Heard", "Identity", "Node", "Seen", "Way", "add_way"]

GROUND: Final = 10 * MINUTE
"""Grain of the time that was listened, ns."""
FORMAT: Final = 1
_NODES, _WAYS = 32_768, 32_768
_MACS, _VLANS, _IDENTITIES, _PORTS, _UNITS, _DEEDS, _SOURCES = 16, 64, 512, 32, 256, 512, 1_024
_NEVER: Final = 1 << 62


Value = TypeVar("Value")


class Seen(msgspec.Struct):
    """How often, first and last (ns UTC)."""

    count: int = 0
    first: int = _NEVER
    last: int = -_NEVER

    def add(self, count: int, first: int, last: int) -> None:
        """More of it."""
        self.count += count
        self.first, self.last = min(self.first, first), max(self.last, last)


class Identity(msgspec.Struct, frozen=True):
    """What a device says it is: by which protocol, for which unit behind the address (None: itself), and the text."""

    protocol: str
    unit: int | None
    text: str


class Node(msgspec.Struct):
    """One address.

    Attributes:
        spoke: rows in which it was the one that spoke or answered.
        macs, vlans: those it spoke with. arp: MACs that it said itself to have.
        identities: JSON of `Identity` -> when.
    """

    spoke: Seen = msgspec.field(default_factory=Seen)
    macs: dict[str, Seen] = {}
    arp: dict[str, Seen] = {}
    vlans: dict[str, int] = {}
    identities: dict[str, Seen] = {}

    def says(self) -> Iterable[tuple[Identity, Seen]]:
        """What it said it is, in a fixed order."""
        for text, seen in sorted(self.identities.items()):
            yield msgspec.json.decode(text, type=Identity), seen


class Called(msgspec.Struct):
    """How often an address was spoken to without a word of its own; `for_many`: as a group or broadcast is."""

    count: int = 0
    for_many: int = 0


class Deed(msgspec.Struct):
    """One function between two: requests answered, refused, left unanswered; told without being asked."""

    answered: int = 0
    refused: int = 0
    unanswered: int = 0
    told: int = 0
    first: int = _NEVER
    last: int = -_NEVER

    @property
    def count(self) -> int:
        """All of them."""
        return self.answered + self.refused + self.unanswered + self.told

    def add(self, other: "Deed") -> None:
        """More of it."""
        self.answered += other.answered
        self.refused += other.refused
        self.unanswered += other.unanswered
        self.told += other.told
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


class Way(msgspec.Struct):
    """What a client and a server said by one protocol.

    Attributes:
        heard: rows, with first and last.
        answered: rows in which the server spoke.
        deeds: "sender action function" (by tabs; sender c or s) -> counts.
        ports, units: of the server -> rows.
        connections, unanswered: that ended, and those of them that nobody answered or that were refused.
        packets, payload: of connections that ended. message_bytes: of single messages.
    """

    transport: str = ""
    heard: Seen = msgspec.field(default_factory=Seen)
    answered: int = 0
    deeds: dict[str, Deed] = {}
    ports: dict[str, int] = {}
    units: dict[str, int] = {}
    connections: int = 0
    unanswered: int = 0
    malformed: int = 0
    packets: int = 0
    payload: int = 0
    message_bytes: int = 0


class _Kept(msgspec.Struct):
    format: int
    nodes: dict[str, Node]
    called: dict[str, Called]
    ways: dict[str, Way]
    tried: dict[str, Way]
    sources: dict[str, Seen]
    listened: list[tuple[int, int]]
    overflow: list[str]


class Heard:
    """All of it.

    Attributes:
        nodes: who spoke, by address. called: who was spoken to.
        ways: rows in which a server spoke, by "client server protocol" (by tabs). tried: the other rows.
        sources: by name, their rows.
        listened: grains of `GROUND` in which anything was heard.
        overflow: names of tables that were too small.
    """

    def __init__(self, max_nodes: int = _NODES, max_ways: int = _WAYS) -> None:
        self.nodes: dict[str, Node] = {}
        self.called: dict[str, Called] = {}
        self.ways: dict[str, Way] = {}
        self.tried: dict[str, Way] = {}
        self.sources: dict[str, Seen] = {}
        self.listened: set[int] = set()
        self.overflow: set[str] = set()
        self._max_nodes, self._max_ways = max_nodes, max_ways
        self._limits: dict[str, bytes] = {}
        """Rank beyond which a table that was too small takes nothing new."""

    def node(self, address: str) -> Node:
        """An address that speaks, new where it is."""
        return self._of("nodes", self.nodes, address, Node)

    def call(self, address: str, count: int, for_many: int) -> None:
        """An address is spoken to."""
        called = self._of("called", self.called, address, Called)
        called.count += count
        called.for_many += for_many

    def way(self, key: str, *, answered: bool) -> Way:
        """A client, a server and a protocol (by tabs), new where they are."""
        return self._of("ways", self.ways, key, Way) if answered else self._of("tried", self.tried, key, Way)

    def _of(self, name: str, table: dict[str, Value], key: str, make: Callable[[], Value]) -> Value:
        found = table.get(key)
        if found is None:
            found = make()
            if name not in self._limits or _rank(key) <= self._limits[name]:
                table[key] = found
        return found

    def merge(self, other: "Heard") -> None:
        """Add what another has heard; the other must not be used afterwards."""
        for address, node in other.nodes.items():
            mine = self.node(address)
            _seen(mine.spoke, node.spoke)
            _add_seen(mine.macs, node.macs)
            _add_seen(mine.arp, node.arp)
            _add_counts(mine.vlans, node.vlans)
            _add_seen(mine.identities, node.identities)
        for address, called in other.called.items():
            self.call(address, called.count, called.for_many)
        for answered, ways in ((True, other.ways), (False, other.tried)):
            for key, way in ways.items():
                add_way(self.way(key, answered=answered), way)
        _add_seen(self.sources, other.sources)
        self.listened |= other.listened
        self.overflow |= other.overflow
        self.trim()

    def trim(self) -> None:
        """Bring all tables back within their bounds."""
        self.bound(spare=1)
        for node in self.nodes.values():
            self.bound_node(node, spare=1)
        for way in (*self.ways.values(), *self.tried.values()):
            self.bound_way(way, spare=1)

    def bound(self, *, spare: float = 1.25) -> None:
        """The large tables; up to `spare` times the bounds nothing is done, so that it is seldom done."""
        self._limit("nodes", self.nodes, self._max_nodes, spare)
        self._limit("called", self.called, self._max_nodes, spare)
        self._limit("ways", self.ways, self._max_ways, spare)
        self._limit("tried", self.tried, self._max_ways, spare)
        self._trim("sources", self.sources, _SOURCES, spare)

    def bound_node(self, node: Node, *, spare: float = 2) -> None:
        """The tables of one address."""
        self._trim("MACs", node.macs, _MACS, spare)
        self._trim("MACs", node.arp, _MACS, spare)
        self._trim("VLANs", node.vlans, _VLANS, spare)
        self._trim("identities", node.identities, _IDENTITIES, spare)

    def bound_way(self, way: Way, *, spare: float = 2) -> None:
        """The tables of one conversation."""
        self._trim("functions", way.deeds, _DEEDS, spare)
        self._trim("ports", way.ports, _PORTS, spare)
        self._trim("units", way.units, _UNITS, spare)

    def _limit(self, name: str, table: dict[str, Value], most: int, spare: float) -> None:
        if len(table) > most * spare:
            self._trim(name, table, most, spare)
            self._limits[name] = max(map(_rank, table))

    def _trim(self, name: str, table: dict[str, Value], most: int, spare: float) -> None:
        if len(table) > most * spare:
            self.overflow.add(name)
            for key in sorted(table, key=_rank)[most:]:
                del table[key]

    def encode(self) -> bytes:
        """JSON; the same for the same content."""
        self.trim()
        runs, over = _runs(self.listened), sorted(self.overflow)
        kept = _Kept(FORMAT, self.nodes, self.called, self.ways, self.tried, self.sources, runs, over)
        return msgspec.json.encode(kept, order="sorted")

    @classmethod
    def decode(cls, data: bytes) -> "Heard":
        """Inverse of `encode`.

        Raises:
            DecodeError: it isn't that.
        """
        try:
            kept = msgspec.json.decode(data, type=_Kept)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise DecodeError(f"no inventory: {error}") from None
        if kept.format != FORMAT or any(key.count("\t") != 2 for key in (*kept.ways, *kept.tried)):
            raise DecodeError(f"no inventory of format {FORMAT}")
        heard = cls()
        heard.nodes, heard.called, heard.ways, heard.tried = kept.nodes, kept.called, kept.ways, kept.tried
        heard.sources = kept.sources
        heard.listened = {grain for first, last in kept.listened for grain in range(first, last + 1)}
        heard.overflow = set(kept.overflow)
        return heard

    def listened_ns(self, first: int, last: int) -> int:
        """How long was listened between two times, by whole grains."""
        return GROUND * sum(first // GROUND <= grain <= last // GROUND for grain in self.listened)


@lru_cache(maxsize=1 << 16)
def _rank(key: str) -> bytes:
    return blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()


def _seen(mine: Seen, other: Seen) -> None:
    mine.add(other.count, other.first, other.last)


def _add_seen(mine: dict[str, Seen], other: dict[str, Seen]) -> None:
    for key, seen in other.items():
        _seen(mine.setdefault(key, Seen()), seen)


def _add_counts(mine: dict[str, int], other: dict[str, int]) -> None:
    for key, count in other.items():
        mine[key] = mine.get(key, 0) + count


def add_way(mine: Way, other: Way) -> None:
    """Add one to another."""
    mine.transport = min(filter(None, (mine.transport, other.transport)), default="")
    _seen(mine.heard, other.heard)
    for key, deed in other.deeds.items():
        mine.deeds.setdefault(key, Deed()).add(deed)
    _add_counts(mine.ports, other.ports)
    _add_counts(mine.units, other.units)
    for name in ("answered", "connections", "unanswered", "malformed", "packets", "payload", "message_bytes"):
        setattr(mine, name, getattr(mine, name) + getattr(other, name))


def _runs(grains: set[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for grain in sorted(grains):
        if runs and runs[-1][1] == grain - 1:
            runs[-1] = (runs[-1][0], grain)
        else:
            runs.append((grain, grain))
    return runs
