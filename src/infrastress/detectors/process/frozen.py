"""Frozen signals: a signal with noise that repeats its last digit for longer than it ever did."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Learned
from infrastress.detectors.process.trust.mask import Trust
from infrastress.detectors.process.trust.rest import runs_of
from infrastress.detectors.process.trust.rules import SensorRule
from infrastress.detectors.process.trust.traits import Flags
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.detectors.process.words import clock_span
from infrastress.site import Site

__all__ = ["FrozenSignal"]

_LEAST_FRAMES = 5


class FrozenSignal(SensorRule):
    """Frames in a row with the very same value, against three times the longest such run of normal data (`trust.rest`).

    Nothing learned: no verdict.
    """

    rule = "process.frozen"
    raise_frames = 1
    clear_frames = 2
    confidence = 0.5
    together, with_others = 0.8, 0.4
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Signal repeats its last digit",
        means="A signal that always shows some noise has shown exactly the same number for too long.",
        expected_against_seen="Expected: a change of the last digit within the learned number of frames. Seen: none.",
        benign_causes=(
            "gauge or transmitter hung up",
            "historian or gateway repeats the last good value",
            "mechanics stuck",
        ),
        first_check="Read the instrument at the device. If the device moves and the screen does not, look at the path "
        "between: gateway, PLC logic, forced values.",
        techniques=("T0856",),
    )

    def __init__(self, site: Site, table: SignalTable, trust: Trust) -> None:
        self.trait, self._defaults = trust.rest, trust.defaults
        super().__init__(site, table, self.trait.signals)
        self.context = trust.context
        self._limit = np.full((len(self.signals), 1), np.nan)
        self._run = np.zeros(len(self.signals))
        self._runs = np.empty((len(self.signals), 0))

    def single(self, view: View) -> Floats:
        """Run over allowed run; NaN where nothing was learned, and where a default value says why it stands still."""
        same = self.trait.same(view)[:, view.context :]
        self._runs = runs_of(same, self._run[:, None])
        if self._runs.shape[1]:
            self._run = self._runs[:, -1].copy()
        default = self._defaults.doubts(view)[:, view.context :]
        scores: Floats = np.where(default, np.nan, self._runs / self._limit)
        return scores

    def judged(self, view: View, own: Floats) -> Flags:
        """A flow that is zero stands still rightly."""
        return ~np.isnan(own) & self.trait.lively(view)[:, view.context :]

    def sentence(self, view: View, signal: int, frame: int) -> str:
        """How long, and how long is normal."""
        key = self.signals[signal].id
        limit = float(self._limit[signal, 0])
        value = float(view.last[self.table.row[key], view.context + frame])
        span = max(float(np.ceil(limit)), float(self._runs[signal, frame])) * view.seconds
        return (
            f"{key} has stood at exactly {self.table.say(key, value)} for {clock_span(span)}; in normal data "
            f"its last digit never rested longer than {clock_span(self.longest(signal) * view.seconds)}"
        )

    def longest(self, signal: int) -> float:
        """The longest normal rest, frames."""
        return float(self._limit[signal, 0]) / 3.0

    def what(self) -> str:
        """Of several."""
        return "repeat their last digits"

    def lasted(self, signals: Sequence[int], frame: int) -> int:
        """Frames that their runs have lasted, the shortest of them."""
        return int(min(self._runs[i, frame] for i in signals))

    def observe(self, view: View) -> None:
        """Keep the longest run of each day."""
        self.trait.observe(view)

    def learned(self, share: float) -> Learned | None:
        """Three times the longest run of noisy signals, at least five frames; `trust.words` says it."""
        del share
        known = {key: max(float(_LEAST_FRAMES), 3.0 * longest) for key, longest in self.trait.longest().items()}
        return Learned(known) if known else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take limits of signals that the site still has."""
        for i, signal in enumerate(self.signals):
            if signal.id in baseline:
                self._limit[i, 0] = baseline[signal.id]

    def dump(self) -> Any:
        """Runs that are under way."""
        return self._run.astype(int).tolist()

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        if not isinstance(state, list) or len(state) != len(self.signals):
            raise DecodeError("no state of frozen signals")
        self._run = np.array(state, dtype=np.float64)
