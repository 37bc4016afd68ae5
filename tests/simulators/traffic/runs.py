"""Short runs of the reference sites with a tap, played once."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

from infrastress.app.scenarios import load_scenario, play
from infrastress.connectors.pcap.balance import CaptureBalance
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.events.network import NetworkRow
from infrastress.simulators.base import Realisation, TrafficPlan
from infrastress.simulators.telemetry import Telemetry
from infrastress.simulators.traffic import tapped
from infrastress.site import Site
from infrastress.site.load import load_site

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


class Run(NamedTuple):
    site: Site
    folder: Path
    played: Realisation
    telemetry: Telemetry
    rows: list[NetworkRow]
    balances: list[CaptureBalance]


@cache
def site_of(name: str) -> Site:
    return load_site(EXAMPLES / name)


def captured(folder: Path) -> tuple[list[NetworkRow], list[CaptureBalance]]:
    rows, balances = [], []
    for path in sorted(folder.glob("*.pcap")):
        reader = CaptureReader(path)
        rows += [row for records in reader for row in records.rows()]
        balances.append(reader.balance)
    return rows, balances


def tap(name: str, folder: Path, *stories: tuple[str, float], hours: float = 5.0, poll_s: float = 60.0, seed: int = 3):
    told: list[Any] = [{"story": story, "at_h": at} for story, at in stories]
    scenario = load_scenario(EXAMPLES / name, "normal", duration_h=hours)
    plan = TrafficPlan.model_validate({"poll_s": poll_s, "stories": told})
    scenario = scenario.model_copy(update={"traffic": plan})
    site = site_of(name)
    played = tapped(site, scenario, play(site, scenario, seed), seed, folder)
    return site, played, Telemetry(site, played.samples)


@cache
def run(name: str, *stories: tuple[str, float], hours: float = 5.0, poll_s: float = 60.0, seed: int = 3) -> Run:
    folder = Path(mkdtemp(prefix="traffic-"))
    site, played, telemetry = tap(name, folder, *stories, hours=hours, poll_s=poll_s, seed=seed)
    return Run(site, folder, played, telemetry, *captured(folder))
