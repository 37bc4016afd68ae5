"""Who speaks on a site's control network: controllers with their memory, the master that polls them, consoles."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_address, ip_network
from typing import NamedTuple

from infrastress.core.errors import SimulationError
from infrastress.simulators.traffic.frames import End, mac_of, packed
from infrastress.site import Site
from infrastress.site.assets import Controller, Host, Interface
from infrastress.site.control import comparisons
from infrastress.site.process import Comparison
from infrastress.site.registers import FUNCTIONS, Cell, Memory, cells_of
from infrastress.site.spans import Limits, items_of, plan

__all__ = ["Device", "Node", "Plant", "Setpoint"]

MODBUS = 502
_SCALE = 1000
"""A setpoint's register holds thousandths of its signal's own unit."""


class Node(NamedTuple):
    """A computer or controller; `asset` is empty where the site model doesn't have it."""

    asset: str
    address: bytes
    mac: bytes

    @classmethod
    def at(cls, address: str, asset: str = "", mac: str | None = None) -> "Node":
        """By its address; the MAC address is made of that where nobody says it."""
        raw = packed(address)
        return cls(asset, raw, mac_of(raw) if mac is None else bytes.fromhex(mac.replace(":", "")))


class Setpoint(NamedTuple):
    """A level at which a controller switches: where it is held, its value in the signal's own unit, and its range."""

    signal: str
    address: int
    value: float

    @property
    def word(self) -> int:
        """As its register holds it."""
        return self.scaled(1.0)

    def scaled(self, factor: float) -> int:
        """The register's word for a multiple of the value."""
        return max(0, min(65_535, round(self.value * factor * _SCALE)))


@dataclass
class Device:
    """A controller that speaks Modbus.

    Attributes:
        router: of its network; who speaks from elsewhere has its MAC address here.
        spans: what a master reads: (function, address, count).
        coils: by state signal, the coil that drives it.
    """

    node: Node
    unit: int
    port: int
    vlan: int | None
    network: IPv4Network
    router: Node
    memory: Memory
    spans: list[tuple[int, int, int]]
    coils: dict[str, int] = field(default_factory=dict)
    setpoints: list[Setpoint] = field(default_factory=list)

    def ends(self, client: Node, port: int) -> tuple[End, End]:
        """Client and controller as the tap at the controller's network sees them."""
        near = ip_address(client.address) in self.network
        mac = client.mac if near else self.router.mac
        return End(client.address, mac, port), End(self.node.address, self.node.mac, self.port)


class Plant:
    """The control network of a site.

    Args:
        site: the site model; controllers without a `modbus` interface aren't on the network.
        tags: signals of the telemetry, in its order.

    Attributes:
        devices: controllers by id.
        master: polls them; consoles: operators' places; station: the engineers'.

    Raises:
        SimulationError: nothing to be polled, or nobody to poll.
    """

    def __init__(self, site: Site, tags: Sequence[str]) -> None:
        self.site = site
        nets = [(one.id, ip_network(one.cidr), one.vlan) for one in site.networks]
        self._networks = {name: (net, vlan) for name, net, vlan in nets if isinstance(net, IPv4Network)}
        cells = cells_of(site)
        found = [one for one in site.assets if isinstance(one, Controller)]
        devices = (self._device(one.id, _modbus(one.interfaces), cells.get(one.id, []), tags) for one in found)
        self.devices = {one.node.asset: one for one in devices if one is not None}
        hosts = [one for one in site.assets if isinstance(one, Host) and one.interfaces]
        hosts = [one for one in hosts if one.interfaces[0].network in self._networks]
        nodes = {one.id: Node.at(one.interfaces[0].address, one.id, one.interfaces[0].mac) for one in hosts}
        self.nodes = nodes
        near = {one.from_ for one in site.conduits if "modbus" in one.protocols}
        reach = [one for one in hosts if one.security_zone in near]
        self.consoles = [nodes[one.id] for one in reach if one.role == "hmi"]
        self.station = next((nodes[one.id] for one in reach if one.role == "engineering"), None)
        masters = [nodes[one.id] for one in reach if one.role == "server"] + self.consoles
        if not self.devices or not masters:
            what = "no controller has a modbus interface" if not self.devices else "no host may reach its controllers"
            raise SimulationError(
                f"the site has no traffic to write: {what}",
                remedy="give controllers `interfaces` and hosts a security zone with a conduit for modbus",
            )
        self.master = masters[0]
        self.consoles = self.consoles or [self.master]
        self.offices = [nodes[one.id] for one in hosts if one.role == "workstation"]

    def show(self, own: Sequence[float]) -> None:
        """Take what the instruments show now."""
        for device in self.devices.values():
            device.memory.show(own)

    def free(self, network: IPv4Network, last: int) -> Node:
        """A node that the site model doesn't have, with an address of a network that ends in `last` or above."""
        taken = {node.address for node in (*self.nodes.values(), *(one.node for one in self.devices.values()))}
        base = int(network.network_address)
        address = next(a for n in range(last, 255) if (a := (base + n).to_bytes(4, "big")) not in taken)
        return Node("", address, mac_of(address))

    def network_of(self, node: Node) -> IPv4Network:
        """The network that a node is in."""
        return next(net for net, _ in self._networks.values() if ip_address(node.address) in net)

    def _device(
        self, name: str, interface: Interface | None, cells: Sequence[Cell], tags: Sequence[str]
    ) -> Device | None:
        if interface is None or not cells or interface.network not in self._networks:
            return None
        network, vlan = self._networks[interface.network]
        signals = self.site.signal_by_id
        placed = [signals[cell.signal].model_copy(update={"register_": cell.register}) for cell in cells]
        spans = [(FUNCTIONS[one.table], one.address, one.length) for one in plan(items_of(placed), Limits())]
        states = [one.id for one in placed if one.kind == "state"]
        setpoints = self._setpoints(set(states))
        spare = {"coil": len(states), "holding": len(setpoints)}
        device = Device(
            node=Node.at(interface.address, name, interface.mac),
            unit=1 if interface.unit_id is None else interface.unit_id,
            port=interface.port or MODBUS,
            vlan=vlan,
            network=network,
            router=self._router(interface.network, network),
            memory=Memory(cells, tags, spare),
            spans=spans,
            coils={signal: i for i, signal in enumerate(states)},
            setpoints=setpoints,
        )
        for one in setpoints:
            device.memory.tables["holding"][one.address] = one.word
        return device

    def _router(self, name: str, network: IPv4Network) -> Node:
        """The firewall or gateway that stands in a network; its first address where the site model has none."""
        hosts = (one for one in self.site.assets if isinstance(one, Host) and one.role in ("firewall", "gateway"))
        for host in hosts:
            for one in host.interfaces:
                if one.network == name:
                    return Node.at(one.address, host.id, one.mac)
        return Node.at(str(network.network_address + 1))

    def _setpoints(self, states: set[str]) -> list[Setpoint]:
        """Levels at which the controller of these actuators switches them, each once."""
        levels: dict[Comparison, None] = {}
        for rule in self.site.control_rules:
            if rule.actuator in states:
                levels |= dict.fromkeys(one for one in comparisons(rule.when) if one.is_ in ("above", "below"))
        return [Setpoint(one.signal, i, one.value) for i, one in enumerate(levels)]


def _modbus(interfaces: Sequence[Interface]) -> Interface | None:
    return next((one for one in interfaces if one.protocol == "modbus"), None)
