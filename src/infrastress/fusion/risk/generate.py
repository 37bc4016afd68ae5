"""The network of the part of a site that some evidence is about, made from zones, conduits, assets and hazards.

    planned attack -> intruder in zones ---------------+--> reading, process --+--> top event -> release
                  +-> attacker in security zones -> control of controllers ----+--> barriers --+
    work in a zone, or on its computers ---------------+

Time is cut into windows, and what was reached stays reached (as in dynamic Bayesian attack graphs; Frigault, Wang,
Singhal and Jajodia, QoP 2008). A chain of such yes-or-no nodes, one a window, holds no more than the window in which
the step was made; so that window is the state of one node (a temporal node; Arroyo-Figueroa and Sucar, UAI 1999):
`earlier`, `before`, `now`, `ahead` (the window that has not begun), or `never`. With the windows unrolled the same
network would have three times the treewidth. A step is made in window k, if not before, with probability
1 - prod(1 - strength of each cause reached by k).

`presence:<zone>@k` and `foothold:<zone>@k` are what can be seen in window k: somebody, who works or who attacks. What
or nobody, though the devices that would tell are disturbed. A storm disturbs many things at once. What
is done to readings, process, barriers has the states by now, and `soon` for the window ahead. Causes combine as
noisy-or; strengths are those of `judgements.py`. Only the nodes asked for and what they depend on are made, which is
exact (`Model.ancestral`): a model is as large as what it is about, not as the site.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from infrastress.core.errors import ConfigurationError
from infrastress.fusion.risk.ground import MOST_WAYS, Ground
from infrastress.fusion.risk.judgements import HORIZON_H, JUDGEMENTS, NOW, SLICES, Judgements
from infrastress.fusion.risk.structure import BOOLEAN, Model, Node, boolean, conditional, deterministic, noisy_or
from infrastress.fusion.risk.tree import bowtie_nodes, top_node
from infrastress.fusion.risk.width import MAX_WIDTH
from infrastress.site.context import Hazard
from infrastress.site.risk import Bowtie

__all__ = [
    "ANYWHERE", "BARRIER", "BY_NOW", "CONTROL", "FOOTHOLD", "PRESENCE", "PROCESS", "READING", "REASONS", "TOP", "WHEN",
    "Part", "at", "generate", "split",
]  # fmt: skip

WHEN = ("never", "ahead", "now", "before", "earlier")
"""In which window a step was made; the quiet state first, then from the latest to the oldest."""
BY_NOW = frozenset({"now", "before", "earlier"})
PRESENCE = ("nobody", "work", "disturbed", "intruder")
FOOTHOLD = ("nobody", "work", "disturbed", "attacker")
CONTROL = BOOLEAN
READING = ("right", "faulty", "work", "falsified", "soon")
PROCESS = ("normal", "upset", "work", "manipulated", "soon")
BARRIER = ("works", "failed", "soon")
TOP = ("no", "yes", "soon")
REASONS = (
    "attack", "release", "attack_release", "sensor_fault", "process_upset", "work", "misreading", "barrier_failed",
)  # fmt: skip
"""Names behind `reason:`: the explanations whose probabilities are told."""
ANYWHERE = "*"
"""The place of a presence or a foothold that nobody can say more of."""
_TANK_EVENTS = ("fire", "explosion", "pollution", "toxic_release")
_YES = frozenset({"yes"})

Given = Mapping[str, str]


@dataclass(frozen=True)
class Part:
    """The part of a site a model covers.

    Attributes:
        nodes: nodes that evidence is about.
        hazards: ids of hazards whose top events are asked for.
        works: where work was announced: `presence:` or `foothold:` and a zone, or `reading:` and an asset; the window.
        bowties: ids of bow-ties that evidence or a hazard brings in.
        common: whether causes that many things have in common without an attacker are reckoned with: where nobody
            measured how often detectors speak of these, they would explain away whatever they are asked about.
    """

    nodes: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    works: frozenset[tuple[str, int]] = frozenset()
    bowties: tuple[str, ...] = ()
    common: bool = False


def at(kind: str, place: str, window: int = -1) -> str:
    """Name of a node, with its window where there is one."""
    return f"{kind}:{place}@{window}" if window >= 0 else f"{kind}:{place}"


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


def _by(state: str, window: int) -> bool:
    """Whether what was reached in the window called `state` is reached by some window."""
    return WHEN.index(state) >= WHEN.index("ahead") + SLICES - window


class _Maker:
    def __init__(self, ground: Ground, part: Part, judgements: Judgements) -> None:
        self.ground, self.part, self.j = ground, part, judgements
        self.made: dict[str, Node] = {}
        self.bowties = {bowtie.id: bowtie for bowtie in ground.site.bowties}
        self.trees = {tree.id: tree for tree in ground.site.attack_trees}
        self.bowtie_of = {b.hazard: b for b in reversed(ground.site.bowties) if b.hazard in ground.hazards}
        self.makers: dict[str, Callable[[str], Node]] = {
            "intruder": self.intruder,
            "attacker": self.attacker,
            "controlled": self.controlled,
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
            self.seen(kind, place, window) if window >= 0 else self.need(kind, place)
        for hazard in self.part.hazards:
            self.need("top", hazard)
        self.reasons()
        return Model(tuple(self.made.values()))

    def need(self, kind: str, place: str) -> Node:
        """A node, made with what it depends on where it isn't there yet."""
        name = at(kind, place)
        if name not in self.made:
            made = self.makers[kind](place)  # makes its parents first, so that they stand before it
            self.made[name] = made
        return self.made[name]

    def put(self, node: Node) -> Node:
        return self.made.setdefault(node.name, node)

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

    def _step(self, name: str, causes: Mapping[Node, float]) -> Node:
        """When a step is made: causes are threats, which are there all the time, and steps before it."""

        def rule(given: Given) -> Sequence[float]:
            left, chances = 1.0, list[float]()
            for window in range(SLICES + 1):
                reached = (
                    strength
                    for node, strength in causes.items()
                    if (given[node.name] == "yes" if node.states == BOOLEAN else _by(given[node.name], window))
                )
                stays = _none_of(reached)
                chances.append(left * (1.0 - stays))
                left *= stays
            return left, *reversed(chances)

        return conditional(name, WHEN, list(causes), rule)

    def intruder(self, zone: str) -> Node:
        ways, enters = self.ground.ways[zone], self.j.enters[self.ground.zones[zone].access]
        causes = {self.threat("intruder"): enters} if ways.entry else {}
        causes |= {self.need("intruder", other): enters for other in ways.nearer}
        return self._step(at("intruder", zone), causes)

    def attacker(self, zone: str) -> Node:
        ways, hops = self.ground.cyber[zone], self.j.hops[self.ground.security[zone].target]
        causes = {self.threat("foothold"): self.j.hops[0]} if ways.entry else {}
        causes |= {self.need("attacker", other): hops for other in ways.nearer}
        causes |= {self.need("intruder", room): self.j.touches for room in self.ground.rooms.get(zone, ())}
        return self._step(at("attacker", zone), causes)

    def controlled(self, controller: str) -> Node:
        asset = self.ground.site.asset_by_id[controller]
        zone = self.ground.security_zone(asset)
        causes: dict[Node, float] = {}
        if zone is not None:
            causes[self.need("attacker", zone)] = self.j.commands
        if asset.zone in self.ground.zones and asset.zone not in self.ground.rooms.get(zone or "", ()):
            causes[self.need("intruder", asset.zone)] = self.j.touches
        return self._step(at("controlled", controller), causes or {self.threat("foothold"): self.j.commands / 2})

    def seen(self, kind: str, place: str, window: int) -> Node:
        """What could be seen at a place in a window: who attacks, else who works, else nobody."""
        name = at(kind, place, window)
        if name in self.made:
            return self.made[name]
        kinds = {"presence": "intruder", "foothold": "attacker", "control": "controlled"}
        anywhere = place == ANYWHERE
        step = (
            self.threat("intruder" if kind == "presence" else "foothold") if anywhere else self.need(kinds[kind], place)
        )
        announced = (f"{kind}:{place}", window) in self.part.works
        if kind == "control":
            return self.put(conditional(name, CONTROL, [step], lambda given: _certain(_by(given[step.name], window))))
        works = self.j.announced if announced else self.j.within(self.j.works)
        own = self.j.within(self.j.disturbances) if self.part.common else 0.0

        def rule(given: Given) -> Sequence[float]:
            if given[step.name] == "yes" if anywhere else _by(given[step.name], window):
                return 0.0, 0.0, 0.0, 1.0
            work = 1.0 - _none_of([works, self._busy(given)])
            still = _none_of([own, self._shaken(given)])
            return (1.0 - work) * still, work, (1.0 - work) * (1.0 - still), 0.0

        return self.put(conditional(name, PRESENCE if kind == "presence" else FOOTHOLD, [step, *self.common()], rule))

    def common(self) -> list[Node]:
        """Common causes without an attacker: a storm disturbs many things, a job takes people to many places."""
        if not self.part.common:
            return []
        storm = boolean("storm:*", self.j.within(self.j.storms, HORIZON_H))
        return [self.put(storm), self.put(boolean("job:*", self.j.within(self.j.jobs, HORIZON_H)))]

    def _shaken(self, given: Given) -> float:
        return self.j.shakes if given.get("storm:*") == "yes" else 0.0

    def _busy(self, given: Given) -> float:
        return self.j.covers if given.get("job:*") == "yes" else 0.0

    def _hands(self, assets: Iterable[str]) -> tuple[list[Node], list[Node]]:
        """Who can lay hands on assets: through their controllers, and by standing beside the first of them."""
        known = [self.ground.site.asset_by_id[asset] for asset in assets]
        controllers = dict.fromkeys(name for asset in known for name in self.ground.controllers_of(asset))
        zones = [asset.zone for asset in known if asset.zone in self.ground.zones and asset.type != "controller"]
        beside = [self.seen("presence", zone, NOW) for zone in zones[:1] if zone]
        return [self.need("controlled", name) for name in list(controllers)[:2]], beside

    @staticmethod
    def _done(given: Given, through: Sequence[Node], strength: float, by_hand: float) -> tuple[float, float]:
        """Probability that a deed is done by now, and that it isn't but will be in the window ahead."""
        now = 1.0 - _none_of([by_hand, *(strength for node in through if given[node.name] in BY_NOW)])
        soon = 1.0 - _none_of([by_hand, *(strength for node in through if given[node.name] != "never")])
        return now, (1.0 - now) * soon

    def _undone(self, well: float, busy: float, now: float, soon: float) -> tuple[float, ...]:
        """Well, faulty, worked on, and what is done to it by now and soon.

        What work does looks like a fault unless it was measured what detectors say of it.
        """
        left = 1.0 - now - soon
        if not self.part.common:
            well, busy = well * (1.0 - busy), 0.0
        return left * well * (1.0 - busy), left * (1.0 - well), left * well * busy, now, soon

    def reading(self, asset: str) -> Node:
        through, beside = self._hands([asset])
        fault = self.j.within(self.j.faults, HORIZON_H)
        worked_on = any((f"reading:{asset}", window) in self.part.works for window in range(SLICES))

        def rule(given: Given) -> Sequence[float]:
            here = given[beside[0].name] if beside else ""
            by_hand = self.j.disables_by_hand / 4 if here == "intruder" else 0.0
            now, soon = self._done(given, through, self.j.falsifies, by_hand)
            work = self.j.work_disturbs if here == "work" else 0.0
            busy = 1.0 - _none_of([work, self._busy(given), self.j.announced / 2 if worked_on else 0.0])
            return self._undone(_none_of([fault, self._shaken(given)]), busy, now, soon)

        return conditional(at("reading", asset), READING, [*through, *beside, *self.common()], rule)

    def process(self, asset: str) -> Node:
        through, beside = self._hands([asset])
        upset = self.j.within(self.j.upsets, HORIZON_H)

        def rule(given: Given) -> Sequence[float]:
            here = given[beside[0].name] if beside else ""
            by_hand = self.j.disables_by_hand / 2 if here == "intruder" else 0.0
            now, soon = self._done(given, through, self.j.manipulates, by_hand)
            busy = 1.0 - _none_of([self._busy(given), self.j.work_disturbs if here == "work" else 0.0])
            return self._undone(_none_of([upset, self._shaken(given)]), busy, now, soon)

        return conditional(at("process", asset), PROCESS, [*through, *beside, *self.common()], rule)

    def barrier(self, name: str) -> Node:
        """A barrier, its failure on demand among its states; without one of that name, the device that is called so."""
        known = self.ground.barriers.get(name)
        assets = known.assets if known else (name,)
        through, beside = self._hands(assets)
        types = {asset: self.ground.site.asset_by_id[asset].type for asset in assets}
        gauges = [self.need("reading", asset) for asset in assets if types[asset] == "tank"][:1]
        pfd = known.pfd if known and known.pfd else self.j.pfd
        strength = {"intruder": self.j.disables_by_hand, "work": self.j.work_disables}

        def rule(given: Given) -> Sequence[float]:
            here = strength.get(given[beside[0].name], 0.0) if beside else 0.0
            now, soon = self._done(given, through, self.j.disables, here)
            gauge = given[gauges[0].name] if gauges else "right"
            works = _none_of([now, pfd, 0.95 if gauge in ("faulty", "falsified") else 0.0])
            soon = 1.0 - _none_of([soon, 0.95 if gauge == "soon" else 0.0])
            return works * (1.0 - soon), 1.0 - works, works * soon

        return conditional(at("barrier", name), BARRIER, [*through, *beside, *gauges], rule)

    def top(self, hazard: str) -> Node:
        """A hazard's top event; that of its bow-tie where the site file has one, which tells nothing ahead."""
        known = self.ground.hazards[hazard]
        bowtie = self.bowtie_of.get(hazard)
        if bowtie is not None:
            said = self.bowtie(bowtie)
            return conditional(
                at("top", hazard), TOP, [said], lambda given: (0, 1, 0) if given[said.name] == "yes" else (1, 0, 0)
            )
        asset = self.ground.site.asset_by_id[known.asset]
        escalates = asset.type == "bund" and known.event in _TANK_EVENTS
        before = [one for one in self.ground.against[hazard] if escalates or one.side == "prevention"]
        stand = [self.need("barrier", barrier.id) for barrier in before[:MOST_WAYS]]
        if escalates:
            return self._escalation(known, stand)
        process, reading = self.need("process", asset.id), self.need("reading", asset.id)
        harms = {"upset": self.j.upset_harms, "manipulated": self.j.manipulation_harms}
        misleads = {"falsified": self.j.misleads[0], "faulty": self.j.misleads[1]}

        def demand(done: str, shown: str) -> float:
            return 1.0 - _none_of((harms.get(done, 0.0), misleads.get(shown, 0.0)))

        def rule(given: Given) -> Sequence[float]:
            done, shown = given[process.name], given[reading.name]
            by_now = all(given[node.name] == "failed" for node in stand)
            by_then = all(given[node.name] != "works" for node in stand)
            now = max(demand(done, shown) if by_now else 0.0, _UNFORESEEN)
            ahead = demand("manipulated" if done == "soon" else done, "falsified" if shown == "soon" else shown)
            return _so_far(now, ahead if by_then else 0.0)

        return conditional(at("top", hazard), TOP, [process, reading, *stand], rule)

    def _escalation(self, hazard: Hazard, stand: list[Node]) -> Node:
        """What follows in a bund when a tank in it is lost."""
        site = self.ground.site
        inside = [one.id for one in site.assets if one.type == "tank" and one.bund == hazard.asset]
        first = [other for tank in inside for other in self.ground.hazards_of[tank] if other.id in self.part.hazards]
        tops = [self.need("top", other.id) for other in first[:MOST_WAYS]]
        share = self.j.ignites if hazard.event in ("fire", "explosion") else self.j.spreads

        def rule(given: Given) -> Sequence[float]:
            by_now = all(given[node.name] == "failed" for node in stand)
            by_then = all(given[node.name] != "works" for node in stand)
            lost = any(given[node.name] == "yes" for node in tops) and by_now
            soon = any(given[node.name] != "no" for node in tops) and by_then
            return _so_far(share if lost else _UNFORESEEN, share if soon else 0.0)

        return conditional(at("top", hazard.id), TOP, [*tops, *stand], rule)

    def release(self, zone: str) -> Node:
        """Something escaped in a zone, or anywhere for the zone `*`: what gas heads and people notice."""
        assets = self.ground.site.asset_by_id
        inside = [h for h in self.part.hazards if zone == "*" or assets[self.ground.hazards[h].asset].zone == zone]
        tops = [self.need("top", hazard) for hazard in inside]
        leak = self.j.within(self.j.leaks, HORIZON_H)
        return self.any_of(at("release", zone), [(node, _YES) for node in tops], leak)

    def bowtie(self, bowtie: Bowtie) -> Node:
        name = top_node(bowtie)
        if name in self.made:
            return self.made[name]
        used = [barrier for threat in bowtie.threats for barrier in threat.barriers]
        if len(bowtie.threats) + len(set(used)) > MAX_WIDTH:
            raise ConfigurationError(
                f"bow-tie {bowtie.id!r}: {len(bowtie.threats)} threats, {len(set(used))} barriers before its top event",
                where="site.yaml: bowties",
                remedy=f"at most {MAX_WIDTH} together: join threats by an attack tree, or split it",
            )
        used += [barrier for end in bowtie.consequences for barrier in end.barriers]
        barriers = {barrier: self.need("barrier", barrier) for barrier in dict.fromkeys(used)}
        places: dict[str, tuple[Node, str]] = {}
        for threat in bowtie.threats:
            if threat.zone is not None:
                places[threat.id] = self.seen("presence", threat.zone, NOW), "intruder"
            elif threat.security_zone is not None:
                places[threat.id] = self.seen("foothold", threat.security_zone, NOW), "attacker"
        for node in bowtie_nodes(bowtie, self.trees, barriers, places):
            self.put(node)
        return self.made[name]

    def any_of(self, name: str, causes: Sequence[tuple[Node, frozenset[str]]], leak: float = 0.0) -> Node:
        """Whether any of them is so, as a chain of pairs: a wide OR of n parents would have treewidth n.

        (Parent divorcing; Olesen et al., Applied Artificial Intelligence 3, 1989.)
        """
        links = [*causes] if causes and not leak else [(self.put(boolean(f"{name}/0", leak)), _YES), *causes]
        made = deterministic(name if len(links) == 1 else f"{name}/1", [links[0][0]], [links[0][1]])
        for number, (node, states) in enumerate(links[1:], 2):
            link = name if number == len(links) else f"{name}/{number}"
            made = deterministic(link, [self.put(made), node], [_YES, states])
        return made if split(name)[0] in self.makers else self.put(made)

    def reasons(self) -> None:
        """The nodes of the explanations, over what evidence is about."""
        reached = [split(name) for name in self.part.nodes]
        places = {kind: list(dict.fromkeys(p for k, p, _ in reached if k == kind)) for kind, _, _ in reached}
        bowties = [self.bowties[name] for name in self.part.bowties]
        own = [
            self.made[f"threat:{b.id}/{t.id}"] for b in bowties for t in b.threats if not (t.zone or t.security_zone)
        ]
        roots = [self.threat("intruder"), self.threat("foothold"), *own]
        attack = self.any_of("reason:attack", [(node, _YES) for node in roots])
        readings = [self.made[at("reading", place)] for place in places.get("reading", ())]
        seen = [self.made[at(*one)] for one in reached if one[0] in ("presence", "foothold")]
        faulty = [(node, frozenset({"faulty"})) for node in readings]
        self.any_of(
            "reason:sensor_fault", [*faulty, *((node, frozenset({"disturbed"})) for node in dict.fromkeys(seen))]
        )
        told = {signal.asset for signal in self.ground.site.signals}  # a fence that misreads misleads nobody
        misled = [self.made[at("reading", place)] for place in places.get("reading", ()) if place in told]
        self.any_of("reason:misreading", [(node, frozenset({"faulty", "falsified"})) for node in misled])
        failed = [self.made[at("barrier", place)] for place in places.get("barrier", ())]
        self.any_of("reason:barrier_failed", [(node, frozenset({"failed"})) for node in failed])
        processes = [self.made[at("process", place)] for place in places.get("process", ())]
        self.any_of("reason:process_upset", [(node, frozenset({"upset"})) for node in processes])
        ends = [self.made[at("release", zone)] for zone in places.get("release", ())]
        ends += [self.made[at("top", hazard)] for hazard in self.part.hazards]
        ends += [self.made[top_node(bowtie)] for bowtie in bowties]
        released = self.any_of("reason:release", [(node, _YES) for node in ends])
        self.put(deterministic("reason:attack_release", [attack, released], [_YES, _YES], all_of=True))
        deeds = [*readings, *failed, *processes]
        busy = [at(*one) for one in reached if one[0] in ("presence", "foothold")]
        busy += [name for node in deeds for name in node.parents if name.startswith("presence:")]
        busy += [node.name for node in (*readings, *processes)]
        self.any_of("reason:work", [(self.made[name], frozenset({"work"})) for name in dict.fromkeys(busy)])


def _certain(there: bool) -> tuple[float, float]:
    return (0.0, 1.0) if there else (1.0, 0.0)


_UNFORESEEN = 1e-6
"""Probability of a top event on a way that nobody thought of."""


def _so_far(now: float, ahead: float) -> tuple[float, float, float]:
    """No, yes by now, and soon, of an event with these probabilities by now and by the end of the window ahead."""
    soon = max(ahead - now, 0.0)
    return 1.0 - now - soon, now, soon
