"""The process that takes in: live connectors, admitted and committed; connections change while it runs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
import uvloop

from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.connecting import connectors_of, fingerprints, live_clock
from infrastress.app.service.judge import owner_of
from infrastress.app.service.link import Link
from infrastress.app.service.models import Setup, read_setup
from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.core.errors import InfrastressError
from infrastress.core.secrets import Secrets
from infrastress.runtime import Intake, Notice
from infrastress.store import open_store
from infrastress.store.ports import Store

__all__ = ["run"]

_BEAT_S = 1.0


def run(config: ServiceConfig, link: Link) -> None:
    """Take in until told to stop."""
    with open_store(config.store, upgrade=False) as store:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_Process(config, link, store).run())


class _Process:
    def __init__(self, config: ServiceConfig, link: Link, store: Store) -> None:
        self._config, self._link, self._store = config, link, store
        self._log = structlog.get_logger()
        self._clock = live_clock()
        self._setup = config.setup
        self._prints: dict[str, str] = {}
        self._connectors: dict[str, LiveConnector] = {}
        self._changes: asyncio.Queue[str] = asyncio.Queue()

    async def run(self) -> None:
        """Connectors, and what the supervisor says."""
        setup = read_setup(self._store.blobs, self._setup)
        self._plan(setup)
        self._intake = Intake(
            self._store,
            setup.site,
            list(self._connectors.values()),
            clock=self._clock,
            owner=owner_of(self._config, "intake"),
            on_notice=self._tell,
        )
        self._intake.keep_every = self._config.keep_every
        loop = asyncio.get_running_loop()
        self._link.on("disk", lambda told: setattr(self._intake, "keep_every", int(told)))

        def in_loop(what: Callable[..., None]) -> Callable[..., None]:
            def call(*args: Any) -> None:
                loop.call_soon_threadsafe(what, *args)

            return call

        self._link.on_site(in_loop(self._changes.put_nowait))
        self._link.on_stop(in_loop(self._intake.stop))
        beats, changes = asyncio.create_task(self._beat()), asyncio.create_task(self._change())
        try:
            await self._intake.run()
        finally:
            for task in (beats, changes):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _plan(self, setup: Setup) -> None:
        """The connectors for a setup, those that stay as they are."""
        site, connections = setup.site, setup.connections
        folder = self._config.site if self._config.site.is_dir() else self._config.site.parent
        prints = fingerprints(site, connections)
        same = {source for source, one in prints.items() if self._prints.get(source) == one}
        context = LiveContext(self._clock, Secrets(self._config.secrets), folder, blobs=self._store.blobs)
        fresh = connectors_of(site, connections, context, only=prints.keys() - same)
        self._connectors = {**{source: self._connectors[source] for source in same}, **fresh}
        self._prints = prints
        self._log.info("sources", connected=sorted(self._connectors), begun=sorted(fresh), stayed=sorted(same))

    async def _change(self) -> None:
        while True:
            digest = await self._changes.get()
            try:
                setup = read_setup(self._store.blobs, digest)
                self._plan(setup)
                await self._intake.change(setup.site, list(self._connectors.values()))
                self._setup = digest
            except InfrastressError as error:  # it was checked before: a secret or certificate is gone
                self._log.error("change refused", why=str(error))

    async def _beat(self) -> None:
        ready = False
        while True:
            if self._intake.ready and not ready:
                ready = True
                self._link.ready()
            self._link.beat(**self._told())
            await asyncio.sleep(_BEAT_S)

    def _told(self) -> dict[str, Any]:
        intake = self._intake
        up = sum(state == "up" for state, _ in intake.links.values())
        return {
            "sources": len(self._connectors),
            "connections_up": up,
            "waiting": intake.waiting,
            "backlog": intake.backlog,
            "keep_every": intake.keep_every,
            "failing": intake.failing,
            "setup": self._setup,
        }

    def _tell(self, notice: Notice) -> None:
        speak = self._log.info if notice.what == "back" else self._log.warning
        speak(notice.what, source=notice.source, why=notice.why)
