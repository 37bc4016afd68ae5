"""Office protocols in captures: what is in clear of TLS, SSH, RDP, VNC, SMB, FTP, HTTP, Telnet, TFTP."""

import os
import shutil
import ssl
import struct
from hashlib import md5
from pathlib import Path

import pytest

from infrastress.connectors.pcap.protocols.certificates import certificate_text
from infrastress.connectors.pcap.protocols.ja4 import ja4
from infrastress.events.network import NetworkRow
from tests.connectors.pcap.packets import CLIENT, ethernet, pcap, read, talk, udp
from tests.connectors.pcap.sessions import kexinit, smb2, tls_session
from tests.connectors.pcap.test_tshark import fields, ours

DATA = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data")) / "ot-pcaps"
PORT = ("10.0.0.2", 7777)
CHROME = (
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x9C, 0x9D, 0x2F, 0x35,
)  # fmt: skip
SIGNED = 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601


def said(folder: Path, *turns: tuple[str, bytes], server: tuple[str, int] = PORT) -> list[NetworkRow]:
    rows, _ = read(folder, pcap(talk(*turns, server=server)))
    assert [row for row in rows if row.kind == "malformed"] == []
    return [row for row in rows if row.kind != "connection"]


def told(rows: list[NetworkRow]) -> list[tuple[object, ...]]:
    return [(row.kind, row.function_name, row.action, row.object, row.ok) for row in rows]


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        (
            "0a0a 001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015",
            "t13d1516h2_8daaf6152771_e5627efa2ab1",
        ),
        (
            "002d 0033 0010 fe0d 0017 44cd 0000 000b 000a 002b ff01 0023 0012 0005 000d 001b",
            "t13d1516h2_8daaf6152771_d8a2da3f94cd",
        ),
    ],
)
def test_ja4_as_published(extensions: str, expected: str) -> None:
    codes = [int(code, 16) for code in extensions.split()]
    assert ja4(0x0304, [0x1A1A, *CHROME], codes, SIGNED, b"h2") == expected


def test_ja4_of_little() -> None:
    assert ja4(0x0301, [], [], [], b"") == "t10i000000_000000000000_000000000000"
    assert ja4(0x0303, [0x2F], [0x10], [], b"\xab\xcd").startswith("t12i0101ad_")


def test_tls_1_3(tmp_path: Path) -> None:
    (row,) = said(tmp_path, *tls_session(ssl.TLSVersion.TLSv1_3))
    assert told([row]) == [("transaction", "client hello", "session", "plc.local", True)]
    assert row.identity is not None
    version, alpn, fingerprint = row.identity.split("; ")
    assert (version, alpn) == ("version=TLS 1.3", "alpn=h2")
    assert fingerprint.startswith("ja4=t13d")


@pytest.mark.parametrize("own", [False, True])
def test_tls_1_2_shows_its_certificate(tmp_path: Path, own: bool) -> None:
    turns = tls_session(ssl.TLSVersion.TLSv1_2, own=own)
    rows = said(tmp_path, *turns)
    assert told(rows) == [
        ("transaction", "client hello", "session", "plc.local", True),
        ("message", "certificate", "session", None, None),
    ]  # fmt: skip
    assert rows[0].identity is not None
    assert rows[0].identity.startswith("version=TLS 1.2; alpn=h2; ja4=t12d")
    assert rows[1].identity is not None
    assert "issuer=" in rows[1].identity
    assert rows[1].identity.endswith("self_signed=yes") is own
    _, reader = read(tmp_path, pcap(talk(*turns, server=PORT)))
    assert reader.balance.counts["tls", "not decoded", "encrypted"] > 0


def test_a_handshake_in_pieces_is_the_same(tmp_path: Path) -> None:
    turns = tls_session(ssl.TLSVersion.TLSv1_2)
    pieces = [(side, data[at : at + 7]) for side, data in turns for at in range(0, len(data), 7)]
    assert [row.identity for row in said(tmp_path, *turns)] == [row.identity for row in said(tmp_path, *pieces)]


def test_a_refused_handshake(tmp_path: Path) -> None:
    hello = next(data for side, data in tls_session(ssl.TLSVersion.TLSv1_2))
    (row,) = said(tmp_path, ("c", hello), ("s", bytes.fromhex("15030300020228")))
    assert (row.ok, row.exception, row.error) == (False, 40, "handshake failure")


def test_a_broken_certificate_is_said_to_be_broken() -> None:
    assert certificate_text(b"\x30\x03abc") == (None, "a certificate that can't be read")


def test_ssh_banners_and_offers(tmp_path: Path) -> None:
    lists = ["curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes256-ctr", "hmac-c", "hmac-s", "none", "zlib", "", ""]
    rows = said(
        tmp_path,
        ("s", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("c", b"SSH-2.0-PuTTY\r\n" + kexinit(*lists)),
        ("s", kexinit(*lists)),
        ("c", bytes(range(200))),
    )
    of_client = md5(b"curve25519-sha256;aes128-ctr;hmac-c;none", usedforsecurity=False).hexdigest()
    of_server = md5(b"curve25519-sha256;aes256-ctr;hmac-s;zlib", usedforsecurity=False).hexdigest()
    assert [(row.sender, row.identity) for row in rows] == [
        ("client", f"banner=SSH-2.0-PuTTY; hassh={of_client}"),
        ("server", f"banner=SSH-2.0-OpenSSH_9.2; hassh_server={of_server}"),
    ]
    (row,) = said(tmp_path, ("s", b"SSH-2.0-dropbear\r\n"))
    assert row.identity == "banner=SSH-2.0-dropbear"


def test_rdp(tmp_path: Path) -> None:
    cookie = b"Cookie: mstshash=operator\r\n" + bytes.fromhex("0100080003000000")
    asked = b"\x03\0" + (11 + len(cookie)).to_bytes(2, "big") + bytes([6 + len(cookie)]) + b"\xe0\0\0\0\0\0" + cookie
    confirmed = bytes.fromhex("030000130ed000001234000200080002000000")
    (row,) = said(tmp_path, ("c", asked), ("s", confirmed), ("c", b"\x16\x03\x01\0\x05hello"))
    assert (row.protocol, row.function_name, row.ok, row.identity) == (
        "rdp", "connection request", True, "cookie=operator; protocol=CredSSP",
    )  # fmt: skip


def test_s7_is_not_taken_for_rdp(tmp_path: Path) -> None:
    request = bytes.fromhex("0300001611e00000000100c1020100c2020102c0010a")
    assert {row.protocol for row in said(tmp_path, ("c", request))} == {"cotp"}


def test_vnc_and_telnet(tmp_path: Path) -> None:
    (row,) = said(tmp_path, ("s", b"RFB 003.008\n"), ("c", b"RFB 003.008\n"), ("s", b"\x01\x02"))
    assert (row.protocol, row.sender, row.identity) == ("vnc", "server", "banner=RFB 003.008")
    (row,) = said(tmp_path, ("s", bytes.fromhex("fffd18fffd20")), ("c", bytes.fromhex("fffb18")), ("c", b"root\r\n"))
    assert (row.protocol, row.function_name) == ("telnet", "negotiation")


def test_ftp_keeps_names_of_files_and_no_passwords(tmp_path: Path) -> None:
    rows = said(
        tmp_path,
        ("s", b"220 ready\r\n"),
        ("c", b"USER bob\r\n"),
        ("s", b"331 more\r\n"),
        ("c", b"PASS secret\r\n"),
        ("s", b"530 no\r\n"),
        ("c", b"STOR ../plc.bin\r\n"),
        ("s", b"150 go\r\n226 done\r\n"),
    )
    assert told(rows) == [
        ("message", "banner", "session", None, None), ("transaction", "USER", "session", "bob", True),
        ("transaction", "PASS", "session", None, False), ("transaction", "STOR", "file-write", "../plc.bin", True),
    ]  # fmt: skip
    assert "secret" not in str(rows)
    assert {row.protocol for row in said(tmp_path, ("s", b"220 mail ESMTP\r\n"))} == set()


def test_http_method_host_and_path(tmp_path: Path) -> None:
    put = b"PUT /fw.bin?key=secret HTTP/1.1\r\nHost: plc\r\nContent-Length: 5\r\n\r\nGET /"
    get = b"GET /index HTTP/1.1\r\nHost: plc\r\n\r\n"
    rows = said(
        tmp_path,
        ("c", put + get),
        ("s", b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 No\r\n\r\n<html>"),
    )
    assert told(rows) == [
        ("transaction", "PUT", "file-write", "plc/fw.bin", True), ("transaction", "GET", "other", "plc/index", False),
    ]  # fmt: skip
    assert rows[1].exception == 404
    assert "secret" not in str(rows)


def test_smb_names_shares_and_files(tmp_path: Path) -> None:
    share, name = r"\\plc\c$".encode("utf-16-le"), "fw\\a.exe".encode("utf-16-le")
    tree = struct.pack("<HHHH", 9, 0, 72, len(share)) + share
    create = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0x12019F, 0, 7, 5, 0, 120, len(name), 0, 0) + name
    file = bytes(range(16))
    opened = struct.pack("<HBBI", 89, 0, 0, 1) + bytes(56) + file + bytes(8)
    write = struct.pack("<HHIQ", 49, 112, 4096, 8192) + file + bytes(16)
    rows = said(
        tmp_path,
        ("c", smb2(0, 0, bytes(36))),
        ("s", smb2(0, 0, struct.pack("<HHH", 65, 1, 0x0311) + bytes(58), response=True)),
        ("c", smb2(3, 1, tree)),
        ("s", smb2(3, 1, bytes(16), response=True, status=0xC0000022)),
        ("c", smb2(5, 2, create)),
        ("s", smb2(5, 2, bytes(8), response=True, status=0x103) + smb2(5, 2, opened, response=True)),
        ("c", smb2(9, 3, write)),
        ("s", smb2(9, 3, bytes(16), response=True)),
        ("c", b"\0\0\0\x14\xfdSMB" + bytes(16)),
    )
    assert told(rows) == [
        ("transaction", "negotiate", "session", None, True),
        ("transaction", "tree connect", "session", r"\\plc\c$", False),
        ("transaction", "create", "file-write", r"fw\a.exe", True),
        ("transaction", "write", "file-write", r"fw\a.exe", True),
    ]  # fmt: skip
    assert (rows[0].identity, rows[1].error) == ("dialect=SMB 3.1.1", "access denied")
    assert (rows[3].quantity, rows[3].address) == (4096, 8192)


def test_tftp(tmp_path: Path) -> None:
    packet = udp(CLIENT, ("10.0.0.2", 69), b"\0\x02boot.bin\0octet\0")
    rows, _ = read(tmp_path, pcap([ethernet(packet)]))
    assert told(rows[:1]) == [("message", "write request", "file-write", "boot.bin", None)]


needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark isn't installed")


@needs_tshark
def test_tls_as_tshark_reads_it(tmp_path: Path) -> None:
    """Names, protocols, how many ciphers, and in which packet the certificate is."""
    rows = said(tmp_path, *tls_session(ssl.TLSVersion.TLSv1_2), server=("10.0.0.2", 443))
    names = "extensions_server_name", "extensions_alpn_str", "ciphersuite", "type"
    shown = fields(tmp_path / "test.pcap", "tls.handshake", *(f"tls.handshake.{name}" for name in names))
    ((name,), alpn, ciphers, _) = shown[rows[0].packet or 0]
    identity = rows[0].identity or ""
    assert (name, alpn[0]) == (rows[0].object, "h2")
    assert f"{len(ciphers):02}" == identity.split("ja4=")[1][4:6]
    certificates = [packet for packet, words in shown.items() if "11" in words[3]]
    assert certificates == [row.packet for row in rows if row.function_name == "certificate"]


@pytest.mark.data
@needs_tshark
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no public data at {DATA}")
@pytest.mark.parametrize("name", ["quickdraw-enip/qd_Control_Protocol_Change_Attempt.pcap", "iti/mb2.pcap"])
def test_smb_as_tshark_reads_it(name: str) -> None:
    rows = ours(DATA / name, "smb")
    asked = sorted((row.packet, row.function) for row in rows if row.kind != "response")
    shown = fields(DATA / name, "smb && !smb.flags.response == 1 && tcp && !tcp.analysis.retransmission", "smb.cmd")
    assert asked == sorted((packet, int(code, 16)) for packet, [codes] in shown.items() for code in codes[:1])
    paths = fields(DATA / name, "smb.path && smb.flags.response == 0 && smb.cmd == 0x75", "smb.path")
    assert {row.packet: row.object for row in rows if row.function == 0x75} == {
        packet: words[0] for packet, [words] in paths.items()
    }
