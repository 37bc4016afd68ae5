"""The report as plain text, at most 100 columns wide."""

from collections.abc import Mapping, Sequence
from math import isnan

from infrastress.core.time import SECOND, to_iso
from infrastress.evaluation.attribution import Attribution
from infrastress.evaluation.kinds import NOT_FOUND
from infrastress.evaluation.verdict import Row, Verdict

__all__ = ["attribution_text", "report_text", "table_text"]

_NAME = 26
_SCORES = (
    ("S", "s"), ("S_TTD", "s_ttd"), ("S_CM", "s_cm"), ("TPR", "tpr"), ("TNR", "tnr"), ("F1", "f1"), ("FAR", "far"),
    ("MAR", "mar"), ("VUS-PR", "vus_pr"), ("eTaP", "eta_precision"), ("eTaR", "eta_recall"), ("eTaF1", "eta_f1"),
)  # fmt: skip
"""Heading and field. Where S is known, FAR and MAR go without saying: they are 1 - TNR and 1 - TPR."""


def report_text(
    verdicts: Mapping[str, Verdict], rows: Sequence[Row], false_by_rule: Mapping[str, int], benign_alarms: int
) -> str:
    """Events or recordings, false alarms, and the table."""
    lines = _recordings(verdicts) if len(verdicts) > 1 else _events(next(iter(verdicts.values())))
    ours = rows[0]
    days = sum(one.false.quiet_days for one in verdicts.values())
    if ours.false_per_30_days is not None:
        lines += [
            "",
            f"false episodes: {ours.false_episodes} in {days:.1f} quiet days, {ours.false_per_30_days:.2f} per 30 days "
            f"(95 % interval {ours.false_low:.2f} to {ours.false_high:.2f})",
        ]
    lines += [f"  {rule}: {count}" for rule, count in sorted(false_by_rule.items())]
    if benign_alarms:
        lines.append(f"alarms in benign or faulty spans: {benign_alarms}")
    lines += ["", table_text(rows)]
    if ours.vus_pr is None and ours.events:
        lines.append("VUS-PR needs a score a frame: replay with --scores.")
    if any(row.found is None for row in rows):
        lines.append("Rows without counts are published figures, not rerun here.")
    return "\n".join(lines)


def table_text(rows: Sequence[Row]) -> str:
    """Points and events, a row a detector each."""
    single = any(row.s is not None for row in rows)
    shown = [
        (head, field)
        for head, field in _SCORES
        if any(getattr(row, field) is not None for row in rows)
        and not (single and field in ("far", "mar"))
        and not (not single and field in ("tpr", "tnr"))
    ]
    lines = [f"{'steps':{_NAME}}" + "".join(f"{head:>7}" for head, _ in shown)]
    for row in rows:
        lines.append(_line(row.name, [f"{_cell(getattr(row, field), 3):>7}" for _, field in shown]))
    heads = ("found", "median", "longest", "false", "a 30 d", "95 % interval")
    widths = (8, 9, 9, 7, 9, 18)
    lines += [
        "",
        f"{'events':{_NAME}}" + "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)),
    ]
    for row in rows:
        if row.found is None:
            continue
        interval = "" if row.false_low is None else f"{_rate(row.false_low)} to {_rate(row.false_high)}"
        cells = (
            f"{row.found}/{row.events}",
            _duration(row.median_delay_s),
            _duration(row.longest_delay_s),
            f"{row.false_episodes}",
            _rate(row.false_per_30_days),
            interval,
        )
        lines.append(_line(row.name, [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]))
    return "\n".join(lines)


def attribution_text(found: Attribution) -> str:
    """Whom each event's detections blame, the table of ranks beside trivial rivals, and what was suspected."""
    lines = ["event        true                 rank  blamed first               seen after  suspicion"]
    for one in found.blames:
        after = NOT_FOUND if one.delay_s is None else _duration(one.delay_s)
        hidden = one.cause.visible is not None and one.cause.visible >= one.cause.ended
        after = "never showed" if hidden else after + ("" if one.cause.visible is None else " *")
        first = _cut(", ".join(asset for asset, _ in one.named[:3]) or "-", 26)
        true = _cut(", ".join(one.cause.assets) or "not known", 20)
        lines.append(
            f"{one.cause.name[:12]:12} {true:20} {one.rank or '-':>4}  {first:26} {after:11} {one.suspicion or '-'}"
        )
    if any(one.cause.visible is not None for one in found.blames):
        lines.append("* counted from the first visible effect; the others from the label's begin.")
    else:
        lines.append("Counted from the label's begin: nothing tells when the events first showed.")
    if found.rows:
        lines += ["", f"{'true asset blamed':{_NAME}}" + "".join(f"{head:>9}" for head in ("first", "in 3", "events"))]
        for row in found.rows:
            cells = (_cell(row.top1, 3), _cell(row.top3, 3), str(row.events))
            lines.append(_line(row.name, [f"{cell:>9}" for cell in cells]))
        lines.append(f"{found.candidates} assets could be blamed.")
    if found.confusion:
        lines += ["", f"{'true kind':{_NAME}}what was suspected"]
        for kind, said in sorted(found.confusion.items()):
            lines.append(_line(kind, [", ".join(f"{word} {count}" for word, count in said.items())]))
        lines.append(f"right: {found.right} of {found.judged} events of a kind that says what to suspect")
    return "\n".join(lines)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 2] + ".."


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name[: _NAME - 1]:{_NAME}}{''.join(cells)}".rstrip()


def _events(verdict: Verdict) -> list[str]:
    lines = ["event        began                 lasted     found after  by"]
    for one in verdict.outcomes:
        lasted = _duration((one.truth.ended - one.truth.began) / SECOND)
        after = _duration(one.delay_s) if one.delay_s is not None else "not found"
        lines.append(f"{one.truth.name[:12]:12} {to_iso(one.truth.began):21} {lasted:10} {after:12} {one.alarm}")
    return lines


def _recordings(verdicts: Mapping[str, Verdict]) -> list[str]:
    heads = ("found", "after", "false", "F1", "FAR", "MAR", "VUS-PR", "eTaF1")
    lines = [f"{'recording':{_NAME}}" + "".join(f"{head:>9}" for head in heads)]
    for name, one in verdicts.items():
        delays = [outcome.delay_s for outcome in one.outcomes if outcome.delay_s is not None]
        points = one.points
        cells = (
            f"{len(delays)}/{len(one.outcomes)}",
            _duration(max(delays, default=None)),
            str(one.false.episodes),
            _cell(points.f1, 3),
            _cell(points.far, 3),
            _cell(points.mar, 3),
            _cell(one.vus_pr, 3),
            _cell(one.etapr.f1 if one.etapr is not None else None, 3),
        )
        lines.append(_line(name, [f"{cell:>9}" for cell in cells]))
    return lines


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None or isnan(value) else f"{value:.{digits}f}"


def _rate(value: float | None) -> str:
    return _cell(value, 2 if value is None or value < 100 else 0)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
