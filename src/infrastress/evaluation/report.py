"""The evaluation report: detections against truth, beside the trivial rivals and what is published."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from infrastress.core.errors import DecodeError, InputError
from infrastress.core.time import SECOND, to_iso
from infrastress.evaluation.batadal import PUBLISHED, BatadalScore, score
from infrastress.evaluation.events import (
    Episode,
    FalseRate,
    Outcome,
    episodes_from_detections,
    false_rate,
    flags_of,
    merge_episodes,
    outcomes,
)
from infrastress.evaluation.labels import Truth
from infrastress.events import Event, event_from_json

__all__ = ["EvaluationReport", "Row", "evaluate", "read_detections"]

_BATADAL_TEST = (2089, 407)


@dataclass(frozen=True)
class Row:
    """One detector in the table; None where a figure isn't known."""

    name: str
    s: float | None
    s_ttd: float | None = None
    tpr: float | None = None
    tnr: float | None = None
    found: int | None = None
    false_per_30_days: float | None = None


@dataclass(frozen=True)
class EvaluationReport:
    """Scores of one set of detections.

    Attributes:
        outcomes: each true event, whether and when it was found.
        false: false alarm episodes and their rate, after merging what overlaps.
        false_by_rule: false episodes of each rule by itself.
        benign_alarms: alarm episodes in spans that were a fault or an oddity but no attack.
        batadal: BATADAL's S on the truth's grid, None where there is no event or no quiet time.
        rows: the table: ours, always, never, published where the truth is BATADAL's test set.
    """

    outcomes: tuple[Outcome, ...]
    false: FalseRate
    false_by_rule: dict[str, int]
    benign_alarms: int
    batadal: BatadalScore | None
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        found = [one.delay_s for one in self.outcomes if one.delay_s is not None]
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
                for one in self.outcomes
            ],
            "detected": len(found),
            "mean_delay_s": float(np.mean(found)) if found else None,
            "false_episodes": {
                "count": self.false.episodes,
                "quiet_days": _number(self.false.quiet_days),
                "per_30_days": _number(self.false.per_30_days),
                "low": _number(self.false.low),
                "high": _number(self.false.high),
                "by_rule": dict(sorted(self.false_by_rule.items())),
            },
            "benign_alarms": self.benign_alarms,
            "batadal": None if self.batadal is None else self.batadal._asdict() | {"delays": list(self.batadal.delays)},
            "table": [row.__dict__ for row in self.rows],
        }

    def text(self) -> str:
        """The report as plain text."""
        lines = ["event        began                 lasted     found after  by"]
        for one in self.outcomes:
            lasted = _duration((one.truth.ended - one.truth.began) / SECOND)
            after = _duration(one.delay_s) if one.delay_s is not None else "not found"
            lines.append(f"{one.truth.name[:12]:12} {to_iso(one.truth.began):21} {lasted:10} {after:12} {one.alarm}")
        false = self.false
        lines += [
            "",
            f"false episodes: {false.episodes} in {false.quiet_days:.1f} quiet days, "
            f"{false.per_30_days:.2f} per 30 days (95 % interval {false.low:.2f} to {false.high:.2f})",
        ]
        lines += [f"  {rule}: {count}" for rule, count in sorted(self.false_by_rule.items())]
        if self.benign_alarms:
            lines.append(f"alarms in benign or faulty spans: {self.benign_alarms}")
        lines += ["", f"{'detector':28} {'S':>6} {'S_TTD':>6} {'TPR':>6} {'TNR':>6} {'found':>6} {'false/30d':>9}"]
        for row in self.rows:
            cells = [_cell(value, 3) for value in (row.s, row.s_ttd, row.tpr, row.tnr)]
            found = "" if row.found is None else f"{row.found}/{len(self.outcomes)}"
            lines.append(
                f"{row.name:28} "
                + " ".join(f"{cell:>6}" for cell in cells)
                + f" {found:>6} {_cell(row.false_per_30_days, 2):>9}"
            )
        return "\n".join(lines)


def read_detections(path: Path) -> list[Event]:
    """Events of a `detections.jsonl`.

    Raises:
        InputError: it can't be read; a line that is no event is named.
    """
    file = path / "detections.jsonl" if path.is_dir() else path
    events: list[Event] = []
    number = 0
    try:
        with file.open("rb") as lines:
            for line in lines:
                number += 1  # also needed outside, in the error
                if line.strip():
                    events.append(event_from_json(line))
    except OSError as error:
        raise InputError(f"no detections: {error.strerror}", where=str(file)) from None
    except DecodeError as error:
        raise InputError(error.what, where=f"{file}, line {number}") from None
    return events


def evaluate(
    detections: Path | Iterable[Event],
    truth: Truth,
    *,
    name: str = "these detections",
    grace_s: float = 0.0,
    gap_s: float = 0.0,
) -> EvaluationReport:
    """Score detections.

    Args:
        detections: a `detections.jsonl`, its folder, or events.
        truth: what really happened.
        name: of the row in the table.
        grace_s: time behind an event in which an alarm still belongs to it.
        gap_s: two alarm episodes with at most this between them are one.

    Raises:
        InputError: the detections can't be read, or there is no time grid.
    """
    if not len(truth.times):
        raise InputError("the labels hold no time")
    events = read_detections(detections) if isinstance(detections, Path) else list(detections)
    episodes = episodes_from_detections(events, truth.span[1])
    alarms = merge_episodes(episodes, round(gap_s * SECOND))
    grace = round(grace_s * SECOND)
    found = outcomes(truth.events, episodes)
    aside = [*truth.events, *truth.benign]
    rate = false_rate(aside, alarms, truth.span, grace)
    by_rule = {
        rule: false_rate(aside, merge_episodes(one for one in episodes if one.name == rule), truth.span, grace).episodes
        for rule in {one.name for one in episodes}
    }
    benign = sum(1 for one in outcomes(alarms, truth.benign) if one.detected) if truth.benign else 0
    flags = flags_of(alarms, truth.times)
    scored = score(flags, truth.flags) if truth.flags.any() and not truth.flags.all() else None
    rows = (_row(name, scored, sum(one.detected for one in found), rate.per_30_days), *_rivals(truth, grace))
    return EvaluationReport(
        outcomes=tuple(found),
        false=rate,
        false_by_rule={rule: count for rule, count in by_rule.items() if count},
        benign_alarms=benign,
        batadal=scored,
        rows=rows,
    )


def _rivals(truth: Truth, grace: int) -> Iterable[Row]:
    scoreable = truth.flags.any() and not truth.flags.all()
    always = [Episode(*truth.span, "always")]
    found = sum(one.detected for one in outcomes(truth.events, always))
    rate = false_rate([*truth.events, *truth.benign], always, truth.span, grace).per_30_days
    yield _row("always", score(np.ones_like(truth.flags), truth.flags) if scoreable else None, found, rate)
    yield _row("never", score(np.zeros_like(truth.flags), truth.flags) if scoreable else None, 0, 0.0)
    if (len(truth.flags), int(truth.flags.sum())) == _BATADAL_TEST:
        for name, value in PUBLISHED:
            yield Row(name, value)


def _row(name: str, scored: BatadalScore | None, found: int, false_per_30_days: float) -> Row:
    if scored is None:
        return Row(name, None, found=found, false_per_30_days=_number(false_per_30_days))
    return Row(name, scored.s, scored.s_ttd, scored.tpr, scored.tnr, found, _number(false_per_30_days))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
