"""What of a network becomes an asset and a signal, and under which id; the site file is written from it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from infrastress.core.errors import InputError
from infrastress.core.units import scale_between
from infrastress.site.epanet_areas import Layout, Place, lay_out, mean_demand
from infrastress.site.epanet_controls import read_control_logic
from infrastress.site.epanet_names import free_id, listed
from infrastress.site.epanet_parts import head_in
from infrastress.site.epanet_rules import Meter, rules_of
from infrastress.site.metering import Metering

__all__ = ["Plan", "PlannedSignal"]

_LINK_KINDS = ("flow", "state", "switch", "speed", "position", "power", "setpoint")
_LETTERS = {"Junction": "J", "Tank": "T", "Reservoir": "R", "Pump": "P", "Valve": "V", "Pipe": "L"}
_Element = tuple[str, str]
"""("node" or "link", name): EPANET names the two apart, so one name may be both."""


class PlannedSignal(NamedTuple):
    """A signal to be written. `tag` "" stands for the default, made of the asset's id."""

    element: _Element
    kind: str
    unit: str
    tag: str = ""
    resolution: float = 0.0
    accuracy: float = 0.0


class Plan:
    """The network, what is metered of it, its layout, and ids for everything.

    Args:
        network: a `wntr.network.WaterNetworkModel`.
        metering: what is metered; None for the default.

    Raises:
        InputError: the metering names what the network hasn't, or gives two signals one tag.
    """

    def __init__(self, network: Any, metering: Metering | None) -> None:
        self.network = network
        self.metering = metering or Metering()
        self.metric = str(network.options.hydraulic.inpfile_units) in ("LPS", "LPM", "MLD", "CMH", "CMD")
        self.nodes, self.links = dict(network.nodes()), dict(network.links())
        self.logic, self.notes = read_control_logic(network)
        self.switched = {a.link for control in self.logic for a in (*control.then, *control.otherwise)}
        chosen = list(self._default() if metering is None else self._metered())
        self.controller = self._owners(self.metering.controllers)
        self.power = self._owners(self.metering.power)
        named = {*self.controller, *self.power, *(signal.element for signal in chosen)}
        self.layout: Layout = lay_out(
            network,
            switched=self.switched,
            metered_links={name for kind, name in named if kind == "link"},
            metered_nodes={s.element[1] for s in chosen if s.kind == "flow" and s.element[0] == "node"},
            points={name for kind, name in named if kind == "node"},
        )
        self.tank_names = set(network.tank_name_list)
        self.reservoir_names = set(network.reservoir_name_list)
        self.drawn = {name: mean_demand(network, self.nodes[name]) * 3600 for name in network.junction_name_list}
        self.inflows = [name for name in self.layout.points if self.drawn[name] < 0]
        metered = {signal.element for signal in chosen if signal.kind == "flow"}
        self.customers = [name for name in self.layout.points if ("node", name) in metered and name not in self.inflows]
        ends = {end.key for way in self.layout.ways for end in (way.start, way.end) if end.kind == "node"}
        # Points that can't stand for the area they lie in.
        self.apart = {*self.customers, *self.inflows, *(name for name in self.layout.points if name in ends)}
        self._name_things()
        self.signals = [s if s.tag else s._replace(tag=f"{self.ids[s.element]}.{s.kind}") for s in chosen]
        doubled = [tag for tag, count in Counter(signal.tag for signal in self.signals).items() if count > 1]
        if doubled:
            raise InputError(f"two signals have the tag {min(doubled)!r}", remedy="use {element} in `tag`")
        self.by_element = {(signal.element, signal.kind): signal for signal in reversed(self.signals)}
        self.rules = rules_of(network, self.logic, self.find)

    # What is metered

    def _default(self) -> Iterator[PlannedSignal]:
        """What any plant meters, and what the model's controls look at and set."""
        level, flow, pressure = ("m", "m3/h", "m") if self.metric else ("ft", "gpm", "psi")
        units = {"level": level, "flow": flow, "pressure": pressure}
        wanted: dict[tuple[_Element, str], str] = {}
        for name in self.network.tank_name_list:
            wanted[("node", name), "level"] = level
        switched = [name for name in self.network.pipe_name_list if name in self.switched]
        for name in (*self.network.pump_name_list, *self.network.valve_name_list, *switched):
            wanted[("link", name), "flow"] = flow
            if name in self.switched or self.links[name].link_type == "Pump":
                wanted[("link", name), "state"] = ""
        for control in self.logic:
            for premise in (one for group in control.premises for one in group):
                looked = self._seen(premise.quantity, premise.element)
                if looked is not None:
                    wanted.setdefault(looked, units.get(looked[1], ""))
            for action in (*control.then, *control.otherwise):
                if action.quantity == "setting" and self.links[action.link].link_type == "Valve":
                    wanted.setdefault((("link", action.link), "setpoint"), self._setting_unit(action.link))
        for (element, kind), unit in wanted.items():
            yield PlannedSignal(element, kind, unit, "", 1.0 if kind == "state" else 0.0)

    def _seen(self, quantity: str, element: str) -> tuple[_Element, str] | None:
        """The element and the kind of signal that shows a quantity; None for times and what no meter shows."""
        if quantity in ("flow", "status", "setting"):
            pump = self.links[element].link_type == "Pump"
            kind = {"flow": "flow", "status": "state", "setting": "state" if pump else "setpoint"}[quantity]
            return ("link", element), kind
        if quantity in ("level", "pressure", "head", "demand"):
            node = self.nodes[element]
            if node.node_type == "Reservoir":  # its head is given, and what it gives is no demand
                return None
            tank = node.node_type == "Tank"
            return ("node", element), "flow" if quantity == "demand" else "level" if tank else "pressure"
        return None

    def _setting_unit(self, valve: str) -> str:
        kind = self.links[valve].valve_type
        if kind in ("PRV", "PSV", "PBV"):
            return "m" if self.metric else "psi"
        return ("m3/h" if self.metric else "gpm") if kind == "FCV" else ""

    def _metered(self) -> Iterator[PlannedSignal]:
        groups = {
            "tanks": self.network.tank_name_list,
            "reservoirs": self.network.reservoir_name_list,
            "junctions": self.network.junction_name_list,
            "pumps": self.network.pump_name_list,
            "valves": self.network.valve_name_list,
        }
        every: dict[str | None, set[str]] = {"nodes": set(self.nodes), "links": set(self.links)}
        every[None] = every["nodes"] | every["links"]
        for meters in self.metering.signals:
            for name in self.metering.elements_of(meters, groups, every[meters.are]):
                link = name in self.links and (meters.kind in _LINK_KINDS or name not in self.nodes)
                link = link if meters.are is None else meters.are == "links"
                tag = meters.tag.replace("{element}", name)
                element = ("link" if link else "node", name)
                yield PlannedSignal(element, meters.kind, meters.unit, tag, meters.resolution, meters.accuracy)

    def _owners(self, named: dict[str, tuple[str, ...]]) -> dict[_Element, str]:
        """Who reads, drives or feeds each element: a link where one has the name, else a node."""
        found: dict[_Element, str] = {}
        for owner, elements in named.items():
            for name in elements:
                self.metering.one_of(name, {*self.nodes, *self.links})
                found["link" if name in self.links else "node", name] = owner
        return found

    # Ids

    def _name_things(self) -> None:
        own = [*self.metering.controllers, *self.metering.power]
        own += [district.id for district in self.metering.districts]
        own += [station.id for station in self.metering.stations]
        taken = set(own)
        if len(taken) < len(own):
            raise InputError(f"the id {Counter(own).most_common(1)[0][0]!r} is given twice in the signals file")
        self.ids: dict[_Element, str] = {}
        self.heads = {number: self._head(number) for number, area in self.layout.areas.items() if area.demand <= 0}
        for name, node in self.nodes.items():
            if node.node_type != "Junction" or name in self.layout.points:
                self.ids["node", name] = self._id(name, node.node_type, taken)
        for name in self.layout.movers:
            self.ids["link", name] = self._id(name, self.links[name].link_type, taken)
        self.areas: dict[int, str] = {}
        for number, name in self.heads.items():
            gauge = name in self.layout.points and name not in self.apart
            self.areas[number] = self.ids["node", name] if gauge else self._id(name, "Junction", taken)
        self._name_districts(taken)
        self._name_stations(taken)
        self.taken = taken

    def _id(self, name: str, kind: str, taken: set[str]) -> str:
        """Its name where that says what it is; a bare number, or a name that another thing has, gets its kind."""
        if name[:1].isdigit():
            name = f"{_LETTERS[kind]}-{name}"
        elif free_id(name, set(), "N") in taken:
            name = f"{kind.lower()}-{name}"
        return free_id(name, taken, "N")

    def _head(self, number: int) -> str:
        """The junction that stands for an area without customers: a gauge's where there is one, else one at its rim."""
        nodes = self.layout.areas[number].nodes
        inside = set(nodes) - self.apart
        points = [name for name in self.layout.points if name in inside]
        rim = [
            end
            for name in self.layout.movers
            for end in (self.links[name].start_node_name, self.links[name].end_node_name)
            if end in inside
        ]
        return (points or rim or [name for name in nodes if name in inside] or nodes)[0]

    def _name_districts(self, taken: set[str]) -> None:
        self.users: dict[int, int] = {}
        self.titles: dict[int, str] = {}
        where = {name: number for number, area in self.layout.areas.items() for name in area.nodes}
        served = [number for number, area in self.layout.areas.items() if area.demand > 0]
        for named in self.metering.districts:
            self.metering.one_of(named.of, self.nodes)
            number = where.get(named.of, -1)
            if number not in served or number in self.titles:
                why = "an area that is named already" if number in self.titles else "no area with customers"
                raise InputError(f"district {named.id!r}: {named.of!r} lies in {why}")
            self.areas[number], self.users[number] = named.id, named.users
            self.titles[number] = named.name or named.id
        used: set[str] = set()
        for number in served:
            if number in self.titles:
                continue
            tanks, led = self._around(number)
            tanks = [name for name in tanks if name not in used]
            used.update(tanks)
            if len(served) == 1:
                word, title = "district", "The whole network"
            elif tanks:
                word = f"district-{tanks[0]}"
                title = f"District of {'tank' if len(tanks) == 1 else 'tanks'} {listed(tanks)}"
            elif led:
                word, title = f"district-{led[0]}", f"District behind {listed(led)}"
            else:
                first = self.layout.areas[number].nodes[0]
                word, title = f"district-{first}", f"District of junction {first}"
            self.areas[number], self.titles[number] = free_id(word, taken, "D"), title

    def _around(self, number: int) -> tuple[list[str], list[str]]:
        """Tanks that plain pipes join to an area, and links that lead into it."""
        here = Place("area", number)
        tanks, led = [], []
        for way in self.layout.ways:
            other = way.end if way.start == here else way.start if way.end == here else None
            if other is not None and not way.through and other.kind == "node" and other.key in self.tank_names:
                tanks += [self.ids["node", str(other.key)]] if way.two_way else []
            if way.through and (way.end == here or (way.two_way and way.start == here)):
                led.append(self.ids["link", way.through[-1 if way.end == here else 0]])
        return tanks, led

    def _name_stations(self, taken: set[str]) -> None:
        """Stations by their pumps; each pump's station."""
        self.stations: dict[str, tuple[str, tuple[str, ...]]] = {}
        pumps = set(self.network.pump_name_list)
        self.station_of: dict[str, str] = {}
        for named in self.metering.stations:
            for pump in named.pumps:
                self.metering.one_of(pump, pumps)
                if pump in self.station_of:
                    raise InputError(f"pump {pump!r} is in two stations of the signals file")
                self.station_of[pump] = named.id
            self.stations[named.id] = named.name or named.id, named.pumps
        for group in self.layout.stations:
            left = tuple(pump for pump in group if pump not in self.station_of)
            if len(left) > 1:
                shown = [self.ids["link", pump] for pump in left]
                word = free_id(f"station-{shown[0]}", taken, "S")
                self.stations[word] = f"Pumping station of {listed(shown)}", left
                self.station_of |= dict.fromkeys(left, word)

    def asset(self, place: Place) -> str:
        """Id of the asset that a place is."""
        return self.areas[int(place.key)] if place.kind == "area" else self.ids["node", str(place.key)]

    # Signals of quantities

    def find(self, quantity: str, element: str) -> Meter | None:
        """The signal that shows or takes a quantity of an element, and how SI values are said in its unit."""
        looked = self._seen(quantity, element)
        signal = self.by_element.get(looked) if looked is not None else None
        if looked is None or signal is None:
            return None
        if quantity in ("status", "setting") and looked[1] == "state":
            return Meter(signal.tag)
        if quantity in ("demand", "flow") or (looked[1] == "setpoint" and self._is_flow(element)):
            return Meter(signal.tag, scale_between("m3/s", signal.unit)[0])
        if looked[1] == "setpoint" and not self._setting_unit(element):
            return Meter(signal.tag)
        zero = head_in(0.0, signal.unit)
        ground = float(self.nodes[element].elevation) if quantity == "head" else 0.0
        factor = head_in(1.0, signal.unit) - zero
        return Meter(signal.tag, factor, zero - ground * factor)

    def _is_flow(self, valve: str) -> bool:
        return bool(self.links[valve].valve_type == "FCV")
