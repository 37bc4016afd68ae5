"""What normal data teach the twin: how far each meter lies from the network model, and how far it may.

1. *Fit.* On evenly spread frames: demand factors' medians, each meter's median residual (its bias) and spread; then the
   same once more with these. The flow of a pump or valve that runs in less than a fiftieth of normal data has too few
   frames to tell how well it fits when it does, and is left out then.
2. *Held-out days.* The days are cut into four blocks; each is judged by a fit to the other three, on evenly spread runs
   of frames, one frame in k. Meters keep their bias for weeks: how far a model lies from days that it was fitted to
   says too little of the next ones.
3. *Limits.* Of the normalised residuals of these days, and of levels against what the frame before led to expect, by
   the rule of `tightness` with a share k times smaller, since one in k frames was looked at, and at least three times
   the largest seen. A level is told no better where something switches than where nothing does.
4. *Where it doesn't hold.* The limits of three blocks are tried on the fourth. What would have raised an episode on
   two days and more is not judged by the twin; one day is taken for an event, which the limit then allows for.

Of fewer than eight days none are held out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from infrastress.core.time import DAY
from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.twin.judging import Known, Twin, rested
from infrastress.detectors.process.twin.moment import Flags, Moment, Reader, Solver
from infrastress.detectors.process.view import Floats, SignalTable, Times
from infrastress.hydraulics.snapshot import Snapshot

__all__ = ["HABIT", "Lessons", "learn"]

_FIT_FRAMES = 400
_JUDGED, _RUN = 2_000, 25
_ROUNDS = 2
_LEAST = 50
_MOST_STRAY = 0.02
_RARE = 0.02
_TRIMMED = 0.005
_OF_LARGEST, _LEAST_LIMIT = 3.0, 3.0
_BLOCKS, _LEAST_DAYS = 4, 8
HABIT = 2
"""Held-out days with an episode from which a subject is not judged."""


@dataclass(frozen=True)
class Lessons:
    """What was learned.

    Attributes:
        known: of each meter, tank and actuator.
        frames: that were judged for the limits.
        unsolved: share of frames that the model could not explain at all.
        days: held out; 0 where there were too few to hold any out.
        unheld: days on which it would have raised an episode, of each row of the readings, each level followed and
            each actuator.
    """

    known: Known
    frames: int
    unsolved: float
    days: int
    unheld: tuple[tuple[int, ...], ...]


@dataclass
class _Seen:
    """What was seen of days held out: daily maxima, and the runs of frames in which a state differed from its controls.

    Attributes:
        fits: normalised residuals times the spread of the fit that judged, SI of the network: fits differ in spread.
        steady, switched: metres by which levels missed what was expected.
        differing: of each run the twin, and each frame's end with what it has to be asked about; None is no difference.
    """

    fits: DailyMaxima
    steady: DailyMaxima
    switched: DailyMaxima
    differing: list[tuple[Twin, list[tuple[int, tuple[Moment, Flags, Flags] | None]]]] = field(default_factory=list)

    def observe(self, twin: Twin, values: Floats, ends: Times, run: Iterable[int]) -> None:
        """Judge a run of frames."""
        earlier: Moment | None = None
        asked: list[tuple[int, tuple[Moment, Flags, Flags] | None]] = []
        for t in run:
            now = twin.look(values[:, t])
            coming = twin.follow(earlier) if earlier is not None else None
            if now is not None:
                self.fits.observe(ends[t : t + 1], (np.abs(now.fit.normalised) * twin.known.sigma)[:, None])
            if now is not None and earlier is not None and coming is not None:
                levels, doubt, states = coming
                still = rested(earlier, states, now)
                off = twin.off(earlier, now, levels, doubt, still=still)[:, None]
                (self.steady if still else self.switched).observe(ends[t : t + 1], off)
                differs = (states != now.reading.open_).any()
                asked.append((int(ends[t]), (earlier, now.reading.open_, states) if differs else None))
            earlier = now
        self.differing.append((twin, asked))

    def strays(self, slack: Floats, actuators: int) -> tuple[DailyMaxima, npt.NDArray[np.int64]]:
        """Frames in a row in which each state contradicted its controls, and in how many it did."""
        longest, often = DailyMaxima(actuators), np.zeros(actuators, dtype=np.int64)
        for twin, asked in self.differing:
            twin.known = replace(twin.known, slack=slack)
            straying = np.zeros(actuators, dtype=np.int64)
            for end, what in asked:
                differs = np.zeros(actuators, bool) if what is None else twin.contradicts(*what)
                straying = np.where(differs, straying + 1, 0)
                longest.observe(np.array([end]), straying[:, None].astype(np.float64))
                often += differs
        return longest, often


def learn(
    table: SignalTable, networks: tuple[Snapshot, Snapshot], values: Floats, ends: Times, quiet_days: float
) -> Lessons | None:
    """Learn from normal frames float64[signals, k] that end at int64[k]; None where they teach too little.

    `networks` are the plain one and the one that has kept its controls.
    """
    network, _ = networks
    plain = Reader(table, network)
    reader = Reader(table, network, tuple((plain.on(values) < _RARE).tolist()))
    rows, tanks, actuators = len(reader.signals), len(network.levels), len(reader.states)
    every = 1 + np.flatnonzero(np.isfinite(values[:, 1:]).any(axis=0))
    if not len(every):
        return None
    fitted = _fit(reader, table, network, values, every)
    if fitted is None:
        return None
    known, unsolved = fitted
    blocks = _blocks(every, ends)
    seen = _Seen(DailyMaxima(rows), DailyMaxima(tanks), DailyMaxima(tanks))
    judged, spreads = 0, []
    for block in blocks:
        fit = _fit(reader, table, network, values, np.setdiff1d(every, block)) if len(blocks) > 1 else None
        twin = Twin(table, *networks, known if fit is None else fit[0])
        spreads.append(twin.known.sigma)
        for run in _runs(block, _JUDGED // len(blocks)):
            seen.observe(twin, values, ends, run)
            judged += len(run) - 1
    share = 1.0 / (quiet_days * (len(every) / max(judged, 1)) * (rows + tanks))
    steps = known.sigma[rows - tanks :]
    slack = np.array([max(_limit(seen.steady, i, share), 4 * s) for i, s in enumerate(steps)])
    jumps = np.array([_limit(seen.switched, i, share) for i in range(tanks)])
    longest, often = seen.strays(np.where(np.isfinite(slack), slack, 0.0), actuators)
    days = [set(((ends[block] - 1) // DAY).tolist()) for block in blocks]
    unheld = (
        _beyond(seen.fits, days, lambda part, i, own: max(_limit(part, i, share), _LEAST_LIMIT * spreads[own][i])),
        np.add(
            _beyond(seen.steady, days, lambda part, i, _: max(_limit(part, i, share), 4 * steps[i])),
            _beyond(seen.switched, days, lambda part, i, _: max(_limit(part, i, share), slack[i])),
        ),
        _beyond(longest, days, lambda part, i, _: 2.0 * float(np.max(part.peaks(i), initial=0.0)) + 2.0),
    )
    drop_fits, drop_levels, drop_states = (np.array(one) >= HABIT for one in unheld)
    limit = np.array([max(_limit(seen.fits, i, share) / known.sigma[i], _LEAST_LIMIT) for i in range(rows)])
    return Lessons(
        replace(
            known,
            limit=np.where(drop_fits, np.inf, limit),
            steady=np.where(drop_levels, np.inf, slack),
            switched=np.where(drop_levels, np.inf, np.fmax(jumps, slack)),
            slack=np.where(np.isfinite(slack), slack, 0.0),
            strays=tuple(
                -1 if drop_states[i] or often[i] > _MOST_STRAY * judged else int(np.max(longest.peaks(i), initial=0.0))
                for i in range(actuators)
            ),
        ),
        judged,
        unsolved,
        sum(len(one) for one in days) if len(days) > 1 else 0,
        tuple(tuple(int(n) for n in one) for one in unheld),
    )


def _fit(
    reader: Reader, table: SignalTable, network: Snapshot, values: Floats, frames: npt.NDArray[np.intp]
) -> tuple[Known, float] | None:
    """Bias, spread and usual demand by some of the frames, and the share that the model could not explain at all."""
    known, floor = _first(reader, table, network), _floor(reader, table, network)
    chosen = frames[np.unique(np.linspace(0, len(frames) - 1, min(_FIT_FRAMES, len(frames))).astype(int))]
    for _ in range(_ROUNDS):
        found = []
        solver = Solver(network, known.sigma, known.usual)
        for t in chosen.tolist():
            reading = reader.read(values[:, t])
            if reading is not None:
                found.append(solver.understand(replace(reading, seen=reading.seen - known.bias)))
        moments = [one for one in found if one is not None]
        if len(moments) < _LEAST:
            return None
        known = _refine(known, moments, floor, _kinds(network))
    return known, 1.0 - len(moments) / max(len(found), 1)


def _blocks(frames: npt.NDArray[np.intp], ends: Times) -> list[npt.NDArray[np.intp]]:
    """Some frames by blocks of days; one block where there are too few days to hold any out."""
    day = (ends[frames] - 1) // DAY
    days = np.unique(day)
    parts = np.array_split(days, _BLOCKS if len(days) >= _LEAST_DAYS else 1)
    return [frames[(day >= part[0]) & (day <= part[-1])] for part in parts]


def _runs(block: npt.NDArray[np.intp], judged: int) -> Iterator[range]:
    """Evenly spread runs of frames of a block; the first of all has none before it."""
    last = int(block[-1]) + 1
    if len(block) <= judged:
        yield range(max(2, int(block[0])), last)
        return
    for place in np.unique(np.linspace(0, len(block) - _RUN, judged // _RUN).astype(int)).tolist():
        start = max(2, int(block[place]))
        yield range(start, min(start + _RUN, last))


def _beyond(
    maxima: DailyMaxima, days: Sequence[set[int]], limit: Callable[[DailyMaxima, int, int], float]
) -> list[int]:
    """On how many days each subject came to the limit that the other blocks set: of their maxima, it, and the block."""
    found = [0] * maxima.n
    for number, own in enumerate(days if len(days) > 1 else ()):
        rest = DailyMaxima(maxima.n, {day: peaks for day, peaks in maxima.days.items() if day not in own})
        held = DailyMaxima(maxima.n, {day: peaks for day, peaks in maxima.days.items() if day in own})
        for i in range(maxima.n):
            if len(rest.peaks(i)):
                found[i] += int((held.peaks(i) >= limit(rest, i, number)).sum())
    return found


def _limit(maxima: DailyMaxima, subject: int, share: float) -> float:
    """The limit of one subject; infinite where nothing was seen."""
    found = maxima.limit(subject, share)
    return np.inf if found is None else max(found, _OF_LARGEST * float(maxima.peaks(subject).max()))


def _floor(reader: Reader, table: SignalTable, network: Snapshot) -> Floats:
    """Half of the last digit, or a tenth of the stated accuracy; never less than EPANET's own accuracy."""
    stated = np.array([max(0.5 * table.resolution(one), 0.1 * table.accuracy(one)) for one in reader.signals])
    least = [1e-6 if kind in ("flow", "demand") else 1e-3 for kind in _kinds(network)]
    return np.maximum(reader.scaled(stated), least)


def _kinds(network: Snapshot) -> list[str]:
    """What each measurement is of."""
    return [str(m.quantity) for m in network.measured] + ["level"] * len(network.levels)


def _first(reader: Reader, table: SignalTable, network: Snapshot) -> Known:
    rows, tanks = len(reader.signals), len(network.levels)
    accuracy = reader.scaled(np.array([table.accuracy(one) for one in reader.signals]))
    flows = np.array([m.quantity in ("flow", "demand") for m in network.measured] + [False] * tanks)
    sigma = np.maximum(np.maximum(_floor(reader, table, network), accuracy), np.where(flows, 1e-4, 0.02))
    nothing = np.full(tanks, np.inf)
    return Known(
        np.zeros(rows), sigma, np.ones(len(network.groups)), np.full(rows, np.inf), nothing, nothing,
        np.zeros(tanks),
        (-1,) * len(reader.states), reader.rare,
    )  # fmt: skip


def _refine(known: Known, moments: list[Moment], floor: Floats, kinds: Sequence[str]) -> Known:
    """Bias, spread and usual demand of what was understood.

    A residual is smaller than its meter's spread by the share that others check of it, so the spread is what makes the
    normalised residuals one (W. Foerstner 1979, a posteriori variances). Where nothing checks a meter it is that of
    the others of its kind: a spread of nothing would let the meter rule wherever something does.
    """
    left = np.array([one.fit.residual for one in moments])
    normalised = np.array([one.fit.normalised for one in moments])
    bias = np.nan_to_num(np.nanmedian(left, axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.abs((left - bias) / left * normalised)
    sigma = np.full(left.shape[1], np.nan)
    for i, column in enumerate(ratios.T):
        kept = np.sort(column[np.isfinite(column)])
        kept = kept[: round(len(kept) * (1 - _TRIMMED))]
        if len(kept) >= _LEAST:
            sigma[i] = max(known.sigma[i] * float(np.sqrt(np.mean(np.square(kept)))), floor[i])
    for i in np.flatnonzero(np.isnan(sigma)).tolist():
        like = sigma[[j for j, kind in enumerate(kinds) if kind == kinds[i] and np.isfinite(sigma[j])]]
        sigma[i] = max(float(np.median(like)) if len(like) else 0.0, known.sigma[i])
    usual = np.median([one.factors for one in moments], axis=0)
    return replace(known, bias=known.bias + bias, sigma=np.maximum(sigma, floor), usual=usual)
