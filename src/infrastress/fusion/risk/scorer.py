"""The risk model as a `Scorer`: the table says which stories can be told, the model how probable each of them is.

A row of the table (`hypotheses.py`) names what was seen together; its probability is that of the explanation it stands
for (`CHANCES`). Rows are ranked as before, by probability x share of the evidence explained x specificity, so that an
incident has the name of the most specific story that holds and the number of the model. What the model has nothing to
say of, such as a part of the monitoring that is off, keeps the table's judgement; so does what rests on detectors alone
that nobody measured.

Benign work is an explanation like the others: announced in the site file it can win and name the incident, unannounced
it is told as an alternative and never hides who is where they should not be.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from infrastress.evaluation.performance import Performance
from infrastress.events.assessment import Assessment
from infrastress.events.kinds import Severity
from infrastress.fusion.evidence import Alternative, Evidence, Hypothesis, Scorer, rank_of, severity_of
from infrastress.fusion.hypotheses import HYPOTHESES, Row, TableScorer
from infrastress.fusion.risk.assess import Assessor
from infrastress.fusion.risk.generate import split
from infrastress.fusion.risk.judgements import NOW, SLICES
from infrastress.fusion.signs import Sign, signs_of
from infrastress.fusion.works import covers
from infrastress.site import Site
from infrastress.site.risk import Work

__all__ = ["ANNOUNCED", "CHANCES", "OPEN", "RiskScorer", "row_of"]

CHANCES: Mapping[str, str] = {
    "overfill_attack_release": "attack_release",
    "overfill_attack": "attack",
    "signal_manipulation": "attack",
    "process_manipulation": "attack",
    "loss_of_containment": "release",
    "gas_detected": "release",
    "coordinated_intrusion": "attack",
    "falsified_signal": "attack",
    "sensor_fault": "sensor_fault",
    "contradiction": "misreading",
    "safeguard_disabled": "barrier_failed",
    "leak": "release",
    "actuator_manipulated": "attack",
    "process_upset": "process_upset",
    "cyber_intrusion": "attack",
    "unauthorised_access": "attack",
    "reported_by_people": "release",
    "announced_work": "work",
    "disturbance": "sensor_fault",
}
"""Which explanation of the model a row of the table stands for."""
_WORK_SIGNS: frozenset[Sign] = frozenset(
    {"physical_intrusion", "cyber_intrusion", "safeguard", "contradiction", "instrument_fault", "actuator", "upset"}
)
ANNOUNCED = Row(
    name="announced_work",
    family="work",
    title="Announced work: {subject}",
    needs=(_WORK_SIGNS,),
    severity="evidence",
    first="Call whoever leads the work at {subject}: is it they, and are they doing what was announced?",
)
"""Only where work was announced for the place and time of the evidence."""
DISTURBANCE = Row(
    name="disturbance",
    family="fault",
    title="Devices disturbed, nobody behind it: {subject}",
    needs=(frozenset[Sign](("physical_intrusion", "cyber_intrusion")),),
    speaks_for={"instrument_fault": 0.0, "contradiction": 0.0, "upset": 0.0, "falsified": 0.0, "actuator": 0.0},
    severity="evidence",
    first="Send somebody to look at {subject}: is a contact loose, a cable down, the supply disturbed?",
)
"""Told only where rates were measured: whether what tells of somebody is more like a fault can't be judged without."""
OPEN: Mapping[Severity, float] = {"medium": 0.5, "high": 0.25, "critical": 0.1}
"""From which probability that something is wrong an incident is opened, by the most severe that is said of it.

More likely than not where a missed one costs as much as a false one, odds of 1 to 3 and 1 to 9 where it costs more:
each class is three times worse. What calls below that stays an alarm, which somebody answers.
"""
_HARM, _BROKEN = ("attack", "release"), ("misreading", "process_upset", "barrier_failed")
_FIRE = frozenset[Sign](("fire",))
_LIKELY, _POSSIBLE = 0.1, 0.01
"""From which probability of its top event on a hazard counts with its severity, and with one class less."""
_WORTH_TELLING = 0.01
_TOLD = 3


def row_of(name: str) -> Row | None:
    """The row of a hypothesis by its name, of the table or of this scorer."""
    return next((row for row in (*HYPOTHESES, ANNOUNCED, DISTURBANCE) if row.name == name), None)


class RiskScorer(Scorer):
    """Judges by the risk model. A function of the set of evidence alone.

    Args:
        measured: rates of detectors on recordings with truth; one that isn't among them counts as weak.
    """

    def __init__(self, measured: Iterable[Performance] = ()) -> None:
        self._measured = tuple(measured)
        self._assessors: OrderedDict[str, Assessor] = OrderedDict()

    def assessor(self, site: Site) -> Assessor:
        """The assessor of a site model."""
        found = self._assessors.get(site.version)
        if found is None:
            found = self._assessors[site.version] = Assessor(site, self._measured)
            while len(self._assessors) > 2:
                self._assessors.popitem(last=False)
        return found

    def opens(self, evidence: Sequence[Evidence], site: Site, works: Sequence[Work] = ()) -> bool:
        """Whether something is more likely wrong than not.

        What calls and can't be weighed opens one: a rule that nobody measured, a fire, a blind detector. A fire that an
        announced drill explains says nothing.
        """
        assessor = self.assessor(site)
        drills = [work for work in (*site.works, *works) if work.kind == "drill"]
        left = [item for item in evidence if not (signs_of(item, site) == _FIRE and _practised(item, drills, site))]
        if any(item.calls and not assessor.weighs(item) for item in left):
            return True
        assessment = assessor.assess(left, works) if left else None
        if assessment is None:
            return bool(left)
        chances = _chances(assessment)
        worst = severity_of(max(rank_of(item.severity) for item in left))
        if max(chances[name] for name in _HARM) >= OPEN.get(worst, OPEN["medium"]):
            return True
        return max(chances[name] for name in _BROKEN) >= OPEN["medium"]

    def score(self, evidence: Sequence[Evidence], site: Site, works: Sequence[Work] = ()) -> Hypothesis:
        """The story that holds best, with the model's probability and severity."""
        assessment = self.assessor(site).assess(evidence, works)
        if assessment is None:
            return TableScorer().score(evidence, site)
        announced = _announced(assessment, site)
        if assessment.weak == len(assessment.pieces) and not announced:
            return _unmeasured(TableScorer().score(evidence, site), assessment)
        chances = _chances(assessment)
        rows = (*HYPOTHESES, *((DISTURBANCE,) if assessment.common else ()), *((ANNOUNCED,) if announced else ()))

        def chance(row: Row) -> float | None:
            reason = CHANCES.get(row.name)
            return None if reason is None else min(chances[reason], 0.999)

        told = TableScorer(rows).tell(evidence, site, chance)
        alternatives = told.alternatives
        if not announced and chances["work"] >= _WORTH_TELLING:
            work = Alternative("unannounced_work", "Work that nobody announced", round(chances["work"], 3))
            alternatives = tuple(sorted((*alternatives, work), key=lambda one: (-one.confidence, one.name)))
        return msgspec.structs.replace(
            told,
            severity=_severity(told, evidence, assessment),
            why=f"{told.why} {_numbers(told, assessment, announced, (*site.works, *works))}",
            alternatives=alternatives,
            assessment=assessment,
        )


def _practised(item: Evidence, drills: Sequence[Work], site: Site) -> bool:
    return any(covers(work, item, site) for work in drills)


def _chances(assessment: Assessment) -> dict[str, float]:
    return {one.name: one.probability for one in assessment.explanations}


def _unmeasured(told: Hypothesis, assessment: Assessment) -> Hypothesis:
    """The table's judgement where none of the detectors that speak was ever measured.

    A probability from weak likelihoods is little more than the prior; that of a gas alarm, say, would be a hundredth
    and lull whoever reads it. It is kept in the assessment and told as what it is.
    """
    reason = CHANCES.get(told.name)
    said = next((one.probability for one in assessment.explanations if one.name == reason), None)
    why = f"{told.why} None of the detectors that speak here was ever measured: {told.confidence:.0%} is a judgement"
    why += "." if said is None else f"; the risk model, which takes each for weak, comes to {_percent(said)}."
    return msgspec.structs.replace(told, why=why, assessment=assessment)


def _announced(assessment: Assessment, site: Site) -> tuple[str, ...]:
    """Places of evidence at which work was announced for its time, as the nodes are called."""
    works = set(assessment.works)
    found: set[str] = set()
    for kind, place, window in map(split, assessment.nodes):
        if window >= 0:
            wanted = {(f"{kind}:{place}", window)}
        else:
            barrier = next((one.assets for one in site.barriers if kind == "barrier" and one.id == place), (place,))
            zones = {site.asset_by_id[asset].zone for asset in barrier if asset in site.asset_by_id}
            wanted = {(f"presence:{zone}", NOW) for zone in zones}
            wanted |= {(f"reading:{place}", other) for other in range(SLICES) if kind == "reading"}
        found |= {name for name, _ in works & wanted}
    return tuple(sorted(found))


def _severity(told: Hypothesis, evidence: Sequence[Evidence], assessment: Assessment) -> Severity:
    """The highest of the evidence; more where a hazard's top event has become possible and the story is not benign."""
    rank = max(rank_of(item.severity) for item in evidence)
    if told.name != ANNOUNCED.name:
        for top in assessment.top_events:
            if top.probability >= _POSSIBLE:
                rank = max(rank, rank_of(top.severity) - (top.probability < _LIKELY))
    return severity_of(rank)


def _numbers(told: Hypothesis, assessment: Assessment, announced: Sequence[str], works: Sequence[Work]) -> str:
    """What the probability rests on, in a sentence or three."""
    reason = CHANCES.get(told.name, "")
    parts = []
    one = next((one for one in assessment.explanations if one.name == reason), None)
    if one is not None:
        hours = f"{assessment.horizon_h:g} h"
        parts.append(
            f"Probability {_percent(one.probability)}, within any {hours} without evidence {_percent(one.prior)}."
        )
    if f"reason:{reason}" == assessment.hypothesis:
        strongest = sorted(assessment.pieces, key=lambda piece: (-piece.bits, piece.node, piece.alarm))[:_TOLD]
        said = [f"{piece.rule} {piece.bits:+.1f} bits" for piece in strongest if piece.bits >= 0.1]
        parts += [f"Most of it from {', '.join(said)}."] if said else []
    if assessment.weak:
        parts.append(f"Weak: {assessment.weak} of the {len(assessment.pieces)} that speak here were never measured.")
    if announced:
        known = {f"presence:{zone}" for work in works for zone in work.zones}
        where = ", ".join(place.partition(":")[2] for place in announced)
        parts.append(f"Work was announced {'in' if known & set(announced) else 'at'} {where}.")
    return " ".join(parts)


def _percent(probability: float) -> str:
    """A probability as people read it: never 0 or 100 %."""
    if probability >= 0.9995:
        return "over 99.9 %"
    if probability < 0.00005:
        return "under 0.01 %"
    return f"{probability:.1%}".replace("%", " %") if probability >= 0.001 else f"{probability:.2%}".replace("%", " %")
