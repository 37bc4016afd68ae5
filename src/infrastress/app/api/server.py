"""The API as a process of the service: uvicorn on the supervisor's socket, over the site model in force."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import structlog
import yaml
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infrastress.app.accounts import Book
from infrastress.app.api.settings import STORY_VARIABLE, ApiSettings, InForce, is_loopback
from infrastress.core.errors import ConfigurationError, InfrastressError

__all__ = ["FILE", "Deployment", "Opened", "deployment_of", "may_listen", "run", "serve"]

FILE = "api.yaml"
_STALLED_MS = 30_000
_STATUS_S = 5.0


class Deployment(BaseModel):
    """How the API is reached from other machines: `SITE/api.yaml`.

    `tls` must be said for an address other than loopback: `here` (with certificate and key), `proxy` (ended by a proxy
    in front), or `none`, which sends passwords readable over the network.
    """

    model_config = ConfigDict(extra="forbid")
    hosts: Annotated[tuple[str, ...], Field(description="Names by which it is called, without port")] = ()
    tls: Literal["here", "proxy", "none"] | None = None
    certificate: Path | None = None
    key: Path | None = None


def deployment_of(site: Path) -> Deployment:
    """What `api.yaml` in the site's folder says; nothing where there is none.

    Raises:
        ConfigurationError: it can't be read or has faults.
    """
    file = _folder(site) / FILE
    if not file.is_file():
        return Deployment()
    try:
        found = Deployment.model_validate(yaml.safe_load(file.read_bytes()) or {})
    except OSError as error:
        raise ConfigurationError(f"can't be read: {error.strerror}", where=str(file)) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"no YAML: {error}", where=str(file)) from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(faults, where=str(file), remedy="see docs/sign-in.md") from None
    for name in ("certificate", "key"):
        path = getattr(found, name)
        if found.tls == "here" and (path is None or not (file.parent / path).is_file()):
            raise ConfigurationError(
                f"`tls: here` needs a {name}", where=str(file), remedy=f"name its file: {name}: ..."
            )
    absolute = {name: file.parent / path for name in ("certificate", "key") if (path := getattr(found, name))}
    return found.model_copy(update=absolute)


def _folder(site: Path) -> Path:
    return site if site.is_dir() else site.parent


def may_listen(config: Any) -> None:
    """Whether the API may be bound to an address.

    Args:
        config: host, state and site of a `ServiceConfig`.

    Raises:
        ConfigurationError: the address isn't loopback, and nobody can sign in or nothing was said of TLS.
    """
    deployment = deployment_of(config.site)
    if is_loopback(config.host):
        return
    if not Book(config.state).can_sign_in:
        raise ConfigurationError(
            f"{config.host} is reached by other machines, and there is no account to sign in with",
            remedy="infrastress accounts add SITE NAME --role admin, or leave out --host",
        )
    if deployment.tls is None:
        raise ConfigurationError(
            f"{config.host} is reached by other machines, and nothing is said of TLS",
            where=str(_folder(config.site) / FILE),
            remedy="write `tls: here` with certificate and key, `tls: proxy`, or `tls: none` on a network you trust",
        )


class Opened:
    """The API's door, open in a thread of its own.

    Args:
        config: a `ServiceConfig` with a bound socket; its site need not be known yet.

    Raises:
        ConfigurationError: api.yaml can't be used.
    """

    def __init__(self, config: Any) -> None:
        from infrastress.app.api.door import Door

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

    def admit(self, app: FastAPI) -> None:
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


def run(config: Any, link: Any, opened: Opened | None = None) -> None:
    """Serve until told to stop.

    Args:
        config: a `ServiceConfig`.
        link: a `Link` to the supervisor.
        opened: the door, where it is open already.

    Raises:
        ConfigurationError: accounts or api.yaml can't be used.
        StoreError: the store can't be opened, or no site model was put in force.
    """
    from infrastress.app.api.app import create_app
    from infrastress.app.service.models import site_in_force
    from infrastress.core.clock import EventClock
    from infrastress.store import open_store

    may_listen(config)
    deployment = deployment_of(config.site)
    opened = opened or Opened(config)
    with open_store(config.store) as store:
        served = _Served(config, store, lambda: site_in_force(store, config.site_id))
        link.on_site(lambda _: served.renew())
        settings = ApiSettings(
            host=config.host,
            hosts=deployment.hosts,
            tls=deployment.tls in ("here", "proxy"),
            story=os.environ.get(STORY_VARIABLE, ""),
        )
        app = create_app(
            store, lambda: served.now, book=Book(config.state), settings=settings, clock=EventClock.of_environment()
        )
        scheme = "https" if deployment.tls == "here" else "http"
        host = f"[{config.host}]" if ":" in config.host else config.host
        address = f"{scheme}://{host}:{opened.port}"
        link.on_stop(opened.stop.set)
        opened.beat = link.beat
        opened.admit(app)
        link.ready(address=address)
        opened.wait()


class _Served:
    """The model in force, kept until another one is."""

    def __init__(self, config: Any, store: Any, read: Callable[[], Any]) -> None:
        self._config, self._store, self._read = config, store, read
        self.now = self._load()

    def renew(self) -> None:
        """Another model is in force."""
        try:
            self.now = self._load()
        except InfrastressError as error:  # the older one is still good to be shown
            structlog.get_logger().error("the site model in force can't be read", error=str(error))

    def _load(self) -> InForce:
        from infrastress.app.api.checking import check_folder
        from infrastress.app.service.models import detectors_of

        setup, config, blobs = self._read(), self._config, self._store.blobs
        return InForce(
            setup.site,
            dict(setup.cards),
            tuple(self._faults()),
            self._status,
            cache(lambda: detectors_of(setup)),
            lambda: check_folder(
                config.site, config.state, config.connections, setup.site, lambda: blobs.get(setup.digest)
            ),
            {source: one.connector for source, one in setup.connections.items()},
            dict(setup.detectors),
            dict(setup.contents),
            config.live,
            dict(setup.learned),
        )

    def _faults(self) -> Iterator[dict[str, Any]]:
        from infrastress.site.check import check_site

        for fault in check_site(self._config.site).faults:
            yield asdict(fault)

    def _status(self) -> dict[str, Any] | None:
        """What the supervisor writes, and why it isn't content."""
        import time

        from infrastress.app.service.status import read_status

        status = read_status(self._config.live)
        if status is None:
            return None
        told: dict[str, Any] = msgspec.to_builtins(status)
        reasons = [
            f"process {name} is {child.state}" + (f": {child.last_error}" if child.last_error else "")
            for name, child in status.children.items()
            if child.state != "ready"
        ]
        if (time.time_ns() - status.written) / 1e9 > _STATUS_S:
            reasons = ["the supervisor has not told anything lately"]
        elif not status.ready and not reasons:
            reasons = ["the supervisor says: not ready"]
        return {**told, "reasons": reasons}


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
    import uvicorn
    import uvloop

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
