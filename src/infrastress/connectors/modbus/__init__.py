"""Modbus/TCP: polls controllers for the registers of the site model. It reads; it holds nothing that could write."""

import asyncio
import logging
from collections import defaultdict
from typing import ClassVar

from pydantic import BaseModel

from infrastress.connectors.base import LiveConnector, LiveContext, Sink
from infrastress.connectors.handover import Handover
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.modbus.device import Device
from infrastress.connectors.modbus.line import Address, Line, Pace
from infrastress.connectors.modbus.options import DeviceOptions, ModbusOptions, TlsOptions
from infrastress.connectors.modbus.polling import Poller
from infrastress.connectors.modbus.wiring import endpoints_of, reader_of, tls_of
from infrastress.site import Site
from infrastress.site.sources import Source
from infrastress.site.spans import Limits

__all__ = ["DeviceOptions", "ModbusConnector", "ModbusOptions", "TlsOptions"]


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
                poller = Poller(
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
