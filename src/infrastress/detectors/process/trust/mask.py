"""The mask: cells that are not to be leaned on, by all that is known of the sensors.

    trust.observe(view) ...; known = trust.learned(share)     # in training
    trust.apply(known); trust.doubted(view)                   # bool[m, c + k]

It is a pure function of the frames up to each column and `context` before.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from infrastress.detectors.process.trust.defaults import Defaults
from infrastress.detectors.process.trust.noise import Noise
from infrastress.detectors.process.trust.rest import Rest
from infrastress.detectors.process.trust.spikes import Spikes
from infrastress.detectors.process.trust.traits import Flags, Trait
from infrastress.detectors.process.view import SignalTable, View

__all__ = ["Trust"]


class Trust:
    """What is known of the sensors of a table."""

    def __init__(self, table: SignalTable) -> None:
        self.table = table
        self.rest = Rest(table)
        self.spikes = Spikes(table)
        self.noise = Noise(table, self.rest)
        self.defaults = Defaults(table)
        self.traits: tuple[Trait, ...] = (self.rest, self.spikes, self.noise, self.defaults)
        self.context = max(trait.context for trait in self.traits) + 1
        ends = np.array([self._range(signal.id) for signal in table.signals]).reshape(-1, 2)
        self._low, self._high = ends[:, :1], ends[:, 1:]

    @property
    def leans_on(self) -> tuple[str, ...]:
        """Signals without which no other can be judged: what is set tells calm frames from others."""
        return self.spikes.leans_on

    def _range(self, signal: str) -> tuple[float, float]:
        known = self.table.site.signal_by_id[signal]
        if known.range is None:
            return -np.inf, np.inf
        slack = 2.0 * max(known.accuracy, known.resolution)
        ends = (self.table.si(signal, known.range[0] - slack), self.table.si(signal, known.range[1] + slack))
        return min(ends), max(ends)

    def reasons(self, view: View) -> dict[str, Flags]:
        """By reason the cells bool[m, c + k] it holds for."""
        found: dict[str, Flags] = {}
        for trait in self.traits:
            cells = np.zeros(view.mean.shape, bool)
            cells[trait.rows] = trait.doubts(view)
            found[trait.reason] = cells
        found["range"] = self.beyond(view)
        return found

    def beyond(self, view: View) -> Flags:
        """Cells bool[m, c + k] outside of what the instrument can show, by two accuracies or steps."""
        with np.errstate(invalid="ignore"):
            found: Flags = (view.mean < self._low) | (view.mean > self._high)
        return found

    def doubted(self, view: View) -> Flags:
        """Cells bool[m, c + k] that others should not lean on, for whatever reason."""
        cells = np.zeros(view.mean.shape, bool)
        for some in self.reasons(view).values():
            cells |= some
        return cells

    def sane(self, view: View) -> View:
        """The view without default values and what is out of range; the view itself where there is none.

        Such a cell is no measurement at all. A stuck or noisy gauge still is one: what others say about it is evidence
        that must not be put aside. Spikes are left out only where they would stay in a window (`despiked`).
        """
        if "trust.sane" not in view.cache:
            bad = self.beyond(view)
            bad[self.defaults.rows] |= self.defaults.doubts(view)
            view.cache["trust.sane"] = view.without(bad) if bad.any() else view
        found: View = view.cache["trust.sane"]
        return found

    def suspects(self, view: View) -> Flags:
        """Cells bool[m, c + k] that may turn out to be a spike in the next frame: nothing is judged by them yet."""
        if "trust.suspects" not in view.cache:
            cells = np.zeros(view.mean.shape, bool)
            cells[self.spikes.rows] = self.spikes.suspects(view)
            view.cache["trust.suspects"] = cells
        found: Flags = view.cache["trust.suspects"]
        return found

    def despiked(self, view: View) -> View:
        """As `sane`, without spikes that are known to be such by the next frame.

        A verdict of a column must not use its own cells where they are `suspects`: whether they are spikes isn't known
        then. Behind them it is, so that a lasting step costs one frame and a spike no more than its own.
        """
        if "trust.despiked" not in view.cache:
            sane = self.sane(view)
            spikes = np.zeros(view.mean.shape, bool)
            with np.errstate(invalid="ignore"):
                spikes[self.spikes.rows, :-1] = self.spikes.scores(view)[:, 1:] >= 1.0
            spikes &= self.suspects(view)
            view.cache["trust.despiked"] = sane.without(spikes) if spikes.any() else sane
        found: View = view.cache["trust.despiked"]
        return found

    def observe(self, view: View) -> None:
        """Look at normal data; called in order."""
        for trait in self.traits:
            trait.observe(view)

    def learned(self, share: float) -> dict[str, Any]:
        """What was learned, JSON-able; `share` is the p of `tightness`."""
        return {trait.reason: trait.learned(share) for trait in self.traits}

    def apply(self, known: Mapping[str, Any]) -> None:
        """Take what `learned` returned."""
        for trait in self.traits:
            trait.apply(known.get(trait.reason, {}))
