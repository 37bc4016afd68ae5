"""What can flow at each frame: connections gated by the states of their pumps and valves, metered or bounded.

Every connection gets an interval [low, high] in m3/s per frame. Steady and metered it is a point; in the frame of a
switching and the one after it reaches down to 0; unmetered and open it reaches to the capacity; closed it is 0.

A meter tells a flow at the ends of a frame. Where a pump or valve switches in between, the flow through a pipe beside
it that nothing gates may meanwhile have been anything it ever is: its interval is then what normal data showed of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import SHUT, Floats, SignalTable, View, earlier
from infrastress.site import Site
from infrastress.site.assets import Valve
from infrastress.site.process import Connection

__all__ = ["Branch", "FlowNet", "Flows", "gate"]

Bools = npt.NDArray[np.bool_]


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
    """Of each branch, over the view's columns, in m3/s.

    Attributes:
        open, maybe: surely and possibly open.
        low, high: between which its flow lies; least, most: the same by its meter's readings alone.
        sigma: its meter's uncertainty.
    """

    open: Bools
    maybe: Bools
    low: Floats
    high: Floats
    least: Floats
    most: Floats
    sigma: Floats


def gate(mean: Floats, last: Floats) -> tuple[Bools, Bools]:
    """(surely open, possibly open) of a state signal over this frame and the one before.

    A state that isn't steady over both frames, or unknown, is possibly open and not surely.
    """
    with np.errstate(invalid="ignore"):
        steady = (last > SHUT) & (np.abs(mean - last) <= 0.05 * last)
        shut = (mean <= SHUT) & (last <= SHUT)
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
        self.area_of = _areas(site, self)
        self._passive = self._beside(states)
        n = len(branches)
        # Unlearned, nothing more is known of what flows between two readings than the readings.
        self._reach = np.stack((np.full(n, np.inf), np.full(n, -np.inf)))
        self._seen = np.stack((np.full(n, np.inf), np.full(n, -np.inf)))

    def _beside(self, states: list[str]) -> list[tuple[int, npt.NDArray[np.intp]]]:
        """Metered branches that nothing gates, each with the states of what switches in the areas at its ends."""
        found = []
        areas = [{self.area_of[b.connection.from_], self.area_of[b.connection.to]} for b in self.branches]
        for i, branch in enumerate(self.branches):
            if branch.meter is None or branch.gates:
                continue
            near = {gate for j, other in enumerate(self.branches) if areas[i] & areas[j] for gate in other.gates}
            if near:
                found.append((i, np.array([states.index(gate) for gate in sorted(near)], dtype=np.intp)))
        return found

    def _unsteady(self, view: View) -> list[Bools]:
        """Of each passive branch, where something beside it switched or may have."""
        mean, last = view.mean[self._states], view.last[self._states]
        with np.errstate(invalid="ignore"):
            moved: Bools = ~((np.abs(last - earlier(last, 1)) <= SHUT) & (np.abs(mean - last) <= SHUT))
        return [np.logical_or.reduce(moved[rows], axis=0) for _, rows in self._passive]

    def observe(self, view: View) -> None:
        """Look at normal data: how far the flow of each passive branch ever reaches."""
        rate = view.mean[self._meters, view.context :]
        for i, _ in self._passive:
            if np.isfinite(rate[i]).any():
                self._seen[0, i] = min(self._seen[0, i], np.nanmin(rate[i]))
                self._seen[1, i] = max(self._seen[1, i], np.nanmax(rate[i]))

    def learning(self) -> None:
        """Say nothing of frames in which something beside a passive branch switches: how far it reaches isn't known."""
        self._reach[0], self._reach[1] = -np.inf, np.inf

    def learned(self) -> dict[str, list[float]]:
        """Lowest and highest flow of each passive branch's meter."""
        known = [(str(self.branches[i].meter), self._seen[:, i].tolist()) for i, _ in self._passive]
        return {meter: seen for meter, seen in known if seen[0] <= seen[1]}

    def apply(self, reach: Mapping[str, Sequence[float]]) -> None:
        """Take reaches of meters that the site still has."""
        for i, branch in enumerate(self.branches):
            if branch.meter is not None and branch.meter in reach:
                self._reach[:, i] = reach[branch.meter]

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
        told = low.copy(), high.copy()
        for (i, _), unsteady in zip(self._passive, self._unsteady(view), strict=True):
            low[i] = np.where(unsteady & ~np.isnan(low[i]), np.minimum(low[i], self._reach[0, i]), low[i])
            high[i] = np.where(unsteady & ~np.isnan(high[i]), np.maximum(high[i], self._reach[1, i]), high[i])
        view.cache["flows"] = flows = Flows(surely, maybe, low, high, *told, sigma)
        return flows


def _areas(site: Site, net: "FlowNet") -> dict[str, str]:
    """Each asset's area: junctions and tanks that unmetered, unbounded connections join are one; boundaries are not."""
    parent = {asset.id: asset.id for asset in site.assets}
    boundary = {asset.id for asset in site.assets if asset.type == "boundary"}

    def top(asset: str) -> str:
        while parent[asset] != asset:
            parent[asset] = parent[parent[asset]]
            asset = parent[asset]
        return asset

    for branch in net.branches:
        start, end = branch.connection.from_, branch.connection.to
        if branch.meter is None and branch.capacity is None and not {start, end} & boundary:
            parent[top(start)] = top(end)
    return {asset: top(asset) for asset in parent}
