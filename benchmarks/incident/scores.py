"""What fused takes are worth: pairs, one incident an attack, delay, false incidents, Brier score and reliability."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.incident.fused import Fused
from benchmarks.incident.labels import Labelled

__all__ = ["Pairs", "best_matches", "brier", "delay_s", "incidents_of", "is_one", "pairs_of", "reliability"]

BINS = 10


class Pairs(NamedTuple):
    """Pairs of detections: joined and of one event, joined in all, of one event in all."""

    right: int
    joined: int
    true: int

    def __add__(self, other: object) -> "Pairs":
        if not isinstance(other, Pairs):
            return NotImplemented
        return Pairs(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def precision(self) -> float:
        """Share of the joined that are right; 1 where nothing was joined."""
        return self.right / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        """Share of those of one event that were joined; 1 where there are none."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 1 where there is no pair at all."""
        return 2 * self.right / (self.joined + self.true) if self.joined + self.true else 1.0


def pairs_of(detections: Iterable[Labelled], cluster: Mapping[str, str]) -> Pairs:
    """Of the detections that belong to an event; one in no cluster stands alone."""
    mine = [one for one in detections if one.of]
    both = Counter((one.of, cluster.get(one.event.id, one.event.id)) for one in mine)
    joined, true = Counter[str](), Counter[str]()
    for (event, name), count in both.items():
        joined[name] += count
        true[event] += count

    def pairs(counts: Iterable[int]) -> int:
        return sum(n * (n - 1) // 2 for n in counts)

    return Pairs(pairs(both.values()), pairs(joined.values()), pairs(true.values()))


def best_matches(detections: Iterable[Labelled], cluster: Mapping[str, str], *, noise: bool) -> list[float]:
    """F1 of each event and the cluster that matches it best, over detections, each event weighing the same.

    With `noise` a cluster is also made worse by what it holds of no event.
    """
    mine = [one for one in detections if one.of or noise]
    names = [cluster.get(one.event.id, one.event.id) for one in mine]
    size, own = Counter(names), Counter(one.of for one in mine if one.of)
    both = Counter((one.of, name) for one, name in zip(mine, names, strict=True) if one.of)
    best: dict[str, float] = {}
    for (event, name), count in both.items():
        best[event] = max(best.get(event, 0.0), 2 * count / (size[name] + own[event]))
    return [best[event] for event in sorted(best)]


def incidents_of(detections: Iterable[Labelled], event: str, cluster: Mapping[str, str], *, all_: bool) -> set[str]:
    """Clusters of an event's detections that call somebody; with `all_` of all of them, those in none left out."""
    return {
        cluster[one.event.id]
        for one in detections
        if one.of == event and (one.body.calls or all_) and one.event.id in cluster
    }


def is_one(detections: Sequence[Labelled], cluster: Mapping[str, str]) -> bool | None:
    """Whether the event is exactly one incident and the one beside it another; None where nobody was called for it."""
    main = incidents_of(detections, "main", cluster, all_=False)
    if not main:
        return None
    return len(main) == 1 and not main & incidents_of(detections, "beside", cluster, all_=True)


def delay_s(detections: Sequence[Labelled], fused: Fused) -> float | None:
    """Seconds from the second independent evidence of the event to the first right incident.

    Independent: of another kind of source or by another detector than the first. Right: the first version of an
    incident that holds two such pieces of evidence and none of the event beside. None where there was no second,
    infinite where no incident was right.
    """
    mine = [one for one in detections if one.of == "main"]
    second = next((one for one in mine if _independent(mine[0], one)), None)
    if second is None:
        return None
    kinds = {one.event.id: (one.body.source_kind, one.body.detector) for one in mine}
    other = {one.event.id for one in detections if one.of == "beside"}
    for event, incident in fused.versions:
        held = set(incident.detections)
        if not incident.superseded_by and len({kinds[one] for one in held & kinds.keys()}) > 1 and not held & other:
            return max(0.0, (event.observed - second.event.occurred) / 1e9)
    return float("inf")


def _independent(one: Labelled, other: Labelled) -> bool:
    return (one.body.source_kind, one.body.detector) != (other.body.source_kind, other.body.detector)


def brier(pairs: Sequence[tuple[float, bool]]) -> float:
    """Mean squared distance of probabilities from what was (Brier 1950)."""
    return sum((p - float(y)) ** 2 for p, y in pairs) / len(pairs) if pairs else float("nan")


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int, float, float]]:
    """(from, to, how many, mean probability, share that were) of each tenth that holds any."""
    found = []
    for n in range(BINS):
        held = [(p, y) for p, y in pairs if min(int(p * BINS), BINS - 1) == n]
        if held:
            mean, share = sum(p for p, _ in held) / len(held), sum(y for _, y in held) / len(held)
            found.append((n / BINS, (n + 1) / BINS, len(held), mean, share))
    return found
