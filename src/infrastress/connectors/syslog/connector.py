"""The syslog connector: listens on UDP and TCP, with TLS where it has a certificate.

Syslog acknowledges nothing: what is on its way when this process dies is lost, and seen where the sender numbers its
messages (`meta sequenceId`). Over TCP a full store makes senders wait; over UDP it makes them lose, which is counted.
"""

import asyncio
import socket
import ssl
from collections import OrderedDict
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, cast

import msgspec

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector, LiveContext, Rereader, Sink
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.records import Refused
from infrastress.connectors.syslog.framing import Frame, Frames
from infrastress.connectors.syslog.message import Malformed, Message, parse
from infrastress.connectors.syslog.options import SyslogOptions
from infrastress.connectors.syslog.rules import Rules
from infrastress.connectors.times import zone_of
from infrastress.connectors.tls import server_tls
from infrastress.core.errors import DecodeError
from infrastress.events.delivery import Delivery, Raw
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["SyslogConnector"]

_FULL = 20_000
"""Events that wait before senders have to."""
_SENDERS = 1_000
"""Senders whose numbers are remembered."""
_HIGHEST = 2_147_483_647
_BUFFER = 4 << 20


class SyslogConnector(LiveConnector):
    """Listens to syslog messages.

    Attributes:
        udp_address, tcp_address: where it listens (host and port), while it does.
    """

    name = "syslog"
    Options = SyslogOptions

    def __init__(self, site: Site, source: Source, options: SyslogOptions, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self.options: SyslogOptions = options
        self._rules = Rules(options.rules, site, source.id)
        self._zone = zone_of(options.time_zone or site.time_zone)
        self._tls: ssl.SSLContext | None = None
        if options.cert_file is not None and options.key_file is not None:
            self._tls = server_tls(
                context, options.ca_file, options.cert_file, options.key_file, options.key_password_secret
            )
        self.udp_address: tuple[str, int] | None = None
        self.tcp_address: tuple[str, int] | None = None
        self._streams: set[_Stream] = set()

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """As `LiveConnector.run`."""
        self._inbox = Inbox(self.site, self.source, after)
        try:
            numbers = msgspec.msgpack.decode(self._inbox.cursor, type=dict[str, int]) if self._inbox.cursor else {}
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position of this connector: {error}") from None
        self._numbers: OrderedDict[str, int] = OrderedDict(numbers)
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
            self._pending = self._inbox.delivery(msgspec.msgpack.encode(dict(self._numbers)))
        if self._pending is not None:
            await self._sink.deliver(self._pending)
            self._pending = None

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
        """Quarantine a line that can't even be told apart from its neighbours, or isn't whole."""
        _refuse(self._inbox, reason, sender, line)

    def rereader(self) -> Rereader:
        """As `LiveConnector.rereader`."""
        fresh = SyslogConnector(self.site, self.source, self.options, self.context)

        def read(raw: Raw, number: int) -> Delivery:
            inbox = Inbox.again(self.site, self.source, raw, number)
            fresh._read(inbox, raw.data, raw.about["sender"], raw.received)
            return inbox.delivery() or Delivery(self.source.id, b"")

        return read

    def drop(self, reason: str, sender: str) -> None:
        """Count a line that is of no use or can't be kept."""
        self._inbox.refuse(reason, sender, "", dropped=True)

    def take(self, line: bytes, sender: str) -> None:
        """Read one message."""
        message = self._read(self._inbox, line, sender, self.context.clock.now())
        if message is not None:
            self._follow(message, sender)

    def _read(self, inbox: Inbox, line: bytes, sender: str, now: int) -> Message | None:
        """Put what a line says into an inbox; returns the message, where it is one."""
        message: Message | None = None
        inbox.begin()
        try:
            message = parse(line, now, self._zone)
            time = now if message.time is None else message.time
            event = self._rules.event(message, sender, time, inbox.next_event)
        except (Malformed, Refused) as refused:
            _refuse(inbox, refused.reason, sender, line)
            inbox.keep(line, now, sender=sender)
        else:
            if event is None:
                inbox.refuse("no-rule", sender, "", dropped=True)
            else:
                inbox.event(event)
        return message

    def _follow(self, message: Message, sender: str) -> None:
        """Look for missing messages (RFC 5424, section 7.3.1)."""
        told = message.data.get("meta", {}).get("sequenceId", "")
        if not (told.isascii() and told.isdigit() and len(told) <= 10 and 0 < int(told) <= _HIGHEST):
            return
        number, name = int(told), f"{message.host or sender}/{message.app}/{message.process}"[:200]
        last = self._numbers.pop(name, None)
        if last is not None and number > last + 1:
            missing = f"number {last + 1} is" if number == last + 2 else f"numbers {last + 1} to {number - 1} are"
            self._inbox.refuse_cell("sequence-gap", name, f"{missing} missing", spoils=False)
        restarted = last is None or number == 1 or last == _HIGHEST
        self._numbers[name] = number if restarted else max(number, cast(int, last))
        if len(self._numbers) > _SENDERS:
            self._numbers.popitem(last=False)


def _refuse(inbox: Inbox, reason: str, sender: str, line: bytes) -> None:
    inbox.refuse(reason, sender, line[:200].decode("utf-8", "backslashreplace"))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, connector: SyslogConnector) -> None:
        self._connector = connector

    def connection_made(self, transport: Any) -> None:
        with suppress(OSError):  # more room in the system for a flood, where it allows that
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def datagram_received(self, data: bytes, address: Any) -> None:
        connector, sender = self._connector, str(address[0])
        if not connector.heard(sender):
            connector.drop("stranger", sender)
        elif connector.full():
            connector.drop("overflow", sender)
        elif len(data) > connector.options.longest_bytes:
            connector.refuse("too-long", sender, data)
        else:
            connector.take(data.rstrip(b"\r\n\0"), sender)


class _Stream(asyncio.Protocol):
    def __init__(self, connector: SyslogConnector) -> None:
        self._connector = connector
        self._frames = Frames(connector.options.longest_bytes)
        self._transport: asyncio.Transport | None = None
        self._held = False
        self.sender = ""

    def connection_made(self, transport: Any) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.sender = str(transport.get_extra_info("peername")[0])
        if not self._connector.heard(self.sender):
            self._connector.drop("stranger", self.sender)
            transport.abort()
        elif not self._connector.join(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._take(self._frames.feed(data))
        if self._frames.bad:
            self._connector.refuse("framing", self.sender, data)
            self.abort()
        if self._connector.full():
            self.hold(True)

    def _take(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame.too_long:
                self._connector.refuse("too-long", self.sender, frame.line)
            elif frame.line:
                self._connector.take(frame.line, self.sender)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._connector._streams:
            self._take(self._frames.end())
        self._connector.leave(self)

    def hold(self, hold: bool) -> None:
        """Read on, or leave what comes in the network."""
        if self._transport is not None and hold != self._held and not self._transport.is_closing():
            self._held = hold
            (self._transport.pause_reading if hold else self._transport.resume_reading)()

    def abort(self) -> None:
        """End the connection at once."""
        self._connector.leave(self)
        if self._transport is not None:
            self._transport.abort()
