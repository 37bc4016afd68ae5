"""A water network: EPANET's hydraulics, controllers that can be lied to, instruments, and what can happen to them."""

from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.ranges import RANGES, Ranges
from infrastress.simulators.water.simulator import WaterSimulator

__all__ = ["RANGES", "Ranges", "WaterOptions", "WaterSimulator"]
