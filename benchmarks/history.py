"""History for a plot at a plant of 10,000 signals: a day in Parquet, the newest ten minutes still in the log.

Ours keeps first, low, high and last of each step inside the engine; beside it, in the same run, every row is read and
reduced by numpy, which is what a reader without it would do. `first` is the first question to a fresh process: the hot
tail has to be decoded once.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, peak_mb, print_result, table

WIDTH = 1000
HOT_S = 600


def build(folder: Path, signals: int, minutes: int) -> tuple[int, int]:
    """A day of rows, one a minute, compacted; then rows of every second in the log alone. Returns the span."""
    from infrastress.core.time import DAY, SECOND
    from infrastress.events import Samples
    from infrastress.store import open_store

    tags = tuple(f"T{number:05d}" for number in range(signals))
    random = np.random.default_rng(1)
    begin = 20_000 * DAY
    with open_store(folder) as store:
        partition = "ingest/plant/main"
        for start in range(0, minutes, 10):
            times = begin + 60 * SECOND * np.arange(start, start + 10, dtype=np.int64)
            samples = Samples("plant", "plc", start, times, tags, random.normal(size=(10, signals)))
            store.log.append(f"{partition}:samples", [(samples.id, samples.encode())])
        store.history.compact(partition, up_to=store.log.end(partition))
        hot = begin + minutes * 60 * SECOND
        for second in range(HOT_S):
            times = np.array([hot + second * SECOND], dtype=np.int64)
            samples = Samples("plant", "plc", minutes + second, times, tags, random.normal(size=(1, signals)))
            store.log.append(f"{partition}:samples", [(samples.id, samples.encode())])
    return begin, hot + HOT_S * SECOND


def reduced(store: Any, tags: Sequence[str], begin: int, end: int, width: int) -> int:
    """Every row read, then reduced: the rival."""
    rows = store.history.read(tags, begin, end)
    names = np.asarray(rows["tag"].to_pylist())
    times, values = rows["time"].cast("int64").to_numpy(), rows["value"].to_numpy()
    count = 0
    for tag in tags:
        mine = names == tag
        bucket = (times[mine] - begin) // width
        starts = np.flatnonzero(np.diff(bucket, prepend=-1))
        count += len(np.minimum.reduceat(values[mine], starts)) + len(np.maximum.reduceat(values[mine], starts))
    return count


def timed(action: Callable[[], Any], times: int) -> tuple[float, float]:
    """Median and longest wall time, s."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        took.append(time.perf_counter() - began)
    return statistics.median(took), max(took)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, ask, print."""
    from infrastress.core.time import HOUR
    from infrastress.store import open_store

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    signals, minutes, repeats = (1000, 240, 5) if options.quick else (10_000, 1440, 20)
    rows: list[tuple[Any, ...]] = []
    with tempfile.TemporaryDirectory() as name:
        begin, end = build(Path(name), signals, minutes)
        with open_store(name) as store:
            first = timed(lambda: store.history.summarise(["T00007"], begin, end, (end - begin) // WIDTH), 1)[0]
            for label, start in (("all", begin), ("last hour", end - HOUR)):
                for count in (1, 8):
                    tags = [f"T{number * 97 % signals:05d}" for number in range(count)]
                    step = (end - start) // WIDTH
                    ours = timed(lambda t=tags, a=start, s=step: store.history.summarise(t, a, end, s), repeats)
                    rival = timed(lambda t=tags, a=start, s=step: reduced(store, t, a, end, s), repeats)
                    rows.append((label, count, *ours, *rival))
    head = ["span", "signals", "ours, median s", "longest s", "every row + numpy, median s", "longest s"]
    result = {
        "circumstances": circumstances("duckdb"),
        "signals": signals,
        "minutes": minutes,
        "first_s": first,
        "rows": rows,
        "peak_mb": peak_mb(),
    }
    text = f"{table(head, rows)}\n\nfirst question of a fresh process: {first:.2f} s; peak {peak_mb():.0f} MB"
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
