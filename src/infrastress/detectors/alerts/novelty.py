"""What a quiet time teaches of raw alerts: which signatures a host usually raises, and at what pace.

Learned once, looked through by a person, approved, then enforced, as every baseline (`docs/training.md`). A pair of
host and signature is usual when it came in at least a share of the hours; one burst of thousands doesn't make it so.
What is rarer is listed for review and stays unusual until somebody has said that it is right.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from math import ceil, log2
from typing import Any

import msgspec

from infrastress.core.errors import BaselineError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.time import HOUR, SECOND, to_iso
from infrastress.detectors.alerts.records import RawAlert

__all__ = ["Novelty", "Pace", "QuietTime", "Tally", "UsualPair", "learn"]

_FORMAT = 1
_MOST_PAIRS, _MOST_TIMES = 100_000, 4096


class UsualPair(msgspec.Struct, frozen=True):
    """How often a host raised a signature in the quiet time, and in how many of its hours; `held` waits for review."""

    host: str
    signature: str
    count: int
    hours: int
    held: bool

    def __str__(self) -> str:
        return f"{self.host}: {self.signature}, {self.count} times in {self.hours} hours"


class Pace(msgspec.Struct, frozen=True):
    """Median time between alerts of a host that aren't usual, in ns."""

    host: str
    between: int


class QuietTime(msgspec.Struct, frozen=True):
    """What was learned, from when to when (ISO 8601); `left_out` counts alerts of pairs beyond the bound."""

    format: int
    begin: str
    until: str
    hours: int
    pairs: tuple[UsualPair, ...]
    paces: tuple[Pace, ...]
    left_out: int = 0

    def encode(self) -> bytes:
        """Canonical JSON, as it is stored and approved."""
        return canonical_json(self)

    @classmethod
    def decode(cls, data: bytes | Mapping[str, Any]) -> "QuietTime":
        """Read what `encode` wrote, or the mapping it stands for.

        Raises:
            BaselineError: it is none, or of another format.
        """
        try:
            found = msgspec.json.decode(data, type=cls) if isinstance(data, bytes) else msgspec.convert(data, cls)
        except msgspec.MsgspecError as error:
            raise BaselineError(f"no baseline of alerts: {error}") from None
        if found.format != _FORMAT or found.hours < 1:
            raise BaselineError(
                f"baseline of alerts of format {found.format}, {found.hours} h; this version reads {_FORMAT}",
                remedy="learn again",
            )
        return found


class Tally:
    """Counts alerts of a quiet time, in any order, each once.

    Args:
        begin: of the quiet time, ns; hours are counted from it.
    """

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._counts: dict[tuple[str, str], int] = {}
        self._seen: dict[tuple[str, str], set[int]] = {}
        self._times: dict[tuple[str, str], list[int]] = {}
        self._left_out = 0

    def __len__(self) -> int:
        return sum(self._counts.values()) + self._left_out

    def add(self, alert: RawAlert) -> None:
        """Count one; pairs beyond the bound are left out."""
        pair = alert.host, alert.signature
        if pair not in self._counts:
            if len(self._counts) >= _MOST_PAIRS:
                self._left_out += 1
                return
            self._counts[pair], self._seen[pair], self._times[pair] = 0, set(), []
        self._counts[pair] += 1
        self._seen[pair].add((alert.time - self._begin) // HOUR)
        if len(self._times[pair]) < _MOST_TIMES:
            self._times[pair].append(alert.time)

    def learned(self, until: int, hours: int, usual_share: float = 1 / 3) -> QuietTime:
        """What they teach.

        Args:
            until: end of the quiet time, ns.
            hours: that it has, without those of which nothing is known.
            usual_share: a pair that came in fewer of the hours (of one at least) isn't usual.
        """
        least = max(1.0, usual_share * hours)
        counts, seen = self._counts, self._seen
        pairs = tuple(
            UsualPair(*pair, counts[pair], len(seen[pair]), len(seen[pair]) < least) for pair in sorted(counts)
        )
        rare: dict[str, list[int]] = {}
        for one in pairs:
            if one.held:
                rare.setdefault(one.host, []).extend(self._times[one.host, one.signature])
        paces = tuple(Pace(host, _median_step(sorted(at))) for host, at in sorted(rare.items()) if len(at) > 2)
        return QuietTime(_FORMAT, to_iso(self._begin), to_iso(until), hours, pairs, paces, self._left_out)


def learn(alerts: Iterable[RawAlert], begin: int, until: int, *, usual_share: float = 1 / 3) -> QuietTime:
    """Learn from the alerts in [begin, until), ns, in any order.

    Args:
        alerts: of the quiet time; others are passed over.
        begin: its begin.
        until: its end; hours are counted from the begin, the last may be short.
        usual_share: a pair that came in fewer of the hours (of one at least) isn't usual.

    Raises:
        BaselineError: the span is empty.
    """
    if until <= begin:
        raise BaselineError("no quiet time to learn from: it ends before it begins")
    tally = Tally(begin)
    for alert in alerts:
        if begin <= alert.time < until:
            tally.add(alert)
    return tally.learned(until, ceil((until - begin) / HOUR), usual_share)


def _median_step(times: list[int]) -> int:
    """Lower median of the steps between sorted times."""
    steps = sorted(after - before for before, after in pairwise(times))
    return steps[(len(steps) - 1) // 2]


class Novelty:
    """Judges alerts against a quiet time. Without one nothing is unusual: it isn't known.

    Args:
        learned: the approved baseline.
        reviewed: held pairs that somebody found right, as "host: signature".
    """

    def __init__(self, learned: QuietTime | None = None, reviewed: Collection[str] = ()) -> None:
        self.id = "" if learned is None else content_hash(learned.encode())[:16]
        self._surprise: dict[tuple[str, str], int] = {}
        self._unseen = 0
        self.paces: dict[str, int] = {}
        if learned is not None:
            self._unseen = _bits(learned.hours, 0)
            self.paces = {pace.host: pace.between for pace in learned.paces}
            for one in learned.pairs:
                fine = not one.held or f"{one.host}: {one.signature}" in reviewed
                self._surprise[one.host, one.signature] = 0 if fine else _bits(learned.hours, one.hours)

    @property
    def learned(self) -> bool:
        """Whether there is a baseline at all."""
        return bool(self.id)

    def surprise(self, host: str, signature: str) -> int:
        """How unusual a pair is, in thousandths of a bit; 0 where it is usual or nothing was learned.

        An hour of the quiet time held it with probability (k + 1) / (h + 1), k of h hours having held it; the bits
        are that probability's negative logarithm. Whole numbers, so that sums don't depend on their order.
        """
        return self._surprise.get((host, signature), self._unseen)

    def pace(self, host: str) -> float:
        """Median time between unusual alerts of a host in the quiet time, s; 0 where there were too few."""
        return self.paces.get(host, 0) / SECOND


def _bits(hours: int, seen: int) -> int:
    return max(1, round(1000 * log2((hours + 1) / (seen + 1))))
