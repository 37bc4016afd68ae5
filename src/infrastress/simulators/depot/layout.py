"""What the simulator reads from the site model: tanks, ways in and out, meters, states and switches."""

from dataclasses import dataclass
from math import pi

from infrastress.core.errors import SimulationError
from infrastress.core.units import scale_of
from infrastress.site import Site
from infrastress.site.assets import Boundary, GasDetector, LevelSwitch, Tank
from infrastress.site.process import Connection, Signal

__all__ = ["Layout", "Switch"]


@dataclass(frozen=True)
class Switch:
    """An independent high-high switch and its two signals."""

    device: str
    level_m: float
    trip: str
    bypass: str


class Layout:
    """The site as the depot simulator needs it.

    Attributes:
        tanks: by id, in the site's order.
        receipts: boundary -> tank -> connection.
        loading: tank -> connection.
        transfers: (tank, tank) -> connection.
        switches: by tank.
        level, temperature: tank -> signal id.
        pressures: valve -> signal id of the line behind it.
        gas_heads: all gas detectors.

    Raises:
        SimulationError: the site is no depot this simulator can play.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tanks = {asset.id: asset for asset in site.assets if isinstance(asset, Tank)}
        self.gas_heads = tuple(asset for asset in site.assets if isinstance(asset, GasDetector))
        self.receipts: dict[str, dict[str, Connection]] = {}
        self.loading: dict[str, Connection] = {}
        self.transfers: dict[tuple[str, str], Connection] = {}
        for connection in site.connections:
            self._sort(connection)
        self.level = {tank: self._signal(tank, "level").id for tank in self.tanks}
        self.temperature = {tank: self._signal(tank, "temperature").id for tank in self.tanks}
        self.switches = self._switches()
        self.pressures = {signal.asset: signal.id for signal in site.signals if signal.kind == "pressure"}
        if not self.tanks or not self.receipts or not self.loading:
            raise SimulationError(
                f"site {site.id!r} has no tanks with a way in and a way out",
                remedy="give it tanks and connections from and to boundaries, as in the depot template",
            )
        for tank in self.tanks.values():
            if tank.diameter_m is None:
                raise SimulationError(
                    f"tank {tank.id} has no diameter", where="assets", remedy="the depot simulator needs diameter_m"
                )

    def area(self, tank: str) -> float:
        """Nominal cross-section of a tank, m2."""
        diameter = self.tanks[tank].diameter_m or 0.0
        return pi * diameter**2 / 4

    def product(self, tank: str) -> str:
        """Substance in a tank."""
        return self.tanks[tank].substance or ""

    def tanks_of(self, product: str) -> list[str]:
        """Tanks of a product, in the site's order."""
        return [tank for tank in self.tanks if self.product(tank) == product]

    def products(self) -> list[str]:
        """All products stored, in the site's order."""
        return list(dict.fromkeys(self.product(tank) for tank in self.tanks))

    def volatile(self, tank: str) -> bool:
        """Whether the content gives off vapour that a gas head sees: flash point below 21 degC."""
        known = {substance.id: substance.flash_point_c for substance in self.site.substances}
        flash = known.get(self.product(tank))
        return flash is not None and flash < 21

    def state_of(self, asset: str) -> str | None:
        """Id of the asset's state signal."""
        found = [signal.id for signal in self.site.signals_of.get(asset, ()) if signal.kind == "state"]
        return found[0] if found else None

    def scale(self, signal: str) -> tuple[float, float, float]:
        """(factor, offset, resolution) of a signal: SI = own unit x factor + offset; resolution in its own unit."""
        known = self.site.signal_by_id[signal]
        scale = scale_of(known.unit)
        return scale.factor, scale.offset, known.resolution

    def _sort(self, connection: Connection) -> None:
        a, b = self.site.asset_by_id.get(connection.from_), self.site.asset_by_id.get(connection.to)
        if isinstance(a, Boundary) and isinstance(b, Tank):
            self.receipts.setdefault(a.id, {})[b.id] = connection
        elif isinstance(a, Tank) and isinstance(b, Boundary):
            self.loading[a.id] = connection
        elif isinstance(a, Tank) and isinstance(b, Tank):
            self.transfers[a.id, b.id] = connection

    def _signal(self, asset: str, kind: str) -> Signal:
        for signal in self.site.signals_of.get(asset, ()):
            if signal.kind == kind:
                return signal
        raise SimulationError(
            f"{asset} has no {kind} signal", where="signals", remedy="the depot simulator plays metered tanks only"
        )

    def _switches(self) -> dict[str, Switch]:
        found: dict[str, Switch] = {}
        for interlock in self.site.interlocks:
            trip = self.site.signal_by_id.get(interlock.when.signal)
            device = self.site.asset_by_id.get(trip.asset) if trip else None
            if trip and isinstance(device, LevelSwitch) and interlock.bypass:
                found[device.tank] = Switch(device.id, device.level_m, trip.id, interlock.bypass)
        return found
