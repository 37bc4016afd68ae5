"""Which asset an alert is about: by address, by host name, with or without its domain."""

from collections import Counter
from ipaddress import ip_address

from infrastress.detectors.alerts.records import RawAlert
from infrastress.events import Event, ToolAlert
from infrastress.site import Site

__all__ = ["Hosts"]


class Hosts:
    """Look-ups in the site model. A name that two assets have is nobody's."""

    def __init__(self, site: Site) -> None:
        self._zones = {asset.id: asset.zone or "" for asset in site.assets}
        words = Counter(asset.name.lower() for asset in site.assets if asset.name)
        names = {asset.name.lower(): asset.id for asset in site.assets if words[asset.name.lower()] == 1}
        names |= {asset.id.lower(): asset.id for asset in site.assets}
        names |= {_plain(interface.address): asset.id for asset in site.assets for interface in asset.interfaces}
        self.names = names
        """Asset by address, by lower-case name and by lower-case id."""

    def assets(self, host: str) -> tuple[str, ...]:
        """The asset that a normalised host is, if it is one."""
        return (host,) if host in self._zones else ()

    def zone(self, host: str) -> str:
        """Where it stands; empty where nobody knows."""
        return self._zones.get(host, "")

    def record(self, event: Event, body: ToolAlert) -> RawAlert:
        """The alert as the grouping takes it, about the end of a conversation that the site knows."""
        host = body.host or (event.assets[0] if event.assets else "")
        address, peer = _plain(body.address), _plain(body.peer)
        if not host and address not in self.names and peer in self.names:
            address = peer
        return RawAlert(
            event.occurred, host, body.signature, body.family, body.sensor or event.source, address, body.severity,
            event.id, body.techniques,
        )  # fmt: skip


def _plain(address: str) -> str:
    """One spelling of an address."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address
