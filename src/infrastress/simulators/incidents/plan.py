"""A plan of one event: what each simulator is asked to tell, and what follows from the harm that was done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from infrastress.simulators.base import Realisation, TrafficStory
from infrastress.simulators.randomness import Pair, Randomness

__all__ = ["BESIDE", "MAIN", "Cast", "Plan"]

MAIN, BESIDE = "main", "beside"
"""Names of the event that a scenario is about, and of the unrelated second one, in the truth."""
_HOUR_S = 3600.0

Share = dict[str, Any]


@dataclass
class Plan:
    """What is to happen; moments in hours after the start.

    Attributes:
        start: ns UTC of hour 0.
        process: options of the process's simulator.
        deeds: of people and things, for the simulator of life.
        stories: of the network.
        aftermath: more deeds, once it is known what the process did.
    """

    start: int
    process: Share = field(default_factory=dict)
    deeds: list[Share] = field(default_factory=list)
    stories: list[TrafficStory] = field(default_factory=list)
    aftermath: Callable[[Sequence[Realisation]], list[Share]] = lambda _: []

    def share(self, simulator: str, played: Sequence[Realisation]) -> Share:
        """Options for a simulator, after those of `played` are done."""
        if simulator == "life":
            return {"plot": sorted([*self.deeds, *self.aftermath(played)], key=lambda one: float(one["at_h"]))}
        return self.process


@dataclass
class Cast:
    """Writes into a plan, for one event, from one moment on, with everything left open drawn.

    Attributes:
        draws: of the run; names are the same for all twins, so that they share what they draw.
        at_h: the moment everything turns on.
        event: its name in the truth.
    """

    plan: Plan
    draws: Randomness
    at_h: float
    event: str

    def draw(self, name: str, pair: Pair) -> float:
        """A quantity of the plan."""
        return self.draws.draw(f"incident.{self.event}.{name}", pair)

    def count(self, name: str, pair: Pair) -> int:
        """A number of the plan."""
        return round(self.draw(name, pair))

    def pick(self, name: str, among: Sequence[Any]) -> Any:
        """One of several."""
        return among[int(self.draws.stream(f"incident.{self.event}.{name}").integers(len(among)))]

    def when(self, name: str, pair: Pair) -> float:
        """Hours after the start of a step, whose range is given in seconds against the moment."""
        return max(self.at_h + self.draw(name, pair) / _HOUR_S, 0.05)

    def deed(self, what: str, at_h: float, **more: Any) -> None:
        """Something that people or things do."""
        self.plan.deeds.append({"what": what, "at_h": at_h, "event": self.event, **more})

    def says(self, story: str, at_h: float, device: str | None, *, accident: bool = False) -> None:
        """Something on the network."""
        told = TrafficStory(story=story, at_h=at_h, device=device, accident=accident, event=self.event)
        self.plan.stories.append(told)
