"""Ids and what refers to them: every id once, every reference to something that is there and of the right type."""

from collections.abc import Iterable, Mapping
from typing import Any

from infrastress.site.assets import Asset
from infrastress.site.control import condition_parts
from infrastress.site.model import Site
from infrastress.site.process import Comparison
from infrastress.site.report import Path, Report
from infrastress.site.risk_checks import check_risk
from infrastress.site.validation import Validated

__all__ = ["check_references"]

_LISTS = (
    "substances", "zones", "security_zones", "conduits", "networks", "assets", "signals", "connections", "interlocks",
    "control_rules", "hazards", "barriers", "voting", "services", "dependencies", "receptors", "people", "shifts",
    "roads", "sources", "attack_trees", "bowties", "works",
)  # fmt: skip
_WORDS = {
    "substances": "substance", "zones": "zone", "security_zones": "security zone", "networks": "network",
    "assets": "asset", "signals": "signal", "hazards": "hazard", "services": "service", "shifts": "shift",
    "sources": "source", "barriers": "barrier", "attack_trees": "attack tree",
}  # fmt: skip
_COMPUTERS = ("controller", "host")
_VOTERS = ("gas_detector", "flame_detector", "smoke_detector", "level_switch", "call_point", "fence")
_CARRIERS = ("pump", "valve", "pipe", "heater", "junction", "other")


def check_references(checked: Validated) -> None:
    """Report doubled ids and dangling or ill-typed references of every kind."""
    site = checked.site
    if site is None:
        return
    _Ids(checked, site).check()


class _Ids:
    def __init__(self, checked: Validated, site: Site) -> None:
        self.site = site
        self.report: Report = checked.report
        self.unknown = checked.unknown
        self.known: dict[str, dict[str, Any]] = {}
        for name in _LISTS:
            ids: dict[str, Any] = dict.fromkeys(checked.lost.get(name, ()))
            for index, entry in enumerate(getattr(site, name)):
                if entry.id in ids:
                    self.report.add((name, index, "id"), f"id {entry.id!r} again", "each id once in its list")
                ids[entry.id] = entry
            self.known[name] = ids

    def check(self) -> None:
        for index, service in enumerate(self.site.services):
            if service.id in self.known["assets"]:
                found = f"id {service.id!r}, which is an asset's"
                self.report.add(("services", index, "id"), found, "an id that no asset has")
        self._assets()
        self._signals()
        self._process()
        self._context()
        check_risk(self.site, self.report, self._one, self._many)

    def _one(self, path: Path, word: str | None, target: str, types: Iterable[str] = ()) -> Any:
        """The thing referred to, None when there is none (reported) or nothing can be said."""
        if word is None or target in self.unknown:
            return None
        known = self.known[target]
        if word not in known:
            name = _WORDS[target]
            candidates: Iterable[str] = known
            if types:
                candidates = [key for key, asset in known.items() if asset is None or asset.type in types]
            hint = self.report.suggest(word, candidates)
            article = "an" if name[0] in "aeiou" else "a"
            self.report.add(path, f"{name} {word!r}, which isn't there", f"the id of {article} {name}", hint)
            return None
        found = known[word]
        if found is not None and types and found.type not in types:
            self.report.add(path, f"{word!r}, which is of type {found.type}", "one of type " + " or ".join(types))
        return found

    def _many(self, path: Path, words: Iterable[str], target: str, types: Iterable[str] = ()) -> None:
        for index, word in enumerate(words):
            self._one((*path, index), word, target, types)

    def _assets(self) -> None:
        references: Mapping[str, tuple[str, tuple[str, ...]]] = {
            "substance": ("substances", ()),
            "bund": ("assets", ("bund",)),
            "tank": ("assets", ("tank",)),
            "leads_to": ("zones", ()),
        }
        networks, zones, security = self.known["networks"], self.known["zones"], self.known["security_zones"]
        for index, asset in enumerate(self.site.assets):
            if asset.zone is not None and asset.zone not in zones:
                self._one(("assets", index, "zone"), asset.zone, "zones")
            if asset.security_zone is not None and asset.security_zone not in security:
                self._one(("assets", index, "security_zone"), asset.security_zone, "security_zones")
            if asset.controller is not None:
                self._controller(index, asset)
            for number, interface in enumerate(asset.interfaces):
                if interface.network not in networks:
                    self._one(("assets", index, "interfaces", number, "network"), interface.network, "networks")
            for field in asset.model_fields_set & references.keys():
                target, types = references[field]
                self._one(("assets", index, field), getattr(asset, field), target, types)

    def _controller(self, index: int, asset: Asset) -> None:
        path = ("assets", index, "controller")
        if asset.controller == asset.id:
            self.report.add(path, "itself", "another asset, the PLC or host that reads or drives it")
        else:
            self._one(path, asset.controller, "assets", _COMPUTERS)

    def _signals(self) -> None:
        spoken = set()
        for index, signal in enumerate(self.site.signals):
            self._one(("signals", index, "asset"), signal.asset, "assets")
            if signal.source is None:
                hint = "name the source that delivers it, or remove it"
                self.report.add(("signals", index, "source"), "no source", "the id of a source", hint, "warning")
            else:
                spoken.add(signal.source)
                self._one(("signals", index, "source"), signal.source, "sources")
            if signal.register_ is not None:
                path = ("signals", index, "register", "controller")
                self._one(path, signal.register_.controller, "assets", _COMPUTERS)
        for index, source in enumerate(self.site.sources):
            if source.kind == "telemetry" and source.id not in spoken and "signals" not in self.unknown:
                hint = f"set `source: {source.id}` in the signals it delivers"
                self.report.add(("sources", index), "a source without signals", "at least one signal", hint, "warning")

    def _process(self) -> None:
        site = self.site
        for index, line in enumerate(site.connections):
            here = ("connections", index)
            self._one((*here, "from"), line.from_, "assets")
            self._one((*here, "to"), line.to, "assets")
            self._many((*here, "through"), line.through, "assets", _CARRIERS)
            flow = self._one((*here, "flow"), line.flow, "signals")
            if flow is not None and flow.kind != "flow":
                self.report.add(
                    (*here, "flow"), f"{line.flow!r}, a signal of kind {flow.kind}", "a signal of kind flow"
                )
            if line.from_ == line.to:
                self.report.add((*here, "to"), f"{line.to!r}, where it also comes from", "another asset")
            for number, asset in enumerate(line.through):
                if asset in (line.from_, line.to):
                    self.report.add((*here, "through", number), f"{asset!r}, one of its ends", "what lies between them")
        for index, lock in enumerate(site.interlocks):
            self._one(("interlocks", index, "when", "signal"), lock.when.signal, "signals")
            self._actuator(("interlocks", index, "actuator"), lock.actuator)
            self._one(("interlocks", index, "bypass"), lock.bypass, "signals")
        for index, rule in enumerate(site.control_rules):
            for path, part in condition_parts(rule.when):
                if isinstance(part, Comparison):
                    self._one(("control_rules", index, "when", *path, "signal"), part.signal, "signals")
            setting = rule.sets is not None or any(entry.sets is not None for entry in rule.schedule)
            self._actuator(("control_rules", index, "actuator"), rule.actuator, setting=setting)

    def _actuator(self, path: Path, word: str, *, setting: bool = False) -> None:
        if word not in self.known["signals"] and word in self.known["assets"]:
            states = [signal.id for signal in self.site.signals if signal.asset == word and signal.kind == "state"]
            hint = f"did you mean {states[0]!r}?" if states else f"give {word!r} a signal of kind state"
            self.report.add(path, f"{word!r}, an asset", "the id of a signal of kind state", hint)
            return
        signal = self._one(path, word, "signals")
        kinds = ("state", "speed", "position", "setpoint") if setting else ("state",)
        if signal is not None and signal.kind not in kinds:
            expected = "a signal of kind " + " or ".join(kinds)
            self.report.add(path, f"{word!r}, a signal of kind {signal.kind}", expected)

    def _context(self) -> None:
        site = self.site
        for index, conduit in enumerate(site.conduits):
            self._one(("conduits", index, "from"), conduit.from_, "security_zones")
            self._one(("conduits", index, "to"), conduit.to, "security_zones")
            if conduit.from_ == conduit.to:
                self.report.add(("conduits", index, "to"), f"{conduit.to!r}, where it also begins", "another zone")
        for index, network in enumerate(site.networks):
            self._one(("networks", index, "security_zone"), network.security_zone, "security_zones")
        for index, hazard in enumerate(site.hazards):
            self._one(("hazards", index, "asset"), hazard.asset, "assets")
            self._one(("hazards", index, "substance"), hazard.substance, "substances")
        for index, barrier in enumerate(site.barriers):
            self._many(("barriers", index, "prevents"), barrier.prevents, "hazards")
            self._many(("barriers", index, "assets"), barrier.assets, "assets")
        for index, group in enumerate(site.voting):
            here = ("voting", index)
            self._many((*here, "members"), group.members, "assets", _VOTERS)
            self._one((*here, "hazard"), group.hazard, "hazards")
            if group.needed > len(set(group.members)):
                expected = f"at most {len(set(group.members))}, as many as it has members"
                self.report.add((*here, "needed"), str(group.needed), expected)
        for index, person in enumerate(site.people):
            self._many(("people", index, "shifts"), person.shifts, "shifts")
            self._many(("people", index, "zones"), person.zones, "zones")
            self._many(("people", index, "hosts"), person.hosts, "assets", _COMPUTERS)
        for index, need in enumerate(site.dependencies):
            self._asset_or_service(("dependencies", index, "of"), need.of)
            for number, word in enumerate(need.on):
                self._asset_or_service(("dependencies", index, "on", number), word)

    def _asset_or_service(self, path: Path, word: str) -> None:
        assets, services = self.known["assets"], self.known["services"]
        if word in assets or word in services or {"assets", "services"} & self.unknown:
            return
        hint = self.report.suggest(word, [*assets, *services])
        self.report.add(path, f"{word!r}, which isn't there", "the id of an asset or service", hint)
