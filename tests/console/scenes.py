"""Stores filled by the real pipeline, made once a test run: a depot quiet, attacked, flooded with alarms or reports."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infrastress.app.accounts import Book
from infrastress.app.accounts.permissions import ROLES
from infrastress.app.cli import main
from infrastress.app.detecting import cards_of, choose_detectors
from infrastress.core.time import HOUR, MINUTE, SECOND, from_iso
from infrastress.events import Detection, Event, make_event
from infrastress.site import Site
from infrastress.site.load import load_site
from infrastress.store import open_store
from tests.console.playing import Day, Pipeline
from tests.console.reporting import REPORTING, reported_of

__all__ = ["FLOOD", "PASSWORD", "Scene", "flood_of", "made_once", "make_scene"]

PASSWORD = "four dull green lamps"  # noqa: S105 - of tests alone
"""Of every account; accounts are named after their role."""
FLOOD = 10_000
_DAYS = {
    "quiet": ("normal", 3, "2026-03-02T06:00:00Z", "2026-03-02T08:00:00Z"),
    "attacked": ("attack-overfill", 7, "2026-03-12T21:15:00Z", "2026-03-13T02:41:00Z"),
}
"""Scenario, seed, and the hours that were watched."""


@dataclass(frozen=True)
class Scene:
    """A prepared site; copy it before anything is written.

    Attributes:
        name: see `make_scene`.
        folder: holds `site/` (with accounts in `site/accounts/`), `store/`, `day`; `reports/` where there are any.
        end: event time up to which it was watched, ns.
    """

    name: str
    folder: Path
    end: int

    @property
    def site(self) -> Path:
        """The site folder."""
        return self.folder / "site"

    def copy(self, folder: Path) -> "Scene":
        """The same in a folder of its own."""
        return Scene(self.name, Path(shutil.copytree(self.folder, folder)), self.end)


def make_scene(name: str, shared: Path) -> Scene:
    """`quiet`: two ordinary hours of the depot, no alarm. `attacked`: its tank was just overfilled; some thirty alarms,
    one incident. `flooded`: the same with 10,000 further alarms. `reported`: the same, and people have reported since.

    Args:
        name: of the scene.
        shared: folder of the test run, shared by its processes; INFRASTRESS_SCENES names another that outlives it.
    """
    shared = Path(os.environ.get("INFRASTRESS_SCENES", shared))
    *_, end = _DAYS["quiet" if name == "quiet" else "attacked"]
    if name in ("flooded", "reported"):
        attacked = make_scene("attacked", shared)
        more = _flood if name == "flooded" else _report
        folder = made_once(shared / name, lambda at: more(attacked, at))
    else:
        folder = made_once(shared / name, lambda at: _watch(name, at))
    return Scene(name, folder, from_iso(end) + (REPORTING if name == "reported" else 0))


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that the first process to ask for it makes, and the others wait for."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _watch(name: str, at: Path) -> None:
    """Simulate the day and watch its hours, minute by minute."""
    scenario, seed, *hours = _DAYS[name]
    start, end = map(from_iso, hours)
    folder = at / "site"
    assert main(["init", str(folder), "--template", "depot"]) == 0
    site = load_site(folder)
    day = Day.simulate(site, folder, scenario, seed, keep=(start, end + 2 * HOUR))
    day.save(at / "day")
    with open_store(at / "store") as store:
        pipeline = Pipeline(store, site, day, commit_s=5.0)
        pipeline.begin(start)
        for moment in range(start, end - MINUTE, 20 * MINUTE):
            pipeline.tell(moment, every=MINUTE)
        pipeline.tell(end - MINUTE, every=MINUTE)
        pipeline.tell(end, every=10 * SECOND)
        pipeline.settle()
        pipeline.leave()
    book = Book(folder / "accounts")
    for role in ROLES:
        book.add(role, role, PASSWORD)


def _flood(attacked: Scene, at: Path) -> None:
    """Ten thousand alarms more, through fusion."""
    shutil.copytree(attacked.folder, at, dirs_exist_ok=True)
    site = load_site(at / "site")
    with open_store(at / "store") as store:
        pipeline = Pipeline(store, site, Day([]), commit_s=5.0)
        pipeline.raise_(flood_of(site, FLOOD, attacked.end - MINUTE, attacked.end))
        pipeline.settle()
        pipeline.leave()


def _report(attacked: Scene, at: Path) -> None:
    """Ten minutes more, in which people report by the form."""
    shutil.copytree(attacked.folder, at, dirs_exist_ok=True)
    site = load_site(at / "site")
    day = Day.read(at / "day")
    day.told += reported_of(site, at / "reports", attacked.end)
    day.told.sort(key=lambda one: (one[0], one[1], one[3]))
    with open_store(at / "store") as store:
        pipeline = Pipeline(store, site, day, commit_s=5.0)
        pipeline.begin(attacked.end)
        for moment in range(attacked.end, attacked.end + REPORTING, MINUTE):
            pipeline.tell(moment + MINUTE, every=10 * SECOND)
            pipeline.settle()
        pipeline.leave()


def flood_of(site: Site, count: int, start: int, stop: int, *, seed: int = 1) -> list[Event]:
    """Detections of all the site's rules at all its assets, each an alarm of its own, half of them cleared again.

    Args:
        site: the model.
        count: how many are raised.
        start, stop: between these event times, ns.
        seed: another one gives others.
    """
    draw = np.random.default_rng(seed)
    cards = sorted(cards_of(choose_detectors(site)).values(), key=lambda card: card.rule)
    places = [asset for asset in site.assets if asset.zone]
    found: list[Event] = []
    for number, moment in enumerate(sorted(draw.integers(start, stop, count).tolist())):
        card = cards[draw.integers(len(cards))]
        asset, other = (places[one] for one in draw.choice(len(places), 2, replace=False))
        severity = ("critical", "high", "medium", "low", "low", "low")[draw.integers(6)]
        for phase, later in (("raised", 0), ("cleared", SECOND))[: 1 + number % 2]:
            body = Detection(
                detector="flood",
                detector_version="1",
                rule=card.rule,
                episode=f"{seed}-{number}",
                phase=phase,
                source_kind=("telemetry", "access", "network")[number % 3],
                severity=severity,
                score=1.0,
                began=moment,
                until=moment,
                sentence=f"{asset.id}: {card.title[0].lower()}{card.title[1:]} ({number}).",
                confidence=0.5,
            )
            found.append(
                make_event(
                    site=site.id, source="flood", sequence=2 * number + (phase == "cleared"), occurred=moment + later,
                    assets=(asset.id, other.id), zone=asset.zone, body=body,
                )
            )  # fmt: skip
    return found
