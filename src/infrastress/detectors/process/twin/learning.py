"""What normal data teach the twin: how far each meter lies from the network model, and how far it may.

1. *Fit.* On evenly spread frames: demand factors' medians, each meter's median residual (its bias) and spread; then the
   same once more with these.
2. *Limits.* On evenly spread runs of frames, one frame in k: of normalised residuals and of levels against what the
   frame before led to expect, by the rule of `tightness` with a share k times smaller, since one in k frames was
   looked at, and at least three times the largest seen.
"""

from dataclasses import dataclass, replace

import numpy as np

from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.twin.judging import Known, Twin, rested
from infrastress.detectors.process.twin.moment import Moment, Reader, Solver
from infrastress.detectors.process.view import Floats, SignalTable, Times
from infrastress.hydraulics.snapshot import Snapshot

__all__ = ["Lessons", "learn"]

_FIT_FRAMES = 400
_JUDGED, _RUN = 2_000, 25
_ROUNDS = 2
_LEAST = 50
_MOST_STRAY = 0.02
_TRIMMED = 0.005
_OF_LARGEST, _LEAST_LIMIT = 3.0, 3.0


@dataclass(frozen=True)
class Lessons:
    """What was learned, and of how many frames; `unsolved` is the share that the model could not explain at all."""

    known: Known
    frames: int
    unsolved: float


def learn(
    table: SignalTable, networks: tuple[Snapshot, Snapshot], values: Floats, ends: Times, quiet_days: float
) -> Lessons | None:
    """Learn from normal frames float64[signals, k] that end at int64[k]; None where they teach too little.

    `networks` are the plain one and the one that has kept its controls.
    """
    network, controlled = networks
    reader = Reader(table, network)
    rows = len(reader.signals)
    known = _first(reader, table, network)
    frames = np.unique(np.linspace(1, values.shape[1] - 1, min(_FIT_FRAMES, values.shape[1] - 1)).astype(int))
    for _ in range(_ROUNDS):
        found = []
        solver = Solver(network, known.sigma, known.usual)
        for t in frames.tolist():
            reading = reader.read(values[:, t])
            if reading is not None:
                reading = replace(reading, seen=reading.seen - known.bias)
                found.append(solver.understand(reading))
        moments = [one for one in found if one is not None]
        if len(moments) < _LEAST:
            return None
        known = _refine(known, moments, _floor(reader, table, network))
    unsolved = 1.0 - len(moments) / max(len(found), 1)
    twin = Twin(table, network, controlled, known)
    runs = _runs(values.shape[1])
    judged = sum(len(run) - 1 for run in runs)
    fits, steady, switched = DailyMaxima(rows), DailyMaxima(len(network.levels)), DailyMaxima(len(network.levels))
    longest, strayed = (np.zeros(len(reader.states), dtype=np.int64) for _ in range(2))
    for run in runs:
        earlier: Moment | None = None
        straying = np.zeros(len(reader.states), dtype=np.int64)
        for t in run:
            now = twin.look(values[:, t])
            coming = twin.follow(earlier) if earlier is not None else None
            if now is not None:
                fits.observe(ends[t : t + 1], np.abs(now.fit.normalised)[:, None])
            if now is not None and earlier is not None and coming is not None:
                levels, doubt, states = coming
                off = np.maximum(np.abs(now.reading.seen[-len(levels) :] - levels) - doubt, 0.0)[:, None]
                (steady if rested(earlier, states, now) else switched).observe(ends[t : t + 1], off)
                differs = states != now.reading.open_
                straying = np.where(differs, straying + 1, 0)
                longest, strayed = np.maximum(longest, straying), strayed + differs
            earlier = now
    every = values.shape[1] / max(judged, 1)
    share = 1.0 / (quiet_days * every * (rows + len(network.levels)))
    limit = np.array([_limit(fits, i, share) for i in range(rows)])
    steps = known.sigma[rows - len(network.levels) :]
    return Lessons(
        replace(
            known,
            limit=np.maximum(limit, _LEAST_LIMIT),
            steady=np.array([max(_limit(steady, i, share), 4 * s) for i, s in enumerate(steps)]),
            switched=np.array([max(_limit(switched, i, share), 4 * s) for i, s in enumerate(steps)]),
            strays=tuple(
                -1 if often > _MOST_STRAY * judged else int(run)
                for run, often in zip(longest.tolist(), strayed.tolist(), strict=True)
            ),
        ),
        judged,
        unsolved,
    )


def _runs(frames: int) -> list[range]:
    """Evenly spread runs of frames."""
    if frames <= _JUDGED:
        return [range(2, frames)]
    starts = np.linspace(2, frames - _RUN, _JUDGED // _RUN).astype(int)
    return [range(start, start + _RUN) for start in np.unique(starts).tolist()]


def _limit(maxima: DailyMaxima, subject: int, share: float) -> float:
    """The limit of one subject; infinite where nothing was seen."""
    found = maxima.limit(subject, share)
    return np.inf if found is None else max(found, _OF_LARGEST * float(maxima.peaks(subject).max()))


def _floor(reader: Reader, table: SignalTable, network: Snapshot) -> Floats:
    """Half of the last digit, or a tenth of the stated accuracy; never less than EPANET's own accuracy."""
    stated = np.array([max(0.5 * table.resolution(one), 0.1 * table.accuracy(one)) for one in reader.signals])
    kinds = [m.quantity for m in network.measured] + ["level"] * len(network.levels)
    return np.maximum(reader.scaled(stated), [1e-6 if kind in ("flow", "demand") else 1e-3 for kind in kinds])


def _first(reader: Reader, table: SignalTable, network: Snapshot) -> Known:
    rows, tanks = len(reader.signals), len(network.levels)
    accuracy = reader.scaled(np.array([table.accuracy(one) for one in reader.signals]))
    flows = np.array([m.quantity in ("flow", "demand") for m in network.measured] + [False] * tanks)
    sigma = np.maximum(np.maximum(_floor(reader, table, network), accuracy), np.where(flows, 1e-4, 0.02))
    nothing = np.full(tanks, np.inf)
    return Known(
        np.zeros(rows), sigma, np.ones(len(network.groups)), np.full(rows, np.inf), nothing, nothing,
        (-1,) * len(reader.states),
    )  # fmt: skip


def _refine(known: Known, moments: list[Moment], floor: Floats) -> Known:
    """Bias, spread and usual demand of what was understood."""
    left = np.array([one.fit.residual for one in moments])
    bias = np.nan_to_num(np.nanmedian(left, axis=0))
    centred = np.abs(left - bias)
    sigma = np.empty(left.shape[1])
    for i, column in enumerate(centred.T):
        kept = np.sort(column[np.isfinite(column)])
        kept = kept[: max(1, round(len(kept) * (1 - _TRIMMED)))]
        sigma[i] = np.sqrt(np.mean(np.square(kept))) if len(kept) else known.sigma[i]
    usual = np.median([one.factors for one in moments], axis=0)
    return replace(known, bias=known.bias + bias, sigma=np.maximum(sigma, floor), usual=usual)
