"""OPC UA: subscribes to the nodes of signals. It reads: it writes no value and calls no method of a server."""

import logging
from typing import ClassVar

from pydantic import BaseModel

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector, LiveContext, Sink
from infrastress.connectors.handover import Handover
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.opcua.listening import Listener
from infrastress.connectors.opcua.nodes import NodeName
from infrastress.connectors.opcua.options import NodeOptions, OpcUaOptions
from infrastress.connectors.opcua.session import Access, explain, session
from infrastress.connectors.signals import SignalReader
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["NodeOptions", "OpcUaConnector", "OpcUaOptions"]

_FIRST_WAIT_S = 0.25
_SILENT = logging.CRITICAL + 1


class OpcUaConnector(LiveConnector):
    """Listens to one server."""

    name: ClassVar[str] = "opcua"
    Options: ClassVar[type[BaseModel]] = OpcUaOptions
    options: OpcUaOptions

    def __init__(self, site: Site, source: Source, options: OpcUaOptions, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        columns = {signal: node.column(signal) for signal, node in options.nodes.items()}
        self._reader = SignalReader(columns, site, f"source {source.id}, options.nodes")
        self._nodes = {signal: NodeName.parse(node.node) for signal, node in options.nodes.items()}
        self._access = Access.of(options, context, site.id)
        self._told: Link | None = None

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Listen until cancelled."""
        if logging.getLogger("asyncua").level == logging.NOTSET:
            logging.getLogger("asyncua").setLevel(_SILENT)  # what it would log is reported and counted
        inbox = Inbox(self.site, self.source, after, resolution_s=self.options.resolution_s)
        handover = Handover(inbox, sink)

        async def attempt() -> None:
            if self._told is None:
                self._tell(sink, Link("connecting", f"to {self.options.url}"))
            async with session(self.options, self._access) as opened:
                listener = Listener(
                    opened.client,
                    self.options,
                    nodes=self._nodes,
                    reader=self._reader,
                    clock=self.context.clock,
                    cadence_s=self.options.cadence_s or self.source.cadence_s or 1.0,
                    inbox=inbox,
                    handover=handover,
                )
                await listener.start()
                while True:
                    notes = [note for note in (opened.note, listener.refused, listener.skew) if note]
                    self._tell(sink, Link("up", "; ".join(notes)))
                    await listener.look()

        def failed(reason: Exception, wait_s: float) -> None:
            self._tell(sink, Link("down", explain(reason, self.options, self._access)))

        await keep_trying(
            attempt,
            failed=failed,
            random=self.context.random,
            first_s=min(_FIRST_WAIT_S, self.options.retry_max_s),
            longest_s=self.options.retry_max_s,
        )

    def _tell(self, sink: Sink, link: Link) -> None:
        if link != self._told:
            self._told = link
            sink.report(link)
