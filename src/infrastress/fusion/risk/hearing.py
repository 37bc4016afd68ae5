"""Which node of the network a piece of evidence is about, and what it says of its states.

It is read off the signs of the evidence (`signs.py`), never off the name of a rule, so that a stranger's detector
takes part; a sensor of a bow-tie in the site file names its detector and is about its threat. One detector has one word
for a place and window: of alarms that say the same the strongest speaks, the others are counted, since repeats of one
detector aren't independent witnesses. Of what it says without calling anybody it has one word for all places: a drill
opens ten doors, and the ten notices of it are no ten witnesses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from infrastress.core.time import HOUR, MINUTE
from infrastress.fusion.evidence import Evidence, rank_of
from infrastress.fusion.risk.generate import ANYWHERE, BARRIER, CONTROL, FOOTHOLD, PRESENCE, PROCESS, READING, at, split
from infrastress.fusion.risk.ground import Ground
from infrastress.fusion.risk.judgements import NOW
from infrastress.fusion.risk.likelihood import WINDOW_H, Rates, RatesBook, faded, freshness, likelihood
from infrastress.fusion.risk.structure import BOOLEAN
from infrastress.fusion.risk.tree import threat_node
from infrastress.fusion.signs import Sign, signs_of
from infrastress.site.assets import Asset, Controller, Door
from infrastress.site.risk import Bowtie, BowtieSensor

__all__ = ["MOST_PIECES", "Heard", "Hearing", "listen", "weighs", "window_of"]

MOST_PIECES = 32
"""Of more than that the strongest are weighed; the others are counted as unweighed."""
_WINDOWED = ("presence", "foothold", "control")
_AGE_STEP = 10 * MINUTE
"""Ages are told apart by this much."""
_STATES: Mapping[str, tuple[str, ...]] = {
    "presence": PRESENCE, "foothold": FOOTHOLD, "control": CONTROL, "reading": READING, "process": PROCESS,
    "barrier": BARRIER, "release": BOOLEAN, "threat": BOOLEAN,
}  # fmt: skip


About = tuple[str, str, Mapping[str, float]]
"""Kind of node, place, and for states in which a rule should speak the share of its true positive rate."""


@dataclass(frozen=True)
class Heard:
    """One piece of evidence as a likelihood over the states of a node; `alarm` is empty for a sensor that is silent."""

    alarm: str
    detector: str
    rule: str
    assets: tuple[str, ...]
    node: str
    vector: tuple[float, ...]
    rates: Rates
    weight: float
    also: int = 0

    @property
    def silent(self) -> bool:
        """Whether it is a silence."""
        return not self.alarm

    @property
    def force(self) -> float:
        """How much it can say by itself: bits between the state it speaks for most and the one it speaks for least."""
        return abs(self.rates.bits) * self.weight

    @property
    def order(self) -> tuple[float, str, str]:
        """Strongest first, and the same everywhere."""
        return -round(self.force, 6), self.node, self.alarm


@dataclass(frozen=True)
class Hearing:
    """All that was heard of one incident.

    Attributes:
        pieces: strongest first.
        unweighed: alarms that say nothing of any state.
        reference: newest moment the evidence knows of, ns UTC; ages count back from it.
        bowties: those with a sensor among the evidence.
    """

    pieces: tuple[Heard, ...]
    unweighed: int
    reference: int
    bowties: tuple[str, ...]


def window_of(moment: int, reference: int) -> int:
    """Number of the window a moment lies in; what is older than all counts for the oldest."""
    return max(NOW - int(max(reference - moment, 0) // (WINDOW_H * HOUR)), 0)


def listen(evidence: Sequence[Evidence], ground: Ground, book: RatesBook) -> Hearing:
    """What the evidence says: a function of its set."""
    reference = max(item.last for item in evidence)
    blind = [frozenset(item.assets) for item in evidence if "blind" in signs_of(item, ground.site)]
    best: dict[tuple[str, ...], Heard] = {}
    sensed: dict[tuple[str, str], None] = {}
    unweighed = 0
    for item in sorted(evidence, key=lambda one: (one.first, one.alarm)):
        heard = _heard(item, ground, book, reference, sensed)
        if heard is None:
            unweighed += 1
            continue
        key = (heard.detector, heard.rule, heard.node) if item.calls else (heard.detector, split(heard.node)[0])
        other = best.get(key)
        if other is None:
            best[key] = heard
        else:
            best[key] = replace(min(heard, other, key=lambda one: one.order), also=other.also + 1)
    bowties = tuple(sorted({bowtie for bowtie, _ in sensed}))
    quiet = list(_silences(ground, book, sensed, bowties, blind))
    pieces = sorted(best.values(), key=lambda one: one.order)
    dropped = pieces[MOST_PIECES:]
    unweighed += sum(1 + one.also for one in dropped)
    return Hearing((*pieces[:MOST_PIECES], *quiet), unweighed, reference, bowties)


def weighs(item: Evidence, ground: Ground, book: RatesBook) -> bool:
    """Whether a piece of evidence is heard, and not as a weak one."""
    heard = _heard(item, ground, book, item.last, {})
    return heard is not None and heard.rates.basis != "weak"


def _heard(
    item: Evidence, ground: Ground, book: RatesBook, reference: int, sensed: dict[tuple[str, str], None]
) -> Heard | None:
    age = 0 if item.standing else (reference - item.last) // _AGE_STEP * _AGE_STEP
    weight = freshness(age)
    for bowtie in ground.site.bowties:
        for sensor in bowtie.sensors:
            if _is_of(item, sensor):
                sensed[bowtie.id, sensor.id] = None
                rates = _rates_of(bowtie, sensor, book)
                vector = likelihood(rates, BOOLEAN, {"yes": 1.0}, weight)
                node = threat_node(bowtie, sensor.watches)
                return Heard(item.alarm, item.detector, item.rule, item.assets, node, vector, rates, weight)
    found = _about(item, ground)
    if found is None:
        return None
    kind, place, looks_for = found
    window = window_of(item.first, reference) if kind in _WINDOWED else -1
    rates = book.of(item.detector, item.rule, len(item.assets), calling=item.calls)
    vector = likelihood(rates, _STATES[kind], looks_for, weight)
    node = at(kind, place, window)
    return Heard(item.alarm, item.detector, item.rule, item.assets, node, vector, rates, weight)


def _about(item: Evidence, ground: Ground) -> About | None:
    """Kind and place of the node, and in which of its states the rule should speak, to what share of its rate."""
    signs = signs_of(item, ground.site)
    assets = [ground.site.asset_by_id[name] for name in item.assets if name in ground.site.asset_by_id]
    zone = next((asset.zone for asset in assets if asset.zone in ground.zones), None)
    zone = item.zone if item.zone in ground.zones else zone
    if signs & {"gas", "report"}:
        return "release", zone or ANYWHERE, {"yes": 1.0}
    if "physical_intrusion" in signs:
        room = next((asset.leads_to for asset in assets if isinstance(asset, Door)), zone)
        place = room if room in ground.zones and room else ANYWHERE
        return "presence", place, {"intruder": 1.0, "work": 1.0, "disturbed": 1.0}
    if "cyber_intrusion" in signs:
        security = next((found for asset in assets if (found := ground.security_zone(asset))), ANYWHERE)
        return "foothold", security, {"attacker": 1.0, "work": 1.0, "disturbed": 1.0}
    if not assets:
        return None
    asset = min(assets, key=lambda one: (one.type == "controller", -one.criticality, item.assets.index(one.id)))
    return _of_process(signs, item, asset, ground)


def _of_process(signs: frozenset[Sign], item: Evidence, asset: Asset, ground: Ground) -> About | None:
    """What telemetry and switches say: of a barrier, a controller, a reading, or the process itself.

    A detector's confidence in what it suspects says how much of its rate falls to that, and how much to what looks
    alike: a forged reading and a faulty one break the same rules.
    """
    sure = min(max(item.confidence, 0.5), 0.95)
    held = ground.made_of.get(asset.id)
    said: dict[Sign, About] = {
        "safeguard": ("barrier", held[0] if held else asset.id, {"failed": 1.0}),
        "falsified": ("reading", asset.id, {"falsified": sure, "faulty": 1.0 - sure, "work": 1.0}),
        "instrument_fault": ("reading", asset.id, {"faulty": sure, "falsified": 1.0 - sure, "work": 1.0}),
        "contradiction": ("reading", asset.id, {"faulty": 1.0, "falsified": 1.0, "work": 1.0}),
        "actuator": ("process", asset.id, {"manipulated": sure, "upset": 1.0 - sure, "work": 1.0}),
        "upset": ("process", asset.id, {"upset": 1.0, "manipulated": 1.0, "work": 1.0}),
    }
    if isinstance(asset, Controller):
        said["falsified"] = said["actuator"] = ("control", asset.id, {"yes": 1.0})
    return next((said[sign] for sign in _FIRST if sign in signs), None)


_FIRST: tuple[Sign, ...] = ("safeguard", "falsified", "instrument_fault", "contradiction", "actuator", "upset")
"""Which of several signs of one piece of evidence counts."""


def _is_of(item: Evidence, sensor: BowtieSensor) -> bool:
    if item.detector != sensor.detector or sensor.rule not in ("", item.rule):
        return False
    return not sensor.assets or bool(set(sensor.assets) & set(item.assets))


def _rates_of(bowtie: Bowtie, sensor: BowtieSensor, book: RatesBook) -> Rates:
    """Measured rates where there are any, else those the site file states."""
    measured = book.of(sensor.detector, sensor.rule, len(sensor.assets))
    if measured.basis == "measured":
        return measured
    return Rates(max(sensor.tpr, 1e-6), max(sensor.fpr, 1e-6), "stated", f"bowties.{bowtie.id}.sensors.{sensor.id}")


def _silences(
    ground: Ground,
    book: RatesBook,
    sensed: Mapping[tuple[str, str], None],
    bowties: Iterable[str],
    blind: Sequence[frozenset[str]],
) -> Iterable[Heard]:
    """Sensors that say nothing, of bow-ties in which another one speaks; a blind one's silence says nothing."""
    known = {bowtie.id: bowtie for bowtie in ground.site.bowties}
    for name in bowties:
        for sensor in known[name].sensors:
            off = any(not assets or assets & set(sensor.assets) for assets in blind)
            if (name, sensor.id) in sensed or off:
                continue
            rates = _rates_of(known[name], sensor, book)
            vector = faded((max(1.0 - rates.fpr, 1e-6), max(1.0 - rates.tpr, 1e-6)), 1.0)
            node = threat_node(known[name], sensor.watches)
            yield Heard("", sensor.detector, sensor.rule or sensor.id, sensor.assets, node, vector, rates, 1.0)


def loudest_assets(evidence: Iterable[Evidence]) -> list[str]:
    """Assets named, the most severe evidence first."""
    worst: dict[str, int] = {}
    for item in evidence:
        for asset in item.assets:
            worst[asset] = max(worst.get(asset, -1), rank_of(item.severity))
    return sorted(worst, key=lambda asset: (-worst[asset], asset))
