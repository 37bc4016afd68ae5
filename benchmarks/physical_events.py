"""Observations through the detectors of doors, fences, devices, tracks and reports: events a second, state and memory.

Loads, seeded, on a site of 500 people, 60 doors, 200 gas heads (forty groups of five that vote), 60 fence sections:

- `busy`: 5,000 events a second of event time for as long as asked: reads with their doors, logins, readings, switches,
  one in a hundred a point of one of twenty tracks, one in a thousand a report by a neighbour;
- `forged`: the same with names that nobody knows, each of them new: what a flood of invented badges and devices costs;
- `late`: `busy`, one event in twenty told up to ten minutes late.

Each is decoded from the log's bytes and judged in blocks of one frame (10 s), state dumped after each as the runtime
does. Rival in the same run: a plain loop that only decodes the same bytes. Goal: 5,000 events/s on two cores, memory
flat: the state at the end no larger than halfway by more than a tenth.
"""

import argparse
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import count
from math import cos, sin
from random import Random
from typing import Any

import numpy as np

from benchmarks.common import circumstances, peak_mb, print_result, table
from infrastress.core.time import SECOND, from_iso
from infrastress.detectors.access import AccessDetector
from infrastress.detectors.base import Detector
from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.detectors.reports import ReportDetector
from infrastress.detectors.tracks import TrackDetector
from infrastress.events import (
    AccessAttempt,
    DoorState,
    GasReading,
    LoginAttempt,
    Report,
    SwitchState,
    TrackPoint,
    decode_event,
    encode_event,
    make_event,
)
from infrastress.events.frames import Block, Frames
from infrastress.site import Site

T0 = from_iso("2026-03-10T08:00:00Z")
WIDTH = 10 * SECOND
RATE = 5_000
GOAL = 5_000
PEOPLE, DOORS, HEADS, SECTIONS = 500, 60, 200, 60
LATITUDE, LONGITUDE = 44.1, 9.8


def site() -> Site:
    """A large plant: a yard, halls behind doors, groups of gas heads, a fence around it."""
    square = [[0, 0], [500, 0], [500, 500], [0, 500]]
    zones: list[dict[str, Any]] = [{"id": "yard", "polygon": square, "closed_to": ["drone"]}]
    zones += [{"id": f"Z{i}", "access": "restricted" if i % 3 == 0 else "staff"} for i in range(DOORS - 1)]
    doors = [{"id": "D0", "type": "door", "zone": "yard", "leads_to": "yard", "position": [0, 0], "counts": True}]
    doors += [
        {"id": f"D{i + 1}", "type": "door", "zone": "yard", "leads_to": f"Z{i}",
         "position": [60 * (i % 8), 60 * (i // 8)], "counts": i % 2 == 0}
        for i in range(DOORS - 1)
    ]  # fmt: skip
    heads = [{"id": f"G{i}", "type": "gas_detector", "zone": f"Z{i % (DOORS - 1)}"} for i in range(HEADS)]
    fence = [{"id": f"F{i}", "type": "fence", "line": [[50 * i, 0], [50 * i + 50, 0]]} for i in range(SECTIONS)]
    hosts = [{"id": f"H{i}", "type": "host", "role": "hmi", "zone": f"Z{i}"} for i in range(20)]
    people = [
        {"id": f"P{i}", "role": "operator", "badge": str(i), "accounts": [f"p{i}"], "shifts": ["day"],
         "zones": [zone["id"] for zone in zones]}
        for i in range(PEOPLE)
    ]  # fmt: skip
    groups = [{"id": f"V{i}", "members": [f"G{5 * i + j}" for j in range(5)], "needed": 2} for i in range(HEADS // 5)]
    return Site.model_validate(
        {"id": "bench", "location": {"crs": "local", "latitude": LATITUDE, "longitude": LONGITUDE}, "zones": zones,
         "assets": [*doors, *heads, *fence, *hosts], "people": people, "voting": groups,
         "shifts": [{"id": "day", "begins": "06:00", "ends": "22:00"}]}
    )  # fmt: skip


def bodies(random: Random, number: int, *, forged: bool) -> Iterator[Any]:
    """What happens, without end: three in ten are reads with their doors, half are readings."""
    steps = count()
    name = (lambda word: f"{word}-{number}-{random.randrange(10**9)}") if forged else None
    while True:
        dice, door = random.random(), random.randrange(DOORS)
        zone = "yard" if door == 0 else f"Z{door - 1}"
        if dice < 0.15:
            person = name("badge") if name else f"P{random.randrange(PEOPLE)}"
            yield AccessAttempt(person=person, door=f"D{door}", zone=zone, direction=random.choice(("in", "out")))
            yield DoorState(door=name("door") if name else f"D{door}", state="open")
            yield DoorState(door=f"D{door}", state="closed", people=1)
        elif dice < 0.25:
            account = name("account") if name else f"p{random.randrange(PEOPLE)}"
            yield LoginAttempt(account=account, host=f"H{random.randrange(20)}", origin="", success=dice < 0.24)
        elif dice < 0.95:
            head = name("head") if name else f"G{random.randrange(HEADS)}"
            yield GasReading(detector=head, level_lel=0.02 if dice < 0.945 else 0.15)
        elif dice > 0.999:
            person = name("neighbour") if name else f"n{random.randrange(5000)}"
            yield Report(
                reporter=person, channel="form", category=random.choice(("smell", "noise", "smoke")), text="it smells",
                latitude=LATITUDE + random.gauss(0.0, 0.01), longitude=LONGITUDE + random.gauss(0.0, 0.01),
                device=person, network=f"net{random.randrange(400)}",
            )  # fmt: skip
        elif dice > 0.989:
            track = random.randrange(20)
            step = next(steps) / 1000.0
            yield TrackPoint(
                track=name("track") if name else f"t{track}", sensor="radar", what="drone", altitude_m=80.0,
                latitude=LATITUDE + 0.02 * cos(track + step), longitude=LONGITUDE + 0.02 * sin(track + step),
                accuracy_m=8.0,
            )  # fmt: skip
        else:
            device = name("section") if name else f"F{random.randrange(SECTIONS)}"
            yield SwitchState(device=device, state=random.choice(("alarm", "normal")))


def recording(kind: str, seconds: int, seed: int) -> list[bytes]:
    """Events of a load as the log keeps them, in the order in which they come to be known."""
    random = Random(seed)  # noqa: S311 - a load, not a secret
    told, source = [], bodies(random, seed, forged=kind == "forged")
    for i in range(seconds * RATE):
        occurred = T0 + i * SECOND // RATE
        known = occurred + (random.randrange(600) * SECOND if kind == "late" and random.random() < 0.05 else 0)
        event = make_event(
            site="bench", source=f"s{i % 7}", sequence=i, occurred=occurred, observed=known, body=next(source)
        )
        told.append((known, encode_event(event)))
    return [data for _, data in sorted(told)]


def team(plant: Site) -> list[Detector]:
    """The detectors of events."""
    return [AccessDetector(plant), PerimeterDetector(plant), TrackDetector(plant), ReportDetector(plant)]


def judge(detectors: Sequence[Detector], data: list[bytes], seconds: int) -> dict[str, Any]:
    """Decode and judge in frames; events a second over all detectors, findings, and the state by tenths of the time."""
    sizes: list[int] = []
    found, at, begin = 0, 0, time.process_time()
    horizon = seconds + 620
    for k in range(1, horizon // 10 + 1):
        end = T0 + k * WIDTH
        events = []
        while at < len(data):
            event = decode_event(data[at])
            if max(event.occurred, event.observed) > end:
                break
            events.append(event)
            at += 1
        empty = np.zeros((1, 0))
        frames = Frames(WIDTH, np.array([end], dtype=np.int64), (), empty, empty, empty.astype(np.int32))
        block = Block(frames, tuple(sorted(events, key=lambda e: (e.occurred, e.id))))
        state = 0
        for detector in detectors:
            found += len(detector.update(block))
            state += len(detector.dump())
        if events:
            sizes.append(state)
    spent = time.process_time() - begin
    return {"rate": len(data) / spent, "found": found, "state_mid": sizes[len(sizes) // 2], "state_end": sizes[-1]}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="of event time, at 5,000 events a second")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    plant = site()
    rows, result = [], {"goal": GOAL, "circumstances": circumstances("msgspec"), "loads": {}}
    for seed, kind in enumerate(("busy", "forged", "late"), start=1):
        data = recording(kind, chosen.seconds, seed)
        begin = time.process_time()
        for one in data:
            decode_event(one)
        rival = len(data) / (time.process_time() - begin)
        ours = judge(team(plant), data, chosen.seconds)
        tracemalloc.start()
        judge(team(plant), data[: len(data) // 10], chosen.seconds // 10)
        ours["python_peak_mb"] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        result["loads"][kind] = {**ours, "events": len(data), "rival_rate": rival}
        rows.append(
            [kind, len(data), ours["rate"], rival, ours["found"], ours["state_mid"] / 1e6, ours["state_end"] / 1e6]
        )
    result["peak_mb"] = peak_mb()
    head = [
        "load",
        "events",
        "ours, events/s of CPU",
        "decoding alone",
        "findings",
        "state halfway, MB",
        "state at the end, MB",
    ]
    print_result(result, table(head, rows), as_json=chosen.json)


if __name__ == "__main__":
    main()
