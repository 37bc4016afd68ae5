"""Who judges: the site's own detectors as they come, and rivals on the same frames; what each of them raised."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.process.cases import Plant
from benchmarks.process.packaged import Ecod, Forest
from benchmarks.process.rivals import ArCusum, Dpca, Pca, Rival, held_out
from infrastress.app.detecting import choose_detectors
from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.time import DAY
from infrastress.evaluation.events import episodes_from_flags
from infrastress.events import Event
from infrastress.events.frames import Block, Finding, Frames
from infrastress.site import Site

__all__ = ["OBSERVERS", "Judge", "Ours", "Raised", "RivalJudge", "Trivial", "declared", "rivals", "spans_of"]

OBSERVERS = frozenset({"access", "perimeter", "reports", "tracks"})
"""Detectors of the example sites that judge observations, not telemetry."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Raised:
    """One alarm of a judge.

    Attributes:
        at, until: ns; `until` is the run's end where it never cleared.
        rule: what spoke. alarm: whether it calls somebody (medium severity and above).
        assets: weight of each asset it names, by its signals' shares; suspicion: what it holds it for.
    """

    at: int
    until: int
    rule: str
    alarm: bool = True
    assets: Mapping[str, float] = field(default_factory=dict)
    suspicion: str = "unknown"


class Judge:
    """Learns from normal runs and gives what it raises on others."""

    name = ""
    states_kind = False
    """Whether it says what it suspects and where."""

    def learn(self, plant: Plant, runs: Sequence[Sequence[Frames]]) -> None:
        """Learn from runs of normal operation, each in pieces."""

    def judge(self, plant: Plant, pieces: Sequence[Frames]) -> list[Raised]:
        """What it raises on a run."""
        raise NotImplementedError


class Ours(Judge):
    """The process detectors a site runs, with their defaults: those that `infrastress train` and `replay` would run."""

    name, states_kind = "infrastress", True

    def __init__(self) -> None:
        self.baselines: dict[str, Any] = {}
        self.words: list[str] = []

    def learn(self, plant: Plant, runs: Sequence[Sequence[Frames]]) -> None:
        """Each detector learns by itself."""
        for name, (member, options) in _process(plant).items():
            lesson = member.learn(plant.site, options, _lessons(runs))
            if lesson is not None:
                self.baselines[name] = lesson.baseline
                self.words += [*lesson.words, *lesson.warnings]

    @property
    def configuration(self) -> str:
        """Hash of what was learned."""
        return content_hash(canonical_json(self.baselines))[:16]

    def judge(self, plant: Plant, pieces: Sequence[Frames]) -> list[Raised]:
        """Findings from raised to cleared."""
        members = [
            member(plant.site, options, self.baselines.get(name)) for name, (member, options) in _process(plant).items()
        ]
        findings: list[tuple[str, Finding]] = []
        for piece in pieces:
            for member in members:
                findings += [(member.name, one) for one in member.update(Block(piece, ()))]
        return spans_of(plant.site, findings, int(pieces[-1].ends[-1]))


def _process(plant: Plant) -> dict[str, Any]:
    """Those that judge telemetry; logins and badges are fusion's."""
    chosen = choose_detectors(plant.site)
    return {name: one for name, one in chosen.items() if name not in OBSERVERS}


def _lessons(runs: Sequence[Sequence[Frames]]) -> Iterable[Block]:
    """The runs one behind the other: all but the last are moved back by whole weeks, so that weekdays stay."""
    longest = max(int(run[-1].ends[-1] - run[0].ends[0]) for run in runs)
    weeks = -(-(longest + DAY) // (7 * DAY))
    for back, run in zip(range(len(runs) - 1, -1, -1), runs, strict=True):
        shift = -back * weeks * 7 * DAY
        for one in run:
            yield Block(Frames(one.width, one.ends + shift, one.tags, one.mean, one.last, one.count), ())


def declared(site: Site) -> dict[str, Any]:
    """The one configuration of our rows: the detectors that run unasked, their versions and options, and its hash."""
    members = {
        name: {"version": member.version, "options": options.model_dump(mode="json")}
        for name, (member, options) in choose_detectors(site).items()
    }
    return {"hash": content_hash(canonical_json(members))[:16], "members": members}


def spans_of(site: Site, findings: Sequence[tuple[str, Finding | Event]], end: int) -> list[Raised]:
    """Findings, or events of detections, from raised to cleared; each with its detector's name."""
    cleared = {(name, f.body.episode): f.occurred for name, f in findings if f.body.phase == "cleared"}
    found = []
    for name, one in findings:
        if one.body.phase != "raised":
            continue
        weights: dict[str, float] = {}
        for part in one.body.contributions:
            asset = site.signal_by_id[part.signal].asset
            weights[asset] = weights.get(asset, 0.0) + part.share
        for asset in one.assets:  # named without a share: below those that have one
            weights.setdefault(asset, 1e-3)
        until = max(cleared.get((name, one.body.episode), end), one.occurred)
        alarm = one.body.calls
        found.append(Raised(one.occurred, until, one.body.rule, alarm, weights, one.body.suspicion))
    return sorted(found, key=lambda one: (one.at, one.rule))


class RivalJudge(Judge):
    """A rival on each frame's last values; an empty cell shows the value before it."""

    def __init__(self, rival: Rival) -> None:
        self.rival, self.name = rival, rival.name

    def learn(self, plant: Plant, runs: Sequence[Sequence[Frames]]) -> None:
        """Fit, and find the limit by the one rule for rivals."""
        rows = [np.concatenate([one.last for one in run]) for run in runs]
        self.usual = np.nan_to_num(np.nanmean(np.concatenate(rows), axis=0))
        normal = np.concatenate([self._filled(one) for one in rows])
        self.limit = held_out(self.rival, normal, plant.frame_s)
        sys.stderr.write(f"{plant.title}: {self.name} learned from {len(normal)} rows\n")

    def judge(self, plant: Plant, pieces: Sequence[Frames]) -> list[Raised]:
        """Spans in which the score is beyond the limit."""
        ends = np.concatenate([one.ends for one in pieces])
        rows = self._filled(np.concatenate([one.last for one in pieces]))
        scores = np.nan_to_num(self.rival.scores(rows), nan=-np.inf)
        return [Raised(one.began, one.ended, self.name) for one in episodes_from_flags(ends, scores > self.limit)]

    def _filled(self, rows: Floats) -> Floats:
        found = rows.copy()
        found[0] = np.where(np.isnan(found[0]), self.usual, found[0])
        for i in np.flatnonzero(np.isnan(found).any(axis=1)).tolist():
            found[i] = np.where(np.isnan(found[i]), found[i - 1], found[i])
        return found


class Trivial(Judge):
    """The alarm that is always on, and the one that never comes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def judge(self, plant: Plant, pieces: Sequence[Frames]) -> list[Raised]:
        """One alarm all the time, or none."""
        begin, end = int(pieces[0].ends[0]), int(pieces[-1].ends[-1])
        return [Raised(begin, end, "always")] if self.name == "always" else []


_RIVALS: tuple[Callable[[], Rival], ...] = (Pca, lambda: Dpca(lags=5), Forest, Ecod, ArCusum)


def rivals() -> list[Judge]:
    """The rivals of the simulated plants, one configuration each."""
    return [*(RivalJudge(make()) for make in _RIVALS), Trivial("always"), Trivial("never")]
