"""Listening on UDP and TCP (TLS where there is a certificate), for what acknowledges nothing: syslog, tracks.

What is on its way when this process dies is lost. Over TCP a full store makes senders wait; over UDP it makes them
lose, which is counted.
"""

import asyncio
import socket
import ssl
import struct
from abc import abstractmethod
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector, LiveContext, Rereader, Sink
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.tls import server_tls
from infrastress.events.delivery import Delivery, Raw
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["Frame", "Framing", "Listener", "ListeningOptions", "refuse"]

Port = Annotated[int, Field(ge=0, le=65_535)]

_FULL = 20_000
"""Events that wait before senders have to."""
_BUFFER = 4 << 20


class ListeningOptions(BaseModel):
    """Where it listens and to whom. A port of 0 takes a free one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, Field(description="Address to listen at; other machines reach only another one")] = "127.0.0.1"
    udp_port: Port | None = None
    tcp_port: Port | None = None
    group: Annotated[IPv4Address | None, Field(description="Multicast group to join, for UDP")] = None
    cert_file: Annotated[Path | None, Field(description="With a certificate, PEM, TCP is TLS")] = None
    key_file: Path | None = None
    key_password_secret: str | None = None
    ca_file: Annotated[Path | None, Field(description="PEM: senders have to show a certificate that it signed")] = None
    senders: Annotated[tuple[IPv4Network | IPv6Network, ...], Field(description="Networks heard; none named: all")] = ()
    longest_bytes: Annotated[int, Field(ge=480, le=1_000_000, description="Of a message")] = 8_192
    connections: Annotated[int, Field(ge=1, description="At a time, over TCP")] = 100
    gather_s: Annotated[float, Field(gt=0, le=60, description="How long events gather before they are stored")] = 0.2
    retry_max_s: Annotated[float, Field(gt=0, description="Longest wait before trying to listen again")] = 30.0

    @model_validator(mode="after")
    def _whole_place(self) -> "ListeningOptions":
        if self.udp_port is None and self.tcp_port is None:
            raise ValueError("neither udp_port nor tcp_port is given")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if self.ca_file is not None and self.cert_file is None:
            raise ValueError("ca_file is given without cert_file: that would not be TLS")
        if self.cert_file is not None and self.tcp_port is None:
            raise ValueError("cert_file is given without tcp_port")
        if self.group is not None and (self.udp_port is None or not self.group.is_multicast):
            raise ValueError("group is a multicast address, with a udp_port")
        return self


class Frame(NamedTuple):
    """A message; with `too_long` its beginning, the rest was passed over."""

    line: bytes
    too_long: bool = False


class Framing(Protocol):
    """Cuts a stream into messages; `bad` when a message's end can't be told and nothing behind it either."""

    bad: bool

    def feed(self, data: bytes) -> list[Frame]:
        """Messages that are whole now."""
        ...

    def end(self) -> list[Frame]:
        """What is left when the stream ends."""
        ...


class Listener(LiveConnector):
    """Takes messages from whoever sends them.

    Attributes:
        udp_address, tcp_address: where it listens (host and port), while it does.
    """

    options: ListeningOptions

    def __init__(self, site: Site, source: Source, options: ListeningOptions, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self._tls: ssl.SSLContext | None = None
        if options.cert_file is not None and options.key_file is not None:
            self._tls = server_tls(
                context, options.ca_file, options.cert_file, options.key_file, options.key_password_secret
            )
        self.udp_address: tuple[str, int] | None = None
        self.tcp_address: tuple[str, int] | None = None
        self._streams: set[_Stream] = set()

    @abstractmethod
    def framing(self) -> Framing:
        """What cuts one connection's stream."""

    @abstractmethod
    def read(self, inbox: Inbox, line: bytes, sender: str, now: int) -> None:
        """Put what a message says into an inbox, and have it kept where something of it was refused.

        Args:
            inbox: begun for this message.
            line: the message.
            sender: address.
            now: when it came, event time in ns.
        """

    def opened(self, cursor: bytes) -> None:
        """Go on from the mark last handed over; empty at the first start. Raises DecodeError."""
        del cursor

    def mark(self) -> bytes | None:
        """This connector's own mark, handed over with what waits."""
        return None

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """As `LiveConnector.run`."""
        self._inbox = Inbox(self.site, self.source, after)
        self.opened(self._inbox.cursor)
        self._pending: Delivery | None = None
        self._sink = sink
        await keep_trying(
            self._serve,
            failed=lambda reason, wait: sink.report(Link("down", str(reason) or type(reason).__name__)),
            random=self.context.random,
            first_s=min(0.25, self.options.retry_max_s),
            longest_s=self.options.retry_max_s,
        )

    async def _serve(self) -> None:
        loop, options = asyncio.get_running_loop(), self.options
        self._sink.report(Link("connecting"))
        datagrams: asyncio.DatagramTransport | None = None
        server: asyncio.Server | None = None
        try:
            places: list[str] = []
            if options.udp_port is not None:
                datagrams, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), (options.host, options.udp_port)
                )
                self.udp_address = datagrams.get_extra_info("sockname")[:2]
                places.append(f"UDP {options.host}:{self.udp_address[1]}")
            if options.tcp_port is not None:
                server = await loop.create_server(
                    lambda: _Stream(self),
                    options.host,
                    options.tcp_port,
                    ssl=self._tls,
                    ssl_handshake_timeout=10 if self._tls else None,
                    ssl_shutdown_timeout=0.5 if self._tls else None,
                )
                self.tcp_address = server.sockets[0].getsockname()[:2]
                places.append(f"{'TLS' if self._tls else 'TCP'} {options.host}:{self.tcp_address[1]}")
            self._sink.report(Link("up", f"listens on {' and '.join(places)}"))
            while True:
                await asyncio.sleep(options.gather_s)
                await self._store()
                for stream in list(self._streams):
                    stream.hold(False)
        finally:
            self.udp_address = self.tcp_address = None
            if datagrams is not None:
                datagrams.abort()
            if server is not None:
                server.close()
            for stream in list(self._streams):
                stream.abort()

    async def _store(self) -> None:
        if self._pending is None and len(self._inbox):
            self._pending = self._inbox.delivery(self.mark())
        if self._pending is not None:
            await self._sink.deliver(self._pending)
            self._pending = None

    def rereader(self) -> Rereader:
        """As `LiveConnector.rereader`."""
        fresh = type(self)(self.site, self.source, self.options, self.context)

        def read(raw: Raw, number: int) -> Delivery:
            inbox = Inbox.again(self.site, self.source, raw, number)
            inbox.begin()
            fresh.read(inbox, raw.data, raw.about["sender"], raw.received)
            return inbox.delivery() or Delivery(self.source.id, b"")

        return read

    def heard(self, sender: str) -> bool:
        """Whether messages of this address are taken."""
        networks = self.options.senders
        return not networks or any(ip_address(sender) in network for network in networks)

    def full(self) -> bool:
        """Whether senders have to wait."""
        return len(self._inbox) >= _FULL

    def join(self, stream: "_Stream") -> bool:
        """Take a connection, unless there are too many."""
        if len(self._streams) >= self.options.connections:
            self._inbox.refuse("too-many-connections", stream.sender, "", dropped=True)
            return False
        self._streams.add(stream)
        return True

    def leave(self, stream: "_Stream") -> None:
        """A connection is gone."""
        self._streams.discard(stream)

    def refuse(self, reason: str, sender: str, line: bytes) -> None:
        """Quarantine a message that can't even be told apart from its neighbours, or isn't whole."""
        refuse(self._inbox, reason, sender, line)

    def drop(self, reason: str, sender: str) -> None:
        """Count a message that is of no use or can't be kept."""
        self._inbox.refuse(reason, sender, "", dropped=True)

    def take(self, line: bytes, sender: str) -> None:
        """Read one message."""
        self._inbox.begin()
        self.read(self._inbox, line, sender, self.context.clock.now())


def refuse(inbox: Inbox, reason: str, sender: str, line: bytes) -> None:
    """Quarantine a message with the beginning of its text."""
    inbox.refuse(reason, sender, line[:200].decode("utf-8", "backslashreplace"))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: Any) -> None:
        made = transport.get_extra_info("socket")
        with suppress(OSError):  # more room in the system for a flood, where it allows that
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        group = self._listener.options.group
        if group is not None:
            wanted = struct.pack("=4sI", group.packed, socket.INADDR_ANY)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, wanted)

    def datagram_received(self, data: bytes, address: Any) -> None:
        listener, sender = self._listener, str(address[0])
        if not listener.heard(sender):
            listener.drop("stranger", sender)
        elif listener.full():
            listener.drop("overflow", sender)
        elif len(data) > listener.options.longest_bytes:
            listener.refuse("too-long", sender, data)
        else:
            listener.take(data.rstrip(b"\r\n\0"), sender)


class _Stream(asyncio.Protocol):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._frames = listener.framing()
        self._transport: asyncio.Transport | None = None
        self._held = False
        self.sender = ""

    def connection_made(self, transport: Any) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.sender = str(transport.get_extra_info("peername")[0])
        if not self._listener.heard(self.sender):
            self._listener.drop("stranger", self.sender)
            transport.abort()
        elif not self._listener.join(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._take(self._frames.feed(data))
        if self._frames.bad:
            self._listener.refuse("framing", self.sender, data)
            self.abort()
        if self._listener.full():
            self.hold(True)

    def _take(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame.too_long:
                self._listener.refuse("too-long", self.sender, frame.line)
            elif frame.line:
                self._listener.take(frame.line, self.sender)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._listener._streams:
            self._take(self._frames.end())
        self._listener.leave(self)

    def hold(self, hold: bool) -> None:
        """Read on, or leave what comes in the network."""
        if self._transport is not None and hold != self._held and not self._transport.is_closing():
            self._held = hold
            (self._transport.pause_reading if hold else self._transport.resume_reading)()

    def abort(self) -> None:
        """End the connection at once."""
        self._listener.leave(self)
        if self._transport is not None:
            self._transport.abort()
