"""Live sources in memory, for driving the intake."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.events.delivery import Balance, Delivery
from infrastress.site.sources import Source
from tests.runtime.toys import report


def live(test: Callable[..., Coroutine]) -> Callable[..., None]:
    """A test with an event loop of its own, of half a minute at most."""

    @functools.wraps(test)
    def run(*args, **more):
        asyncio.run(asyncio.wait_for(test(*args, **more), 30))

    return run


class Said(NamedTuple):
    """A connection's state."""

    state: str
    detail: str = ""
    member: str = ""


@dataclass
class Speaker:
    """Tells a row or an event at its cadence, numbered from its position; remembers what was acknowledged.

    Behind each `rests_at`th it rests for `rests_s`.
    """

    source: Source
    clock: EventClock
    every_s: float = 0.02
    tags: tuple[str, ...] = ("level", "flow")
    value: Callable[[int], float] = float
    late_s: float = 0.0
    last: int = 10**9
    kind: str = "rows"
    rests_at: int = 0
    rests_s: float = 0.0
    acknowledged: list[int] = field(default_factory=list)
    starts: list[bytes | None] = field(default_factory=list)

    async def run(self, sink, after):
        self.starts.append(after)
        sink.report(Said("up"))
        number = int(after or b"0")
        while number < self.last:
            await sink.deliver(self.delivery(number, self.clock.now()))
            self.acknowledged.append(number)
            number += 1
            await asyncio.sleep(self.rests_s if self.rests_at and number % self.rests_at == 0 else self.every_s)
        await asyncio.Event().wait()

    def delivery(self, number: int, now: int) -> Delivery:
        balance = Balance(read=1, accepted=1)
        position = str(number + 1).encode()
        time = now - round(self.late_s * SECOND)
        if self.kind == "events":
            events = (report(time, f"event {number}", sequence=number, source=self.source.id, site="toy"),)
            return Delivery(self.source.id, position, events=events, balance=balance)
        balance.cells_accepted = len(self.tags)
        values = np.full((1, len(self.tags)), self.value(number))
        samples = Samples("toy", self.source.id, number, np.array([time]), self.tags, values)
        return Delivery(self.source.id, position, (samples,), balance=balance, progress=time)
