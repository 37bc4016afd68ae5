"""Numbers of S7comm and their names, as publicly documented by its analysers."""

import struct
from typing import Final

from infrastress.events.network_terms import Action

__all__ = ["AREAS", "FUNCTIONS", "ITEM_ERRORS", "SERVICES", "USERDATA", "WIDTHS", "numbers_of"]

FUNCTIONS: Final[dict[int, tuple[str, Action]]] = {
    0x00: ("CPU services", Action.OTHER),
    0x04: ("read variable", Action.READ),
    0x05: ("write variable", Action.WRITE),
    0x1A: ("request download", Action.DOWNLOAD),
    0x1B: ("download block", Action.DOWNLOAD),
    0x1C: ("download ended", Action.DOWNLOAD),
    0x1D: ("start upload", Action.UPLOAD),
    0x1E: ("upload", Action.UPLOAD),
    0x1F: ("end upload", Action.UPLOAD),
    0x28: ("PI service", Action.OTHER),
    0x29: ("PLC stop", Action.STOP),
    0xF0: ("setup communication", Action.SESSION),
}
SERVICES: Final[dict[str, tuple[str, Action]]] = {
    "P_PROGRAM": ("PLC start", Action.START),
    "_INSE": ("insert block", Action.DOWNLOAD),
    "_DELE": ("delete block", Action.DELETE),
    "_GARB": ("compress memory", Action.CONFIGURE),
    "_MODU": ("copy RAM to ROM", Action.CONFIGURE),
}
USERDATA: Final[dict[tuple[int, int], tuple[str, Action]]] = {
    (1, 1): ("request diagnostic data", Action.DIAGNOSE),
    (1, 2): ("variable table", Action.READ),
    (1, 12): ("force", Action.WRITE),
    (2, 1): ("cyclic data memory", Action.SUBSCRIBE),
    (2, 4): ("cyclic data unsubscribe", Action.SUBSCRIBE),
    (3, 1): ("list blocks", Action.BROWSE),
    (3, 2): ("list blocks of type", Action.BROWSE),
    (3, 3): ("get block info", Action.BROWSE),
    (4, 1): ("read SZL", Action.IDENTIFY),
    (4, 2): ("message service", Action.SUBSCRIBE),
    (4, 3): ("diagnostic message", Action.REPORT),
    (5, 1): ("PLC password", Action.SECURITY),
    (5, 2): ("clear PLC password", Action.SECURITY),
    (7, 1): ("read clock", Action.DIAGNOSE),
    (7, 2): ("set clock", Action.CLOCK),
    (7, 3): ("read clock (following)", Action.DIAGNOSE),
    (7, 4): ("set clock", Action.CLOCK),
}
AREAS: Final = {
    0x03: "system info", 0x05: "system flags", 0x80: "peripherals", 0x81: "inputs", 0x82: "outputs", 0x83: "flags",
    0x84: "DB", 0x85: "DI", 0x86: "local", 0x1C: "counter", 0x1D: "timer",
}  # fmt: skip
WIDTHS: Final = {
    1: "bit", 2: "byte", 3: "char", 4: "word", 5: "int", 6: "dword", 7: "dint", 8: "real",
    0x1C: "counter", 0x1D: "timer",
}  # fmt: skip
ITEM_ERRORS: Final = {
    1: "hardware error", 3: "access not allowed", 5: "invalid address", 6: "data type not supported",
    7: "data type inconsistent", 10: "object does not exist",
}  # fmt: skip
_FORMATS: Final = {
    "bit": "B", "byte": "B", "char": "B", "word": "H", "int": "h", "dword": "I", "dint": "i", "real": "f",
    "counter": "H", "timer": "H",
}  # fmt: skip


def numbers_of(name: str, octets: bytes) -> tuple[float, ...]:
    """Values by the width that ends an object's name, such as "DB1 word"."""
    code = _FORMATS.get(name.rsplit(" ", 1)[-1], "B")
    count = len(octets) // struct.calcsize(">" + code)
    return struct.unpack_from(f">{count}{code}", octets)
