"""Events through fusion, durable: detections read from a SQLite log, fused, alarms and incidents committed to SQLite.

Loads, seeded, on a site of 400 tanks in 20 zones:

- `burst`: raises and clears of 12 rules on random tanks within one hour, as in a bad night when everything chatters;
- `bad actors`: as many within eight hours, few alarms bringing most of them (Zipf's law), as alarm systems show them;
- `day`: as many over 24 hours, so that nearly every other one is a new alarm and few share a cell;
- `storm`: detections of one event that all belong together, each of them a new alarm that stands.

Each is fed as the runtime feeds it: records read in chunks, a tick every ten minutes of event time, one `Lease.commit`
of offset, state and outputs a chunk.

Rivals, on the same detections in the same run, each joining detections of one asset within two hours, without a
hypothesis, priorities, alarm states or restart: `per event`, a dict of open incidents written through to SQLite with
one commit an event, as a plain script would; `pandas`, a groupby over the finished day, written once, in one
transaction (it has to wait for the day's end). Prints events/s of each; goal: at least 20,000 for ours.
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from infrastress.core.time import HOUR, MINUTE, SECOND, from_iso
from infrastress.events import Detection, Event, Tick, encode_event, make_event
from infrastress.fusion import FusionUnit
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Output

T0 = from_iso("2026-03-01T00:00:00Z")
GOAL = 20_000
CHUNK = 5_000
TICK = 10 * MINUTE
KINDS = ("telemetry", "telemetry", "telemetry", "access", "network", "reports")
SEVERITIES = ("low", "low", "medium", "high")


def site(assets: int) -> Site:
    """Tanks in zones of twenty, each zone with a controller, in a row of connections."""
    zones = [{"id": f"Z{i}"} for i in range(assets // 20 + 1)]
    tanks = [
        {"id": f"T{i}", "type": "tank", "height_m": 12, "zone": f"Z{i // 20}", "controller": f"C{i // 20}"}
        for i in range(assets)
    ]
    plcs = [{"id": f"C{i}", "type": "controller"} for i in range(len(zones))]
    links = [{"id": f"L{i}", "from": f"T{i}", "to": f"T{i + 1}"} for i in range(assets - 1) if (i + 1) % 20]
    return Site.model_validate({"id": "bench", "zones": zones, "assets": [*tanks, *plcs], "connections": links})


def detection(sequence: int, moment: int, asset: str, rule: int, *, phase: str, episode: str) -> Event:
    """One detection event."""
    kind: Any = KINDS[rule % len(KINDS)]
    severity: Any = SEVERITIES[rule % len(SEVERITIES)]
    body = Detection(
        detector="bench", detector_version="1", rule=f"rule-{rule}", episode=episode, phase=phase, source_kind=kind,
        severity=severity, score=1.5, sentence=f"{asset}: 3.0 m seen, 4.0 m expected by rule {rule}", began=moment,
        until=moment, suspicion="sensor_fault" if kind == "telemetry" else "unknown", confidence=0.7,
        techniques=("T0856",),
    )  # fmt: skip
    return make_event(site="bench", source="bench", sequence=sequence, occurred=moment, assets=(asset,), body=body)


def raises_and_clears(count: int, assets: int, hours: int, seed: int) -> list[Event]:
    """Raises and clears of random rules on random assets within some hours, by time."""
    draw = np.random.default_rng(seed)
    planned = []
    for i in range(count // 2):
        begin = T0 + int(draw.integers(hours * HOUR))
        asset, rule = f"T{draw.integers(assets)}", int(draw.integers(12))
        planned.append((begin, i, asset, rule, "raised"))
        planned.append((begin + int(draw.integers(SECOND, hours * MINUTE)), i, asset, rule, "cleared"))
    planned.sort()
    return [
        detection(n, moment, asset, rule, phase=phase, episode=f"e{i}")
        for n, (moment, i, asset, rule, phase) in enumerate(planned)
    ]


def bad_actors(count: int, assets: int, seed: int) -> list[Event]:
    """Raises and clears within eight hours of which few alarms bring most: Zipf's law over 12 rules x the assets."""
    draw = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, 12 * assets + 1)
    alarms = draw.permutation(12 * assets)[draw.choice(12 * assets, size=count // 2, p=share / share.sum())]
    planned = []
    for i, alarm in enumerate(alarms.tolist()):
        begin = T0 + int(draw.integers(8 * HOUR))
        planned.append((begin, i, alarm, "raised"))
        planned.append((begin + int(draw.integers(SECOND, 5 * MINUTE)), i, alarm, "cleared"))
    planned.sort()
    return [
        detection(n, moment, f"T{alarm % assets}", alarm // assets, phase=phase, episode=f"e{i}")
        for n, (moment, i, alarm, phase) in enumerate(planned)
    ]


def storm(count: int, seed: int) -> list[Event]:
    """Raises, every one standing, at the assets of one zone, within three hours: they all belong together."""
    draw = np.random.default_rng(seed)
    moments = sorted(T0 + int(draw.integers(3 * HOUR)) for _ in range(count))
    return [
        detection(n, moment, f"T{n % 20}", n // 20, phase="raised", episode=f"f{n}") for n, moment in enumerate(moments)
    ]


def records(events: Sequence[Event]) -> list[tuple[str, str, bytes]]:
    """(subject, id, data) of events with a tick every ten minutes behind them."""
    found, due = [], T0 + TICK
    for event in [*events, None]:
        while event is None or event.occurred > due:
            tick = make_event(site="bench", source="tick", sequence=due, occurred=due,
                              body=Tick(watermark=due, final=event is None))  # fmt: skip
            found.append(("fusion/bench:tick", tick.id, encode_event(tick)))
            due += TICK
            if event is None:
                return found
        found.append(("fusion/bench:event", event.id, encode_event(event)))
    return found


def ours(model: Site, events: Sequence[Event], folder: Path) -> tuple[float, float, int, int]:
    """(events/s, events per CPU second, outputs, bytes of the last state) through log, fusion and commit."""
    with open_store(folder) as store:
        rows = records(events)
        for subject in ("fusion/bench:event", "fusion/bench:tick"):
            assert subject in {row[0] for row in rows}
        for start in range(0, len(rows), 500):
            _append(store, rows[start : start + 500])
        unit, partition = FusionUnit(model), "fusion/bench"
        lease = store.checkpoints.acquire(partition, store.checkpoints.observe(partition), "bench")
        outputs, after, size = 0, 0, 0
        begun, cpu = time.perf_counter(), time.process_time()
        while batch := store.log.read(partition, after, CHUNK):
            made: list[Output] = []
            for record in batch:
                made += unit.update(record)
            after = batch[-1].offset
            state = unit.dump()
            lease.commit(after, state, made)
            outputs, size = outputs + len(made), len(state)
        took, spent = time.perf_counter() - begun, time.process_time() - cpu
        return len(events) / took, len(events) / spent, outputs, size


def _append(store: Any, rows: Sequence[tuple[str, str, bytes]]) -> None:
    """Append in order: neighbours of one subject together."""
    start = 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or rows[i][0] != rows[start][0]:
            store.log.append(rows[start][0], [(name, data) for _, name, data in rows[start:i]])
            start = i


def per_event(events: Sequence[Event], folder: Path) -> tuple[float, int]:
    """(events/s, incidents) of a dict of open incidents, one commit an event."""
    base = sqlite3.connect(folder / "rival.db", isolation_level=None)
    base.execute("pragma journal_mode=wal")
    base.execute("pragma synchronous=full")
    base.execute("create table incident (key text primary key, began integer, last integer, n integer, text text)")
    data = [encode_event(event) for event in events]
    standing: dict[str, list[Any]] = {}
    begun, made = time.perf_counter(), 0
    for line in data:
        event = _decode(line)
        asset = event.assets[0]
        known = standing.get(asset)
        if known is None or event.occurred - known[2] > 2 * HOUR:
            made += 1
            known = standing[asset] = [f"{asset}/{event.occurred}", event.occurred, event.occurred, 0, ""]
        known[2], known[3] = event.occurred, known[3] + 1
        known[4] = event.body.sentence if isinstance(event.body, Detection) else ""
        base.execute("insert or replace into incident values (?,?,?,?,?)", known)
    took = time.perf_counter() - begun
    base.close()
    return len(events) / took, made


def with_pandas(events: Sequence[Event], folder: Path) -> tuple[float, int]:
    """(events/s, incidents) of one groupby over the finished day, written in one transaction."""
    import pandas as pd

    data = [encode_event(event) for event in events]
    base = sqlite3.connect(folder / "pandas.db")
    begun = time.perf_counter()
    decoded = [_decode(line) for line in data]
    frame = pd.DataFrame(
        {"asset": [e.assets[0] for e in decoded], "time": [e.occurred for e in decoded],
         "text": [e.body.sentence if isinstance(e.body, Detection) else "" for e in decoded]}
    )  # fmt: skip
    frame = frame.sort_values(["asset", "time"])
    new = (frame["asset"] != frame["asset"].shift()) | (frame["time"].diff() > 2 * HOUR)
    grouped = frame.groupby(new.cumsum()).agg(
        asset=("asset", "first"), began=("time", "min"), last=("time", "max"), n=("time", "size"), text=("text", "last")
    )
    grouped.to_sql("incident", base, index=False)
    base.commit()
    took = time.perf_counter() - begun
    base.close()
    return len(events) / took, len(grouped)


def _decode(line: bytes) -> Event:
    from infrastress.events import decode_event

    return decode_event(line)


def main(options: Sequence[str] = ()) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fusion")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args(list(options))
    scale = 10 if chosen.quick else 1
    model = site(400)
    loads = {
        "burst": raises_and_clears(100_000 // scale, 400, hours=1, seed=1),
        "bad actors": bad_actors(100_000 // scale, 400, seed=4),
        "day": raises_and_clears(100_000 // scale, 400, hours=24, seed=1),
        "storm": storm(10_000 // scale, seed=2),
        "storm x4": storm(40_000 // scale, seed=3),
    }
    result: dict[str, Any] = {"goal": GOAL, "circumstances": circumstances("pandas", "msgspec", "sqlalchemy")}
    rows = []
    for name, events in loads.items():
        with tempfile.TemporaryDirectory() as folder:
            rate, core, outputs, size = ours(model, events, Path(folder) / "store")
            plain, _ = per_event(events[:5_000], Path(folder))
            frame, _ = with_pandas(events, Path(folder))
        result[name] = {
            "events": len(events),
            "ours": rate,
            "ours_per_cpu_second": core,
            "outputs": outputs,
            "state_bytes": size,
            "per_event_commit": plain,
            "pandas_at_end_of_day": frame,
        }
        rows.append(
            [name, f"{len(events):,}", f"{rate:,.0f}", f"{core:,.0f}", f"{outputs:,}", f"{plain:,.0f}", f"{frame:,.0f}"]
        )
    head = [
        "load",
        "events",
        "ours, events/s",
        "ours, per CPU second",
        "records put out",
        "per-event commit, events/s",
        "pandas, events/s",
    ]
    print_result(result, table(head, rows), as_json=chosen.json)


if __name__ == "__main__":
    main()
