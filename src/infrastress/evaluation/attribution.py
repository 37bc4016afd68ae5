"""Whom detections blame for an event, what they suspect, and how soon after its first visible effect.

An asset's weight in an event is the sum, over the detections that are on during it, of

    severity (info 1/2, low 1, medium 2, high 4, critical 8) x min(score, 10) x the asset's share of the detection

where a share is that of the contributing signals that belong to the asset, all shares of a detection adding up to 1.
A signal that belongs to no known asset counts for the assets of the detection, in equal parts, as does a detection
without contributions. Assets are ranked by weight, ties by id; the rank of an event is the best of its true assets'.
An event in which none of them is named counts as a miss in every share.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, fsum
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from infrastress.core.time import SECOND
from infrastress.evaluation.events import Episode
from infrastress.evaluation.kinds import NOT_FOUND, right
from infrastress.events import Detection

__all__ = [
    "Attribution",
    "Blame",
    "Cause",
    "Rank",
    "attribute",
    "blamed",
    "by_chance",
    "delay_s",
    "first_visible",
    "popularity",
    "rank_of",
    "right",
    "suspected",
]

SEVERITY = {"info": 0.5, "low": 1.0, "medium": 2.0, "high": 4.0, "critical": 8.0}
MOST = 10.0
"""A score counts up to this: how far beyond its limit one rule was is no measure of how right it is."""
_NAMED = 5


class Spoken(Protocol):
    """A detection as an event of the log, or as a detector's finding."""

    @property
    def occurred(self) -> int:
        """When it could first be said, ns UTC."""

    @property
    def assets(self) -> tuple[str, ...]:
        """What it is about."""

    @property
    def body(self) -> Any:
        """A `Detection`; anything else is passed over."""


class Cause(NamedTuple):
    """What one true event was about.

    Attributes:
        began, ended: ns UTC, half open.
        name: as in the table of events.
        assets: true assets, or signals of them; none where that isn't known.
        kind: as the truth names it, such as "level_spoofed".
        visible: when it first showed in the telemetry, ns; None where nobody knows, `ended` where it never did.
    """

    began: int
    ended: int
    name: str = ""
    assets: tuple[str, ...] = ()
    kind: str = ""
    visible: int | None = None


class Rank(NamedTuple):
    """A row of the table: shares of events with a true asset at the top, or among the first three."""

    name: str
    events: int
    top1: float
    top3: float


@dataclass(frozen=True)
class Blame:
    """What became of one event.

    Attributes:
        cause: its true assets are assets, no signals.
        named: the first assets with their weights.
        rank: of the first true asset; None where none was named or none is known.
        suspicion: what was suspected; None where nothing was detected.
        right: whether that fits the kind; None where the kind says nothing, False where nothing was detected.
        delay_s: from `counted_from` to the first alarm; None where it never came.
    """

    cause: Cause
    named: tuple[tuple[str, float], ...]
    rank: int | None
    suspicion: str | None
    right: bool | None
    delay_s: float | None

    @property
    def counted_from(self) -> str:
        """From when the delay counts."""
        return "label" if self.cause.visible is None else "first visible effect"


@dataclass(frozen=True)
class Attribution:
    """All events; `candidates` is the number of assets that could be blamed."""

    blames: tuple[Blame, ...]
    candidates: int
    rows: tuple[Rank, ...]

    @property
    def confusion(self) -> dict[str, dict[str, int]]:
        """True kind -> what was suspected -> events."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.blames:
            if one.cause.kind:
                found[one.cause.kind][one.suspicion or NOT_FOUND] += 1
        return {kind: dict(sorted(said.items())) for kind, said in found.items()}

    @property
    def judged(self) -> int:
        """Events of a kind that says what is to be suspected."""
        return sum(one.right is not None for one in self.blames)

    @property
    def right(self) -> int:
        """Those of them in which it was suspected."""
        return sum(one.right is True for one in self.blames)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "candidates": self.candidates,
            "events": [
                {
                    "name": one.cause.name,
                    "assets": list(one.cause.assets),
                    "blamed": [{"asset": asset, "weight": weight} for asset, weight in one.named],
                    "rank": one.rank,
                    "kind": one.cause.kind,
                    "suspicion": one.suspicion,
                    "right": one.right,
                    "delay_s": one.delay_s,
                    "counted_from": one.counted_from,
                }
                for one in self.blames
            ],
            "table": [row._asdict() for row in self.rows],
            "suspicion": {"right": self.right, "judged": self.judged, "confusion": self.confusion},
        }


def blamed(
    detections: Iterable[Spoken], began: int, ended: int, asset_of: Mapping[str, str]
) -> list[tuple[str, float]]:
    """Assets and their weights (module's formula) in the span [began, ended) ns, largest first, ties by id.

    Args:
        detections: raised and cleared, in any order.
        began: of the event.
        ended: of the event.
        asset_of: the asset of each signal.
    """
    weights: dict[str, list[float]] = defaultdict(list)
    for one in _on_during(detections, began, ended):
        weight = _weight(one.body)
        shares = [(asset_of.get(part.signal, ""), max(0.0, part.share)) for part in one.body.contributions]
        total = fsum(share for _, share in shares)
        if shares and total <= 0:
            shares, total = [(asset, 1.0) for asset, _ in shares], float(len(shares))
        for asset, share in shares or [("", 1.0)]:
            part = weight * share / (total or 1.0)
            for name in (asset,) if asset else one.assets:
                weights[name].append(part if asset else part / len(one.assets))
    return sorted(((asset, fsum(parts)) for asset, parts in weights.items()), key=lambda pair: (-pair[1], pair[0]))


def rank_of(ranking: Sequence[tuple[str, float]], assets: Iterable[str]) -> int | None:
    """The best rank of any of the assets, from 1; None where none is named."""
    true = set(assets)
    return next((rank for rank, (asset, _) in enumerate(ranking, 1) if asset in true), None)


def suspected(detections: Iterable[Spoken], began: int, ended: int) -> str | None:
    """What is suspected: the largest sum of weight x confidence; "unknown" only where nothing else is said.

    None where no detection is on.
    """
    said: dict[str, list[float]] = defaultdict(list)
    for one in _on_during(detections, began, ended):
        said[one.body.suspicion].append(_weight(one.body) * one.body.confidence)
    if not said:
        return None
    return min(said, key=lambda kind: (kind == "unknown", -fsum(said[kind]), kind))


def delay_s(episodes: Iterable[Episode], visible: int, ended: int, *, standing: bool = True) -> float | None:
    """Seconds from `visible` to the first alarm that is on behind it, before `ended` (ns); None where there is none.

    With `standing` an alarm that was raised earlier and still stands counts with no delay; else it earns nothing.
    """
    late = [
        max(0, one.began - visible)
        for one in episodes
        if visible <= max(one.began, visible) < ended
        and (one.began >= visible or (standing and one.ended > visible))
    ]  # fmt: skip
    return min(late) / SECOND if late else None


def first_visible(
    times: npt.NDArray[np.int64],
    seen: npt.NDArray[np.float64],
    undisturbed: npt.NDArray[np.float64],
    least: npt.NDArray[np.float64],
) -> int | None:
    """The first of k times at which what is seen differs from what would have been; None where it never does.

    Args:
        times: int64[k], ns.
        seen: float64[m, k]; NaN is no value, and a cell more or less is a difference.
        undisturbed: float64[m, k], of the same run without the event.
        least: float64[m, 1], smallest difference that shows, such as the last digit.
    """
    with np.errstate(invalid="ignore"):
        differs = (np.abs(seen - undisturbed) >= least) | (np.isnan(seen) != np.isnan(undisturbed))
    hit = np.flatnonzero(differs.any(axis=0))
    return int(times[hit[0]]) if len(hit) else None


def by_chance(candidates: int, true: int, k: int) -> float:
    """Chance that k of the candidates, drawn at random, hold one of the true ones."""
    if true <= 0:
        return 0.0
    drawn = min(k, candidates)
    return 1.0 - comb(max(0, candidates - true), drawn) / comb(candidates, drawn) if drawn else 0.0


def popularity(causes: Iterable[Cause]) -> list[str]:
    """Assets by the number of events that were about them, ties by id."""
    counts = Counter(asset for cause in causes for asset in set(cause.assets))
    return sorted(counts, key=lambda asset: (-counts[asset], asset))


def attribute(
    trials: Iterable[tuple[Sequence[Spoken], Sequence[Cause]]],
    asset_of: Mapping[str, str],
    candidates: Sequence[str],
    *,
    name: str = "these detections",
) -> Attribution:
    """Judge all events of some recordings, beside the trivial rivals.

    Args:
        trials: of each recording the detections and what its events were about.
        asset_of: the asset of each signal.
        candidates: assets that could be blamed, in the order of the rival "always the first".
        name: of our row.
    """
    blames = []
    for detections, causes in trials:
        episodes = _episodes(detections)
        for cause in causes:
            own = cause._replace(assets=tuple(dict.fromkeys(asset_of.get(one, one) for one in cause.assets)))
            ranking = blamed(detections, own.began, own.ended, asset_of)
            kind = suspected(detections, own.began, own.ended)
            blames.append(
                Blame(
                    cause=own,
                    named=tuple(ranking[:_NAMED]),
                    rank=rank_of(ranking, own.assets),
                    suspicion=kind,
                    right=right(own.kind, kind or NOT_FOUND),
                    delay_s=delay_s(episodes, own.began if own.visible is None else own.visible, own.ended),
                )
            )
    return Attribution(tuple(blames), len(candidates), tuple(_rows(name, blames, candidates)))


def _rows(name: str, blames: Sequence[Blame], candidates: Sequence[str]) -> Iterable[Rank]:
    known = [one for one in blames if one.cause.assets]
    if not known:
        return
    yield _row(name, [one.rank for one in known])
    guesses = []
    for one in known:
        others = popularity(other.cause for other in known if other is not one)
        guesses.append(rank_of([(asset, 0.0) for asset in others], one.cause.assets))
    if len(known) > 1:
        yield _row("popularity", guesses)
    first = [(asset, 0.0) for asset in candidates]
    yield _row("always the first", [rank_of(first, one.cause.assets) for one in known])
    chances = [
        [by_chance(max(len(candidates), len(one.cause.assets)), len(one.cause.assets), k) for one in known]
        for k in (1, 3)
    ]
    yield Rank("by chance", len(known), *(fsum(each) / len(known) for each in chances))


def _row(name: str, ranks: Sequence[int | None]) -> Rank:
    hits = [sum(rank is not None and rank <= k for rank in ranks) / len(ranks) for k in (1, 3)]
    return Rank(name, len(ranks), *hits)


def _weight(body: Detection) -> float:
    return SEVERITY[body.severity] * max(0.0, min(body.score, MOST))


def _pairs(detections: Iterable[Spoken]) -> list[tuple[Spoken, int | None]]:
    """Raised detections, each with when it was cleared; None where it never was."""
    open_: dict[tuple[str, str], Spoken] = {}
    found: list[tuple[Spoken, int | None]] = []
    for one in sorted(detections, key=lambda each: (each.occurred, getattr(each.body, "phase", "") != "raised")):
        if not isinstance(one.body, Detection):
            continue
        key = (one.body.detector, one.body.episode)
        if one.body.phase == "raised":
            open_.setdefault(key, one)
        elif key in open_:
            found.append((open_.pop(key), one.occurred))
    return [*found, *((one, None) for one in open_.values())]


def _on_during(detections: Iterable[Spoken], began: int, ended: int) -> list[Spoken]:
    return [
        one
        for one, cleared in _pairs(detections)
        if one.occurred < ended and (cleared is None or cleared > began or one.occurred >= began)
    ]


def _episodes(detections: Iterable[Spoken]) -> list[Episode]:
    never = np.iinfo(np.int64).max
    return [Episode(one.occurred, int(never) if end is None else end) for one, end in _pairs(detections)]
