"""HTTP push under the live contract: a gateway behind a fault proxy that posts each value until it is acknowledged."""

import asyncio
import contextlib
import time
from collections import deque

import httpx

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.http_push import HttpPushConnector, HttpPushOptions
from infrastress.core.time import to_iso
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import Peer, WireContract

BEARER = "a-gateway-token-for-tests"
OPTIONS = {"token_secret": "gateway", "rate_per_s": 10_000, "retry_max_s": 0.2}


class Gateway(Peer):
    """Keeps what it has to say on its disk, and says it again until it hears that it was stored or will never be."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/"
        self._queue: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._spoilt = 0
        self._batch: list[bytes] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._push())

    async def kill(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def say(self, value: float) -> None:
        self._queue.append(b'{"time": "%s", "LT1": %r}' % (to_iso(time.time_ns()).encode(), value))
        self._news.set()

    async def nonsense(self) -> None:
        self._spoilt += 1
        self._queue.append(b'{"time": %d, "LT1"' % self._spoilt)
        self._news.set()

    async def _push(self) -> None:
        headers = {"authorization": f"Bearer {BEARER}", "content-type": "application/x-ndjson"}
        while True:
            async with httpx.AsyncClient(headers=headers, timeout=2.0) as client:
                with contextlib.suppress(httpx.HTTPError):
                    while True:
                        self._batch = self._batch or list(self._queue)[:50]  # the very same again until it is settled
                        if not self._batch:
                            self._news.clear()
                            await self._news.wait()
                            continue
                        answer = await client.post(self._url, content=b"\n".join(self._batch))
                        if answer.status_code not in (200, 422):
                            break
                        for _ in self._batch:
                            self._queue.popleft()
                        self._batch = []
            await asyncio.sleep(0.05)


class TestHttpPush(WireContract):
    listens = True
    secrets = {"gateway": BEARER}  # noqa: RUF012 - of the suite

    def make_peer(self, port: int) -> Peer:
        return Gateway(port)

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        options = HttpPushOptions.model_validate({"port": port, **OPTIONS})
        return HttpPushConnector(small_site(), Source(id="historian", kind="telemetry"), options, context)
