"""Training: recordings of normal days become frames by the live pipeline's own admission, and detectors learn."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from infrastress.app.baselines import Baseline, write_baseline
from infrastress.app.detecting import Chosen, choose_detectors
from infrastress.app.files import make_folder, write_atomically
from infrastress.app.reading import open_recordings
from infrastress.core.errors import InputError
from infrastress.core.time import DAY, from_iso, to_iso
from infrastress.events.delivery import Balance
from infrastress.events.frames import Block, Finding, Frames
from infrastress.runtime.admission import Admission
from infrastress.runtime.detection import DetectionUnit
from infrastress.site import Site
from infrastress.store.ports import Record

__all__ = ["Span", "Trained", "parse_span", "train"]

Span = tuple[int, int]


@dataclass
class Trained:
    """What came of a training.

    Attributes:
        baselines: by detector; those that learn nothing are absent.
        files: where they were written.
        report: the report file.
        balances: of each recording's sources.
        frames: closed frames that held any telemetry, after exclusion.
        days: time they cover.
    """

    baselines: dict[str, Baseline] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    report: Path = Path()
    balances: dict[str, dict[str, Balance]] = field(default_factory=dict)
    frames: int = 0
    days: float = 0.0


def parse_span(text: str) -> Span:
    """A span "A/B" of ISO 8601 times with offsets, as (began, ended) in ns.

    Raises:
        InputError: it is none, or ends before it begins.
    """
    first, slash, last = text.partition("/")
    if not slash:
        raise InputError(f"{text!r} is no span", remedy="write 2026-03-01T00:00:00Z/2026-03-01T06:00:00Z")
    span = from_iso(first), from_iso(last)
    if span[1] <= span[0]:
        raise InputError(f"{text!r} ends before it begins")
    return span


def train(
    site: Site,
    folder: Path,
    recordings: Sequence[Path],
    state: Path,
    *,
    exclude: Collection[Span] = (),
    first_rows: int | None = None,
    approved: bool = False,
) -> Trained:
    """Let the site's detectors learn from recordings of normal days; baselines and report go to `state`.

    Args:
        site: the site model.
        folder: its folder.
        recordings: files or folders, each read on its own.
        state: where baselines go.
        exclude: spans to leave out, such as a known fault.
        first_rows: rows of telemetry to learn from, of each file; without it all.
        approved: whether a person vouches for the result at once.

    Raises:
        InputError: nothing to learn from.
    """
    trained = Trained()
    chosen = choose_detectors(site)
    rows = dict.fromkeys(recordings, first_rows)
    sources = _survey(site, folder, rows, exclude, trained)
    if not trained.frames:
        raise InputError("no telemetry to learn from", where=", ".join(map(str, recordings)), remedy="see its balance")
    for name, (plugin, options) in chosen.items():
        lesson = plugin.learn(site, options, _all_blocks(site, folder, rows, exclude))
        if lesson is None:
            continue
        trained.baselines[name] = Baseline(
            detector=name,
            version=plugin.version,
            site_version=site.version,
            baseline=lesson.baseline,
            words=lesson.words,
            warnings=lesson.warnings,
            trained_on=tuple(sources),
            approved=approved,
        )
    for baseline in trained.baselines.values():
        trained.files.append(write_baseline(state, baseline))
    trained.report = make_folder(state) / "train-report.md"
    write_atomically(trained.report, _report(site, trained, chosen, sources, exclude).encode())
    return trained


class _Collector:
    """Stands where detectors stand and keeps the blocks, so that learning sees exactly what judging will see."""

    name, version = "training", "1"

    def __init__(self) -> None:
        self._blocks: list[Block] = []

    def update(self, block: Block) -> list[Finding]:
        """Keep the block."""
        self._blocks.append(block)
        return []

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


def _survey(
    site: Site, folder: Path, rows: Mapping[Path, int | None], exclude: Collection[Span], trained: Trained
) -> list[dict[str, Any]]:
    """Read everything once: balances, spans, amounts."""
    sources = []
    width = round(site.runtime.frame_s * 1e9)
    for path, first_rows in rows.items():
        began = ended = None
        frames = 0
        balances: dict[str, Balance] = {}
        for block in _blocks(site, folder, path, exclude, balances, first_rows=first_rows):
            filled = np.flatnonzero((block.frames.count > 0).any(axis=1))
            if len(filled):
                began = int(block.frames.ends[filled[0]]) - width if began is None else began
                ended = int(block.frames.ends[filled[-1]])
                frames += len(filled)
        trained.balances[str(path)] = balances
        trained.frames += frames
        if began is not None and ended is not None:
            sources.append({"recording": path.name, "began": to_iso(began), "ended": to_iso(ended), "frames": frames})
    trained.days = trained.frames * width / DAY
    return sources


def _all_blocks(
    site: Site, folder: Path, rows: Mapping[Path, int | None], exclude: Collection[Span]
) -> Iterator[Block]:
    for path, first_rows in rows.items():
        yield from _blocks(site, folder, path, exclude, {}, first_rows=first_rows)


def _blocks(
    site: Site,
    folder: Path,
    path: Path,
    exclude: Collection[Span],
    balances: dict[str, Balance],
    *,
    first_rows: int | None = None,
) -> Iterator[Block]:
    """Blocks of one recording, as detectors will see them; excluded spans are empty frames without events."""
    connectors = open_recordings(site, folder, [path], first_rows=first_rows)
    admission = Admission(site, [connector.source for connector in connectors])
    collector = _Collector()
    unit = DetectionUnit(site, [collector])
    readers = {connector.source.id: connector.deliveries() for connector in connectors}
    offset = 0
    while readers:
        source = min(readers, key=lambda name: (admission.progress(name) or 0, name))
        delivery = next(readers[source], None)
        if delivery is None:
            del readers[source]
        for output in admission.end(source) if delivery is None else admission.admit(delivery):
            offset += 1
            unit.update(Record(offset, output.id, output.subject, output.data))
        for block in collector.take():
            yield _without(block, exclude)
    balances.update(admission.balances)


def _without(block: Block, exclude: Collection[Span]) -> Block:
    frames, events = block
    for began, ended in exclude:
        out = (frames.ends > began) & (frames.ends - frames.width < ended)
        if out.any():
            keep = ~out[:, None]
            mean, last = np.where(keep, frames.mean, np.nan), np.where(keep, frames.last, np.nan)
            frames = Frames(frames.width, frames.ends, frames.tags, mean, last, np.where(keep, frames.count, 0))
        events = tuple(event for event in events if not began <= event.occurred < ended)
    return Block(frames, events)


def _report(
    site: Site, trained: Trained, chosen: dict[str, Chosen], sources: list[dict[str, Any]], exclude: Collection[Span]
) -> str:
    lines = [
        f"# What was learned at {site.name or site.id}",
        "",
        f"Site model {site.version}; {trained.frames} frames of {site.runtime.frame_s:g} s with telemetry, "
        f"{trained.days:.1f} days.",
        "",
        "| recording | from | to | frames |",
        "|---|---|---|---|",
        *(f"| {one['recording']} | {one['began']} | {one['ended']} | {one['frames']} |" for one in sources),
        "",
    ]
    if exclude:
        lines += ["Left out:", "", *(f"- {to_iso(a)} to {to_iso(b)}" for a, b in sorted(exclude)), ""]
    lines += ["| recording | source | read | accepted | quarantined | dropped |", "|---|---|---|---|---|---|"]
    for path, balances in trained.balances.items():
        for source, one in sorted(balances.items()):
            counts = f"{one.read} | {one.accepted} | {one.quarantined.total()} | {one.dropped.total()}"
            lines.append(f"| {Path(path).name} | {source} | {counts} |")
    for name, (plugin, _) in chosen.items():
        lines += ["", f"## {name}, version {plugin.version}", ""]
        baseline = trained.baselines.get(name)
        if baseline is None:
            lines.append("Learns nothing: its rules come from the site model alone.")
            continue
        lines += [f"- {word}" for word in baseline.words]
        lines += [f"- **Warning**: {warning}" for warning in baseline.warnings]
        approval = "approved" if baseline.approved else "not approved yet: `infrastress train SITE --approve`"
        lines += ["", f"Baseline {baseline.content[:16]}, {approval}."]
    return "\n".join(lines) + "\n"
