"""Names and actions of what is spoken in office networks: files, web, sessions; the same words in captures and logs."""

from typing import Final

from infrastress.events.network_terms import Action

__all__ = ["CREATES", "FTP", "HTTP", "SMB1", "SMB2", "TFTP", "cut", "identity_text"]

_A = Action
FTP: Final = {
    "STOR": _A.FILE_WRITE, "STOU": _A.FILE_WRITE, "APPE": _A.FILE_WRITE, "RETR": _A.FILE_READ, "DELE": _A.DELETE,
    "RMD": _A.DELETE, "LIST": _A.BROWSE, "NLST": _A.BROWSE, "MLSD": _A.BROWSE, "SITE": _A.CONFIGURE,
    "USER": _A.SESSION, "PASS": _A.SESSION, "ACCT": _A.SESSION, "QUIT": _A.SESSION, "AUTH": _A.SESSION,
}  # fmt: skip
"""Commands (RFC 959, 3659); any other is `other`."""
HTTP: Final = {"PUT": _A.FILE_WRITE, "DELETE": _A.DELETE, "PATCH": _A.CONFIGURE}
"""Methods (RFC 9110); a GET reads pages, not process values, and a POST may be anything."""
TFTP: Final = {1: ("read request", _A.FILE_READ), 2: ("write request", _A.FILE_WRITE)}
SMB1: Final = {
    0x04: ("close", _A.OTHER), 0x06: ("delete", _A.DELETE), 0x07: ("rename", _A.OTHER), 0x0B: ("write", _A.FILE_WRITE),
    0x25: ("transaction", _A.OTHER), 0x2B: ("echo", _A.SESSION), 0x2D: ("open", _A.OTHER),
    0x2E: ("read", _A.FILE_READ), 0x2F: ("write", _A.FILE_WRITE), 0x32: ("transaction 2", _A.OTHER),
    0x71: ("tree disconnect", _A.SESSION), 0x72: ("negotiate", _A.SESSION), 0x73: ("session setup", _A.SESSION),
    0x74: ("logoff", _A.SESSION), 0x75: ("tree connect", _A.SESSION), 0xA0: ("NT transaction", _A.OTHER),
    0xA2: ("create", _A.OTHER),
}  # fmt: skip
SMB2: Final = {
    0: ("negotiate", _A.SESSION), 1: ("session setup", _A.SESSION), 2: ("logoff", _A.SESSION),
    3: ("tree connect", _A.SESSION), 4: ("tree disconnect", _A.SESSION), 5: ("create", _A.OTHER),
    6: ("close", _A.OTHER), 7: ("flush", _A.OTHER), 8: ("read", _A.FILE_READ), 9: ("write", _A.FILE_WRITE),
    10: ("lock", _A.OTHER), 11: ("ioctl", _A.OTHER), 12: ("cancel", _A.OTHER), 13: ("echo", _A.SESSION),
    14: ("query directory", _A.BROWSE), 15: ("change notify", _A.OTHER), 16: ("query info", _A.BROWSE),
    17: ("set info", _A.OTHER), 18: ("oplock break", _A.OTHER),
}  # fmt: skip
"""[MS-SMB2] 2.2.1.2."""
CREATES: Final = {0: "supersede", 2: "create", 4: "overwrite", 5: "overwrite if"}
"""Dispositions of a create by which a file is made or emptied ([MS-SMB2] 2.2.13); 1 and 3 open one."""
_MOST: Final = 200


def cut(text: str | None, most: int = _MOST) -> str | None:
    """Text of bounded length, without what no screen shows; None where nothing is left."""
    if not text:
        return None
    clean = "".join(c if c.isprintable() else "?" for c in text[: most + 1]).strip()
    return clean[:most] + "..." if len(clean) > most else clean or None


def identity_text(**parts: str | int | None) -> str | None:
    """What a node says it is, "name=value; name=value"; None where it says nothing."""
    told = [f"{name}={cut(str(value))}" for name, value in parts.items() if value not in (None, "")]
    return "; ".join(told).replace("\n", " ") or None
