"""The simulator family: one base, found by entry point, held to `tests/simulators/contract.py`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from infrastress.events import Event, Samples
from infrastress.site import Site

__all__ = ["Realisation", "Scenario", "Simulator", "TrafficPlan", "TrafficStory", "TruthSpan"]


class TrafficStory(BaseModel):
    """A story of the network (`docs/recordings.md`), and how many hours after the start it begins; drawn without it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    story: str
    at_h: float | None = Field(default=None, ge=0)


class TrafficPlan(BaseModel):
    """What is captured at the control network: seconds between polls, and stories beside the ordinary traffic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    poll_s: float = Field(default=10.0, ge=1)
    stories: tuple[TrafficStory, ...] = ()


class Scenario(BaseModel):
    """A story to simulate: a simulator's name, when it begins, how long it lasts, and the simulator's own options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = ""
    simulator: str
    start: str = Field(description="ISO 8601 with offset")
    duration_h: float = Field(gt=0)
    options: dict[str, Any] = {}
    traffic: TrafficPlan | None = Field(default=None, description="Captures beside the recording")


@dataclass(frozen=True)
class TruthSpan:
    """What really happened: an attack, fault or benign oddity, from `began` to `ended` (ns).

    `techniques` are of ATT&CK for ICS, of what was said on the network. `zone` is where it was, `people` whose badge or
    account it was, `first_visible` when the first thing was recorded that wouldn't have been without it (ns).
    """

    kind: str
    malicious: bool
    began: int
    ended: int
    assets: tuple[str, ...]
    signals: tuple[str, ...] = ()
    note: str = ""
    techniques: tuple[str, ...] = ()
    zone: str = ""
    people: tuple[str, ...] = ()
    first_visible: int | None = None


@dataclass(frozen=True)
class Realisation:
    """One simulated run.

    Attributes:
        samples: telemetry in chunks, by time, SI units, as the operator's historian sees it (spoofed where spoofed);
            none where a run has no telemetry.
        events: observations (badge, login, gas, switch, report), sorted by time.
        truth: what really happened.
        facts: numbers worth knowing (JSON-able), such as `overflow_at` in ns or null.
    """

    samples: Iterator[Samples]
    events: tuple[Event, ...]
    truth: tuple[TruthSpan, ...]
    facts: dict[str, Any] = field(default_factory=dict)


class Simulator(ABC):
    """Plays a scenario on a site; the same site, scenario and seed give the same bytes."""

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    def __init__(self, site: Site) -> None:
        self.site = site

    @abstractmethod
    def run(self, scenario: Scenario, seed: int) -> Realisation:
        """Simulate; raises SimulationError where the scenario doesn't fit the site or a balance breaks."""
