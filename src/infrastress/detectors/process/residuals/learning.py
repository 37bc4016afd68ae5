"""Learning relations from normal data: which signals, their relations, how far off they are, and the limits.

The data are cut into five blocks; a residual is always that of a model which has not seen its block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from infrastress.core.time import DAY
from infrastress.detectors.process.residuals.fitting import Fitted, Moments, Weighted, fit
from infrastress.detectors.process.residuals.gaps import Spread
from infrastress.detectors.process.residuals.limits import Limits, find_limits
from infrastress.detectors.process.residuals.modes import ScaleTree, grow, questions
from infrastress.detectors.process.residuals.relations import HOURS, Input, Relation, hours_of, on_grid, stack
from infrastress.detectors.process.residuals.resting import find_resting
from infrastress.detectors.process.view import Floats, SignalTable, Times, earlier
from infrastress.site.process import WEATHER

__all__ = ["DISCRETE", "POSITION", "Learned", "find_resolution", "learn_relations"]

POSITION = "set, not measured: it explains others"
DISCRETE = frozenset({"state", "switch", "setpoint"}) | WEATHER
"""Kinds that are set, not measured. A signal of another kind that takes few values gets no relation either."""
SWITCHED = frozenset({"state", "switch"})
"""Kinds that a relation's scale may depend on."""
BLOCKS = 5
_MOST_ROWS = 20_000
_PART = 4096
_LEAST_ROWS = 200
_COVERAGE = 0.9
_ENOUGH_WHOLE = 0.3
_FEW_VALUES = 4
_MANY = 32
_TAIL, _TAIL_WEIGHT = 4.0, 0.1
"""Residuals beyond so many standard deviations count so much in the second fit."""
_HOURS_FROM_DAYS = 7
_DIGITS = 10


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes:
        relations: one a signal that others or its past explain at all, then the signals that rest.
        resolution: float64[m], step on which each signal's values are taken, SI.
        limits: of the scores, and the cross-validated scores.
        residuals: float64[n, k], cross-validated residuals of the first n `relations`, SI; NaN where there was none.
        without: signals without a relation, and why.
    """

    relations: tuple[Relation, ...]
    resolution: Floats
    limits: Limits
    residuals: Floats
    without: dict[str, str]


def find_resolution(table: SignalTable, values: Floats) -> Floats:
    """Step of each signal, SI: the site model's, else a thousandth of the span that normal data keep to 98 %.

    States and switches have none: they are inputs alone, and may be fractions of a frame.
    """
    steps = np.zeros(len(table))
    for row, signal in enumerate(table.signals):
        if signal.kind in DISCRETE:
            continue
        steps[row] = table.resolution(signal.id)
        known = values[row][np.isfinite(values[row])]
        if steps[row] == 0.0 and len(known):
            low, high = np.quantile(known, (0.01, 0.99))
            steps[row] = _round(float(high - low) * 1e-3)
    return steps


def learn_relations(
    table: SignalTable, values: Floats, ends: Times, *, lags: int, most: int, budget: float
) -> Learned | None:
    """Learn from float64[m, k] frame means at int64[k]; None where there is too little to learn from.

    Args:
        table: the site's signals.
        values: SI, NaN where there was no value.
        ends: end of each frame, consecutive.
        lags: how many frames an input may lie back.
        most: inputs of a relation.
        budget: false episodes in 30 days, of the relations.
    """
    resolution = find_resolution(table, values)
    values = on_grid(values, resolution[:, None])
    used, targets, without = _choose(table, values, resolution)
    with_hours = len(ends) * _width(ends) >= _HOURS_FROM_DAYS * DAY
    rows = _rows_of(table, used, lags, with_hours=with_hours)
    parts = _Parts(values, hours_of(ends, ZoneInfo(table.site.time_zone)), lags, rows)
    whole = sum(int(_whole(rows, 1.0).sum()) for _, rows in parts.of(0, len(ends)))
    if whole < _ENOUGH_WHOLE * len(ends):
        parts.share = _COVERAGE
        whole = sum(int(_whole(rows, _COVERAGE).sum()) for _, rows in parts.of(0, len(ends)))
    if whole < _LEAST_ROWS or not targets:
        return None
    folds = np.array_split(np.arange(len(ends)), BLOCKS)
    step = max(1, whole // _MOST_ROWS)
    model = _cross_validate(parts, folds, [used.index(name) for name in targets], min(most, whole // 20), step)
    at = [table.row[signal] for signal in targets]
    deviation = parts.factor[model.wanted]
    asked = [
        _questions(table, values, used, [parts.labels[k][0] for k in sources.tolist()])
        for sources in model.full.sources
    ]
    _, scales = _scales(model.residuals, asked, resolution[at] / deviation)
    model = _weighted(parts, folds, model, scales, step)
    residuals = model.residuals
    residuals *= deviation[:, None]
    trees, scales = _scales(residuals, asked, resolution[at])
    days = float(np.isfinite(residuals).any(axis=0).sum()) * _width(ends) / DAY
    resting = find_resting(table, values, set(targets), frame_s=_width(ends) / 1e9)
    shares = np.divide(residuals, scales, out=scales)
    shares[:, resting.told] = np.nan
    limits = find_limits(shares, folds, days, budget)
    relations = []
    for i, signal in enumerate(targets):
        spread = float(np.sqrt(np.nanmean(residuals[i] ** 2)))
        relations.append(
            Relation(
                signal,
                *parts.in_si(model, i),
                scale=_round(max(spread, float(resolution[at[i]]))),
                limits=tuple(_round(value * limits.limit) for value in limits.channels[:, i]),
                explained=_round(max(0.0, 1.0 - float(spread / deviation[i]) ** 2)),
                scales=_rounded(trees[i]),
                spread=parts.spread(model, i),
            )
        )
    for name in resting.relations:
        without.pop(name.signal, None)
    return Learned((*relations, *resting.relations), resolution, limits, residuals, without)


def _questions(
    table: SignalTable, values: Floats, used: list[str], inputs: list[str]
) -> dict[tuple[str, str], npt.NDArray[np.bool_]]:
    """What a scale may depend on: the site's moving states and switches; of too many, those among the inputs."""
    switched = [name for name in used if table.signals[table.row[name]].kind in SWITCHED]
    if len(switched) > _MANY:
        switched = [name for name in switched if name in inputs]
    asked: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}
    for name in switched:
        now = values[table.row[name]]
        asked |= questions(name, now, earlier(now, 1))
    return asked


def _scales(
    residuals: Floats, asked: list[dict[tuple[str, str], npt.NDArray[np.bool_]]], floors: Floats
) -> tuple[list[ScaleTree], Floats]:
    """How sure each relation is: trees, and standard deviations float64[n, k]."""
    trees = [grow(row, one, floor) for row, one, floor in zip(residuals, asked, floors.tolist(), strict=True)]
    return trees, np.array([tree.of(one, residuals.shape[1]) for tree, one in zip(trees, asked, strict=True)])


def _rounded(tree: ScaleTree) -> ScaleTree:
    a, b, c, d = (_round(leaf) for leaf in tree.leaves)
    return ScaleTree(tree.first, tree.no, tree.yes, (a, b, c, d))


def _choose(table: SignalTable, values: Floats, resolution: Floats) -> tuple[list[str], list[str], dict[str, str]]:
    """Signals that may be inputs, those that get a relation, and why others get none.

    Only what moved in every block gets a relation (a standby pump's first start would be compared with a model that
    never saw it run), and only what moved in two may be an input.
    """
    used, targets, without = [], [], {}
    heard = np.isfinite(values).any(axis=0)
    blocks = [part[:, np.isfinite(part).any(axis=0)] for part in np.array_split(values, BLOCKS, axis=1)]
    for row, signal in enumerate(table.signals):
        known = values[row][np.isfinite(values[row])]
        moved = sum(_moves(block[row], resolution[row]) for block in blocks)
        if len(known) < _COVERAGE * max(1, int(heard.sum())):
            without[signal.id] = "too seldom heard" if len(known) else "never heard"
            continue
        if moved > 1:
            used.append(signal.id)
        if signal.kind in DISCRETE or len(np.unique(known[:: max(1, len(known) // 10_000)])) < _FEW_VALUES:
            without[signal.id] = POSITION if moved > 1 else "set, and hardly ever"
        elif moved < BLOCKS:
            without[signal.id] = f"moved in {moved} of {BLOCKS} parts of the data" if moved else "never moved"
        else:
            targets.append(signal.id)
    return used, targets, without


def _moves(values: Floats, resolution: float) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 0 and float(np.ptp(known)) > resolution


class _Parts:
    """Standardised values as rows of inputs, a part at a time: all of them at once would be many times the data.

    Attributes:
        labels: name and lag of each row; the first rows are the used signals now.
        factor, offset: float64[f], by which a row becomes SI.
        share: least share of inputs that a frame to fit on must have. Of a thousand signals that miss one frame in a
            hundred each no frame is complete; what is missing then counts as its mean, in fitting alone.
    """

    def __init__(self, values: Floats, hours: Floats, lags: int, chosen: "_Chosen") -> None:
        mean, deviation = _standard(values)
        self._values = (values - mean[:, None]) / deviation[:, None]
        self._hours, self._lags = hours, lags
        self._rows, self.labels = chosen
        kinds = 1 + lags
        self.factor = np.concatenate([np.tile(deviation, kinds), np.ones(len(HOURS))])[self._rows]
        self.offset = np.concatenate([np.tile(mean, kinds), np.zeros(len(HOURS))])[self._rows]
        self.share = 1.0

    def in_si(self, model: "_Model", i: int) -> tuple[float, tuple[Input, ...]]:
        """Constant and inputs of the i-th relation, in SI."""
        own, sources = model.wanted[i], model.full.sources[i]
        weights = model.full.weights[i] * self.factor[own] / self.factor[sources]
        base = self.offset[own] + model.full.base[i] * self.factor[own] - float((weights * self.offset[sources]).sum())
        named = zip(sources.tolist(), weights.tolist(), strict=True)
        return _round(base), tuple(Input(self.labels[k][0], self.labels[k][1], _round(weight)) for k, weight in named)

    def spread(self, model: "_Model", i: int) -> Spread:
        """How the inputs of the i-th relation vary together, in SI."""
        sources = model.full.sources[i]
        factor = self.factor[sources]
        mean, covariance = model.every.spread(sources)
        lower = (covariance * np.outer(factor, factor))[np.tril_indices(len(sources))]
        centre = mean * factor + self.offset[sources]
        return Spread(tuple(map(_round, centre.tolist())), tuple(map(_round, lower.tolist())))

    def of(self, start: int, stop: int) -> Iterator[tuple[slice, Floats]]:
        """Columns, and their rows float64[f, k]."""
        for low in range(start, stop, _PART):
            columns = slice(low, min(low + _PART, stop))
            first = max(0, low - self._lags)
            span = slice(first, columns.stop)
            yield columns, stack(self._values[:, span], self._lags, self._hours[:, span])[self._rows, low - first :]


class _Chosen(NamedTuple):
    """Rows of the stack that are needed, and their names and lags."""

    rows: npt.NDArray[np.intp]
    labels: list[tuple[str, int]]


def _rows_of(table: SignalTable, used: list[str], lags: int, *, with_hours: bool) -> _Chosen:
    """Inputs are all signals now and before, and the hour; a signal itself only as it was before."""
    rows, labels = [], []
    for lag in range(lags + 1):
        for signal in used:
            rows.append(lag * len(table) + table.row[signal])
            labels.append((signal, lag))
    if with_hours:
        rows += [(lags + 1) * len(table) + i for i in range(len(HOURS))]
        labels += [(name, 0) for name in HOURS]
    return _Chosen(np.array(rows, dtype=np.intp), labels)


def _standard(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each row; 0 and 1 where there are no values or no spread."""
    mean, deviation = np.zeros(len(values)), np.ones(len(values))
    for row, every in enumerate(values):
        known = every[np.isfinite(every)]
        if len(known):
            mean[row], deviation[row] = known.mean(), known.std() or 1.0
    return mean, deviation


@dataclass(frozen=True)
class _Model:
    """Relations of the rows `wanted`: of all blocks, of all but each, their moments, and each block's residuals."""

    wanted: list[int]
    full: Fitted
    others: list[Fitted]
    every: Moments
    residuals: Floats


def _cross_validate(
    parts: _Parts, folds: list[npt.NDArray[np.intp]], wanted: list[int], most: int, step: int
) -> _Model:
    """The model of all blocks, and each block's residuals by the model of the others, standardised."""
    moments = [_moments(parts, fold, step) for fold in folds]
    every = moments[0]
    for one in moments[1:]:
        every = every.with_(one)
    others = [fit(rest, wanted, most) if (rest := every.without(own)).n else _nothing(wanted) for own in moments]
    return _Model(wanted, fit(every, wanted, most), others, every, _residuals(parts, folds, wanted, others))


def _weighted(parts: _Parts, folds: list[npt.NDArray[np.intp]], model: _Model, scales: Floats, step: int) -> _Model:
    """The same relations, each frame counted by how sure they are in it: float64[t, k] standardised `scales`."""
    with np.errstate(invalid="ignore"):
        far = np.abs(model.residuals) > _TAIL * scales
    weights = np.where(far, _TAIL_WEIGHT, 1.0) / scales**2
    every = Weighted(model.full, model.wanted)
    others = [Weighted(one, model.wanted) for one in model.others]
    for number, fold in enumerate(folds):
        for columns, rows in parts.of(int(fold[0]), int(fold[-1]) + 1):
            whole = _whole(rows, parts.share)
            weight = np.where(np.isnan(rows[model.wanted]), 0.0, weights[:, columns])[:, whole][:, ::step]
            kept = np.nan_to_num(rows[:, whole][:, ::step])
            for one in (every, *(other for at, other in enumerate(others) if at != number)):
                one.add(kept, weight)
    solved = [one.solve() for one in others]
    return _Model(model.wanted, every.solve(), solved, model.every, _residuals(parts, folds, model.wanted, solved))


def _nothing(wanted: list[int]) -> Fitted:
    return Fitted([np.empty(0, np.intp)] * len(wanted), [np.empty(0)] * len(wanted), np.full(len(wanted), np.nan))


def _residuals(parts: _Parts, folds: list[npt.NDArray[np.intp]], wanted: list[int], others: list[Fitted]) -> Floats:
    """Each block's residuals by the model of the others, float64[t, k]."""
    residuals = np.full((len(wanted), sum(map(len, folds))), np.nan)
    for fold, model in zip(folds, others, strict=True):
        for columns, rows in parts.of(int(fold[0]), int(fold[-1]) + 1):
            residuals[:, columns] = rows[wanted] - model.expect(rows)
    return residuals


def _moments(parts: _Parts, fold: npt.NDArray[np.intp], step: int) -> Moments:
    found = Moments.of(np.empty((len(parts.labels), 0)))
    for _, rows in parts.of(int(fold[0]), int(fold[-1]) + 1):
        found = found.with_(Moments.of(np.nan_to_num(rows[:, _whole(rows, parts.share)][:, ::step])))
    return found


def _whole(rows: Floats, share: float) -> npt.NDArray[np.bool_]:
    """Frames in which at least this share of all inputs is there."""
    found: npt.NDArray[np.bool_] = np.isfinite(rows).mean(axis=0) >= share
    return found


def _width(ends: Times) -> int:
    return int(ends[1] - ends[0]) if len(ends) > 1 else 0


def _round(value: float) -> float:
    """Ten digits: what libraries of linear algebra agree on from one machine to the next."""
    return float(f"{value:.{_DIGITS - 1}e}")
