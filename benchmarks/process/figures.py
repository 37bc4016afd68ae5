"""The figures of one plant: every judge's attacks, benign episodes, quiet days, failed instruments."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.process.cases import Plant
from benchmarks.process.judges import Judge, Ours, Raised
from benchmarks.process.scores import (
    GRACE,
    INSTRUMENTS,
    Found,
    alarmed,
    confusion,
    false_alarms,
    find,
    summary,
    suspicion_of,
    told_as,
)
from benchmarks.process.simulated import Judged, of_group
from infrastress.core.time import MINUTE
from infrastress.evaluation.events import poisson_interval

__all__ = ["figures_of"]

_MASS_BALANCE = "process.mass_balance"
_SPAN_KINDS = {"silent": "outstation_silent"}


def figures_of(plant: Plant, judged: Sequence[Judged], ours: Ours, judges: Sequence[Judge]) -> dict[str, Any]:
    """Everything that is told of a plant, JSON-able: `ours`, `rivals` by name, and what was judged."""
    every = {judge.name: _of_judge(plant, judged, judge) for judge in judges}
    seeds = {group: len(list(of_group(judged, group))) for group in ("attacks", "twins", "faults", "benign", "sensors")}
    return {
        "plant": plant.title,
        "frame_s": plant.frame_s,
        "cases": seeds | {"quiet_days": sum(one.days for one in of_group(judged, "quiet"))},
        "configuration": ours.configuration,
        "ours": every.pop(ours.name),
        "rivals": every,
    }


def _of_judge(plant: Plant, judged: Sequence[Judged], judge: Judge) -> dict[str, Any]:
    name = judge.name
    attacks = [
        (one, find(one.raised[name], one.truth, one.visible, plant.frame_s)) for one in of_group(judged, "attacks")
    ]
    found = summary([result for _, result in attacks], plant.frame_s) | {
        "quiet": _quiet(judged, name),
        "benign": _benign(judged, name),
    }
    found["by_kind"] = {
        kind: summary([result for one, result in attacks if one.case.kind == kind], plant.frame_s)
        for kind in dict.fromkeys(one.case.kind for one, _ in attacks)
    }
    found["by_view"] = {
        view: summary([result for one, result in attacks if one.case.view == view], plant.frame_s)
        for view in dict.fromkeys(one.case.view for one, _ in attacks)
    }
    found["delays_samples"] = [
        round(result.delay_s / plant.frame_s, 3) for _, result in attacks if result.delay_s is not None
    ]
    if judge.states_kind:
        found["missed"] = [
            f"{one.case.kind}/{one.case.view}/{one.case.seed}"
            for one, result in attacks
            if result.visible and result.delay_s is None
        ]
        found["suspicions"] = _suspicions(judged, name, attacks)
        found["sensors"] = _sensors(judged, name)
        found["twins"] = _others(judged, name, "twins")
        found["faults"] = _others(judged, name, "faults")
        if plant.name == "depot":
            found["gauge"] = _gauge(judged, name)
    return found


def _quiet(judged: Sequence[Judged], name: str) -> dict[str, Any]:
    runs = list(of_group(judged, "quiet"))
    days = sum(one.days for one in runs)
    episodes = [episode for one in runs for episode in false_alarms(one.raised[name], one.truth)]
    low, high = poisson_interval(len(episodes))
    return {
        "site_days": days,
        "false_episodes": len(episodes),
        "per_300_days": 300 * len(episodes) / days if days else None,
        "interval_95": [300 * low / days, 300 * high / days] if days else None,
        "hours_in_alarm": sum(one.ended - one.began for one in episodes) / 3600e9,
        "by_rule": dict(Counter(one.name for one in episodes)),
        "instrument_failures": sum(span.kind in INSTRUMENTS for one in runs for span in one.truth),
    }


def _benign(judged: Sequence[Judged], name: str) -> dict[str, Any]:
    table: dict[str, dict[str, Any]] = {}
    for one in of_group(judged, "benign"):
        row = table.setdefault(one.case.kind, {"episodes": 0, "alarmed": 0, "by_rule": {}})
        hits = alarmed(one.raised[name], one.truth, one.case.kind)
        row["episodes"] += 1
        row["alarmed"] += bool(hits)
        for rule in {hit.rule for hit in hits}:
            row["by_rule"][rule] = row["by_rule"].get(rule, 0) + 1
    rows = table.values()
    return {
        "episodes": sum(row["episodes"] for row in rows),
        "alarmed": sum(row["alarmed"] for row in rows),
        "by_kind": table,
    }


def _suspicions(judged: Sequence[Judged], name: str, attacks: Sequence[tuple[Judged, Found]]) -> dict[str, Any]:
    """What the first alarm holds a case for, by what it was."""
    pairs = [(f"attack: {one.case.kind}", result.suspicion) for one, result in attacks if result.suspicion]
    for group in ("twins", "faults"):
        for one in of_group(judged, group):
            said = suspicion_of(_during(one, name))
            pairs.append((f"{one.case.view or 'fault'}: {one.case.kind}", said or "nothing"))
    return {true: dict(row) for true, row in confusion(pairs).items()}


def _during(one: Judged, name: str) -> list[Raised]:
    """Alarms while a story is told: from its begin to an hour behind."""
    spans = [span for span in one.truth if span.kind not in INSTRUMENTS]
    told = [span for span in spans if span.began == one.facts.get("began_at")] or _of_kind(one)
    return [
        hit
        for hit in one.raised[name]
        if hit.alarm and any(span.began <= hit.at <= span.ended + GRACE for span in told)
    ]


def _of_kind(one: Judged) -> list[Any]:
    kinds = {one.case.kind, {"stuck_gauge": "gauge_stuck"}.get(one.case.kind, "")}
    return [span for span in one.truth if span.kind in kinds]


def _others(judged: Sequence[Judged], name: str, group: str) -> dict[str, Any]:
    table: dict[str, dict[str, Any]] = {}
    for one in of_group(judged, group):
        row = table.setdefault(f"{one.case.kind}, {one.case.view}" if one.case.view else one.case.kind, {})
        hits = _during(one, name)
        row["runs"] = row.get("runs", 0) + 1
        row["alarmed"] = row.get("alarmed", 0) + bool(hits)
    return table


def _sensors(judged: Sequence[Judged], name: str) -> dict[str, Any]:
    table: dict[str, dict[str, int]] = {}
    for one in of_group(judged, "sensors"):
        kind = _SPAN_KINDS.get(one.case.kind, one.case.kind)
        spans = [span for span in one.truth if span.kind == kind]
        span = max(spans, key=lambda span: span.ended - span.began)  # the told one is the longest
        said = told_as(one.raised[name], span)
        row = table.setdefault(one.case.kind, {"episodes": 0, "visible": 0, "alarmed": 0})
        row["episodes"] += 1
        row["visible"] += one.visible is not None  # a meter that is stuck at nothing while nothing flows shows nothing
        row["alarmed"] += said.alarm
        row[said.said] = row.get(said.said, 0) + 1
    return {"called_attack": sum(row.get("attack", 0) for row in table.values()), "by_kind": table}


def _gauge(judged: Sequence[Judged], name: str) -> dict[str, Any]:
    """Mass balance on a gauge that lies during a receipt: from the falsification to its alarm on that tank."""
    delays: list[float | None] = []
    for one in of_group(judged, "attacks"):
        span = next(span for span in one.truth if span.kind == "gauge_falsified")
        hits = [
            hit.at
            for hit in one.raised[name]
            if hit.alarm and hit.rule == _MASS_BALANCE and span.assets[0] in hit.assets and hit.at >= span.began
        ]
        delays.append((min(hits) - span.began) / MINUTE if hits else None)
    found = [delay for delay in delays if delay is not None]
    stopped = [one for one in of_group(judged, "benign") if one.case.kind == "transfer_stopped"]
    return {
        "attacks": len(delays),
        "within_5_min": sum(delay <= 5 for delay in found),
        "longest_min": max(found) if found else None,
        "transfer_really_stopped": len(stopped),
        "of_these_alarmed": sum(bool(alarmed(one.raised[name], one.truth, "transfer_stopped")) for one in stopped),
    }
