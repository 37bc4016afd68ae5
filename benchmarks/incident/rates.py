"""Rates of a site's detectors, measured on the runs for tuning: what the risk model weighs their word by.

As `infrastress measure` has it: a window an event (an attack, a fault, honest work) that is told alone, from its first
span to its last, and three hours longer where telemetry shows it; ordinary days are quiet time.
"""

import sys
from collections.abc import Iterable

from benchmarks.incident.takes import Case, Stage, Take
from infrastress.app.scenarios import play
from infrastress.core.time import HOUR
from infrastress.evaluation.measuring import Observations, measure, pooled
from infrastress.evaluation.performance import Performance
from infrastress.evaluation.windows import Cause, Window
from infrastress.events import Detection, Event, decode_event

__all__ = ["measured_rates"]

_BEHIND_PROCESS = 3 * HOUR
_CAUSES: dict[str, Cause] = {"attack": "attack", "fault": "fault", "benign": "work"}


def measured_rates(stage: Stage, cases: Iterable[Case]) -> list[Performance]:
    """Rates of each rule over some runs, beside nothing or quiet."""
    rules = {name: (plugin.version, tuple(plugin.cards)) for name, (plugin, _) in stage.chosen.items()}
    rows: list[Performance] = []
    for case in cases:
        take = stage.take(case)
        played = play(stage.site, stage.scenario(case), case.seed)
        told: list[Event] = [event for _, _, data in take.records if _is_detection(event := decode_event(data))]
        windows = [_window(case, take)] if case.twin else []
        observed = Observations(played.events, stage.site)
        span = take.began, take.ended
        rows += measure(told, observed, windows, span, rules=rules, recording=case.name).rows
        sys.stderr.write(f"measured {case.name}\n")
    return pooled(rows)


def _is_detection(event: Event) -> bool:
    return isinstance(event.body, Detection)


def _window(case: Case, take: Take) -> Window:
    spans = [span for span in take.spans if span.event == "main"]
    began = min(span.began for span in spans)
    behind = _BEHIND_PROCESS if any(span.process for span in spans) else 0
    names = {name for span in spans for name in span.names} | {span.zone for span in spans if span.zone}
    ended = max(span.ended for span in spans) + behind
    cause = _CAUSES[case.twin]
    return Window(case.tale, cause == "attack", began, began, ended, "", frozenset(names), cause)
