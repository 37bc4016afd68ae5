"""Lines in which anything may stand: nothing raises, every line is counted, what is taken fits the record."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from infrastress.connectors.eve.reading import EveReading
from infrastress.connectors.nids.reading import Reading, Said
from infrastress.connectors.zeek.reading import ZeekReading
from infrastress.events.network import NetworkRecords
from tests.connectors.zeek.lines import line, modbus_write

EVE = [
    json.loads(one) for one in (Path(__file__).parents[1] / "eve" / "suricata-7.0.10.jsonl").read_text().splitlines()
]
ENDS = {"is_orig": True, "pdu_type": "CONFIRMED_REQUEST", "direction": "request", "rosctr_code": 1}
ZEEK = [
    modbus_write(10**18, 1) | {"_path": "modbus_detailed"},
    *(
        line(**ENDS, _path=path, **fields)
        for path, fields in {
            "conn": {"proto": "tcp", "conn_state": "SF", "duration": 1.5, "orig_pkts": 1},
            "modbus": {"func": "READ_COILS", "tid": 1, "unit": 1},
            "dnp3": {"fc_request": "READ", "fc_reply": "RESPONSE", "iin": 1},
            "dnp3_control": {"function_code": "OPERATE", "index_number": 1, "operation_type": "Trip"},
            "s7comm": {"pdu_reference": 1, "function_code": "0x29"},
            "cip": {"cip_service_code": "0x05", "class_id": "0x01", "cip_sequence_count": 1},
            "enip": {"enip_command_code": "0x0063", "enip_command": "x", "sender_context": "0x0"},
            "cip_identity": {"vendor_name": "a"},
            "bacnet": {"pdu_service": "read_property", "invoke_id": 1},
            "bacnet_property": {"pdu_service": "write_property", "property": "present_value", "value": "1"},
            "ssl": {"version": "TLSv12", "subject": "CN=a", "cert_chain_fps": ["f"]},
            "x509": {"fingerprint": "f", "certificate.subject": "CN=a", "certificate.not_valid_after": 1.0},
            "ssh": {"client": "SSH-2.0-a"},
            "smb_files": {"action": "SMB::FILE_WRITE", "path": "a", "size": 1},
            "ftp": {"command": "STOR", "arg": "a", "reply_code": 226},
            "http": {"method": "PUT", "host": "a", "uri": "/b", "status_code": 200},
            "weird": {"name": "a"},
            "capture_loss": {"gaps": 1},
        }.items()
    ),
]
JUNK: list[Any] = [
    None, True, -1, 0, 1 << 40, 1 << 70, 1.5, 1e300, "", "x" * 300, "0x", "é\x00", [], [None], {}, {"raw": "a"}, [{}],
]  # fmt: skip


def spoiled(value: Any, chance: random.Random) -> Any:
    """The same with one leaf or branch replaced, or left out."""
    if chance.random() < 0.2 or not isinstance(value, dict | list) or not value:
        return chance.choice(JUNK)
    if isinstance(value, list):
        at = chance.randrange(len(value))
        return [*value[:at], spoiled(value[at], chance), *value[at + 1 :]]
    key = chance.choice(sorted(value))
    if chance.random() < 0.15:
        return {name: one for name, one in value.items() if name != key}
    return {**value, key: spoiled(value[key], chance)}


@pytest.mark.parametrize(("reading", "lines"), [(EveReading, EVE), (ZeekReading, ZEEK)])
def test_anything_may_stand_in_a_line(reading: type[Reading], lines: list[dict[str, Any]]) -> None:
    chance, made = random.Random(4), reading()
    for turn in range(60):
        said = Said()
        texts = [json.dumps(spoiled(one, chance) if chance.random() < 0.8 else one).encode() for one in lines]
        made.read([*texts, b"\xff\xfe", b'{"a": "\\ud800"}', b"[" * 2000], "conn", "log", 1, said)
        if turn % 7 == 0:
            copy = reading()
            copy.load(made.dump())
            assert copy.dump() == made.dump()
            made = copy
        if turn == 59:
            made.finish(said)
        assert said.balance.balances
        assert said.balance.read == len(lines) + 3
        assert len(NetworkRecords.from_rows("plant", "ids", 0, said.rows)) == len(said.rows)


@pytest.mark.parametrize(("reading", "lines"), [(EveReading, EVE), (ZeekReading, ZEEK)])
def test_good_lines_are_taken(reading: type[Reading], lines: list[dict[str, Any]]) -> None:
    said = Said()
    reading().read([json.dumps(one).encode() for one in lines], "conn", "log", 1, said)
    assert not said.balance.quarantined
