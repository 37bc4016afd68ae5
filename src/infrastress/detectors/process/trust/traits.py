"""One base for what is known of a sensor: learned from normal data, judged by fixed windows of frames."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.site.process import WEATHER

__all__ = ["DISCRETE", "Flags", "Trait"]

Flags = npt.NDArray[np.bool_]

DISCRETE = frozenset({"state", "switch", "setpoint", "position"}) | WEATHER
"""Kinds that are set, not measured, or no part of the process: nothing is said of their sensors."""


class Trait(ABC):
    """Something a healthy sensor does, for the n measured signals of a site.

    Attributes:
        reason: what is wrong with a sensor that doesn't, as a word of the mask.
        context: frames that a judgement looks back.
        signals, rows: n signals that are judged, and their rows in the table.
    """

    reason: ClassVar[str]
    context: ClassVar[int]

    def __init__(self, table: SignalTable) -> None:
        self.table = table
        self.signals = tuple(signal for signal in table.signals if signal.kind not in DISCRETE)
        self.rows = np.array([table.row[signal.id] for signal in self.signals], dtype=np.intp)
        self.step = np.array(
            [[table.resolution(s.id) or 1e-9 * abs(table.scale[table.row[s.id]].factor)] for s in self.signals]
        ).reshape(-1, 1)

    def scores(self, view: View) -> Floats:
        """Scores float64[n, c + k], 1 is the limit, NaN no verdict; of the first `context` columns too little is known.

        Column t depends on columns t - context to t alone, elementwise or through fixed windows.
        """
        key = f"trust.{self.reason}"
        if key not in view.cache:
            view.cache[key] = self._scores(view)
        found: Floats = view.cache[key]
        return found

    @abstractmethod
    def _scores(self, view: View) -> Floats:
        """As `scores`."""

    def doubts(self, view: View) -> Flags:
        """Cells bool[n, c + k] that are not to be leaned on."""
        with np.errstate(invalid="ignore"):
            found: Flags = self.scores(view) >= 1.0
        return found

    @abstractmethod
    def observe(self, view: View) -> None:
        """Look at normal data; called in order."""

    @abstractmethod
    def learned(self, share: float) -> dict[str, Any]:
        """What was learned, JSON-able, by signal; `share` is the p of `tightness`."""

    @abstractmethod
    def apply(self, known: Mapping[str, Any]) -> None:
        """Take what `learned` returned, for signals that the site still has."""
