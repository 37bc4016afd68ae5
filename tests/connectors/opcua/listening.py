"""What tests of the OPC UA connector share: a site, a server with nodes, the connector running into a sink."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from infrastress.connectors.base import LiveContext
from infrastress.connectors.opcua import OpcUaConnector, OpcUaOptions
from infrastress.site import Site
from tests.peers.opcua import URI, OpcUaServer, Setting
from tests.peers.processes import free_port
from tests.peers.sink import MemorySink

__all__ = ["connector", "listened", "served", "site_of"]


def site_of(*names: str) -> Site:
    """A site with signals without a unit."""
    return Site.model_validate(
        {
            "id": "plant",
            "assets": [{"id": "T1", "type": "tank", "height_m": 10, "diameter_m": 8}],
            "signals": [{"id": name, "asset": "T1", "kind": "other", "source": "scada"} for name in names],
            "sources": [{"id": "scada", "kind": "telemetry", "cadence_s": 0.1}],
        }
    )


def connector(
    server: OpcUaServer, *names: str, context: LiveContext | None = None, site: Site | None = None, **options: Any
) -> OpcUaConnector:
    """Listens to nodes of the same names."""
    site = site or site_of(*names)
    given = {
        "url": server.url, "nodes": {name: f"nsu={URI};s={name}" for name in names}, "security": "none",
        "publishing_ms": 20, "keep_alive_s": 0.2, "timeout_s": 2.0, "retry_max_s": 0.2,
    }  # fmt: skip
    parsed = OpcUaOptions.model_validate(given | options)
    return OpcUaConnector(site, site.source_by_id["scada"], parsed, context or LiveContext())


@asynccontextmanager
async def served(folder: Path, nodes: dict[str, Any], **setting: Any):
    server = OpcUaServer(free_port(), folder, Setting(nodes, **setting))
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


@asynccontextmanager
async def listened(made: OpcUaConnector, after: bytes | None = None):
    sink = MemorySink()
    task = asyncio.create_task(made.run(sink, after))
    try:
        yield sink
        assert not task.done(), task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
