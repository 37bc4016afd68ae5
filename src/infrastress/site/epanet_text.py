"""Writes a site file, readable and commented, for a network model that WNTR has read."""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from infrastress.core.errors import InputError
from infrastress.site.epanet_parts import head_in, level_limits, pump_curve, read_controls, strapping, switched_links
from infrastress.site.metering import Metering

__all__ = ["site_text"]

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_ONE_WAY_VALVES = ("PRV", "PSV", "FCV")


class _Signal(NamedTuple):
    id: str
    element: str
    kind: str
    unit: str
    resolution: float
    accuracy: float


def site_text(network: Any, file: str, metering: Metering | None) -> str:
    """Text of the site file.

    Args:
        network: a `wntr.network.WaterNetworkModel`.
        file: name of the network's file, for the comment.
        metering: what is metered; None for the default.

    Raises:
        InputError: the metering names what the network hasn't, or gives two signals one tag.
    """
    return _Writer(network, file, metering).text()


def _quoted(text: str) -> str:
    return text if _WORD.fullmatch(text) and text.lower() not in _RESERVED else json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _entry(**fields: str | None) -> str:
    shown = (f"{name.rstrip('_')}: {value}" for name, value in fields.items() if value is not None)
    return "  - {" + ", ".join(shown) + "}"


def _sequence(words: Iterable[str]) -> str:
    return "[" + ", ".join(words) + "]"


def _clean(name: str, prefix: str) -> str:
    """A name of the network with only what an id may hold."""
    clean = re.sub(r"[^A-Za-z0-9_.:-]", "_", name)[:60]
    return clean if re.match("[A-Za-z0-9]", clean) else prefix + clean


def _free_id(name: str, taken: set[str], prefix: str) -> str:
    """An id made of a name, unlike all taken; takes it."""
    base = clean = _clean(name, prefix)
    number = 1
    while clean in taken:
        number += 1
        clean = f"{base}-{number}"
    taken.add(clean)
    return clean


class _Writer:
    def __init__(self, network: Any, file: str, metering: Metering | None) -> None:
        self.network = network
        self.file = file
        self.metering = metering or Metering()
        self.metric = str(network.options.hydraulic.inpfile_units) in ("LPS", "LPM", "MLD", "CMH", "CMD")
        self.nodes = dict(network.nodes())
        self.links = dict(network.links())
        self.controls, self.notes = read_controls(network)
        switched = switched_links(network)
        self.gates = [name for name in network.pipe_name_list if name in switched]
        self.movers = [*network.pump_name_list, *network.valve_name_list, *self.gates]
        self.ids = self._make_ids()
        self.signals = self._metered() if metering is not None else self._default_signals()
        self.by_element = {(signal.element, signal.kind): signal for signal in self.signals}
        taken: set[str] = set()
        self.connection_ids = {name: _free_id(name, taken, "L") for name in self.links}
        doubled = [tag for tag, count in Counter(signal.id for signal in self.signals).items() if count > 1]
        if doubled:
            raise InputError(f"two signals have the tag {min(doubled)!r}", remedy="use {element} in `tag`")

    def _make_ids(self) -> dict[tuple[str, str], str]:
        """Asset ids. EPANET names nodes and links apart, a site names all assets together."""
        ids: dict[tuple[str, str], str] = {}
        taken: set[str] = set(self.metering.controllers)
        for name in self.nodes:
            ids["node", name] = _free_id(name, taken, "N")
        for name in self.movers:
            kind = self.links[name].link_type.upper()
            ids["link", name] = _free_id(f"{kind}-{name}" if _clean(name, "N") in taken else name, taken, "N")
        return ids

    def _asset(self, element: str) -> str:
        """Asset id of an element: a pump, valve or switched pipe, else a node."""
        return self.ids.get(("link", element)) or self.ids["node", element]

    # Signals

    def _default_signals(self) -> list[_Signal]:
        level, flow = ("m", "m3/h") if self.metric else ("ft", "gpm")
        made = [self._signal(name, "level", level) for name in self.network.tank_name_list]
        for name in self.movers:
            made += [self._signal(name, "flow", flow), self._signal(name, "state", "")]
        watched = {control.node for control in self.controls if self.nodes[control.node].node_type == "Junction"}
        made += [self._signal(name, "pressure", "m" if self.metric else "psi") for name in sorted(watched)]
        return made

    def _signal(self, element: str, kind: str, unit: str) -> _Signal:
        asset = self._asset(element) if kind in ("flow", "state") else self.ids["node", element]
        return _Signal(f"{asset}.{kind}", element, kind, unit, 1.0 if kind == "state" else 0.0, 0.0)

    def _metered(self) -> list[_Signal]:
        groups = {
            "tanks": self.network.tank_name_list,
            "reservoirs": self.network.reservoir_name_list,
            "junctions": self.network.junction_name_list,
            "pumps": self.network.pump_name_list,
            "valves": self.network.valve_name_list,
        }
        known = set(self.nodes) | set(self.links)
        made = []
        for meters in self.metering.signals:
            for element in self.metering.elements_of(meters, groups, known):
                if ("node", element) not in self.ids and ("link", element) not in self.ids:
                    self._add_gate(element)
                tag = meters.tag.replace("{element}", element)
                made.append(_Signal(tag, element, meters.kind, meters.unit, meters.resolution, meters.accuracy))
        return made

    def _add_gate(self, pipe: str) -> None:
        """A metered pipe becomes an asset, or its signal would have none."""
        self.gates.append(pipe)
        self.movers.append(pipe)
        self.ids = self._make_ids()

    # Text

    def text(self) -> str:
        """The whole file."""
        parts = [
            self._head(), self._assets(), self._signal_lines(), self._connections(), self._rules(), self._needs(),
            self._left_out(),
        ]  # fmt: skip
        return "\n".join(part for part in parts if part) + "\n"

    def _head(self) -> str:
        plant = self.metering.site
        stem = re.sub(r"\.gz$|\.inp$", "", re.sub(r"\.gz$", "", self.file))
        name = re.sub(r"[^A-Za-z0-9_.:-]", "-", stem)[:60].strip("-._:") or "network"
        title = " ".join(str(line) for line in self.network.title)
        description = plant.description or re.sub(r"[^\x20-\x7e\xa0-\ufffd]", " ", title).strip()[:400]
        step = self.metering.cadence_s or float(self.network.options.time.report_timestep) or 3600.0
        source = _entry(
            id=_quoted(self.metering.source), connector=_quoted(self.metering.connector), kind="telemetry",
            cadence_s=_number(step),
        )  # fmt: skip
        lines = [
            f"# Made from the EPANET network {json.dumps(self.file)}. Positions are in the network's own map units.",
            "schema_version: 1",
            f"id: {_quoted(plant.id or name)}",
            f"name: {json.dumps(plant.name or name, ensure_ascii=False)}",
        ]
        if description:
            lines.append(f"description: {json.dumps(description, ensure_ascii=False)}")
        lines += [f"time_zone: {_quoted(plant.time_zone)}", "runtime:", f"  frame_s: {_number(step)}"]
        if self.signals:
            lines += ["", "sources:", source]
        lines += ["", "substances:", "  - {id: water, name: Drinking water, density_kg_m3: 1000}"]
        return "\n".join(lines) + "\n"

    def _assets(self) -> str:
        controller = {element: name for name, elements in self.metering.controllers.items() for element in elements}
        for element in controller:
            self.metering.one_of(element, set(self.nodes) | set(self.links))
        groups: dict[str, list[str]] = defaultdict(list)
        for name in self.metering.controllers:
            groups["Controllers"].append(_entry(id=_quoted(name), type="controller"))
        for name, node in self.nodes.items():
            driven = _quoted(controller[name]) if name in controller else None
            groups[node.node_type].append(self._node(name, node, driven))
        for name in self.movers:
            driven = _quoted(controller[name]) if name in controller else None
            groups[self.links[name].link_type].append(self._mover(name, self.links[name], driven))
        titles = {
            "Controllers": "Controllers",
            "Reservoir": "Where the water comes from: reservoirs of the model",
            "Tank": "Tanks; the height is the highest level the model allows",
            "Pump": "Pumps; curves in [m3/h, m]",
            "Valve": "Valves",
            "Pipe": "Pipes that are opened and shut, or metered: in this model they act as valves",
            "Junction": "Junctions; demand: true where customers draw",
        }
        lines = ["assets:"]
        for group, title in titles.items():
            if groups[group]:
                lines += [f"  # {title}", *groups[group]]
        return "\n".join(lines) + "\n"

    def _named(self, kind: str, name: str) -> dict[str, str | None]:
        own = self.ids[kind, name]
        return {"id": _quoted(own), "element": json.dumps(name, ensure_ascii=False) if name != own else None}

    def _node(self, name: str, node: Any, controller: str | None) -> str:
        common: dict[str, str | None] = self._named("node", name)
        position = None
        coordinates = node.coordinates
        if coordinates is not None and all(math.isfinite(float(c)) for c in coordinates) and any(coordinates):
            position = _sequence(f"{float(c):.8g}" for c in coordinates)
        if node.node_type == "Reservoir":
            return _entry(**common, type="boundary", position=position, controller=controller)
        if node.node_type == "Junction":
            demand = any(demand.base_value for demand in node.demand_timeseries_list)
            return _entry(
                **common, type="junction", elevation_m=_number(node.elevation), demand="true" if demand else None,
                position=position, controller=controller,
            )  # fmt: skip
        height = float(node.max_level)
        table = strapping(node.vol_curve)
        if height <= 0 and table:
            height = table[-1][0]
        low = float(node.min_level)
        pairs = _sequence(_sequence(map(_number, pair)) for pair in table) if table else None
        return _entry(
            **common, type="tank", substance="water",
            diameter_m=None if table or node.diameter <= 0 else _number(node.diameter),
            strapping=pairs, height_m=_number(height if height > 0 else 1.0),
            minimum_level_m=_number(low) if 0 < low < height else None, position=position, controller=controller,
        )  # fmt: skip

    def _mover(self, name: str, link: Any, controller: str | None) -> str:
        common: dict[str, str | None] = self._named("link", name)
        if link.link_type == "Pump":
            curve = pump_curve(link)
            rated = curve[len(curve) // 2][0] if curve else None
            return _entry(
                **common, type="pump", rated_flow_m3h=_number(rated) if rated else None,
                curve=_sequence(_sequence(map(_number, pair)) for pair in curve) if curve else None,
                controller=controller,
            )  # fmt: skip
        kind = f"{link.valve_type} of the network model" if link.link_type == "Valve" else "Pipe that can be shut"
        return _entry(**common, type="valve", name=json.dumps(kind), controller=controller)

    def _signal_lines(self) -> str:
        lines = ["# Limits of a level are the lowest and the highest that the model allows.", "signals:"]
        for signal in self.signals:
            link_first = signal.kind in ("flow", "state", "switch", "speed", "position", "power")
            asset = self._asset(signal.element) if link_first else self.ids.get(("node", signal.element))
            limits = None
            node = self.nodes.get(signal.element)
            if signal.kind == "level" and node is not None and node.node_type == "Tank":
                limits = self._limits(node, signal.unit)
            lines.append(
                _entry(
                    id=_quoted(signal.id),
                    asset=_quoted(asset or self._asset(signal.element)),
                    kind=signal.kind,
                    unit=_quoted(signal.unit) if signal.unit else None,
                    source=_quoted(self.metering.source),
                    resolution=_number(signal.resolution) if signal.resolution else None,
                    accuracy=_number(signal.accuracy) if signal.accuracy else None,
                    limits=limits,
                )
            )
        return "\n".join(lines) + "\n" if len(lines) > 2 else ""

    def _limits(self, tank: Any, unit: str) -> str | None:
        limits = level_limits(tank, unit)
        return "{" + f"low: {_number(limits[0])}, high: {_number(limits[1])}" + "}" if limits else None

    def _connections(self) -> str:
        lines = ["# Every link of the model: pipes carry both ways, pumps and check valves one way.", "connections:"]
        for name, link in self.links.items():
            flow = self.by_element.get((name, "flow"))
            through = self.ids.get(("link", name))
            one_way = link.link_type == "Pump" or (link.link_type == "Pipe" and link.check_valve)
            one_way = one_way or (link.link_type == "Valve" and link.valve_type in _ONE_WAY_VALVES)
            if link.start_node_name == link.end_node_name:
                self.notes.append(f"link {name}, which ends where it begins")
                continue
            lines.append(
                _entry(
                    id=_quoted(self.connection_ids[name]),
                    from_=_quoted(self.ids["node", link.start_node_name]),
                    to=_quoted(self.ids["node", link.end_node_name]),
                    through=_sequence([_quoted(through)]) if through else None,
                    flow=_quoted(flow.id) if flow else None,
                    two_way=None if one_way else "true",
                )
            )
        return "\n".join(lines) + "\n" if len(lines) > 2 else ""

    def _rules(self) -> str:
        lines = ["# Controls of the model.", "control_rules:"]
        for number, control in enumerate(self.controls, start=1):
            tank = self.nodes[control.node].node_type == "Tank"
            measured = self.by_element.get((control.node, "level" if tank else "pressure"))
            state = self.by_element.get((control.link, "state"))
            switches = "on" if control.on else "off"
            if measured is None or state is None:
                self.notes.append(
                    f"{control.name}: {control.link} {switches} when {control.node} is {control.side} "
                    f"{control.value:.6g} m: not metered"
                )
                continue
            value = _number(head_in(control.value, measured.unit))
            when = "{" + f"signal: {_quoted(measured.id)}, is: {control.side}, value: {value}" + "}"
            lines.append(_entry(id=f"rule-{number}", when=when, actuator=_quoted(state.id), switches=f'"{switches}"'))
        return "\n".join(lines) + "\n" if len(lines) > 2 else ""

    def _needs(self) -> str:
        """A tank needs any pump or valve that its low level switches on, the supply any reservoir."""
        fed: dict[str, list[str]] = defaultdict(list)
        for control in self.controls:
            filling = control.side == "below" and control.on and self.nodes[control.node].node_type == "Tank"
            if filling and control.link not in fed[control.node]:
                fed[control.node].append(control.link)
        sources = [_quoted(self.ids["node", name]) for name in self.network.reservoir_name_list]
        lines = ["services:", "  - {id: supply, name: Water supply}", ""]
        if not sources and not fed:
            return "\n".join(lines)
        lines.append(
            "# A tank needs any pump or valve that its low level switches on. The model doesn't say for how long it"
        )
        lines.append("# lives without: add `buffer_h`.")
        lines.append("dependencies:")
        if sources:
            lines.append(_entry(id="supply-sources", of="supply", on=_sequence(sources), logic="any"))
        for number, (node, links) in enumerate(fed.items(), start=1):
            lines.append(
                _entry(
                    id=f"feed-{number}",
                    of=_quoted(self.ids["node", node]),
                    on=_sequence(_quoted(self.ids["link", link]) for link in links),
                    logic="any",
                )
            )
        return "\n".join(lines) + "\n"

    def _left_out(self) -> str:
        printable = (re.sub(r"[^\x20-\x7e\xa0-\ufffd]", " ", note) for note in self.notes)
        return "\n".join(f"# not carried over: {note}" for note in printable)
