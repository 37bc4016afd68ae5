"""The network of the part of a site that some evidence is about, made from zones, conduits, assets and hazards.

    planned attack -> intruder -> presence in zones ----+--> readings, process --+--> top event -> release
                  +-> foothold in security zones -> control of controllers -----+--> barriers --+
    work in a zone -------------------------------------+

Every node but the roots is there once a window (`@0` the oldest, `@2` now, `@3` the one ahead), each depending on
itself in the window before: what was reached stays reached (as in dynamic Bayesian attack graphs; Frigault, Wang,
Singhal and Jajodia, QoP 2008). Causes combine as noisy-or; strengths are those of `judgements.py`. Only the nodes asked
for and what they depend on are made, which is exact (`Model.ancestral`): a model is as large as what it is about, not
as the site.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from infrastress.core.errors import ConfigurationError
from infrastress.fusion.risk.ground import MOST_WAYS, Ground
from infrastress.fusion.risk.judgements import AHEAD, HORIZON_H, JUDGEMENTS, NOW, Judgements
from infrastress.fusion.risk.structure import BOOLEAN, Model, Node, boolean, conditional, deterministic, noisy_or
from infrastress.fusion.risk.tree import bowtie_nodes, top_node
from infrastress.fusion.risk.width import MAX_WIDTH
from infrastress.site.context import Hazard
from infrastress.site.risk import Bowtie

__all__ = ["CONTROL", "FOOTHOLD", "PRESENCE", "PROCESS", "READING", "REASONS", "Part", "at", "generate", "split"]

PRESENCE = ("nobody", "work", "intruder")
FOOTHOLD = ("none", "work", "attacker")
CONTROL = BOOLEAN
READING = ("right", "faulty", "falsified")
PROCESS = ("normal", "upset", "manipulated")
BARRIER = ("works", "failed")
REASONS = (
    "attack", "release", "attack_release", "sensor_fault", "process_upset", "work", "misreading", "barrier_failed",
)  # fmt: skip
"""Names behind `reason:`: the explanations whose probabilities are told."""
_TANK_EVENTS = ("fire", "explosion", "pollution", "toxic_release")

_STEPS = ("presence", "foothold", "control", "top")
_DEEDS = ("reading", "process", "barrier")

Given = Mapping[str, str]


@dataclass(frozen=True)
class Part:
    """The part of a site a model covers.

    Attributes:
        nodes: nodes that evidence is about.
        hazards: ids of hazards whose top events are asked for.
        works: where work was announced: the node's name without its window, and the window.
        bowties: ids of bow-ties that evidence or a hazard brings in.
    """

    nodes: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    works: frozenset[tuple[str, int]] = frozenset()
    bowties: tuple[str, ...] = ()


def at(kind: str, place: str, window: int) -> str:
    """Name of a node that is there once a window."""
    return f"{kind}:{place}@{window}"


def split(name: str) -> tuple[str, str, int]:
    """Kind, place and window of a node's name; window -1 for what is not told apart by windows."""
    kind, _, rest = name.partition(":")
    place, mark, window = rest.rpartition("@")
    return (kind, place, int(window)) if mark and window.isdigit() else (kind, rest, -1)


def generate(ground: Ground, part: Part, judgements: Judgements = JUDGEMENTS) -> Model:
    """The network of a part of a site: a function of the site model, the part and the judgements.

    Raises:
        ConfigurationError: a bow-tie has more threats and barriers than can be told apart.
    """
    return _Maker(ground, part, judgements).model()


def _none_of(chances: Iterable[float]) -> float:
    return prod(1.0 - chance for chance in chances)


class _Maker:
    def __init__(self, ground: Ground, part: Part, judgements: Judgements) -> None:
        self.ground, self.part, self.j = ground, part, judgements
        self.made: dict[str, Node] = {}
        self.bowties = {bowtie.id: bowtie for bowtie in ground.site.bowties}
        self.trees = {tree.id: tree for tree in ground.site.attack_trees}
        self.bowtie_of = {b.hazard: b for b in reversed(ground.site.bowties) if b.hazard in ground.hazards}
        self.makers: dict[str, Callable[[str, int], Node]] = {
            "presence": self.presence,
            "foothold": self.foothold,
            "control": self.control,
            "reading": self.reading,
            "process": self.process,
            "barrier": self.barrier,
            "top": self.top,
            "release": self.release,
        }

    def model(self) -> Model:
        for name in self.part.bowties:
            self.bowtie(self.bowties[name])
        for name in self.part.nodes:
            kind, place, window = split(name)
            if name not in self.made:
                self.need(kind, place, window)
        self.reasons()
        self.ahead()
        return Model(tuple(self.made.values()))

    def need(self, kind: str, place: str, window: int) -> Node:
        """A node by kind, place and window, made with what it depends on where it isn't there yet."""
        name = at(kind, place, window)
        if name not in self.made:
            made = self.makers[kind](place, window)  # makes its parents first, so that they stand before it
            self.made[name] = made
        return self.made[name]

    def put(self, node: Node) -> Node:
        return self.made.setdefault(node.name, node)

    def before(self, kind: str, place: str, window: int) -> list[Node]:
        return [self.need(kind, place, window - 1)] if window else []

    def threat(self, name: str) -> Node:
        """A root cause: a planned attack, or what comes of it or by itself, within the horizon."""
        found = self.made.get(f"threat:{name}")
        if found is not None:
            return found
        if name == "attack":
            return self.put(boolean("threat:attack", self.j.within(self.j.attacks, HORIZON_H)))
        attack = self.threat("attack")
        by_itself = self.j.trespasses if name == "intruder" else self.j.malware
        share = self.j.attack_physical if name == "intruder" else self.j.attack_cyber
        leak = self.j.within(by_itself, HORIZON_H)
        return self.put(noisy_or(f"threat:{name}", [attack], {(attack.name, "yes"): share}, leak))

    def presence(self, zone: str, window: int) -> Node:
        ways, enters = self.ground.ways[zone], self.j.enters[self.ground.zones[zone].access]
        chances = dict.fromkeys(self.before("presence", zone, window), ("intruder", 1.0))
        if ways.entry:
            chances[self.threat("intruder")] = "yes", enters
        chances |= {self.need("presence", other, window): ("intruder", enters) for other in ways.nearer}
        if window:
            chances |= {self.need("presence", other, window - 1): ("intruder", enters) for other in ways.beside}
        return self._occupied("presence", zone, window, PRESENCE, chances)

    def foothold(self, zone: str, window: int) -> Node:
        ways, hops = self.ground.cyber[zone], self.j.hops[self.ground.security[zone].target]
        chances = dict.fromkeys(self.before("foothold", zone, window), ("attacker", 1.0))
        if ways.entry:
            chances[self.threat("foothold")] = "yes", self.j.hops[0]
        chances |= {self.need("foothold", other, window): ("attacker", hops) for other in ways.nearer}
        if window:
            chances |= {self.need("foothold", other, window - 1): ("attacker", hops) for other in ways.beside}
        rooms = self.ground.rooms.get(zone, ())
        chances |= {self.need("presence", room, window): ("intruder", self.j.touches) for room in rooms}
        return self._occupied("foothold", zone, window, FOOTHOLD, chances)

    def _occupied(
        self, kind: str, zone: str, window: int, states: Sequence[str], chances: Mapping[Node, tuple[str, float]]
    ) -> Node:
        """Someone there who shouldn't be, else work, else nobody."""
        announced = (f"{kind}:{zone}", window) in self.part.works
        work = self.j.announced if announced else self.j.within(self.j.works)

        def rule(given: Given) -> Sequence[float]:
            met = _none_of(chance for node, (state, chance) in chances.items() if given[node.name] == state)
            return met * (1.0 - work), met * work, 1.0 - met

        return conditional(at(kind, zone, window), states, list(chances), rule)

    def control(self, controller: str, window: int) -> Node:
        asset = self.ground.site.asset_by_id[controller]
        parents, weights = self.before("control", controller, window), dict[tuple[str, str], float]()
        weights |= {(node.name, "yes"): 1.0 for node in parents}
        zone = self.ground.security_zone(asset)
        if zone is not None:
            parents.append(self.need("foothold", zone, window))
            weights[parents[-1].name, "attacker"] = self.j.commands
        if asset.zone in self.ground.zones:
            parents.append(self.need("presence", asset.zone, window))
            weights[parents[-1].name, "intruder"] = self.j.touches
        if zone is None and asset.zone not in self.ground.zones:
            parents.append(self.threat("foothold"))
            weights[parents[-1].name, "yes"] = self.j.commands / 2
        return noisy_or(at("control", controller, window), parents, weights)

    def _hands(self, asset: str, window: int) -> tuple[list[Node], list[Node]]:
        """Who can lay hands on an asset: through its controller, and by standing beside it."""
        known = self.ground.site.asset_by_id[asset]
        through = [self.need("control", name, window) for name in self.ground.controllers_of(known)]
        beside = [self.need("presence", known.zone, window)] if known.zone in self.ground.zones else []
        return through, beside

    def reading(self, asset: str, window: int) -> Node:
        before = self.before("reading", asset, window)
        through, beside = self._hands(asset, window)
        fault = self.j.within(self.j.faults)
        worked_on = (f"reading:{asset}", window) in self.part.works

        def rule(given: Given) -> Sequence[float]:
            was = given[before[0].name] if before else ""
            here = given[beside[0].name] if beside else ""
            forged = [1.0] if was == "falsified" else []
            forged += [self.j.falsifies for node in through if given[node.name] == "yes"]
            forged += [self.j.disables_by_hand / 4] if here == "intruder" else []
            wrong = [fault, 1.0 if was == "faulty" else 0.0]
            wrong += [self.j.work_disturbs] if here == "work" else []
            wrong += [self.j.announced / 2] if worked_on else []
            genuine, well = _none_of(forged), _none_of(wrong)
            return genuine * well, genuine * (1.0 - well), 1.0 - genuine

        return conditional(at("reading", asset, window), READING, [*before, *through, *beside], rule)

    def process(self, asset: str, window: int) -> Node:
        before = self.before("process", asset, window)
        through, beside = self._hands(asset, window)
        upset = self.j.within(self.j.upsets)

        def rule(given: Given) -> Sequence[float]:
            was = given[before[0].name] if before else ""
            here = given[beside[0].name] if beside else ""
            moved = [1.0] if was == "manipulated" else []
            moved += [self.j.manipulates for node in through if given[node.name] == "yes"]
            moved += [self.j.disables_by_hand / 2] if here == "intruder" else []
            wrong = [upset, 0.5 if was == "upset" else 0.0, self.j.work_disturbs if here == "work" else 0.0]
            left, well = _none_of(moved), _none_of(wrong)
            return left * well, left * (1.0 - well), 1.0 - left

        return conditional(at("process", asset, window), PROCESS, [*before, *through, *beside], rule)

    def barrier(self, name: str, window: int) -> Node:
        """A barrier, its failure on demand among its states; without one of that name, the device that is called so."""
        known = self.ground.barriers.get(name)
        assets = [self.ground.site.asset_by_id[one] for one in (known.assets if known else (name,))]
        before = self.before("barrier", name, window)
        hands = list(dict.fromkeys(one for asset in assets for one in self.ground.controllers_of(asset)))
        through = [self.need("control", one, window) for one in hands[:2]]
        zones = [asset.zone for asset in assets if asset.zone in self.ground.zones and asset.type != "controller"]
        beside = [self.need("presence", zone, window) for zone in list(dict.fromkeys(zones))[:1] if zone]
        gauges = [self.need("reading", asset.id, window) for asset in assets if asset.type == "tank"][:1]
        pfd = (known.pfd if known and known.pfd else self.j.pfd) if not window else 0.0
        parents = [*before, *through, *beside, *gauges]

        def rule(given: Given) -> Sequence[float]:
            failed = [pfd, 1.0 if before and given[before[0].name] == "failed" else 0.0]
            failed += [self.j.disables for node in through if given[node.name] == "yes"]
            strength = {"intruder": self.j.disables_by_hand, "work": self.j.work_disables}
            failed += [strength.get(given[node.name], 0.0) for node in beside]
            failed += [0.95 for node in gauges if given[node.name] != "right"]
            works = _none_of(failed)
            return works, 1.0 - works

        return conditional(at("barrier", name, window), BARRIER, parents, rule)

    def top(self, hazard: str, window: int) -> Node:
        """A hazard's top event by some window; that of its bow-tie where the site file has one."""
        known = self.ground.hazards[hazard]
        bowtie = self.bowtie_of.get(hazard)
        if bowtie is not None:
            said = self.bowtie(bowtie)
            return deterministic(at("top", hazard, window), [said], [frozenset({"yes"})])
        before = [self.need("top", hazard, NOW)] if window > NOW else []
        asset = self.ground.site.asset_by_id[known.asset]
        tanks = [one for one in self.ground.site.assets if one.type == "tank" and one.bund == asset.id]
        stand = [self.need("barrier", barrier.id, window) for barrier in self.ground.against[hazard][:MOST_WAYS]]
        if asset.type == "bund" and known.event in _TANK_EVENTS and tanks:
            return self._escalation(known, window, before, stand)
        process, reading = self.need("process", asset.id, window), self.need("reading", asset.id, window)
        harms = {"upset": self.j.upset_harms, "manipulated": self.j.manipulation_harms}
        misleads = {"falsified": self.j.misleads[0], "faulty": self.j.misleads[1]}

        def rule(given: Given) -> Sequence[float]:
            was = bool(before) and given[before[0].name] == "yes"
            open_ = all(given[node.name] == "failed" for node in stand)
            demand = 1.0 - _none_of((harms.get(given[process.name], 0.0), misleads.get(given[reading.name], 0.0)))
            chance = 1.0 if was else max(demand if open_ else 0.0, 1e-6)
            return 1.0 - chance, chance

        return conditional(at("top", hazard, window), BOOLEAN, [*before, process, reading, *stand], rule)

    def _escalation(self, hazard: Hazard, window: int, before: list[Node], stand: list[Node]) -> Node:
        """What follows in a bund when a tank in it is lost."""
        site = self.ground.site
        inside = [one.id for one in site.assets if one.type == "tank" and one.bund == hazard.asset]
        first = [other for tank in inside for other in self.ground.hazards_of[tank] if other.id in self.part.hazards]
        tops = [self.need("top", other.id, window) for other in first[:4]]
        share = self.j.ignites if hazard.event in ("fire", "explosion") else self.j.spreads

        def rule(given: Given) -> Sequence[float]:
            was = bool(before) and given[before[0].name] == "yes"
            begun = any(given[node.name] == "yes" for node in tops)
            open_ = all(given[node.name] == "failed" for node in stand)
            chance = 1.0 if was else share if begun and open_ else 1e-6
            return 1.0 - chance, chance

        return conditional(at("top", hazard.id, window), BOOLEAN, [*before, *tops, *stand], rule)

    def release(self, zone: str, window: int) -> Node:
        """Something escaped in a zone, or anywhere for the zone `*`: what gas heads and people notice."""
        assets = self.ground.site.asset_by_id
        inside = [h for h in self.part.hazards if zone == "*" or assets[self.ground.hazards[h].asset].zone == zone]
        tops = [self.need("top", hazard, window) for hazard in inside]
        leak = self.j.within(self.j.leaks, HORIZON_H)
        return self.any_of(at("release", zone, window), [(node, frozenset({"yes"})) for node in tops], leak)

    def bowtie(self, bowtie: Bowtie) -> Node:
        name = top_node(bowtie)
        if name in self.made:
            return self.made[name]
        used = [*(b for t in bowtie.threats for b in t.barriers)]
        if len(bowtie.threats) + len(set(used)) > MAX_WIDTH:
            raise ConfigurationError(
                f"bow-tie {bowtie.id!r}: {len(bowtie.threats)} threats, {len(set(used))} barriers before its top event",
                where="site.yaml: bowties",
                remedy=f"at most {MAX_WIDTH} together: join threats by an attack tree, or split it",
            )
        used += [barrier for end in bowtie.consequences for barrier in end.barriers]
        barriers = {barrier: self.need("barrier", barrier, NOW) for barrier in dict.fromkeys(used)}
        places: dict[str, tuple[Node, str]] = {}
        for threat in bowtie.threats:
            if threat.zone is not None:
                places[threat.id] = self.need("presence", threat.zone, NOW), "intruder"
            elif threat.security_zone is not None:
                places[threat.id] = self.need("foothold", threat.security_zone, NOW), "attacker"
        for node in bowtie_nodes(bowtie, self.trees, barriers, places):
            self.put(node)
        return self.made[name]

    def any_of(self, name: str, causes: Sequence[tuple[Node, frozenset[str]]], leak: float = 0.0) -> Node:
        """Whether any of them is so, as a chain of pairs: a wide OR of n parents would have treewidth n.

        (Parent divorcing; Olesen et al., Applied Artificial Intelligence 3, 1989.)
        """
        yes = frozenset({"yes"})
        links = [*causes] if causes and not leak else [(self.put(boolean(f"{name}/0", leak)), yes), *causes]
        made = deterministic(name if len(links) == 1 else f"{name}/1", [links[0][0]], [links[0][1]])
        for number, (node, states) in enumerate(links[1:], 2):
            link = name if number == len(links) else f"{name}/{number}"
            made = deterministic(link, [self.put(made), node], [yes, states])
        return made if split(name)[0] in self.makers else self.put(made)

    def reasons(self) -> None:
        """The nodes of the explanations, over what evidence is about."""
        yes, reached = frozenset({"yes"}), [split(name) for name in self.part.nodes]
        roots = [self.threat("intruder"), self.threat("foothold")]
        zoned = [t.id for b in self.part.bowties for t in self.bowties[b].threats if t.zone or t.security_zone]
        own = [
            self.made[f"threat:{b}/{t.id}"]
            for b in self.part.bowties
            for t in self.bowties[b].threats
            if t.id not in zoned
        ]
        attack = self.any_of("reason:attack", [(node, yes) for node in (*roots, *own)])
        readings = dict.fromkeys(place for kind, place, _ in reached if kind == "reading")
        faults = [(self.need("reading", place, NOW), frozenset({"faulty"})) for place in readings]
        self.any_of("reason:sensor_fault", faults)
        wrong = [(self.need("reading", place, NOW), frozenset({"faulty", "falsified"})) for place in readings]
        self.any_of("reason:misreading", wrong)
        failed = [(self.made[at(*one)], frozenset({"failed"})) for one in reached if one[0] == "barrier"]
        self.any_of("reason:barrier_failed", failed)
        processes = dict.fromkeys(place for kind, place, _ in reached if kind == "process")
        upsets = [(self.need("process", place, NOW), frozenset({"upset"})) for place in processes]
        self.any_of("reason:process_upset", upsets)
        tops = [(self.need("top", hazard, NOW), yes) for hazard in self.part.hazards]
        zones = dict.fromkeys(place for kind, place, _ in reached if kind == "release")
        own_tops = [(self.made[top_node(self.bowties[b])], yes) for b in self.part.bowties]
        released = self.any_of(
            "reason:release", [*((self.need("release", zone, NOW), yes) for zone in zones), *tops, *own_tops]
        )
        self.put(deterministic("reason:attack_release", [attack, released], [yes, yes], all_of=True))
        busy = [self.made[name] for name in self._work_places(reached)]
        self.any_of("reason:work", [(node, frozenset({"work"})) for node in busy])

    def _work_places(self, reached: Iterable[tuple[str, str, int]]) -> list[str]:
        found: dict[str, None] = {}
        for kind, place, window in reached:
            if kind in ("presence", "foothold"):
                found[at(kind, place, window)] = None
            elif kind in ("reading", "process", "barrier"):
                found |= dict.fromkeys(
                    name for name in self.made[at(kind, place, window)].parents if name.startswith("presence:")
                )
        return list(found)

    def ahead(self) -> None:
        """What is asked of the window that has not begun: the same places and hazards, and what they lead to."""
        places = [name for name in self.made if split(name)[2] == NOW]
        for name in places:
            kind, place, _ = split(name)
            if kind in _STEPS or (kind in _DEEDS and self.part.hazards):
                self.need(kind, place, AHEAD)
