"""The training's report: what was read, left out, refused, learned, and what cannot be seen; for a process engineer."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from infrastress.app.baselines import in_force, read_version
from infrastress.app.detecting import Chosen
from infrastress.app.files import make_folder, write_atomically
from infrastress.app.training.changes import changes_between
from infrastress.app.training.overview import Overview, Spread
from infrastress.app.training.pictures import draw_coverage, draw_ranges, draw_scores
from infrastress.app.training.suspicion import joined
from infrastress.core.errors import BaselineError
from infrastress.core.time import HOUR, to_iso
from infrastress.detectors.process.residuals.relations import Relation
from infrastress.detectors.process.residuals.words import deviation, explained_by, smallest_offset
from infrastress.detectors.process.trust.words import blind_spots, sensors_learned
from infrastress.site import Site

if TYPE_CHECKING:
    from infrastress.app.training.run import Trained

__all__ = ["paste_line", "write_report"]

FILE, PICTURES = "train-report.md", "train-report"
_WORST, _LISTED = 10, 100


def paste_line(trained: "Trained") -> str:
    """Options that leave out all that looks attacked, ready to be pasted behind the command."""
    spans = joined(trained.suspicions, HOUR)
    return " ".join(f"--exclude {to_iso(began)}/{to_iso(ended)}" for began, ended in spans)


def write_report(site: Site, state: Path, trained: "Trained", chosen: dict[str, Chosen], overview: Overview) -> Path:
    """Write the report and its pictures to the state folder; returns the report's file."""
    pictures = make_folder(state / PICTURES)
    draw_coverage(site, overview, trained, pictures / "coverage.png")
    draw_ranges(overview, pictures / "ranges.png")
    for name in overview.scores:
        draw_scores(site, overview, trained, name, pictures / f"scores-{name}.png")
    parts = [
        _head(site, trained),
        _verdict(trained),
        _read(trained),
        _coverage(overview),
        *(_detector(trained, name, chosen[name], overview) for name in chosen),
        _sensors(trained, overview),
        _relations(trained, overview),
        _changes(state, trained),
    ]
    lines = [line for part in parts for line in part]
    file = state / FILE
    write_atomically(file, ("\n".join(lines) + "\n").encode())
    return file


def _head(site: Site, trained: "Trained") -> Iterator[str]:
    yield f"# What was learned at {site.name or site.id}"
    yield ""
    yield (
        f"Site model {site.version}; {trained.frames} frames of {site.runtime.frame_s:g} s with telemetry, "
        f"{trained.days:.1f} days."
    )
    if trained.version is not None:
        version = trained.version
        by = f" by {version.by}" if version.by else ""
        why = f": {version.why}" if version.why else ""
        yield f"Version {version.number}, {version.created}{by}{why}. Not approved yet: read this, then"
        yield f"`infrastress train SITE --approve --version {version.number} --by NAME-OR-ROLE`."
    yield ""


def _verdict(trained: "Trained") -> Iterator[str]:
    yield "## Does it look attacked?"
    yield ""
    if not trained.suspicions:
        yield (
            "No: no rule of the site model was broken for long, no signal froze while others moved, no stretch came "
            "twice to the last digit, no clock went back. That proves nothing: look at the worst days below."
        )
    elif trained.refused:
        yield "**Yes. Nothing was learned.** Find out what happened, then leave these spans out:"
        yield ""
        yield f"    {paste_line(trained)}"
        yield ""
        yield 'or, where it is normal for this plant, say why: `--accept "reason"`.'
    else:
        yield f"Yes, and it was learned from all the same, because: {trained.accepted}"
    if trained.suspicions:
        yield ""
        yield "| from | to | rule | what was seen |"
        yield "|---|---|---|---|"
        for one in trained.suspicions[:_LISTED]:
            yield f"| {to_iso(one.began)} | {to_iso(one.ended)} | {one.rule} | {one.what} |"
        if len(trained.suspicions) > _LISTED:
            yield f"| | | | and {len(trained.suspicions) - _LISTED} more |"
    for warning in trained.warnings:
        yield ""
        yield f"**Warning**: {warning}."
    yield ""


def _read(trained: "Trained") -> Iterator[str]:
    yield "## What was read"
    yield ""
    yield "| recording | from | to | frames |"
    yield "|---|---|---|---|"
    for one in trained.recordings:
        span = "- | -" if one.began is None or one.ended is None else f"{to_iso(one.began)} | {to_iso(one.ended)}"
        yield f"| {Path(one.name).name} | {span} | {one.frames} |"
    yield ""
    yield "| recording | source | read | accepted | quarantined | dropped | labelled rows |"
    yield "|---|---|---|---|---|---|---|"
    for one in trained.recordings:
        rows = sum(count for _, count in one.labelled)
        for source, balance in sorted(one.balances.items()):
            refused = ", ".join(f"{n} {reason}" for reason, n in sorted(balance.quarantined.items())) or "0"
            counts = f"{balance.read} | {balance.accepted} | {refused} | {balance.dropped.total()} | {rows}"
            yield f"| {Path(one.name).name} | {source} | {counts} |"
    yield ""
    if trained.excluded:
        yield "Left out:"
        yield ""
        yield "| from | to | frames with telemetry | reason |"
        yield "|---|---|---|---|"
        for out, frames in trained.excluded:
            yield f"| {to_iso(out.began)} | {to_iso(out.ended)} | {frames} | {out.reason or 'on the command line'} |"
        yield ""


def _coverage(overview: Overview) -> Iterator[str]:
    yield "## Coverage and ranges"
    yield ""
    yield f"![coverage]({PICTURES}/coverage.png)"
    yield ""
    yield f"![ranges]({PICTURES}/ranges.png)"
    yield ""
    yield "| signal | frames with a value | least | 1 % | median | 99 % | most |"
    yield "|---|---|---|---|---|---|---|"
    for one in overview.spreads():
        yield f"| {one.signal} | {one.coverage:.1%} | {_numbers(one)} |"
    if unheard := overview.unheard():
        yield ""
        yield f"Never heard, so nothing is learned about them: {', '.join(unheard)}."
    yield ""


def _numbers(one: Spread) -> str:
    values = (one.least, one.low, one.median, one.high, one.most)
    return " | ".join(f"{value:.4g} {one.unit}".rstrip() for value in values)


def _detector(trained: "Trained", name: str, chosen: Chosen, overview: Overview) -> Iterator[str]:
    yield f"## {name}, version {chosen[0].version}"
    yield ""
    baseline = trained.baselines.get(name)
    if trained.refused:
        yield "Not asked: the data look attacked."
        yield ""
        return
    if baseline is None:
        yield "Learns nothing from these data: its rules come from the site model alone."
    else:
        yield from (f"- {word}" for word in baseline.words)
        yield from (f"- **Warning**: {warning}" for warning in baseline.warnings)
        yield ""
        yield f"Baseline {baseline.content[:16]}."
    yield ""
    if name in overview.scores:
        yield f"![scores]({PICTURES}/scores-{name}.png)"
        yield ""
        if chosen[0].costly:
            yield "It takes its time, so it judged only the end of the data for this."
            yield ""
        days, most = overview.worst_scores(name)
        scored = [(score, day) for score, day in zip(most.tolist(), days.tolist(), strict=True) if isfinite(score)]
        worst = sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:_WORST]
        yield "Worst days of the training data, as this detector now sees them (1 is its limit); look at them:"
        yield ""
        yield from (f"- {to_iso(day)[:10]}: {score:.2f}" for score, day in worst)
        yield ""


def _relations(trained: "Trained", overview: Overview) -> Iterator[str]:
    """What can be seen of each signal by itself: the smallest lasting offset, from the learned relations."""
    baseline = trained.baselines.get("process_residuals")
    if baseline is None:
        return
    table = overview.table
    known = {name: Relation.of_json(name, one) for name, one in baseline.baseline["relations"].items()}
    width = round(table.site.runtime.frame_s * 1e9)
    yield "## What can be seen, and what cannot"
    yield ""
    yield (
        "The smallest lasting offset that a signal's own relation tells; one that others show too is seen earlier. "
        "Slower changes than that, and signals without a relation, are left to the rules of the site model."
    )
    yield ""
    yield "| signal | explained by | usual error | share explained | offset seen within 1 h | within 24 h |"
    yield "|---|---|---|---|---|---|"
    for signal in table.signals:
        relation = known.get(signal.id)
        if relation is None:
            continue
        offsets = (deviation(table, signal.id, smallest_offset(relation, int(h * HOUR // width))) for h in (1, 24))
        error = deviation(table, signal.id, relation.scale)
        reason = explained_by(relation, width / 1e9)
        yield f"| {signal.id} | {reason} | {error} | {relation.explained:.1%} | {' | '.join(offsets)} |"
    without = [signal.id for signal in table.signals if signal.id not in known]
    if without:
        yield ""
        yield f"Without a relation: {', '.join(without)}."
    yield ""


def _sensors(trained: "Trained", overview: Overview) -> Iterator[str]:
    """What each sensor does while it is healthy, and what can't be told of it."""
    baseline = trained.baselines.get("process_invariants")
    if baseline is None:
        return
    sensors = sensors_learned(overview.table, baseline.baseline["rules"])
    yield "## The sensors"
    yield ""
    yield "A sensor that does otherwise is told as a sensor fault. An empty column: that fault can't be told of it."
    yield ""
    yield "| signal | last digit | noise from frame to frame | a spike from (calm, switching) | longest rest |"
    yield "|---|---|---|---|---|"
    yield from (f"| {' | '.join(sensor)} |" for sensor in sensors)
    yield ""
    yield from (f"- {spot}." for spot in blind_spots(overview.table, baseline.baseline["rules"]))
    yield ""


def _changes(state: Path, trained: "Trained") -> Iterator[str]:
    if trained.version is None:
        return
    before = in_force(state)
    if before in (None, trained.version.number):
        before = trained.version.number - 1
    if not before:
        return
    yield f"## What changed since version {before}"
    yield ""
    try:
        lines = changes_between(read_version(state, before), trained.baselines)
    except BaselineError as error:
        lines = [f"version {before} can't be read: {error.what}"]
    yield from (f"- {line}" for line in lines or ["nothing"])
    yield ""
