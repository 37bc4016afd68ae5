"""Does a recording look attacked? Training data are judged before they are believed.

The rules, none of which needs anything learned before:

* *invariant*: what the site model says must hold, by the site's detectors as they run untrained, was violated without
  a break for `LONG_S` and at least `LONG_FRAMES` frames. A rule that is violated in most of the days it could be
  judged describes the plant wrongly: it is warned of, not held against the data.
* *frozen*: a signal that otherwise moves at nearly every frame shows the same number for ten times its longest usual
  rest (99 % quantile) (at least `FROZEN_FRAMES` frames), while at least half of the other lively signals move.
* *replayed*: a signal repeats a stretch of `REPLAYED_FRAMES` frames or more to the last digit, with at least
  `REPLAYED_VALUES` different numbers in it.
* *clock*: a source's time went back.

Residuals of learned relations don't refuse: where batches come in turn, a day with an operation that no other block of
the data holds stands out as far as an attack does (measured, docs/benchmarks.md). The report shows the worst days.

None proves an attack; a fault, a test or works look the same. Somebody has to look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from infrastress.app.training.history import Recording
from infrastress.core.time import DAY, to_iso
from infrastress.detectors.base import Detector
from infrastress.detectors.process.residuals.learning import DISCRETE
from infrastress.detectors.process.view import Floats, SignalTable, Times
from infrastress.events.frames import Block

__all__ = ["Suspicion", "Watch", "frozen", "joined", "replayed", "stepped_clocks"]

LONG_S, LONG_FRAMES = 3600.0, 3
FROZEN_FRAMES, LIVELY = 12, 0.9
REPLAYED_FRAMES, REPLAYED_VALUES = 16, 10


@dataclass(frozen=True, order=True)
class Suspicion:
    """A span that looks attacked (ns UTC), by which rule, and what was seen."""

    began: int
    ended: int
    rule: str
    what: str

    @property
    def span(self) -> str:
        """As `--exclude` takes it."""
        return f"{to_iso(self.began)}/{to_iso(self.ended)}"

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"began": to_iso(self.began), "ended": to_iso(self.ended), "rule": self.rule, "what": self.what}


def joined(suspicions: Iterable[Suspicion], gap: int) -> list[tuple[int, int]]:
    """Spans of suspicions that overlap or lie within `gap` ns of each other."""
    spans: list[tuple[int, int]] = []
    for one in sorted(suspicions):
        if spans and one.began <= spans[-1][1] + gap:
            spans[-1] = (spans[-1][0], max(spans[-1][1], one.ended))
        else:
            spans.append((one.began, one.ended))
    return spans


class Watch:
    """Untrained detectors looking on while the history is read; gives what they held against it for long."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        self._open: dict[str, tuple[int, str, str, str]] = {}
        self._ended: list[tuple[int, int, str, str, str]] = []
        self._days: set[int] = set()
        self._last, self._width = 0, 0

    def look(self, block: Block) -> None:
        """Take the next block."""
        if len(block.frames):
            self._last, self._width = int(block.frames.ends[-1]), block.frames.width
            self._days.update(np.unique((block.frames.ends - 1) // DAY).tolist())
        for detector in self._detectors:
            for found in detector.update(block):
                body = found.body
                if body.source_kind != "telemetry" or not body.calls:
                    continue
                key = f"{detector.name}\0{body.episode}"
                if body.phase == "raised":
                    about = f"{body.rule} at {', '.join(found.assets)}"
                    self._open.setdefault(key, (body.began, body.rule, about, body.sentence))
                elif key in self._open:
                    began, rule, about, sentence = self._open.pop(key)
                    self._ended.append((began, found.occurred, rule, about, sentence))

    def found(self) -> tuple[list[Suspicion], list[str]]:
        """Suspicions, and warnings of rules that describe the plant wrongly."""
        every = [*self._ended, *((b, self._last, rule, about, said) for b, rule, about, said in self._open.values())]
        long = max(LONG_S * 1e9, LONG_FRAMES * self._width)
        hit: dict[str, set[int]] = {}
        for began, ended, _, about, _ in every:
            hit.setdefault(about, set()).update(range((began - 1) // DAY, (ended - 1) // DAY + 1))
        wrong = {about for about, days in hit.items() if len(self._days) > 3 and len(days) > 0.5 * len(self._days)}
        suspicions = [
            Suspicion(began, ended, "invariant", sentence)
            for began, ended, _, about, sentence in every
            if ended - began >= long and about not in wrong
        ]
        words = [f"{about} is violated on most days: the site model describes the plant wrongly" for about in wrong]
        return suspicions, sorted(words)


def stepped_clocks(recordings: Iterable[Recording]) -> list[Suspicion]:
    """One suspicion a step back of a source's clock."""
    return [
        Suspicion(
            step.at - round(step.seconds * 1e9),
            step.at + 1,
            "clock",
            f"the time of source {step.source} went back by {step.seconds:g} s",
        )
        for recording in recordings
        for step in recording.clock_steps
    ]


def _lively(table: SignalTable, last: Floats) -> list[int]:
    """Rows of continuous signals that change at nearly every frame in which they are not at zero."""
    rows = []
    for row, signal in enumerate(table.signals):
        values = last[row]
        both = np.isfinite(values[1:]) & np.isfinite(values[:-1]) & (values[1:] != 0)
        if signal.kind in DISCRETE or both.sum() < 10 * FROZEN_FRAMES:
            continue
        if float((values[1:] != values[:-1])[both].mean()) >= LIVELY:
            rows.append(row)
    return rows


def frozen(table: SignalTable, last: Floats, ends: Times) -> list[Suspicion]:
    """Rests of lively signals that last ten times their usual longest while others move; `last` float64[m, k]."""
    width = int(ends[1] - ends[0]) if len(ends) > 1 else 0
    rows = _lively(table, last)
    found = []
    moves = {row: last[row][1:] != last[row][:-1] for row in rows}
    for row in rows:
        values = last[row]
        still = (values[1:] == values[:-1]) & (values[1:] != 0)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
        starts, stops = edges[::2], edges[1::2]
        lengths = stops - starts
        if not len(lengths):
            continue
        # A frame that moves is a rest of none: the frozen stretch itself must not set what is usual.
        usual = float(np.quantile(np.concatenate([lengths, np.zeros(int((~still).sum()))]), 0.99))
        for start, stop in zip(starts, stops, strict=True):
            if stop - start < max(FROZEN_FRAMES - 1, 10 * usual):
                continue
            others = [bool(moves[other][start:stop].mean() > 0.5) for other in rows if other != row]
            if others and sum(others) >= 0.5 * len(others):
                signal = table.signals[row].id
                said = f"{signal} stands at {table.say(signal, float(values[start]))} for {stop - start + 1} frames"
                found.append(
                    Suspicion(int(ends[start]) - width, int(ends[stop]), "frozen", f"{said} while others move")
                )
    return found


def replayed(table: SignalTable, last: Floats, ends: Times) -> list[Suspicion]:
    """Stretches of a lively signal that were there before, to the last digit; `last` float64[m, k]."""
    width = int(ends[1] - ends[0]) if len(ends) > 1 else 0
    found = []
    for row in _lively(table, last):
        values = last[row]
        if len(values) < 2 * REPLAYED_FRAMES:
            continue
        windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(values, REPLAYED_FRAMES))
        whole = np.isfinite(windows).all(axis=1)
        _, first, same = np.unique(
            windows.view(np.dtype((np.void, windows.itemsize * REPLAYED_FRAMES))).ravel(),
            return_index=True,
            return_inverse=True,
        )
        before = first[same]
        again = np.flatnonzero(whole & (np.arange(len(windows)) - before >= REPLAYED_FRAMES))
        hits = np.zeros(len(values), bool)
        source = np.zeros(len(values), np.int64)
        for at in again.tolist():
            if len(np.unique(windows[at])) >= REPLAYED_VALUES:
                hits[at : at + REPLAYED_FRAMES] = True
                source[at : at + REPLAYED_FRAMES] = before[at]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], hits.astype(np.int8), [0]])))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            when = to_iso(int(ends[source[start]]) - width)
            said = f"{table.signals[row].id} repeats {stop - start} frames of {when} to the last digit"
            found.append(Suspicion(int(ends[start]) - width, int(ends[stop - 1]), "replayed", said))
    return found
