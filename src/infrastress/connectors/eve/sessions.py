"""What EVE tells of sessions and files: TLS, SSH, RDP, VNC, SMB, FTP, HTTP, TFTP, DNS."""

from collections.abc import Callable
from typing import Any, Final

from infrastress.connectors.eve.ends import head, number
from infrastress.connectors.nids.reading import Record
from infrastress.connectors.nids.rows import row_of
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.it_codes import FTP, HTTP, SMB1, SMB2, TFTP, cut, identity_text
from infrastress.connectors.records import Refused
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind, Protocol

__all__ = ["SESSIONS"]

_SMB: Final = {name.replace(" ", "_").upper(): (name, action) for name, action in (*SMB1.values(), *SMB2.values())} | {
    "NEGOTIATE_PROTOCOL": ("negotiate", Action.SESSION),
    "FIND": ("query directory", Action.BROWSE),
    "KEEPALIVE": ("echo", Action.SESSION),
    "SET_INFO_FILE": ("set info", Action.OTHER),
}
_MAKES: Final = ("CREATE", "OVERWRITE", "SUPERSEDE")


def _tls(record: Record, log: str) -> list[NetworkRow]:
    """A handshake, and the certificate where it was in clear (up to TLS 1.2)."""
    said, top = record["tls"], head(record, log)
    alpn = said.get("client_alpns") or said.get("server_alpns")
    hello = Message(
        function=1,
        function_name="client hello",
        action=Action.SESSION,
        object=cut(said.get("sni")),
        ok=True if said.get("version") else None,
        identity=identity_text(version=said.get("version"), alpn=",".join(alpn) if alpn else None, ja4=said.get("ja4")),
    )
    rows = [row_of(top, Protocol.TLS, Kind.TRANSACTION, hello)]
    if said.get("subject") or said.get("issuerdn"):
        begins, ends = (_zoned(said.get(name)) for name in ("notbefore", "notafter"))
        own = "yes" if said.get("subject") == said.get("issuerdn") else None
        text = identity_text(
            subject=said.get("subject"), issuer=said.get("issuerdn"), not_before=begins, not_after=ends, self_signed=own
        )
        shown = Message(function=11, function_name="certificate", action=Action.SESSION, identity=text)
        rows.append(row_of(top, Protocol.TLS, Kind.MESSAGE, shown, from_client=False))
    return rows


def _zoned(text: str | None) -> str | None:
    return None if not text else text if text.endswith("Z") else text + "Z"


def _ssh(record: Record, log: str) -> list[NetworkRow]:
    """The banner of each side, and the fingerprint of what it offers."""
    said, top = record["ssh"], head(record, log)
    rows = []
    for side, name in (("client", "hassh"), ("server", "hassh_server")):
        one = said.get(side)
        if not one:
            continue
        banner = f"SSH-{one['proto_version']}-{one.get('software_version', '')}"
        text = identity_text(banner=banner, **{name: (one.get("hassh") or {}).get("hash")})
        message = Message(function_name="banner", action=Action.SESSION, identity=text)
        rows.append(row_of(top, Protocol.SSH, Kind.MESSAGE, message, from_client=side == "client"))
    return rows


def _rdp(record: Record, log: str) -> list[NetworkRow]:
    """One step of the way to a remote desktop."""
    said = record["rdp"]
    step = said["event_type"]
    client = said.get("client") or {}
    message = Message(
        function_name={"initial_request": "connection request", "initial_response": "connection confirm"}.get(
            step, step.replace("_", " ")
        ),
        action=Action.SESSION,
        identity=identity_text(
            cookie=said.get("cookie"), client=client.get("client_name"), protocol=said.get("protocol")
        ),
    )
    asks = step in ("initial_request", "connect_request")
    return [row_of(head(record, log), Protocol.RDP, Kind.MESSAGE, message, from_client=asks)]


def _vnc(record: Record, log: str) -> list[NetworkRow]:
    said = record["rfb"]
    version = said.get("server_protocol_version") or said.get("client_protocol_version") or {}
    banner = f"RFB {version['major']}.{version['minor']}" if version else None
    name = (said.get("framebuffer") or {}).get("name")
    message = Message(
        function_name="banner", action=Action.SESSION, identity=identity_text(banner=banner, desktop=name)
    )
    return [row_of(head(record, log), Protocol.VNC, Kind.MESSAGE, message, from_client=False)]


def _smb(record: Record, log: str) -> list[NetworkRow]:
    """A command with its answer. Suricata tells reads and writes by the files they belong to, or not at all."""
    said = record["smb"]
    command = said["command"].partition("_COMMAND_")[2].removesuffix("_ANDX").removeprefix("NT_")
    name, action = _SMB.get(command, (command.replace("_", " ").lower(), Action.OTHER))
    disposition = said.get("disposition") or ""
    if name == "create" and any(word in disposition for word in _MAKES):
        action = Action.FILE_WRITE
    code = int(said.get("status_code") or "0x0", 16)
    failed = code >> 30 == 3 and code != 0xC0000016  # more processing required: the session goes on
    message = Message(
        function_name=name,
        action=action,
        object=cut(said.get("filename") or said.get("share") or said.get("named_pipe")),
        ok=not failed,
        exception=code if failed else None,
        error=said.get("status") if failed else None,
        identity=identity_text(dialect=said.get("dialect")) if name == "negotiate" else None,
    )
    return [row_of(head(record, log), Protocol.SMB, Kind.TRANSACTION, message)]


def _ftp(record: Record, log: str) -> list[NetworkRow]:
    """A command with its reply; passwords aren't kept."""
    said = record["ftp"]
    command = said.get("command")
    if not command:
        raise Refused("ftp: no command", dropped=True)
    codes = [int(code) for code in said.get("completion_code") or () if str(code).isdigit()]
    failed = bool(codes) and codes[-1] >= 400
    message = Message(
        function_name=cut(command.upper(), 16),
        action=FTP.get(command.upper(), Action.OTHER),
        object=None if command.upper() in ("PASS", "ACCT") else cut(said.get("command_data")),
        ok=not failed if codes else None,
        exception=codes[-1] if failed else None,
    )
    return [row_of(head(record, log), Protocol.FTP, Kind.TRANSACTION if codes else Kind.REQUEST, message)]


def _http(record: Record, log: str) -> list[NetworkRow]:
    """A request with its status; what stands behind a question mark isn't kept."""
    said = record["http"]
    method, status = said.get("http_method"), said.get("status")
    path = (said.get("url") or "").partition("?")[0]
    known = None if status is None else number(status)
    message = Message(
        function_name=cut(method, 16),
        action=HTTP.get(method, Action.OTHER),
        object=cut((said.get("hostname") or "") + path),
        ok=None if known is None else known < 400,
        exception=known if known is not None and known >= 400 else None,
    )
    return [row_of(head(record, log), Protocol.HTTP, Kind.REQUEST if known is None else Kind.TRANSACTION, message)]


def _tftp(record: Record, log: str) -> list[NetworkRow]:
    said = record["tftp"]
    code = {"read": 1, "write": 2}.get(said["packet"])
    if code is None:
        raise Refused("tftp: no request", dropped=True)
    name, action = TFTP[code]
    message = Message(function=code, function_name=name, action=action, object=cut(said.get("file")))
    return [row_of(head(record, log), Protocol.TFTP, Kind.MESSAGE, message)]


def _dns(record: Record, log: str) -> list[NetworkRow]:
    """A question; answers are told of what was asked, and are the server's."""
    said: dict[str, Any] = record["dns"]
    if said["type"] not in ("query", "request"):
        raise Refused("dns: answer", dropped=True)
    asked = (said.get("queries") or [said])[0]
    kind = asked.get("rrtype")
    message = Message(
        function_name=f"query {kind}" if kind else "query", action=Action.OTHER, object=cut(asked.get("rrname"))
    )
    return [row_of(head(record, log), Protocol.DNS, Kind.MESSAGE, message)]


SESSIONS: Final[dict[str, Callable[[Record, str], list[NetworkRow]]]] = {
    "tls": _tls,
    "ssh": _ssh,
    "rdp": _rdp,
    "rfb": _vnc,
    "smb": _smb,
    "ftp": _ftp,
    "http": _http,
    "tftp": _tftp,
    "dns": _dns,
}
"""By `event_type`."""
