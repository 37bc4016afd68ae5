"""What the API says of an incident's probability: each piece of evidence with its weight, and the number made anew."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.client.base import Moment, Wire
from infrastress.events.kinds import Severity

__all__ = ["IncidentWhy", "WhyEvidence", "WhyExplanation", "WhyStep", "WhyTopEvent"]

Chance = Annotated[float, Field(ge=0, le=1)]


class WhyExplanation(Wire):
    """One way to explain the evidence; several may hold at once."""

    name: str
    text: str
    prior: Annotated[Chance, Field(description="Within any span of `horizon_h`, without evidence")]
    told: Annotated[Chance, Field(description="As the incident says it")]
    now: Annotated[Chance, Field(description="Worked out again, just now")]
    prior_bits: Annotated[float, Field(description="Log odds to base 2")]
    bits: float


class WhyEvidence(Wire):
    """A piece of evidence; `alarm` is None for a sensor that is silent."""

    alarm: str | None
    detector: str
    rule: str
    assets: list[str]
    about: Annotated[str, Field(description="Node of the network it speaks of")]
    bits: Annotated[float, Field(description="What leaving it out takes from the log odds of `hypothesis`")]
    tpr: Chance
    fpr: Chance
    fault: Annotated[Chance | None, Field(description="How often it speaks of faults; null where nobody measured it")]
    work: Annotated[Chance | None, Field(description="How often it speaks of honest work; null likewise")]
    basis: Literal["measured", "stated", "weak"]
    rests_on: str
    freshness: Chance
    also: Annotated[int, Field(description="Alarms that say the same and weigh nothing more")]


class WhyTopEvent(Wire):
    """The top event of a hazard: before the evidence, by now, by the end of the next window."""

    hazard: str
    asset: str
    severity: Severity
    prior: Chance
    probability: Chance
    ahead: Chance


class WhyStep(Wire):
    """What may come next, in order of time."""

    text: str
    now: Chance
    ahead: Chance


class IncidentWhy(Wire):
    """Why an incident has its probability. `verdict` is "unmodelled" where the table of hypotheses judged alone."""

    incident: str
    revision: int
    confidence: Chance
    verdict: Literal["same", "differs", "other model", "gone", "unmodelled"]
    hypothesis: Annotated[str, Field(description="The explanation that `bits` of the evidence are about")]
    model: str
    model_now: str
    site: str
    site_now: str
    horizon_h: float
    window_h: float
    reference: Annotated[Moment | None, Field(description="From when ages of evidence count back")]
    explanations: list[WhyExplanation]
    evidence: list[WhyEvidence]
    top_events: list[WhyTopEvent]
    next_steps: list[WhyStep]
    fields: Annotated[list[str], Field(description="Entries of site.yaml it rests on")]
    unweighed: int
    weak: Annotated[int, Field(description="Pieces from detectors that nobody measured")]
