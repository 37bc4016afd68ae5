"""DNP3 of EVE: a line a fragment; requests and responses are tied as in captures."""

from collections.abc import Iterator
from typing import Any, Final

from infrastress.connectors.eve.ends import head, number
from infrastress.connectors.nids.pairing import Pairs
from infrastress.connectors.nids.reading import Record
from infrastress.connectors.nids.rows import row_of
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.dnp3_objects import FUNCTIONS, STATUS
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind, Protocol

__all__ = ["dnp3_rows"]

_REFUSED: Final = {
    "no_func_code_support": (1, "function code not supported"),
    "object_unknown": (2, "object unknown"),
    "parameter_error": (4, "parameter error"),
}
_UNANSWERED: Final = (0, 6, 8, 10, 12)
_ECHOED: Final = (Action.SELECT, Action.OPERATE)


def dnp3_rows(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """Rows of a fragment, one an object."""
    top, said = head(record, log), record["dnp3"]
    asks = said["type"] == "request"
    master, outstation = (said["src"], said["dst"]) if asks else (said["dst"], said["src"])
    application = said["application"]
    function, sequence = number(application["function_code"]), number(application["control"]["sequence"])
    name, action = FUNCTIONS.get(function, (f"function {function}", Action.OTHER))
    common: dict[str, Any] = {
        "function": function,
        "function_name": name,
        "unit": outstation,
        "client_unit": master,
        "transaction": sequence,
        "action": action,
    }
    objects = application.get("objects") or ()
    messages = [Message(**common, **fields) for one in objects for fields in _fields(one, function != 1)]
    messages = messages or [Message(**common)]
    key = f"{record.get('flow_id')} {master} {outstation} {sequence}"
    if asks:
        return _asked(top, messages, function, key, pairs)
    if said["type"] == "unsolicited_response":
        return [_report(top, message) for message in messages]
    return _answered(top, messages, said, key, pairs)


def _asked(top: dict[str, Any], messages: list[Message], function: int, key: str, pairs: Pairs) -> list[NetworkRow]:
    rows: list[NetworkRow] = []
    for i, message in enumerate(messages):
        if function == 2 and (message.object or "").startswith("g50v"):
            message.action = Action.CLOCK
        if function in _UNANSWERED:
            rows.append(row_of(top, Protocol.DNP3, Kind.MESSAGE, message))
        else:
            rows += pairs.ask(f"{key} {i}", row_of(top, Protocol.DNP3, Kind.REQUEST, message))
    return rows


def _answered(top: dict[str, Any], messages: list[Message], said: Record, key: str, pairs: Pairs) -> list[NetworkRow]:
    """Every object asked for is answered by the indications; objects that carry data are reports of their own."""
    told = (said.get("iin") or {}).get("indicators") or ()
    refusal = next((_REFUSED[word] for word in told if word in _REFUSED), None)
    echoes = {(one.object, one.address): one for one in messages}
    rows, i = [], 0
    while (request := pairs.waiting.get(f"{key} {i}")) is not None:
        echo = echoes.get((request.object, request.address)) if request.action in _ECHOED else None
        reply = Message(ok=refusal is None)
        if refusal is not None:
            reply.exception, reply.error = refusal
        if echo is not None:
            messages.remove(echo)
            if echo.ok is False:
                reply.ok, reply.exception, reply.error = False, echo.exception, echo.error
        rows.append(pairs.answer(f"{key} {i}", row_of(top, Protocol.DNP3, Kind.RESPONSE, reply)))
        i += 1
    for message in messages:
        if message.object is not None:
            rows.append(_report(top, message))
        elif i == 0:
            message.action, message.ok = Action.REPORT, refusal is None
            if refusal is not None:
                message.exception, message.error = refusal
            rows.append(row_of(top, Protocol.DNP3, Kind.RESPONSE, message, from_client=True))
    return rows


def _report(top: dict[str, Any], message: Message) -> NetworkRow:
    message.action = Action.REPORT
    return row_of(top, Protocol.DNP3, Kind.MESSAGE, message, from_client=False)


def _fields(one: Record, with_data: bool) -> Iterator[dict[str, Any]]:
    """Fields of an object's rows: one for each run of consecutive indices."""
    group, variation, ranged = number(one["group"]), number(one["variation"]), number(one["range_code"])
    spoken: dict[str, Any] = {"object": f"g{group}v{variation}", "address": None, "quantity": None}
    if ranged in (0, 1, 2):
        spoken |= {"address": one["start"], "quantity": number(one["stop"]) - number(one["start"]) + 1}
    elif ranged != 6:
        spoken["quantity"] = one["count"]
    points = one.get("points") or () if with_data else ()
    if (group, variation) in STATUS and points:
        status = points[-1].get("status_code") or 0
        text = STATUS[group, variation].get(status, f"status {status}") if status else None
        spoken |= {"ok": status == 0, "exception": status or None, "error": text}
    if not points:
        yield spoken
        return
    values = [value for value in map(_value, points) if value is not None]
    if number(one["prefix_code"]) not in (1, 2, 3):
        yield spoken | {"values": values or None}
        return
    begin, indices = 0, [number(point["index"]) for point in points]
    for i in range(1, len(indices) + 1):
        if i == len(indices) or indices[i] != indices[i - 1] + 1:
            part = values[begin:i] or None
            yield spoken | {"address": indices[begin], "quantity": i - begin, "values": part}
            begin = i


def _value(point: Record) -> float | None:
    """A point's number; of a control block the control code, as it stands on the wire."""
    if "op_type" in point:
        return float(point["op_type"] | point["qu"] << 4 | point["cr"] << 5 | point["tcc"] << 6)
    found = next((point[name] for name in ("state", "value", "count") if name in point), None)
    return float(found) if isinstance(found, int | float) else None
