"""From evidence to an assessment: the part of the site it is about, the network of that part, its probabilities.

Everything here is a function of the set of evidence, the site model and the measured rates: no state but a cache, no
clock. Times count back from the newest moment the evidence knows of.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from infrastress.core.time import HOUR
from infrastress.evaluation.performance import Performance
from infrastress.events.assessment import Assessment, Explanation, Piece, TopEvent
from infrastress.fusion.evidence import Evidence, rank_of
from infrastress.fusion.risk.generate import REASONS, Part, at, generate, split
from infrastress.fusion.risk.ground import Ground
from infrastress.fusion.risk.hearing import Heard, Hearing, listen, loudest_assets, weighs
from infrastress.fusion.risk.judgements import HORIZON_H, NOW, SLICES
from infrastress.fusion.risk.likelihood import WINDOW_H, RatesBook
from infrastress.fusion.risk.posterior import Likelihoods, Network
from infrastress.fusion.risk.steps import by_now_and_ahead, next_steps, step_nodes
from infrastress.fusion.risk.weights import weights_of
from infrastress.fusion.risk.width import TooWideError, check_width
from infrastress.site import Site
from infrastress.site.risk import Work

__all__ = ["Assessor", "likelihoods_of", "network_of", "refuse_wide", "works_in"]

MOST_HAZARDS = 5
_KEPT = 64
_SHOWN = 6
"""Probabilities are published to so many digits."""
_BITS = 3
_CAUSES = ("attack", "release", "sensor_fault", "process_upset", "work")
"""The explanations of which the likeliest, to a hundredth the first, is the hypothesis that weights are about."""


_CAUSED = frozenset({"presence", "foothold", "control", "reading", "process"})
"""Kinds of node that faults and honest work move too."""

Found = dict[str, tuple[float, ...]]


class _Kept(NamedTuple):
    network: Network
    priors: Found
    asked: tuple[str, ...]


class Assessor:
    """Judges evidence of one site.

    Args:
        site: the site model.
        measured: rates of detectors; one that isn't among them counts as weak.
    """

    def __init__(self, site: Site, measured: Iterable[Performance] = ()) -> None:
        self.ground = Ground(site)
        self.inferences = 0
        self._book = RatesBook(measured)
        self._kept: OrderedDict[Part, _Kept] = OrderedDict()
        self._said: OrderedDict[tuple[Part, tuple[Heard, ...]], Assessment] = OrderedDict()

    def assess(self, evidence: Sequence[Evidence], works: Sequence[Work] = ()) -> Assessment | None:
        """The assessment, with `works` announced beside the site file's.

        None where no evidence says anything of the model, or the part is too wide to be judged.
        """
        hearing = listen(evidence, self.ground, self._book)
        pieces = hearing.pieces
        while pieces:
            part = _part(pieces, hearing, evidence, self.ground, (*self.ground.site.works, *works))
            try:
                kept = self._network(part)
            except TooWideError:
                if len(pieces) == 1:
                    return None
                pieces = pieces[: len(pieces) // 2]
                continue
            dropped = sum(1 + piece.also for piece in hearing.pieces[len(pieces) :])
            return self._judge(part, kept, pieces, hearing, hearing.unweighed + dropped)
        return None

    def weighs(self, item: Evidence) -> bool:
        """Whether a piece of evidence says something of the model, by a rate that was measured or stated."""
        return weighs(item, self.ground, self._book)

    def _network(self, part: Part) -> _Kept:
        kept = self._kept.get(part)
        if kept is None:
            network = network_of(self.ground, part)
            steps = step_nodes(network.model)
            asked = (*(f"reason:{name}" for name in REASONS), *steps)
            kept = self._kept[part] = _Kept(network, network.posterior({}, asked), asked)
            self.inferences += 1
        self._kept.move_to_end(part)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return kept

    def _judge(self, part: Part, kept: _Kept, pieces: Sequence[Heard], hearing: Hearing, unweighed: int) -> Assessment:
        known = part, tuple(pieces)
        said = self._said.get(known)
        if said is None:
            said = self._said[known] = self._infer(part, kept, pieces, hearing, unweighed)
        self._said.move_to_end(known)
        while len(self._said) > _KEPT:
            self._said.popitem(last=False)
        if (said.reference, said.unweighed) != (hearing.reference, unweighed):
            said = msgspec.structs.replace(said, reference=hearing.reference, unweighed=unweighed)
        return said

    def _infer(self, part: Part, kept: _Kept, pieces: Sequence[Heard], hearing: Hearing, unweighed: int) -> Assessment:
        network, priors, asked = kept
        likelihoods, numbered = likelihoods_of([(piece.node, piece.vector) for piece in pieces])
        found = network.posterior(likelihoods, asked)
        told = {name: found[f"reason:{name}"][1] for name in REASONS}
        main = max(_CAUSES, key=lambda name: round(told[name], 2))
        hypothesis = f"reason:{main}"
        bits = weights_of(network, likelihoods, (hypothesis, "yes"), {str(n): one for n, one in enumerate(numbered)})
        self.inferences += 3
        ground = self.ground
        return Assessment(
            model=network.model.version,
            site=ground.site.version,
            horizon_h=HORIZON_H,
            window_h=WINDOW_H,
            reference=hearing.reference,
            hypothesis=hypothesis,
            pieces=tuple(_piece(piece, bits[str(number)]) for number, piece in enumerate(pieces)),
            explanations=tuple(
                Explanation(
                    name=name,
                    node=f"reason:{name}",
                    prior=round(priors[f"reason:{name}"][1], _SHOWN),
                    probability=round(told[name], _SHOWN),
                )
                for name in REASONS
            ),
            top_events=tuple(self._top(hazard, network, priors, found) for hazard in part.hazards),
            next_steps=next_steps(network.model, found, ground, asked),
            nodes=part.nodes,
            hazards=part.hazards,
            works=tuple(sorted(part.works)),
            bowties=part.bowties,
            common=part.common,
            fields=_fields(network, part),
            unweighed=unweighed,
            weak=sum(piece.rates.basis == "weak" for piece in pieces),
        )

    def _top(self, hazard: str, network: Network, priors: Found, found: Found) -> TopEvent:
        known, node = self.ground.hazards[hazard], at("top", hazard)
        now, ahead = by_now_and_ahead(network.model, node, found)
        return TopEvent(
            hazard=hazard,
            asset=known.asset,
            severity=known.severity,
            prior=round(by_now_and_ahead(network.model, node, priors)[0], _SHOWN),
            probability=round(now, _SHOWN),
            ahead=round(ahead, _SHOWN),
        )


def network_of(ground: Ground, part: Part) -> Network:
    """The compiled network of a part; raises ConfigurationError where it is too wide."""
    return Network(generate(ground, part), mend=False)


def refuse_wide(site: Site) -> None:
    """Refuse a site with a bow-tie that can't be judged in time.

    Raises:
        TooWideError: its treewidth is above the bound; the remedy names the arrows to cut.
    """
    ground = Ground(site)
    for bowtie in site.bowties:
        try:
            check_width(generate(ground, Part(bowties=(bowtie.id,))))
        except TooWideError as error:
            where = f"site.yaml: bowties: {bowtie.id}"
            raise TooWideError(error.what, where=where, remedy=error.remedy) from None


def likelihoods_of(
    pieces: Iterable[tuple[str, Sequence[float]]],
) -> tuple[Likelihoods, list[tuple[str, int]]]:
    """Likelihood vectors by node, and for each piece its node and number there."""
    vectors: dict[str, list[Sequence[float]]] = {}
    numbered = []
    for node, vector in pieces:
        held = vectors.setdefault(node, [])
        numbered.append((node, len(held)))
        held.append(vector)
    return vectors, numbered


def works_in(works: Sequence[Work], reference: int, ground: Ground) -> dict[tuple[str, int], str]:
    """Where work was announced, by node (without its window) and window: the id of the work, the first of several."""
    found: dict[tuple[str, int], str] = {}
    for work in works:
        begins, ends = (round(moment.timestamp() * 1e9) for moment in (work.from_, work.to))
        places = [f"presence:{zone}" for zone in work.zones] + [f"foothold:{zone}" for zone in work.security_zones]
        for name in work.assets:
            asset = ground.site.asset_by_id[name]
            places.append(f"reading:{name}")
            places += [f"presence:{asset.zone}"] if asset.zone in ground.zones else []
            zone = ground.security_zone(asset)
            places += [f"foothold:{zone}"] if zone else []
        for window in range(SLICES):
            until = reference - (NOW - window) * WINDOW_H * HOUR
            if begins <= until and ends > until - WINDOW_H * HOUR:
                for place in places:
                    found.setdefault((place, window), work.id)
    return found


def _part(
    pieces: Sequence[Heard], hearing: Hearing, evidence: Sequence[Evidence], ground: Ground, told: Sequence[Work]
) -> Part:
    """What the pieces are about, the hazards at stake there, and the work announced there."""
    nodes = tuple(sorted({piece.node for piece in pieces if split(piece.node)[0] != "threat"}))
    kinds = {split(node)[:2] for node in nodes}
    named = {place for kind, place in kinds if kind in ("reading", "process")} | set(loudest_assets(evidence)[:8])
    named |= {
        other
        for asset in named
        if (known := ground.site.asset_by_id.get(asset)) and known.type == "level_switch"
        for other in (known.tank,)
    }
    zones = {place for kind, place in kinds if kind in ("presence", "release")}
    barriers = {place for kind, place in kinds if kind == "barrier"}
    of_bowties = {b.hazard for b in ground.site.bowties if b.id in hearing.bowties}
    ranked = []
    for number, hazard in enumerate(ground.site.hazards):
        asset = ground.site.asset_by_id[hazard.asset]
        close = (
            0
            if hazard.asset in named or hazard.id in of_bowties
            else 1
            if barriers & {b.id for b in ground.against[hazard.id]}
            else 2
        )
        if close < 2 or asset.zone in zones:
            ranked.append((close, asset.type == "bund", -rank_of(hazard.severity), number, hazard.id))
    chosen = sorted(ranked)[:MOST_HAZARDS]
    hazards = tuple(entry[-1] for entry in sorted(chosen, key=lambda entry: entry[3]))
    works = frozenset(works_in(told, hearing.reference, ground))
    bowties = tuple(b.id for b in ground.site.bowties if b.id in hearing.bowties or b.hazard in hazards)
    common = all(piece.rates.by_cause for piece in pieces if split(piece.node)[0] in _CAUSED)
    return Part(nodes, hazards, works, bowties, common)


def _piece(piece: Heard, bits: float) -> Piece:
    return Piece(
        alarm=piece.alarm,
        detector=piece.detector,
        rule=piece.rule,
        assets=piece.assets,
        node=piece.node,
        likelihood=tuple(round(value, 9) for value in piece.vector),
        tpr=round(piece.rates.tpr, 9),
        fpr=round(piece.rates.fpr, 9),
        fault=None if piece.rates.fault is None else round(piece.rates.fault, 9),
        work=None if piece.rates.work is None else round(piece.rates.work, 9),
        basis=piece.rates.basis,
        rests_on=piece.rates.rests_on,
        freshness=round(piece.weight, 9),
        silent=piece.silent,
        also=piece.also,
        bits=round(bits, _BITS),
    )


_LISTS = {"presence": "zones", "foothold": "security_zones", "control": "assets", "reading": "assets",
          "process": "assets", "barrier": "barriers", "top": "hazards"}  # fmt: skip


def _fields(network: Network, part: Part) -> tuple[str, ...]:
    """Entries of the site file that the network was made of."""
    found = {f"bowties.{name}" for name in part.bowties}
    for node in network.model.nodes:
        kind, place, window = split(node.name)
        if window < 0 and kind in _LISTS and "/" not in place:
            found.add(f"{_LISTS[kind]}.{place}")
    return tuple(sorted(found))
