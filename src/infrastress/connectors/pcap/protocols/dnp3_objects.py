"""Functions, object sizes and values of DNP3 (IEEE 1815-2012, annex A)."""

import struct
from typing import Final

from infrastress.events.network_terms import Action

__all__ = ["FUNCTIONS", "REFUSALS", "SIZES", "STATUS", "value_of"]

_A = Action
FUNCTIONS: Final[dict[int, tuple[str, Action]]] = {
    0: ("confirm", _A.ACKNOWLEDGE), 1: ("read", _A.READ), 2: ("write", _A.WRITE), 3: ("select", _A.SELECT),
    4: ("operate", _A.OPERATE), 5: ("direct operate", _A.OPERATE), 6: ("direct operate no response", _A.OPERATE),
    7: ("immediate freeze", _A.OTHER), 8: ("immediate freeze no response", _A.OTHER), 9: ("freeze clear", _A.OTHER),
    10: ("freeze clear no response", _A.OTHER), 11: ("freeze at time", _A.OTHER),
    12: ("freeze at time no response", _A.OTHER), 13: ("cold restart", _A.RESTART), 14: ("warm restart", _A.RESTART),
    15: ("initialize data", _A.CONFIGURE), 16: ("initialize application", _A.CONFIGURE),
    17: ("start application", _A.START), 18: ("stop application", _A.STOP), 19: ("save configuration", _A.CONFIGURE),
    20: ("enable unsolicited", _A.SUBSCRIBE), 21: ("disable unsolicited", _A.SILENCE),
    22: ("assign class", _A.CONFIGURE), 23: ("delay measurement", _A.DIAGNOSE), 24: ("record current time", _A.CLOCK),
    25: ("open file", _A.FILE_READ), 26: ("close file", _A.OTHER), 27: ("delete file", _A.DELETE),
    28: ("get file info", _A.BROWSE), 29: ("authenticate file", _A.SECURITY), 30: ("abort file", _A.OTHER),
    31: ("activate configuration", _A.CONFIGURE), 32: ("authentication request", _A.SECURITY),
    33: ("authentication request no ack", _A.SECURITY), 129: ("response", _A.REPORT),
    130: ("unsolicited response", _A.REPORT), 131: ("authentication response", _A.SECURITY),
}  # fmt: skip

REFUSALS: Final = {1: "function code not supported", 2: "object unknown", 4: "parameter error"}
"""Bits of the second octet of the internal indications that refuse a request."""

_CONTROL: Final = {
    1: "timeout", 2: "no select", 3: "format error", 4: "not supported", 5: "already active", 6: "hardware error",
    7: "local", 8: "too many operations", 9: "not authorized", 10: "automation inhibit", 11: "processing limited",
    12: "out of range", 126: "not participating", 127: "undefined",
}  # fmt: skip
STATUS: Final = {(12, 1): _CONTROL, (12, 2): _CONTROL} | {(41, variation): _CONTROL for variation in (1, 2, 3, 4)}

# group -> sizes by variation from 1; a value's struct format and offset follow from these
_LENGTHS: Final = {
    1: (0, 1), 2: (1, 7, 3), 3: (0, 1), 4: (1, 7, 3), 10: (0, 1), 11: (1, 7), 12: (11, 11), 13: (1, 7),
    20: (5, 3, 5, 3, 4, 2, 4, 2), 21: (5, 3, 5, 3, 11, 9, 11, 9, 4, 2, 4, 2), 22: (5, 3, 5, 3, 11, 9, 11, 9),
    23: (5, 3, 5, 3, 11, 9, 11, 9), 30: (5, 3, 4, 2, 5, 9), 31: (5, 3, 11, 9, 4, 2, 5, 9),
    32: (5, 3, 11, 9, 5, 9, 11, 15), 33: (5, 3, 11, 9, 5, 9, 11, 15), 34: (2, 4, 4), 40: (5, 3, 5, 9),
    41: (5, 3, 5, 9), 42: (5, 3, 11, 9, 5, 9, 11, 15), 43: (5, 3, 11, 9, 5, 9, 11, 15), 50: (6, 10, 6, 11),
    51: (6, 6), 52: (2, 2), 60: (0, 0, 0, 0),
}  # fmt: skip
SIZES: Final = {
    (group, variation): size for group, sizes in _LENGTHS.items() for variation, size in enumerate(sizes, 1) if size
} | {(60, variation): 0 for variation in (1, 2, 3, 4)}

_FLOATS: Final = {
    30: (5, 6),
    31: (7, 8),
    32: (5, 6, 7, 8),
    33: (5, 6, 7, 8),
    40: (3, 4),
    42: (5, 6, 7, 8),
    43: (5, 6, 7, 8),
}
_BARE: Final = (
    {(20, v) for v in (5, 6, 7, 8)} | {(21, v) for v in (9, 10, 11, 12)} | {(30, 3), (30, 4), (31, 5), (31, 6)}
)
_STATES: Final = {1, 2, 10, 11}


def value_of(group: int, variation: int, data: bytes, at: int) -> float | None:  # noqa: PLR0911  # a table of rules
    """An object's number; None for objects without one."""
    size = SIZES.get((group, variation))
    if size is None or size == 0 or group in (50, 51, 52, 60, 13, 43):
        return None
    if group in _STATES:
        return data[at] >> 7
    if group in (3, 4):
        return data[at] >> 6
    if group == 12:  # the control code: operation type and trip/close
        return data[at]
    if group == 34:
        return float(struct.unpack_from({1: "<H", 2: "<I", 3: "<f"}[variation], data, at)[0])
    if group == 41:
        return float(struct.unpack_from({1: "<i", 2: "<h", 3: "<f", 4: "<d"}[variation], data, at)[0])
    signed, bare = group >= 30, (group, variation) in _BARE
    at += 0 if bare else 1
    if variation in _FLOATS.get(group, ()):
        return float(struct.unpack_from("<d" if size in (9, 15) else "<f", data, at)[0])
    wide = size in (4, 5, 11)
    code = ("i" if wide else "h") if signed else ("I" if wide else "H")
    return float(struct.unpack_from("<" + code, data, at)[0])
