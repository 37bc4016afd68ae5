"""One simulated plant judged by all: learned from its own training runs, every case judged once by every judge."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.process.cases import Case, Plant
from benchmarks.process.frames import folder, key_of, play_all, played, sources
from benchmarks.process.judges import Judge, Ours, Raised, RivalJudge, rivals
from benchmarks.process.visible import first_visible, tolerances
from benchmarks.public import ROOT
from infrastress.core.ids import canonical_json, content_hash
from infrastress.simulators.base import TruthSpan

__all__ = ["Judged", "judge_plant"]


@dataclass(frozen=True)
class Judged:
    """One case and what every judge raised on it.

    Attributes:
        visible: end (ns) of the first frame with a visible effect, None where there is none or nothing is compared;
            shown_by: the signal that shows it most.
        raised: by judge.
    """

    case: Case
    truth: tuple[TruthSpan, ...]
    facts: dict[str, Any]
    days: float
    visible: int | None
    shown_by: str
    raised: dict[str, list[Raised]]


def judge_plant(plant: Plant, cases: Sequence[Case]) -> tuple[list[Judged], Ours, list[Judge]]:
    """Play what isn't kept, let everybody learn, and judge every case but the training runs."""
    play_all(plant, cases)
    training = [one for one in cases if one.group == "training"]
    runs = [played(plant, one).pieces for one in training]
    lesson = content_hash(canonical_json([key_of(plant, one) for one in training]))[:12]
    ours = _taught(plant, runs, lesson)
    judges: list[Judge] = [ours, *rivals()]
    for judge in judges[1:]:
        judge.learn(plant, runs)
    rows = np.concatenate([one.last for run in runs for one in run])
    tags = runs[0][0].tags
    work = _Work(plant, judges, lesson, tolerances(plant.site, tags, rows))
    found: list[Judged] = []
    others = [one for one in cases if one.group != "training"]
    others.sort(key=lambda one: -one.scenario.duration_h)
    with ProcessPoolExecutor(None, get_context("fork"), _WITH.append, (work,)) as pool:
        for done, one in enumerate(pool.map(_judge, others), 1):
            found.append(one)
            sys.stderr.write(f"\r{plant.title}: {done} of {len(others)} runs judged")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return found, ours, judges


def _taught(plant: Plant, runs: Sequence[Any], lesson: str) -> Ours:
    """Our detectors with what they learned, kept by their sources and their lesson."""
    ours = Ours()
    kept = folder() / f"baseline-{plant.title.replace(', ', '-')}-{lesson}-{_our_sources()}.json"
    if kept.is_file():
        ours.baselines, ours.words = msgspec.json.decode(kept.read_bytes())
        return ours
    ours.learn(plant, runs)
    for word in ours.words:
        sys.stderr.write(f"  {plant.title} learned: {word}\n")
    kept.write_bytes(msgspec.json.encode([ours.baselines, ours.words]))
    return ours


def _our_sources() -> str:
    return sources("detectors", "site", "events", "core")


@dataclass(frozen=True)
class _Work:
    """What each process of the pool judges with."""

    plant: Plant
    judges: Sequence[Judge]
    lesson: str
    tolerance: npt.NDArray[np.float64]

    def key(self, judge: Judge, case: Case) -> str:
        """Name of a kept verdict."""
        if isinstance(judge, Ours):
            about = [judge.configuration, _our_sources()]
        else:
            about = [_text("process/rivals.py"), _text("process/judges.py"), self.lesson]
            about += [str(judge.limit)] if isinstance(judge, RivalJudge) else []
        name = canonical_json([judge.name, self.plant.title, key_of(self.plant, case), *about])
        return content_hash(name)[:24]


def _text(name: str) -> str:
    return content_hash((ROOT / "benchmarks" / name).read_bytes())


_WITH: list[_Work] = []


def _judge(case: Case) -> Judged:
    work = _WITH[-1]
    run = played(work.plant, case)
    twin = case.undisturbed
    seen = None
    if twin is not None:
        seen = first_visible(run.whole(), played(work.plant, twin).whole(), work.tolerance)
    visible, shown_by = seen or (None, "")
    raised = {one.name: _verdict(work, one, case, run.pieces) for one in work.judges}
    return Judged(case, run.truth, run.facts, run.days, visible, shown_by, raised)


def _verdict(work: _Work, judge: Judge, case: Case, pieces: Sequence[Any]) -> list[Raised]:
    kept: Path = folder() / "verdicts" / f"{work.key(judge, case)}.json"
    if kept.is_file():
        return msgspec.json.decode(kept.read_bytes(), type=list[Raised])
    found = judge.judge(work.plant, pieces)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(msgspec.json.encode([asdict(one) for one in found]))
    return found


def of_group(judged: Sequence[Judged], group: str) -> Iterator[Judged]:
    """Cases of a group, in their order."""
    return (one for one in judged if one.case.group == group)


of_attacks = partial(of_group, group="attacks")
