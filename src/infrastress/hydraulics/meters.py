"""The site's signals found in its network model: what each one measures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infrastress.core.units import scale_of
from infrastress.site import Site
from infrastress.site.epanet_controls import Quantity
from infrastress.site.process import Signal

__all__ = ["MODEL", "PASCAL_PER_METRE", "Meter", "elements_of", "find_meters"]

MODEL = Path("network") / "model.inp"
"""Where a site folder has its network model."""
PASCAL_PER_METRE = 9806.65
_LINKS = ("pump", "valve", "pipe")
_NODES = ("tank", "boundary", "junction")
_QUANTITIES: dict[str, Quantity] = {
    "level": "level",
    "pressure": "pressure",
    "flow": "flow",
    "state": "status",
    "switch": "status",
    "position": "status",
    "speed": "setting",
}


@dataclass(frozen=True)
class Meter:
    """One signal on an element of the network.

    Attributes:
        signal: of the site; column: its column among all meters.
        quantity, element: what it measures of the network; `demand` of a tank is what flows in.
        node, position: whether the element is a node, and its position in the network.
        factor: SI of the signal's unit that one SI unit of the network is (pressures are m inside, Pa where the
            signal's unit is one of pressure).
        scale: (factor, offset) from the signal's own unit to SI.
    """

    signal: Signal
    column: int
    quantity: Quantity
    element: str
    node: bool
    position: int
    factor: float
    scale: tuple[float, float]


def elements_of(site: Site) -> dict[str, tuple[str, bool]]:
    """The element that each asset is in the network, and whether it is a link."""
    return {
        asset.id: (asset.element or asset.id, asset.type in _LINKS)
        for asset in site.assets
        if asset.type in _LINKS or asset.type in _NODES
    }


def find_meters(
    site: Site, nodes: Mapping[str, int], links: Mapping[str, int]
) -> tuple[tuple[Meter, ...], tuple[str, ...]]:
    """Signals on elements of the network in the site's order, and ids of those that measure nothing of it.

    Args:
        site: whose assets name their elements.
        nodes: positions of the network's nodes by name.
        links: the same of its links.
    """
    assets = elements_of(site)
    meters: list[Meter] = []
    left: list[str] = []
    for signal in site.signals:
        element, link = assets.get(signal.asset, ("", False))
        quantity = _QUANTITIES.get(signal.kind)
        position = (links if link else nodes).get(element)
        if quantity == "flow" and not link:
            quantity = "demand"  # what is drawn at a junction, what flows into a tank
        fits = link == (quantity in ("status", "setting", "flow"))
        if quantity is None or position is None or not fits or signal.source is None:
            left.append(signal.id)
            continue
        scale = scale_of(signal.unit)
        water = quantity in ("level", "pressure") and scale.dimension != "[length]"
        meters.append(
            Meter(
                signal, len(meters), quantity, element, not link, position,
                PASCAL_PER_METRE if water else 1.0, (scale.factor, scale.offset),
            )
        )  # fmt: skip
    return tuple(meters), tuple(left)
