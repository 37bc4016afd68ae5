"""Who an address is by the site model, in which security zone, and which conduits lead where."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from infrastress.events.network_terms import Protocol
from infrastress.site import Site
from infrastress.site.assets import Asset, Host

__all__ = ["Who", "called"]

_CALLED: Final = {Protocol.S7COMM: "s7", Protocol.S7COMM_PLUS: "s7", Protocol.CIP: "enip"}
"""Protocols by the site model's names where those differ."""
_DOCUMENTED: Final = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
_ASKING: Final = frozenset({"hmi", "engineering", "historian", "server", "gateway"})
_VAGUE: Final = frozenset({Protocol.TLS, Protocol.UNKNOWN, Protocol.COTP})
"""What doesn't say which protocol it is: any conduit between the zones will do."""


class Who:
    """Look-ups in the site model by address."""

    def __init__(self, site: Site) -> None:
        self._assets: dict[str, Asset] = {}
        self._macs: dict[str, str] = {}
        for asset in site.assets:
            for interface in asset.interfaces:
                if (address := _address(interface.address)) is not None:
                    self._assets[str(address)] = asset
                    self._macs[str(address)] = (interface.mac or "").lower()
        self._networks: list[tuple[IPv4Network | IPv6Network, str | None]] = []
        for network in site.networks:
            try:
                self._networks.append((ip_network(network.cidr), network.security_zone))
            except ValueError:
                continue  # `check` tells
        self._conduits = site.conduits
        self._levels = {zone.id: zone.level for zone in site.security_zones}
        self._broadcasts = {str(net.broadcast_address) for net, _ in self._networks}
        self._kept: dict[str, bool] = {}

    @property
    def knows_any(self) -> bool:
        """Whether the model holds any address; without, nobody is a stranger."""
        return bool(self._assets)

    def asset(self, address: str) -> Asset | None:
        """The asset that has the address."""
        return self._assets.get(address)

    def mac(self, address: str) -> str:
        """The MAC address that the model gives; empty where it gives none."""
        return self._macs.get(address, "")

    def stranger(self, address: str) -> bool:
        """Whether the model should know the address and doesn't."""
        return self.knows_any and bool(address) and address not in self._assets and self.is_node(address)

    def is_node(self, address: str) -> bool:
        """Whether it is one node's own address: no broadcast, group, or address that a node gave itself."""
        if address not in self._kept:
            parsed = _address(address)
            self._kept[address] = (
                parsed is not None
                and not (parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback or parsed.is_link_local)
                and address not in self._broadcasts
                and address != "255.255.255.255"
            )
            if len(self._kept) > 65_536:
                self._kept.clear()
                return self.is_node(address)
        return self._kept[address]

    def is_public(self, address: str) -> bool:
        """Whether it is an address of the internet, or one of those that stand for it in documents and drills."""
        parsed = _address(address)
        return parsed is not None and (parsed.is_global or any(parsed in net for net in _DOCUMENTED))

    def name(self, address: str) -> str:
        """For people: the asset with its address, or the address and that nobody knows it."""
        asset = self.asset(address)
        if asset is not None:
            return f"{asset.id} ({address})"
        return f"{address}, which the site model doesn't know," if self.stranger(address) else address

    def last(self, address: str) -> str:
        """As `name`, where the sentence doesn't go on."""
        return self.name(address).rstrip(",")

    def assets(self, *addresses: str) -> tuple[str, ...]:
        """Ids of the assets that have these addresses, each once."""
        known = (self.asset(address) for address in addresses)
        return tuple(dict.fromkeys(asset.id for asset in known if asset is not None))

    def place(self, address: str) -> str:
        """The physical zone of the asset with this address; empty where nobody knows."""
        asset = self.asset(address)
        return (asset.zone or "") if asset is not None else ""

    def is_engineering(self, address: str) -> bool:
        """Whether it is an engineering station."""
        asset = self.asset(address)
        return isinstance(asset, Host) and asset.role == "engineering"

    def asks(self, address: str) -> bool:
        """Whether the model gives it a role that asks controllers: a console, an engineering station, a server."""
        asset = self.asset(address)
        return isinstance(asset, Host) and asset.role in _ASKING

    def zone(self, address: str) -> str | None:
        """The security zone of an address: its asset's, or its network's."""
        asset = self.asset(address)
        if asset is not None and asset.security_zone is not None:
            return asset.security_zone
        parsed = _address(address)
        nets = (zone for net, zone in self._networks if parsed is not None and parsed in net)
        return next(nets, None)

    def level(self, address: str) -> float | None:
        """The Purdue level of an address's zone; None where nobody knows."""
        zone = self.zone(address)
        return None if zone is None else self._levels.get(zone)

    def uncharted(self, client: str, server: str, protocol: str) -> tuple[str, str] | None:
        """The zones between which two nodes speak without a conduit for it; None where there is one, or no border."""
        begin, end = self.zone(client), self.zone(server)
        if begin is None or end is None or begin == end or not (self.is_node(client) and self.is_node(server)):
            return None
        return None if self.allowed(begin, end, protocol) else (begin, end)

    def allowed(self, begin: str, end: str, protocol: str) -> bool:
        """Whether a conduit leads a client in one zone to a server in another by this protocol."""
        named = called(protocol)
        for conduit in self._conduits:
            ends = (conduit.from_, conduit.to)
            if protocol in _VAGUE and set(ends) == {begin, end}:
                return True
            if ends == (begin, end) and (not conduit.protocols or named in conduit.protocols):
                return True
        return False


def called(protocol: str) -> str:
    """A protocol of network records by the site model's name."""
    return _CALLED.get(Protocol(protocol), protocol) if protocol in set(Protocol) else protocol


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
