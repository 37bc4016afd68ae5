"""HTTP push: a small server of the source's own, to which gateways and scripts post readings, events or tables."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

import uvicorn
from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector, LiveContext, Rereader, Sink
from infrastress.connectors.http_push.acceptance import Acceptance
from infrastress.connectors.http_push.reading import BodyReader
from infrastress.connectors.http_push.service import Service
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mapping import Mapping, load_mapping
from infrastress.core.errors import ConfigurationError
from infrastress.events.delivery import Delivery, Raw
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["HttpPushConnector", "HttpPushOptions"]

_LEAST_TOKEN = 16
_REPORT_S = 5.0
_GOODBYE_S = 0.5


class HttpPushOptions(BaseModel):
    """Options of the connector.

    `token_secret` names the secret that senders show; null lets anybody on this machine push. `stamp_arrival` gives
    readings the time at which they came, for senders without a clock; otherwise each has to carry its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="IP address to listen on")
    port: int = Field(ge=0, le=65535)
    token_secret: str | None
    certificate: Path | None = Field(default=None, description="PEM, with its chain; needed off this machine")
    key: Path | None = Field(default=None, description="PEM; without it the certificate's file holds the key too")
    mapping: Mapping | Path | None = None
    stamp_arrival: bool = False
    max_bytes: int = Field(default=4_000_000, ge=1_000, le=100_000_000)
    rate_per_s: float = Field(default=50.0, gt=0)
    durable_within_s: float = Field(default=10.0, gt=0, le=600, description="Then the sender is told to come again")
    retry_max_s: float = Field(default=30.0, gt=0, description="Longest wait where the port can't be had, s")


class HttpPushConnector(LiveConnector):
    """Takes what is posted to it; answers when it is durable."""

    name: ClassVar[str] = "http_push"
    Options: ClassVar[type[BaseModel]] = HttpPushOptions
    options: HttpPushOptions

    def __init__(self, site: Site, source: Source, options: Any, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self._where = f"source {source.id}"
        self._token = self._read_token()
        self._certificate = self._found(self.options.certificate)
        self._key = self._found(self.options.key)
        mapping = self.options.mapping
        if isinstance(mapping, Path):
            mapping = load_mapping(context.folder / mapping)
        self._mapping = mapping
        self._reader = self._new_reader()
        self._try_certificate()

    def _new_reader(self) -> BodyReader:
        clock = self.context.clock
        stamps = clock if self.options.stamp_arrival else None
        return BodyReader(self.site, self.source, self._mapping, stamps, clock.now)

    def rereader(self) -> Rereader:
        """As `LiveConnector.rereader`."""
        reader = self._new_reader()

        def read(raw: Raw, number: int) -> Delivery:
            inbox = Inbox.again(self.site, self.source, raw, number)
            reader.read_again(raw, inbox)
            return inbox.delivery() or Delivery(self.source.id, b"")

        return read

    def _read_token(self) -> bytes | None:
        options = self.options
        try:
            loopback = ip_address(options.host).is_loopback
        except ValueError:
            raise ConfigurationError(
                f"{options.host!r} is no IP address", where=self._where, remedy="name one, such as 127.0.0.1"
            ) from None
        if not loopback and (options.token_secret is None or options.certificate is None):
            raise ConfigurationError(
                f"{options.host} can be reached from other machines, and needs a token and a certificate",
                where=self._where,
                remedy="set token_secret, certificate and key, or listen on 127.0.0.1",
            )
        if options.token_secret is None:
            return None
        token = self.context.secrets.get(options.token_secret).encode()
        if len(token) < _LEAST_TOKEN:
            raise ConfigurationError(
                f"the token {options.token_secret!r} is short: it can be guessed",
                where=self._where,
                remedy="make one with: openssl rand -hex 32",
            )
        return token

    def _found(self, path: Path | None) -> Path | None:
        return None if path is None else self.context.folder / path

    def _try_certificate(self) -> None:
        if self._certificate is None:
            return
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self._certificate, self._key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"certificate and key can't be used: {error.strerror or error}", where=str(self._certificate)
            ) from None

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Serve until cancelled; see the base class."""
        inbox = Inbox(self.site, self.source, after)
        acceptance = Acceptance(
            inbox, sink, within_s=self.options.durable_within_s, repeats=not self.options.stamp_arrival
        )

        async def serve() -> None:
            await self._serve(sink, acceptance)

        def failed(error: Exception, wait_s: float) -> None:
            sink.report(Link("down", f"{error}; again in {wait_s:.0f} s"))

        longest_s = self.options.retry_max_s
        try:
            await keep_trying(
                serve, failed=failed, random=self.context.random, first_s=min(0.25, longest_s), longest_s=longest_s
            )
        finally:
            await acceptance.close()

    async def _serve(self, sink: Sink, acceptance: Acceptance) -> None:
        options = self.options
        sink.report(Link("connecting"))
        service = Service(
            self.source.id, self._token, self._reader, acceptance.take,
            max_bytes=options.max_bytes, rate_per_s=options.rate_per_s,
        )  # fmt: skip
        with _listening(options.host, options.port) as listener:
            server = _Server(
                uvicorn.Config(
                    service, lifespan="off", ws="none", interface="asgi3", log_config=None, access_log=False,
                    server_header=False, proxy_headers=False, limit_concurrency=200, timeout_keep_alive=30,
                    ssl_certfile=self._certificate, ssl_keyfile=self._key,
                )
            )  # fmt: skip
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            scheme = "https" if self._certificate is not None else "http"
            host, port = listener.getsockname()[:2]
            address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
            try:
                while not serving.done():
                    if server.started:
                        sink.report(Link("up", _told(address, service)))
                    await asyncio.wait({serving}, timeout=_REPORT_S if server.started else 0.01)
                serving.result()
            finally:
                acceptance.interrupt()
                server.should_exit = True
                _, late = await asyncio.wait({serving}, timeout=_GOODBYE_S)
                server.force_exit = bool(late)
                await asyncio.wait({serving}, timeout=_GOODBYE_S)


class _Server(uvicorn.Server):
    """Leaves signals to the process that it is a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise OSError(error.errno, f"can't listen on {host}:{port}: {error.strerror}") from None
        yield listener


def _told(address: str, service: Service) -> str:
    refused = ", ".join(f"{count} answered {status}" for status, count in sorted(service.refused.items()))
    return f"listens at {address}" + (f"; {refused}" if refused else "")
