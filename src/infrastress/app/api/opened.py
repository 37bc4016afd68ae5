"""The API's socket, served by uvicorn, with its door open before there is anything behind it.

Nothing heavy is imported here: a page is answered while the rest is still being imported.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import uvicorn
import uvloop

from infrastress.app.api.deployment import Deployment, deployment_of
from infrastress.app.api.door import Door
from infrastress.core.errors import ConfigurationError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["Opened", "serve"]

_STALLED_MS = 30_000


class Opened:
    """The API's door, open in a thread of its own.

    Args:
        config: a `ServiceConfig` with a bound socket; its site need not be known yet.

    Raises:
        ConfigurationError: api.yaml can't be used.
    """

    def __init__(self, config: Any) -> None:
        self.stop = threading.Event()
        self.beat: Callable[[], None] = lambda: None
        self._door = Door()
        self._failed: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._up = threading.Event()
        deployment = deployment_of(config.site)
        sock = socket.socket(fileno=config.listen)
        self.port: int = sock.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(sock, deployment), name="door", daemon=True)
        self._thread.start()

    def admit(self, app: "FastAPI") -> None:
        """Have the application answer from now on; returns when it has started, or raises why it hasn't."""
        self._up.wait()
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._door.admit(app), self._loop).result()

    def wait(self) -> None:
        """Returns when it has ended, or raises why it couldn't go on."""
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _beat(self) -> None:
        self.beat()

    def _serve(self, sock: socket.socket, deployment: Deployment) -> None:
        def up() -> None:
            self._loop = asyncio.get_running_loop()
            self._up.set()

        try:
            serve(
                self._door, sock, self.stop,
                deployment=deployment, on_ready=up, on_beat=self._beat, on_end=self._door.end,
            )  # fmt: skip
        except BaseException as error:
            self._failed = error
        finally:
            self._up.set()


def serve(
    app: Any,
    sock: socket.socket,
    stop: threading.Event,
    *,
    deployment: Deployment | None = None,
    on_ready: Callable[[], None] = lambda: None,
    on_beat: Callable[[], None] = lambda: None,
    on_end: Callable[[], None] | None = None,
) -> None:
    """Serve on a bound socket until `stop` is set; open streams end at once, other requests get some seconds.

    Args:
        app: the application, of ASGI.
        sock: bound; listening or not.
        stop: set in another thread.
        deployment: for TLS ended here.
        on_ready: called when requests are answered.
        on_beat: called about once a second from the event loop.
        on_end: ends open streams; those of the application by default.
    """
    _drop_stalled(sock)
    here = deployment if deployment is not None and deployment.tls == "here" else None

    class Server(uvicorn.Server):
        """Leaves signals to the caller."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    server = Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            lifespan="on",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=3,
            backlog=512,
            h11_max_incomplete_event_size=32_768,
            ssl_certfile=here.certificate if here else None,
            ssl_keyfile=here.key if here else None,
        )
    )

    async def watch() -> None:
        ready = False
        while not stop.is_set():
            if server.started and not ready:
                ready = True
                on_ready()
            on_beat()
            await asyncio.sleep(0.1 if not ready else 0.25)
        (on_end or app.state.stream.end)()
        server.should_exit = True

    async def main() -> None:
        watching = asyncio.ensure_future(watch())
        try:
            await server.serve(sockets=[sock])
        finally:
            watching.cancel()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    if not server.started:
        raise ConfigurationError("the API could not be started", remedy="look at the log above")


def _drop_stalled(sock: socket.socket) -> None:
    """Have the system drop connections whose peer takes nothing any more; they would be held for ever."""
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALLED_MS)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
