"""A sink in memory: keeps what became durable, in order, and can be as slow or broken as a full disk."""

import asyncio
import time
from collections.abc import Callable
from random import Random

import numpy as np

from infrastress.connectors.base import Link, LiveConnector
from infrastress.events import Event
from infrastress.events.delivery import Balance, Delivery

__all__ = ["MemorySink", "follow", "until"]

PATIENCE_S = 30.0


async def until(true: Callable[[], object], what: Callable[[], str], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is true; `what` says what was waited for.

    Raises:
        AssertionError: it isn't by then.
    """
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what()}"
        await asyncio.sleep(0.005)


class MemorySink:
    """Takes deliveries in the order of the calls; each is durable when it says so.

    Args:
        random: draws whether a delivery whose taker was cancelled became durable nevertheless.
        delay_s: how long a delivery takes.

    Attributes:
        durable: what became durable.
        links: what was reported.
        waiting: deliveries on their way.
        most_waiting: the most of these, and of the rows and events in them, at one time.
    """

    def __init__(self, random: Random | None = None, delay_s: float = 0.0) -> None:
        self.durable: list[Delivery] = []
        self.links: list[Link] = []
        self.waiting = self.waiting_items = self.most_waiting = self.most_waiting_items = 0
        self.delay_s = delay_s
        self._random = random
        self._open = asyncio.Event()
        self._open.set()
        self._turn = asyncio.Lock()

    def hold(self) -> None:
        """Let nothing become durable."""
        self._open.clear()

    def release(self) -> None:
        """Go on."""
        self._open.set()

    async def deliver(self, delivery: Delivery) -> None:
        """As `connectors.base.Sink`."""
        items = sum(map(len, delivery.samples)) + len(delivery.events)
        self.waiting += 1
        self.waiting_items += items
        self.most_waiting = max(self.most_waiting, self.waiting)
        self.most_waiting_items = max(self.most_waiting_items, self.waiting_items)
        try:
            async with self._turn:
                try:
                    await self._open.wait()
                    if self.delay_s:
                        await asyncio.sleep(self.delay_s)
                except asyncio.CancelledError:
                    if self._open.is_set() and self._random is not None and self._random.random() < 0.5:
                        self.durable.append(delivery)  # committed, but nobody was there any more to hear of it
                    raise
                self.durable.append(delivery)
        finally:
            self.waiting -= 1
            self.waiting_items -= items

    def report(self, link: Link) -> None:
        """As `connectors.base.Sink`."""
        self.links.append(link)

    @property
    def position(self) -> bytes | None:
        """Of the last durable delivery."""
        return self.durable[-1].position if self.durable else None

    @property
    def balance(self) -> Balance:
        """Of all durable deliveries."""
        whole = Balance()
        for delivery in self.durable:
            whole.add(delivery.balance)
        return whole

    @property
    def readings(self) -> list[tuple[int, str, float]]:
        """(time, signal, value) of every durable cell, as delivered."""
        return [
            (int(samples.times[row]), samples.tags[column], float(samples.values[row, column]))
            for delivery in self.durable
            for samples in delivery.samples
            for row, column in np.argwhere(np.isfinite(samples.values)).tolist()
        ]

    @property
    def events(self) -> list[Event]:
        """Every durable event."""
        return [event for delivery in self.durable for event in delivery.events]

    def values(self, signal: str) -> list[float]:
        """Of one signal, as delivered."""
        return [value for _, tag, value in self.readings if tag == signal]

    def state(self, member: str = "") -> str:
        """The last reported state of a link."""
        return next((link.state for link in reversed(self.links) if link.member == member), "")


def follow(connector: LiveConnector, sink: MemorySink, done: Callable[[], object]) -> None:
    """Run a connector until something is true; it is killed then."""

    async def run() -> None:
        task = asyncio.create_task(connector.run(sink, sink.position))
        try:
            await until(lambda: task.done() or done(), lambda: f"{sink.links[-3:]} {sink.balance.as_dict()}")
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=2)

    asyncio.run(run())
