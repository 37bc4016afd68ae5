"""Numbers of Modbus and their names: functions, diagnostics, exceptions, identification objects."""

from typing import Final

from infrastress.events.network_terms import Action

__all__ = ["DIAGNOSTICS", "EXCEPTIONS", "FUNCTIONS", "IDENTITY_OBJECTS", "TABLES", "UNITY"]

FUNCTIONS: Final[dict[int, tuple[str, Action]]] = {
    1: ("read coils", Action.READ),
    2: ("read discrete inputs", Action.READ),
    3: ("read holding registers", Action.READ),
    4: ("read input registers", Action.READ),
    5: ("write single coil", Action.WRITE),
    6: ("write single register", Action.WRITE),
    7: ("read exception status", Action.DIAGNOSE),
    8: ("diagnostics", Action.DIAGNOSE),
    11: ("get comm event counter", Action.DIAGNOSE),
    12: ("get comm event log", Action.DIAGNOSE),
    15: ("write multiple coils", Action.WRITE),
    16: ("write multiple registers", Action.WRITE),
    17: ("report server id", Action.IDENTIFY),
    20: ("read file record", Action.FILE_READ),
    21: ("write file record", Action.FILE_WRITE),
    22: ("mask write register", Action.WRITE),
    23: ("read/write multiple registers", Action.WRITE),
    24: ("read FIFO queue", Action.READ),
    43: ("encapsulated interface transport", Action.OTHER),
    90: ("Unity programming (90)", Action.OTHER),
}
"""The public ones, and 90, by which Schneider's engineering tools program controllers."""

UNITY: Final[dict[int, tuple[str, Action]]] = {
    0x01: ("initialise", Action.SESSION), 0x02: ("read identity", Action.IDENTIFY),
    0x03: ("read project", Action.IDENTIFY), 0x04: ("read state", Action.DIAGNOSE),
    0x06: ("read memory card", Action.DIAGNOSE), 0x0A: ("repeat", Action.DIAGNOSE),
    0x10: ("take reservation", Action.SESSION), 0x11: ("release reservation", Action.SESSION),
    0x12: ("keep alive", Action.SESSION), 0x20: ("read memory", Action.READ), 0x21: ("write memory", Action.WRITE),
    0x22: ("read variables", Action.READ), 0x23: ("write variables", Action.WRITE),
    0x24: ("read coils and registers", Action.READ), 0x25: ("write coils and registers", Action.WRITE),
    0x28: ("read block", Action.UPLOAD), 0x29: ("write block", Action.DOWNLOAD),
    0x30: ("initialise upload", Action.UPLOAD), 0x31: ("upload block", Action.UPLOAD),
    0x32: ("end upload", Action.UPLOAD), 0x33: ("initialise download", Action.DOWNLOAD),
    0x34: ("download block", Action.DOWNLOAD), 0x35: ("end download", Action.DOWNLOAD),
    0x40: ("start", Action.START), 0x41: ("stop", Action.STOP), 0x50: ("monitor", Action.READ),
}  # fmt: skip
"""Codes within function 90, behind the session's octet; from published analyses, the maker publishes none."""

TABLES: Final = {
    1: "coil", 5: "coil", 15: "coil", 2: "discrete-input", 4: "input-register",
    3: "holding-register", 6: "holding-register", 16: "holding-register", 22: "holding-register",
    23: "holding-register", 24: "fifo-queue",
}  # fmt: skip

DIAGNOSTICS: Final[dict[int, tuple[str, Action]]] = {
    0: ("return query data", Action.DIAGNOSE),
    1: ("restart communications option", Action.RESTART),
    2: ("return diagnostic register", Action.DIAGNOSE),
    3: ("change ASCII input delimiter", Action.CONFIGURE),
    4: ("force listen only mode", Action.SILENCE),
    10: ("clear counters and diagnostic register", Action.DIAGNOSE),
    11: ("return bus message count", Action.DIAGNOSE),
    12: ("return bus communication error count", Action.DIAGNOSE),
    13: ("return bus exception error count", Action.DIAGNOSE),
    14: ("return server message count", Action.DIAGNOSE),
    15: ("return server no response count", Action.DIAGNOSE),
    16: ("return server NAK count", Action.DIAGNOSE),
    17: ("return server busy count", Action.DIAGNOSE),
    18: ("return bus character overrun count", Action.DIAGNOSE),
    20: ("clear overrun counter and flag", Action.DIAGNOSE),
}

EXCEPTIONS: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    7: "negative acknowledge",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}

IDENTITY_OBJECTS: Final = {
    0: "VendorName",
    1: "ProductCode",
    2: "MajorMinorRevision",
    3: "VendorUrl",
    4: "ProductName",
    5: "ModelName",
    6: "UserApplicationName",
}
