"""EtherNet/IP and CIP of EVE, which Suricata tells from version 8 on: request and response in one line, by names."""

from typing import Final

from infrastress.connectors.eve.ends import head
from infrastress.connectors.nids.reading import Record
from infrastress.connectors.nids.rows import row_of
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.cip_codes import SERVICES
from infrastress.connectors.pcap.protocols.it_codes import identity_text
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind, Protocol

__all__ = ["enip_rows"]

_COMMANDS: Final = {
    "register session": Action.SESSION, "unregister session": Action.SESSION, "nop": Action.SESSION,
    "list services": Action.IDENTIFY, "list identity": Action.IDENTIFY, "list interfaces": Action.BROWSE,
}  # fmt: skip
_NAMES: Final = dict(SERVICES.values()) | {
    "get attribute all": Action.READ, "set attribute all": Action.WRITE, "get attribute": Action.READ,
    "set attribute": Action.WRITE, "get attributes": Action.READ, "set attributes": Action.WRITE,
    "read tag": Action.READ, "write tag": Action.WRITE, "read tag fragmented": Action.READ,
    "write tag fragmented": Action.WRITE, "forward open": Action.SESSION, "forward close": Action.SESSION,
}  # fmt: skip


def enip_rows(record: Record, log: str) -> list[NetworkRow]:
    """A row of what an encapsulated message asks: of CIP each service, else the command."""
    said, top = record["enip"], head(record, log)
    request, response = said.get("request"), said.get("response")
    side = request or response
    if side is None:
        raise KeyError("request")
    kind = Kind.TRANSACTION if request and response else Kind.REQUEST if request else Kind.RESPONSE
    asked, told = (request or {}).get("cip"), (response or {}).get("cip")
    if asked or told:
        asks, tells = _each(asked), _each(told)
        return [
            row_of(top, Protocol.CIP, kind, _cip(ask, tells[i] if i < len(tells) else None))
            for i, ask in enumerate(asks or tells)
        ]
    name = _plain(side["command"])
    status = (response or {}).get("status")
    refused = status is not None and _plain(status) != "success"
    identity = (response or {}).get("identity") or {}
    message = Message(
        function_name=name,
        action=_COMMANDS.get(name, Action.OTHER),
        ok=None if status is None else not refused,
        error=_plain(status) if refused and status is not None else None,
        identity=identity_text(
            vendor=identity.get("vendor_id"),
            product=identity.get("product_name"),
            revision=identity.get("revision"),
            serial=identity.get("serial"),
        ),
    )
    return [row_of(top, Protocol.ENIP, kind, message)]


def _each(cip: Record | None) -> list[Record]:
    """The services of a message: one, or those of a packet of several."""
    if not cip:
        return []
    return [service for part in cip["multiple"] for service in _each(part)] if cip.get("multiple") else [cip]


def _cip(ask: Record, tell: Record | None) -> Message:
    name = _plain(ask["service"]).removesuffix(" service")
    class_name = ask.get("class_name")
    path = [part.get("value") for part in ask.get("path") or () if "instance" in str(part.get("segment_type"))]
    action = _NAMES.get(name, Action.OTHER)
    if class_name == "Identity" and action is Action.READ:
        action = Action.IDENTIFY
    status = (tell or ask).get("status")
    refused = status is not None and _plain(status) != "success"
    return Message(
        function_name=name,
        action=action,
        object=_plain(class_name) if class_name else None,
        address=path[0] if path and type(path[0]) is int else None,
        ok=None if status is None else not refused,
        error=_plain(status) if refused and status is not None else None,
    )


def _plain(name: str) -> str:
    """Suricata's names as they stand in rows: words in small letters."""
    spaced = "".join(f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name))
    return spaced.replace("_", " ").lower().strip()
