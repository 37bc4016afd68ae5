"""Polling: the devices on one line, on one grid of event time, again after every loss."""

import asyncio

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveContext, Sink
from infrastress.connectors.handover import Handover
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.modbus.device import Device
from infrastress.connectors.modbus.line import Line
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND

__all__ = ["Grid", "Poller"]

_FIRST_WAIT_S = 0.25


class Poller:
    """Polls the devices on one line.

    Args:
        line: to their address.
        devices: of it.
        cadence_s: between polls.
        retry_max_s: longest wait between attempts to connect.
        context: of the connector.
        inbox, handover: where rows go.
        sink: told of links; members are the devices.
    """

    def __init__(
        self,
        line: Line,
        devices: list[Device],
        *,
        cadence_s: float,
        retry_max_s: float,
        context: LiveContext,
        inbox: Inbox,
        handover: Handover,
        sink: Sink,
    ) -> None:
        self._line, self._devices, self._context = line, devices, context
        self._grid = Grid(context.clock, cadence_s)
        self._retry_max_s = retry_max_s
        self._inbox, self._handover, self._sink = inbox, handover, sink
        self._told: dict[str, Link] = {}

    async def run(self) -> None:
        """Poll until cancelled."""
        try:
            await keep_trying(
                self._attempt,
                failed=self._failed,
                random=self._context.random,
                first_s=min(_FIRST_WAIT_S, self._retry_max_s),
                longest_s=self._retry_max_s,
            )
        finally:
            self._line.close()

    async def _attempt(self) -> None:
        for device in self._devices:
            if device.name not in self._told:
                self._tell(Link("connecting", f"to {self._line.address}", device.name))
            device.forget()
        self._grid.begin()
        try:
            await self._line.open()
            lost = await self._poll_all()
            while not lost:
                await self._grid.next()
                lost = await self._poll_all()
            raise ConnectionError(lost)
        finally:
            self._line.close()

    async def _poll_all(self) -> str:
        """One poll of each device that doesn't rest; the reason when the connection is lost."""
        lost = ""
        for device in self._devices:
            if device.rests:
                continue
            outcome = await device.poll(self._line)
            device.book(outcome, self._inbox)
            if outcome.answered:
                skipped = self._grid.told_skipped()
                notes = [f"{skipped} or more polls skipped"] if skipped else []
                notes += [f"not there: {', '.join(device.missing)}"] if device.missing else []
                self._tell(Link("up", "; ".join(notes), device.name))
            else:
                self._tell(Link("down", outcome.reason, device.name))
            if outcome.lost:
                lost = outcome.reason
                break
        await self._handover.flush()
        return lost

    def _failed(self, reason: Exception, wait_s: float) -> None:
        for device in self._devices:
            self._tell(Link("down", str(reason), device.name))

    def _tell(self, link: Link) -> None:
        if self._told.get(link.member) != link:
            self._told[link.member] = link
            self._sink.report(link)


class Grid:
    """Moments to poll: multiples of the cadence in event time; those that have passed are skipped, not caught up.

    Args:
        clock: event time.
        cadence_s: between two moments.
    """

    def __init__(self, clock: EventClock, cadence_s: float) -> None:
        self._clock, self._cadence = clock, max(1, round(cadence_s * SECOND))
        self._last = 0
        self._skipped = 0
        self._tell_at = 1

    def begin(self) -> None:
        """What passed before isn't missed."""
        self._last = 0

    async def next(self) -> None:
        """Wait for the next moment."""
        now = self._clock.now()
        slot = (now // self._cadence + 1) * self._cadence
        if slot == self._last:  # woken a little early
            slot += self._cadence
        missed = (slot - self._last) // self._cadence - 1
        if self._last and 0 < missed < 1000:  # a clock that was set is no poll that was missed
            self._skipped += missed
        self._last = slot
        await asyncio.sleep(max(0.0, self._clock.wall_s((slot - now) / SECOND)))

    def told_skipped(self) -> int:
        """Polls skipped, rounded down to a power of ten, so that it isn't news every second."""
        while self._skipped >= self._tell_at * 10:
            self._tell_at *= 10
        return self._tell_at if self._skipped >= self._tell_at else 0
