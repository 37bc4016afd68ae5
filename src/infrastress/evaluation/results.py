"""What a replay left to be evaluated: its detections, and the scores of each frame where they were kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from infrastress.core.errors import DecodeError, InputError
from infrastress.events import Detection, Event, event_from_json

__all__ = ["Result", "Scores", "read_detections", "read_result", "read_scores"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Scores of frames: their ends int64[k], and float64[k] of each detector that has any."""

    ends: Times
    of: dict[str, Floats]

    def at(self, times: Times, detector: str | None = None) -> Floats | None:
        """The score of the frame each time lies in, of one detector or the largest of all; None where there is none."""
        known = list(self.of.values()) if detector is None else [self.of[detector]] if detector in self.of else []
        if not known or not len(self.ends):
            return None
        worst = np.fmax.reduce(known)
        frame = np.searchsorted(self.ends, times, side="left")
        width = int(np.diff(self.ends).min()) if len(self.ends) > 1 else 0
        inside = np.minimum(frame, len(self.ends) - 1)
        covered = (frame < len(self.ends)) & (self.ends[inside] - times <= width)
        return np.where(covered, worst[inside], np.nan)


@dataclass(frozen=True)
class Result:
    """One replay's detections and scores."""

    events: Sequence[Event]
    scores: Scores | None = None

    @property
    def detectors(self) -> tuple[str, ...]:
        """Detectors that spoke or scored."""
        spoke = {event.body.detector for event in self.events if isinstance(event.body, Detection)}
        return tuple(sorted(spoke | (self.scores.of.keys() if self.scores is not None else set())))

    def only(self, detector: str) -> list[Event]:
        """Detections of one detector."""
        return [one for one in self.events if isinstance(one.body, Detection) and one.body.detector == detector]

    @property
    def notices(self) -> int:
        """Detections raised that call nobody."""
        bodies = [one.body for one in self.events if isinstance(one.body, Detection)]
        return sum(body.phase == "raised" and not body.calls for body in bodies)


def read_result(path: Path) -> Result:
    """A replay's folder, or a `detections.jsonl` by itself.

    Raises:
        InputError: it can't be read.
    """
    scores = path / "scores.parquet"
    kept = path.is_dir() and scores.is_file()
    return Result(read_detections(path), read_scores(scores) if kept else None)


def read_scores(path: Path) -> Scores:
    """A `scores.parquet`; detectors without any score are left out.

    Raises:
        InputError: it is none.
    """
    try:
        table = pq.read_table(path)
        ends = table.column("time").cast(pa.int64()).to_numpy()
        columns = {name: table.column(name).to_numpy() for name in table.column_names if name != "time"}
    except (OSError, KeyError, pa.ArrowException) as error:
        raise InputError(f"no scores: {error}", where=str(path), remedy="replay again with --scores") from None
    return Scores(ends, {name: values for name, values in columns.items() if not np.isnan(values).all()})


def read_detections(path: Path) -> list[Event]:
    """Events of a `detections.jsonl`.

    Raises:
        InputError: it can't be read; a line that is no event is named.
    """
    file = path / "detections.jsonl" if path.is_dir() else path
    events: list[Event] = []
    number = 0
    try:
        with file.open("rb") as lines:
            for line in lines:
                number += 1  # also needed outside, in the error
                if line.strip():
                    events.append(event_from_json(line))
    except OSError as error:
        raise InputError(f"no detections: {error.strerror}", where=str(file)) from None
    except DecodeError as error:
        raise InputError(error.what, where=f"{file}, line {number}") from None
    return events
