"""What was heard against the site model: strangers, the silent, ways without a conduit, other addresses and MACs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

from infrastress.core.time import HOUR, MINUTE
from infrastress.detectors.network.who import Who
from infrastress.events.network_terms import Protocol
from infrastress.inventory.devices import Device, order_of
from infrastress.inventory.facts import Conversation, conversations
from infrastress.inventory.heard import Heard
from infrastress.inventory.roles import times
from infrastress.site import Site
from infrastress.site.assets import Asset

__all__ = ["KINDS", "Finding", "findings_of"]

KINDS: Final = {
    "unknown_node": "heard, and the site model doesn't have it",
    "mac_differs": "another MAC than in the site model",
    "address_differs": "another address than in the site model",
    "role_differs": "behaves unlike its role in the site model",
    "no_conduit": "zones speak without a conduit",
    "silent": "declared, could have been heard, and wasn't",
    "not_covered": "declared, and nothing tells whether it is there",
}
"""Kinds of findings, the gravest first."""
_LONG: Final = HOUR
"""So long a network must have been listened to before silence says anything."""
_SURE: Final = 0.6
_LIKE: Final = {
    "controller": {"gateway", "server"},
    "hmi": {"server", "historian", "workstation"},
    "engineering": {"hmi", "workstation", "server"},
    "historian": {"hmi", "server", "workstation"},
    "server": {"hmi", "historian", "gateway", "workstation"},
    "gateway": {"controller", "hmi", "router", "server"},
    "router": {"gateway", "server", "switch"},
    "switch": {"router", "server"},
    "workstation": {"server"},
}
"""Declared role -> what such a device may be heard as, since it does that too or does nothing more just now."""


@dataclass(frozen=True)
class Finding:
    """One difference. `subject` is an asset, an address or a way; `first`, `last` ns UTC where something was heard."""

    kind: str
    subject: str
    sentence: str
    first: int | None = None
    last: int | None = None


class _Net(NamedTuple):
    id: str
    cidr: IPv4Network | IPv6Network
    inside: int
    """How long two of its own nodes were heard to speak to each other, ns listened."""
    across: int
    """The same of any way with one end in it."""


def findings_of(heard: Heard, site: Site, who: Who, devices: Iterable[Device]) -> list[Finding]:
    """All differences, by kind and subject; of a site model without any address none."""
    if not who.knows_any:
        return []
    known = list(devices)
    found = [*_strangers(who, known), *_macs(site, known), *_roles(known), *_ways(heard, who)]
    found += _silent(heard, site, known)
    order = list(KINDS)
    return sorted(found, key=lambda one: (order.index(one.kind), order_of(one.subject.split()[0]), one.subject))


def _strangers(who: Who, devices: list[Device]) -> Iterator[Finding]:
    for device in devices:
        strange = [address for address in device.addresses if who.stranger(address)]
        if device.asset is not None or not device.heard or not strange:
            continue
        makers = sorted({mac.vendor for mac in device.macs})
        what = f"{device.role.value}" if device.role.confidence else "of unknown role"
        sentence = f"{', '.join(device.addresses)} ({what}{', ' if makers else ''}{', '.join(makers)}) is no asset"
        yield Finding("unknown_node", device.id, sentence, device.first, device.last)


def _macs(site: Site, devices: list[Device]) -> Iterator[Finding]:
    declared = {
        interface.mac.lower(): (asset.id, interface.address)
        for asset in site.assets
        for interface in asset.interfaces
        if interface.mac is not None
    }
    of_asset: dict[str, set[str]] = {}
    for mac, (asset, _) in declared.items():
        of_asset.setdefault(asset, set()).add(mac)
    for device in devices:
        for one in device.macs:
            expected = of_asset.get(device.asset or "", set())
            if expected and one.mac not in expected:
                said = f"{device.asset} speaks with {one.mac} ({one.vendor}); the site model has {_list(expected)}"
                yield Finding("mac_differs", str(device.asset), said, device.first, device.last)
            owner = declared.get(one.mac)
            if owner is not None and owner[0] != device.asset:
                said = f"{one.mac} of {owner[0]} speaks as {_list(device.addresses)}; the site model has {owner[1]}"
                yield Finding("address_differs", owner[0], said, device.first, device.last)


def _roles(devices: list[Device]) -> Iterator[Finding]:
    for device in devices:
        told = device.heard_role
        if device.role.by != "model" or told.confidence < _SURE or told.value in _like(device):
            continue
        said = f"{device.asset} is declared {device.role.value} and behaves like {told.value}: {told.because[0]}"
        yield Finding("role_differs", str(device.asset), said, device.first, device.last)


def _like(device: Device) -> set[str]:
    declared = str(device.role.value)
    return {declared, *_LIKE.get(declared, ())}


def _ways(heard: Heard, who: Who) -> Iterator[Finding]:
    for talk in conversations(heard):
        zones = None if talk.protocol == Protocol.ARP else who.uncharted(talk.client, talk.server, talk.protocol)
        if zones is None:
            continue
        outcome = times(talk.way.heard.count) if talk.way.answered else "never answered"
        said = (
            f"{who.last(talk.client)} in {zones[0]} to {who.last(talk.server)} in {zones[1]} by {talk.protocol}, "
            f"{outcome}"
        )
        subject = f"{talk.client} > {talk.server} {talk.protocol}"
        yield Finding("no_conduit", subject, said, talk.way.heard.first, talk.way.heard.last)


def _silent(heard: Heard, site: Site, devices: list[Device]) -> Iterator[Finding]:
    speaking = {device.asset for device in devices if device.heard}
    talks = [talk for talk in conversations(heard) if talk.way.answered or talk.protocol == Protocol.ARP]
    nets = [_net(heard, talks, network.id, network.cidr) for network in site.networks]
    for asset in site.assets:
        if asset.interfaces and asset.id not in speaking:
            yield _one_silent(heard, asset, {net.id: net for net in nets if net is not None})


def _net(heard: Heard, talks: list[Conversation], name: str, cidr: str) -> _Net | None:
    try:
        net = ip_network(cidr)
    except ValueError:
        return None  # `check` tells
    spans: dict[bool, list[int]] = {}
    for talk in talks:
        ends = [_inside(net, talk.client), _inside(net, talk.server)]
        if any(ends):
            # An ARP question goes to everybody, so it is heard anywhere in the network: it says little of who else is.
            both = all(ends) and talk.protocol != Protocol.ARP
            spans.setdefault(both, []).extend((talk.way.heard.first, talk.way.heard.last))
    inside, across = (heard.listened_ns(min(s), max(s)) if (s := spans.get(both)) else 0 for both in (True, False))
    return _Net(name, net, inside, across)


def _one_silent(heard: Heard, asset: Asset, nets: dict[str, _Net]) -> Finding:
    addresses = [interface.address for interface in asset.interfaces]
    asked = sum(talk.way.heard.count for talk in conversations(heard) if talk.server in addresses)
    called = f"{asset.id} ({', '.join(addresses)})"
    if asked:
        return Finding("silent", asset.id, f"{called} was asked for {times(asked)} and never heard to answer")
    heard_in = [nets[interface.network] for interface in asset.interfaces if interface.network in nets]
    best = max(heard_in, key=lambda net: (net.inside, net.across), default=None)
    if best is None or not (best.inside or best.across):
        where = best.id if best is not None else "its network"
        return Finding("not_covered", asset.id, f"{called}: nothing of {where} was heard at all")
    if not best.inside:
        why = f"of {best.id} only what crosses its border or goes to everybody was heard"
        return Finding("not_covered", asset.id, f"{called}: {why}")
    if best.inside < _LONG:
        why = f"{best.id} was listened to for {best.inside // MINUTE} min only"
        return Finding("not_covered", asset.id, f"{called}: {why}")
    hours = best.inside / HOUR
    return Finding("silent", asset.id, f"{called} wasn't heard in {hours:.0f} h in which others of {best.id} were")


def _inside(net: IPv4Network | IPv6Network, address: str) -> bool:
    try:
        return ip_address(address) in net
    except ValueError:
        return False


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
