"""Services of OPC UA (OPC 10000-4) by the numbers of their binary encodings: what requests ask and responses say."""

from collections.abc import Callable
from typing import Final

from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.opcua_types import Cursor
from infrastress.events.network_terms import Action

__all__ = ["FAULT", "MOST", "SERVICES", "STATUS", "request_of", "response_of"]

_A = Action
SERVICES: Final[dict[int, tuple[str, Action]]] = {
    422: ("FindServers", _A.IDENTIFY), 428: ("GetEndpoints", _A.IDENTIFY), 437: ("RegisterServer", _A.CONFIGURE),
    446: ("OpenSecureChannel", _A.SESSION), 452: ("CloseSecureChannel", _A.SESSION),
    461: ("CreateSession", _A.SESSION), 467: ("ActivateSession", _A.SESSION), 473: ("CloseSession", _A.SESSION),
    479: ("Cancel", _A.SESSION), 488: ("AddNodes", _A.CONFIGURE), 494: ("AddReferences", _A.CONFIGURE),
    500: ("DeleteNodes", _A.DELETE), 506: ("DeleteReferences", _A.DELETE), 527: ("Browse", _A.BROWSE),
    533: ("BrowseNext", _A.BROWSE), 554: ("TranslateBrowsePathsToNodeIds", _A.BROWSE),
    560: ("RegisterNodes", _A.SESSION), 566: ("UnregisterNodes", _A.SESSION), 615: ("QueryFirst", _A.BROWSE),
    621: ("QueryNext", _A.BROWSE), 631: ("Read", _A.READ), 664: ("HistoryRead", _A.READ), 673: ("Write", _A.WRITE),
    700: ("HistoryUpdate", _A.WRITE), 712: ("Call", _A.OPERATE), 751: ("CreateMonitoredItems", _A.SUBSCRIBE),
    763: ("ModifyMonitoredItems", _A.SUBSCRIBE), 769: ("SetMonitoringMode", _A.SUBSCRIBE),
    775: ("SetTriggering", _A.SUBSCRIBE), 781: ("DeleteMonitoredItems", _A.SUBSCRIBE),
    787: ("CreateSubscription", _A.SUBSCRIBE), 793: ("ModifySubscription", _A.SUBSCRIBE),
    799: ("SetPublishingMode", _A.SUBSCRIBE), 826: ("Publish", _A.REPORT), 832: ("Republish", _A.REPORT),
    841: ("TransferSubscriptions", _A.SUBSCRIBE), 847: ("DeleteSubscriptions", _A.SUBSCRIBE),
    12208: ("FindServersOnNetwork", _A.IDENTIFY), 12211: ("RegisterServer2", _A.CONFIGURE),
}  # fmt: skip
"""Requests; a response's number is 3 more, 1 more from 12000 on."""
FAULT: Final = 397
MOST: Final = 64
"""Nodes of one request that are a row each; one row stands for all where there are more."""
STATUS: Final = {
    0x80010000: "BadUnexpectedError", 0x80020000: "BadInternalError", 0x80080000: "BadResponseTooLarge",
    0x800A0000: "BadTimeout", 0x800B0000: "BadServiceUnsupported", 0x80100000: "BadTooManyOperations",
    0x80130000: "BadSecurityChecksFailed", 0x801F0000: "BadUserAccessDenied", 0x80200000: "BadIdentityTokenInvalid",
    0x80210000: "BadIdentityTokenRejected", 0x80220000: "BadSecureChannelIdInvalid", 0x80250000: "BadSessionIdInvalid",
    0x80260000: "BadSessionClosed", 0x80270000: "BadSessionNotActivated", 0x80280000: "BadSubscriptionIdInvalid",
    0x80330000: "BadNodeIdInvalid", 0x80340000: "BadNodeIdUnknown", 0x80350000: "BadAttributeIdInvalid",
    0x803A0000: "BadNotReadable", 0x803B0000: "BadNotWritable", 0x803C0000: "BadOutOfRange",
    0x80540000: "BadSecurityModeRejected", 0x80550000: "BadSecurityPolicyRejected", 0x80730000: "BadWriteNotSupported",
    0x80740000: "BadTypeMismatch", 0x80750000: "BadMethodInvalid", 0x80AB0000: "BadInvalidArgument",
}  # fmt: skip


def request_of(service: int, cursor: Cursor, items: dict[int, str]) -> list[Message]:
    """What a request asks, a message for each node up to `MOST`; `items` learns the client's handles of nodes."""
    name, action = SERVICES.get(service, (f"service {service}", Action.OTHER))
    base = Message(function=service, function_name=name, action=action)
    cursor.node()  # authentication token
    cursor.skip(16)
    cursor.octets()
    cursor.skip(4)
    cursor.extension()
    read = _REQUESTS.get(service)
    found = read(cursor, base, items) if read is not None else []
    if 0 < len(found) <= MOST:
        for message in found:
            message.function, message.function_name, message.action = base.function, base.function_name, base.action
        return found
    if found:
        base.object, base.address, base.quantity = found[0].object, found[0].address, len(found)
        base.values = [value for message in found for value in message.values or ()] or None
    return [base]


def response_of(service: int, cursor: Cursor, items: dict[int, str]) -> list[Message]:
    """What a response says: first of the whole, then of each node."""
    cursor.skip(12)
    status = cursor.u32()
    cursor.diagnostic()
    for _ in range(cursor.count()):
        cursor.octets()
    cursor.extension()
    whole = _judged(Message(), status)
    read = _RESPONSES.get(service)
    return [whole, *(read(cursor, whole, items) if read is not None and whole.ok else ())]


def _judged(message: Message, status: int) -> Message:
    message.ok = status < 0x80000000
    if not message.ok:
        message.exception, message.error = status, STATUS.get(status & 0xFFFF0000, f"status {status:#010x}")
    return message


def _read_value_id(cursor: Cursor) -> Message:
    message = Message(object=cursor.node(), address=cursor.u32())
    cursor.octets()
    cursor.qualified()
    return message


def _read(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    cursor.skip(12)
    return [_read_value_id(cursor) for _ in range(cursor.count())]


def _write(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    found = []
    for _ in range(cursor.count()):
        message = Message(object=cursor.node(), address=cursor.u32())
        cursor.octets()
        message.values = cursor.value()[0] or None
        found.append(message)
    return found


def _call(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    found = []
    for _ in range(cursor.count()):
        owner, method = cursor.node(), cursor.node()
        values = [value for _ in range(cursor.count()) for value in cursor.variant()]
        found.append(Message(object=f"{owner} / {method}", values=values or None))
    return found


def _browse(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    cursor.node()
    cursor.skip(16)
    found = []
    for _ in range(cursor.count()):
        found.append(Message(object=cursor.node()))
        cursor.skip(4)
        cursor.node()
        cursor.skip(9)
    return found


def _monitor(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    cursor.skip(8)
    found = []
    for _ in range(cursor.count()):
        message = _read_value_id(cursor)
        cursor.skip(4)
        handle = cursor.u32()
        if len(items) < 4096:
            items[handle] = message.object or ""
        cursor.skip(8)
        cursor.extension()
        cursor.skip(5)
        found.append(message)
    return found


def _session(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    base.identity = _application(cursor, "client ")
    cursor.octets()
    base.object = cursor.text() or None  # the endpoint it wants
    return []


def _application(cursor: Cursor, whose: str = "") -> str:
    address, product, name = cursor.text(), cursor.text(), cursor.localized()
    cursor.skip(4)
    cursor.octets()
    cursor.octets()
    for _ in range(cursor.count()):
        cursor.octets()
    parts = {"application": name, "uri": address, "product": product}
    return "; ".join(f"{whose}{key}={text}" for key, text in parts.items() if text)


def _values(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    found = []
    for _ in range(cursor.count()):
        numbers, status = cursor.value()
        found.append(_judged(Message(values=numbers or None), status))
    return found


def _codes(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    return [_judged(Message(), cursor.u32()) for _ in range(cursor.count())]


def _called(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    found = []
    for _ in range(cursor.count()):
        found.append(_judged(Message(), cursor.u32()))
        cursor.skip(4 * cursor.count())
        for _ in range(cursor.count()):
            cursor.diagnostic()
        for _ in range(cursor.count()):
            cursor.variant()
    return found


def _monitored(cursor: Cursor, base: Message, items: dict[int, str]) -> list[Message]:
    found = []
    for _ in range(cursor.count()):
        found.append(_judged(Message(), cursor.u32()))
        cursor.skip(16)
        cursor.extension()
    return found


def _published(cursor: Cursor, whole: Message, items: dict[int, str]) -> list[Message]:
    cursor.skip(4)
    cursor.skip(4 * cursor.count() + 1 + 12)
    values, nodes = list[float](), list[str]()
    for _ in range(cursor.count()):
        kind, body = cursor.extension()
        if kind != "i=811":
            continue
        inner = Cursor(body)
        for _ in range(inner.count()):
            nodes.append(items.get(inner.u32(), ""))
            values += inner.value()[0]
    whole.quantity, whole.values = len(nodes), values or None
    whole.object = ", ".join(dict.fromkeys(filter(None, nodes[:8]))) or None
    return []


def _endpoints(cursor: Cursor, whole: Message, items: dict[int, str]) -> list[Message]:
    for _ in range(min(cursor.count(), 1)):
        whole.object = cursor.text() or None
        whole.identity = _application(cursor)
    return []


def _servers(cursor: Cursor, whole: Message, items: dict[int, str]) -> list[Message]:
    whole.identity = " | ".join(_application(cursor) for _ in range(min(cursor.count(), 8))) or None
    return []


def _created(cursor: Cursor, whole: Message, items: dict[int, str]) -> list[Message]:
    cursor.node()
    cursor.node()
    cursor.skip(8)
    cursor.octets()
    cursor.octets()
    _endpoints(cursor, whole, items)
    whole.object = None
    return []


_Read = Callable[[Cursor, Message, dict[int, str]], list[Message]]
_REQUESTS: Final[dict[int, _Read]] = {
    461: _session, 527: _browse, 631: _read, 673: _write, 712: _call, 751: _monitor,
}  # fmt: skip
_RESPONSES: Final[dict[int, _Read]] = {
    422: _servers, 428: _endpoints, 461: _created, 631: _values, 673: _codes, 712: _called, 751: _monitored,
    826: _published,
}  # fmt: skip
