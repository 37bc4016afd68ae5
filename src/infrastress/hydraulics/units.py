"""EPANET's units in SI."""

from dataclasses import dataclass

__all__ = ["Units"]

FOOT = 0.3048
# EPANET's flow units by its code: m3/s of one, and how many make 1 ft3/s inside EPANET (its types.h).
_FLOWS = (
    (FOOT**3, 1.0),
    (3.785411784e-3 / 60, 448.831),
    (3785.411784 / 86400, 0.64632),
    (4546.09 / 86400, 0.5382),
    (43560 * FOOT**3 / 86400, 1.9837),
    (1e-3, 28.317),
    (1e-3 / 60, 1699.0),
    (1e3 / 86400, 2.4466),
    (1 / 3600, 101.94),
    (1 / 86400, 2446.6),
)
_US = 5  # codes below are of US units
_M3_OF_FT3 = 0.028317  # EPANET's own constant
PSI_OF_FOOT = 0.4333  # EPANET's own constant


@dataclass(frozen=True)
class Units:
    """SI of one of the file's units; `pressure` is how many of its units one metre of water is."""

    flow: float
    length: float
    volume: float
    pressure: float

    @classmethod
    def of(cls, code: int) -> "Units":
        """Of EPANET's code of flow units. Pressure is told by `Hydraulics` once something is solved."""
        flow, per_cfs = _FLOWS[code]
        us = code < _US
        # Volumes by the same constants as flows, or a balance would drift by EPANET's rounding of them.
        return cls(
            flow, FOOT if us else 1.0, flow * per_cfs / (1.0 if us else _M3_OF_FT3), PSI_OF_FOOT / FOOT if us else 1
        )
