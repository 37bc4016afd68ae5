"""Recordings read once by the live pipeline's own admission, and given to whoever learns as often as asked.

Frames are kept in a scratch file, not in memory: a year of a large site is more than a small machine has.
"""

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.app.reading import open_recordings
from infrastress.app.training.exclusions import Exclusion, labelled
from infrastress.connectors.base import Connector
from infrastress.core.time import SECOND
from infrastress.events import Event, NetworkRecords, ToolAlert
from infrastress.events.delivery import Balance, Delivery
from infrastress.events.frames import Block, Finding, Frames
from infrastress.runtime.admission import Admission
from infrastress.runtime.detection import DetectionUnit
from infrastress.site import Site
from infrastress.store.ports import Record

__all__ = ["ClockStep", "History", "Recording", "heard"]


@dataclass(frozen=True)
class ClockStep:
    """A source's time went back by `seconds` behind `at` (ns)."""

    source: str
    at: int
    seconds: float


@dataclass
class Recording:
    """What one recording held.

    Attributes:
        name: its file or folder.
        balances: of its sources.
        began, ended: of the frames in which anything was heard, ns; None without any.
        frames: how many there are, before exclusion.
        labelled: spans it labels as an event, and how many rows that is.
        clock_steps: where the time went back.
    """

    name: str
    balances: dict[str, Balance] = field(default_factory=dict)
    began: int | None = None
    ended: int | None = None
    frames: int = 0
    labelled: list[tuple[Exclusion, int]] = field(default_factory=list)
    clock_steps: list[ClockStep] = field(default_factory=list)


@dataclass(frozen=True)
class _Kept:
    """Where a block lies in the scratch file."""

    at: int
    width: int
    tags: tuple[str, ...]
    frames: int
    events: tuple[Event, ...]
    network: tuple[int, ...]
    """Bytes of each source's network records, behind the frames."""


class History:
    """All recordings of a training, in order of time; a context manager that removes its scratch file.

    `first_rows` limits the rows of telemetry read of each file.
    """

    def __init__(self, site: Site, folder: Path, recordings: Sequence[Path], *, first_rows: int | None = None) -> None:
        self._file = tempfile.TemporaryFile(prefix="infrastress-train-")  # noqa: SIM115 - closed by __exit__
        self.recordings: list[tuple[Recording, list[_Kept]]] = []
        for path in recordings:
            connectors = open_recordings(site, folder, [path], first_rows=first_rows)
            recording = Recording(str(path), labelled=labelled(site, connectors))
            self.take(recording, _blocks(site, connectors, recording))

    def __enter__(self) -> "History":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self.close()

    def close(self) -> None:
        """Remove the scratch file."""
        self._file.close()

    def blocks(self, exclude: Collection[Exclusion] = ()) -> Iterator[Block]:
        """Blocks as detectors will see them; excluded spans are empty frames without events."""
        for _, kept in self.recordings:
            for one in kept:
                yield _without(self._load(one), exclude)

    def take(self, recording: Recording, blocks: Iterable[Block]) -> None:
        """Keep a recording's blocks, and note in it what they hold."""
        kept = []
        for block in blocks:
            filled = np.flatnonzero(heard(block))
            if len(filled):
                width = block.frames.width
                first = int(block.frames.ends[filled[0]]) - width
                recording.began = first if recording.began is None else recording.began
                recording.ended = int(block.frames.ends[filled[-1]])
                recording.frames += len(filled)
            kept.append(self._keep(block))
        self.recordings.append((recording, kept))
        self.recordings.sort(key=lambda pair: (pair[0].began is None, pair[0].began))

    def _keep(self, block: Block) -> _Kept:
        frames = block.frames
        self._file.seek(0, 2)
        at = self._file.tell()
        for array in (frames.ends, frames.mean, frames.last, frames.count):
            self._file.write(np.ascontiguousarray(array).tobytes())
        said = [records.encode() for records in block.network]
        self._file.writelines(said)
        return _Kept(at, frames.width, frames.tags, len(frames), block.events, tuple(map(len, said)))

    def _load(self, kept: _Kept) -> Block:
        self._file.seek(kept.at)

        def take(kind: type[Any], *shape: int) -> npt.NDArray[Any]:
            size = int(np.prod(shape))
            return np.frombuffer(self._file.read(size * np.dtype(kind).itemsize), kind).reshape(shape)

        n, m = kept.frames, len(kept.tags)
        ends = take(np.int64, n)
        mean, last = take(np.float64, n, m), take(np.float64, n, m)
        frames = Frames(kept.width, ends, kept.tags, mean, last, take(np.int32, n, m))
        network = tuple(NetworkRecords.decode(self._file.read(size)) for size in kept.network)
        return Block(frames, kept.events, network)


def heard(block: Block) -> npt.NDArray[np.bool_]:
    """bool[k]: frames with telemetry; where the site has no signals, those with network records or a tool's alerts."""
    told: npt.NDArray[np.bool_] = np.any(block.frames.count > 0, axis=1, keepdims=False)
    if block.frames.tags:
        return told
    for records in block.network:
        told[np.searchsorted(block.frames.ends, records.known)] = True
    alerts = [max(event.occurred, event.observed) for event in block.events if isinstance(event.body, ToolAlert)]
    at = np.searchsorted(block.frames.ends, alerts)
    told[at[at < len(told)]] = True
    return told


class _Collector:
    """Stands where detectors stand and keeps the blocks, so that learning sees exactly what judging will see."""

    name, version = "training", "1"

    def __init__(self) -> None:
        self._blocks: list[Block] = []

    def update(self, block: Block) -> list[Finding]:
        """Keep the block."""
        self._blocks.append(block)
        return []

    def scores(self) -> None:
        """None: it judges nothing."""

    def dump(self) -> bytes:
        """Nothing is kept over a restart."""
        return b""

    def load(self, data: bytes) -> None:
        """Forget."""
        del data
        self._blocks.clear()

    def take(self) -> list[Block]:
        """What was kept since the last call."""
        blocks, self._blocks = self._blocks, []
        return blocks


def _blocks(site: Site, connectors: Sequence[Connector], recording: Recording) -> Iterator[Block]:
    """Blocks of one recording; its balances and clock steps are noted."""
    admission = Admission(site, [connector.source for connector in connectors])
    collector = _Collector()
    unit = DetectionUnit(site, [collector])
    readers = {connector.source.id: connector.deliveries() for connector in connectors}
    lateness = {connector.source.id: connector.source.lateness_s for connector in connectors}
    newest: dict[str, int] = {}
    offset = 0
    while readers:
        source = min(readers, key=lambda name: (admission.progress(name) or 0, name))
        delivery = next(readers[source], None)
        if delivery is None:
            del readers[source]
        else:
            _note_steps(source, delivery, newest, lateness[source], recording)
        for output in admission.end(source) if delivery is None else admission.admit(delivery):
            offset += 1
            unit.update(Record(offset, output.id, output.subject, output.data))
        yield from collector.take()
    recording.balances.update(admission.balances)


def _note_steps(
    source: str, delivery: Delivery, newest: dict[str, int], lateness_s: float, recording: Recording
) -> None:
    for samples in delivery.samples:
        if not len(samples):
            continue
        before = newest.get(source, int(samples.times[0]))
        front = np.maximum.accumulate(np.concatenate([[before], samples.times]))
        back = (front[:-1] - samples.times) / SECOND
        late = back > max(lateness_s, 1.0)
        # Only where it begins: the rows behind a step are all late until the old time is reached again.
        for i in np.flatnonzero(late & ~np.concatenate([[False], late[:-1]])):
            recording.clock_steps.append(ClockStep(source, int(front[i]), float(back[i])))
        newest[source] = int(front[-1])


def _without(block: Block, exclude: Collection[Exclusion]) -> Block:
    frames, events, network, _ = block
    for span in exclude:
        out = (frames.ends >= span.began) & (frames.ends - frames.width < span.ended)
        if out.any():
            keep = ~out[:, None]
            mean, last = np.where(keep, frames.mean, np.nan), np.where(keep, frames.last, np.nan)
            frames = Frames(frames.width, frames.ends, frames.tags, mean, last, np.where(keep, frames.count, 0))
        events = tuple(event for event in events if not span.began <= event.occurred < span.ended)
        network = tuple(records.take(_outside(records, span)) for records in network)
    return Block(frames, events, network)


def _outside(records: NetworkRecords, span: Exclusion) -> npt.NDArray[np.bool_]:
    times = records.integers("time")
    outside: npt.NDArray[np.bool_] = (times < span.began) | (times >= span.ended)
    return outside
