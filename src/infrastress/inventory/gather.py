"""From network records to what was heard: grouped in columns, then a few groups a batch by hand."""

from collections import Counter
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.events.network import NetworkRecords
from infrastress.events.network_terms import Kind, Protocol, Sender, Transport
from infrastress.inventory.heard import GROUND, Deed, Heard, Identity, Seen

__all__ = ["gather"]

_WORDS: Final = (
    "kind", "protocol", "transport", "sender", "client", "server", "client_mac", "server_mac", "action",
    "function_name",
)  # fmt: skip
_NUMBERS: Final = ("vlan", "unit", "server_port")
_BOTH: Final = frozenset({Kind.TRANSACTION})
_OWN_MESSAGES: Final = frozenset(
    {
        Protocol.MODBUS, Protocol.IEC104, Protocol.DNP3, Protocol.S7COMM, Protocol.ENIP, Protocol.CIP,
        Protocol.BACNET, Protocol.OPCUA, Protocol.ARP,
    }
)  # fmt: skip
"""Of these every message is a row, which tells better than a connection who spoke."""
_NOBODY: Final = frozenset({"", str(IPv4Address(0)), str(IPv6Address(0))})
"""An address not yet given."""
_NO_MAC: Final = "00:00:00:00:00:00"
_LONGEST: Final = 400


class _Group(NamedTuple):
    """Rows that agree in all but time and size."""

    kind: str
    protocol: str
    transport: str
    sender: str
    client: str
    server: str
    client_mac: str
    server_mac: str
    action: str
    function: str
    vlan: int
    unit: int
    port: int
    ok: int
    rows: int
    first: int
    last: int
    size: int
    packets: int


def gather(heard: Heard, records: NetworkRecords) -> None:
    """Add what records say."""
    if not len(records):
        return
    for group in _groups(records):
        _take(heard, group)
    _identities(heard, records)
    times, ends = records.integers("time"), records.ends
    heard.listened.update(np.unique(np.concatenate([times, ends]) // GROUND).tolist())
    heard.sources.setdefault(records.source, Seen()).add(len(records), int(times.min()), int(ends.max()))
    heard.bound()


def _groups(records: NetworkRecords) -> list[_Group]:
    codes = {name: records.words(name) for name in _WORDS}
    columns: dict[str, Any] = {name: codes[name][0] for name in _WORDS}
    columns |= {name: records.integers(name) for name in _NUMBERS}
    columns["ok"] = pc.fill_null(records.columns.column("ok").cast(pa.int8()), -1)
    columns |= {"time": records.integers("time"), "end": records.ends}
    columns["size"], columns["packets"] = records.integers("bytes", 0), records.integers("quantity", 0)
    # What numbers mean hangs on the kind: of a message `quantity` isn't packets, and may be anything.
    kinds = codes["kind"][1]
    connection = columns["kind"] == (kinds.index(Kind.CONNECTION) if Kind.CONNECTION in kinds else -2)
    columns["packets"] = np.where(connection, columns["packets"], 0)
    table = pa.table(columns)
    keys = [*_WORDS, *_NUMBERS, "ok"]
    sums = [("time", "count"), ("time", "min"), ("end", "max"), ("size", "sum"), ("packets", "sum")]
    found = table.group_by(keys).aggregate(sums)
    lists = [found.column(name).to_pylist() for name in [*keys, *(f"{name}_{what}" for name, what in sums)]]
    words = [codes[name][1] for name in _WORDS]
    texts = [[names[i] if i >= 0 else "" for i in column] for names, column in zip(words, lists, strict=False)]
    return [_Group(*row) for row in zip(*texts, *lists[len(words) :], strict=True)]


def _speakers(group: _Group) -> tuple[bool, bool]:
    """Whether the client, and whether the server spoke in these rows."""
    if group.kind == Kind.TRANSACTION:
        return True, True
    if group.kind != Kind.CONNECTION:
        server = group.sender == Sender.SERVER
        return not server, server
    if group.transport == Transport.TCP:
        return True, group.ok == 1
    return group.protocol not in _OWN_MESSAGES, False


def _take(heard: Heard, group: _Group) -> None:
    said = group.rows, group.first, group.last
    client_spoke, server_spoke = _speakers(group)
    for address, mac, spoke in (
        (group.client, group.client_mac, client_spoke),
        (group.server, group.server_mac, server_spoke),
    ):
        if address in _NOBODY:
            continue
        if not spoke or _for_many(mac):
            # Who announces himself by ARP asks for nobody by the address of everybody.
            heard.call(address, group.rows, group.rows if _for_many(mac) and group.protocol != Protocol.ARP else 0)
            continue
        node = heard.node(address)
        node.spoke.add(*said)
        if mac and mac != _NO_MAC:
            node.macs.setdefault(mac, Seen()).add(*said)
            if group.protocol == Protocol.ARP:
                node.arp.setdefault(mac, Seen()).add(*said)
        if group.vlan >= 0:
            _count(node.vlans, group.vlan, group.rows)
        heard.bound_node(node)
    if group.client in _NOBODY or group.server in _NOBODY:
        return
    _way(heard, group, server_spoke)


def _way(heard: Heard, group: _Group, server_spoke: bool) -> None:
    way = heard.way(f"{group.client}\t{group.server}\t{group.protocol}", answered=server_spoke)
    way.heard.add(group.rows, group.first, group.last)
    way.transport = min(filter(None, (way.transport, group.transport)), default="")
    way.answered += group.rows if server_spoke else 0
    if group.port >= 0:
        _count(way.ports, group.port, group.rows)
        heard.bound_way(way)
    if group.kind == Kind.CONNECTION:
        way.connections += group.rows
        way.unanswered += group.rows if group.ok == 0 else 0
        way.packets += group.packets
        way.payload += group.size
        return
    if group.unit >= 0 and server_spoke:
        _count(way.units, group.unit, group.rows)
    way.message_bytes += group.size
    if group.kind == Kind.MALFORMED:
        way.malformed += group.rows
        return
    key = f"{'s' if group.sender == Sender.SERVER else 'c'}\t{group.action}\t{group.function}"
    deed = way.deeds.setdefault(key, Deed())
    name = {
        Kind.TRANSACTION: "refused" if group.ok == 0 else "answered",
        Kind.REQUEST: "unanswered",
    }.get(Kind(group.kind), "told")
    deed.add(Deed(**{name: group.rows}, first=group.first, last=group.last))
    heard.bound_way(way)


def _count(table: dict[str, int], number: int, count: int) -> None:
    table[str(number)] = table.get(str(number), 0) + count


def _for_many(mac: str) -> bool:
    """A group or broadcast hardware address: who has it is no node."""
    return mac[1:2] in tuple("13579bdf")


def _identities(heard: Heard, records: NetworkRecords) -> None:
    rows = pc.is_valid(records.columns.column("identity")).to_numpy(zero_copy_only=False).nonzero()[0]
    if not len(rows):
        return
    chosen = records.take(rows)
    columns = [
        chosen.columns.column(name).to_pylist()
        for name in ("kind", "sender", "client", "server", "protocol", "unit", "client_unit", "identity")
    ]
    times = chosen.integers("time").tolist()
    counts: Counter[tuple[Any, ...]] = Counter()
    spans: dict[tuple[Any, ...], tuple[int, int]] = {}
    for time, key in zip(times, zip(*columns, strict=True), strict=True):
        counts[key] += 1
        first, last = spans.get(key, (time, time))
        spans[key] = min(first, time), max(last, time)
    for key, count in counts.items():
        kind, sender, client, server, protocol, unit, client_unit, text = key
        server_speaks = (sender == Sender.SERVER) != (kind == Kind.TRANSACTION)
        own, other = _parts(text)
        ends = ((client, client_unit), (server, unit))
        for part, (address, behind) in ((own, ends[server_speaks]), (other, ends[not server_speaks])):
            if part and address is not None and address not in _NOBODY:
                said = msgspec.json.encode(Identity(protocol, behind, part)).decode()
                node = heard.node(address)
                node.identities.setdefault(said, Seen()).add(count, *spans[key])
                heard.bound_node(node)


def _parts(text: str) -> tuple[str, str]:
    """What the speaker says of itself, and what of the row is said by the other end (OPC UA: "client ...")."""
    parts = printable(text).split("; ")
    other = [part.removeprefix("client ") for part in parts if part.startswith("client ")]
    return "; ".join(part for part in parts if not part.startswith("client "))[:_LONGEST], "; ".join(other)[:_LONGEST]


def printable(text: str) -> str:
    """Text from the network without what would move a terminal's cursor or hide."""
    return "".join(letter if letter.isprintable() else "\N{MIDDLE DOT}" for letter in text)
