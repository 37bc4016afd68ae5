"""What can flow at each frame: connections gated by the states of their pumps and valves, metered or bounded.

Every connection gets an interval [low, high] in m3/s per frame. Steady and metered it is a point; in the frame of a
switching and the one after it reaches down to 0; unmetered and open it reaches to the capacity; closed it is 0.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats, SignalTable, View, earlier
from infrastress.site import Site
from infrastress.site.process import Connection

__all__ = ["Branch", "FlowNet", "Flows", "gate"]

Bools = npt.NDArray[np.bool_]
_SHUT = 0.02


@dataclass(frozen=True)
class Branch:
    """A connection with its signals: rows of the states that gate it, its meter, its meter's uncertainty in m3/s."""

    connection: Connection
    gates: tuple[str, ...]
    meter: str | None
    sigma: float
    relative: float
    capacity: float | None
    shares_meter: tuple[int, ...]


@dataclass(frozen=True)
class Flows:
    """Of each branch, over the view's columns: surely open, possibly open, low and high flow, its uncertainty, m3/s."""

    open: Bools
    maybe: Bools
    low: Floats
    high: Floats
    sigma: Floats


def gate(mean: Floats, last: Floats) -> tuple[Bools, Bools]:
    """(surely open, possibly open) of a state signal over this frame and the one before.

    A state that isn't steady over both frames, or unknown, is possibly open and not surely.
    """
    with np.errstate(invalid="ignore"):
        steady = (last > _SHUT) & (np.abs(mean - last) <= 0.05 * last)
        shut = (mean <= _SHUT) & (last <= _SHUT)
    was_steady, was_shut = np.zeros_like(steady), np.zeros_like(shut)
    was_steady[..., 1:], was_shut[..., 1:] = steady[..., :-1], shut[..., :-1]
    return steady & was_steady, ~(shut & was_shut)


class FlowNet:
    """The site's connections as gated branches."""

    def __init__(self, site: Site, table: SignalTable) -> None:
        self.table = table
        metered: dict[str, list[int]] = {}
        for i, connection in enumerate(site.connections):
            if connection.flow:
                metered.setdefault(connection.flow, []).append(i)
        branches = []
        for i, connection in enumerate(site.connections):
            gates = tuple(state for asset in connection.through if (state := table.of_kind(asset, "state")) is not None)
            meter = connection.flow if connection.flow in table.row else None
            accuracy = table.accuracy(meter) if meter else 0.0
            branches.append(
                Branch(
                    connection,
                    gates,
                    meter,
                    max(accuracy, table.resolution(meter) if meter else 0.0),
                    # Where a meter's maker states no accuracy, 2 % of reading is what a plain industrial meter keeps.
                    0.0 if accuracy > 0 else 0.02,
                    connection.capacity_m3h / 3600.0 if connection.capacity_m3h else None,
                    tuple(j for j in metered.get(connection.flow or "", ()) if j != i),
                )
            )
        self.branches: tuple[Branch, ...] = tuple(branches)

    def over(self, view: View) -> Flows:
        """Flows of all branches over the view's columns; computed once a view."""
        if (known := view.cache.get("flows")) is not None:
            found: Flows = known
            return found
        n, columns = len(self.branches), view.mean.shape[1]
        surely, maybe = np.ones((n, columns), bool), np.ones((n, columns), bool)
        states: dict[str, tuple[Bools, Bools]] = {}
        for i, branch in enumerate(self.branches):
            for state in branch.gates:
                if state not in states:
                    row = self.table.row[state]
                    states[state] = gate(view.mean[row], view.last[row])
                surely[i] &= states[state][0]
                maybe[i] &= states[state][1]
        low, high, sigma = np.zeros((n, columns)), np.zeros((n, columns)), np.zeros((n, columns))
        for i, branch in enumerate(self.branches):
            if branch.meter is None:
                top = np.inf if branch.capacity is None else branch.capacity
                high[i] = np.where(maybe[i], top, 0.0)
                low[i] = -high[i] if branch.connection.two_way else 0.0
                continue
            rate = view.mean[self.table.row[branch.meter]]
            before = earlier(rate, 1)
            alone = surely[i].copy()
            for other in branch.shares_meter:
                alone &= ~maybe[other]
            least, most = np.minimum(rate, before), np.maximum(rate, before)
            low[i] = np.where(maybe[i], np.where(alone, least, np.minimum(least, 0.0)), 0.0)
            high[i] = np.where(maybe[i], np.where(alone, most, np.maximum(most, 0.0)), 0.0)
            sigma[i] = np.where(maybe[i], branch.sigma + branch.relative * np.abs(rate), 0.0)
        view.cache["flows"] = flows = Flows(surely, maybe, low, high, sigma)
        return flows
