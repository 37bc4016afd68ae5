"""A push connector running beside a client, and a sink whose durability the test decides."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from infrastress.connectors.base import Link, LiveContext
from infrastress.connectors.http_push import HttpPushConnector, HttpPushOptions
from infrastress.core.clock import EventClock
from infrastress.core.secrets import Secrets
from infrastress.events.delivery import Delivery
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site

BEARER = "a-token-for-the-tests"


class Shelf:
    """A sink: keeps what was delivered; a closed door keeps deliveries from becoming durable."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.links: list[Link] = []
        self.door = asyncio.Event()
        self.door.set()

    async def deliver(self, delivery: Delivery) -> None:
        await self.door.wait()
        self.deliveries.append(delivery)

    def report(self, link: Link) -> None:
        self.links.append(link)

    async def address(self) -> str:
        while not (self.links and self.links[-1].state == "up"):
            await asyncio.sleep(0.01)
        return self.links[-1].detail.split()[2].rstrip(";")


def make(
    folder: Path, *, kind: str = "telemetry", clock: EventClock | None = None, **options: Any
) -> HttpPushConnector:
    secrets = folder / "secrets.yaml"
    if not secrets.exists():
        secrets.touch(mode=0o600)
        secrets.write_text(f"gateway: {BEARER}\nshort: abc\n")
    used = HttpPushOptions.model_validate({"port": 0, "token_secret": "gateway", **options})
    source = Source.model_validate({"id": "historian" if kind == "telemetry" else "doors", "kind": kind})
    context = LiveContext(clock=clock or EventClock(), secrets=Secrets(secrets), folder=folder)
    return HttpPushConnector(small_site(), source, used, context)


@asynccontextmanager
async def serving(
    connector: HttpPushConnector, shelf: Shelf, after: bytes | None = None, **client: Any
) -> AsyncIterator[httpx.AsyncClient]:
    running = asyncio.create_task(connector.run(shelf, after))
    address = asyncio.create_task(shelf.address())
    try:
        await asyncio.wait({running, address}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        headers = {"authorization": f"Bearer {BEARER}", **client.pop("headers", {})}
        async with httpx.AsyncClient(base_url=await address, headers=headers, **client) as http:
            yield http
    finally:
        address.cancel()
        running.cancel()
        done, _ = await asyncio.wait({running}, timeout=1.5)
        assert done, "a cancelled connector returns within a second"


def drive(folder: Path, story: Callable[[httpx.AsyncClient, Shelf], Awaitable[Any]], **options: Any) -> Shelf:
    """Run a story against a connector; gives back what was delivered."""

    async def run() -> Shelf:
        shelf = Shelf()
        async with serving(make(folder, **options), shelf) as http:
            await story(http, shelf)
        return shelf

    return asyncio.run(asyncio.wait_for(run(), 30))
