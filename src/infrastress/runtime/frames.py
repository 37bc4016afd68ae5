"""Rows of several sources become closed frames on the site's time grid.

A frame's numbers are a function of the rows in it: sums run in order of time, one value after the other, from zero
(`numpy.bincount`), so that neither a missing cell nor the way rows were batched moves the last bit.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.errors import DecodeError, InputError
from infrastress.core.time import to_iso
from infrastress.events.frames import Frames
from infrastress.events.samples import Samples

__all__ = ["Framer", "frame_of"]

_CELLS = 2_000_000
"""Most cells of one piece of frames: a gap of weeks comes out in pieces, not in one allocation."""
_FRAMES = 10_000

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class _Rows(msgspec.Struct, frozen=True):
    tags: tuple[str, ...]
    times: bytes
    values: bytes


class _State(msgspec.Struct, frozen=True):
    width: int
    next: int | None
    low: int | None
    high: int | None
    rows: dict[str, _Rows]


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


def frame_of(time: int, width: int) -> int:
    """Number of the frame that holds a time: frame n is the half-open interval ((n - 1) width, n width]."""
    return -(-time // width)


class _Chunk:
    """Rows of one source, sorted by time: times int64[n], columns int64[c] into the framer's tags, values [n, c]."""

    __slots__ = ("columns", "times", "values")

    def __init__(self, times: Ints, columns: Ints, values: Floats) -> None:
        self.times, self.columns, self.values = times, columns, values


class Framer:
    """Collects rows and gives out consecutive closed frames; frames without any row come out empty.

    Args:
        width: frame width, ns.
        tags: signal ids, the columns of the frames; cells of other tags aren't taken.
    """

    def __init__(self, width: int, tags: Sequence[str]) -> None:
        self.width = width
        self.tags = tuple(tags)
        self._column = {tag: i for i, tag in enumerate(self.tags)}
        self._piece = max(1, min(_FRAMES, _CELLS // max(1, len(self.tags))))
        self._chunks: dict[str, list[_Chunk]] = {}
        self._next: int | None = None
        self._low: int | None = None
        self._high: int | None = None

    @property
    def closed_until(self) -> int | None:
        """End of the last closed frame, ns; None before the first."""
        return None if self._next is None else (self._next - 1) * self.width

    def add(self, samples: Samples) -> None:
        """Take rows, in any order of time.

        Raises:
            InputError: a row lies in a frame already closed (admission keeps such rows out).
        """
        if not len(samples):
            return
        low, high = int(samples.times.min()), int(samples.times.max())
        self.reach(low)
        self.reach(high)
        known = [(i, self._column[tag]) for i, tag in enumerate(samples.tags) if tag in self._column]
        columns = np.array([column for _, column in known], dtype=np.int64)
        values = samples.values
        if len(known) < len(samples.tags):
            values = values[:, [i for i, _ in known]]
        self._chunks.setdefault(samples.source, []).append(_Chunk(samples.times, columns, values))

    def reach(self, time: int) -> None:
        """Let the grid cover a time, such as that of an event.

        Raises:
            InputError: the time lies in a frame already closed.
        """
        frame = frame_of(time, self.width)
        if self._next is not None and frame < self._next:
            raise InputError(
                f"{to_iso(time)} lies in a frame closed at {to_iso(self.closed_until or 0)}",
                remedy="the log was not written by admission; replay it from its sources",
            )
        self._low = frame if self._low is None else min(self._low, frame)
        self._high = frame if self._high is None else max(self._high, frame)

    def close(self, watermark: int | None) -> Iterator[Frames]:
        """Frames that end before the watermark (a row at the watermark itself may still come), in pieces.

        None closes everything up to the last row. Consume all pieces before anything else is added.
        """
        begin = self._low if self._next is None else self._next
        upto = (watermark - 1) // self.width if watermark is not None else self._high
        if begin is None or upto is None or upto < begin:
            return  # the grid begins with the first frame closed: until then a lower row may still come
        self._next = begin
        self._merge()
        while self._next <= upto:
            first, last = self._next, min(upto, self._next + self._piece - 1)
            yield self._frames(first, last)
            self._next = last + 1

    def none(self) -> Frames:
        """No frame, of these signals."""
        empty = np.empty((0, len(self.tags)))
        return Frames(self.width, np.empty(0, dtype=np.int64), self.tags, empty, empty, empty.astype(np.int32))

    def dump(self) -> bytes:
        """State as canonical bytes: the same rows give the same bytes however they came."""
        self._merge()
        rows = {}
        for source, (chunk,) in self._chunks.items():
            good = np.isfinite(chunk.values)
            keep = np.flatnonzero(good.any(axis=0))
            some = np.flatnonzero(good.any(axis=1))
            rows[source] = _Rows(
                tuple(self.tags[i] for i in chunk.columns[keep]),
                np.ascontiguousarray(chunk.times[some], dtype="<i8").tobytes(),
                np.ascontiguousarray(chunk.values[np.ix_(some, keep)], dtype="<f8").tobytes(),
            )
        rows = {source: row for source, row in rows.items() if row.times}
        return _ENCODER.encode(_State(self.width, self._next, self._low, self._high, rows))

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no such state, or one of another grid or other signals.
        """
        try:
            state = _DECODER.decode(data)
            if state.width != self.width:
                raise DecodeError(f"state of frames of {state.width} ns, expected {self.width}")
            chunks: dict[str, list[_Chunk]] = {}
            for source, rows in state.rows.items():
                times = np.frombuffer(rows.times, dtype="<i8")
                values = np.frombuffer(rows.values, dtype="<f8").reshape(len(times), len(rows.tags))
                columns = np.array([self._column[tag] for tag in rows.tags], dtype=np.int64)
                chunks[source] = [_Chunk(times, columns, values)]
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            raise DecodeError(f"no framer state: {error!r}") from None
        self._chunks = chunks
        self._next, self._low, self._high = state.next, state.low, state.high

    def adopt(self, other: "Framer") -> None:
        """Take over the rows of a framer of another grid or other signals; cells of signals unknown here are left out.

        The grid goes on behind the last frame that was closed.
        """
        other._merge()
        closed = other.closed_until
        self._next = None if closed is None else closed // self.width + 1
        self._low = None if other._low is None else frame_of((other._low - 1) * other.width + 1, self.width)
        self._high = None if other._high is None else frame_of(other._high * other.width, self.width)
        self._chunks = {}
        for source, (chunk,) in other._chunks.items():
            known = [i for i, column in enumerate(chunk.columns.tolist()) if other.tags[column] in self._column]
            columns = np.array([self._column[other.tags[chunk.columns[i]]] for i in known], dtype=np.int64)
            self._chunks[source] = [_Chunk(chunk.times, columns, chunk.values[:, known])]

    def _merge(self) -> None:
        """Each source's chunks become one, its columns in the framer's order, its rows in order of time."""
        for source in sorted(self._chunks):
            chunks = [chunk for chunk in self._chunks[source] if len(chunk.times)]
            if not chunks:
                del self._chunks[source]
                continue
            merged = chunks[0] if len(chunks) == 1 else _concatenated(chunks)
            if len(chunks) == 1 and np.any(np.diff(merged.columns) < 0):
                order = np.argsort(merged.columns)
                merged = _Chunk(merged.times, merged.columns[order], merged.values[:, order])
            if np.any(merged.times[1:] < merged.times[:-1]):
                order = np.argsort(merged.times, kind="stable")
                merged = _Chunk(merged.times[order], merged.columns, merged.values[order])
            self._chunks[source] = [merged]

    def _frames(self, first: int, last: int) -> Frames:
        """Frames first..last of merged chunks; their rows leave the buffer."""
        k, m = last - first + 1, len(self.tags)
        ends = np.arange(first, last + 1, dtype=np.int64) * self.width
        sums = np.zeros((k, m))
        count = np.zeros((k, m), dtype=np.int32)
        final = np.full((k, m), np.nan)
        last_at = np.full((k, m), np.iinfo(np.int64).min)
        for source in sorted(self._chunks):
            chunk = self._chunks[source][0]
            n = int(np.searchsorted(chunk.times, last * self.width, side="right"))
            if n:
                rows = _Chunk(chunk.times[:n], chunk.columns, chunk.values[:n])
                self._chunks[source] = [_Chunk(chunk.times[n:], chunk.columns, chunk.values[n:])]
                segment = -(-rows.times // self.width) - first
                _reduce(rows, segment, sums=sums, count=count, final=final, last_at=last_at)
        with np.errstate(invalid="ignore"):
            mean = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
        return Frames(self.width, ends, self.tags, mean, final, count)


def _concatenated(chunks: list[_Chunk]) -> _Chunk:
    times = np.concatenate([chunk.times for chunk in chunks])
    head = chunks[0].columns
    if all(np.array_equal(chunk.columns, head) for chunk in chunks) and not np.any(np.diff(head) < 0):
        return _Chunk(times, head, np.concatenate([chunk.values for chunk in chunks]))
    columns = np.unique(np.concatenate([chunk.columns for chunk in chunks]))
    values = np.full((len(times), len(columns)), np.nan)
    row = 0
    for chunk in chunks:
        stop = row + len(chunk.times)
        values[row:stop, np.searchsorted(columns, chunk.columns)] = chunk.values
        row = stop
    return _Chunk(times, columns, values)


def _reduce(
    rows: _Chunk, segment: Ints, *, sums: Floats, count: npt.NDArray[np.int32], final: Floats, last_at: Ints
) -> None:
    """Add one source's rows, row i in frame segment[i], to the frames' sums, counts and last values."""
    k, c = len(sums), len(rows.columns)
    starts = np.flatnonzero(np.diff(segment, prepend=-1))
    good = np.isfinite(rows.values)
    if good.all():
        weights = rows.values
        stops = np.append(starts[1:], len(segment))
        counts = np.broadcast_to((stops - starts)[:, None], (len(starts), c))
        row = np.broadcast_to((stops - 1)[:, None], (len(starts), c))
    else:
        weights = np.where(good, rows.values, 0.0)
        counts = np.add.reduceat(good, starts, axis=0, dtype=np.int32)
        row = np.maximum.reduceat(np.where(good, np.arange(len(segment))[:, None], -1), starts, axis=0)
    flat = (segment[:, None] * c + np.arange(c)).ravel()
    sums[:, rows.columns] += np.bincount(flat, weights=weights.ravel(), minlength=k * c).reshape(k, c)
    cells = np.ix_(segment[starts], rows.columns)
    count[cells] += counts.astype(np.int32)
    at = rows.times[np.maximum(row, 0)]
    newer = (row >= 0) & (at >= last_at[cells])  # two sources may tell the same signal
    final[cells] = np.where(newer, rows.values[np.maximum(row, 0), np.arange(c)], final[cells])
    last_at[cells] = np.where(newer, at, last_at[cells])
