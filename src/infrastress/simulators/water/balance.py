"""No water from nothing: the balance of every junction, tank and connected part of a network, at every hydraulic step.

What flows into a junction is drawn there; the volume of a tank changes by what flowed in, less what ran over. The sum
over any set of junctions and tanks then closes too: supply + drawdown = demand + leaks + overflow + storage.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import SimulationError

__all__ = ["FLOW_TOLERANCE", "TANK_SECONDS", "Balance", "TankStep", "reached"]

Array = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]

FLOW_TOLERANCE = 2e-5
"""Of the largest flow in the network: EPANET iterates until flows change by its `ACCURACY` (0.001 of their sum), but
each iteration solves continuity exactly. What is left are trickles through shut links (1e-8 of their head)."""

LEAST_FLOW_M3S = 1e-6

TANK_SECONDS = 1.0
"""EPANET counts whole seconds, and calls a tank full or empty that is within one second's flow of it (`tanklevels` in
hydraul.c): so much may appear or vanish when a tank becomes full or empty, or ceases to be, and nothing otherwise."""

LEVEL_TOLERANCE_M = 0.0005 * 0.3048
"""EPANET's `Htol`: a tank is shut off as full or empty that is so near to it, and set to it at the next step."""

VOLUME_TOLERANCE = 1e-7  # of the tank's volume: rounding, and a volume curve read back and forth


def reached(
    sources: Indexes,
    ends: tuple[Indexes, Indexes],
    open_: npt.NDArray[np.bool_],
    both_ways: npt.NDArray[np.bool_],
    count: int,
) -> npt.NDArray[np.bool_]:
    """Which of `count` nodes water can come to from the sources, through open links in the directions they allow.

    Args:
        sources: positions of the nodes that have water.
        ends: positions of the nodes where each link begins and ends.
        open_: whether each link is open.
        both_ways: whether it lets water through from its end to its beginning too (pumps and check valves don't).
        count: number of nodes.
    """
    start, end = ends
    tails = np.concatenate([start[open_], end[open_ & both_ways]])
    heads = np.concatenate([end[open_], start[open_ & both_ways]])
    found = np.zeros(count, dtype=bool)
    found[sources] = True
    while True:
        fresh = heads[found[tails] & ~found[heads]]
        if not len(fresh):
            return found
        found[fresh] = True


@dataclass
class Balance:
    """Checks each step and keeps count.

    Attributes:
        start, end: positions of the nodes where each link begins and ends.
        junctions, tanks: positions of nodes.
        names: of nodes.
        rounding_m3: what appeared or vanished, by tank, as tanks became full or empty (see `TANK_SECONDS`).
        worst_m3s: the largest error of a junction so far.
    """

    start: Indexes
    end: Indexes
    junctions: Indexes
    tanks: Indexes
    names: tuple[str, ...]
    rounding_m3: Array = field(init=False)
    worst_m3s: float = 0.0

    def __post_init__(self) -> None:
        self.rounding_m3 = np.zeros(len(self.tanks))
        self._last_inflow = np.zeros(len(self.tanks))

    def inflow(self, flow: Array) -> Array:
        """Net inflow of each node through its links, m3/s."""
        count = len(self.names)
        found: Array = np.asarray(np.bincount(self.end, flow, count) - np.bincount(self.start, flow, count), float)
        return found

    def junction_error(self, flow: Array, inflow: Array, demand: Array) -> tuple[float, float, int]:
        """Largest error of a junction, what is allowed, and its position; a NaN is an infinite error."""
        if not len(self.junctions):
            return 0.0, LEAST_FLOW_M3S, -1
        error = np.abs(inflow[self.junctions] - demand[self.junctions])
        error[~np.isfinite(error)] = np.inf
        at = int(error.argmax())
        allowed = LEAST_FLOW_M3S + FLOW_TOLERANCE * float(np.abs(flow).max(initial=0.0))
        return float(error[at]), allowed, int(self.junctions[at])

    def check_junctions(self, second: int, flow: Array, inflow: Array, demand: Array) -> None:
        """Raise SimulationError where a junction's inflow isn't its outflow, demand and leak."""
        error, allowed, at = self.junction_error(flow, inflow, demand)
        if not error <= allowed:
            raise SimulationError(
                f"the balance of junction {self.names[at]} doesn't close: {inflow[at]:.6g} m3/s flow in and "
                f"{demand[at]:.6g} are drawn (off by {error:.3g}, allowed {allowed:.3g})",
                where=f"second {second}",
            )
        self.worst_m3s = max(self.worst_m3s, error)

    def check_tanks(self, change: "TankStep") -> Array:
        """Check the tanks over a step and return what each spilled, m3.

        Raises:
            SimulationError: a volume changed by something else than its inflow.
        """
        came = change.inflow * change.step
        before, after, (least, most) = change.before, change.after, change.limits
        excess = came - (after - before)  # > 0: came and isn't there
        slack = VOLUME_TOLERANCE * np.maximum(np.abs(most), np.abs(after)) + np.abs(came) * 1e-5 + 1e-6
        at_full, at_empty = after >= most - slack, after <= least + slack
        spilled = np.where(change.spills & at_full & (excess > 0), excess, 0.0)
        rest = excess - spilled
        worth = TANK_SECONDS * 1.001 * np.maximum(np.abs(change.inflow), np.abs(self._last_inflow))
        near = at_full | at_empty | (before >= most - slack) | (before <= least + slack)  # at either end of the step
        allowed = slack + np.where(near, worth + 2 * LEVEL_TOLERANCE_M * change.areas, 0.0)
        bad = ~(np.abs(rest) <= allowed)
        if bad.any():
            i = int(np.argmax(bad))
            raise SimulationError(
                f"the balance of tank {self.names[self.tanks[i]]} doesn't close: {came[i]:.6g} m3 flowed in and its "
                f"volume went from {before[i]:.6g} to {after[i]:.6g} m3 (off by {rest[i]:.3g}, "
                f"allowed {allowed[i]:.3g})",
                where=f"seconds {change.second} to {change.second + change.step}",
            )
        self._last_inflow = change.inflow
        self.rounding_m3 += np.where(near, np.abs(rest), 0.0)
        result: Array = spilled
        return result


@dataclass(frozen=True)
class TankStep:
    """What happened to n tanks over a step.

    Attributes:
        second, step: when it began and how long it was, s.
        inflow: net inflow through the links, m3/s; constant over a step, as EPANET integrates it.
        before, after: volumes, m3.
        limits: smallest and largest volumes, m3.
        areas: cross-sections at the surface, m2.
        spills: whether each runs over when full.
    """

    second: int
    step: int
    inflow: Array
    before: Array
    after: Array
    limits: tuple[Array, Array]
    areas: Array
    spills: npt.NDArray[np.bool_]
