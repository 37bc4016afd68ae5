"""DriftDetector: notices that a plant has moved away from what was learned, over days; never an alarm.

Each signal is expected from a few others of the same frame (ridge regression, `residuals.fitting`). A day's number is
the mean of what is seen less what is expected; a week's the mean over the last `WEEK` days that count. It is said when
the week's number is beyond its limit and all its days lie on the same side. The limit is the larger of one step of the
instrument, and twice the largest week in blocked cross-validation of the normal data (five blocks, each judged by
the relations of the others). Fewer than `LEAST_DAYS` days teach nothing.

A day doesn't count where less than half of it was heard, or where an alarm (medium and above, of the detectors before
this one) stood on it or had ended less than a day before it began: an attack is not drift.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.core.time import DAY
from infrastress.detectors.base import Detector, Heard, Lesson, RuleCard, baseline_id
from infrastress.detectors.process.base import APART
from infrastress.detectors.process.days import Day, DayBook
from infrastress.detectors.process.episodes import episode_id
from infrastress.detectors.process.residuals.fitting import Moments, fit
from infrastress.detectors.process.residuals.learning import DISCRETE
from infrastress.detectors.process.residuals.words import deviation
from infrastress.detectors.process.stream import FrameStream
from infrastress.detectors.process.view import Floats, SignalTable, Times
from infrastress.events.frames import Block, Finding
from infrastress.events.kinds import Detection
from infrastress.site import Site

__all__ = ["DriftDetector", "DriftOptions"]

_FORMAT, _RULE = 1, "process.baseline_drift"
WEEK, LEAST_DAYS = 7, 28
_BLOCKS, _INPUTS, _MARGIN, _MOST_ROWS = 5, 6, 2.0, 20_000
_CLEAR = 0.7
CARD = RuleCard(
    rule=_RULE,
    title="The plant has moved away from what was learned",
    means="For days a signal has lain beside what the others lead one to expect, always on the same side, without any "
    "alarm. The plant or the instrument has changed; the learned limits fit it less and less.",
    expected_against_seen="Expected: over a week the mean lies within what normal weeks showed. Seen: beyond it.",
    benign_causes=("a gauge was recalibrated or drifts", "equipment was changed or wears", "a new way of running"),
    first_check="Compare the instrument with a second reading. Where the plant is right as it is now, learn again from "
    "the days since (infrastress train SITE --since) and have it approved.",
)


class DriftOptions(BaseModel):
    """Options of the notice: signals that it leaves out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()


class DriftDetector(Detector):
    """Says slowly what changes slowly; says nothing where nothing was learned."""

    name: ClassVar[str] = "process_drift"
    version: ClassVar[str] = "1"
    hears: ClassVar[frozenset[Heard]] = frozenset({"telemetry"})
    Options: ClassVar[type[BaseModel]] = DriftOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {_RULE: CARD}
    state_free_of: ClassVar[frozenset[str]] = APART

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else DriftOptions(), baseline)
        self._width = round(site.runtime.frame_s * 1e9)
        self.table = SignalTable(site)
        known: Mapping[str, Any] = {}
        self._baseline_id = ""
        if baseline is not None:
            self._baseline_id = baseline_id(baseline, _FORMAT, self.name)
            known = baseline["signals"]
        self._signals = [s.id for s in site.signals if s.id in known and s.id not in self.options.off]
        self._known = [known[signal] for signal in self._signals]
        self._reset()

    def _reset(self) -> None:
        self._stream = FrameStream(self.name, self.table, self._width, 1)
        self._days = DayBook(len(self._signals), DAY // self._width // 2)
        self._open: dict[int, dict[str, int | str]] = {}

    def heed(self, said: Iterable[Any]) -> None:
        """Take what other detectors said of the block that comes next."""
        self._days.heed(said)

    def update(self, block: Block) -> list[Finding]:
        """Judge the days that the block's frames close."""
        findings: list[Finding] = []
        for view in self._stream.views(block.frames):
            if not self._signals:
                continue
            residuals = self._residuals(view.mean[:, view.context :])
            for day in self._days.take(view.ends, residuals):
                findings += self._judge(day)
        findings.sort(key=lambda f: (f.occurred, f.body.rule, f.assets, f.body.episode))
        return findings

    def _residuals(self, values: Floats) -> Floats:
        """Seen less expected float64[n, k]: inputs are added up one after the other, so no cut changes the last bit."""
        found = np.empty((len(self._signals), values.shape[1]))
        for i, (signal, one) in enumerate(zip(self._signals, self._known, strict=True)):
            expected = np.full(values.shape[1], float(one["base"]))
            for name, weight in one["inputs"]:
                expected = expected + float(weight) * values[self.table.row[name]]
            found[i] = values[self.table.row[signal]] - expected
        return found

    def _judge(self, day: Day) -> list[Finding]:
        found = []
        for i, week in enumerate(self._days.weeks(day, WEEK)):
            if week is None:
                continue
            limit, off = float(self._known[i]["limit"]), week.mean
            if i not in self._open and abs(off) >= limit and week.same_side:
                episode = episode_id(_RULE, self._signals[i], day.closed)
                self._open[i] = {"episode": episode, "began": week.began}
                found.append(self._finding(i, day, off, "raised"))
            elif i in self._open and abs(off) < _CLEAR * limit:
                found.append(self._finding(i, day, off, "cleared"))
                del self._open[i]
        return found

    def _finding(self, i: int, day: Day, off: float, phase: Any) -> Finding:
        signal, known = self._signals[i], self._open[i]
        began = int(known["began"])
        since = datetime.fromtimestamp(began / 1e9, UTC).astimezone(ZoneInfo(self.site.time_zone))
        size, limit = abs(off), float(self._known[i]["limit"])
        sentence = (
            f"{signal} has lain {deviation(self.table, signal, size)} {'above' if off > 0 else 'below'} what was "
            f"learned for {round((day.ended - began) / DAY)} days, since {since:%A %-d %B}; normal weeks stay within "
            f"{deviation(self.table, signal, limit)}. The plant or the instrument has changed: look, then learn again"
            if phase == "raised"
            else f"{signal} is back where it was learned"
        )
        body = Detection(
            detector=self.name, detector_version=self.version, rule=_RULE, episode=str(known["episode"]), phase=phase,
            source_kind="telemetry", severity="info", score=size / limit, sentence=sentence, began=began,
            until=day.closed, suspicion="unknown", confidence=0.5, baseline=self._baseline_id,
            contributions=(self.table.part(signal, 1.0),) if phase == "raised" else (),
        )  # fmt: skip
        return Finding(day.closed, (self.table.asset(signal),), body)

    def dump(self) -> bytes:
        """The last frame, the days and open notices, as canonical JSON."""
        return canonical_json(
            {
                "format": _FORMAT,
                "baseline": self._baseline_id,
                "end": self._stream.end,
                "days": self._days.dump(),
                "open": [[i, known] for i, known in sorted(self._open.items())],
            }
        )

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector for this site and baseline.
        """
        try:
            state = msgspec.json.decode(data)
            if state["format"] != _FORMAT or state["baseline"] != self._baseline_id:
                raise ValueError("another site or baseline")
            self._reset()
            self._days.load(state["days"])
            self._stream.end = state["end"]
            self._open = {int(i): known for i, known in state["open"]}
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            raise DecodeError(f"no state of {self.name}: {error}") from None

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn relations and limits by the rule above."""
        pupil = cls(site, options)
        means: list[Floats] = []
        ends: list[Times] = []
        for block in blocks:
            for view in pupil._stream.views(block.frames):
                means.append(view.mean[:, view.context :].copy())
                ends.append(view.ends)
        if not means:
            return None
        values, moments = np.hstack(means), np.concatenate(ends)
        days = len(np.unique((moments[np.isfinite(values).any(axis=0)] - 1) // DAY))
        if days < LEAST_DAYS:
            warning = (
                f"{days} days are too few to tell a slow change of the plant ({LEAST_DAYS} are needed): none is told"
            )
            return Lesson({"format": _FORMAT, "signals": {}}, (), (warning,))
        known = _learned(pupil.table, values, moments)
        words = tuple(
            f"{signal}: over a week its mean stays within {deviation(pupil.table, signal, one['limit'])} of what "
            f"{', '.join(name for name, _ in one['inputs'][:3])} lead one to expect"
            for signal, one in known.items()
        )
        return Lesson({"format": _FORMAT, "signals": known}, words)


def _learned(table: SignalTable, values: Floats, ends: Times) -> dict[str, Any]:
    """Relation and limit of each signal that others explain to a half at least."""
    use = [r for r in range(len(table)) if np.isfinite(values[r]).mean() > 0.8 and np.nanstd(values[r]) > 0]
    if len(use) < 2:
        return {}
    rows = values[use]
    mean, spread = np.nanmean(rows, axis=1, keepdims=True), np.nanstd(rows, axis=1, keepdims=True)
    rows = (rows - mean) / spread
    day = (ends - 1) // DAY
    folds = np.array_split(np.arange(rows.shape[1]), _BLOCKS)
    step = max(1, rows.shape[1] // _MOST_ROWS)
    whole = np.isfinite(rows).all(axis=0)
    parts = [Moments.of(rows[:, fold][:, whole[fold]][:, ::step]) for fold in folds]
    every = parts[0]
    for part in parts[1:]:
        every = every.with_(part)
    found: dict[str, Any] = {}
    for at, row in enumerate(use):
        signal = table.signals[row]
        if signal.kind in DISCRETE:
            continue
        residual = np.full(rows.shape[1], np.nan)
        for fold, part in zip(folds, parts, strict=True):
            if every.n > part.n:
                model = fit(every.without(part), [at], _INPUTS)
                residual[fold] = rows[at, fold] - model.expect(rows[:, fold])[0]
        if np.nanvar(residual) > 0.5:
            continue
        weeks = _weeks(residual * float(spread[at, 0]), day)
        if not len(weeks):
            continue
        full = fit(every, [at], _INPUTS)
        base, inputs = float(mean[at, 0] + full.base[0] * spread[at, 0]), []
        for source, share in zip(full.sources[0].tolist(), full.weights[0].tolist(), strict=True):
            weight = float(f"{share * spread[at, 0] / spread[source, 0]:.9e}")
            base -= weight * float(mean[source, 0])
            inputs.append([table.signals[use[source]].id, weight])
        limit = max(table.resolution(signal.id), _MARGIN * float(np.abs(weeks).max()))
        found[signal.id] = {"base": float(f"{base:.9e}"), "inputs": inputs, "limit": float(f"{limit:.9e}")}
    return found


def _weeks(residual: Floats, day: Times) -> Floats:
    """Means over each `WEEK` days in a row of the daily means, days without a value left out."""
    known = np.isfinite(residual)
    _, which = np.unique(day[known], return_inverse=True)
    if not len(which):
        return np.empty(0)
    daily = np.bincount(which, weights=residual[known]) / np.bincount(which)
    if len(daily) < WEEK:
        return np.empty(0)
    weeks: Floats = np.lib.stride_tricks.sliding_window_view(daily, WEEK).mean(axis=1)
    return weeks
