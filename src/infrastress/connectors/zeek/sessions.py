"""What Zeek tells of connections, sessions and files: conn, ssl, x509, ssh, rdp, rfb, smb, ftp, http, dns, weird."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from infrastress.connectors.nids.reading import Record
from infrastress.connectors.nids.rows import row_of
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.it_codes import FTP, HTTP, cut, identity_text
from infrastress.connectors.zeek.ends import head, moment, plain, service
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind, Protocol, Sender, Transport

__all__ = ["SESSIONS", "row", "x509_of"]

_REFUSED: Final = {"REJ": "refused", "S0": "no answer", "SH": "no answer", "RSTOS0": "no answer"}
"""States of a connection in which its server took no part."""
_SMB: Final = {
    "SMB::FILE_OPEN": ("create", Action.OTHER), "SMB::FILE_READ": ("read", Action.FILE_READ),
    "SMB::FILE_WRITE": ("write", Action.FILE_WRITE), "SMB::FILE_CLOSE": ("close", Action.OTHER),
    "SMB::FILE_DELETE": ("delete", Action.DELETE), "SMB::FILE_RENAME": ("rename", Action.OTHER),
    "SMB::FILE_SET_ATTRIBUTE": ("set info", Action.OTHER),
}  # fmt: skip


def row(
    record: Record, log: str, protocol: Protocol, kind: Kind, message: Message, *, from_client: bool = True
) -> NetworkRow:
    """A row of one line."""
    return row_of(head(record, log), protocol, kind, message, from_client=from_client)


def _conn(record: Record, log: str) -> list[NetworkRow]:
    """A connection that ended, with its payload."""
    top = head(record, log)
    error = _REFUSED.get(record.get("conn_state", "")) if record["proto"] == "tcp" else None
    sizes = [record.get(name) for name in ("orig_bytes", "resp_bytes")]
    return [
        NetworkRow(
            kind=Kind.CONNECTION,
            protocol=Protocol.ICMP if record["proto"] == "icmp" else service(record.get("service")),
            sender=Sender.CLIENT,
            response_ns=round((record.get("duration") or 0) * 1_000_000) * 1000,
            ok=None if record["proto"] == "udp" and not record.get("resp_pkts") else error is None,
            error=error,
            quantity=(record.get("orig_pkts") or 0) + (record.get("resp_pkts") or 0),
            bytes=sum(size for size in sizes if size is not None) if any(size is not None for size in sizes) else None,
            client_mac=record.get("orig_l2_addr"),
            server_mac=record.get("resp_l2_addr"),
            **(top | {"client_port": None, "server_port": None} if top["transport"] == Transport.IP else top),
        )
    ]


def _version(name: str | None) -> str | None:
    """TLS 1.2 of TLSv12."""
    digits = (name or "").removeprefix("TLSv").removeprefix("DTLSv")
    return f"TLS {digits[0]}.{digits[1:] or '0'}" if digits.isdigit() else name


def _ssl(record: Record, log: str) -> list[NetworkRow]:
    """A handshake, and the certificate where it was in clear (up to TLS 1.2)."""
    hello = Message(
        function=1,
        function_name="client hello",
        action=Action.SESSION,
        object=cut(record.get("server_name")),
        ok=record.get("established"),
        identity=identity_text(
            version=_version(record.get("version")), alpn=record.get("next_protocol"), ja4=record.get("ja4")
        ),
    )
    rows = [row(record, log, Protocol.TLS, Kind.TRANSACTION, hello)]
    subject, issuer, status = (record.get(name) for name in ("subject", "issuer", "validation_status"))
    if subject or issuer or record.get("cert_chain_fps"):
        own = "yes" if status in ("self signed certificate", "self-signed certificate") or subject == issuer else None
        own = own if subject or status else None
        text = identity_text(subject=subject, issuer=issuer, self_signed=own, validation=status)
        shown = Message(function=11, function_name="certificate", action=Action.SESSION, identity=text)
        rows.append(row(record, log, Protocol.TLS, Kind.MESSAGE, shown, from_client=False))
    return rows


def x509_of(record: Record) -> tuple[str, str]:
    """A certificate's fingerprint, and what it says."""
    subject, issuer = record.get("certificate.subject"), record.get("certificate.issuer")
    dates = [_day(record, f"certificate.not_valid_{end}") for end in ("before", "after")]
    own = "yes" if subject and subject == issuer else None
    text = identity_text(subject=subject, issuer=issuer, not_before=dates[0], not_after=dates[1], self_signed=own)
    fingerprint = record.get("fingerprint") or record["id"]
    if not isinstance(fingerprint, str):
        raise TypeError("no fingerprint")
    return fingerprint, text or ""


def _day(record: Record, name: str) -> str | None:
    if record.get(name) is None:
        return None
    return datetime.fromtimestamp(moment(record, name) // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ssh(record: Record, log: str) -> list[NetworkRow]:
    rows = []
    for side, name in (("client", "hassh"), ("server", "hassh_server")):
        if record.get(side):
            print_ = record.get("hassh" if side == "client" else "hasshServer")
            text = identity_text(banner=record[side], **{name: print_})
            message = Message(function_name="banner", action=Action.SESSION, identity=text)
            rows.append(row(record, log, Protocol.SSH, Kind.MESSAGE, message, from_client=side == "client"))
    return rows


def _rdp(record: Record, log: str) -> list[NetworkRow]:
    text = identity_text(
        cookie=record.get("cookie"), client=record.get("client_name"), protocol=record.get("security_protocol")
    )
    message = Message(function_name="connection request", action=Action.SESSION, identity=text)
    return [row(record, log, Protocol.RDP, Kind.MESSAGE, message)]


def _rfb(record: Record, log: str) -> list[NetworkRow]:
    major, minor = record.get("server_major_version"), record.get("server_minor_version")
    text = identity_text(banner=f"RFB {major}.{minor}" if major else None, desktop=record.get("desktop_name"))
    message = Message(function_name="banner", action=Action.SESSION, identity=text)
    return [row(record, log, Protocol.VNC, Kind.MESSAGE, message, from_client=False)]


def _smb_files(record: Record, log: str) -> list[NetworkRow]:
    what = record["action"]
    name, action = _SMB.get(what, (plain(what.removeprefix("SMB::")), Action.OTHER))
    path = "\\".join(part for part in (record.get("path"), record.get("name")) if part)
    message = Message(function_name=name, action=action, object=cut(path), quantity=record.get("size"))
    return [row(record, log, Protocol.SMB, Kind.MESSAGE, message)]


def _smb_mapping(record: Record, log: str) -> list[NetworkRow]:
    message = Message(function_name="tree connect", action=Action.SESSION, object=cut(record.get("path")))
    return [row(record, log, Protocol.SMB, Kind.MESSAGE, message)]


def _ftp(record: Record, log: str) -> list[NetworkRow]:
    """A command with its reply; passwords aren't kept, nor is what stands before a file's path."""
    command, code = record["command"].upper(), record.get("reply_code")
    target = None if command in ("PASS", "ACCT") else (record.get("arg") or "").partition("://")[2] or record.get("arg")
    message = Message(
        function_name=cut(command, 16),
        action=FTP.get(command, Action.OTHER),
        object=cut(target),
        ok=None if code is None else code < 400,
        exception=code if code is not None and code >= 400 else None,
    )
    return [row(record, log, Protocol.FTP, Kind.REQUEST if code is None else Kind.TRANSACTION, message)]


def _http(record: Record, log: str) -> list[NetworkRow]:
    """A request with its status; what stands behind a question mark isn't kept."""
    method, code = record.get("method"), record.get("status_code")
    message = Message(
        function_name=cut(method, 16),
        action=HTTP.get(method or "", Action.OTHER),
        object=cut((record.get("host") or "") + (record.get("uri") or "").partition("?")[0]),
        ok=None if code is None else code < 400,
        exception=code if code is not None and code >= 400 else None,
    )
    return [row(record, log, Protocol.HTTP, Kind.REQUEST if code is None else Kind.TRANSACTION, message)]


def _dns(record: Record, log: str) -> list[NetworkRow]:
    kind = record.get("qtype_name")
    name = f"query {kind}" if kind else "query"
    message = Message(function_name=name, action=Action.OTHER, object=cut(record.get("query")))
    return [row(record, log, Protocol.DNS, Kind.MESSAGE, message)]


def _weird(record: Record, log: str) -> list[NetworkRow]:
    """What Zeek found odd, or a script of it noteworthy; where no connection is named, nothing of the network."""
    words: Any = record.get("name") or record["note"]
    told = record.get("addl") or record.get("msg")
    if "id.orig_h" not in record:
        record = {**record, "id.orig_h": record.get("src"), "id.resp_h": record.get("dst")}
    message = Message(function_name=cut(words), object=cut(told))
    return [row(record, log, Protocol.UNKNOWN, Kind.ALERT, message)]


SESSIONS: Final[dict[str, Callable[[Record, str], list[NetworkRow]]]] = {
    "conn": _conn,
    "ssl": _ssl,
    "ssh": _ssh,
    "rdp": _rdp,
    "rfb": _rfb,
    "smb_files": _smb_files,
    "smb_mapping": _smb_mapping,
    "ftp": _ftp,
    "http": _http,
    "dns": _dns,
    "weird": _weird,
    "notice": _weird,
}
"""By log."""
