"""Train: read, judge, learn, keep as a new version, report. Data that look attacked teach nothing unasked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from infrastress.app.baselines import Baseline, Version, write_version
from infrastress.app.detecting import Chosen, build_detectors, choose_detectors
from infrastress.app.training.crossed import far_off
from infrastress.app.training.exclusions import Exclusion
from infrastress.app.training.history import History, Recording, heard
from infrastress.app.training.overview import Overview
from infrastress.app.training.report import write_report
from infrastress.app.training.stored import Stored, stored_history
from infrastress.app.training.suspicion import Suspicion, Watch, frozen, replayed, stepped_clocks
from infrastress.core.errors import InputError
from infrastress.core.time import DAY, to_iso
from infrastress.detectors.base import Detector
from infrastress.events.delivery import Balance
from infrastress.events.frames import Block
from infrastress.site import Site

__all__ = ["COSTLY_FRAMES", "Trained", "train"]

COSTLY_FRAMES: Final = 1_000
"""Frames at the end of the data that costly detectors judge for the report; the others judge all."""


@dataclass
class Trained:
    """What came of a training.

    Attributes:
        baselines: by detector; those that learn nothing are absent, all where the data were refused.
        version: what was kept; None where the data were refused.
        recordings: what each held, in order of time.
        excluded: spans left out, and how many frames with telemetry that took.
        suspicions: what looks attacked.
        accepted: why it was let in all the same; empty where it wasn't.
        warnings: of rules of the site model that the data contradict throughout.
        report: the report file.
        frames: closed frames that held any telemetry, after exclusion.
        days: time they cover.
    """

    baselines: dict[str, Baseline] = field(default_factory=dict)
    version: Version | None = None
    recordings: list[Recording] = field(default_factory=list)
    excluded: list[tuple[Exclusion, int]] = field(default_factory=list)
    suspicions: list[Suspicion] = field(default_factory=list)
    accepted: str = ""
    warnings: list[str] = field(default_factory=list)
    report: Path = Path()
    frames: int = 0
    days: float = 0.0

    @property
    def refused(self) -> bool:
        """True where the data look attacked and nobody let them in."""
        return bool(self.suspicions) and not self.accepted

    @property
    def balances(self) -> dict[str, dict[str, Balance]]:
        """Of each recording's sources."""
        return {one.name: one.balances for one in self.recordings}


def train(
    site: Site,
    folder: Path,
    recordings: Sequence[Path],
    state: Path,
    *,
    exclude: Sequence[Exclusion] = (),
    first_rows: int | None = None,
    accept: str = "",
    by: str = "",
    why: str = "",
    stored: Stored | None = None,
) -> Trained:
    """Let the site's detectors learn from recordings of normal days; a new version and a report go to `state`.

    Args:
        site: the site model.
        folder: its folder.
        recordings: files or folders, each read on its own.
        state: where baselines go.
        exclude: spans to leave out, such as a known fault; what recordings label as an event is left out besides.
        first_rows: rows of telemetry to learn from, of each file; without it all.
        accept: why data that look attacked are to be learned from all the same; empty refuses them.
        by: who trains, for the record.
        why: what for, for the record.
        stored: learn from what the site has stored, instead of recordings.

    Raises:
        InputError: nothing to learn from.
    """
    trained = Trained(accepted=accept)
    chosen = choose_detectors(site)
    with (
        stored_history(site, stored) if stored else History(site, folder, recordings, first_rows=first_rows)
    ) as history:
        trained.recordings = [recording for recording, _ in history.recordings]
        spans = [*exclude, *(span for one in trained.recordings for span, _ in one.labelled)]
        overview = _judge(site, chosen, history, spans, trained)
        if not trained.frames:
            where = ", ".join(map(str, recordings))
            raise InputError(
                "no telemetry to learn from, no network traffic and no alerts", where=where, remedy="see its balance"
            )
        if not trained.refused:
            _learn(site, chosen, history, spans, trained)
            trained.version = write_version(state, _version(trained, by, why), trained.baselines)
            judges, costly = list[Detector](), list[Detector]()
            for one in build_detectors(site, chosen, trained.baselines):
                (costly if one.costly else judges).append(one)
            ahead = sum(len(block.frames) for block in history.blocks()) - COSTLY_FRAMES
            for block in history.blocks(spans):
                overview.judge(judges, block)
                late = block.frames.part(min(max(0, ahead), len(block.frames)), len(block.frames))
                overview.judge(costly if len(late) else (), Block(late, (), ()))
                ahead -= len(block.frames)
    trained.report = write_report(site, state, trained, chosen, overview)
    return trained


def _judge(
    site: Site, chosen: dict[str, Chosen], history: History, spans: Sequence[Exclusion], trained: Trained
) -> "Overview":
    """Look through everything once: amounts, coverage, and whether it looks attacked."""
    watch = Watch(build_detectors(site, chosen, {}))
    overview = Overview(site)
    taken: Counter[Exclusion] = Counter()
    for block, whole in zip(history.blocks(spans), history.blocks(), strict=True):
        told = heard(whole)
        for span in spans:
            out = (whole.frames.ends >= span.began) & (whole.frames.ends - whole.frames.width < span.ended)
            taken[span] += int((told & out).sum())
        trained.frames += int(heard(block).sum())
        watch.look(block)
        overview.look(block)
    trained.excluded = [(span, taken[span]) for span in sorted(set(spans))]
    trained.days = trained.frames * site.runtime.frame_s * 1e9 / DAY
    held, trained.warnings = watch.found()
    last, ends = overview.last, overview.ends
    found = held
    if site.signals:
        looks = (frozen, replayed, far_off)
        found = [*held, *(one for look in looks for one in look(overview.table, last, ends))]
    steps = [
        one
        for one in stepped_clocks(trained.recordings)
        if not any(span.began <= one.began and one.ended <= span.ended for span in spans)
    ]
    trained.suspicions = sorted([*found, *steps])
    return overview


def _learn(
    site: Site, chosen: dict[str, Chosen], history: History, spans: Sequence[Exclusion], trained: Trained
) -> None:
    sources = _sources(trained.recordings)
    for name, (plugin, options) in chosen.items():
        lesson = plugin.learn(site, options, history.blocks(spans))
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
        )


def _sources(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    return [
        {"recording": Path(one.name).name, "began": to_iso(one.began), "ended": to_iso(one.ended), "frames": one.frames}
        for one in recordings
        if one.began is not None and one.ended is not None
    ]


def _version(trained: Trained, by: str, why: str) -> Version:
    return Version(
        number=0,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        by=by,
        why=why,
        detectors={name: one.content for name, one in trained.baselines.items()},
        trained_on=tuple(_sources(trained.recordings)),
        excluded=tuple(span.as_dict() for span, _ in trained.excluded),
        accepted=tuple({**one.as_dict(), "accepted": trained.accepted} for one in trained.suspicions),
    )
