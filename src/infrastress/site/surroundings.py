"""Places, addresses, people and needs: polygons, networks, badges, time zone, loops of dependencies, plugins."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import ValidationError

from infrastress.core.errors import PluginError
from infrastress.core.plugins import load_plugin, plugin_names
from infrastress.site.faults import did_you_mean, shown
from infrastress.site.model import Site
from infrastress.site.report import Path, Report
from infrastress.site.sources import SUCCESSORS, Source

__all__ = ["check_surroundings"]


def check_surroundings(site: Site, report: Report) -> None:
    """Report what can't be in the surroundings of the process."""
    _time_zone(site, report)
    _polygons(site, report)
    _networks(site, report)
    _people(site, report)
    _loops(site, report)
    _plugins(site, report)


def _time_zone(site: Site, report: Report) -> None:
    try:
        ZoneInfo(site.time_zone)
    except (OSError, ValueError, KeyError):
        hint = did_you_mean(site.time_zone, available_timezones()) or "a name like Europe/Rome, or UTC"
        report.add(("time_zone",), f"unknown time zone {shown(site.time_zone)}", "an IANA name", hint)


def _polygons(site: Site, report: Report) -> None:
    drawn: list[tuple[Path, list[tuple[float, float]]]] = []
    if site.location.boundary is not None:
        drawn.append((("location", "boundary"), site.location.boundary))
    drawn += [(("zones", i, "polygon"), zone.polygon) for i, zone in enumerate(site.zones) if zone.polygon is not None]
    for index, asset in enumerate(site.assets):
        if asset.outline is not None:
            drawn.append((("assets", index, "outline"), asset.outline))
        if asset.type == "camera" and asset.sees is not None:
            drawn.append((("assets", index, "sees"), asset.sees))
    if not drawn:
        return
    import shapely

    shapes = shapely.polygons([shapely.linearrings(corners) for _, corners in drawn])
    for (path, corners), shape, valid in zip(drawn, shapes, shapely.is_valid(shapes), strict=True):
        if not valid or shape.area == 0:
            report.add(
                path, _crossing(shapely.is_valid_reason(shape), len(set(corners))), "corners in order around an area"
            )
    _positions(site, report)


def _crossing(reason: str, corners: int) -> str:
    if corners < 3:
        return "fewer than three different corners"
    if reason.startswith(("Self-intersection", "Ring Self-intersection")):
        return f"a polygon that crosses itself at {reason[reason.index('[') :].replace(' ', ', ')}"
    return "a polygon without area"


def _positions(site: Site, report: Report) -> None:
    import shapely

    zones = {zone.id: zone.polygon for zone in site.zones if zone.polygon is not None}
    shapes = {}
    for index, asset in enumerate(site.assets):
        if asset.position is None or asset.zone not in zones or asset.type == "door":  # a door stands on the border
            continue
        if asset.zone not in shapes:
            shapes[asset.zone] = shapely.Polygon(zones[asset.zone])
            shapely.prepare(shapes[asset.zone])
        shape = shapes[asset.zone]
        if shape.is_valid and not shapely.intersects_xy(shape, *asset.position):
            x, y = asset.position
            report.add(
                ("assets", index, "position"), f"[{x:g}, {y:g}]", f"a point in zone {asset.zone}",
                "is the zone right?", "warning",
            )  # fmt: skip


def _networks(site: Site, report: Report) -> None:
    nets: dict[str, IPv4Network | IPv6Network] = {}
    for index, network in enumerate(site.networks):
        try:
            nets[network.id] = ip_network(network.cidr)
        except ValueError:
            try:
                hint = f"did you mean {ip_network(network.cidr, strict=False)}?"
            except ValueError:
                hint = ""
            report.add(("networks", index, "cidr"), shown(network.cidr), "a network like 10.20.10.0/24", hint)
    used: dict[tuple[str, IPv4Address | IPv6Address], str] = {}
    macs: dict[str, str] = {}
    for index, asset in enumerate(site.assets):
        for number, interface in enumerate(asset.interfaces):
            here = ("assets", index, "interfaces", number)
            if interface.mac is not None:
                owner = macs.setdefault(interface.mac.lower().replace("-", ":"), asset.id)
                if owner != asset.id:
                    report.add((*here, "mac"), f"{interface.mac}, which {owner} has", "each hardware address once")
            try:
                address = ip_address(interface.address)
            except ValueError:
                report.add((*here, "address"), shown(interface.address), "an address like 10.20.10.11")
                continue
            net = nets.get(interface.network)
            if net is not None and address not in net:
                inside = [name for name, other in nets.items() if address in other]
                hint = f"is it in network {inside[0]!r}?" if inside else ""
                report.add((*here, "address"), str(address), f"an address of {interface.network}, {net}", hint)
            owner = used.setdefault((interface.network, address), asset.id)
            if owner != asset.id:
                report.add((*here, "address"), f"{address}, which {owner} has", "each address once in a network")


def _people(site: Site, report: Report) -> None:
    badges: dict[str, str] = {}
    accounts: dict[str, str] = {}
    for index, person in enumerate(site.people):
        if person.badge is not None:
            owner = badges.setdefault(person.badge, person.id)
            if owner != person.id:
                report.add(("people", index, "badge"), f"{person.badge!r}, which {owner} has", "each badge once")
        for number, account in enumerate(person.accounts):
            owner = accounts.setdefault(account.casefold(), person.id)
            if owner != person.id:
                path = ("people", index, "accounts", number)
                hint = "a shared account can't tell who it was"
                report.add(path, f"{account!r}, which {owner} has", "an account of one's own", hint, "warning")


def _loops(site: Site, report: Report) -> None:
    """A loop whose every link needs all, at once: it could never have been started. A buffer makes it possible."""
    if not site.dependencies:
        return
    import networkx as nx

    graph = nx.DiGraph()
    for index, need in enumerate(site.dependencies):
        for number, on in enumerate(need.on):
            if on == need.of:
                report.add(("dependencies", index, "on", number), f"{on!r} itself", "something else that it needs")
            elif need.buffer_h == 0 and (need.logic == "all" or len(need.on) == 1):
                graph.add_edge(need.of, on, index=index)
    for loop in nx.strongly_connected_components(graph):
        if len(loop) < 2:
            continue
        way = [edge[0] for edge in nx.find_cycle(graph.subgraph(sorted(loop)))]
        start = way.index(min(way))
        way = way[start:] + way[:start]
        index = graph.edges[way[0], way[1 % len(way)]]["index"]
        found = "a loop: " + " needs ".join([*way, way[0]])
        expected = "a loop to have a buffer or an alternative (`buffer_h`, `logic: any`) somewhere"
        report.add(("dependencies", index), found, expected)


def _plugins(site: Site, report: Report) -> None:
    for index, source in enumerate(site.sources):
        _plugin("connector", source.connector, source.options, ("sources", index), report)
        _kind(source, ("sources", index), report)
    named = {detector.detector for detector in site.detectors}
    for index, detector in enumerate(site.detectors):
        successors = SUCCESSORS.get(detector.detector, ())
        if not successors:
            _plugin("detector", detector.detector, detector.options, ("detectors", index), report)
            continue
        missing = [name for name in successors if name not in named]
        found = f"{detector.detector!r}, whose rules are now those of {', '.join(successors)}"
        add = ", ".join(f"`- {{detector: {one}}}`" for one in missing)
        hint = f"they run in its place with its options; write {add}" if missing else "leave it out"
        report.add(("detectors", index, "detector"), found, "each detector by its name", hint, "warning")


def _plugin(field: str, name: str, options: dict[str, Any], here: Path, report: Report) -> None:
    family = field + "s"
    installed = plugin_names(family)
    if name not in installed:
        hint = did_you_mean(name, installed)
        report.add((*here, field), f"{name!r}, which isn't installed", f"an installed {field}", hint, "warning")
        return
    if not options:
        return
    try:
        model = load_plugin(family, name).Options
    except (PluginError, AttributeError) as error:
        report.add((*here, field), f"{name!r}, which can't be loaded: {error}", f"a {field} that works", "", "warning")
        return
    try:
        model.model_validate(options)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            path = (*here, "options", *problem["loc"])
            hint = did_you_mean(problem["loc"][-1], model.model_fields) if problem["type"] == "extra_forbidden" else ""
            report.add(path, shown(problem["input"]), problem["msg"].removeprefix("Input should be "), hint)


def _kind(source: Source, here: Path, report: Report) -> None:
    """A connector may read sources of some kinds alone: no capture tells of doors."""
    if source.connector not in plugin_names("connectors") or source.connector == "files":
        return
    try:
        kinds = getattr(load_plugin("connectors", source.connector), "kinds", None)
    except PluginError:
        return  # said already
    if kinds and source.kind not in kinds:
        expected = " or ".join(sorted(kinds))
        report.add((*here, "kind"), shown(source.kind), f"{expected}: connector {source.connector} reads nothing else")
