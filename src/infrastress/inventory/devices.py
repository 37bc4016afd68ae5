"""Devices: addresses that belong together, with their roles and levels, by what was heard, the site model, corrections.

Addresses are one device where the site model says so, or where they have one MAC in common and but one of them is a
routable IPv4 address. Two IPv4 addresses behind one MAC stay two: it may be one device, a router, or a forgery.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final, NamedTuple

from infrastress.detectors.network.who import Who
from infrastress.inventory.corrections import Correction, applied
from infrastress.inventory.facts import Facts, conversations
from infrastress.inventory.heard import Called, Heard, Identity, Node
from infrastress.inventory.roles import Around, Judged, level_of, role_of
from infrastress.inventory.vendors import vendor_of
from infrastress.site import Site
from infrastress.site.assets import Asset, Host

__all__ = ["Device", "Mac", "devices_of", "order_of"]

_ROUTED: Final = 3
"""Addresses behind one MAC from which on it is a router's."""


@dataclass(frozen=True)
class Mac:
    """A hardware address with its maker, or why there is none."""

    mac: str
    vendor: str


@dataclass(frozen=True)
class Device:
    """One device.

    Attributes:
        id: its asset in the site model, else its first address.
        addresses: sorted. macs: its own; behind_router: of the router through which it was heard.
        identities: what it says it is. behind: what devices behind it say they are.
        facts: what it did.
        heard: rows in which it spoke; 0 of one that was only asked for. first, last: of those, ns UTC; None for none.
        asset: of the site model.
        role, level: as they stand. heard_role: as heard alone.
        notes: what is odd. name, vendor: corrections.
    """

    id: str
    addresses: tuple[str, ...]
    macs: tuple[Mac, ...]
    behind_router: str | None
    vlans: tuple[int, ...]
    identities: tuple[Identity, ...]
    behind: tuple[Identity, ...]
    facts: Facts
    heard: int
    first: int | None
    last: int | None
    asset: str | None
    role: Judged
    level: Judged
    heard_role: Judged
    notes: tuple[str, ...] = ()
    name: str = ""
    vendor: str = ""


def devices_of(heard: Heard, site: Site, who: Who, corrections: Iterable[Correction] = ()) -> list[Device]:
    """Every node that was heard or asked for, by asset or address."""
    routers = _routers(heard, who)
    groups = _groups(heard, who, routers)
    facts = _facts(heard, {address: name for name, addresses in groups.items() for address in addresses})
    levels = {zone.id: zone.level for zone in site.security_zones}
    known = list(corrections)
    found = []
    for name, addresses in sorted(groups.items(), key=lambda item: order_of(item[1][0])):
        zone = who.zone(addresses[0])
        place = (zone, levels[zone]) if zone is not None and zone in levels else None
        home = _Home(name, addresses, who.asset(addresses[0]), place, facts[name])
        found.append(_corrected(_device(home, heard, routers), known, place))
    return found


def order_of(address: str) -> tuple[int, bytes]:
    """Sorts addresses by number, and what is none behind them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return 9, address.encode()
    return parsed.version, parsed.packed


def _routers(heard: Heard, who: Who) -> dict[str, set[str]]:
    """MACs by which many addresses, or the internet from private ones, are reached -> those addresses.

    Plants use public addresses inside too: among themselves these are neighbours.
    """
    far = set()
    for talk in conversations(heard):
        ends = (talk.client, talk.server)
        if all(map(who.is_node, ends)) and who.is_public(talk.client) != who.is_public(talk.server):
            far |= {address for address in ends if who.is_public(address)}
    by_mac: dict[str, set[str]] = defaultdict(set)
    for address, node in heard.nodes.items():
        for mac in node.macs:
            if who.is_node(address):
                by_mac[mac].add(address)
    return {mac: addresses for mac, addresses in by_mac.items() if len(addresses) >= _ROUTED or addresses & far}


def _groups(heard: Heard, who: Who, routers: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """Device -> its addresses: by asset, then by MAC."""
    named: dict[str, set[str]] = defaultdict(set)
    by_mac: dict[str, list[str]] = defaultdict(list)
    silent = [one for one, called in heard.called.items() if who.is_node(one) and not called.for_many]
    for address in dict.fromkeys([*heard.nodes, *silent]):
        node = heard.nodes.get(address, Node())
        asset = who.asset(address)
        named[asset.id if asset is not None else address].add(address)
        for mac in node.macs:
            if mac not in routers:
                by_mac[mac].append(address)
    for addresses in by_mac.values():
        homes = [address for address in addresses if not _local(address)]
        fellows = [address for address in addresses if _local(address)]
        if len(homes) != 1:
            continue
        asset = who.asset(homes[0])
        home = asset.id if asset is not None else homes[0]
        for address in fellows:
            if address in named and home in named:
                named[home] |= named.pop(address)
    return {name: tuple(sorted(addresses, key=order_of)) for name, addresses in named.items()}


def _local(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return parsed.is_link_local or parsed.version == 6


def _facts(heard: Heard, homes: Mapping[str, str]) -> dict[str, Facts]:
    facts: dict[str, Facts] = defaultdict(Facts)
    for talk in conversations(heard):
        client, server = homes.get(talk.client), homes.get(talk.server)
        if client is not None:
            facts[client].add(talk, as_client=True, as_server=client == server)
        if server is not None and server != client:
            facts[server].add(talk, as_client=False, as_server=True)
    return facts


class _Home(NamedTuple):
    name: str
    addresses: tuple[str, ...]
    asset: Asset | None
    place: tuple[str, float] | None
    facts: Facts


def _device(home: _Home, heard: Heard, routers: Mapping[str, set[str]]) -> Device:
    name, addresses, asset, place, facts = home
    nodes = [heard.nodes.get(address, Node()) for address in addresses]
    repeated = {one for one in addresses if one in heard.nodes and heard.called.get(one, Called()).for_many}
    claimed = {mac for node in nodes for mac in node.arp}
    shared = {mac for node in nodes for mac in node.macs if mac in routers and mac not in claimed}
    own = sorted({mac for node in nodes for mac in node.macs} - shared)
    macs = tuple(Mac(mac, vendor_of(mac)) for mac in own)
    says = tuple(identity for node in nodes for identity, _ in node.says())
    direct = _fullest(one for one in says if not _is_behind(one))
    behind = _fullest(one for one in says if _is_behind(one))
    routes = sum(len(routers[mac] - set(addresses)) for mac in own if mac in routers)
    around = Around(
        vendors=tuple(mac.vendor for mac in macs),
        says=direct,
        routes=routes,
        devices=len({one.unit for one in behind}),
        repeats=bool(repeated),
        level=place[1] if place is not None else None,
    )
    told = role_of(facts, around)
    spoke = [node.spoke for node in nodes if node.spoke.count]
    declared = _declared(asset) if asset is not None else None
    return Device(
        id=name,
        addresses=addresses,
        macs=macs,
        behind_router=min(shared, default=None),
        vlans=tuple(sorted({int(vlan) for node in nodes for vlan in node.vlans})),
        identities=direct,
        behind=behind,
        facts=facts,
        heard=sum(one.count for one in spoke),
        first=min((one.first for one in spoke), default=None),
        last=max((one.last for one in spoke), default=None),
        asset=asset.id if asset is not None else None,
        role=declared or told,
        level=level_of(declared or told, place),
        heard_role=told,
        notes=tuple(_notes(repeated, nodes, macs)),
    )


def _corrected(device: Device, corrections: list[Correction], place: tuple[str, float] | None) -> Device:
    keys = {device.id, *device.addresses, *(mac.mac for mac in device.macs)}
    said = applied([one for one in corrections if one.node in keys])
    if "role" in said:
        value, why = said["role"]
        device = replace(device, role=Judged(value, 1.0, (why,), "correction"))
        device = replace(device, level=level_of(device.role, place))
    if "level" in said:
        value, why = said["level"]
        device = replace(device, level=Judged(float(value), 1.0, (why,), "correction"))
    notes = [f"{field}: {said[field][1]}" for field in ("name", "vendor") if field in said]
    return replace(
        device,
        name=str(said["name"][0]) if "name" in said else device.name,
        vendor=str(said["vendor"][0]) if "vendor" in said else device.vendor,
        notes=(*device.notes, *notes),
    )


def _fullest(said: Iterable[Identity]) -> tuple[Identity, ...]:
    """Without what is the beginning of another saying: lists that come in pieces."""
    every = tuple(dict.fromkeys(said))
    texts = [(one.protocol, one.unit, f"{one.text}; ") for one in every]
    return tuple(
        one
        for one, (protocol, unit, text) in zip(every, texts, strict=True)
        if not any((protocol, unit) == other[:2] and other[2] != text and other[2].startswith(text) for other in texts)
    )


def _is_behind(identity: Identity) -> bool:
    """Whether it is of a device on a BACnet network behind the address. A Modbus unit may be the server itself."""
    return identity.unit is not None and identity.protocol == "bacnet"


def _declared(asset: Asset) -> Judged | None:
    if asset.type == "controller":
        return Judged("controller", 0.9, (f"the site model says so of {asset.id}",), "model")
    if not isinstance(asset, Host) or asset.role == "other":
        return None
    role = "router" if asset.role == "firewall" else asset.role
    called = ", a firewall" if asset.role == "firewall" else ""
    return Judged(role, 0.9, (f"the site model says so of {asset.id}{called}",), "model")


def _notes(repeated: set[str], nodes: list[Node], macs: tuple[Mac, ...]) -> Iterable[str]:
    for address in sorted(repeated):
        yield f"{address} is a broadcast address and yet sends: somebody repeats others' messages"
    if len(macs) > 1:
        yield f"{len(macs)} MACs: another interface, a changed device, or a forgery"
    if nodes and not any(node.spoke.count for node in nodes):
        yield "asked for, never heard"
