"""Recorded logs of Zeek: the connector contract, and what each kind of line becomes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infrastress.connectors.base import Connector
from infrastress.connectors.nids.recorded import LogOptions
from infrastress.connectors.recordings import open_recording
from infrastress.connectors.zeek import ZeekLogConnector
from infrastress.events.network import NetworkRow
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.contract import ConnectorContract, read_all, total
from tests.connectors.zeek.lines import line, modbus_write


def connector(path: Path, **options: int) -> ZeekLogConnector:
    return ZeekLogConnector(small_site(), Source(id="ot", kind="network"), LogOptions(path=path, **options))


def rows_of(read: Connector) -> list[NetworkRow]:
    return [row for delivery in read_all(read) for records in delivery.network for row in records.rows()]


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path


def rows(folder: Path, log: str, *lines: dict[str, Any]) -> list[NetworkRow]:
    return rows_of(connector(write(folder / f"{log}.log", *lines)))


class TestContract(ConnectorContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        asked = [line(1_700_000_000 + i, func="READ_COILS", tid=i, unit=1, pdu_type="REQ") for i in range(9)]
        told = [line(1_700_000_002 + i, func="READ_COILS", tid=i, unit=1, pdu_type="RESP") for i in range(8)]
        self.path = write(tmp_path / "modbus.log", *asked, {"ts": "yesterday"}, *told, {"ts": 1})

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, batch_rows=2)

    def test_requests_wait_across_deliveries(self) -> None:
        assert [row.kind for row in rows_of(self.make()())] == ["transaction"] * 8 + ["request"]
        assert rows_of(self.make()()) == rows_of(connector(self.path))


def test_connections(tmp_path: Path) -> None:
    sizes = {"orig_bytes": 10, "resp_bytes": 20, "orig_pkts": 3, "resp_pkts": 2, "duration": 0.25}
    found = rows(
        tmp_path,
        "conn",
        line(proto="tcp", conn_state="SF", service="modbus", **sizes, orig_l2_addr="02:00:00:00:00:01"),
        line(proto="tcp", conn_state="REJ"),
        line(proto="tcp", conn_state="S0", vlan=7, inner_vlan=9),
        line(proto="udp", conn_state="S0", service="bacnet"),
        line(proto="icmp", conn_state="OTH", **{"id.orig_p": 8, "id.resp_p": 0}),
    )
    assert [(row.protocol, row.transport, row.ok, row.error) for row in found] == [
        ("modbus", "tcp", True, None), ("unknown", "tcp", False, "refused"), ("unknown", "tcp", False, "no answer"),
        ("bacnet", "udp", None, None), ("icmp", "ip", True, None),
    ]  # fmt: skip
    first = found[0]
    assert (first.time, first.response_ns, first.quantity, first.bytes) == (
        1_700_000_000_500_000_000,
        250_000_000,
        5,
        30,
    )
    assert (first.client_mac, found[2].vlan, found[2].outer_vlan, found[4].client_port) == (
        "02:00:00:00:00:01", 9, 7, None,
    )  # fmt: skip


def test_modbus_as_the_icsnpp_package_tells_it(tmp_path: Path) -> None:
    read = {"func": "READ_HOLDING_REGISTERS", "tid": 6, "unit": 5, "address": 1, "quantity": 2, "matched": True}
    refused = {"func": "READ_HOLDING_REGISTERS", "tid": 1, "unit": 0, "address": 600, "quantity": 10, "matched": True}
    found = rows(
        tmp_path,
        "modbus_detailed",
        line(**read, response_values=[170, 61316]),
        line(**refused, error_code="ILLEGAL_DATA_ADDRESS"),
        line(func="REPORT_SLAVE_ID", tid=15, unit=2),
        line(1_700_000_001, func="REPORT_SLAVE_ID", tid=15, unit=2),
    )
    assert [(row.kind, row.function, row.function_name, row.action, row.ok) for row in found] == [
        ("transaction", 3, "read holding registers", "read", True),
        ("transaction", 3, "read holding registers", "read", False),
        ("transaction", 17, "report server id", "identify", True),
    ]
    assert (found[0].object, found[0].address, found[0].quantity, found[0].values) == (
        "holding-register", 1, 2, [170.0, 61316.0],
    )  # fmt: skip
    assert (found[1].exception, found[1].error) == (2, "illegal data address")
    assert found[2].response_ns == 500_000_000


def test_modbus_as_zeek_alone_tells_it(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        "modbus",
        line(func="WRITE_SINGLE_COIL", tid=1, unit=1, pdu_type="REQ"),
        line(func="WRITE_SINGLE_COIL_EXCEPTION", tid=1, unit=1, pdu_type="RESP", exception="ILLEGAL_FUNCTION"),
        line(func="unknown-90", tid=2, unit=1, pdu_type="REQ"),
    )
    assert [(row.kind, row.function, row.action, row.ok, row.error) for row in found] == [
        ("transaction", 5, "write", False, "illegal function"), ("request", 90, "other", None, None),
    ]  # fmt: skip


def test_dnp3(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        "dnp3",
        line(fc_request="COLD_RESTART", fc_reply="RESPONSE", iin=0),
        line(fc_request="DIRECT_OPERATE_NR"),
        line(fc_request="READ", fc_reply="RESPONSE", iin=0x9002),
        line(fc_reply="UNSOLICITED_RESPONSE", iin=4096),
    )
    assert [(row.kind, row.function, row.action, row.ok, row.error) for row in found] == [
        ("transaction", 13, "restart", True, None), ("message", 6, "operate", None, None),
        ("transaction", 1, "read", False, "object unknown"), ("message", 130, "report", True, None),
    ]  # fmt: skip
    trip = {"block_type": "Control_Relay_Output_Block", "index_number": 3, "trip_control_code": "Trip"}
    (row,) = rows(
        tmp_path,
        "dnp3_control",
        line(**trip, function_code="DIRECT_OPERATE", operation_type="Pulse_On"),
        line(**trip, function_code="RESPONSE", status_code="Success"),
    )
    assert (row.kind, row.action, row.object, row.address, row.ok, row.function_name) == (
        "transaction", "operate", "g12v1", 3, True, "direct operate: trip pulse on",
    )  # fmt: skip


def test_s7comm(tmp_path: Path) -> None:
    job, answer, user = {"rosctr_code": 1}, {"rosctr_code": 3, "error_class": "No error", "error_code": "0x00"}, 7
    found = rows(
        tmp_path,
        "s7comm",
        line(**job, pdu_reference=1, function_code="0x29", function_name="PLC Stop"),
        line(**answer, pdu_reference=1, function_code="0x29", function_name="PLC Stop"),
        line(rosctr_code=user, pdu_reference=2, function_code="0x44", subfunction_code="0x01", is_orig=True),
        line(rosctr_code=user, pdu_reference=2, function_code="0x84", subfunction_code="0x01", is_orig=False),
        line(**job, pdu_reference=3, function_code="0x1d", function_name="Start Upload"),
    )
    assert [(row.kind, row.function_name, row.action, row.ok) for row in found] == [
        ("transaction", "PLC stop", "stop", True), ("transaction", "read SZL", "identify", True),
        ("request", "start upload", "upload", None),
    ]  # fmt: skip


def test_cip_enip_and_identity(tmp_path: Path) -> None:
    asked = {"direction": "request", "cip_service_code": "0x05", "class_id": "0x01", "instance_id": "0x02"}
    told = {
        "direction": "response",
        "cip_service_code": "0x05",
        "cip_status_code": "0x08",
        "cip_status": "Not Supported",
    }
    (row,) = rows(tmp_path, "cip", line(**asked, cip_sequence_count=9), line(**told, cip_sequence_count=9))
    assert (row.kind, row.function_name, row.action, row.object, row.address) == (
        "transaction", "reset", "restart", "identity", 2,
    )  # fmt: skip
    assert (row.ok, row.exception, row.error) == (False, 8, "not supported")
    carries = line(is_orig=True, enip_command_code="0x006f", enip_command="Send RR Data")
    listed = line(is_orig=True, enip_command_code="0x0063", enip_command="List Identity", sender_context="0x0")
    (row,) = rows(tmp_path, "enip", carries, listed)
    assert (row.kind, row.action) == ("request", "identify")
    (row,) = rows(tmp_path, "cip_identity", line(vendor_name="Rockwell", product_name="1756-L61", revision="20.11"))
    assert (row.sender, row.identity) == ("server", "vendor=Rockwell; product=1756-L61; revision=20.11")


def test_bacnet(tmp_path: Path) -> None:
    back = {"id.orig_h": "10.0.0.2", "id.resp_h": "10.0.0.1", "id.orig_p": 47808, "id.resp_p": 47808}
    found = rows(
        tmp_path,
        "bacnet",
        line(is_orig=True, pdu_type="CONFIRMED_REQUEST", pdu_service="reinitialize_device", invoke_id=5),
        line(is_orig=True, pdu_type="ERROR_PDU", pdu_service="x", invoke_id=5, result_code="password-failure", **back),
        line(is_orig=True, pdu_type="UNCONFIRMED_REQUEST", pdu_service="who_is"),
    )
    assert [(row.kind, row.client, row.function, row.action, row.ok, row.error, row.transport) for row in found] == [
        ("transaction", "10.0.0.1", 20, "restart", False, "password failure", "udp"),
        ("message", "10.0.0.1", 8, "identify", None, None, "udp"),
    ]
    wrote = {"pdu_service": "write_property", "object_type": "analog-output", "instance_number": 3, "invoke_id": 6}
    (row,) = rows(tmp_path, "bacnet_property", line(is_orig=True, property="present-value", value="21.5", **wrote))
    assert (row.kind, row.action, row.object, row.address, row.value) == (
        "request", "write", "analog-output 3", 85, 21.5,
    )  # fmt: skip


def test_sessions_and_files(tmp_path: Path) -> None:
    subject = {"subject": "CN=plc", "issuer": "CN=plc", "validation_status": "self signed certificate"}
    tls = rows(
        tmp_path, "ssl", line(version="TLSv12", server_name="plc", established=True, next_protocol="h2", **subject)
    )
    shown = "subject=CN=plc; issuer=CN=plc"
    assert [(row.function_name, row.object, row.ok, row.identity) for row in tls] == [
        ("client hello", "plc", True, "version=TLS 1.2; alpn=h2"),
        ("certificate", None, None, f"{shown}; self_signed=yes; validation=self signed certificate"),
    ]  # fmt: skip
    ssh = rows(tmp_path, "ssh", line(client="SSH-2.0-PuTTY", server="SSH-2.0-OpenSSH_9.2", hassh="ab"))
    assert [(row.sender, row.identity) for row in ssh] == [
        ("client", "banner=SSH-2.0-PuTTY; hassh=ab"), ("server", "banner=SSH-2.0-OpenSSH_9.2"),
    ]  # fmt: skip
    (rdp,) = rows(tmp_path, "rdp", line(cookie="operator", result="encrypted"))
    assert (rdp.protocol, rdp.identity) == ("rdp", "cookie=operator")
    (smb,) = rows(tmp_path, "smb_files", line(action="SMB::FILE_WRITE", path=r"\\plc\c$", name="a.exe", size=5))
    assert (smb.action, smb.object, smb.quantity) == ("file-write", r"\\plc\c$\a.exe", 5)
    ftp = rows(
        tmp_path, "ftp", line(command="STOR", arg="ftp://10.0.0.2/a.bin", reply_code=226), line(command="PASS", arg="x")
    )
    assert [(row.action, row.object, row.ok) for row in ftp] == [
        ("file-write", "10.0.0.2/a.bin", True), ("session", None, None),
    ]  # fmt: skip
    (http,) = rows(tmp_path, "http", line(method="PUT", host="h", uri="/a?b=c", status_code=403))
    assert (http.action, http.object, http.ok, http.exception) == ("file-write", "h/a", False, 403)
    (odd,) = rows(tmp_path, "weird", line(name="data_before_established"))
    assert (odd.kind, odd.function_name) == ("alert", "data_before_established")


def test_a_certificate_has_its_dates_from_the_log_of_certificates(tmp_path: Path) -> None:
    dates = {"certificate.not_valid_before": 1.6e9, "certificate.not_valid_after": 1.7e9}
    known = {
        "ts": 1.0,
        "_path": "x509",
        "fingerprint": "f1",
        "certificate.subject": "CN=a",
        "certificate.issuer": "CN=b",
    }
    session = line(_path="ssl", version="TLSv12", cert_chain_fps=["f1"])
    found = rows(tmp_path, "all", {**known, **dates}, session)
    assert found[1].identity == (
        "subject=CN=a; issuer=CN=b; not_before=2020-09-13T12:26:40Z; not_after=2023-11-14T22:13:20Z"
    )


def test_what_zeek_lost_and_what_is_not_taken_are_counted(tmp_path: Path) -> None:
    balance = total(read_all(connector(write(tmp_path / "capture_loss.log", {"ts": 1.0, "gaps": 7, "acks": 9}))))
    assert (dict(balance.cells_refused), dict(balance.dropped)) == ({"lost-by-sensor": 7}, {"capture_loss": 1})
    (tmp_path / "files.log").write_text('{"ts": 1}\n#separator \\x09\n')
    balance = total(read_all(connector(tmp_path / "files.log")))
    assert (dict(balance.dropped), dict(balance.quarantined)) == ({"files: not taken": 1}, {"no-json": 1})


def test_a_recording_may_be_a_folder_of_zeek(tmp_path: Path) -> None:
    write(tmp_path / "conn.log", line(proto="tcp", conn_state="SF"))
    write(tmp_path / "modbus_detailed.log", modbus_write(10**18, 1))
    found = open_recording(small_site(), tmp_path)
    assert [(one.name, one.options.path.name) for one in found] == [
        ("zeek_log", "conn.log"), ("zeek_log", "modbus_detailed.log"),
    ]  # fmt: skip
