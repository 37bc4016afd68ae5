"""Cases played once: their frames, truth and facts, kept in a folder by what they depend on.

Simulating costs far more than judging, so that a second judging, or one that was interrupted, begins where the first
left off. A kept run is named by its scenario, seed, site and the simulators' sources; what changes any of them is
played anew.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.playing import frames_of
from benchmarks.process.cases import HOUR_S, Case, Plant
from benchmarks.public import ROOT
from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.time import SECOND
from infrastress.events.frames import Frames
from infrastress.simulators.base import TruthSpan

__all__ = ["Played", "folder", "key_of", "play_all", "played", "sources"]

_BLOCK = 5000
_FACTS = ("began_at", "ended_at", "freeze_at", "overflow_at", "stopped_at", "resumed_at", "target", "note")


@dataclass(frozen=True)
class Played:
    """One run.

    Attributes:
        pieces: consecutive frames, in pieces.
        truth: what really happened; facts: the story's moments (ns) and names.
        days: length.
    """

    pieces: tuple[Frames, ...]
    truth: tuple[TruthSpan, ...]
    facts: dict[str, Any]
    days: float

    def whole(self) -> Frames:
        """The run in one piece."""
        if len(self.pieces) == 1:
            return self.pieces[0]
        first = self.pieces[0]
        ends = np.concatenate([one.ends for one in self.pieces])
        parts = {
            name: np.concatenate([getattr(one, name) for one in self.pieces]) for name in ("mean", "last", "count")
        }
        return Frames(first.width, ends, first.tags, **parts)


def folder() -> Path:
    """Where runs are kept: `INFRASTRESS_PLAYED`, or a folder among the temporary ones."""
    return Path(os.environ.get("INFRASTRESS_PLAYED", Path(tempfile.gettempdir()) / "infrastress-played"))


@cache
def sources(*parts: str) -> str:
    """Hash of the sources of packages, such as `simulators`."""
    files = sorted(path for part in parts for path in (ROOT / "src" / "infrastress" / part).rglob("*.py"))
    return content_hash(b"\0".join(path.read_bytes() for path in files))[:12]


def key_of(plant: Plant, case: Case) -> str:
    """Name of a kept run."""
    about = {"scenario": case.scenario.model_dump(mode="json", exclude={"name"}), "seed": case.seed}
    about |= {"site": plant.simulator.site.version, "plant": plant.name, "sources": sources("simulators")}
    return f"{plant.name}-{content_hash(canonical_json(about))[:20]}"


def played(plant: Plant, case: Case) -> Played:
    """A run, from the folder or played now; hourly plants get the row of each full hour."""
    found = _load(plant, case) or _play(plant, case)
    return _hourly(found) if plant.hourly else found


def play_all(plant: Plant, cases: Sequence[Case]) -> None:
    """Play what isn't kept yet, as many at once as there are cores; progress goes to stderr."""
    every = {key_of(plant, one): one for one in cases}
    every |= {key_of(plant, twin): twin for one in cases if (twin := one.undisturbed) is not None}
    missing = [one for key, one in every.items() if not (folder() / f"{key}.npz").is_file()]
    missing.sort(key=lambda one: (one.group == "quiet", -one.scenario.duration_h))  # what can be judged soon goes first
    if not missing:
        return
    folder().mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(None, get_context("fork"), _WITH.append, (plant,)) as pool:
        waiting = [pool.submit(_keep, one) for one in missing]
        for done, one in enumerate(as_completed(waiting), 1):
            one.result()
            sys.stderr.write(f"\r{plant.name}: {done} of {len(missing)} runs played")
            sys.stderr.flush()
    sys.stderr.write("\n")


_WITH: list[Plant] = []
"""What each process of the pool plays."""


def _keep(case: Case) -> None:
    if not (folder() / f"{key_of(_WITH[-1], case)}.npz").is_file():  # another run of the benchmark may have been faster
        _play(_WITH[-1], case)


def _play(plant: Plant, case: Case) -> Played:
    real = plant.simulator.run(case.scenario, case.seed)
    # A run goes on until its last row is used up, and what it tells may be complete only then
    pieces = tuple(frames_of(plant.simulator.site, real))  # its own, where the plant is judged by the hour
    facts = {name: real.facts.get(name) for name in _FACTS}
    found = Played(pieces, tuple(real.truth), facts, case.scenario.duration_h / 24)
    whole = found.whole()
    about = {"truth": [asdict(one) for one in found.truth], "facts": facts, "days": found.days}
    target = folder() / f"{key_of(plant, case)}.npz"
    folder().mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(
            file, ends=whole.ends, mean=whole.mean, last=whole.last, count=whole.count,
            tags=np.array(whole.tags), width=whole.width, about=np.array(json.dumps(about)),
        )  # fmt: skip
    part.replace(target)
    return found


def _load(plant: Plant, case: Case) -> Played | None:
    path = folder() / f"{key_of(plant, case)}.npz"
    if not path.is_file():
        return None
    with np.load(path) as kept:
        about = json.loads(str(kept["about"]))
        whole = Frames(
            int(kept["width"]), kept["ends"], tuple(kept["tags"].tolist()), kept["mean"], kept["last"], kept["count"]
        )
    truth = tuple(
        TruthSpan(**{**one, "assets": tuple(one["assets"]), "signals": tuple(one["signals"])}) for one in about["truth"]
    )
    return Played(tuple(_pieces(whole)), truth, about["facts"], about["days"])


def _pieces(whole: Frames) -> Iterator[Frames]:
    for begin in range(0, max(1, len(whole)), _BLOCK):
        yield whole.part(begin, begin + _BLOCK)


def _hourly(run: Played) -> Played:
    """The row of each full hour; an hour whose row is lost is empty."""
    whole = run.whole()
    width = round(HOUR_S * SECOND)
    rows = np.flatnonzero(whole.ends % width == 0)
    last = whole.last[rows]
    hours = Frames(width, whole.ends[rows], whole.tags, last, last, np.isfinite(last).astype(np.int32))
    return Played((hours,), run.truth, run.facts, run.days)
