"""The simulator family: one base, found by entry point, held to `tests/simulators/contract.py`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infrastress.events import Event, Samples
from infrastress.site import Site

__all__ = [
    "Incident",
    "Part",
    "Realisation",
    "Scenario",
    "Simulator",
    "TrafficPlan",
    "TrafficStory",
    "TruthSpan",
]


class TrafficStory(BaseModel):
    """A story of the network (`docs/recordings.md`), and how many hours after the start it begins; drawn without it.

    Attributes:
        device: the controller it is about; drawn without it.
        accident: whether it came about by itself: not malicious, whatever it looks like.
        event: the event that its truth belongs to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    story: str
    at_h: float | None = Field(default=None, ge=0)
    device: str | None = None
    accident: bool = False
    event: str = ""


class TrafficPlan(BaseModel):
    """What is captured at the control network: seconds between polls, and stories beside the ordinary traffic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    poll_s: float = Field(default=10.0, ge=1)
    stories: tuple[TrafficStory, ...] = ()


class Part(BaseModel):
    """One simulator's share of a scenario that several play together, and its own options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    simulator: str
    options: dict[str, Any] = {}


class Incident(BaseModel):
    """An event that all parts of a scenario tell of together (`docs/incident-recordings.md`).

    Attributes:
        tale: which.
        twin: whether people did it on purpose to harm, it came about by itself, or it is honest work.
        beside: whether an unrelated second event lies in the same hours: `far` from it, `near` by, or either as drawn.
        at_h: hours from the start to the moment everything turns on; drawn without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tale: str
    twin: Literal["attack", "fault", "benign"] = "attack"
    beside: Literal["none", "far", "near", "drawn"] = "none"
    at_h: float | None = Field(default=None, ge=0)


class Scenario(BaseModel):
    """A story to simulate: a simulator's name, when it begins, how long it lasts, and the simulator's own options.

    Or `parts`, several simulators for the same hours whose recordings become one, and the `incident` they tell of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = ""
    simulator: str = ""
    parts: tuple[Part, ...] = ()
    incident: Incident | None = None
    start: str = Field(description="ISO 8601 with offset")
    duration_h: float = Field(gt=0)
    options: dict[str, Any] = {}
    traffic: TrafficPlan | None = Field(default=None, description="Captures beside the recording")

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        if bool(self.simulator) == bool(self.parts):
            raise ValueError("either a simulator or parts")
        if self.incident is not None and not self.parts:
            raise ValueError("an incident is told by parts")
        return self


@dataclass(frozen=True)
class TruthSpan:
    """What really happened: an attack, fault or benign oddity, from `began` to `ended` (ns).

    `techniques` are of ATT&CK for ICS, of what was said on the network. `zone` is where it was, `people` whose badge or
    account it was, `first_visible` when the first thing was recorded that wouldn't have been without it (ns). `event`:
    spans of one name belong to one event; without a name each stands for itself.
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
    event: str = ""


@dataclass(frozen=True)
class Realisation:
    """One simulated run.

    Attributes:
        samples: telemetry in chunks, by time, SI units, as the operator's historian sees it (spoofed where spoofed);
            none where a run has no telemetry.
        events: observations (badge, login, gas, switch, report), sorted by time.
        truth: what really happened.
        facts: numbers worth knowing (JSON-able), such as `overflow_at` in ns or null.
        traffic: what the network tells beside it where that follows from the seed; else the scenario says it.
    """

    samples: Iterator[Samples]
    events: tuple[Event, ...]
    truth: tuple[TruthSpan, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    traffic: TrafficPlan | None = None


class Simulator(ABC):
    """Plays a scenario on a site; the same site, scenario and seed give the same bytes."""

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    def __init__(self, site: Site) -> None:
        self.site = site

    @abstractmethod
    def run(self, scenario: Scenario, seed: int) -> Realisation:
        """Simulate; raises SimulationError where the scenario doesn't fit the site or a balance breaks."""
