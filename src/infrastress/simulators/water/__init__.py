"""A water network: EPANET's hydraulics, controllers that can be lied to, instruments, and what can happen to them."""

from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.ranges import RANGES, Ranges

__all__ = ["RANGES", "Ranges", "WaterOptions"]
