"""Sparkplug B edge nodes: what births have told, whether messages are missing, and metrics as readings.

An alias means what the last birth said. Where a birth may have been missed (the numbers of a node's messages went back,
or don't go on over a lost connection) its aliases are not trusted until the next birth: a value that may belong to
another signal is worse than none. (The protocol leaves one hole: a birth that is lost together with at least as many
messages as had come since the one before it.)
"""

import zlib
from dataclasses import dataclass, field
from re import Match
from typing import NamedTuple

import msgspec

from infrastress.connectors.base import Link
from infrastress.connectors.mqtt.desk import Desk, Handler
from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.options import Route
from infrastress.connectors.mqtt.sparkplug import GOOD, Metric, Payload, decode, rebirth, value_of
from infrastress.connectors.signals import SignalReader
from infrastress.core.errors import DecodeError
from infrastress.site import Site

__all__ = ["Nodes"]

_MS = 1_000_000
_LATEST_MS = (2**63 - 1) // _MS
_MAX_NODES, _MAX_METRICS = 10_000, 200_000
_ASK_AGAIN = 60 * 10**9
"""A birth is asked for once in so many ns, per node."""
_CHUNK = 100


class _Alias(msgspec.Struct, array_like=True):
    name: str
    datatype: int | None


class _Birth(msgspec.Struct, array_like=True):
    """What is kept of a node over a restart."""

    session: int | None
    aliases: dict[int, _Alias]
    types: dict[str, int]
    devices: list[str]


@dataclass
class _Node:
    birth: _Birth
    alive: bool = True
    seq: int | None = None
    sure: bool = True
    """Whether the aliases are trusted."""
    unbroken: bool = True
    """Whether the connection has stood since its last message."""
    asked: int = -_ASK_AGAIN
    missed: int = field(default=0)


class _Said(NamedTuple):
    """A message: which kind, of which node and device (empty: the node itself), what and when."""

    desk: Desk
    kind: str
    node: str
    device: str
    payload: Payload
    now: int

    @property
    def member(self) -> str:
        return f"{self.node}/{self.device}" if self.device else self.node


class Nodes:
    """Reads the messages of all edge nodes of one route.

    Args:
        route: its options; values are called `group/node/metric` or `group/node/device/metric` there.
        site, where: for the signals.
    """

    def __init__(self, route: Route, site: Site, where: str) -> None:
        self._route = route
        self._reader = SignalReader(route.columns, site, where)
        self._nodes: dict[str, _Node] = {}
        self._births: bytes | None = None

    def forget(self) -> None:
        """Forget all births: what is read next may be of another time."""
        self._nodes, self._births = {}, None

    def expected(self, desk: Desk) -> None:
        """Say of each node that signals hang on and that hasn't told its birth that it is waited for."""
        for node in sorted({"/".join(name.split("/")[:2]) for name in self._route.columns}):
            if node not in self._nodes:
                desk.report(Link("connecting", "no birth seen yet", node))

    def interrupted(self) -> None:
        """The connection was lost: messages may be missing."""
        for node in self._nodes.values():
            node.unbroken = False

    def dump(self) -> bytes:
        """Births and numbers, for `load`."""
        if self._births is None:
            births = msgspec.msgpack.encode({name: node.birth for name, node in self._nodes.items()})
            self._births = zlib.compress(births, 1)
        states = [(node.alive, node.sure, node.seq) for node in self._nodes.values()]
        return msgspec.msgpack.encode((self._births, states))

    def load(self, data: bytes) -> None:
        """Go on where `dump` was called; raises DecodeError."""
        try:
            packed, states = msgspec.msgpack.decode(data, type=tuple[bytes, list[tuple[bool, bool, int | None]]])
            births = msgspec.msgpack.decode(zlib.decompress(packed), type=dict[str, _Birth])
        except (msgspec.MsgspecError, zlib.error) as error:
            raise DecodeError(f"no births: {error}") from None
        for (name, birth), (alive, sure, seq) in zip(births.items(), states, strict=True):
            self._nodes[name] = _Node(birth, alive, seq, sure, unbroken=False)

    def bind(self, topic: str, match: Match[str]) -> Handler:
        """The handler of a topic (section 4 of Sparkplug 3.0)."""
        parts = topic.split("/")
        if len(parts) not in (4, 5) or parts[2] not in _KINDS:
            return lambda desk, message, now: desk.drop("not-mapped", topic)
        group, kind, node = parts[1:4]
        device = parts[4] if len(parts) == 5 else ""
        if kind.startswith("D") != bool(device):
            return lambda desk, message, now: desk.refuse("topic", message, topic)

        def take(desk: Desk, message: Publish, now: int) -> None:
            if message.retained:
                desk.drop("retained", topic)
                return
            try:
                payload = decode(message.payload)
            except DecodeError:
                desk.refuse("no-sparkplug", message, topic)
                return
            before = len(desk.inbox)
            self._take(_Said(desk, kind, f"{group}/{node}", device, payload, now))
            if len(desk.inbox) == before:
                desk.drop("status" if kind in _STATES else "not-mapped", topic)

        return take

    def _take(self, said: _Said) -> None:
        desk, kind, name, payload = said.desk, said.kind, said.node, said.payload
        node = self._nodes.get(name)
        if kind == "NDEATH":
            self._death(desk, name, node, payload)
            return
        if kind == "NBIRTH":
            if node is None and len(self._nodes) >= _MAX_NODES:
                desk.inbox.refuse("too-many-nodes", name, "")
                return
            asked = node.asked if node is not None else -_ASK_AGAIN
            node = self._nodes[name] = _Node(_Birth(_session(payload), {}, {}, []), seq=payload.seq, asked=asked)
            self._births = None
        elif node is None:
            node = self._nodes[name] = _Node(_Birth(None, {}, {}, []), sure=False, seq=payload.seq)
            self._births = None
            desk.report(Link("connecting", "it speaks, but no birth was seen yet", name))
        else:
            self._number(desk, name, node, payload.seq)
        if kind.endswith("BIRTH"):
            self._birth(desk, node, said)
        elif kind == "DDEATH":
            desk.report(Link("down", "the edge node says that the device is lost (DDEATH)", said.member))
            return
        for metric in payload.metrics:
            self._metric(node, said, metric)
        self._ask(desk, node, name, said.now)

    def _death(self, desk: Desk, name: str, node: _Node | None, payload: Payload) -> None:
        session = _session(payload)
        if node is None:
            return
        if session is not None and node.birth.session is not None and session != node.birth.session:
            return  # the will of an older session, overtaken by the birth of this one
        node.alive, node.seq = False, None
        reason = "its last will (NDEATH): the edge node has lost its connection to the broker"
        for member in (name, *(f"{name}/{device}" for device in node.birth.devices)):
            desk.report(Link("down", reason, member))

    def _birth(self, desk: Desk, node: _Node, said: _Said) -> None:
        birth, member, device = node.birth, said.member, said.device
        for metric in said.payload.metrics:
            if metric.name is None or len(birth.types) + len(birth.aliases) > _MAX_METRICS:
                continue
            name = f"{member}/{metric.name}"
            if metric.alias is not None:
                birth.aliases[metric.alias] = _Alias(name, metric.datatype)
            elif metric.datatype is not None:
                birth.types[name] = metric.datatype
        if device and device not in birth.devices:
            birth.devices.append(device)
        if not device:
            node.sure = node.alive = True
        self._births = None
        desk.report(Link("up", "it told its birth", member))

    def _number(self, desk: Desk, name: str, node: _Node, seq: int | None) -> None:
        """Look for missing messages: numbers go from 0, a birth's, to 255 and round again."""
        if seq is None:
            return
        expected = None if node.seq is None else (node.seq + 1) % 256
        node.seq = seq
        if expected is not None and seq != expected:
            missing = (seq - expected) % 256
            node.missed += missing
            what = f"message {seq} came where {expected} was due"
            desk.inbox.refuse_cell("sequence-gap", name, what, spoils=False)
        hidden = expected is None or (seq != expected and (seq < expected or not node.unbroken))
        node.unbroken = True
        if hidden and node.sure and node.birth.aliases and not self._route.fixed_aliases:
            node.sure = False
            told = f"messages are missing, a birth may be among them ({node.missed} missing in all)"
            desk.report(Link("connecting", f"{told}: values told by alias wait for the next birth", name))

    def _metric(self, node: _Node, said: _Said, metric: Metric) -> None:
        desk, member = said.desk, said.member
        called, datatype = metric.name, metric.datatype
        if called is not None:
            called = f"{member}/{called}"
            if datatype is None:
                datatype = node.birth.types.get(called)
        elif metric.alias is not None:
            alias = node.birth.aliases.get(metric.alias)
            if alias is None or not node.sure:
                reason = "unknown-alias" if node.sure else "no-birth"
                desk.inbox.refuse_cell(reason, member, f"alias {metric.alias}: {metric.value}")
                return
            called, datatype = alias.name, alias.datatype
        else:
            desk.inbox.refuse_cell("no-name", member, str(metric.value))
            return
        if called not in self._reader:
            return
        value, reason = value_of(metric, datatype)
        told = metric.timestamp if metric.timestamp is not None else said.payload.timestamp
        time = None if told is None else told * _MS
        if metric.quality is not None and not GOOD <= metric.quality < 256:
            reason = "bad-quality"
        elif told is not None and told > _LATEST_MS:
            reason = "time-unreadable"
        elif told is None and metric.historical:
            reason = "historical-without-time"
        if reason:
            shown = f"{metric.value} (quality {metric.quality})" if reason == "bad-quality" else str(metric.value)
            desk.inbox.refuse_cell(reason, called, shown[:_CHUNK])
        else:
            signal = self._reader.signal(called)
            desk.value(signal, self._reader.read(called, value), time, said.now, at=(called, value))

    def _ask(self, desk: Desk, node: _Node, name: str, now: int) -> None:
        if self._route.rebirth and not node.sure and now - node.asked > _ASK_AGAIN:
            node.asked = now
            group, edge = name.split("/")
            desk.write(f"spBv1.0/{group}/NCMD/{edge}", rebirth())


_KINDS = {"NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDEATH", "DDATA"}
_STATES = {"NBIRTH", "NDEATH", "DBIRTH", "DDEATH"}


def _session(payload: Payload) -> int | None:
    """The number of a node's session with its broker, as births and wills tell it."""
    for metric in payload.metrics:
        if metric.name == "bdSeq" and isinstance(metric.value, int):
            return metric.value
    return None
