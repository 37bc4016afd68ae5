"""Modbus of EVE: each line's fields are put together again as the PDUs they were, and read as in a capture."""

import re
import struct
from typing import Any, Final

from infrastress.connectors.eve.ends import Rows, head, number
from infrastress.connectors.nids.reading import Record
from infrastress.connectors.nids.rows import row_of
from infrastress.connectors.pcap.protocols.base import MalformedError, Message
from infrastress.connectors.pcap.protocols.modbus import ModbusDissector
from infrastress.connectors.pcap.protocols.modbus_codes import EXCEPTIONS, FUNCTIONS, TABLES
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind, Protocol

__all__ = ["modbus_rows", "octets"]

_ESCAPED: Final = re.compile(rb"\\x([0-9a-f]{2})")
_BROKEN: Final = (MalformedError, IndexError, ValueError, struct.error)


def modbus_rows(record: Record, log: str) -> list[NetworkRow]:
    """A transaction, or the half of one that Suricata saw. EVE has one time and one packet for both halves."""
    said, top = record["modbus"], head(record, log)
    request, response = said.get("request"), said.get("response")
    rows = Rows(top, Protocol.MODBUS)
    dissector = ModbusDissector(rows)
    try:
        if request is not None:
            dissector.read(_request(request), True)
        if response is not None:
            dissector.read(_response(response), False)
        dissector.finish()
    except _BROKEN:  # its fields don't make the PDU: what the line says, and no more
        return [_bare(top, request, response)]
    return [row._replace(response_ns=None) for row in rows.rows]


def octets(text: str, length: int | None = None) -> bytes:
    r"""Bytes that EVE shows as text: as they are where they are UTF-8, else with those above 127 as \xNN.

    Raises:
        ValueError: they aren't as many as they should be.
    """
    plain = text.encode()
    escaped = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), plain)
    if length is None:
        return escaped
    for data in (escaped, plain):
        if len(data) == length:
            return data
    raise ValueError("data of another length than its fields say")


def _frame(side: Record, body: bytes) -> bytes:
    function = number(side["function_raw"])
    return struct.pack(">HHHBB", side["transaction_id"], 0, len(body) + 2, side["unit_id"], function) + body


def _words(*values: Any) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def _written(write: Record, bits: bool) -> bytes:
    """Address, quantity and values of a multiple write."""
    quantity = number(write["quantity"])
    data = octets(write["data"], (quantity + 7) // 8 if bits else 2 * quantity)
    return _words(write["address"], quantity) + bytes([len(data)]) + data


def _request(side: Record) -> bytes:
    function = side["function_raw"] & 0x7F
    read, write = side.get("read"), side.get("write")
    if function == 23 and read and write:
        body = _words(read["address"], read["quantity"]) + _written(write, False)
    elif read:
        body = _words(read["address"], read["quantity"])
    elif write and function in (15, 16):
        body = _written(write, function == 15)
    elif write:
        body = _short(write)
    else:
        body = _rest(side)
    return _frame(side, body)


def _response(side: Record) -> bytes:
    if "exception" in side:
        return _frame({**side, "function_raw": side["function_raw"] | 0x80}, bytes([side["exception"]["raw"]]))
    read, write = side.get("read"), side.get("write")
    if read:
        data = octets(read["data"])
        body = bytes([len(data)]) + data
    else:
        body = _short(write) if write else _rest(side)
    return _frame(side, body)


def _short(write: Record) -> bytes:
    if "and_mask" in write:
        return _words(write["address"], write["and_mask"], write["or_mask"])
    return _words(write["address"], write["data"])


def _rest(side: Record) -> bytes:
    """Diagnostics, device identification, and what Suricata leaves as it is."""
    if found := side.get("diagnostic"):
        return _words(found["raw"]) + octets(found["data"])
    if found := side.get("mei"):
        return bytes([found["raw"]]) + octets(found["data"])
    return octets(side.get("data") or "")


def _bare(top: dict[str, Any], request: Record | None, response: Record | None) -> NetworkRow:
    """The line's plain fields: of values it can't be said what they were."""
    side = request or response or {}
    function = number(side["function_raw"]) & 0x7F
    name, action = FUNCTIONS.get(function, (f"function {function}", Action.OTHER))
    place = side.get("write") or side.get("read") or {}
    kind = Kind.TRANSACTION if request and response else Kind.REQUEST if request else Kind.RESPONSE
    code = ((response or {}).get("exception") or {}).get("raw")
    message = Message(
        function=function,
        function_name=name,
        action=action,
        object=TABLES.get(function),
        address=place.get("address"),
        quantity=place.get("quantity"),
        unit=side.get("unit_id"),
        transaction=side.get("transaction_id"),
        ok=None if response is None else code is None,
        exception=code,
        error=None if code is None else EXCEPTIONS.get(code, f"exception {code}"),
    )
    return row_of(top, Protocol.MODBUS, kind, message, from_client=request is not None)
