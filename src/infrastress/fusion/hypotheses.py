"""The table of hypotheses and the scorer that reads it.

A row needs one sign out of each of its groups. Its confidence is the product, over these groups, of 1 - prod(1 - c)
over the evidence that carries a sign of the group (one witness is enough, and witnesses are taken as independent);
every sign that speaks for it lifts the rest towards 1, every sign that speaks against it takes a share away. Rows are
ranked by that confidence times the share of the evidence they explain, weighted by severity, and a quarter more for
every group beyond the first, so that the most specific story that holds is told; ties go to the earlier row. What
the best leaves of certainty is shared among the alternatives. The numbers of a row are judgements written down to be
read and argued with, not fitted ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Literal

from infrastress.fusion.evidence import Alternative, Evidence, Hypothesis, Scorer, rank_of, severity_of
from infrastress.fusion.signs import WORDS, Sign, signs_of, words_in_order
from infrastress.site import Site
from infrastress.site.risk import Work

__all__ = ["HYPOTHESES", "Row", "TableScorer"]

SENTENCES = 4


@dataclass(frozen=True)
class Row:
    """One hypothesis.

    Attributes:
        family: rows of one family tell the same story more or less closely; alternatives come from other families.
        title: for people; "{subject}" is replaced by what it is about.
        needs: groups of signs; at least one of each must be there.
        speaks_for, speaks_against: signs and how much of the rest they add, or take away.
        severity: "evidence" takes the highest of the evidence, "hazard" also that of the hazards at stake.
        subject: types of asset it is about, first choice first; any where empty.
        only_about: needs an asset of one of these types among what carries a needed sign; any where empty.
        first: what to do first.
    """

    name: str
    family: str
    title: str
    needs: tuple[frozenset[Sign], ...]
    severity: Literal["evidence", "hazard"]
    first: str
    speaks_for: dict[Sign, float] = field(default_factory=dict)
    speaks_against: dict[Sign, float] = field(default_factory=dict)
    subject: tuple[str, ...] = ()
    only_about: tuple[str, ...] = ()

    @cached_property
    def explains(self) -> frozenset[Sign]:
        """The signs it accounts for."""
        return frozenset[Sign]().union(*self.needs, self.speaks_for)

    @cached_property
    def needed(self) -> frozenset[Sign]:
        """The signs of all groups it needs."""
        return frozenset[Sign]().union(*self.needs)


def _any(*signs: Sign) -> frozenset[Sign]:
    return frozenset(signs)


_INTRUSION = _any("physical_intrusion", "cyber_intrusion")

HYPOTHESES: tuple[Row, ...] = (
    Row(
        name="overfill_attack_release",
        family="attack",
        title="Overfill attack with release: {subject}",
        needs=(_INTRUSION, _any("contradiction", "falsified"), _any("gas")),
        speaks_for={"falsified": 0.2, "safeguard": 0.4, "report": 0.3, "upset": 0.1, "actuator": 0.1},
        severity="hazard",
        subject=("tank",),
        only_about=("tank",),
        first=(
            "Stop the receipt into {subject} by hand at the shutdown valve, keep people and ignition sources out of "
            "the area, call the emergency services."
        ),
    ),
    Row(
        name="overfill_attack",
        family="attack",
        title="Overfill attack in preparation: {subject}",
        needs=(_INTRUSION, _any("contradiction", "falsified")),
        speaks_for={"falsified": 0.2, "safeguard": 0.5, "report": 0.2, "upset": 0.1, "actuator": 0.1},
        speaks_against={"instrument_fault": 0.2},
        severity="hazard",
        subject=("tank",),
        only_about=("tank",),
        first=(
            "Do not trust the gauge of {subject}. Stop the receipt or change the tank, dip it by hand, and test its "
            "high-level switch on the spot."
        ),
    ),
    Row(
        name="signal_manipulation",
        family="attack",
        title="Signal manipulated by an intruder: {subject}",
        needs=(_INTRUSION, _any("contradiction", "falsified")),
        speaks_for={"falsified": 0.2, "safeguard": 0.3, "report": 0.1, "upset": 0.1, "actuator": 0.1, "gas": 0.1},
        speaks_against={"instrument_fault": 0.2},
        severity="hazard",
        first="Do not trust the screen for {subject}: read it on the spot, then cut remote access to its controller.",
    ),
    Row(
        name="process_manipulation",
        family="attack",
        title="Manipulation of the process: {subject}",
        needs=(_INTRUSION, _any("actuator", "safeguard", "upset")),
        speaks_for={"safeguard": 0.1, "gas": 0.1, "report": 0.1},
        speaks_against={"contradiction": 0.2},
        severity="hazard",
        subject=("tank", "pump", "valve", "level_switch"),
        first="Bring {subject} to its safe state by hand on the spot, then cut remote access to its controller.",
    ),
    Row(
        name="loss_of_containment",
        family="release",
        title="Loss of containment: {subject}",
        needs=(_any("gas"), _any("report", "contradiction", "upset")),
        speaks_for={"instrument_fault": 0.05, "safeguard": 0.1},
        severity="hazard",
        subject=("tank", "bund", "gas_detector"),
        first="Keep people and ignition sources away, stop transfers in the area, send two people with a gas meter.",
    ),
    Row(
        name="gas_detected",
        family="release",
        title="Gas detected: {subject}",
        needs=(_any("gas"),),
        severity="evidence",
        subject=("gas_detector",),
        first="Keep people and ignition sources away from {subject}; check it with a second meter from upwind.",
    ),
    Row(
        name="fire_detected",
        family="release",
        title="Fire or smoke: {subject}",
        needs=(_any("fire"),),
        speaks_for={"gas": 0.1, "report": 0.2},
        severity="evidence",
        subject=("flame_detector", "smoke_detector", "call_point", "fire_panel"),
        first=(
            "Look at {subject} on camera. Unless somebody works hot there: fire alarm, people out, transfers stopped, "
            "fire brigade called."
        ),
    ),
    Row(
        name="coordinated_intrusion",
        family="intrusion",
        title="Intrusion on site and in the network: {subject}",
        needs=(_any("physical_intrusion"), _any("cyber_intrusion")),
        speaks_for={"report": 0.1},
        severity="evidence",
        subject=("host", "controller", "door"),
        first="Find out who is there: call the badge holder and the account holder, then lock both out.",
    ),
    Row(
        name="falsified_signal",
        family="attack",
        title="Signal looks forged: {subject}",
        needs=(_any("falsified"),),
        speaks_for={"safeguard": 0.3, "contradiction": 0.1},
        speaks_against={"instrument_fault": 0.3},
        severity="evidence",
        subject=("tank",),
        first="Read {subject} on the spot and compare; treat the screen as wrong until then.",
    ),
    Row(
        name="sensor_fault",
        family="fault",
        title="Sensor fault: {subject}",
        needs=(_any("instrument_fault", "falsified"),),
        speaks_for={"instrument_fault": 0.1, "contradiction": 0.0},
        speaks_against={"falsified": 0.5, "physical_intrusion": 0.3, "cyber_intrusion": 0.3, "gas": 0.5, "report": 0.3},
        severity="evidence",
        first="Read {subject} on the spot, compare with the screen, and check the instrument.",
    ),
    Row(
        # Nothing here says why: to call it a fault of a sensor would send the operator back to sleep.
        name="contradiction",
        family="other",
        title="Readings that do not fit together: {subject}",
        needs=(_any("contradiction"),),
        speaks_against={"falsified": 0.5, "instrument_fault": 0.2, "gas": 0.5, "report": 0.3},
        severity="evidence",
        first=(
            "Read {subject} on the spot and compare with the screen: a faulty instrument, an unusual operation and a "
            "manipulation can all look like this."
        ),
    ),
    Row(
        name="safeguard_disabled",
        family="safeguard",
        title="Safeguard out of action: {subject}",
        needs=(_any("safeguard"),),
        severity="evidence",
        subject=("level_switch",),
        first="Ask who took {subject} out of action and why; without a permit put it back before anything is moved.",
    ),
    Row(
        name="leak",
        family="release",
        title="Leak: {subject}",
        needs=(_any("upset", "contradiction"), _any("report")),
        speaks_for={"upset": 0.1},
        speaks_against={"instrument_fault": 0.2},
        severity="hazard",
        subject=("tank", "pipe", "valve", "pump"),
        first="Send two people with a gas meter upwind to look at {subject}; stop transfers through it meanwhile.",
    ),
    Row(
        name="actuator_manipulated",
        family="attack",
        title="Pump or valve against orders: {subject}",
        needs=(_any("actuator"),),
        speaks_for={"upset": 0.1},
        severity="evidence",
        subject=("valve", "pump"),
        first="Look at {subject} on the spot and check who operated it.",
    ),
    Row(
        name="process_upset",
        family="process",
        title="Process upset: {subject}",
        needs=(_any("upset"),),
        severity="evidence",
        first="Bring {subject} back within its limits; look for what changed just before.",
    ),
    Row(
        name="cyber_intrusion",
        family="intrusion",
        title="Intrusion into the network: {subject}",
        needs=(_any("cyber_intrusion"),),
        severity="evidence",
        subject=("host", "controller"),
        first="Call the account's holder; if it was not them, disable the account and take {subject} off the network.",
    ),
    Row(
        name="unauthorised_access",
        family="intrusion",
        title="Unauthorised access: {subject}",
        needs=(_any("physical_intrusion"),),
        severity="evidence",
        subject=("door", "fence"),
        first="Look at {subject} on camera, call the badge's holder, send a guard.",
    ),
    Row(
        name="reported_by_people",
        family="report",
        title="Reported by people, not confirmed by any sensor",
        needs=(_any("report"),),
        severity="evidence",
        first="Call the reporter back, send someone to look.",
    ),
    Row(
        name="monitoring_lost",
        family="monitoring",
        title="Part of the monitoring is off",
        needs=(_any("blind"),),
        severity="evidence",
        first="Watch by hand what it watched; have the fault mended and the monitoring started again.",
    ),
    Row(
        name="unexplained",
        family="other",
        title="Unexplained: {subject}",
        needs=(_any("other"),),
        severity="evidence",
        first="Read the detections and look on the spot.",
    ),
)


@dataclass(frozen=True)
class _Judged:
    row: Row
    confidence: float
    explained: float
    against: tuple[Sign, ...]
    doubt: float = 1.0

    @property
    def rank(self) -> float:
        return self.confidence * self.doubt * self.explained * (1.0 + 0.25 * (len(self.row.needs) - 1))


@dataclass
class _Heard:
    """All evidence that says the same signs.

    Attributes:
        doubt: probability that all of it is wrong.
        weight: sum of 2 to the power of severity.
        assets: highest severity by asset.
        loudest: the most severe, the earliest of these.
    """

    doubt: float = 1.0
    weight: int = 0
    assets: dict[str, int] = field(default_factory=dict)
    loudest: Evidence | None = None


Heard = dict[frozenset[Sign], _Heard]


class TableScorer(Scorer):
    """Reads the table. A function of the set of evidence alone."""

    def __init__(self, rows: Sequence[Row] = HYPOTHESES) -> None:
        self._rows = tuple(rows)

    def score(self, evidence: Sequence[Evidence], site: Site, works: Sequence[Work] = ()) -> Hypothesis:
        """The row that explains the evidence best, with the best of other families as alternatives."""
        del works
        return self.tell(evidence, site, lambda row: None)

    def opens(self, evidence: Sequence[Evidence], site: Site, works: Sequence[Work] = ()) -> bool:
        """A table knows no probabilities: always."""
        del self, evidence, site, works
        return True

    def tell(self, evidence: Sequence[Evidence], site: Site, chance: Callable[[Row], float | None]) -> Hypothesis:
        """The same with the probability of a row from elsewhere, in the place of its confidence; None leaves it.

        What speaks against a row then lowers its rank alone: a probability has heard it already.
        Alternatives then have their own probabilities, which need not sum to 1: two things can be so at once.
        """
        ordered = sorted(evidence, key=lambda item: (item.first, item.alarm))
        heard = _listen(ordered, site)
        known = {row.name: chance(row) for row in self._rows}
        judged = [
            found if (said := known[row.name]) is None else replace(found, confidence=said, doubt=_doubt(found))
            for row in self._rows
            if (found := _judge(row, heard, site)) is not None
        ]
        judged.sort(key=lambda found: -found.rank)
        best, others = judged[0], list[_Judged]()
        for found in judged[1:]:
            if found.row.family not in {best.row.family, *(other.row.family for other in others)}:
                others.append(found)
        left = (1.0 - best.confidence) / (sum(found.rank for found in others) or 1.0)
        assets = _about(best.row, heard, site)
        alternatives = tuple(
            Alternative(
                found.row.name,
                found.row.title.format(subject=_name(_about(found.row, heard, site), site)),
                round(min(found.rank * left, best.confidence) if (p := known[found.row.name]) is None else p, 3),
            )
            for found in others[:2]
        )
        return Hypothesis(
            name=best.row.name,
            title=best.row.title.format(subject=_name(assets, site)),
            severity=severity_of(_severity(best.row, heard, site)),
            confidence=round(best.confidence, 3),
            why=_why(best, heard, len(ordered), alternatives),
            assets=assets,
            alternatives=alternatives,
        )


def _listen(evidence: Sequence[Evidence], site: Site) -> Heard:
    """Evidence gathered by what it says, in order of the words: as many entries as there are kinds of sign."""
    heard: Heard = {}
    for item in evidence:
        said = signs_of(item, site)
        kept = heard.get(said)
        if kept is None:
            kept = heard[said] = _Heard()
        rank = rank_of(item.severity)
        kept.doubt *= 1.0 - min(max(item.confidence, 0.0), 0.99)
        kept.weight += 1 << rank
        for asset in item.assets:
            if kept.assets.get(asset, -1) < rank:
                kept.assets[asset] = rank
        if kept.loudest is None or rank > rank_of(kept.loudest.severity):
            kept.loudest = item
    return {said: heard[said] for said in sorted(heard, key=words_in_order)}


def _judge(row: Row, heard: Heard, site: Site) -> _Judged | None:
    if row.only_about and not any(
        asset in site.asset_by_id and site.asset_by_id[asset].type in row.only_about
        for said, kept in heard.items()
        if said & row.needed
        for asset in kept.assets
    ):
        return None
    confidence = 1.0
    for group in row.needs:
        doubts = [kept.doubt for said, kept in heard.items() if said & group]
        if not doubts:
            return None
        confidence *= 1.0 - prod(doubts)
    words = frozenset[Sign]().union(*heard)
    for sign, weight in row.speaks_for.items():
        if sign in words:
            confidence += (1.0 - confidence) * weight
    against = tuple(sign for sign in row.speaks_against if sign in words)
    for sign in against:
        confidence *= 1.0 - row.speaks_against[sign]
    explained = sum(kept.weight for said, kept in heard.items() if said & row.explains)
    return _Judged(row, min(confidence, 0.99), explained / sum(kept.weight for kept in heard.values()), against)


def _doubt(found: _Judged) -> float:
    return prod(1.0 - found.row.speaks_against[sign] for sign in found.against)


def _about(row: Row, heard: Heard, site: Site) -> tuple[str, ...]:
    """Assets the row is about: of the wanted type, most severe and critical first, at most three."""
    places: dict[str, tuple[int, int, int, str]] = {}
    for said, kept in heard.items():
        needed = 0 if said & row.needed else 10
        for asset, rank in kept.assets.items():
            known = site.asset_by_id.get(asset)
            wanted = row.subject.index(known.type) if known and known.type in row.subject else len(row.subject)
            place = (wanted + needed, -rank, -(known.criticality if known else 0), asset)
            places[asset] = min(place, places.get(asset, place))
    if not places:
        return ()
    best = min(places.values())
    return tuple(sorted(place[3] for place in places.values() if place[:3] == best[:3])[:3])


def _name(assets: Sequence[str], site: Site) -> str:
    names = []
    for asset in assets:
        known = site.asset_by_id.get(asset)
        names.append(f"{known.name} ({asset})" if known and known.name else asset)
    return ", ".join(names) or "the site"


def _severity(row: Row, heard: Heard, site: Site) -> int:
    named = {asset for kept in heard.values() for asset in kept.assets}
    rank = max(rank_of(kept.loudest.severity) for kept in heard.values() if kept.loudest)
    if row.severity == "hazard":
        rank = max([rank, *(rank_of(hazard.severity) for hazard in site.hazards if hazard.asset in named)])
    return rank


def _why(best: _Judged, heard: Heard, count: int, alternatives: Sequence[Alternative]) -> str:
    """What was seen together, the loudest of each kind with its numbers, what speaks against it, what else it is."""
    loudest = [(not said & best.row.explains, kept.loudest) for said, kept in heard.items() if kept.loudest]
    loudest.sort(key=lambda pair: (pair[0], -rank_of(pair[1].severity), pair[1].first, pair[1].alarm))
    told = sorted((item for _, item in loudest[:SENTENCES]), key=lambda item: (item.first, item.alarm))
    words = frozenset[Sign]().union(*heard)
    together = [word for sign, word in WORDS.items() if sign in words and sign in best.row.explains]
    parts = [f"Seen together: {', '.join(together)}."] if len(together) > 1 else []
    parts += [_sentence(item) for item in told]
    if count > len(told):
        parts.append(f"And {count - len(told)} more.")
    if best.against:
        parts.append(f"Against it: {', '.join(WORDS[sign] for sign in best.against)}.")
    rest = [word for sign, word in WORDS.items() if sign in words - best.row.explains]
    if best.explained < 1.0:
        parts.append(f"Left unexplained: {', '.join(rest)}.")
    if alternatives:
        parts.append(f"If it is not that: {alternatives[0].title} ({alternatives[0].confidence:.0%}).")
    return " ".join(parts)


def _sentence(item: Evidence) -> str:
    text = item.sentence.strip()
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    return f"{text[:-1]} ({item.count} times)." if item.count > 1 else text
