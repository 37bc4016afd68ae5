"""Predicted against seen: history as the frames that detection judged, and what the detectors in force expect of it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import structlog

from infrastress.app.api.history import Asked, scale_for
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import link
from infrastress.client import models
from infrastress.core.time import SECOND, to_iso
from infrastress.detectors.base import Basis, Detector, Expectation
from infrastress.events.frames import Frames
from infrastress.events.samples import Samples
from infrastress.runtime.frames import Framer, frame_of

__all__ = ["frames_between", "read_expected"]

Floats = npt.NDArray[np.float64]
_LOG = structlog.get_logger()


def read_expected(plant: Plant, asked: Asked) -> models.Expected:
    """What each detector in force expected of the one signal asked for.

    Raises:
        ApiError: the span holds more values of the signals that are needed than may be read for one answer (422).
        StoreError: the history can't be read.
    """
    (signal,) = asked.signals
    setup = plant.setup
    width = round(setup.site.runtime.frame_s * SECOND)
    predictions: list[models.Prediction] = []
    without: list[models.Unpredicted] = []
    for detector in setup.detectors():
        try:
            basis = detector.basis(signal.id)
            told, why = _told(plant, asked, detector, basis, width) if basis else ([], _why(detector))
        except (ApiError, MemoryError):
            raise
        except Exception as error:  # a stranger's detector may throw anything; the others still answer
            _LOG.exception("a detector can't say what it expected", detector=detector.name, error=repr(error))
            without.append(models.Unpredicted(detector=detector.name, why=f"it failed: {type(error).__name__}"))
            continue
        predictions += told
        if not told:
            without.append(models.Unpredicted(detector=detector.name, why=why))
    return models.Expected(
        signal=signal.id,
        unit=scale_for(signal, asked.units)[2],
        units=asked.units,
        begin=to_iso(asked.begin),
        end=to_iso(asked.end),
        frame_s=width / SECOND,
        predictions=predictions,
        without=without,
    )


def frames_between(plant: Plant, signals: Sequence[str], first: int, last: int, width: int) -> Frames:
    """Frames first..last (numbers) of some signals out of the history, as detection saw them.

    Raises:
        ApiError: that would be more values than may be read (422).
    """
    begin, end, history = (first - 1) * width + 1, last * width + 1, plant.store.history
    most = plant.settings.expected_rows
    total = sum(history.summarise(signals, begin, end, end - begin)["count"].to_pylist())
    if total > most or (last - first + 1) * len(signals) > most:
        raise ApiError(
            422,
            f"what is expected rests on {len(signals)} signals, {total} values in this span; one answer reads at most "
            f"{most}",
            remedy="ask for a shorter span",
        )
    rows = history.read(signals, begin, end)
    framer = Framer(width, signals)
    framer.reach(begin)
    framer.reach(end - 1)
    names = rows["tag"].combine_chunks().dictionary_encode()
    times = rows["time"].cast(pa.int64()).to_numpy()
    values = rows["value"].to_numpy()
    numbers = names.indices.to_numpy(zero_copy_only=False)
    for number, tag in enumerate(names.dictionary.to_pylist()):
        mine = numbers == number
        framer.add(Samples(plant.id, tag, 0, times[mine], (tag,), values[mine][:, None]))
    pieces = list(framer.close(None))
    return Frames(
        width,
        np.concatenate([piece.ends for piece in pieces]),
        tuple(signals),
        np.concatenate([piece.mean for piece in pieces]),
        np.concatenate([piece.last for piece in pieces]),
        np.concatenate([piece.count for piece in pieces]),
    )


def _told(
    plant: Plant, asked: Asked, detector: Detector, basis: Basis, width: int
) -> tuple[list[models.Prediction], str]:
    """What a detector expected, rule by rule, and why there is nothing."""
    (signal,) = asked.signals
    first, last = frame_of(asked.begin, width), frame_of(asked.end - 1, width)
    pulse = plant.projection.pulse
    if pulse is not None and pulse.watermark:  # a frame that is still open would show another mean than will be judged
        last = min(last, (pulse.watermark - 1) // width)
    if last < first:
        return [], "no frame of this span was judged yet"
    frames = frames_between(plant, basis.signals, first - basis.frames, last, width)
    cut = slice(len(frames) - (last - first + 1), len(frames))
    seen = frames.mean[cut, basis.signals.index(signal.id)]
    found = [
        _prediction(plant, asked, detector, one, _Columns(frames.ends[cut], seen, one, cut))
        for one in detector.expected(signal.id, frames)
        if np.isfinite(one.score[cut]).any()
    ]
    others = ", ".join(basis.signals[1:6]) or "itself"
    return found, (
        f"too little is known in this span: it needs values of {others}, and of {basis.frames} frames before"
    )


class _Columns:
    """Of an expectation, the frames asked for: float64[k] each."""

    def __init__(self, ends: npt.NDArray[np.int64], seen: Floats, told: Expectation, cut: slice) -> None:
        self.ends, self.seen = ends, seen
        self.expected, self.low, self.high = told.expected[cut], told.low[cut], told.high[cut]
        self.score = told.score[cut]

    def shown(self, asked: Asked) -> npt.NDArray[np.int64]:
        """Frames that a plot of the width asked for needs: of each step first, last, extremes, and the worst one."""
        n = len(self.ends)
        if asked.width is None or n <= 2 * asked.width:
            return np.arange(n)
        edges = np.unique(np.linspace(0, n, asked.width + 1).astype(np.int64))[:-1]
        kept = [edges, np.append(edges[1:], n) - 1]
        step = np.repeat(np.arange(len(edges)), np.diff(np.append(edges, n)))
        for values, sign in ((self.expected, 1), (self.expected, -1), (self.low, 1), (self.high, -1), (self.score, -1)):
            # Within each step the smallest first; what is missing comes last.
            order = np.lexsort((np.nan_to_num(sign * values, nan=np.inf, posinf=np.inf), step))
            kept.append(order[edges])
        return np.unique(np.concatenate(kept))


def _prediction(
    plant: Plant, asked: Asked, detector: Detector, told: Expectation, columns: _Columns
) -> models.Prediction:
    (signal,) = asked.signals
    factor, offset, _ = scale_for(signal, asked.units)
    at = columns.shown(asked)
    card = plant.setup.cards.get(told.rule)

    def own(values: Floats) -> list[float | None]:
        return [value if math.isfinite(value) else None for value in ((values[at] - offset) / factor).tolist()]

    low, high = (columns.low, columns.high) if factor > 0 else (columns.high, columns.low)
    return models.Prediction(
        detector=detector.name,
        detector_version=detector.version,
        rule=told.rule,
        title=card.title if card else told.rule,
        baseline=told.baseline,
        rests_on=list(told.rests_on),
        times_ms=(columns.ends[at] / 1e6).tolist(),
        seen=own(columns.seen),
        expected=own(columns.expected),
        low=own(low),
        high=own(high),
        score=[score if math.isfinite(score) else None for score in columns.score[at].tolist()],
        frames=len(columns.ends),
        links={"rule": link("rules", told.rule), "signal": link("signals", signal.id)},
    )


def _why(detector: Detector) -> str:
    if not _expects(detector):
        return "this detector expects no values"
    if detector.baseline is None:
        return "no approved baseline of it is in force, and without one it expects no value of this signal"
    return "its baseline in force, and its rules, expect no value of this signal"


def _expects(detector: Any) -> bool:
    """Whether its class says of any signal what it expects."""
    return type(detector).basis is not Detector.basis
