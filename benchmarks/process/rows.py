"""Figures of public data sets: a table's row as named numbers, and the tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.common import table
from infrastress.evaluation.verdict import Row

__all__ = ["figures_of_row", "told_text"]

_NAMES = {
    "s": "S", "s_ttd": "S_TTD", "s_cm": "S_CM", "tpr": "TPR", "tnr": "TNR", "f1": "F1", "far": "FAR", "mar": "MAR",
    "vus_pr": "VUS_PR", "eta_f1": "eTaF1", "found": "found", "events": "events",
    "median_delay_s": "median_delay_s", "longest_delay_s": "longest_delay_s", "false_episodes": "false_episodes",
    "false_per_30_days": "false_per_30_days",
}  # fmt: skip
_EVENTS = ("found", "events", "median_delay_s", "longest_delay_s", "false_episodes", "false_per_30_days")


def figures_of_row(row: Row) -> dict[str, Any]:
    """A row's figures that are known, by name; `false_95` is the rate's exact interval."""
    told = {name: value for field, name in _NAMES.items() if (value := getattr(row, field)) is not None}
    return told | ({"false_95": [row.false_low, row.false_high]} if row.false_low is not None else {})


def told_text(told: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Our row, our parts', the rivals': the columns, and what became of events."""
    rows = {"infrastress": told["ours"], **told.get("parts", {}), **told["rivals"]}
    cells = [[name, *(_cell(row, column) for column in (*columns, *_EVENTS))] for name, row in rows.items()]
    learned = f"Learned from: {'; '.join(told['trained_on'])}. Configuration {told['configuration']['hash']}."
    return "\n\n".join([table(["", *columns, *_EVENTS], cells), "\n".join([learned, *told["notes"]])])


def _cell(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) and abs(value) < 10 else f"{value:,.0f}"
