"""Listening: a subscription whose messages are acknowledged once they are durable, on a connection watched for life."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import get_name_and_doc
from asyncua.ua.uaerrors import UaError

from infrastress.connectors.handover import Handover
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.opcua.holding import Holding
from infrastress.connectors.opcua.nodes import NodeName, NoSuchNamespace
from infrastress.connectors.opcua.options import OpcUaOptions
from infrastress.connectors.opcua.values import nanoseconds, overflowed, refusal_of, time_of
from infrastress.connectors.signals import SignalReader
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND

__all__ = ["Listener"]

_ITEMS_A_CALL = 500
_LIFETIMES = 12
"""Keep-alives without us after which the server drops the subscription."""
_ASK_AGAIN_S = 30.0
_LOOK_S = 0.2
_SKEW_S = 10.0


class Listener:
    """One subscription on one connection.

    Args:
        client: connected.
        options: of the connector.
        nodes: what to listen to, by signal.
        reader: values to SI, by signal.
        clock: event time.
        cadence_s: of held values.
        inbox, handover: where readings go.
    """

    def __init__(
        self,
        client: Client,
        options: OpcUaOptions,
        *,
        nodes: Mapping[str, NodeName],
        reader: SignalReader,
        clock: EventClock,
        cadence_s: float,
        inbox: Inbox,
        handover: Handover,
    ) -> None:
        self._session = client.uaclient.session
        self._client, self._options, self._reader, self._clock = client, options, reader, clock
        self._inbox, self._handover = inbox, handover
        self._signals = list(nodes)
        self._nodes = nodes
        self._waiting = dict.fromkeys(range(len(nodes)), "")
        self._first = set(range(len(nodes)))
        self._cadence = max(1, round(cadence_s * SECOND))
        self._holding = Holding(self._cadence) if options.hold else None
        self._sampling_ms = 0.0
        self._subscription = 0
        self._busy = False
        self._heard = time.monotonic()
        self._ask_again = self._heard + _ASK_AGAIN_S
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._alive_s = 0.0
        self.skew = ""

    @property
    def refused(self) -> str:
        """Which nodes the server doesn't give, for people; empty when it gives all."""
        if not self._waiting:
            return ""
        handle, reason = next(iter(self._waiting.items()))
        return f"{len(self._waiting)} of {len(self._signals)} nodes refused: {self._signals[handle]} {reason}"

    async def start(self) -> None:
        """Subscribe to everything.

        Raises:
            ConnectionError: the server gives none of the nodes.
        """
        options = self._options
        parameters = ua.CreateSubscriptionParameters()
        parameters.RequestedPublishingInterval = options.publishing_ms
        parameters.RequestedMaxKeepAliveCount = max(1, round(options.keep_alive_s * 1000 / options.publishing_ms))
        parameters.RequestedLifetimeCount = _LIFETIMES * parameters.RequestedMaxKeepAliveCount
        parameters.MaxNotificationsPerPublish = 0
        parameters.PublishingEnabled = True
        made = await self._session.create_subscription(parameters, self._published)
        self._subscription = made.SubscriptionId
        self._alive_s = made.RevisedPublishingInterval * made.RevisedMaxKeepAliveCount / 1000
        await self._ask()
        if len(self._waiting) == len(self._signals):
            raise ConnectionError(self.refused)

    async def _ask(self) -> None:
        """Ask for the nodes that aren't given yet."""
        namespaces = await self._client.get_namespace_array()
        wanted: list[tuple[int, ua.NodeId]] = []
        for handle in self._waiting:
            name = self._nodes[self._signals[handle]]
            try:
                wanted.append((handle, name.on(namespaces)))
            except NoSuchNamespace:
                self._refuse(handle, "NamespaceUnknown")
        most = await self._most_a_call()
        for start in range(0, len(wanted), most):
            part = wanted[start : start + most]
            call = ua.CreateMonitoredItemsParameters()
            call.SubscriptionId = self._subscription
            call.TimestampsToReturn = ua.TimestampsToReturn.Both
            call.ItemsToCreate = [self._item(handle, node) for handle, node in part]
            for (handle, _), result in zip(part, await self._session.create_monitored_items(call), strict=True):
                if result.StatusCode.is_good():
                    del self._waiting[handle]
                    self._sampling_ms = max(self._sampling_ms, result.RevisedSamplingInterval)
                else:
                    self._refuse(handle, get_name_and_doc(result.StatusCode.value)[0])

    async def _most_a_call(self) -> int:
        """How many nodes the server takes in one call, where it says so."""
        node = f"i={ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall}"
        try:
            limit = await self._client.get_node(node).read_value()
        except UaError:
            return _ITEMS_A_CALL
        return min(limit, _ITEMS_A_CALL) if isinstance(limit, int) and limit > 0 else _ITEMS_A_CALL

    def _item(self, handle: int, node: ua.NodeId) -> ua.MonitoredItemCreateRequest:
        request = ua.MonitoredItemCreateRequest()
        request.ItemToMonitor.NodeId = node
        request.ItemToMonitor.AttributeId = AttributeIds.Value
        request.MonitoringMode = ua.MonitoringMode.Reporting
        request.RequestedParameters.ClientHandle = handle
        sampling = self._options.sampling_ms
        request.RequestedParameters.SamplingInterval = self._options.publishing_ms if sampling is None else sampling
        request.RequestedParameters.QueueSize = self._options.queue_size
        request.RequestedParameters.DiscardOldest = True
        return request

    def _refuse(self, handle: int, reason: str) -> None:
        self._waiting[handle] = reason
        signal = self._signals[handle]
        self._inbox.refuse_cell(f"opcua-{reason}", str(self._nodes[signal]), signal)

    async def look(self) -> None:
        """Wait a little while the connection lives.

        Raises:
            ConnectionError: the server closed it, or gives no sign of life any more.
            Exception: what came couldn't be handed over.
        """
        await asyncio.wait({self._lost}, timeout=_LOOK_S)
        if self._lost.done():
            raise ConnectionError(self._lost.result())
        now = time.monotonic()
        limit_s = 2 * self._alive_s + self._options.timeout_s
        if not self._busy and now - self._heard > limit_s:
            raise ConnectionError(f"no sign of life for {limit_s:g} s")
        if self._waiting and now > self._ask_again:
            self._ask_again = now + _ASK_AGAIN_S
            await self._ask()

    async def _published(self, result: ua.PublishResult) -> None:
        """One message; the library acknowledges it when this returns, so it returns when all is durable."""
        self._busy = True
        try:
            self._book(result)
            await self._handover.flush()
        except Exception as error:
            if not self._lost.done():
                self._lost.set_exception(error)
            raise
        finally:
            self._busy, self._heard = False, time.monotonic()

    def _book(self, result: ua.PublishResult) -> None:
        now = self._clock.now()
        changes: list[tuple[int, int, float | None]] = []
        for data in result.NotificationMessage.NotificationData or ():
            if isinstance(data, ua.DataChangeNotification):
                for item in data.MonitoredItems:
                    self._take(item.ClientHandle, item.Value, now, changes)
            elif isinstance(data, ua.StatusChangeNotification) and not self._lost.done():
                self._lost.set_result(f"the server ended the subscription: {data.Status.name}")
                return
        published = nanoseconds(result.NotificationMessage.PublishTime) or now
        clock = self._clock
        own_clock = self._options.timestamps == "clock" or (clock.origin, clock.wall, clock.speed) != (0, 0, 1.0)
        sampled = round(self._sampling_ms * 1e6 * self._clock.speed)
        proved = (now if own_clock else published) - sampled
        self._tell(changes, published, proved)

    def _take(self, handle: int, value: ua.DataValue, now: int, changes: list[tuple[int, int, float | None]]) -> None:
        if not 0 <= handle < len(self._signals):
            self._inbox.refuse_cell("opcua-handle-unknown", "subscription", str(handle))
            return
        signal = self._signals[handle]
        status = value.StatusCode.value if value.StatusCode is not None else 0
        when = time_of(value, self._options.timestamps, now)
        if overflowed(status):
            self._inbox.refuse_cell("opcua-overflow", signal, "changes before this one were lost: raise queue_size")
        read: Any = refusal_of(status, self._options.uncertain) or self._reader.read(
            signal, value.Value.Value if value.Value is not None else None
        )
        if isinstance(read, float):
            changes.append((when, handle, read))
            return
        changes.append((when, handle, None))
        if read is None:
            self._inbox.empty_cell()
        else:
            self._inbox.refuse_cell(read, str(self._nodes[signal]), signal)

    def _tell(self, changes: list[tuple[int, int, float | None]], published: int, proved: int) -> None:
        """Readings in order of time: changes, and between them what is held."""
        holding, newest = self._holding, self._inbox.progress
        changes.sort()
        for when, handle, value in changes:
            signal = self._signals[handle]
            old = False
            if handle in self._first:  # how it was when we came: maybe from long ago, maybe told before
                self._first.discard(handle)
                old = newest is not None and when <= newest
                old |= holding is not None and proved - when > self._cadence
            else:
                skewed = abs(published - when) > _SKEW_S * SECOND and self._options.timestamps == "source"
                if skewed and not self.skew:  # told once a connection
                    self.skew = f"{signal} has a time {(when - published) / SECOND:+.0f} s from the server's clock"
                self._hold(min(when - 1, proved))
            if holding is not None:
                holding.change(signal, value, 0 if old else when)
            if value is not None and not old:
                self._inbox.reading(when, signal, value)
        self._hold(proved)

    def _hold(self, proved: int) -> None:
        if self._holding is not None:
            for when, values in self._holding.until(proved):
                for signal, value in values.items():
                    self._inbox.reading(when, signal, value)
