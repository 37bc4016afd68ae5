"""What a story of the network is told with: the plant, its people, what is still to happen, chance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from infrastress.simulators.randomness import Pair
from infrastress.simulators.traffic.agenda import Agenda
from infrastress.simulators.traffic.conversation import Put
from infrastress.simulators.traffic.people import People
from infrastress.simulators.traffic.plant import Device, Node, Plant
from infrastress.simulators.traffic.polling import Poller, Trouble
from infrastress.simulators.traffic.talk import Talk

__all__ = ["Stage", "Tale"]


@dataclass(frozen=True)
class Stage:
    """One story's. `device` is whom it is about, `began` and `ended` its times, ns; `poll` the time between polls."""

    plant: Plant
    people: People
    poller: Poller
    agenda: Agenda
    draws: np.random.Generator
    put: Put
    device: Device
    began: int
    ended: int
    poll: int

    def talk(self, client: Node, device: Device | None = None) -> Talk:
        """A client's talk with a controller, the story's without another."""
        return Talk(client, device or self.device, self.draws, self.put)

    def actuated(self) -> Device:
        """The story's controller, or another where it drives nothing."""
        return next((one for one in (self.device, *self.plant.devices.values()) if one.coils), self.device)

    def insider(self) -> Node:
        """A computer that the site model has and that has little to do with controllers."""
        return self.plant.station or self.plant.consoles[0]

    def stranger(self, near: Node, last: int = 90) -> Node:
        """A node that the site model doesn't have, in the network of one that it has."""
        return self.plant.free(self.plant.network_of(near), last + int(self.draws.integers(0, 60)))

    def trouble(self, trouble: Trouble) -> None:
        """What is wrong with the story's controller for its master."""
        self.poller.trouble(self.device.node.asset, trouble)

    def every(self, seconds: float, deed: Callable[[int], object]) -> None:
        """Have something done from the beginning to the end, again and again."""
        step = round(seconds * 1e9)
        for at in range(self.began, self.ended, step):
            self.agenda.note(at, lambda now: (deed(now), None)[1])


class Tale(NamedTuple):
    """A story: its name in the truth, ATT&CK techniques, how long it lasts in seconds, what it is, how it is played.

    Without techniques it is no attack, only something that may look like one.
    """

    name: str
    techniques: tuple[str, ...]
    lasts: Pair
    note: str
    play: Callable[[Stage], None]
