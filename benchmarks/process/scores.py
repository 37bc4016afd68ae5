"""What a judge is worth: attacks found and how soon, assets named, suspicions, and what it raises without a reason.

Found: an alarm (medium severity and above) raised between the first visible effect and an hour behind the story's end.
An alarm that already stood at the first visible effect is no finding; it is counted apart, with which "always" finds
everything. Named: the assets of alarms raised up to `NAMED_FRAMES` frames behind the first, by the weight of their
signals; the truth's are the assets of the story's malicious spans on the plant, the falsified view among them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.process.judges import Raised
from infrastress.core.time import HOUR, SECOND
from infrastress.evaluation.events import Episode, merge_episodes
from infrastress.simulators.base import TruthSpan

__all__ = [
    "GRACE",
    "INSTRUMENTS",
    "NAMED_FRAMES",
    "Found",
    "Told",
    "alarmed",
    "false_alarms",
    "find",
    "told_as",
    "true_assets",
]

GRACE = HOUR
NAMED_FRAMES = 4
INSTRUMENTS = frozenset({"stuck_meter", "noisy_meter", "noisy_gauge", "outstation_silent"})
"""Instruments that really fail: an alarm on one of them is right."""
_TROUBLE = INSTRUMENTS | {"overflow"}
"""And a tank that its own controllers let run over."""
_TRACES = frozenset({"badge_misuse", "remote_login"})
"""Of an attack, what leaves no mark on the process: fusion's."""
_ATTACK = frozenset({"sensor_falsified", "actuator_manipulated", "intrusion"})


@dataclass(frozen=True)
class Found:
    """What became of one attack.

    Attributes:
        visible: whether there was anything to see; the rest says nothing where not.
        delay_s: from the first visible effect to the first alarm; None where none came in time.
        standing: an alarm already stood at the first visible effect.
        rank: of the first of the truth's assets among those named, from 1; None where none is named.
        suspicion: of the first alarm; empty where not found.
    """

    visible: bool
    delay_s: float | None = None
    standing: bool = False
    rank: int | None = None
    suspicion: str = ""


def true_assets(truth: Iterable[TruthSpan]) -> frozenset[str]:
    """Assets of an attack on the process."""
    return frozenset(asset for one in truth if one.malicious and one.kind not in _TRACES for asset in one.assets)


def find(raised: Sequence[Raised], truth: Sequence[TruthSpan], visible: int | None, frame_s: float) -> Found:
    """What became of an attack whose first visible effect was at `visible`, ns; None: nothing to see."""
    if visible is None:
        return Found(visible=False)
    until = max((one.ended for one in truth if one.malicious and one.kind not in _TRACES), default=visible) + GRACE
    alarms = [one for one in raised if one.alarm]
    standing = any(one.at < visible < one.until for one in alarms)
    hits = [one for one in alarms if visible <= one.at <= until]
    if not hits:
        return Found(visible=True, standing=standing)
    first = min(one.at for one in hits)
    settled = first + round(NAMED_FRAMES * frame_s * SECOND)
    opening = [one for one in hits if one.at <= settled]
    named = ranked(opening)
    assets = true_assets(truth)
    rank = next((place for place, asset in enumerate(named, 1) if asset in assets), None)
    return Found(True, (first - visible) / SECOND, standing, rank, suspicion_of(opening))


def ranked(alarms: Iterable[Raised]) -> list[str]:
    """Assets by the sum of their weights, the heaviest first; equal ones by name."""
    weights: dict[str, float] = {}
    for one in alarms:
        for asset, weight in one.assets.items():
            weights[asset] = weights.get(asset, 0.0) + weight
    return sorted(weights, key=lambda asset: (-weights[asset], asset))


def suspicion_of(alarms: Sequence[Raised]) -> str:
    """What the first alarm suspects; of several at once the first that is not unknown."""
    if not alarms:
        return ""
    first = min(one.at for one in alarms)
    known = [one.suspicion for one in alarms if one.at == first and one.suspicion != "unknown"]
    return known[0] if known else "unknown"


def _in_trouble(one: Raised, truth: Iterable[TruthSpan]) -> bool:
    """Whether an alarm belongs to trouble that really was; a judge that names no asset gets the benefit."""
    return any(
        span.kind in _TROUBLE
        and span.began <= one.at <= span.ended + GRACE
        and (not one.assets or set(span.assets) & set(one.assets))
        for span in truth
    )


def alarmed(raised: Sequence[Raised], truth: Sequence[TruthSpan], kind: str) -> list[Raised]:
    """Alarms within the benign spans of a kind and an hour behind, but on trouble that really was."""
    spans = [one for one in truth if one.kind == kind]
    return [
        one
        for one in raised
        if one.alarm
        and any(span.began <= one.at <= span.ended + GRACE for span in spans)
        and not _in_trouble(one, truth)
    ]


def false_alarms(raised: Sequence[Raised], truth: Sequence[TruthSpan]) -> list[Episode]:
    """False episodes of a quiet run: spans of alarms that stood together are one, right ones left out."""
    wrong = [one for one in raised if one.alarm and not _in_trouble(one, truth)]
    return merge_episodes(Episode(one.at, one.until, one.rule) for one in wrong)


@dataclass(frozen=True)
class Told:
    """What was said of a failed instrument: `attack`, `sensor_fault`, another suspicion, or nothing.

    Attributes:
        said: the gravest word in any finding on its assets, notices included.
        alarm: whether anything on its assets called somebody.
    """

    said: str
    alarm: bool


def told_as(raised: Sequence[Raised], span: TruthSpan) -> Told:
    """What a judge says of an instrument that fails, on its assets, while it fails and up to an hour behind."""
    own = [one for one in raised if span.began <= one.at <= span.ended + GRACE and set(one.assets) & set(span.assets)]
    alarm = any(one.alarm for one in own)
    if any(one.alarm and one.suspicion in _ATTACK for one in own):
        return Told("attack", alarm)
    if any(one.suspicion == "sensor_fault" for one in own):
        return Told("sensor_fault", alarm)
    others = [one.suspicion for one in own]
    return Told(others[0] if others else "nothing", alarm)


def confusion(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Mapping[str, int]]:
    """Counts of what was suspected, by what it was."""
    table: dict[str, dict[str, int]] = {}
    for true, said in pairs:
        row = table.setdefault(true, {})
        row[said] = row.get(said, 0) + 1
    return {true: dict(sorted(row.items())) for true, row in sorted(table.items())}


def summary(found: Sequence[Found], frame_s: float) -> dict[str, Any]:
    """Shares and delays of some attacks."""
    seen = [one for one in found if one.visible]
    delays = sorted(one.delay_s for one in seen if one.delay_s is not None)
    middle = _median(delays)
    longest = delays[-1] if delays else None
    return {
        "attacks": len(found),
        "nothing_to_see": len(found) - len(seen),
        "visible": len(seen),
        "found": len(delays),
        "found_share": len(delays) / len(seen) if seen else None,
        "found_or_standing": sum(one.delay_s is not None or one.standing for one in seen),
        "median_delay_samples": middle / frame_s if middle is not None else None,
        "longest_delay_samples": longest / frame_s if longest is not None else None,
        "median_delay_min": middle / 60 if middle is not None else None,
        "longest_delay_min": longest / 60 if longest is not None else None,
        "top_1": sum(one.rank is not None and one.rank <= 1 for one in seen),
        "top_3": sum(one.rank is not None and one.rank <= 3 for one in seen),
    }


def _median(values: Sequence[float]) -> float | None:
    n = len(values)
    return None if not n else (values[(n - 1) // 2] + values[n // 2]) / 2
