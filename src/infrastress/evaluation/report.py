"""The evaluation report: detections against truth, beside the trivial rivals and what is published."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from infrastress.core.errors import InputError
from infrastress.core.time import SECOND, to_iso
from infrastress.evaluation.attribution import Attribution, attribute
from infrastress.evaluation.batadal import PUBLISHED, BatadalScore
from infrastress.evaluation.events import (
    FalseRate,
    Outcome,
    episodes_from_detections,
    false_rate,
    merge_episodes,
    outcomes,
)
from infrastress.evaluation.labels import Truth
from infrastress.evaluation.results import Result, read_result
from infrastress.evaluation.tables import attribution_text, report_text
from infrastress.evaluation.verdict import Row, Verdict, always, judge, never, row_of
from infrastress.events import Event

__all__ = ["EvaluationReport", "Trial", "evaluate", "evaluate_all"]

_BATADAL_TEST = (2089, 407)


class Trial(NamedTuple):
    """One recording: what was said of it, and what really happened."""

    result: Result
    truth: Truth


@dataclass(frozen=True)
class EvaluationReport:
    """Scores of one set of detections.

    Attributes:
        verdicts: of all detectors together, by recording.
        false_by_rule: false episodes of each rule by itself, over all recordings.
        benign_alarms: alarm episodes in spans that were a fault or an oddity but no attack.
        rows: the table: ours, each detector where there are several, always, never, and what is published where the
            truth is BATADAL's test set.
        attribution: whom the detections blame; None where nobody knows what the events were about.
    """

    verdicts: dict[str, Verdict]
    false_by_rule: dict[str, int]
    benign_alarms: int
    rows: tuple[Row, ...]
    attribution: Attribution | None = None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Each true event, over all recordings."""
        return tuple(one for verdict in self.verdicts.values() for one in verdict.outcomes)

    @property
    def batadal(self) -> BatadalScore | None:
        """BATADAL's S; None for several recordings, or where there is no event or no quiet time."""
        return next(iter(self.verdicts.values())).batadal if len(self.verdicts) == 1 else None

    @property
    def false(self) -> FalseRate:
        """False episodes of a single recording (the table has them of all)."""
        return next(iter(self.verdicts.values())).false

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        if len(self.verdicts) == 1:
            told = _verdict(next(iter(self.verdicts.values())))
        else:
            told = {"recordings": {name: _verdict(one) for name, one in self.verdicts.items()}}
        return {
            **told,
            "false_by_rule": dict(sorted(self.false_by_rule.items())),
            "benign_alarms": self.benign_alarms,
            "table": [asdict(row) for row in self.rows],
            "attribution": None if self.attribution is None else self.attribution.as_dict(),
        }

    def text(self) -> str:
        """The report as plain text, at most 100 columns wide."""
        text = report_text(self.verdicts, self.rows, self.false_by_rule, self.benign_alarms)
        return text if self.attribution is None else f"{text}\n\n{attribution_text(self.attribution)}"


def evaluate(
    detections: Path | Iterable[Event],
    truth: Truth,
    *,
    name: str = "these detections",
    grace_s: float = 0.0,
    gap_s: float = 0.0,
    asset_of: Mapping[str, str] | None = None,
) -> EvaluationReport:
    """Score detections of one recording: a `detections.jsonl`, a replay's folder, or events. See `evaluate_all`."""
    result = read_result(detections) if isinstance(detections, Path) else Result(list(detections))
    return evaluate_all({"": Trial(result, truth)}, name=name, grace_s=grace_s, gap_s=gap_s, asset_of=asset_of)


def evaluate_all(
    trials: Mapping[str, Trial],
    *,
    name: str = "these detections",
    grace_s: float = 0.0,
    gap_s: float = 0.0,
    asset_of: Mapping[str, str] | None = None,
) -> EvaluationReport:
    """Score detections of recordings that have nothing to do with each other.

    Args:
        trials: at least one, by name.
        name: of our row in the table.
        grace_s: time behind an event in which an alarm still belongs to it.
        gap_s: two alarm episodes with at most this between them are one.
        asset_of: the asset of each signal of the site, for what the events were about; without it the assets that the
            detections name count alone.

    Raises:
        InputError: the labels hold no time.
    """
    for recording, trial in trials.items():
        if not len(trial.truth.times):
            raise InputError("the labels hold no time", where=recording)
    grace, gap = round(grace_s * SECOND), round(gap_s * SECOND)

    def judged(trial: Trial, detector: str | None = None, *, notices: bool = False) -> Verdict:
        result, truth = trial
        events = result.events if detector is None else result.only(detector)
        scores = result.scores.at(truth.times, detector) if result.scores is not None else None
        alarms = episodes_from_detections(events, truth.span[1], notices=notices)
        return judge(truth, alarms, scores, grace=grace, gap=gap)

    verdicts = {recording: judged(trial) for recording, trial in trials.items()}
    detectors = sorted({one for trial in trials.values() for one in trial.result.detectors})
    rows = [row_of(name, list(verdicts.values()))]
    if any(trial.result.notices for trial in trials.values()):
        rows.append(row_of("with notices", [judged(trial, notices=True) for trial in trials.values()]))
    if len(detectors) > 1:
        rows += [row_of(f"only {one}", [judged(trial, one) for trial in trials.values()]) for one in detectors]
    rows += [
        row_of("always", [always(trial.truth, grace) for trial in trials.values()]),
        row_of("never", [never(trial.truth, grace) for trial in trials.values()]),
    ]
    if len(trials) == 1 and _is_batadal(next(iter(trials.values())).truth):
        rows += [Row(author, value) for author, value in PUBLISHED]
    by_rule, benign = _by_rule(trials, grace, gap)
    return EvaluationReport(verdicts, by_rule, benign, tuple(rows), _attribution(trials, asset_of or {}, name))


def _attribution(trials: Mapping[str, Trial], asset_of: Mapping[str, str], name: str) -> Attribution | None:
    """Whom the detections blame; the candidates are all assets that are metered, named or true."""
    causes = [cause for trial in trials.values() for cause in trial.truth.causes]
    if not any(cause.assets or cause.kind for cause in causes):
        return None
    candidates = list(dict.fromkeys(asset_of.values()))
    more = {asset_of.get(one, one) for cause in causes for one in cause.assets}
    more |= {asset for trial in trials.values() for one in trial.result.events for asset in one.assets}
    candidates += sorted(more - set(candidates))
    pairs = [(trial.result.events, trial.truth.causes) for trial in trials.values()]
    return attribute(pairs, asset_of, candidates, name=name)


def _is_batadal(truth: Truth) -> bool:
    return (len(truth.flags), int(truth.flags.sum())) == _BATADAL_TEST


def _by_rule(trials: Mapping[str, Trial], grace: int, gap: int) -> tuple[dict[str, int], int]:
    """False episodes of each rule by itself, and alarms that touch benign spans."""
    counts: dict[str, int] = {}
    benign = 0
    for result, truth in trials.values():
        begin, end = truth.span
        episodes = [one for one in episodes_from_detections(result.events, end) if one.ended >= begin]
        aside = [*truth.events, *truth.benign]
        for rule in {one.name for one in episodes}:
            own = merge_episodes(one for one in episodes if one.name == rule)
            counts[rule] = counts.get(rule, 0) + false_rate(aside, own, truth.span, grace).episodes
        if truth.benign:
            benign += sum(1 for one in outcomes(merge_episodes(episodes, gap), truth.benign) if one.detected)
    return {rule: count for rule, count in counts.items() if count}, benign


def _verdict(verdict: Verdict) -> dict[str, Any]:
    found = [one.delay_s for one in verdict.outcomes if one.delay_s is not None]
    false, points = verdict.false, verdict.points
    return {
        "events": [
            {
                "name": one.truth.name,
                "began": to_iso(one.truth.began),
                "ended": to_iso(one.truth.ended),
                "detected": one.detected,
                "delay_s": one.delay_s,
                "by": one.alarm,
            }
            for one in verdict.outcomes
        ],
        "detected": len(found),
        "mean_delay_s": float(np.mean(found)) if found else None,
        "median_delay_s": float(np.median(found)) if found else None,
        "longest_delay_s": max(found, default=None),
        "false_episodes": {
            "count": false.episodes,
            "quiet_days": _number(false.quiet_days),
            "per_30_days": _number(false.per_30_days),
            "low": _number(false.low),
            "high": _number(false.high),
        },
        "points": {
            **points._asdict(),
            "f1": _number(points.f1),
            "far": _number(points.far),
            "mar": _number(points.mar),
        },
        "batadal": None if verdict.batadal is None else verdict.batadal._asdict(),
        "etapr": None if verdict.etapr is None else verdict.etapr._asdict(),
        "vus_pr": verdict.vus_pr,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
