"""Numbers of BACnet and their names (ANSI/ASHRAE 135-2020): services, object types, properties, errors."""

from typing import Final

from infrastress.events.network_terms import Action

__all__ = [
    "ABORTS", "CONFIRMED", "ERRORS", "IDENTITY", "LINK", "NETWORK", "OBJECTS", "REINITIALIZE", "REJECTS", "UNCONFIRMED",
]  # fmt: skip

_A = Action
CONFIRMED: Final[dict[int, tuple[str, Action]]] = {
    0: ("acknowledge alarm", _A.ACKNOWLEDGE), 1: ("confirmed COV notification", _A.REPORT),
    2: ("confirmed event notification", _A.REPORT), 3: ("get alarm summary", _A.READ),
    4: ("get enrollment summary", _A.READ), 5: ("subscribe COV", _A.SUBSCRIBE), 6: ("atomic read file", _A.FILE_READ),
    7: ("atomic write file", _A.FILE_WRITE), 8: ("add list element", _A.CONFIGURE),
    9: ("remove list element", _A.CONFIGURE), 10: ("create object", _A.CONFIGURE), 11: ("delete object", _A.DELETE),
    12: ("read property", _A.READ), 13: ("read property conditional", _A.READ),
    14: ("read property multiple", _A.READ), 15: ("write property", _A.WRITE),
    16: ("write property multiple", _A.WRITE), 17: ("device communication control", _A.SILENCE),
    18: ("confirmed private transfer", _A.OTHER), 19: ("confirmed text message", _A.OTHER),
    20: ("reinitialize device", _A.RESTART), 21: ("VT open", _A.SESSION), 22: ("VT close", _A.SESSION),
    23: ("VT data", _A.OTHER), 24: ("authenticate", _A.SECURITY), 25: ("request key", _A.SECURITY),
    26: ("read range", _A.READ), 27: ("life safety operation", _A.OPERATE),
    28: ("subscribe COV property", _A.SUBSCRIBE), 29: ("get event information", _A.READ),
    30: ("subscribe COV property multiple", _A.SUBSCRIBE), 31: ("confirmed COV notification multiple", _A.REPORT),
    32: ("confirmed audit notification", _A.REPORT), 33: ("audit log query", _A.READ),
}  # fmt: skip
UNCONFIRMED: Final[dict[int, tuple[str, Action]]] = {
    0: ("I-Am", _A.IDENTIFY), 1: ("I-Have", _A.IDENTIFY), 2: ("unconfirmed COV notification", _A.REPORT),
    3: ("unconfirmed event notification", _A.REPORT), 4: ("unconfirmed private transfer", _A.OTHER),
    5: ("unconfirmed text message", _A.OTHER), 6: ("time synchronization", _A.CLOCK), 7: ("Who-Has", _A.BROWSE),
    8: ("Who-Is", _A.IDENTIFY), 9: ("UTC time synchronization", _A.CLOCK), 10: ("write group", _A.WRITE),
    11: ("unconfirmed COV notification multiple", _A.REPORT), 12: ("unconfirmed audit notification", _A.REPORT),
    13: ("Who-Am-I", _A.IDENTIFY), 14: ("You-Are", _A.CONFIGURE),
}  # fmt: skip
LINK: Final[dict[int, tuple[str, Action]]] = {
    0: ("BVLC result", _A.SESSION), 1: ("write broadcast distribution table", _A.CONFIGURE),
    2: ("read broadcast distribution table", _A.BROWSE), 3: ("broadcast distribution table", _A.BROWSE),
    5: ("register foreign device", _A.SESSION), 6: ("read foreign device table", _A.BROWSE),
    7: ("foreign device table", _A.BROWSE), 8: ("delete foreign device entry", _A.CONFIGURE),
    12: ("secure BVLL", _A.SECURITY),
}  # fmt: skip
NETWORK: Final[dict[int, tuple[str, Action]]] = {
    0: ("Who-Is-Router-To-Network", _A.BROWSE), 1: ("I-Am-Router-To-Network", _A.BROWSE),
    2: ("I-Could-Be-Router-To-Network", _A.BROWSE), 3: ("Reject-Message-To-Network", _A.OTHER),
    4: ("Router-Busy-To-Network", _A.OTHER), 5: ("Router-Available-To-Network", _A.OTHER),
    6: ("Initialize-Routing-Table", _A.CONFIGURE), 7: ("Initialize-Routing-Table-Ack", _A.CONFIGURE),
    8: ("Establish-Connection-To-Network", _A.SESSION), 9: ("Disconnect-Connection-To-Network", _A.SESSION),
    18: ("What-Is-Network-Number", _A.BROWSE), 19: ("Network-Number-Is", _A.BROWSE),
}  # fmt: skip
REINITIALIZE: Final[dict[int, tuple[str, Action]]] = {
    0: ("cold start", _A.RESTART), 1: ("warm start", _A.RESTART), 2: ("start backup", _A.UPLOAD),
    3: ("end backup", _A.UPLOAD), 4: ("start restore", _A.DOWNLOAD), 5: ("end restore", _A.DOWNLOAD),
    6: ("abort restore", _A.DOWNLOAD), 7: ("activate changes", _A.RESTART),
}  # fmt: skip
OBJECTS: Final = (
    "analog-input", "analog-output", "analog-value", "binary-input", "binary-output", "binary-value", "calendar",
    "command", "device", "event-enrollment", "file", "group", "loop", "multi-state-input", "multi-state-output",
    "notification-class", "program", "schedule", "averaging", "multi-state-value", "trend-log", "life-safety-point",
    "life-safety-zone", "accumulator", "pulse-converter", "event-log", "global-group", "trend-log-multiple",
    "load-control", "structured-view", "access-door", "timer", "access-credential", "access-point", "access-rights",
    "access-user", "access-zone", "credential-data-input", "network-security", "bitstring-value",
    "characterstring-value", "date-pattern-value", "date-value", "datetime-pattern-value", "datetime-value",
    "integer-value", "large-analog-value", "octetstring-value", "positive-integer-value", "time-pattern-value",
    "time-value", "notification-forwarder", "alert-enrollment", "channel", "lighting-output",
    "binary-lighting-output", "network-port", "elevator-group", "escalator", "lift",
)  # fmt: skip
IDENTITY: Final = {
    12: "application-software-version", 28: "description", 44: "firmware-revision", 58: "location", 70: "model-name",
    77: "object-name", 120: "vendor-identifier", 121: "vendor-name", 372: "serial-number",
}  # fmt: skip
"""Properties by which a device object says what it is."""
ERRORS: Final = {
    2: "configuration in progress", 3: "device busy", 9: "invalid data type", 25: "operational problem",
    26: "password failure", 27: "read access denied", 29: "service request denied", 30: "timeout",
    31: "unknown object", 32: "unknown property", 36: "unsupported object type", 37: "value out of range",
    40: "write access denied", 42: "invalid array index", 45: "optional functionality not supported",
    47: "datatype not supported", 50: "property is not an array", 83: "communication disabled",
}  # fmt: skip
REJECTS: Final = (
    "other", "buffer overflow", "inconsistent parameters", "invalid parameter data type", "invalid tag",
    "missing required parameter", "parameter out of range", "too many arguments", "undefined enumeration",
    "unrecognized service",
)  # fmt: skip
ABORTS: Final = (
    "other", "buffer overflow", "invalid APDU in this state", "preempted by higher priority task",
    "segmentation not supported", "security error", "insufficient security", "window size out of range",
    "application exceeded reply time", "out of resources", "TSM timeout", "APDU too long",
)  # fmt: skip
