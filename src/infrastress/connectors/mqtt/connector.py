"""The MQTT connector: a session that the broker keeps, and acknowledgements only for what is durable.

The broker sends what isn't acknowledged again, also after we were killed; what was already taken is known by packet id
and content, so that it becomes no second reading.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from re import Pattern
from typing import Literal

import msgspec

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector, LiveContext, Rereader, Sink
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mqtt import readers
from infrastress.connectors.mqtt.desk import Desk, Handler, Seen
from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.nodes import Nodes
from infrastress.connectors.mqtt.options import MqttOptions, Route
from infrastress.connectors.mqtt.session import CLOSED, Session
from infrastress.connectors.mqtt.topics import filter_pattern
from infrastress.connectors.tls import client_tls
from infrastress.core.errors import DecodeError, MappingError
from infrastress.events.delivery import Delivery, Raw
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["MqttConnector"]

_MAX_TOPICS = 50_000
"""Topics whose reading is remembered."""
_FULL = 20_000
"""Readings that wait before no more is read from the network."""


class _Cursor(msgspec.Struct, omit_defaults=True):
    seen: bytes = b""
    nodes: list[bytes] = []


class MqttConnector(LiveConnector):
    """Subscribes to topics of a broker."""

    name = "mqtt"
    Options = MqttOptions

    def __init__(self, site: Site, source: Source, options: MqttOptions, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self.options: MqttOptions = options
        where = f"source {source.id}"
        self._nodes: list[Nodes] = []
        self._routes: list[tuple[Pattern[str], readers.Bind]] = [
            (filter_pattern(route.filter), self._reader(route, where)) for route in options.topics
        ]
        secrets = context.secrets
        self._username = secrets.get(options.username_secret) if options.username_secret else options.username
        self._password = secrets.get(options.password_secret) if options.password_secret else None
        self._tls = (
            client_tls(context, options.ca_file, options.cert_file, options.key_file, options.key_password_secret)
            if options.tls
            else None
        )
        self._handlers: dict[bytes, Handler] = {}

    def _reader(self, route: Route, where: str) -> readers.Bind:
        if route.payload == "number" and route.template == "{topic}":
            pattern = filter_pattern(route.filter)
            strange = [name for name in route.columns if not pattern.fullmatch(name)]
            if strange:
                raise MappingError(
                    f"{route.filter!r} doesn't match the topic {strange[0]!r} of its columns", where=where
                )
        if route.payload == "sparkplug":
            self._nodes.append(Nodes(route, self.site, where))
            return self._nodes[-1].bind
        if route.payload == "status":
            return readers.status(route)
        if route.payload == "events":
            return readers.events(route, self.site, self.source.id)
        make = readers.numbers if route.payload == "number" else readers.json_values
        return make(route, self.site, where)

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """As `LiveConnector.run`."""
        inbox = Inbox(self.site, self.source, after, resolution_s=self.options.resolution_s)
        try:
            cursor = msgspec.msgpack.decode(inbox.cursor, type=_Cursor) if inbox.cursor else _Cursor()
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position of this connector: {error}") from None
        if len(cursor.nodes) == len(self._nodes):
            for nodes, dumped in zip(self._nodes, cursor.nodes, strict=True):
                nodes.load(dumped)
        run = _Run(self, sink, inbox, Seen(self.options.receive_maximum, cursor.seen))
        await keep_trying(
            run.attempt,
            failed=lambda reason, wait: run.report("down", _why(reason)),
            random=self.context.random,
            first_s=min(0.25, self.options.retry_max_s),
            longest_s=self.options.retry_max_s,
        )

    def rereader(self) -> Rereader:
        """As `LiveConnector.rereader`. Sparkplug's aliases mean nothing without the births of their time."""
        fresh = MqttConnector(self.site, self.source, self.options, self.context)

        def read(raw: Raw, number: int) -> Delivery:
            inbox = Inbox.again(self.site, self.source, raw, number, resolution_s=self.options.resolution_s)
            topic, retained = raw.about["topic"].encode(), "retained" in raw.about
            message = Publish(topic, raw.data, packet=0, again=False, retained=retained, size=len(raw.data))
            inbox.begin()
            fresh.handler(topic)(Desk(inbox, lambda link: None), message, raw.received)
            inbox.keep(raw.data, raw.received, **raw.about)
            for nodes in fresh.nodes():
                nodes.forget()
            return inbox.delivery() or Delivery(self.source.id, b"")

        return read

    def handler(self, topic: bytes) -> Handler:
        """How messages of a topic are read."""
        handler = self._handlers.get(topic)
        if handler is None:
            if len(self._handlers) >= _MAX_TOPICS:
                self._handlers.clear()
            handler = self._handlers[topic] = self._bind(topic)
        return handler

    def _bind(self, topic: bytes) -> Handler:
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            shown = topic.decode("utf-8", "backslashreplace")
            return lambda desk, message, now: desk.refuse("topic", message, shown)
        for pattern, bind in self._routes:
            if match := pattern.fullmatch(name):
                return bind(name, match)
        return lambda desk, message, now: desk.drop("not-mapped", name)

    @property
    def client_id(self) -> str:
        """By which the broker knows the session."""
        return self.options.client_id or f"infrastress-{self.site.id}-{self.source.id}"

    def session(self, take: Callable[[list[Publish]], None]) -> Session:
        """A connection to the broker, still to be opened."""
        return Session(self.options, self.client_id, (self._username, self._password), self._tls, take)

    def nodes(self) -> list[Nodes]:
        """Sparkplug's edge nodes, by route."""
        return self._nodes


class _Run:
    """One run of a connector over all its connections."""

    def __init__(self, connector: MqttConnector, sink: Sink, inbox: Inbox, seen: Seen) -> None:
        self._connector, self._sink, self._inbox, self._seen = connector, sink, inbox, seen
        self._desk = Desk(inbox, sink.report)
        self._now = connector.context.clock.now
        self._session: Session | None = None
        self._taken: list[int] = []
        self._pending: Delivery | None = None

    def report(self, state: Literal["connecting", "up", "down"], detail: str = "") -> None:
        """Say how the connection stands; a loss that isn't explained may be a second client's doing."""
        if detail == CLOSED:
            detail += f" without a reason: does another client use the client id {self._connector.client_id!r}?"
        self._desk.report(Link(state, detail))

    def take(self, messages: list[Publish]) -> None:
        """Read messages that came at once."""
        now, desk, handler, seen = self._now(), self._desk, self._connector.handler, self._seen
        inbox = self._inbox
        for message in messages:
            if message.packet:
                self._taken.append(message.packet)
                if message.again and message in seen:
                    continue
                seen.add(message)
            if message.too_long:
                topic = message.topic.decode("utf-8", "backslashreplace")
                self._inbox.refuse("too-long", topic, f"{message.size} bytes")
                continue
            inbox.begin()
            handler(message.topic)(desk, message, now)
            if inbox.spoilt:
                self._keep(message, now)
        if len(self._inbox) >= _FULL and self._session is not None:
            self._session.hold(True)

    def _keep(self, message: Publish, now: int) -> None:
        """Have a message kept of which something was refused."""
        with suppress(UnicodeDecodeError):  # no mapping mends a topic that is no text
            about = {"topic": message.topic.decode(), **({"retained": "yes"} if message.retained else {})}
            self._inbox.keep(message.payload, now, **about)

    async def attempt(self) -> None:
        """Connect, listen, and end when the connection does."""
        connector, options = self._connector, self._connector.options
        self._taken.clear()  # the broker sends again what a lost connection left open
        await self._store()
        self.report("connecting")
        session = self._session = connector.session(self.take)
        session.lost.add_done_callback(lambda lost: self._lost(session, lost.result()))
        try:
            if not await session.open():
                self._seen.clear()
            await session.subscribe()
            self._desk.write = session.publish
            self.report("up")
            for nodes in connector.nodes():
                nodes.expected(self._desk)
            while not session.lost.done():
                await asyncio.wait({session.lost}, timeout=options.gather_s)
                taken, self._taken = self._taken, []
                await self._store()
                session.acknowledge(taken)
                self._seen.trim(len(self._taken))
                session.hold(False)
            raise session.lost.result()
        finally:
            self._session = None
            for nodes in connector.nodes():
                nodes.interrupted()
            session.close()

    def _lost(self, session: Session, reason: Exception) -> None:
        """Told at once, for storing what waits may take long."""
        if self._session is session:
            self.report("down", _why(reason))

    async def _store(self) -> None:
        """Hand over what waits."""
        if self._pending is None:
            if not len(self._inbox):
                return
            nodes = [nodes.dump() for nodes in self._connector.nodes()]
            self._pending = self._inbox.delivery(msgspec.msgpack.encode(_Cursor(self._seen.dump(), nodes)))
        if self._pending is not None:
            await self._sink.deliver(self._pending)
            self._pending = None


def _why(reason: Exception) -> str:
    """A reason in words; some exceptions have none."""
    return str(reason) or ("no answer in time" if isinstance(reason, TimeoutError) else type(reason).__name__)
