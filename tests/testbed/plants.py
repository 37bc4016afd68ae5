"""Simulated runs, played once."""

import time
from functools import cache
from pathlib import Path

from infrastress.app.scenarios import load_scenario, play
from infrastress.core.clock import EventClock
from infrastress.simulators.telemetry import Telemetry
from infrastress.site import Site
from infrastress.site.load import load_site

SITES = ("depot", "water")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@cache
def plant(name: str) -> tuple[Site, Telemetry]:
    """An ordinary day of a reference site."""
    site = load_site(EXAMPLES / name)
    scenario = load_scenario(EXAMPLES / name, "normal", duration_h=24)
    return site, Telemetry(site, play(site, scenario, 3).samples)


def ticking(telemetry: Telemetry, share: float, speed: float) -> EventClock:
    """A clock that is now some share through the run."""
    origin = telemetry.began + round(share * (telemetry.ended - telemetry.began))
    return EventClock(origin, time.time_ns(), speed)
