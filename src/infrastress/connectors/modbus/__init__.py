"""Modbus/TCP: polls controllers for the registers of the site model. It reads; it holds nothing that could write."""

import asyncio
import logging
from collections import defaultdict
from typing import ClassVar

from pydantic import BaseModel

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector, LiveContext, Sink
from infrastress.connectors.handover import Handover
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.modbus.device import Device
from infrastress.connectors.modbus.line import Address, Line, Pace
from infrastress.connectors.modbus.options import DeviceOptions, ModbusOptions, TlsOptions
from infrastress.connectors.modbus.planning import Limits
from infrastress.connectors.modbus.wiring import endpoints_of, reader_of, tls_of
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["DeviceOptions", "ModbusConnector", "ModbusOptions", "TlsOptions"]

_FIRST_WAIT_S = 0.25


class ModbusConnector(LiveConnector):
    """Polls every controller of its source on one grid of event time; members are the controllers."""

    name: ClassVar[str] = "modbus"
    Options: ClassVar[type[BaseModel]] = ModbusOptions
    options: ModbusOptions

    def __init__(self, site: Site, source: Source, options: ModbusOptions, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self._cadence_s = options.cadence_s or source.cadence_s or 1.0
        self._tls = tls_of(options.tls, context.folder) if options.tls is not None else None
        limits = Limits(options.max_registers, options.max_bits, options.max_gap)
        self._devices: dict[Address, list[Device]] = defaultdict(list)
        for endpoint in endpoints_of(site, source, options):
            reader = reader_of(site, source, endpoint)
            device = Device(
                endpoint.controller,
                endpoint.unit,
                endpoint.items,
                limits=limits,
                rest_s=options.retry_max_s,
                reader=reader,
                clock=context.clock,
            )
            self._devices[endpoint.address].append(device)

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Poll until cancelled; controllers at one address share a connection, others don't wait for each other."""
        if logging.getLogger("pymodbus").level == logging.NOTSET:
            logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it would log is reported and counted
        inbox = Inbox(self.site, self.source, after)
        handover = Handover(inbox, sink)
        pace = Pace(self.options.max_requests_per_s, self.options.min_gap_ms / 1000)
        async with asyncio.TaskGroup() as group:
            for address, devices in self._devices.items():
                line = Line(address, self.options.timeout_s, pace, self._tls)
                poller = _Poller(
                    line,
                    devices,
                    cadence_s=self._cadence_s,
                    retry_max_s=self.options.retry_max_s,
                    context=self.context,
                    inbox=inbox,
                    handover=handover,
                    sink=sink,
                )
                group.create_task(poller.run())


class _Poller:
    """Polls the devices on one line."""

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
        self._grid = _Grid(context.clock, cadence_s)
        self._retry_max_s = retry_max_s
        self._inbox, self._handover, self._sink = inbox, handover, sink
        self._told: dict[str, Link] = {}

    async def run(self) -> None:
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
            raise ConnectionError(f"the connection to {self._line.address} was lost: {lost}")
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
                self._tell(Link("up", f"{skipped} or more polls skipped" if skipped else "", device.name))
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


class _Grid:
    """Moments to poll: multiples of the cadence in event time; those that have passed are skipped, not caught up."""

    def __init__(self, clock: EventClock, cadence_s: float) -> None:
        self._clock, self._cadence = clock, max(1, round(cadence_s * SECOND))
        self._last = 0
        self._skipped = 0
        self._tell_at = 1

    def begin(self) -> None:
        """What passed before isn't missed."""
        self._last = 0

    async def next(self) -> None:
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
