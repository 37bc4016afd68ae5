"""The oil depot: tank farm, its instruments, its people and what can happen to them."""

from infrastress.simulators.depot.options import DepotOptions
from infrastress.simulators.depot.ranges import RANGES, Ranges
from infrastress.simulators.depot.simulator import DepotSimulator

__all__ = ["RANGES", "DepotOptions", "DepotSimulator", "Ranges"]
