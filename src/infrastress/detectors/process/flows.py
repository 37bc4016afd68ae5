"""What can flow at each frame: connections gated by the states of their pumps and valves, metered or bounded.

Every connection gets an interval [low, high] in m3/s per frame. Steady and metered it is a point; in the frame of a
switching and the one after it reaches down to 0; unmetered and open it reaches to the capacity; closed it is 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats, SignalTable, View, earlier
from infrastress.site import Site
from infrastress.site.assets import Valve
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
        ways = [connection for connection in site.connections if not self._kept_shut(site, connection)]
        metered: dict[str, list[int]] = {}
        for i, connection in enumerate(ways):
            if connection.flow:
                metered.setdefault(connection.flow, []).append(i)
        branches = []
        for connection in ways:
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
                )
            )
        self.branches: tuple[Branch, ...] = tuple(branches)
        states = sorted({state for branch in branches for state in branch.gates})
        self._states = np.array([table.row[state] for state in states], dtype=np.intp)
        # Each branch's gates as rows of the states; the row behind the last is always open and fills up.
        most = max((len(branch.gates) for branch in branches), default=0) or 1
        self._gates = np.full((len(branches), most), len(states), dtype=np.intp)
        for i, branch in enumerate(branches):
            self._gates[i, : len(branch.gates)] = [states.index(state) for state in branch.gates]
        self._meters = np.array([table.row[b.meter] if b.meter else 0 for b in branches], dtype=np.intp)
        self._sharing = [np.array(group, dtype=np.intp) for group in metered.values() if len(group) > 1]

        def column(values: Iterable[float | bool], kind: type) -> npt.NDArray[Any]:
            return np.array(list(values), dtype=kind).reshape(len(branches), 1)

        self._metered = column((b.meter is not None for b in branches), bool)
        self._two_way = column((b.connection.two_way for b in branches), bool)
        self._capacity = column((np.inf if b.capacity is None else b.capacity for b in branches), float)
        self._sigma = column((b.sigma for b in branches), float)
        self._relative = column((b.relative for b in branches), float)

    def _kept_shut(self, site: Site, connection: Connection) -> bool:
        """Whether a valve that stands closed, and reports nothing else, parts the two ends."""
        valves = (site.asset_by_id.get(asset) for asset in connection.through)
        return any(
            isinstance(valve, Valve) and valve.normally == "closed" and self.table.of_kind(valve.id, "state") is None
            for valve in valves
        )

    def over(self, view: View) -> Flows:
        """Flows of all branches over the view's columns; computed once a view."""
        if (known := view.cache.get("flows")) is not None:
            found: Flows = known
            return found
        opened, maybe_opened = gate(view.mean[self._states], view.last[self._states])
        always = np.ones((1, view.mean.shape[1]), bool)
        surely = np.all(np.vstack([opened, always])[self._gates], axis=1)
        maybe = np.all(np.vstack([maybe_opened, always])[self._gates], axis=1)
        top = np.where(maybe, self._capacity, 0.0)
        rate = view.mean[self._meters]
        before = earlier(rate, 1)
        alone = surely.copy()
        for group in self._sharing:
            alone[group] &= maybe[group].sum(axis=0) == 1
        least, most = np.minimum(rate, before), np.maximum(rate, before)
        least, most = np.where(alone, least, np.minimum(least, 0.0)), np.where(alone, most, np.maximum(most, 0.0))
        low = np.where(self._metered, np.where(maybe, least, 0.0), np.where(self._two_way, -top, 0.0))
        high = np.where(self._metered, np.where(maybe, most, 0.0), top)
        uncertainty = self._sigma + self._relative * np.abs(rate)
        sigma = np.where(self._metered & maybe, uncertainty, 0.0)
        view.cache["flows"] = flows = Flows(surely, maybe, low, high, sigma)
        return flows
