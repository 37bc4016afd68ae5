"""What site.yaml lacks, as YAML to paste under its lists: networks, assets, conduits, each with what speaks for it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from infrastress.detectors.network.who import Who, called
from infrastress.events.network_terms import Protocol
from infrastress.inventory.devices import Device
from infrastress.inventory.exports import maker_of
from infrastress.inventory.facts import CONTROL, Conversation, conversations
from infrastress.inventory.heard import Heard
from infrastress.inventory.identity import label_of
from infrastress.inventory.roles import times
from infrastress.site import Site
from infrastress.site.assets import Host

__all__ = ["proposal"]

_PREFIXES: Final = {4: 24, 6: 64}
_HOSTS: Final = {"router": "gateway", "unknown": "other"}
_CALLED: Final = {
    "controller": "PLC", "hmi": "HMI", "engineering": "ENG", "historian": "HIST", "server": "SRV", "gateway": "GW",
    "router": "RTR", "switch": "SW", "workstation": "WS", "unknown": "HOST",
}  # fmt: skip
_SPOKEN: Final = frozenset(
    {"modbus", "opcua", "dnp3", "s7", "iec104", "enip", "bacnet", "mqtt", "http", "ssh", "rdp"}
)  # fmt: skip
_HEAD: Final = """\
# What was heard on the network and site.yaml doesn't have. Paste what is right under the list of the same name.
# Being heard makes nothing right: an intruder and his ways would stand here too. Ask who knows the plant.
"""
Net = IPv4Network | IPv6Network


def proposal(heard: Heard, site: Site, who: Who, devices: Iterable[Device]) -> str:
    """The text; lists that nothing is proposed for are left out."""
    known = list(devices)
    fresh = [
        device for device in known if device.asset is None and device.heard and any(map(who.is_node, device.addresses))
    ]
    nets: dict[str, Net] = {}
    for network in site.networks:
        try:
            nets[network.id] = ip_network(network.cidr)
        except ValueError:
            continue  # `check` tells
    parts = [
        _HEAD,
        _list("networks", _networks(fresh, nets, who)),
        _list("assets", _assets(heard, site, who, fresh, nets)),
        _list("conduits", _conduits(heard, site, who)),
        *_more(site, known),
    ]
    return "\n".join(part for part in parts if part)


def _list(name: str, entries: Iterable[str]) -> str:
    lines = [f"{entry}\n" for entry in entries]
    return f"{name}:\n{''.join(lines)}" if lines else ""


def _networks(fresh: list[Device], nets: dict[str, Net], who: Who) -> Iterator[str]:
    """Networks of the size most usual, for addresses in none; they are added to `nets`."""
    homeless: dict[Net, list[str]] = defaultdict(list)
    for device in fresh:
        for address in filter(who.is_node, device.addresses):
            parsed = ip_address(address)
            if not any(parsed in net for net in nets.values()):
                homeless[ip_network(f"{address}/{_PREFIXES[parsed.version]}", strict=False)].append(address)
    for net, addresses in sorted(homeless.items(), key=lambda item: (item[0].version, item[0])):
        shortened = str(net.network_address).rstrip(":").replace(":", "-").replace(".", "-")
        name = _free(f"net-{shortened}", nets)
        nets[name] = net
        yield _comment(f"{_some(addresses)}: that it is a /{net.prefixlen} is a guess; its security_zone is missing")
        yield f"  - {{id: {name}, cidr: {_quoted(str(net))}}}"


def _assets(heard: Heard, site: Site, who: Who, fresh: list[Device], nets: Mapping[str, Net]) -> Iterator[str]:
    taken = {asset.id for asset in site.assets}
    macs = [mac.mac for device in fresh for mac in device.macs]
    macs += [one.mac.lower() for asset in site.assets for one in asset.interfaces if one.mac is not None]
    for device in fresh:
        role, label = str(device.role.value), label_of(device.identities)
        name = _free(f"{_CALLED[role]}-{device.addresses[0].replace(':', '-').replace('.', '-')}", taken)
        taken.add(name)
        told = f"{role}, {device.role.confidence:.2f}" if device.role.confidence else "its role isn't known"
        made = maker_of(device)
        yield _comment(f"{', '.join(device.addresses)}{f' by {made}' if made else ''} ({told})")
        for reason in (*device.role.because, *(one.text for one in device.identities), *device.notes):
            yield _comment(f"  {reason}")
        yield f"  - id: {name}"
        yield f"    type: {'controller' if role == 'controller' else 'host'}"
        if role != "controller":
            yield f"    role: {_HOSTS.get(role, role)}"
        if device.name or label.name or label.product:
            yield f"    name: {_quoted(device.name or label.name or label.product)}"
        zone = who.zone(device.addresses[0])
        if zone is not None:
            yield f"    security_zone: {_quoted(zone)}"
        yield "    interfaces:"
        own = device.macs[0].mac if len(device.macs) == 1 and macs.count(device.macs[0].mac) == 1 else None
        for address in filter(who.is_node, device.addresses):
            yield f"      - {{{_interface(heard, address, own, nets)}}}"


def _interface(heard: Heard, address: str, mac: str | None, nets: Mapping[str, Net]) -> str:
    parsed = ip_address(address)
    home = max(((net.prefixlen, name) for name, net in nets.items() if parsed in net))[1]
    fields = [f"network: {_quoted(home)}", f"address: {_quoted(address)}"]
    if mac is not None:
        fields.append(f"mac: {_quoted(mac)}")
    served = [one for one in conversations(heard) if one.server == address and one.way.answered]
    spoken = sorted(served, key=lambda one: (one.protocol not in CONTROL, -one.way.answered, one.protocol))
    chief = next((one for one in spoken if called(one.protocol) in _SPOKEN), None)
    if chief is not None:
        fields.append(f"protocol: {called(chief.protocol)}")
        fields += _numbers(chief)
    return ", ".join(fields)


def _numbers(chief: Conversation) -> Iterator[str]:
    ports = {int(port) for port in chief.way.ports} - {0}
    if len(ports) == 1:
        yield f"port: {ports.pop()}"
    units = {int(unit) for unit in chief.way.units}
    if chief.protocol == Protocol.MODBUS and len(units) == 1 and max(units) <= 255:
        yield f"unit_id: {units.pop()}"


def _conduits(heard: Heard, site: Site, who: Who) -> Iterator[str]:
    lacking: dict[tuple[str, str], list[Conversation]] = defaultdict(list)
    for talk in conversations(heard):
        zones = None if talk.protocol == Protocol.ARP else who.uncharted(talk.client, talk.server, talk.protocol)
        if zones is not None and talk.way.answered:
            lacking[zones].append(talk)
    taken = {conduit.id for conduit in site.conduits}
    for (begin, end), talks in sorted(lacking.items()):
        name = _free(f"c-{begin}-{end}"[:72], taken)
        taken.add(name)
        for talk in talks[:8]:
            said = f"{who.last(talk.client)} to {who.last(talk.server)} by {talk.protocol}"
            yield _comment(f"{said}, {times(talk.way.heard.count)}")
        if len(talks) > 8:
            yield _comment(f"and {len(talks) - 8} more")
        names = ", ".join(_quoted(one) for one in sorted({called(talk.protocol) for talk in talks}))
        yield f"  - {{id: {_quoted(name)}, from: {_quoted(begin)}, to: {_quoted(end)}, protocols: [{names}]}}"


def _more(site: Site, devices: list[Device]) -> Iterator[str]:
    """What is heard of declared assets and could be written there: for people, as comments."""
    silent = {asset.id: asset for asset in site.assets if all(one.mac is None for one in asset.interfaces)}
    lines = []
    for device in devices:
        asset = silent.get(device.asset or "")
        if asset is not None and len(device.macs) == 1:
            lines.append(f"# {asset.id}: mac: {_quoted(device.macs[0].mac)} ({device.macs[0].vendor})")
        if asset is not None and isinstance(asset, Host) and asset.role == "other" and device.heard_role.confidence:
            lines.append(f"# {asset.id}: role: {device.heard_role.value}, {device.heard_role.because[0]}")
    if lines:
        yield "# Of assets that it has:\n" + "".join(f"{_clean(line)}\n" for line in lines)


def _comment(text: str) -> str:
    return f"  # {_clean(text)}"


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _quoted(text: str) -> str:
    """A YAML scalar: plain where that can't be mistaken, else in double quotes as JSON has them."""
    plain = text.replace("-", "").replace("_", "")
    return text if plain.isalnum() and plain.isascii() and text[0].isalpha() else json.dumps(text)


def _free(name: str, taken: Iterable[str]) -> str:
    used = set(taken)
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, len(used) + 3))) if one not in used)


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
