"""A verdict: every score of one detector on one recording, and the table's row of many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.evaluation.batadal import BatadalScore, score
from infrastress.evaluation.etapr import Etapr, etapr
from infrastress.evaluation.events import (
    Episode,
    FalseRate,
    Outcome,
    false_rate,
    flags_of,
    merge_episodes,
    outcomes,
    rate_of,
)
from infrastress.evaluation.labels import Truth
from infrastress.evaluation.points import PointScores, point_scores
from infrastress.evaluation.vus import vus_pr

__all__ = ["Row", "Verdict", "always", "judge", "never", "row_of"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """One detector on one recording.

    Attributes:
        outcomes: each true event, whether and when it was found.
        false: false alarm episodes, after merging what overlaps, and their rate.
        points: steps of the truth's grid.
        batadal, etapr, vus_pr: None where the labels hold no event or no quiet time; vus_pr also without scores.
    """

    outcomes: tuple[Outcome, ...]
    false: FalseRate
    points: PointScores
    batadal: BatadalScore | None = None
    etapr: Etapr | None = None
    vus_pr: float | None = None


@dataclass(frozen=True)
class Row:
    """One detector in the table, over all recordings; None where a figure isn't known.

    Counts of steps, events and false episodes are added up over the recordings, `vus_pr` and the eta scores averaged
    over those that have them. BATADAL's S is of one recording only.
    """

    name: str
    s: float | None = None
    s_ttd: float | None = None
    s_cm: float | None = None
    tpr: float | None = None
    tnr: float | None = None
    f1: float | None = None
    far: float | None = None
    mar: float | None = None
    vus_pr: float | None = None
    eta_precision: float | None = None
    eta_recall: float | None = None
    eta_f1: float | None = None
    found: int | None = None
    events: int | None = None
    median_delay_s: float | None = None
    longest_delay_s: float | None = None
    false_episodes: int | None = None
    false_per_30_days: float | None = None
    false_low: float | None = None
    false_high: float | None = None


def judge(
    truth: Truth, alarms: Iterable[Episode], scores: Floats | None = None, *, grace: int = 0, gap: int = 0
) -> Verdict:
    """Score one detector on one recording.

    Args:
        truth: what really happened, and the grid.
        alarms: its alarm episodes; those outside the grid are passed over.
        scores: float64[n] on the grid, larger is more unusual.
        grace: ns behind an event in which an alarm still belongs to it.
        gap: alarms with at most this many ns between them are one episode.
    """
    begin, end = truth.span
    watched = [one for one in alarms if one.began < end and (one.began >= begin or one.ended > begin)]
    seen = [one._replace(began=max(one.began, begin)) for one in watched]
    merged = merge_episodes(seen, gap)
    flags = flags_of(merged, truth.times)
    both = bool(truth.flags.any() and not truth.flags.all())
    return Verdict(
        outcomes=tuple(outcomes(truth.events, seen)),
        false=false_rate([*truth.events, *truth.benign], merged, truth.span, grace),
        points=point_scores(flags, truth.flags),
        batadal=score(flags, truth.flags) if both else None,
        etapr=etapr(flags, truth.flags) if truth.flags.any() else None,
        vus_pr=vus_pr(scores, truth.flags) if both and scores is not None else None,
    )


def always(truth: Truth, grace: int = 0) -> Verdict:
    """The trivial detector that never stops alarming."""
    return judge(truth, [Episode(*truth.span, "always")], np.ones(len(truth.times)), grace=grace)


def never(truth: Truth, grace: int = 0) -> Verdict:
    """The trivial detector that never speaks."""
    return judge(truth, [], np.zeros(len(truth.times)), grace=grace)


def row_of(name: str, verdicts: Sequence[Verdict]) -> Row:
    """The table's row of one detector over recordings, at least one."""
    points = verdicts[0].points
    for one in verdicts[1:]:
        points = points.plus(one.points)
    found = [outcome for one in verdicts for outcome in one.outcomes]
    delays = [outcome.delay_s for outcome in found if outcome.delay_s is not None]
    false = rate_of(sum(one.false.episodes for one in verdicts), sum(one.false.quiet_days for one in verdicts))
    batadal = verdicts[0].batadal if len(verdicts) == 1 else None
    eta = [one.etapr for one in verdicts if one.etapr is not None]
    return Row(
        name,
        s=batadal.s if batadal else None,
        s_ttd=batadal.s_ttd if batadal else None,
        s_cm=batadal.s_cm if batadal else None,
        tpr=_known(1 - points.mar),
        tnr=_known(1 - points.far),
        f1=_known(points.f1),
        far=_known(points.far),
        mar=_known(points.mar),
        vus_pr=_mean([one.vus_pr for one in verdicts if one.vus_pr is not None]),
        eta_precision=_mean([one.precision for one in eta]),
        eta_recall=_mean([one.recall for one in eta]),
        eta_f1=_mean([one.f1 for one in eta]),
        found=len(delays),
        events=len(found),
        median_delay_s=float(np.median(delays)) if delays else None,
        longest_delay_s=max(delays) if delays else None,
        false_episodes=false.episodes,
        false_per_30_days=_known(false.per_30_days),
        false_low=_known(false.low),
        false_high=_known(false.high),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
