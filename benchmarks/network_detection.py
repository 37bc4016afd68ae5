"""Labelled Modbus captures: what the network rules and the learned baseline find, beside simple rivals.

    python -m benchmarks network_detection

The rules for all of it, written down before anything was scored with them:

* Detectors run with their default options and an empty site model.
* Learned: the first part of a capture, up to half of the packets before its first attack packet, is learned from; only
  packets behind it are scored. Unlearned: rules alone, the whole capture is scored. Poisoned: learned from the whole
  capture, attack and all, and the whole is scored.
* An attack packet is found where its pair of nodes (either direction) has an episode open when it comes, or raised by
  it: by key, as an operator is told. A false key is a raised episode without an attack packet of its pair in its time.
  A normal packet is alarmed where its pair has an open episode.
* The allow-list: (client, server, unit, function code) of the learning part; packets of a later row that isn't in it
  are alarmed, and all packets of a pair that wasn't heard in the learning part.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import circumstances, table
from benchmarks.public import data_folder
from infrastress.connectors.pcap.recorded import CaptureConnector, CaptureOptions
from infrastress.core.time import SECOND
from infrastress.detectors.base import Detector
from infrastress.detectors.network import NetworkBaselineDetector, NetworkRuleDetector
from infrastress.events import NetworkRecords, NetworkRow
from infrastress.events.frames import Block, Finding, Frames
from infrastress.site import Site
from infrastress.site.sources import Source

SITE = Site.model_validate({"id": "plant"})
WIDTH = 60 * SECOND
Pair = frozenset[str]


class Capture(NamedTuple):
    """Rows by the time they were known, labels by packet number, and the rows' pairs by packet."""

    name: str
    records: NetworkRecords
    labels: dict[int, bool]
    pairs: dict[int, Pair]
    times: dict[int, int]


class Score(NamedTuple):
    """Attack packets, how many were found, normal packets, how many were alarmed, false and raised keys."""

    attack: int
    found: int
    normal: int
    false: int
    false_keys: int
    keys: int


def read(path: Path) -> Capture:
    """A capture with the labels beside it (`number;label` a line). Packets that no row names have no pair."""
    source = Source(id="capture", kind="network")
    told = CaptureConnector(SITE, source, CaptureOptions(path=path)).deliveries()
    records = NetworkRecords.joined([one for delivery in told for one in delivery.network])
    records = records.take(np.argsort(records.known, kind="stable"))
    lines = path.with_suffix(".csv").read_text().split()
    labels = {int(number): label == "1" for number, label in (line.split(";") for line in lines)}
    pairs, times = dict[int, Pair](), dict[int, int]()
    for number, (ends, at) in packets(path).items():
        pairs[number], times[number] = ends, at
    return Capture(path.stem, records, labels, pairs, times)


def packets(path: Path) -> dict[int, tuple[Pair, int]]:
    """Addresses and time of every IP packet by number, straight from the headers."""
    from ipaddress import ip_address

    from infrastress.connectors.pcap.capture import Capture as File
    from infrastress.connectors.pcap.layers import headers

    found = {}
    for chunk in File(path):
        h = headers(chunk)
        for i, (version, at) in enumerate(zip(h.version.tolist(), h.network.tolist(), strict=True)):
            if version in (4, 6):
                begin, size = (at + 12, 4) if version == 4 else (at + 8, 16)
                ends = (chunk.data[begin : begin + size], chunk.data[begin + size : begin + 2 * size])
                found[chunk.first + i] = frozenset(str(ip_address(end)) for end in ends), int(chunk.time[i])
    return found


def block(records: NetworkRecords, width: int = WIDTH) -> Block:
    """All frames from the first to the last row."""
    known = records.known
    first, last = -(-int(known.min()) // width), -(-int(known.max()) // width)
    ends = np.arange(first, last + 1, dtype=np.int64) * width
    nothing = np.empty((len(ends), 0))
    return Block(Frames(width, ends, (), nothing, nothing, nothing.astype(np.int32)), (), (records,))


def episodes(
    detectors: Sequence[Detector], records: NetworkRecords, pair_of: dict[str, Pair]
) -> list[tuple[Pair, int, int]]:
    """(pair, begin, end) of each raised episode, ns; a node's own is a pair of one."""
    opened: dict[str, tuple[Pair, int, int]] = {}
    for detector in detectors:
        for finding in detector.update(block(records)):
            key = f"{finding.body.rule} {finding.body.episode}"
            if finding.body.phase == "raised":
                opened.setdefault(key, (_pair(finding, pair_of), finding.body.began, 1 << 62))
            elif key in opened:
                opened[key] = (*opened[key][:2], finding.occurred)
    return list(opened.values())


def _pair(finding: Finding, pair_of: dict[str, Pair]) -> Pair:
    return next((pair_of[packet] for packet in finding.body.packets if packet in pair_of), frozenset())


def score(capture: Capture, alarms: list[tuple[Pair, int, int]], after: int) -> Score:
    """Of the packets from a number on."""
    attack = found = normal = false = 0
    guilty = set[int]()
    for number, bad in capture.labels.items():
        if number < after or number not in capture.pairs:
            continue
        pair, at = capture.pairs[number], capture.times[number]
        hits = [i for i, (ends, begin, end) in enumerate(alarms) if ends == pair and begin <= at <= end]
        attack, found = attack + bad, found + (bad and bool(hits))
        normal, false = normal + (not bad), false + (not bad and bool(hits))
        guilty.update(hits if bad else ())
    return Score(attack, found, normal, false, len(alarms) - len(guilty), len(alarms))


def row_pairs(capture: Capture) -> dict[str, Pair]:
    """Pairs by `capture#number`, as detections name packets."""
    return {f"{capture.name}.pcap#{number}": pair for number, pair in capture.pairs.items()}


def learning_end(capture: Capture) -> int:
    """Number of the first packet that isn't learned from: half of those before the first attack."""
    return min(number for number, bad in capture.labels.items() if bad) // 2


def judged(capture: Capture) -> Iterator[tuple[str, Score]]:
    """Scores by method."""
    split = learning_end(capture)
    numbers = capture.records.integers("packet")
    early = capture.records.take(np.flatnonzero(numbers < split))
    late = capture.records.take(np.flatnonzero(numbers >= split))
    names = row_pairs(capture)
    yield "rules, nothing learned", score(capture, episodes([NetworkRuleDetector(SITE)], capture.records, names), 0)
    baseline = learned(early)
    yield "baseline, learned", score(capture, episodes([baseline], late, names), split)
    both = [NetworkRuleDetector(SITE), learned(early)]
    yield "rules and baseline, learned", score(capture, episodes(both, late, names), split)
    poisoned = [NetworkRuleDetector(SITE), learned(capture.records)]
    yield (
        "rules and baseline, attack among what was learned",
        score(capture, episodes(poisoned, capture.records, names), 0),
    )
    yield "allow-list, learned", allow_list(capture, early, late, split)
    yield "allow-list, attack among what was learned", allow_list(capture, capture.records, capture.records, 0)
    yield "always", trivial(capture, alarm=True)
    yield "never", trivial(capture, alarm=False)


def learned(records: NetworkRecords) -> NetworkBaselineDetector:
    """A baseline from records, as `train` makes it."""
    options = NetworkBaselineDetector.Options()
    lesson = NetworkBaselineDetector.learn(SITE, options, [block(records)])
    return NetworkBaselineDetector(SITE, options, lesson.baseline if lesson else None)


def _key(row: NetworkRow) -> tuple[Any, ...]:
    return row.client, row.server, row.unit, row.function


def allow_list(capture: Capture, early: NetworkRecords, late: NetworkRecords, after: int) -> Score:
    """The strongest simple rival: whole packets of rows whose key wasn't there before."""
    allowed = {_key(row) for row in early.rows()}
    strange = [row for row in late.rows() if _key(row) not in allowed]
    hit = {number for row in strange for number in (row.packet, row.response_packet) if number is not None}
    heard = {frozenset((row.client, row.server)) for row in early.rows()}
    hit |= {number for number, pair in capture.pairs.items() if pair not in heard}
    scored = [(number, bad) for number, bad in capture.labels.items() if number >= after and number in capture.pairs]
    keys = {_key(row): any(capture.labels.get(n or 0) for n in (row.packet, row.response_packet)) for row in strange}
    attack = [number for number, bad in scored if bad]
    normal = [number for number, bad in scored if not bad]
    wrong = sum(not bad for bad in keys.values())
    return Score(len(attack), len(hit & set(attack)), len(normal), len(hit & set(normal)), wrong, len(keys))


def trivial(capture: Capture, *, alarm: bool) -> Score:
    """Every packet, or none."""
    bad = sum(label for number, label in capture.labels.items() if number in capture.pairs)
    good = len(capture.pairs) - bad
    return Score(bad, bad * alarm, good, good * alarm, 0, int(alarm))


def _shares(one: Score) -> tuple[float, float, float]:
    return 100 * one.found / max(1, one.attack), 100 * one.false / max(1, one.normal), float(one.false_keys)


def main(argv: Sequence[str] = ()) -> None:
    """Print the tables."""
    del argv
    files = sorted(data_folder("ot-pcaps").joinpath("lemay-modbus").glob("*.pcap"))
    every: dict[str, list[Score]] = {}
    for path in files:
        rows = []
        for method, one in judged(read(path)):
            every.setdefault(method, []).append(one)
            rows.append(
                [
                    method,
                    f"{one.found} of {one.attack}",
                    f"{one.false} of {one.normal}",
                    f"{one.false_keys} of {one.keys}",
                ]
            )
        head = ["method", "attack packets found", "normal packets alarmed", "false keys"]
        sys.stdout.write(f"\n{path.stem}\n\n{table(head, rows)}\n")
    mean = [
        [method, *(float(np.mean(column)) for column in zip(*map(_shares, scores), strict=True))]
        for method, scores in every.items()
    ]
    sys.stdout.write(f"\nmean over {len(files)} captures\n\n")
    sys.stdout.write(
        table(["method", "attack packets found, %", "normal packets alarmed, %", "false keys"], mean) + "\n"
    )
    sys.stdout.write(f"\n{circumstances()}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
