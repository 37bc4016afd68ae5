import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError, InputError
from infrastress.core.time import DAY, SECOND
from infrastress.events import Samples
from infrastress.runtime.frames import Framer, frame_of
from tests.runtime.toys import START, TAGS, rows, telemetry

WIDTH = 60 * SECOND


def all_frames(pieces) -> tuple[np.ndarray, ...]:
    pieces = list(pieces)
    return tuple(np.concatenate([getattr(p, name) for p in pieces]) for name in ("ends", "mean", "last", "count"))


def same(a, b) -> bool:
    return len(a) == len(b) and all(
        x.dtype == y.dtype and x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True)
    )


def plainly(framer_tags, batches) -> dict[int, tuple[list, list, list]]:
    """Frames by loops and dictionaries, as the definition says."""
    cells: dict[tuple[int, int], list] = {}
    for number, batch in enumerate(sorted(batches, key=lambda b: b.source)):
        for time, row in zip(batch.times.tolist(), batch.values.tolist(), strict=True):
            for tag, value in zip(batch.tags, row, strict=True):
                if np.isfinite(value):
                    cells.setdefault((frame_of(time, WIDTH), framer_tags.index(tag)), []).append((time, number, value))
    frames: dict[int, tuple[list, list, list]] = {}
    for (frame, column), found in cells.items():
        by_source = [[v for t, n, v in sorted(found, key=lambda c: c[:2]) if n == k] for k in range(len(batches))]
        total = 0.0
        for values in by_source:
            part = 0.0
            for value in values:
                part += value
            total += part
        m = len(framer_tags)
        mean, last, count = frames.setdefault(frame, ([np.nan] * m, [np.nan] * m, [0] * m))
        mean[column], count[column] = total / len(found), len(found)
        last[column] = max(found, key=lambda c: c[:2])[2]
    return frames


@st.composite
def source_rows(draw, source: str, tags: tuple[str, ...]) -> Samples:
    steps = draw(st.lists(st.integers(1, 90), min_size=1, max_size=60))
    cell = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf"))
    table = draw(st.lists(st.tuples(*[cell] * len(tags)), min_size=len(steps), max_size=len(steps)))
    return rows((START + np.cumsum(steps) * SECOND).tolist(), table, source=source, tags=tags)


recordings = st.tuples(source_rows("a", ("flow", "level")), source_rows("b", ("switch",)), source_rows("c", ("level",)))


@settings(max_examples=60)
@given(recordings, st.data())
def test_any_split_and_interleaving_of_rows_gives_the_same_frames(sources, data):
    whole = Framer(WIDTH, TAGS)
    for samples in sources:
        whole.add(samples)
    expected = all_frames(whole.close(None))

    framer = Framer(WIDTH, TAGS)
    pieces = []
    done = [0] * len(sources)
    while any(d < len(s) for d, s in zip(done, sources, strict=True)):
        open_ = [i for i, s in enumerate(sources) if done[i] < len(s)]
        i = data.draw(st.sampled_from(open_))
        stop = min(len(sources[i]), done[i] + data.draw(st.integers(1, 7)))
        part = sources[i].slice(done[i], stop)
        order = data.draw(st.permutations(range(len(part))))
        framer.add(Samples("toy", part.source, 0, part.times[order], part.tags, part.values[order]))
        done[i] = stop
        if data.draw(st.booleans()):
            low = min((int(s.times[d]) for d, s in zip(done, sources, strict=True) if d < len(s)), default=None)
            if low is not None:
                pieces += framer.close(low)
        if data.draw(st.booleans()):
            other = Framer(WIDTH, TAGS)
            other.load(framer.dump())
            assert other.dump() == framer.dump()
            framer = other
    pieces += framer.close(None)
    assert same(all_frames(pieces), expected)


@given(recordings)
def test_frames_are_what_the_definition_says(sources):
    framer = Framer(WIDTH, TAGS)
    for samples in sources:
        framer.add(samples)
    ends, mean, last, count = all_frames(framer.close(None))
    expected = plainly(TAGS, sources)
    nothing = ([np.nan] * 3, [np.nan] * 3, [0] * 3)
    assert (np.diff(ends) == WIDTH).all()
    assert ends[-1] == WIDTH * max(frame_of(int(s.times.max()), WIDTH) for s in sources)
    for i, end in enumerate(ends.tolist()):
        m, last_value, c = expected.get(end // WIDTH, nothing)
        assert np.array_equal(mean[i], m, equal_nan=True)
        assert np.array_equal(last[i], last_value, equal_nan=True)
        assert count[i].tolist() == c


def test_a_row_belongs_to_the_frame_that_ends_with_it():
    framer = Framer(WIDTH, TAGS)
    framer.add(rows([START, START + 1], [[1, 1, 0], [2, 2, 0]]))
    ends, mean, *_ = all_frames(framer.close(None))
    assert ends.tolist() == [START, START + WIDTH]
    assert mean[:, 0].tolist() == [1, 2]


def test_a_frame_stays_open_while_a_row_at_the_watermark_may_come():
    framer = Framer(WIDTH, TAGS)
    framer.add(rows([START], [[1, 1, 0]]))
    assert list(framer.close(START)) == []
    framer.add(rows([START], [[3, np.nan, np.nan]], source="other"))
    (frames,) = framer.close(START + 1)
    assert frames.mean[0, 0] == 2
    assert frames.count[0].tolist() == [2, 1, 1]
    assert frames.last[0, 0] == 1  # of two sources at one moment, the last by name


def test_rows_behind_a_closed_frame_are_an_error():
    framer = Framer(WIDTH, TAGS)
    framer.add(rows([START + DAY], [[1, 1, 0]]))
    assert list(framer.close(START + 2 * DAY))
    with pytest.raises(InputError, match="closed"):
        framer.add(rows([START + DAY], [[1, 1, 0]]))


def test_a_gap_of_years_comes_out_empty_and_in_pieces():
    framer = Framer(SECOND, TAGS)
    framer.add(rows([START, START + 20 * DAY], [[1, 1, 0], [2, 2, 0]]))
    tracemalloc.start()
    total = 0
    for piece in framer.close(None):
        total += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 20 * 86400 + 1
    assert peak < 20_000_000


def test_state_of_another_grid_or_of_garbage_is_refused():
    framer = Framer(WIDTH, TAGS)
    framer.add(telemetry(10))
    for data in (framer.dump(), b"", b"\x00", framer.dump()[:-3]):
        with pytest.raises(DecodeError):
            Framer(WIDTH + 1, TAGS).load(data)
    with pytest.raises(DecodeError):
        Framer(WIDTH, ("else",)).load(framer.dump())


def test_cells_of_other_signals_are_not_taken():
    framer = Framer(WIDTH, ("level",))
    framer.add(rows([START], [[1, 2, 3]]))
    (frames,) = framer.close(None)
    assert frames.tags == ("level",)
    assert frames.mean.tolist() == [[1]]
