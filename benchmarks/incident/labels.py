"""Which detections belong to which event, by time and by what they are about.

The rule, written down before evaluation seeds were scored with it. A detection belongs to an event when it is raised
between the beginning of one of the event's spans (ten minutes earlier: a program is loaded before its effect) and
an hour behind the span's end (four hours where telemetry shows the span: a process swings back slowly), and

- it names an asset, a person, an account or the zone of that span, or
- it is of reports, and the span is of people who report; it is of tracks, and the span is one, or
- captures gave it, and the span is of the network: a stranger asks every controller, the truth names one, or
- telemetry gave it and the span is of the process or the network, or captures gave it and a span of the process has
  begun within the hour, and one of its assets is at most two steps from one of the span's along connections,
  controllers and what they drive (the site's places without zones).

What people or a radar told goes before names (whose sentences name what lies beside), these before nearness, more names
before fewer, the event that the run is about before the one beside it. What belongs to no event is noise: ordinary
oddities, and detectors that are wrong.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.incident.takes import Span, Take
from infrastress.core.time import HOUR, MINUTE
from infrastress.events import Detection, Event, decode_event
from infrastress.fusion.places import place_graph
from infrastress.site import Site

__all__ = ["Labelled", "Labels"]

_TRACKS = ("hostile_track", "ghost_track", "own_drone")
BEFORE, BEHIND, BEHIND_PROCESS, STEPS = 10 * MINUTE, HOUR, 4 * HOUR, 2


class Labelled(NamedTuple):
    """A raised detection, its body, and the event that it belongs to; empty for none."""

    event: Event
    body: Detection
    of: str


class Labels:
    """Labels detections of a site's takes."""

    def __init__(self, site: Site) -> None:
        self._graph: Any = place_graph(site)
        self._graph.remove_nodes_from([name for name in self._graph if name not in site.asset_by_id])
        self._near: dict[str, frozenset[str]] = {}

    def of(self, take: Take) -> list[Labelled]:
        """All raised detections but notices of severity info, in order of time."""
        found = []
        for _, _, data in take.records:
            event = decode_event(data)
            body = event.body
            if isinstance(body, Detection) and body.phase == "raised" and body.severity != "info":
                names = frozenset(take.names.get(event.id, ())) | frozenset(event.assets)
                found.append(Labelled(event, body, self._label(event, body, names, take.spans)))
        return sorted(found, key=lambda one: (one.event.occurred, one.event.id))

    def _label(self, event: Event, body: Detection, names: frozenset[str], spans: Sequence[Span]) -> str:
        best, mine = (0, 0, False), ""
        for span in spans:
            if span.event and self._during(event.occurred, span):
                rank = (*self._closeness(event, body, names, span), span.event == "main")
                if rank[0] and rank > best:
                    best, mine = rank, span.event
        return mine

    def _during(self, at: int, span: Span) -> bool:
        behind = BEHIND_PROCESS if span.process else BEHIND
        return span.began - BEFORE <= at <= span.ended + behind

    def _closeness(self, event: Event, body: Detection, names: frozenset[str], span: Span) -> tuple[int, int]:
        """(3 told of, 2 named, 1 near, 0 neither; how many names)."""
        if body.source_kind == "reports" and span.kind.endswith("_reports"):
            return 3, 0
        if body.detector == "tracks" and span.kind in _TRACKS:
            return 3, 0
        shared = len(names & frozenset(span.names)) + bool(event.zone and event.zone == span.zone)
        if shared:
            return 2, shared
        if body.source_kind == "network" and span.network:
            return 1, 1
        loading = body.source_kind == "network" and span.process and event.occurred <= span.began + BEHIND
        if loading or (body.source_kind == "telemetry" and (span.process or span.network)):
            around = frozenset().union(*(self._around(name) for name in span.names))
            return int(bool(frozenset(event.assets) & around)), 0
        return 0, 0

    def _around(self, asset: str) -> frozenset[str]:
        if asset not in self._near:
            import networkx as nx

            graph = self._graph
            reached = nx.single_source_shortest_path_length(graph, asset, cutoff=STEPS) if asset in graph else {}
            self._near[asset] = frozenset(reached)
        return self._near[asset]
