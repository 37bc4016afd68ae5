"""Reports by people: campaigns against neighbours, on seeds that chose nothing; trivial rivals in the same table.

`--choose` prints how the parameters were chosen, on training seeds: of all settings by which no crowd of 60 neighbours
is taken for a campaign, those that lift the fewest campaigns to "probable"; of these those that tell the most
of them as a campaign; of equal ones the strictest similarity, then the most accounts.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.crowds import EVALUATION, TRAINING, WIND_FROM, Crowd, merged
from infrastress.core.time import MINUTE
from infrastress.detectors.reports import ReportDetector, ReportOptions
from infrastress.events import Event, Report
from infrastress.events.frames import Block, Finding, Frames
from infrastress.site import Site
from infrastress.site.load import load_site

__all__ = ["judge", "main", "words"]

BEGIN = 1_773_000_000 // 60 * MINUTE
_FRAMES = 40
_SITE = Path(__file__).parents[1] / "examples" / "depot"
_ALIKE = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_LEAST = (5, 8, 12)


def judge(site: Site, events: Sequence[Event], options: ReportOptions | None = None) -> list[Finding]:
    """What the detector says of a scene, in the wind of the scenes."""
    ends = BEGIN + MINUTE * np.arange(1, _FRAMES + 1, dtype=np.int64)
    row = np.tile([math.radians(WIND_FROM), 4.0], (_FRAMES, 1))
    frames = Frames(MINUTE, ends, ("WD-1", "WS-1"), row, row, np.ones(row.shape, np.int32))
    return ReportDetector(site, options or ReportOptions()).update(Block(frames, tuple(merged(events))))


def words(found: Iterable[Finding]) -> list[str]:
    """First words of what was raised: unconfirmed, probable, corroborated, possible campaign."""
    return [finding.body.sentence.partition(":")[0] for finding in found if finding.body.phase == "raised"]


def _scene(site: Site, seed: int, what: str) -> list[Event]:
    crowd = Crowd(site, seed, BEGIN)
    scenes: dict[str, Callable[[], list[Event]]] = {
        "alone": crowd.alone,
        "household": crowd.household,
        "neighbours": lambda: crowd.neighbours(5),
        "crowd": lambda: crowd.neighbours(60, within_s=600.0),
        "fakes": crowd.campaign,
        "fakes spread": lambda: crowd.campaign(spread=True),
        "both": lambda: merged(crowd.campaign(), crowd.neighbours(5, begin_s=120.0)),
        "rewritten at a corner": lambda: crowd.rewritten(corner=True),
        "rewritten over few networks": lambda: crowd.rewritten(networks=4),
        "rewritten": crowd.rewritten,
        "both rewritten": lambda: merged(crowd.rewritten(corner=True), crowd.neighbours(5, begin_s=120.0)),
        "both spread": lambda: merged(crowd.campaign(spread=True), crowd.neighbours(5, begin_s=120.0)),
        "beside a sensor": crowd.beside_a_sensor,
    }
    return scenes[what]()


SCENES = (
    "alone", "household", "neighbours", "crowd", "fakes", "fakes spread", "both", "both spread", "beside a sensor",
    "rewritten at a corner", "rewritten over few networks", "rewritten", "both rewritten",
)  # fmt: skip


def choose(site: Site) -> Iterator[tuple[float, int, int, int, int, int]]:
    """Of each setting: alike, least, crowds taken for a campaign, campaigns lifted, campaigns told; training seeds."""
    for alike in _ALIKE:
        for least in _LEAST:
            options = ReportOptions(alike=alike, campaign_least=least)
            wrong, right, lifted = 0, 0, Counter[str]()
            for seed in TRAINING:
                wrong += "possible campaign" in words(judge(site, _scene(site, seed, "crowd"), options))
                for scene in ("fakes", "fakes spread"):
                    told = words(judge(site, _scene(site, seed, scene), options))
                    lifted[scene] += "probable" in told
                    right += "possible campaign" in told
            yield alike, least, wrong, lifted["fakes"], lifted["fakes spread"], right


def _rivals(events: Sequence[Event]) -> dict[str, str]:
    """What simpler rules would say: by numbers alone, and by bursts of new accounts."""
    people = len({event.body.reporter for event in events if isinstance(event.body, Report)})
    return {
        "count >= 2 confirms": "confirmed" if people >= 2 else "unconfirmed",
        "burst >= 10 is a campaign": "possible campaign" if people >= 10 else "unconfirmed",
    }


def main(options: Sequence[str] = ()) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks reports")
    parser.add_argument("--choose", action="store_true", help="how the parameters were chosen")
    chosen = parser.parse_args(list(options))
    site = load_site(_SITE)
    if chosen.choose:
        sys.stdout.write("alike  least  crowds told as campaign  lifted: at one place, spread  told of 200\n")
        for alike, least, wrong, near, spread, right in choose(site):
            sys.stdout.write(f"{alike:5.2f}  {least:5d}  {wrong:23d}  {near:21d}  {spread:6d}  {right:4d}\n")
            sys.stdout.flush()
        return
    head = ("scene", "unconfirmed", "probable", "corroborated", "campaign", "rival: confirmed", "rival: campaign")
    sys.stdout.write(" | ".join(head) + "\n")
    for scene in SCENES:
        counts = [0] * 6
        for seed in EVALUATION:
            events = _scene(site, seed, scene)
            told = words(judge(site, events))
            best = [word for word in ("corroborated", "probable", "unconfirmed") if word in told][:1]
            counts[0] += best == ["unconfirmed"]
            counts[1] += best == ["probable"]
            counts[2] += best == ["corroborated"]
            counts[3] += "possible campaign" in told
            rivals = _rivals(events)
            counts[4] += rivals["count >= 2 confirms"] == "confirmed"
            counts[5] += rivals["burst >= 10 is a campaign"] == "possible campaign"
        sys.stdout.write(f"{scene} | " + " | ".join(map(str, counts)) + f"  of {len(EVALUATION)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
