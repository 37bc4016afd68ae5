"""An incident's probability, piece by piece, for its page."""

from infrastress.app.why import EXPLANATIONS
from infrastress.client.risk import IncidentWhy, WhyEvidence, WhyExplanation, WhyStep, WhyTopEvent
from infrastress.core.time import to_iso
from infrastress.events import Incident
from infrastress.fusion.risk.why import explain
from infrastress.site import Site

__all__ = ["incident_why"]


def incident_why(body: Incident, site: Site) -> IncidentWhy:
    """The whole answer; the number is worked out anew from the evidence as the incident lists it."""
    told = body.assessment
    if told is None:
        return IncidentWhy(
            incident=body.incident, revision=body.revision, confidence=body.confidence, verdict="unmodelled",
            hypothesis="", model="", model_now="", site="", site_now=site.version, horizon_h=0.0, window_h=0.0,
            reference=None, explanations=[], evidence=[], top_events=[], next_steps=[], fields=[], unweighed=0, weak=0,
        )  # fmt: skip
    why = explain(told, site)
    return IncidentWhy(
        incident=body.incident,
        revision=body.revision,
        confidence=body.confidence,
        verdict=why.verdict,
        hypothesis=why.hypothesis.partition(":")[2],
        model=why.model,
        model_now=why.model_now,
        site=why.site,
        site_now=why.site_now,
        horizon_h=told.horizon_h,
        window_h=told.window_h,
        reference=to_iso(told.reference),
        explanations=[
            WhyExplanation(
                name=one.name,
                text=EXPLANATIONS.get(one.name, one.name),
                prior=one.prior,
                told=one.told,
                now=one.now,
                prior_bits=one.prior_bits,
                bits=one.bits,
            )
            for one in why.explanations
        ],
        evidence=[
            WhyEvidence(
                alarm=piece.alarm or None,
                detector=piece.detector,
                rule=piece.rule,
                assets=list(piece.assets),
                about=piece.node,
                bits=piece.bits,
                tpr=piece.tpr,
                fpr=piece.fpr,
                fault=piece.fault,
                work=piece.work,
                basis=piece.basis,
                rests_on=piece.rests_on,
                freshness=piece.freshness,
                also=piece.also,
            )
            for piece in why.pieces
        ],
        top_events=[
            WhyTopEvent(
                hazard=top.hazard,
                asset=top.asset,
                severity=top.severity,
                prior=top.prior,
                probability=top.probability,
                ahead=top.ahead,
            )
            for top in told.top_events
        ],
        next_steps=[WhyStep(text=step.text, now=step.now, ahead=step.ahead) for step in told.next_steps],
        fields=list(why.fields),
        unweighed=why.unweighed,
        weak=why.weak,
    )
