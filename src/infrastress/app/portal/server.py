"""The portal as a process: of the service, or alone."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import structlog
import uvicorn
import uvloop

from infrastress.app.portal.app import Portal, create_portal
from infrastress.app.portal.options import options_of
from infrastress.app.service.birth import listen
from infrastress.connectors.reports.options import ReportsOptions
from infrastress.connectors.reports.records import Boxes
from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError
from infrastress.core.secrets import Secrets
from infrastress.site import Site
from infrastress.site.connections import connections_of
from infrastress.site.load import load_site

__all__ = ["run", "serve_portal"]

_RETIRE_S = 3600.0
_AT_ONCE = 300


def run(config: Any, link: Any) -> None:
    """Serve as a process of the service until told to stop.

    Args:
        config: a `ServiceConfig`.
        link: a `Link` to the supervisor.

    Raises:
        ConfigurationError: the port can't be had, or the staff's secret isn't there.
    """
    site = load_site(config.site)
    options = options_of(connections_of(site, config.connections))
    if options is None:  # it was taken out of the site meanwhile
        link.ready(address="")
        while not link.stopping.wait(0.25):
            link.beat()
        return
    serve_portal(
        site, options, Secrets(config.secrets), link.stopping,
        on_ready=lambda address: link.ready(address=address), on_beat=lambda told: link.beat(**told),
    )  # fmt: skip


def serve_portal(
    site: Site,
    options: ReportsOptions,
    held: Secrets,
    stop: threading.Event,
    *,
    on_ready: Callable[[str], None] = lambda _: None,
    on_beat: Callable[[dict[str, Any]], None] = lambda _: None,
) -> None:
    """Serve the form of a site until `stop` is set.

    Args:
        site: the site model, which knows its folder.
        options: of the source of reports.
        held: secrets, for the staff's code.
        stop: set in another thread.
        on_ready: told the address when requests are answered.
        on_beat: told about once a second how much was taken and refused.

    Raises:
        ConfigurationError: the port can't be had, the inbox can't be made, or the staff's secret isn't there.
    """
    folder = site.folder or Path()
    folder = folder if folder.is_dir() else folder.parent
    staff = held.get(options.staff_secret) if options.staff_secret is not None else None
    try:
        boxes = Boxes(folder / options.folder)
    except OSError as error:
        raise ConfigurationError(
            f"the inbox of reports can't be made: {error.strerror}", where=str(folder / options.folder)
        ) from None
    clock = EventClock.of_environment()
    portal = Portal(site, options, boxes, clock.now, staff)
    listening = listen(options.host, options.port)
    scheme = "https" if options.certificate is not None else "http"
    host, port = listening.getsockname()[:2]
    address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"

    class Server(uvicorn.Server):
        """Leaves signals to the caller."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    server = Server(
        uvicorn.Config(
            create_portal(portal), lifespan="off", log_config=None, access_log=False, proxy_headers=False,
            server_header=False, timeout_keep_alive=10, timeout_graceful_shutdown=3, limit_concurrency=_AT_ONCE,
            h11_max_incomplete_event_size=32_768,
            ssl_certfile=folder / options.certificate if options.certificate else None,
            ssl_keyfile=folder / options.key if options.key else None,
        )
    )  # fmt: skip

    async def watch() -> None:
        ready, due = False, 0.0
        while not stop.is_set():
            if server.started and not ready:
                ready = True
                on_ready(address)
            if time.monotonic() >= due:
                due = time.monotonic() + _RETIRE_S
                await asyncio.to_thread(_retire, boxes, options, clock.now())
            on_beat(
                {
                    "taken": sum(portal.taker.taken.values()),
                    "behind": portal.taker.taken["behind"],
                    "refused": ", ".join(f"{n} {why}" for why, n in sorted(portal.counted.items()))[:200],
                }
            )
            await asyncio.sleep(0.25 if ready else 0.05)
        server.should_exit = True

    async def main() -> None:
        watching = asyncio.ensure_future(watch())
        try:
            await server.serve(sockets=[listening])
        finally:
            watching.cancel()

    with listening, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _retire(boxes: Boxes, options: ReportsOptions, now: int) -> None:
    """Delete what is older than it may be kept."""
    try:
        for box in (*boxes.lanes.values(), boxes.acts):
            box.retire(options.keep_days, now)
        boxes.vault.retire(options.keep_days, time.time_ns())
    except OSError as error:
        structlog.get_logger().warning("old reports could not be deleted", why=str(error))
