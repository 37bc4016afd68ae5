"""A network model run as written: EPANET's own controls and demands, values at its report times."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.hydraulics.toolkit import Code
from infrastress.simulators.water.hydraulics import Hydraulics

__all__ = ["Series", "open_loop"]

Array = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """A model run as written, at its report times: n times, by node or link; SI.

    Attributes:
        seconds: n; head, demand: n x nodes, m and m3/s; flow: n x links, m3/s; open: n x links.
    """

    seconds: npt.NDArray[np.int64]
    head: Array
    demand: Array
    flow: Array
    open: npt.NDArray[np.bool_]


def open_loop(engine: Hydraulics, nodes: Indexes | None = None, links: Indexes | None = None) -> Series:
    """Run a network by EPANET's own controls and demands from its beginning; as often as wanted.

    Args:
        engine: opened with `Settings(controls=True)`.
        nodes: positions of the nodes that are wanted, all where None: reading takes longer than solving.
        links: the same of links.
    """
    project, units = engine.project, engine.units
    at_nodes = np.arange(len(engine.nodes)) if nodes is None else nodes
    at_links = np.arange(len(engine.links)) if links is None else links
    # Water leaves only here; a link that carries any is open
    leaving = np.flatnonzero(np.isin(at_nodes, [*engine.drawers, *engine.emitters, *engine.tanks, *engine.reservoirs]))
    read_head = project.reader("node", Code.HEAD, at_nodes.tolist())
    read_demand = project.reader("node", Code.DEMAND, at_nodes[leaving].tolist())
    read_flow = project.reader("link", Code.FLOW, at_links.tolist())
    report = max(project.time(Code.REPORT_STEP), 1)
    seconds, head, demand, flow, status = [], [], [], [], []
    project.begin()
    while True:
        second, _ = project.solve()
        if second % report == 0:
            seconds.append(second)
            head.append(read_head().copy())
            demand.append(read_demand().copy())
            flow.append(read_flow().copy())
            open_ = flow[-1] != 0
            for i in np.flatnonzero(~open_).tolist():
                open_[i] = project.get("link", Code.STATUS, int(at_links[i])) > 0
            status.append(open_)
        if not project.advance():
            break
    drawn = np.zeros((len(seconds), len(at_nodes)))
    drawn[:, leaving] = np.array(demand) * units.flow
    return Series(
        np.array(seconds), np.array(head) * units.length, drawn, np.array(flow) * units.flow, np.array(status)
    )
