"""Numbers of CIP and their names: services, classes, general status, data types."""

from typing import Final

from infrastress.events.network_terms import Action

__all__ = ["CLASSES", "ERRORS", "SERVICES", "TYPES", "service_of"]

_A = Action
SERVICES: Final[dict[int, tuple[str, Action]]] = {
    0x01: ("get attributes all", _A.READ), 0x02: ("set attributes all", _A.WRITE),
    0x03: ("get attribute list", _A.READ), 0x04: ("set attribute list", _A.WRITE), 0x05: ("reset", _A.RESTART),
    0x06: ("start", _A.START), 0x07: ("stop", _A.STOP), 0x08: ("create", _A.CONFIGURE), 0x09: ("delete", _A.DELETE),
    0x0A: ("multiple service packet", _A.OTHER), 0x0D: ("apply attributes", _A.CONFIGURE),
    0x0E: ("get attribute single", _A.READ), 0x10: ("set attribute single", _A.WRITE),
    0x11: ("find next object instance", _A.BROWSE), 0x15: ("restore", _A.CONFIGURE), 0x16: ("save", _A.CONFIGURE),
    0x17: ("no operation", _A.OTHER), 0x18: ("get member", _A.READ), 0x19: ("set member", _A.WRITE),
}  # fmt: skip
"""Common services (0x01 to 0x31): the same of every class."""

_TAGS: Final[dict[int, tuple[str, Action]]] = {
    0x4C: ("read tag", _A.READ),
    0x4D: ("write tag", _A.WRITE),
    0x4E: ("read modify write tag", _A.WRITE),
    0x52: ("read tag fragmented", _A.READ),
    0x53: ("write tag fragmented", _A.WRITE),
}
_OF_CLASS: Final[dict[tuple[int, int], tuple[str, Action]]] = {
    (0x06, 0x4E): ("forward close", _A.SESSION),
    (0x06, 0x52): ("unconnected send", _A.OTHER),
    (0x06, 0x54): ("forward open", _A.SESSION),
    (0x06, 0x5B): ("large forward open", _A.SESSION),
    (0x37, 0x4B): ("initiate upload", _A.FILE_READ),
    (0x37, 0x4C): ("initiate download", _A.FILE_WRITE),
    (0x37, 0x4F): ("upload transfer", _A.FILE_READ),
    (0x37, 0x50): ("download transfer", _A.FILE_WRITE),
    (0x67, 0x4B): ("execute PCCC", _A.OTHER),
    (0x6C, 0x4C): ("read template", _A.BROWSE),
    (0x6D, 0x4C): ("read routine", _A.UPLOAD),  # Logix 5000; not public, told by what its answer holds
    (0x6B, 0x55): ("get instance attribute list", _A.BROWSE),
}
CLASSES: Final = {
    0x01: "identity", 0x02: "message router", 0x04: "assembly", 0x05: "connection", 0x06: "connection manager",
    0x37: "file", 0x67: "PCCC", 0x68: "program", 0x6B: "symbol", 0x6C: "template", 0x6D: "routine", 0x8B: "wall clock",
    0xF4: "port", 0xF5: "TCP/IP interface", 0xF6: "Ethernet link",
}  # fmt: skip
ERRORS: Final = {
    1: "connection failure", 2: "resource unavailable", 3: "invalid parameter value", 4: "path segment error",
    5: "path destination unknown", 6: "partial transfer", 7: "connection lost", 8: "service not supported",
    9: "invalid attribute value", 10: "attribute list error", 12: "object state conflict",
    13: "object already exists", 14: "attribute not settable", 15: "privilege violation",
    16: "device state conflict", 17: "reply data too large", 19: "not enough data", 20: "attribute not supported",
    21: "too much data", 22: "object does not exist", 30: "embedded service error", 38: "invalid path size",
}  # fmt: skip
TYPES: Final = {
    0xC1: "B", 0xC2: "b", 0xC3: "h", 0xC4: "i", 0xC5: "q", 0xC6: "B", 0xC7: "H", 0xC8: "I", 0xC9: "Q", 0xCA: "f",
    0xCB: "d", 0xD1: "B", 0xD2: "H", 0xD3: "I",
}  # fmt: skip


def service_of(service: int, number: int | None) -> tuple[str, Action]:
    """Name and action of a service of a class, or of a tag (None)."""
    if service in SERVICES:
        name, action = SERVICES[service]
        return (name, Action.IDENTIFY) if number == 1 and action is Action.READ else (name, action)
    known = _TAGS.get(service) if number in (None, 0x6B) else None
    found = _OF_CLASS.get((number, service)) if number is not None else None
    return found or known or (f"service {service:#04x}", Action.OTHER)
