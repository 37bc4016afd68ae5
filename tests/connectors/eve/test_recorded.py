"""Recorded EVE: the connector contract, what Suricata 7.0.10 wrote of public captures, and the same rows as theirs."""

import gzip
import json
import os
import shutil
import ssl
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infrastress.connectors.base import Connector
from infrastress.connectors.eve import EveLogConnector
from infrastress.connectors.nids.recorded import LogOptions
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.connectors.recordings import open_recording
from infrastress.events.network import NetworkRow
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.contract import ConnectorContract, read_all, total
from tests.connectors.eve.lines import event, modbus_write, stamp
from tests.connectors.pcap.packets import ethernet, pcap, talk, udp
from tests.connectors.pcap.sessions import kexinit, tls_session

WRITTEN = Path(__file__).with_name("suricata-7.0.10.jsonl")
DATA = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data")) / "ot-pcaps"
SAID = (
    "client", "server", "client_port", "unit", "client_unit", "transaction", "function", "function_name", "action",
    "object", "address", "quantity", "value", "values", "ok", "exception", "error", "identity", "kind",
)  # fmt: skip


def connector(path: Path, **options: int) -> EveLogConnector:
    return EveLogConnector(small_site(), Source(id="ot", kind="network"), LogOptions(path=path, **options))


def rows_of(read: Connector) -> list[NetworkRow]:
    return [row for delivery in read_all(read) for records in delivery.network for row in records.rows()]


def rows(folder: Path, *lines: dict[str, Any]) -> list[NetworkRow]:
    path = folder / "eve.json"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return rows_of(connector(path))


class TestContract(ConnectorContract):
    @pytest.fixture(autouse=True, params=["eve.json", "eve.json.gz"])
    def _place(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.path = tmp_path / request.param
        data = WRITTEN.read_bytes() + b'{"bad\n\n' + b'{"event_type": "flow", "timestamp": 5}\n'
        self.path.write_bytes(gzip.compress(data) if request.param.endswith("gz") else data)

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, batch_rows=7)

    def test_batches_change_no_row(self) -> None:
        assert rows_of(connector(self.path)) == rows_of(connector(self.path, batch_rows=1))


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    path.write_bytes(WRITTEN.read_bytes() + b"no json\n\n[1]\n" + json.dumps(event("modbus", modbus=3)).encode())
    balance = total(read_all(connector(path)))
    assert balance.balances
    assert dict(balance.quarantined) == {"no-json": 2, "not-as-documented": 1}
    assert dict(balance.dropped) == {"anomaly: not taken": 3, "blank": 1, "netflow: not taken": 8}
    found = rows_of(connector(path))
    assert Counter((row.protocol, row.kind) for row in found)["modbus", "transaction"] == 37
    assert balance.cells_accepted == len(found)


def test_a_line_is_what_the_capture_is(tmp_path: Path) -> None:
    found = [row for row in rows_of(connector(WRITTEN)) if row.protocol == "modbus" and row.packet]
    (identity,) = {row.identity for row in found if row.identity and row.function == 43}
    assert identity == "VendorName=Zeek Modbus Test; ProductCode=Protocol Parsing is fun!; MajorMinorRevision=1.2.3.6"
    read = next(row for row in found if row.function == 4 and row.quantity == 8)
    assert read.values == [0x8E2B, 0x1F7B, 0x9B4B, 0x8251, 0x1BFA, 0xDB8F, 0x026B, 0xAE97]
    silenced = next(row for row in found if row.action == "silence")
    assert (silenced.ok, silenced.error) == (False, "gateway target device failed to respond")


def test_data_that_cannot_be_right_are_not_made_up(tmp_path: Path) -> None:
    line = modbus_write(10**18, 5)
    line["modbus"]["request"] |= {"function_raw": 16, "write": {"address": 7, "quantity": 3, "data": "a"}}
    (row,) = rows(tmp_path, line)
    assert (row.function, row.address, row.quantity, row.values, row.ok) == (16, 7, 3, None, True)


def test_flows_say_whether_the_server_answered(tmp_path: Path) -> None:
    at = 1_700_000_000 * 10**9
    flow = {"pkts_toserver": 1, "pkts_toclient": 1, "start": stamp(at), "end": stamp(at + 10**9)}
    refused = event("flow", flow=flow, tcp={"tcp_flags_ts": "02", "tcp_flags_tc": "14"}, app_proto="failed")
    silent = event("flow", flow={**flow, "pkts_toclient": 0}, tcp={"tcp_flags_ts": "02", "tcp_flags_tc": "00"})
    spoken = event("flow", flow=flow, tcp={"tcp_flags_ts": "1b", "tcp_flags_tc": "1b"}, app_proto="enip", vlan=[7, 9])
    found = rows(tmp_path, refused, silent, spoken)
    assert [(row.ok, row.error, row.protocol) for row in found] == [
        (False, "refused", "unknown"), (False, "no answer", "unknown"), (True, None, "enip"),
    ]  # fmt: skip
    assert (found[2].time, found[2].response_ns, found[2].quantity) == (at, 10**9, 2)
    assert (found[2].vlan, found[2].outer_vlan) == (9, 7)


def test_an_alert_is_kept_as_what_it_is_and_of_whom(tmp_path: Path) -> None:
    alert = {"signature_id": 2018358, "signature": "ET SCAN x", "category": "Misc", "severity": 2}
    back = event("alert", alert=alert, app_proto="modbus", direction="to_client")
    back |= {"src_ip": "10.0.0.2", "src_port": 502, "dest_ip": "10.0.0.1", "dest_port": 40000}
    (row,) = rows(tmp_path, back)
    assert (row.kind, row.function, row.function_name, row.object, row.exception) == (
        "alert", 2018358, "ET SCAN x", "Misc", 2,
    )  # fmt: skip
    assert (row.client, row.server, row.server_port, row.sender) == ("10.0.0.1", "10.0.0.2", 502, "server")


def test_packets_that_suricata_lost_are_told(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    told = [{"capture": {"kernel_packets": 99, "kernel_drops": drops}} for drops in (5, 12, 3)]
    path.write_text(
        "".join(json.dumps({"timestamp": stamp(0), "event_type": "stats", "stats": s}) + "\n" for s in told)
    )
    balance = total(read_all(connector(path, batch_rows=1)))
    assert dict(balance.cells_refused) == {"lost-by-sensor": 5 + 7 + 3}
    assert balance.balances


def test_a_request_that_nobody_answered_comes_out_at_last(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in WRITTEN.read_text().splitlines()]
    asked = next(line for line in lines if line["event_type"] == "dnp3" and line["dnp3"]["type"] == "request")
    assert {row.kind for row in rows(tmp_path, asked)} == {"request"}
    later = modbus_write(1_600_000_000 * 10**9, 1)
    assert [row.kind for row in rows(tmp_path, asked, later)][-1] == "transaction"


def test_sessions_and_files(tmp_path: Path) -> None:
    tls = {
        "subject": "CN=plc", "issuerdn": "CN=plc", "sni": "plc.local", "version": "TLS 1.2",
        "notbefore": "2020-01-01T00:00:00", "notafter": "2021-01-01T00:00:00", "ja4": "t12d010100_a_b",
    }  # fmt: skip
    found = rows(
        tmp_path,
        event("tls", tls=tls),
        event("ssh", ssh={"client": {"proto_version": "2.0", "software_version": "PuTTY", "hassh": {"hash": "ab"}}}),
        event("rdp", rdp={"tx_id": 0, "event_type": "initial_request", "cookie": "operator"}),
        event("rfb", rfb={"server_protocol_version": {"major": "003", "minor": "008"}}),
        event("smb", smb={"command": "SMB2_COMMAND_CREATE", "filename": "a.exe", "disposition": "FILE_OVERWRITE_IF"}),
        event("ftp", ftp={"command": "STOR", "command_data": "a.bin", "completion_code": ["150", "226"]}),
        event("ftp", ftp={"command": "PASS", "command_data": "secret", "completion_code": ["530"]}),
        event("http", http={"hostname": "h", "url": "/a?key=secret", "http_method": "PUT", "status": 201}),
        event("tftp", tftp={"packet": "write", "file": "boot.bin", "mode": "octet"}),
        event("dns", dns={"type": "query", "rrname": "teamviewer.com", "rrtype": "A"}),
    )
    assert [(row.protocol, row.kind, row.function_name, row.action, row.object) for row in found] == [
        ("tls", "transaction", "client hello", "session", "plc.local"),
        ("tls", "message", "certificate", "session", None),
        ("ssh", "message", "banner", "session", None),
        ("rdp", "message", "connection request", "session", None),
        ("vnc", "message", "banner", "session", None),
        ("smb", "transaction", "create", "file-write", "a.exe"),
        ("ftp", "transaction", "STOR", "file-write", "a.bin"),
        ("ftp", "transaction", "PASS", "session", None),
        ("http", "transaction", "PUT", "file-write", "h/a"),
        ("tftp", "message", "write request", "file-write", "boot.bin"),
        ("dns", "message", "query A", "other", "teamviewer.com"),
    ]
    assert found[0].identity == "version=TLS 1.2; ja4=t12d010100_a_b"
    assert found[1].identity == (
        "subject=CN=plc; issuer=CN=plc; not_before=2020-01-01T00:00:00Z; not_after=2021-01-01T00:00:00Z; "
        "self_signed=yes"
    )
    assert found[2].identity == "banner=SSH-2.0-PuTTY; hassh=ab"
    assert (found[7].ok, found[7].exception) == (False, 530)


def test_enip_of_suricata_8(tmp_path: Path) -> None:
    """Fields as its logger writes them; no log of that version could be had."""
    path = [{"segment_type": "logical_class_8bit", "value": 1}, {"segment_type": "logical_instance_8bit", "value": 3}]
    cip = {"service": "Reset", "path": path, "class_name": "Identity"}
    head = {"command": "SendRRData", "status": "Success"}
    asked = {"request": {**head, "cip": cip}, "response": {**head, "cip": {"service": "Reset", "status": "Success"}}}
    listed = {"vendor_id": "Honeywell Inc.", "product_name": "C300", "revision": "2.1", "serial": 7}
    named = {"request": {"command": "ListIdentity", "status": "Success"}}
    named["response"] = {"command": "ListIdentity", "status": "Success", "identity": listed}
    found = rows(tmp_path, event("enip", enip=asked), event("enip", enip=named))
    assert [(row.protocol, row.function_name, row.action, row.object, row.ok) for row in found] == [
        ("cip", "reset", "restart", "identity", True),
        ("enip", "list identity", "identify", None, True),
    ]
    assert found[0].address == 3
    assert found[1].identity == "vendor=Honeywell Inc.; product=C300; revision=2.1; serial=7"


def test_arp_of_suricata_8(tmp_path: Path) -> None:
    said = {"opcode": "reply", "src_mac": "02:00:00:00:00:01", "src_ip": "10.0.0.1", "dest_mac": "02:00:00:00:00:02"}
    (row,) = rows(tmp_path, event("arp", proto="ARP", arp={**said, "dest_ip": "10.0.0.2"}))
    assert (row.protocol, row.function, row.client, row.client_mac) == ("arp", 2, "10.0.0.1", "02:00:00:00:00:01")


def test_a_recording_may_be_an_eve_log(tmp_path: Path) -> None:
    shutil.copy(WRITTEN, tmp_path / "eve.json")
    site = small_site().model_copy(update={"sources": (Source(id="ids", connector="eve", kind="network"),)})
    for path in (tmp_path, tmp_path / "eve.json"):
        (one,) = open_recording(site, path)
        assert (one.name, one.source.id) == ("eve_log", "ids")
    assert open_recording(site, tmp_path, exclude_kinds=("network",)) == []


PROFILE = """%YAML 1.1
---
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [modbus, dnp3, flow]}
app-layer:
  protocols:
    modbus: {enabled: yes, detection-ports: {dp: 502}, stream-depth: 0}
    dnp3: {enabled: yes, detection-ports: {dp: 20000}}
"""


@pytest.mark.data
@pytest.mark.skipif(shutil.which("suricata") is None, reason="Suricata isn't installed")
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no public data at {DATA}")
@pytest.mark.parametrize(
    "name", ["CnC_uploading_exe_modbus_6RTU_with_operate", "send_a_fake_command_modbus_6RTU_with_operate"]
)
def test_the_same_transactions_and_connections_as_of_the_capture(tmp_path: Path, name: str) -> None:
    capture = DATA / "lemay-modbus" / f"{name}.pcap"
    (tmp_path / "suricata.yaml").write_text(PROFILE)
    command = ["suricata", "-c", tmp_path / "suricata.yaml", "-S", "/dev/null", "-r", capture, "-l", tmp_path]
    subprocess.run([*map(str, command), "-k", "none"], check=True, capture_output=True, timeout=120)
    ours = [row for records in CaptureReader(capture) for row in records.rows() if row.protocol == "modbus"]
    theirs = [row for row in rows_of(connector(tmp_path / "eve.json")) if row.protocol == "modbus"]

    def said(found: list[NetworkRow], kind: bool) -> Counter[str]:
        names = SAID if not kind else ("time", "client", "server", "client_port", "response_ns", "ok", "quantity")
        return Counter(
            str([getattr(row, name) for name in names]) for row in found if (row.kind == "connection") == kind
        )

    for kind in (False, True):
        assert said(ours, kind) == said(theirs, kind)
        assert said(ours, kind).total() > 100


IT = """%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types: [{tls: {extended: yes, ja4: yes}}, {http: {extended: yes}}, ssh, ftp, rfb, tftp]
app-layer:
  protocols:
    tls: {enabled: yes, detection-ports: {dp: 443}, ja4-fingerprints: yes}
    ssh: {enabled: yes, hassh: yes}
    ftp: {enabled: yes}
    http: {enabled: yes}
    rfb: {enabled: yes, detection-ports: {dp: 5900}}
    tftp: {enabled: yes}
"""
LISTS = ["curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes256-ctr", "hmac-c", "hmac-s", "none", "none", "", ""]
SESSIONS = [
    (443, tls_session(ssl.TLSVersion.TLSv1_2)),
    (443, tls_session(ssl.TLSVersion.TLSv1_3)),
    (22, [("s", b"SSH-2.0-a_9\r\n"), ("c", b"SSH-2.0-b\r\n"), ("c", kexinit(*LISTS)), ("s", kexinit(*LISTS))]),
    (21, [("s", b"220 a\r\n"), ("c", b"USER bob\r\n"), ("s", b"331 b\r\n"), ("c", b"PASS x\r\n"), ("s", b"530 c\r\n")]),
    (80, [("c", b"PUT /a?k=s HTTP/1.1\r\nHost: plc\r\nContent-Length: 1\r\n\r\nx"), ("s", b"HTTP/1.1 403 No\r\n\r\n")]),
    (5900, [("s", b"RFB 003.008\n"), ("c", b"RFB 003.008\n"), ("s", b"\x01\x01"), ("c", b"\x01"), ("s", bytes(4))]),
]


@pytest.mark.skipif(shutil.which("suricata") is None, reason="Suricata isn't installed")
def test_the_same_sessions_as_of_the_capture(tmp_path: Path) -> None:
    """But for a greeting of FTP, which EVE has not, and the protocol chosen by ALPN, which version 7 doesn't tell."""
    packets = [
        packet
        for i, (port, turns) in enumerate(SESSIONS)
        for packet in talk(*turns, server=(f"10.0.1.{i + 2}", port), start=1000 + i * 100_000)
    ]
    packets.append(ethernet(udp(("10.0.0.1", 4000), ("10.0.0.9", 69), b"\0\x02boot.bin\0octet\0")))
    (tmp_path / "it.pcap").write_bytes(pcap(packets))
    (tmp_path / "suricata.yaml").write_text(IT)
    command = ["suricata", "-c", tmp_path / "suricata.yaml", "-S", "/dev/null", "-r", tmp_path / "it.pcap"]
    subprocess.run(
        [*map(str, command), "-l", str(tmp_path), "-k", "none"], check=True, capture_output=True, timeout=120
    )
    names = ("kind", "protocol", "sender", "client", "server", "function_name", "action", "object", "ok", "exception")

    def said(found: list[NetworkRow]) -> list[str]:
        told = [
            row for row in found if row.kind != "connection" and (row.protocol, row.function_name) != ("ftp", "banner")
        ]
        identity = [(row.identity or "").replace("alpn=h2; ", "") for row in told]
        return sorted(
            str([*(getattr(row, name) for name in names), text]) for row, text in zip(told, identity, strict=True)
        )

    ours = said([row for records in CaptureReader(tmp_path / "it.pcap") for row in records.rows()])
    assert ours == said(rows_of(connector(tmp_path / "eve.json")))
    assert len(ours) == 10
