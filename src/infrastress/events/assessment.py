"""What the risk model said of an incident, with all that is needed to work it out again."""

from typing import Literal

import msgspec

from infrastress.events.severities import Severity

__all__ = ["Assessment", "Explanation", "NextStep", "Piece", "TopEvent"]


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of evidence: what one detector said of one place in one window, or that it was silent.

    `likelihood` is P(it | state) over the states of `node`, largest 1, already faded by `freshness`. `bits` is what
    leaving it out would take from the log odds of the assessment's hypothesis. `basis` says what the rates rest on:
    a measurement, the site file, or nothing ("weak"); `fault` and `work` are how often it speaks of faults and of
    honest work, where that was measured. `also` counts alarms that say the same and weigh nothing more.
    """

    alarm: str
    detector: str
    rule: str
    assets: tuple[str, ...]
    node: str
    likelihood: tuple[float, ...]
    tpr: float
    fpr: float
    fault: float | None = None
    work: float | None = None
    basis: Literal["measured", "stated", "weak"]
    rests_on: str = ""
    freshness: float = 1.0
    silent: bool = False
    also: int = 0
    bits: float = 0.0


class Explanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to explain the evidence, its probability before and after; several may hold at once."""

    name: str
    node: str
    prior: float
    probability: float


class TopEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A hazard's top event: probability before the evidence, by now, and within one window from now."""

    hazard: str
    asset: str
    severity: Severity
    prior: float
    probability: float
    ahead: float


class NextStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step of an attack that may come next: probability that it was made by now, and by the end of the next window.

    `hops` orders steps in time: how many stand before it on the way from what has been reached.
    """

    node: str
    text: str
    now: float
    ahead: float
    hops: int


class Assessment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The risk model's judgement of an incident.

    `model` is the content hash of the network, `site` that of the site model. `nodes`, `hazards`, `works` and `bowties`
    say which part of the site it covers, so that the network can be made again; `fields` name the site fields.
    `common`: storms and jobs that move many things at once are reckoned with (it was measured what detectors say then).
    `hypothesis` is the node that `bits` of pieces are about. `unweighed` counts alarms that say nothing of any state in
    it; `weak` how many pieces come from detectors that nobody measured.
    """

    model: str
    site: str
    horizon_h: float
    window_h: float
    reference: int
    hypothesis: str
    pieces: tuple[Piece, ...]
    explanations: tuple[Explanation, ...]
    top_events: tuple[TopEvent, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    nodes: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    works: tuple[tuple[str, int], ...] = ()
    bowties: tuple[str, ...] = ()
    common: bool = False
    fields: tuple[str, ...] = ()
    unweighed: int = 0
    weak: int = 0
