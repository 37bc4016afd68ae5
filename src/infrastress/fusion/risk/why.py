"""Why a number is what it is: an assessment worked out again from what it says it rests on, and held against itself.

The network is made anew from the site model, the evidence set as the assessment lists it, the posterior and all weights
computed. A difference means that the site model, the judgements or the programme have changed since, or that somebody
changed the record; both versions are told.
"""

from typing import Literal

import msgspec

from infrastress.core.errors import ConfigurationError
from infrastress.events.assessment import Assessment, Explanation, Piece
from infrastress.fusion.risk.assess import likelihoods_of, network_of
from infrastress.fusion.risk.generate import Part
from infrastress.fusion.risk.ground import Ground
from infrastress.fusion.risk.weights import log_odds, weights_of
from infrastress.site import Site

__all__ = ["TOLERANCE", "Again", "Why", "explain"]

TOLERANCE = 2e-6
"""Two roundings of a published probability apart."""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation with its probability as it was told and as it comes out now, and its log odds in bits."""

    name: str
    prior: float
    told: float
    now: float
    prior_bits: float
    bits: float


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        verdict: "same", or what differs: the number, the network behind it, or that it can't be made any more.
        model, model_now, site, site_now: versions as told and as they are.
        explanations: each way to explain the evidence, told and worked out again.
        pieces: the evidence, heaviest first, `bits` as worked out now.
        difference: the largest between a probability as told and now.
    """

    verdict: Literal["same", "differs", "other model", "gone"]
    model: str
    model_now: str
    site: str
    site_now: str
    hypothesis: str
    explanations: tuple[Again, ...]
    pieces: tuple[Piece, ...]
    difference: float
    fields: tuple[str, ...]
    unweighed: int
    weak: int


def explain(assessment: Assessment, site: Site) -> Why:
    """Work an assessment out again with the site model as it is."""
    part = Part(
        assessment.nodes, assessment.hazards, frozenset(assessment.works), assessment.bowties, assessment.common
    )
    likelihoods, numbered = likelihoods_of([(piece.node, piece.likelihood) for piece in assessment.pieces])
    try:
        network = network_of(Ground(site), part)
        nodes = [one.node for one in assessment.explanations]
        before, after = network.posterior({}, nodes), network.posterior(likelihoods, nodes)
        named = {str(number): one for number, one in enumerate(numbered)}
        bits = weights_of(network, likelihoods, (assessment.hypothesis, "yes"), named)
    except (ConfigurationError, KeyError, ValueError):  # what it was about isn't in the site model any more
        told = tuple(_again(one, one.prior, one.probability) for one in assessment.explanations)
        return _why("gone", assessment, site.version, model="", again=told, pieces=assessment.pieces)
    again = tuple(_again(one, before[one.node][1], after[one.node][1]) for one in assessment.explanations)
    pieces = [
        msgspec.structs.replace(piece, bits=round(bits[str(number)], 3))
        for number, piece in enumerate(assessment.pieces)
    ]
    pieces.sort(key=lambda piece: (-abs(piece.bits), piece.node, piece.alarm))
    now = network.model.version
    off = max((abs(one.told - one.now) for one in again), default=0.0)
    verdict: Literal["same", "differs", "other model"] = "same"
    if off > TOLERANCE:
        verdict = "differs" if now == assessment.model else "other model"
    return _why(verdict, assessment, site.version, model=now, again=again, pieces=tuple(pieces))


def _again(one: Explanation, prior: float, now: float) -> Again:
    return Again(
        name=one.name, prior=prior, told=one.probability, now=now, prior_bits=_finite(prior), bits=_finite(now)
    )


def _finite(probability: float) -> float:
    return round(log_odds(min(max(probability, 1e-12), 1.0 - 1e-12)), 3)


def _why(
    verdict: Literal["same", "differs", "other model", "gone"],
    assessment: Assessment,
    site: str,
    *,
    model: str,
    again: tuple[Again, ...],
    pieces: tuple[Piece, ...],
) -> Why:
    return Why(
        verdict=verdict,
        model=assessment.model,
        model_now=model,
        site=assessment.site,
        site_now=site,
        hypothesis=assessment.hypothesis,
        explanations=again,
        pieces=pieces,
        difference=max((abs(one.told - one.now) for one in again), default=0.0),
        fields=assessment.fields,
        unweighed=assessment.unweighed,
        weak=assessment.weak,
    )
