"""Industrial protocols of Zeek: its own logs, and those of the ICSNPP packages, which tell objects and values too."""

from collections.abc import Callable
from typing import Any, Final

from infrastress.connectors.nids.pairing import Pairs
from infrastress.connectors.nids.reading import Record
from infrastress.connectors.pcap.protocols.bacnet_codes import CONFIRMED, UNCONFIRMED
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.cip_codes import CLASSES, service_of
from infrastress.connectors.pcap.protocols.dnp3_objects import FUNCTIONS as DNP3
from infrastress.connectors.pcap.protocols.it_codes import cut, identity_text
from infrastress.connectors.pcap.protocols.modbus_codes import EXCEPTIONS, FUNCTIONS, TABLES
from infrastress.connectors.pcap.protocols.s7comm_codes import FUNCTIONS as S7
from infrastress.connectors.pcap.protocols.s7comm_codes import SERVICES, USERDATA
from infrastress.connectors.records import Refused
from infrastress.connectors.zeek.ends import plain
from infrastress.connectors.zeek.sessions import row
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind, Protocol

__all__ = ["INDUSTRIAL"]

_MODBUS: Final = {
    "READ_COILS": 1, "READ_DISCRETE_INPUTS": 2, "READ_HOLDING_REGISTERS": 3, "READ_INPUT_REGISTERS": 4,
    "WRITE_SINGLE_COIL": 5, "WRITE_SINGLE_REGISTER": 6, "READ_EXCEPTION_STATUS": 7, "DIAGNOSTICS": 8,
    "GET_COMM_EVENT_COUNTER": 11, "GET_COMM_EVENT_LOG": 12, "WRITE_MULTIPLE_COILS": 15, "WRITE_MULTIPLE_REGISTERS": 16,
    "REPORT_SLAVE_ID": 17, "READ_FILE_RECORD": 20, "WRITE_FILE_RECORD": 21, "MASK_WRITE_REGISTER": 22,
    "READ_WRITE_MULTIPLE_REGISTERS": 23, "READ_FIFO_QUEUE": 24, "ENCAP_INTERFACE_TRANSPORT": 43,
}  # fmt: skip
_EXCEPTION: Final = {name.replace(" ", "_").upper(): code for code, name in EXCEPTIONS.items()}
_DNP3: Final = {name: (code, action) for code, (name, action) in DNP3.items()}
_REFUSALS: Final = ((1, "function code not supported"), (2, "object unknown"), (4, "parameter error"))
_BACNET: Final = {
    plain(name): (code, name, action) for kind in (CONFIRMED, UNCONFIRMED) for code, (name, action) in kind.items()
}
_PRESENT: Final = "present-value"
_ANSWERS: Final = ("SIMPLE_ACK", "COMPLEX_ACK", "ERROR", "REJECT", "ABORT", "SEGMENT_ACK")


def _modbus_message(record: Record) -> tuple[Message, bool]:
    """What a line says, and whether it is a refusal."""
    name = record["func"]
    bare = name.removesuffix("_EXCEPTION")
    code = _MODBUS.get(bare)
    if code is None:
        code = int(bare.rpartition("-")[2]) if bare.rpartition("-")[2].isdigit() else None
    known, action = FUNCTIONS.get(code or -1, (plain(bare), Action.OTHER))
    misc = record.get("error_code") or record.get("exception") or record.get("misc")
    error = misc if isinstance(misc, str) and misc in _EXCEPTION else None
    message = Message(
        function=code,
        function_name=known,
        action=action,
        object=TABLES.get(code or -1),
        address=record.get("address"),
        quantity=record.get("quantity"),
        unit=record.get("unit"),
        transaction=record.get("tid"),
    )
    if error:
        message.exception, message.error = _EXCEPTION[error], plain(error)
    return message, bool(error) or name != bare


def _modbus_detailed(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """A request with its response where the package tied them, else the half."""
    message, refused = _modbus_message(record)
    asked, told = record.get("request_values"), record.get("response_values")
    message.values = [float(value) for value in asked or told or ()] or None
    if record.get("matched"):
        message.ok = not refused
        return [row(record, log, Protocol.MODBUS, Kind.TRANSACTION, message)]
    return _half(record, log, message, refused, pairs)


def _modbus(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """Zeek's own log: a line a message, without addresses and values."""
    message, refused = _modbus_message(record)
    return _half(record, log, message, refused, pairs)


def _half(record: Record, log: str, message: Message, refused: bool, pairs: Pairs) -> list[NetworkRow]:
    """The second line of a transaction is its response: they come in this order."""
    key = f"{record['uid']} {message.transaction} {message.unit} {message.function}"
    kind = record.get("pdu_type")
    answers = kind == "RESP" if kind else key in pairs.waiting or refused
    if not answers:
        return pairs.ask(key, row(record, log, Protocol.MODBUS, Kind.REQUEST, message))
    message.ok = not refused
    return [pairs.answer(key, row(record, log, Protocol.MODBUS, Kind.RESPONSE, message))]


def _dnp3(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """A request and its reply; objects and addresses Zeek doesn't tell here."""
    del pairs
    asked, told, bits = record.get("fc_request"), record.get("fc_reply"), record.get("iin")
    name = plain(str(asked or told)).removesuffix(" nr") + (" no response" if (asked or "").endswith("_NR") else "")
    code, action = _DNP3.get(name, (None, Action.OTHER))
    message = Message(function=code, function_name=name, action=action)
    if told and bits is not None:
        error = next((text for bit, text in _REFUSALS if bits & bit), None)
        message.ok, message.error, message.exception = error is None, error, bits & 0xFF if error else None
    if not asked:
        alone = Kind.MESSAGE if "unsolicited" in name else Kind.RESPONSE
        return [row(record, log, Protocol.DNP3, alone, message, from_client=alone is Kind.RESPONSE)]
    silent = name == "confirm" or name.endswith("no response")
    kind = Kind.TRANSACTION if told else Kind.MESSAGE if silent else Kind.REQUEST
    return [row(record, log, Protocol.DNP3, kind, message)]


def _dnp3_control(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """A command to a point, said by the master; the outstation's echo ties to it."""
    name, number = plain(record["function_code"]), record.get("index_number")
    key = f"{record['uid']} {number}"
    status = record.get("status_code")
    if name == "response":
        fine = status is None or plain(status) == "success"
        reply = Message(ok=fine, error=None if fine else plain(str(status)), object="g12v1", address=number)
        return [pairs.answer(key, row(record, log, Protocol.DNP3, Kind.RESPONSE, reply))]
    code, action = _DNP3.get(name, (None, Action.OTHER))
    how = " ".join(plain(part) for part in (record.get("trip_control_code"), record.get("operation_type")) if part)
    message = Message(
        function=code,
        function_name=f"{name}: {how}" if how else name,
        action=action,
        object="g12v1",
        address=number,
        quantity=1,
    )
    return pairs.ask(key, row(record, log, Protocol.DNP3, Kind.REQUEST, message))


def _hex(value: Any) -> int | None:
    return None if value is None else int(value, 16) if isinstance(value, str) else int(value)


def _s7comm(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """A job, its answer, or user data."""
    code, sub = _hex(record.get("function_code")), _hex(record.get("subfunction_code"))
    name, action = S7.get(code if code is not None else -1, (plain(record.get("function_name") or "?"), Action.OTHER))
    kind, key = record["rosctr_code"], f"{record['uid']} {record.get('pdu_reference')}"
    if kind == 7 and code is not None:
        name, action = USERDATA.get(
            (code & 15, sub or 0), (plain(record.get("subfunction_name") or name), Action.OTHER)
        )
    elif code == 0x28:
        name, action = SERVICES.get(record.get("subfunction_name") or "", (name, action))
    failed = record.get("error_class") not in (None, "No error")
    message = Message(function=code, function_name=name, action=action, transaction=record.get("pdu_reference"))
    if kind == 1 or (kind == 7 and code is not None and code >> 4 == 4):
        return pairs.ask(key, row(record, log, Protocol.S7COMM, Kind.REQUEST, message))
    if kind in (2, 3) or (kind == 7 and code is not None and code >> 4 == 8):
        message.ok = not failed
        message.error = plain(record["error_class"]) if failed else None
        message.exception = _hex(record.get("error_code")) if failed else None
        return [pairs.answer(key, row(record, log, Protocol.S7COMM, Kind.RESPONSE, message))]
    return [row(record, log, Protocol.S7COMM, Kind.MESSAGE, message, from_client=bool(record.get("is_orig", True)))]


def _cip(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    service, number = (_hex(record["cip_service_code"]) or 0) & 0x7F, _hex(record.get("class_id"))
    name, action = service_of(service, number)
    key = f"{record['uid']} {record.get('cip_sequence_count')} {service}"
    message = Message(
        function=service,
        function_name=name,
        action=action,
        object=None if number is None else CLASSES.get(number, f"class {number:#04x}"),
        address=_hex(record.get("instance_id")),
    )
    if record["direction"] == "request":
        return pairs.ask(key, row(record, log, Protocol.CIP, Kind.REQUEST, message))
    status = _hex(record.get("cip_status_code"))
    message.ok = status in (None, 0, 6)
    message.exception = None if message.ok else status
    message.error = None if message.ok else plain(record.get("cip_status") or f"status {status}")
    return [pairs.answer(key, row(record, log, Protocol.CIP, Kind.RESPONSE, message))]


def _enip(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    code, name = _hex(record["enip_command_code"]), plain(record.get("enip_command") or "?")
    if code in (0x6F, 0x70):
        raise Refused("enip: cip tells it", dropped=True)
    action = Action.IDENTIFY if code in (0x04, 0x63) else Action.BROWSE if code in (1, 0x64) else Action.SESSION
    message = Message(function=code, function_name=name, action=action)
    key = f"{record['uid']} {code} {record.get('sender_context')}"
    if record["is_orig"]:
        return pairs.ask(key, row(record, log, Protocol.ENIP, Kind.REQUEST, message))
    status = _hex(record.get("enip_status")) if str(record.get("enip_status")).startswith("0x") else None
    message.ok = not status
    message.exception = status or None
    return [pairs.answer(key, row(record, log, Protocol.ENIP, Kind.RESPONSE, message))]


def _cip_identity(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    del pairs
    names = {"vendor": "vendor_name", "type": "device_type_name", "product": "product_name", "revision": "revision"}
    text = identity_text(
        **{name: record.get(field) for name, field in names.items()}, serial=record.get("serial_number")
    )
    message = Message(function=0x63, function_name="list identity", action=Action.IDENTIFY, identity=text, ok=True)
    return [row(record, log, Protocol.ENIP, Kind.MESSAGE, message, from_client=False)]


def _bacnet(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """One message; who asks is the client, whoever spoke first."""
    kind, name = record["pdu_type"], plain(record.get("pdu_service") or "?")
    code, known, action = _BACNET.get(name, (None, name, Action.OTHER))
    message = Message(function=code, function_name=known, action=action, transaction=record.get("invoke_id"))
    return _bacnet_row(
        record, log, pairs, message, answers=kind.startswith(_ANSWERS), alone="UNCONFIRMED" in kind or kind == "NPDU"
    )


def _bacnet_property(record: Record, log: str, pairs: Pairs) -> list[NetworkRow]:
    """A property that is read or written, with its value where that is a number."""
    name = plain(record["pdu_service"])
    answers = name.endswith("ack")
    code, known, action = _BACNET.get(name.removesuffix(" ack").removesuffix(" request"), (None, name, Action.OTHER))
    value = record.get("value")
    which = str(record.get("property") or "").replace("_", "-")
    message = Message(
        function=code,
        function_name=known if which == _PRESENT else f"{known}: {which}",
        action=action,
        object=cut(f"{record.get('object_type') or '?'} {record.get('instance_number')}".replace("_", "-")),
        address=85 if which == _PRESENT else None,
        values=_number(value),
        transaction=record.get("invoke_id"),
    )
    return _bacnet_row(record, log, pairs, message, answers=answers, alone=False)


def _number(value: Any) -> list[float] | None:
    try:
        return [float(value)]
    except (TypeError, ValueError):
        return None


def _bacnet_row(
    record: Record, log: str, pairs: Pairs, message: Message, *, answers: bool, alone: bool
) -> list[NetworkRow]:
    first, last = ("resp", "orig") if record.get("is_orig", True) is answers else ("orig", "resp")
    ends = {f"id.orig_{x}": record.get(f"id.{first}_{x}") for x in "hp"}
    turned = {**record, **ends, **{f"id.resp_{x}": record.get(f"id.{last}_{x}") for x in "hp"}}
    key = f"{turned['id.orig_h']} {turned['id.resp_h']} {message.transaction}"
    if alone:
        return [row(turned, log, Protocol.BACNET, Kind.MESSAGE, message)]
    if not answers:
        return pairs.ask(key, row(turned, log, Protocol.BACNET, Kind.REQUEST, message))
    error = record.get("result_code")
    message.ok = not str(record.get("pdu_type") or "").startswith(("ERROR", "REJECT", "ABORT"))
    message.error = plain(error) if error and not message.ok else None
    return [pairs.answer(key, row(turned, log, Protocol.BACNET, Kind.RESPONSE, message))]


INDUSTRIAL: Final[dict[str, Callable[[Record, str, Pairs], list[NetworkRow]]]] = {
    "modbus": _modbus,
    "modbus_detailed": _modbus_detailed,
    "dnp3": _dnp3,
    "dnp3_control": _dnp3_control,
    "s7comm": _s7comm,
    "cip": _cip,
    "enip": _enip,
    "cip_identity": _cip_identity,
    "bacnet": _bacnet,
    "bacnet_property": _bacnet_property,
}
"""By log."""
