"""Numbers of PCCC and their names: commands with what they do, status, file types.

DF1 Protocol and Command Set reference manual (Rockwell 1770-6.5.16), chapters 7 (commands), 8 (status) and 13 (file
types). A command is its CMD and, where it has one, its FNC byte.
"""

from typing import Final

from infrastress.events.network_terms import Action

__all__ = ["COMMANDS", "EXTENDED", "FILES", "MODES", "STATUS", "WIDTHS", "WITH_FUNCTION"]

_A = Action
WITH_FUNCTION: Final = frozenset({0x06, 0x07, 0x0F})
"""CMD bytes that an FNC byte follows."""

COMMANDS: Final[dict[tuple[int, int], tuple[str, Action]]] = {
    (0x00, 0): ("protected write", _A.WRITE), (0x01, 0): ("unprotected read", _A.READ),
    (0x02, 0): ("protected bit write", _A.WRITE), (0x05, 0): ("unprotected bit write", _A.WRITE),
    (0x08, 0): ("unprotected write", _A.WRITE),
    (0x06, 0x00): ("echo", _A.DIAGNOSE), (0x06, 0x01): ("read diagnostic counters", _A.DIAGNOSE),
    (0x06, 0x02): ("set variables", _A.CONFIGURE), (0x06, 0x03): ("diagnostic status", _A.IDENTIFY),
    (0x06, 0x04): ("set timeout", _A.CONFIGURE), (0x06, 0x05): ("set NAKs", _A.CONFIGURE),
    (0x06, 0x06): ("set ENQs", _A.CONFIGURE), (0x06, 0x07): ("reset diagnostic counters", _A.DIAGNOSE),
    (0x06, 0x08): ("set data table size", _A.CONFIGURE), (0x06, 0x09): ("read link parameters", _A.DIAGNOSE),
    (0x06, 0x0A): ("set link parameters", _A.CONFIGURE),
    (0x07, 0x00): ("disable outputs", _A.STOP), (0x07, 0x01): ("enable outputs", _A.START),
    (0x07, 0x03): ("enable PLC scanning", _A.START), (0x07, 0x04): ("enter download mode", _A.DOWNLOAD),
    (0x07, 0x05): ("exit download/upload mode", _A.OTHER), (0x07, 0x06): ("enter upload mode", _A.UPLOAD),
    (0x0F, 0x00): ("word range write", _A.WRITE), (0x0F, 0x01): ("word range read", _A.READ),
    (0x0F, 0x02): ("bit write", _A.WRITE), (0x0F, 0x03): ("file write", _A.WRITE), (0x0F, 0x04): ("file read", _A.READ),
    (0x0F, 0x05): ("download request", _A.DOWNLOAD), (0x0F, 0x06): ("upload", _A.UPLOAD),
    (0x0F, 0x07): ("shutdown", _A.STOP), (0x0F, 0x08): ("physical write", _A.DOWNLOAD),
    (0x0F, 0x09): ("physical read", _A.UPLOAD), (0x0F, 0x0A): ("restart request", _A.RESTART),
    (0x0F, 0x11): ("get edit resource", _A.CONFIGURE), (0x0F, 0x12): ("return edit resource", _A.CONFIGURE),
    (0x0F, 0x17): ("read bytes physical", _A.UPLOAD), (0x0F, 0x18): ("write bytes physical", _A.DOWNLOAD),
    (0x0F, 0x26): ("read-modify-write", _A.WRITE), (0x0F, 0x29): ("read section size", _A.BROWSE),
    (0x0F, 0x3A): ("set CPU mode", _A.MODE), (0x0F, 0x41): ("disable forces", _A.OPERATE),
    (0x0F, 0x50): ("download all request", _A.DOWNLOAD), (0x0F, 0x52): ("download completed", _A.DOWNLOAD),
    (0x0F, 0x53): ("upload all request", _A.UPLOAD), (0x0F, 0x55): ("upload completed", _A.UPLOAD),
    (0x0F, 0x57): ("initialize memory", _A.DELETE), (0x0F, 0x5E): ("modify PLC-2 compatibility file", _A.CONFIGURE),
    (0x0F, 0x67): ("typed write", _A.WRITE), (0x0F, 0x68): ("typed read", _A.READ),
    (0x0F, 0x79): ("read-modify-write N", _A.WRITE), (0x0F, 0x80): ("change mode", _A.MODE),
    (0x0F, 0x81): ("open file", _A.SESSION), (0x0F, 0x82): ("close file", _A.SESSION),
    (0x0F, 0x88): ("execute multiple commands", _A.OTHER), (0x0F, 0x8F): ("apply port configuration", _A.CONFIGURE),
    (0x0F, 0xA1): ("protected typed logical read, two address fields", _A.READ),
    (0x0F, 0xA2): ("protected typed logical read, three address fields", _A.READ),
    (0x0F, 0xA7): ("protected typed file read", _A.FILE_READ),
    (0x0F, 0xA9): ("protected typed logical write, two address fields", _A.WRITE),
    (0x0F, 0xAA): ("protected typed logical write, three address fields", _A.WRITE),
    (0x0F, 0xAB): ("protected typed logical masked write", _A.WRITE),
    (0x0F, 0xAF): ("protected typed file write", _A.FILE_WRITE),
}  # fmt: skip

MODES: Final[dict[int, tuple[str, Action]]] = {
    1: ("remote program", _A.STOP), 6: ("remote run", _A.START), 7: ("remote test, continuous", _A.MODE),
    8: ("remote test, single scan", _A.MODE), 9: ("remote test, single step", _A.MODE),
}  # fmt: skip
"""Of the SLC 500 and MicroLogix command change mode (FNC 0x80): in program mode the control program stands still."""

FILES: Final = {
    0x22: "ladder ", 0x65: "online edit ", 0x82: "O", 0x83: "I", 0x84: "S", 0x85: "B", 0x86: "T", 0x87: "C", 0x88: "R",
    0x89: "N", 0x8A: "F", 0x8D: "ST", 0x8E: "A", 0x91: "L", 0xA1: "output force ", 0xA2: "input force ",
}  # fmt: skip
"""File type -> its letter in the program's own addresses, or what it is."""

WIDTHS: Final = {"O": "h", "I": "h", "S": "h", "B": "H", "T": "h", "C": "h", "R": "h", "N": "h", "F": "f", "L": "i"}
"""Letter -> a value's format; of timers, counters and controls words of an element of three."""

STATUS: Final = {
    0x01: "destination out of buffer space", 0x02: "no delivery", 0x03: "duplicate token holder",
    0x04: "local port disconnected", 0x05: "application layer timed out", 0x06: "duplicate node",
    0x07: "station offline", 0x08: "hardware fault", 0x10: "illegal command or format",
    0x20: "host has a problem", 0x30: "remote host missing or shut down", 0x40: "hardware fault at the host",
    0x50: "addressing problem or memory protected", 0x60: "not allowed by command protection",
    0x70: "processor is in program mode", 0x80: "compatibility file missing", 0x90: "remote node can't buffer",
    0xA0: "wait for ACK", 0xB0: "remote node is being downloaded to", 0xC0: "wait for ACK",
}  # fmt: skip
EXTENDED: Final = {
    0x01: "illegal field", 0x02: "fewer address levels than needed", 0x03: "more address levels than supported",
    0x04: "symbol not found", 0x05: "symbol malformed", 0x06: "address points nowhere", 0x07: "file is of wrong size",
    0x08: "situation has changed", 0x09: "data or file too large", 0x0A: "size and address too large",
    0x0B: "access denied", 0x0C: "resource not available", 0x0D: "already exists", 0x0E: "can't be executed",
    0x10: "no access", 0x11: "illegal data type", 0x12: "invalid parameter", 0x13: "address in a deleted area",
    0x14: "failed for an unknown reason", 0x15: "data conversion error", 0x1A: "file is open by another node",
    0x1B: "another node owns the program", 0x1E: "data table element is protected", 0x1F: "temporary internal problem",
    0x22: "remote rack fault", 0x23: "timeout", 0x24: "unknown error",
}  # fmt: skip
