"""Writes a site file, readable and commented, for a network model that WNTR has read."""

import math
import re
from collections import Counter, defaultdict
from typing import Any

from infrastress.site.epanet_areas import Place, Way
from infrastress.site.epanet_names import amount, entry, free_id, listed, number, plain, quoted, sequence, text
from infrastress.site.epanet_needs import Need, find_needs
from infrastress.site.epanet_parts import level_limits, pump_curve, shut_off_head, strapping, usable_volume, valve_words
from infrastress.site.epanet_plan import Plan, PlannedSignal
from infrastress.site.metering import Metering

__all__ = ["site_text"]

_SHOWN_CONTROLS = 4


def site_text(network: Any, file: str, metering: Metering | None) -> tuple[str, tuple[str, ...]]:
    """Text of the site file, and sentences on what was left out.

    Args:
        network: a `wntr.network.WaterNetworkModel`.
        file: name of the network's file, for the comment.
        metering: what is metered; None for the default.

    Raises:
        InputError: the metering names what the network hasn't, or gives two signals one tag.
    """
    writer = _Writer(Plan(network, metering), file)
    return writer.text(), tuple(plain(note) for note in writer.notes)


class _Writer:
    def __init__(self, plan: Plan, file: str) -> None:
        self.plan, self.file = plan, file
        self.network, self.metering, self.layout = plan.network, plan.metering, plan.layout
        self.notes = [*plan.notes, *plan.layout.dropped, *plan.rules.notes]
        self.volumes = {name: usable_volume(plan.nodes[name]) for name in self.network.tank_name_list}
        self.unbound = {signal.tag for signal in plan.signals if signal.kind == "flow"}
        self.connections = self._connections()
        for tag in sorted(self.unbound):
            self.notes.append(f"flow {tag} is a signal, but measures no one connection: balances can't use it")

    def text(self) -> str:
        """The whole file."""
        parts = [
            self._head(), self._assets(), self._signal_lines(), self.connections, self._rules(), self._services(),
            self._dependencies(), self._left_out(),
        ]  # fmt: skip
        return "\n".join(part for part in parts if part) + "\n"

    def _block(self, name: str, lines: list[str], *comments: str) -> str:
        return "\n".join([*(f"# {comment}" for comment in comments), f"{name}:", *lines]) + "\n" if lines else ""

    def _head(self) -> str:
        plant, plan = self.metering.site, self.plan
        stem = re.sub(r"\.inp$", "", re.sub(r"\.gz$", "", self.file, flags=re.I), flags=re.I)
        own = re.sub(r"[^A-Za-z0-9_.:-]", "-", stem)[:60].strip("-._:") or "network"
        title = [plain(str(line)).strip() for line in self.network.title if str(line).strip()]
        name = plant.name or (title.pop(0) if title and len(title[0]) <= 60 else own)
        description = plant.description or " ".join(title)[:400]
        step = self.metering.cadence_s or float(self.network.options.time.report_timestep) or 3600.0
        source = entry(
            id=quoted(self.metering.source), connector=quoted(self.metering.connector), kind="telemetry",
            cadence_s=number(step),
        )  # fmt: skip
        kept = len(plan.layout.points)
        alone = "1 junction stands for itself" if kept == 1 else f"{kept} junctions stand for themselves"
        lines = [
            f"# Made from the EPANET network {text(self.file)}, which lies beside this file as network/model.inp.",
            f"# Of its {self.network.num_junctions} junctions and {self.network.num_pipes} pipes this file keeps what a"
            " plant is run by: pipes that are open to each",
            f"# other are one district (or one junction where nobody draws); {alone}.",
            "# Positions are in the network's own map units."
            if plant.metres_per_unit is None
            else f"# Positions are in metres, {number(plant.metres_per_unit)} to one of the network's own map units.",
            "schema_version: 1",
            f"id: {quoted(plant.id or own)}",
            f"name: {text(name)}",
        ]
        if description:
            lines.append(f"description: {text(description)}")
        lines += [f"time_zone: {quoted(plant.time_zone)}", "runtime:", f"  frame_s: {number(step)}"]
        if plan.signals:
            lines += ["", "sources:", source]
        lines += ["", "substances:", "  - {id: water, name: Drinking water, density_kg_m3: 1000}"]
        return "\n".join(lines) + "\n"

    # Assets

    def _assets(self) -> str:
        plan = self.plan
        groups: dict[str, list[str]] = defaultdict(list)
        groups["controller"] = [entry(id=quoted(name), type="controller") for name in self.metering.controllers]
        groups["power"] = [
            entry(id=quoted(name), type="boundary", name=text("Power supply")) for name in self.metering.power
        ]
        for name, node in plan.nodes.items():
            if name in plan.reservoir_names or name in plan.inflows:
                groups["source"].append(self._source(name, node))
            elif name in plan.tank_names:
                groups["tank"].append(self._tank(name, node))
            elif name in plan.customers:
                drawn = f"draws {amount(plan.drawn[name])} m3/h on average"
                groups["customer"].append(
                    entry(drawn, **self._named("node", name), type="boundary", name=text(f"Customer at {name}"))
                )
            elif ("node", name) in plan.ids and plan.ids["node", name] not in plan.areas.values():
                groups["junction"].append(self._junction(plan.ids["node", name], name))
        for number_, name in plan.heads.items():
            nodes = self.layout.areas[number_].nodes
            stands = f"stands for {len(nodes):,} junctions where nobody draws" if len(nodes) > 1 else ""
            groups["junction"].append(self._junction(plan.areas[number_], name, stands))
        for number_, area in self.layout.areas.items():
            if area.demand > 0:
                low, high = (round(one, 1) for one in area.ground)
                groups["district"].append(
                    entry(
                        "1 junction" if len(area.nodes) == 1 else f"{len(area.nodes):,} junctions",
                        id=quoted(plan.areas[number_]),
                        type="district",
                        name=text(plan.titles[number_]),
                        demand_m3h=number(area.demand * 3600, 5),
                        elevation_m=f"[{low:g}, {high:g}]",
                    )
                )
        for id_, (title, _) in plan.stations.items():
            groups["station"].append(entry(id=quoted(id_), type="station", name=text(title)))
        for name in self.layout.movers:
            kind, line = self._mover(name, plan.links[name])
            groups[kind].append(line)
        titles = {
            "controller": "Controllers",
            "power": "Supplies of power",
            "source": "Where the water comes from",
            "tank": "Tanks; the height is the highest level the model allows",
            "district": "Districts: what open pipes join, with what its customers draw on average and its ground",
            "customer": "Customers with their own meters; they are not counted in their district's demand",
            "station": "Pumping stations: pumps side by side",
            "pump": "Pumps; curves in [m3/h, m]",
            "valve": "Valves, and pipes that are opened and shut as valves are",
            "pipe": "Pipes that are metered",
            "junction": "Junctions that are metered, or where mains meet",
        }
        lines: list[str] = []
        for group, title in titles.items():
            if groups[group]:
                lines += [f"  # {title}", *groups[group]]
        return self._block("assets", lines)

    def _named(self, kind: str, name: str) -> dict[str, str | None]:
        own = self.plan.ids[kind, name]
        return {"id": quoted(own), "element": text(name) if name != own else None}

    def _driven(self, kind: str, name: str) -> str | None:
        owner = self.plan.controller.get((kind, name))
        return quoted(owner) if owner is not None else None

    def _source(self, name: str, node: Any) -> str:
        words = "Reservoir" if name in self.plan.reservoir_names else "Inflow"
        comment = f"brings {amount(-self.plan.drawn[name])} m3/h on average" if words == "Inflow" else ""
        return entry(
            comment, **self._named("node", name), type="boundary", name=text(f"{words} {name}"),
            position=self._position(node), controller=self._driven("node", name),
        )  # fmt: skip

    def _tank(self, name: str, node: Any) -> str:
        height = float(node.max_level)
        table = strapping(node.vol_curve)
        if height <= 0 and table:
            height = table[-1][0]
        low = float(node.min_level)
        pairs = sequence(sequence(map(number, pair)) for pair in table) if table else None
        volume = self.volumes[name]
        if not table and float(node.diameter) <= 0:
            self.notes.append(
                f"tank {name} has neither diameter nor volume curve: a boundary, whose content is unknown"
            )
            return entry(
                **self._named("node", name), type="boundary", name=text(f"Tank {name}, of unknown size"),
                position=self._position(node), controller=self._driven("node", name),
            )  # fmt: skip
        comment = f"{amount(volume)} m3 from the lowest level to full" if volume else ""
        return entry(
            comment + (", runs over when full" if getattr(node, "overflow", False) else ""),
            **self._named("node", name), type="tank", substance="water",
            diameter_m=None if table else number(float(node.diameter)),
            strapping=pairs, height_m=number(height if height > 0 else 1.0),
            minimum_level_m=number(low) if 0 < low < height else None, position=self._position(node),
            controller=self._driven("node", name),
        )  # fmt: skip

    def _junction(self, id_: str, name: str, comment: str = "") -> str:
        node = self.plan.nodes[name]
        return entry(
            comment, id=quoted(id_), element=text(name) if name != id_ else None, type="junction",
            elevation_m=number(float(node.elevation), 5), position=self._position(node),
        )  # fmt: skip

    def _mover(self, name: str, link: Any) -> tuple[str, str]:
        common, driven = self._named("link", name), self._driven("link", name)
        if link.link_type == "Pump":
            curve = pump_curve(link)
            rated = curve[len(curve) // 2][0] if curve else None
            head = shut_off_head(curve)
            line = entry(
                f"shut-off head {number(head, 4)} m" if head else f"a model of {number(link.power / 1000, 3)} kW"
                if getattr(link, "pump_type", "") == "POWER" else "",
                **common, type="pump", rated_flow_m3h=number(rated) if rated else None,
                curve=sequence(sequence(map(number, pair)) for pair in curve) if curve else None, controller=driven,
            )  # fmt: skip
            return "pump", line
        if link.link_type == "Valve":
            words = valve_words(link, metric=self.plan.metric)
        elif name in self.layout.shut:
            words = f"Pipe {name}, kept shut"
        elif name in self.plan.switched:
            words = f"Pipe {name}, opened and shut by control"
        else:
            return "pipe", entry(**common, type="pipe", controller=driven)
        normally = "closed" if name in self.layout.shut else None
        return "valve", entry(**common, type="valve", name=text(words), normally=normally, controller=driven)

    # Signals

    def _signal_lines(self) -> str:
        lines = [self._signal(signal) for signal in self.plan.signals]
        return self._block(
            "signals", lines, "Limits of a level: the lowest and the highest that the model allows. Behind them, what"
            " the model's controls do at", "which level. A flow is above zero the way its connection below is drawn.",
        )  # fmt: skip

    def _signal(self, signal: PlannedSignal) -> str:
        limits, comment = None, ""
        node = self.plan.nodes.get(signal.element[1]) if signal.element[0] == "node" else None
        if node is not None and signal.kind in ("level", "pressure"):
            comment = self._thresholds(signal)
            if signal.kind == "level" and node.node_type == "Tank":
                span = level_limits(node, signal.unit)
                limits = f"{{low: {number(span[0])}, high: {number(span[1])}}}" if span else None
        return entry(
            comment,
            id=quoted(signal.tag), asset=quoted(self.plan.ids[signal.element]), kind=signal.kind,
            unit=quoted(signal.unit) if signal.unit else None, source=quoted(self.metering.source),
            resolution=number(signal.resolution) if signal.resolution else None,
            accuracy=number(signal.accuracy) if signal.accuracy else None, limits=limits,
        )  # fmt: skip

    def _thresholds(self, signal: PlannedSignal) -> str:
        """What simple controls on a level or pressure do, in the signal's own unit."""
        found = []
        for control in self.plan.logic:
            premise = control.premises[0][0]
            if len(control.premises) + len(control.premises[0]) > 2 or premise.element != signal.element[1]:
                continue
            meter = self.plan.find(premise.quantity, premise.element)
            if meter is None or meter.signal != signal.tag:
                continue
            value = number(premise.value * meter.factor + meter.offset, 4)
            side = "below" if premise.relation in ("below", "at_most") else "above"
            for action in control.then:
                deed = ("on" if action.value > 0 else "off") if action.quantity == "status" else f"{action.value:g}"
                found.append(f"{self.plan.ids['link', action.link]} {deed} {side} {value}")
        more = f" and {len(found) - _SHOWN_CONTROLS} more" if len(found) > _SHOWN_CONTROLS else ""
        return ", ".join(found[:_SHOWN_CONTROLS]) + more

    # Connections

    def _connections(self) -> str:
        taken: set[str] = set()
        lines = [self._connection(way, taken) for way in self.layout.ways]
        for name, place in self.layout.points.items():
            start, end = self.plan.asset(place), self.plan.ids["node", name]
            if start == end:  # a gauge that stands for its whole area
                continue
            inflow = name in self.plan.inflows
            customer = name in self.plan.customers
            flow = self._flow(("node", name)) if inflow or customer else None
            start, end = (end, start) if inflow else (start, end)
            lines.append(
                entry(
                    id=quoted(free_id(f"{start}-{end}", taken, "C")), from_=quoted(start), to=quoted(end), flow=flow,
                    two_way=None if inflow or customer else "true",
                )
            )  # fmt: skip
        return self._block(
            "connections", lines, "What can flow where. Pumps, check valves and regulating valves let through one way."
        )

    def _connection(self, way: Way, taken: set[str]) -> str:
        start, end = way.start, way.end
        flow = None
        if way.through:
            flows = (self._flow(("link", name)) for name in way.through)
            flow = next((tag for tag in flows if tag), None)
        if flow is None:
            start, end, flow = self._meter_of_end(way)
        one, other = self.plan.asset(start), self.plan.asset(end)
        word = way.through[0] if way.through else f"{one}-{other}"
        return entry(
            id=quoted(free_id(word, taken, "L")), from_=quoted(one), to=quoted(other),
            through=sequence(quoted(self.plan.ids["link", name]) for name in way.through) if way.through else None,
            flow=flow, two_way="true" if way.two_way else None,
        )  # fmt: skip

    def _flow(self, element: tuple[str, str]) -> str | None:
        signal = self.plan.by_element.get((element, "flow"))
        if signal is None:
            return None
        self.unbound.discard(signal.tag)
        return quoted(signal.tag)

    def _meter_of_end(self, way: Way) -> tuple[Place, Place, str | None]:
        """Ends in the direction of a tank's inflow or a reservoir's outflow, where this is its only connection."""
        for near, far in ((way.start, way.end), (way.end, way.start)):
            if near.kind != "node" or sum(near in (one.start, one.end) for one in self.layout.ways) != 1:
                continue
            tank = near.key in self.plan.tank_names
            fits = way.two_way or (near == way.end) == tank
            signal = self.plan.by_element.get((("node", str(near.key)), "flow"))
            if signal is None or not fits or near.key not in (self.plan.tank_names | self.plan.reservoir_names):
                continue
            if not any(place == near for place in self.layout.points.values()):
                self.unbound.discard(signal.tag)
                return (far, near, quoted(signal.tag)) if tank else (near, far, quoted(signal.tag))
        return way.start, way.end, None

    # Rules

    def _rules(self) -> str:
        taken: set[str] = set()
        lines = []
        for rule in self.plan.rules.entries:
            fields: dict[str, str | None] = {
                **rule.fields, "actuator": quoted(rule.fields["actuator"]),
                "judged": "false" if rule.link in self.plan.rules.half_known else None,
            }  # fmt: skip
            id_ = free_id(f"{self.plan.ids['link', rule.link]}-{rule.word}", taken, "R")
            lines.append(entry(rule.comment, id=quoted(id_), **fields))
        return self._block("control_rules", lines, "What the model's controls do.")

    # Services and dependencies

    def _services(self) -> str:
        lines = []
        for number_, area in self.layout.areas.items():
            if area.demand > 0:
                own = self.plan.areas[number_]
                users = self.plan.users.get(number_)
                lines.append(
                    entry(
                        f"{amount(area.demand * 3600)} m3/h on average", id=quoted(self._service(own)),
                        name=text(f"Drinking water: {self.plan.titles[number_]}"), users=str(users) if users else None,
                    )
                )  # fmt: skip
        return self._block(
            "services", lines, "What is delivered. The network model knows no users, and not how long they can wait:"
            " add `users`, `rto_h`, `mtpd_h`.",
        )  # fmt: skip

    def _service(self, district: str) -> str:
        word = f"supply-{district}"
        while word in self.plan.taken:
            word += "-"
        return word

    def _dependencies(self) -> str:
        plan = self.plan
        sources = [Place("node", name) for name in (*self.network.reservoir_name_list, *plan.inflows)]
        drawn = {Place("area", key): area.demand * 3600 for key, area in self.layout.areas.items()}
        for name in plan.customers:
            place = self.layout.points[name]
            drawn[place] = drawn.get(place, 0.0) + max(plan.drawn[name], 0.0)
        found = find_needs(self.layout, sources, self.volumes, drawn)
        taken: set[str] = set()
        lines = [
            self._need(taken, self._service(plan.areas[key]), "", [plan.areas[key]])
            for key, area in self.layout.areas.items()
            if area.demand > 0
        ]
        lines += self._flows(found.needs, taken)
        for element, owner in (*plan.controller.items(), *plan.power.items()):
            word = plan.station_of.get(element[1]) if element[0] == "link" else None
            what = "power" if plan.power.get(element) == owner else "control"
            of = word or plan.ids[element]
            if f"{of}-{what}-{owner}" not in taken and element[0] == "link":
                taken.add(f"{of}-{what}-{owner}")
                lines.append(self._need(taken, of, f"{what}", [owner]))
        unreached = [plan.asset(place) for place in found.unreached]
        if unreached:
            self.notes.append(f"no source of the model reaches {listed(unreached)}")
        return self._block(
            "dependencies", lines, "What needs what: a place any of the ways by which water comes to it, from the"
            " sources outwards; a station any of its", "pumps. `buffer_h` is how long tanks last: their usable volume,"
            " full, over the average demand of all that they feed.",
        )  # fmt: skip

    def _need(
        self, taken: set[str], of: str, word: str, on: list[str], *, hours: str | None = None, comment: str = ""
    ) -> str:  # fmt: skip
        return entry(
            comment, id=quoted(free_id(f"{of}-{word}" if word else of, taken, "D")), of=quoted(of),
            on=sequence(quoted(one) for one in on), logic="any" if len(on) > 1 else None, buffer_h=hours,
        )  # fmt: skip

    def _flows(self, needs: list[Need], taken: set[str]) -> list[str]:
        """Needs of water, with pumps side by side gathered to their station."""
        gathered: dict[str, list[str]] = {}
        tankfuls: dict[str, Need] = {}
        wanted = {one for need in needs for one in need.on}
        for need in needs:
            point = isinstance(need.of, Place) and need.of.kind == "node" and need.of.key in self.layout.points
            if point and need.of not in wanted and need.of[1] not in self.plan.customers:
                continue  # a gauge needs nothing
            of = self._thing(need.of)
            on = gathered.setdefault(of, [])
            for one in map(self._thing, need.on):
                if one not in on and one != of:
                    on.append(one)
            if need.tankful is not None:
                tankfuls[of] = need
        lines = []
        for id_, (_, pumps) in self.plan.stations.items():
            lines.append(self._need(taken, id_, "pumps", [self.plan.ids["link", pump] for pump in pumps]))
        ranks = {self.plan.areas[key]: 0 for key in self.layout.areas}
        ranks |= dict.fromkeys(self.plan.stations, 1) | {self.plan.ids["link", name]: 2 for name in self.layout.movers}
        for of, on in sorted(gathered.items(), key=lambda one: ranks.get(one[0], 3)):
            if not on:
                continue
            full = tankfuls[of].tankful if of in tankfuls else None
            hours = number(full.hours, 3) if full is not None else None
            comment = (
                f"{listed([self.plan.ids['node', name] for name in full.tanks])}: {amount(full.volume)} m3"
                f" / {amount(full.demand)} m3/h"
                if full is not None
                else ""
            )
            lines.append(self._need(taken, of, "water", on, hours=hours, comment=comment))
        return lines

    def _position(self, node: Any) -> str | None:
        return _position(node, self.metering.site.metres_per_unit)

    def _thing(self, one: Place | str) -> str:
        if isinstance(one, Place):
            return self.plan.asset(one)
        return self.plan.station_of.get(one) or self.plan.ids["link", one]

    def _left_out(self) -> str:
        counts = Counter(self.notes)
        return "\n".join(f"# not carried over: {plain(note)}" for note in counts)


def _position(node: Any, metres_per_unit: float | None) -> str | None:
    at = node.coordinates
    if at is None or not any(at) or not all(math.isfinite(float(one)) for one in at):
        return None
    if metres_per_unit is not None:
        return sequence(number(round(float(one) * metres_per_unit)) for one in at)
    return sequence(f"{float(one):.8g}" for one in at)
